"""What was done while a database was away, and does not count: told once, by the next command.

Who worked apart on what somebody else had by then may never look at that task again. So whoever
writes the journal into the database notes in a file beside the copy what came of it in vain.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from kanban_sync.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.stores.away_shelf import AwayShelf

SUFFIX = ".lost"
"""Of the file beside the copy."""

NAMED = 5
"""How many tasks are named at most."""


@contextlib.contextmanager
def noting_lost(shelf: AwayShelf, store: TaskStore) -> Iterator[None]:
    """Note of a journal that is written into the database meanwhile what the database overruled."""
    done = _done_apart(shelf)
    newest = store.last_event()
    yield
    found = dict.fromkeys(_overruled(store, newest, done))
    if found:
        # The events tell it, too: what cannot be noted is not lost.
        with (
            contextlib.suppress(OSError),
            shelf.path.with_suffix(SUFFIX).open("a", encoding="utf-8") as file,
        ):
            file.writelines(f"{line}\n" for line in found)


def lost_text(folder: Path) -> str:
    """Return what is to be told of that, once; '' for nothing.

    Args:
        folder: That of the copies with which work went on.
    """
    lines: list[str] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with contextlib.suppress(OSError):
            lines += path.read_text("utf-8").splitlines()
            path.unlink(missing_ok=True)
    found = list(dict.fromkeys(lines))
    if not found:
        return ""
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    count = "1 task" if len(found) == 1 else f"{len(found)} tasks"
    return (
        f"what was done here with {count} while the database was away does not count, since others"
        f" had worked on them by then: {', '.join(found[:NAMED])}{more}; 'kanban-sync task history"
        " KEY' tells what happened"
    )


def _done_apart(shelf: AwayShelf) -> set[tuple[str, int]]:
    """Return the keys of what was worked on apart, and the tokens that it has there."""
    found: set[tuple[str, int]] = set()
    for each in (shelf, shelf.sent):
        # What cannot be read is told by whoever needs it.
        with contextlib.suppress(StoreError):
            has = each.has
            for key in has.parted.bases:
                standing = has.work.standings.get(key)
                found.add((str(key), standing.token if standing is not None else 0))
    return found


def _overruled(store: TaskStore, after: int, done: set[tuple[str, int]]) -> Iterator[str]:
    """Yield what conflicts were told of, after an event, with what was done apart."""
    while batch := store.events(after):
        for event in batch:
            data = json.loads(event.data) if event.kind == "conflict" else {}
            if "journal" in data and (event.key, data.get("token")) in done:
                yield f"{event.key} ({data['agent']})" if data.get("agent") else event.key
        after = batch[-1].id
