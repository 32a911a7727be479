"""What was done while a database was away, and does not count: told once, by the next command.

Who worked apart on what somebody else had by then may never look at that task again. So whoever
writes the journal into the database notes in a file beside the copy what came of it in vain.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from kanban_sync.databases.ports import in_tasks
from kanban_sync.databases.written import Notes
from kanban_sync.sync.state_folder import put_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.stores.away_shelf import AwayShelf
    from kanban_sync.stores.shelf import Contents

SUFFIX = ".lost"
"""Of the files beside the copy, one for each journal."""

NAMED = 5
"""How many tasks are named at most."""


def note_lost(
    shelf: AwayShelf, sent: AwayShelf, journal: str, store: TaskStore, before: int
) -> None:
    """Note what the database overruled of a journal that was written into it.

    Args:
        shelf: Beside which it is noted.
        sent: The copy with the journal, until it is known that this was noted.
        journal: The name of that.
        store: The database.
        before: The number of its newest event before that; another one counts otherwise.
    """
    has = sent.has
    # Since the copy was made: whoever was killed on the way may have written it before.
    after = min(has.parted.copied, before)
    found = list(_overruled(store, after, _done_apart(has)))
    if found:
        # The events tell it, too: what cannot be noted is not lost.
        with contextlib.suppress(OSError):
            Notes(shelf.path).set_aside(journal, {key: added for _, key, added in found})
        with contextlib.suppress(OSError):
            # A file for each, which nobody changes: so nobody loses what another one notes.
            told = shelf.path.with_suffix(f".{journal}{SUFFIX}")
            put_whole(told, "".join(f"{line}\n" for line, _, _ in found))


def lost_text(folder: Path) -> str:
    """Return what is to be told of that, once; '' for nothing.

    Args:
        folder: That of all copies of a clone.
    """
    lines: list[str] = []
    for path in sorted(folder.glob(f"*/*{SUFFIX}")):
        with contextlib.suppress(OSError):
            lines += path.read_text("utf-8").splitlines()
            path.unlink(missing_ok=True)
    found = list(dict.fromkeys(lines))
    if not found:
        return ""
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        f"what was done here with {in_tasks(len(found))} while the database was away does not"
        " count, since others had worked on that by then, or the database refused it:"
        f" {', '.join(found[:NAMED])}{more}; 'kanban-sync task history KEY' tells what happened"
    )


def _done_apart(has: Contents) -> set[tuple[str, int]]:
    """Return the keys of what was worked on apart, and the tokens that it has there."""
    standings = has.work.standings
    return {(str(key), standings[key].token if key in standings else 0) for key in has.parted.bases}


def _overruled(
    store: TaskStore, after: int, done: set[tuple[str, int]]
) -> Iterator[tuple[str, str, bool]]:
    """Yield what conflicts were told of, after an event, with what was done apart.

    With it come the key, and whether it was in vain already that the task was added.
    """
    while batch := store.events(after):
        for event in batch:
            data = json.loads(event.data) if event.kind == "conflict" else {}
            if "journal" in data and (event.key, data.get("token")) in done:
                whose = f" ({data['agent']})" if data.get("agent") else ""
                is_refused = data["field"] == "refused" and not data["database"]
                yield f"{event.key}{whose}", event.key, data["field"] == "id" or is_refused
        after = batch[-1].id
