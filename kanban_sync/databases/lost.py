"""What was done while a database was away, and does not count: told once, by the next command.

Who worked apart on what somebody else had by then may never look at that task again. So whoever
writes the journal into the database notes in a file beside the copy what came of it in vain.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.journal import APART, is_deed_of
from kanban_sync.databases.ports import in_tasks
from kanban_sync.databases.written import Notes, Vain
from kanban_sync.sync.state_folder import put_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.core.ports import Event, TaskStore
    from kanban_sync.stores.away_shelf import AwayShelf
    from kanban_sync.stores.shelf import Contents

SUFFIX = ".lost"
"""Of the files beside the copy, one for each journal."""

NAMED = 5
"""How many tasks are named at most."""


class Done(NamedTuple):
    """What was done apart: tasks with the tokens that they have there, and which deeds."""

    tasks: set[tuple[str, object]]
    deeds: set[str]
    clone: str

    def is_lost(self, event: Event, data: dict[str, Any], before: int) -> bool:
        """Tell whether a conflict tells of it, as far as it was done in this clone.

        Another copy of the clone may have told what was done before that was made.
        """
        lost = data.get(APART, [])
        is_mine = any(each in self.deeds and is_deed_of(self.clone, each) for each in lost)
        return is_mine or (event.id > before and (event.key, data.get("token")) in self.tasks)


class Sent(NamedTuple):
    """A journal that was written into the database: the copy that holds it, its name, its clone."""

    shelf: AwayShelf
    journal: str
    clone: str


class Lost(NamedTuple):
    """A task with which work apart does not count, how it is named with the agent, and how."""

    key: str
    name: str
    how: Vain


def note_lost(shelf: AwayShelf, sent: Sent, store: TaskStore, since: tuple[int, int]) -> None:
    """Note what the database overruled of a journal that was written into it.

    Args:
        shelf: Beside which it is noted.
        sent: The journal, whose copy is there until it is known that this was noted.
        store: The database.
        since: The number of an event of that, after which another copy of the clone may have
            written its own; and of one that was there before this was written.
    """
    found = list(_overruled(store, *since, _done_apart(sent.shelf.has, sent.clone)))
    if found:
        # The events tell it, too: what cannot be noted is not lost.
        with contextlib.suppress(OSError):
            Notes(shelf.path).set_aside(sent.journal, {each.key: each.how for each in found})
        with contextlib.suppress(OSError):
            # A file for each, which nobody changes: so nobody loses what another one notes.
            told = shelf.path.with_suffix(f".{sent.journal}{SUFFIX}")
            put_whole(told, "".join(f"{each.name}\n" for each in found))


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
    # Of one task two agents may have lost what they did, or one of them twice.
    tasks = len({each.partition(" (")[0] for each in found})
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        f"what was done here with {in_tasks(tasks)} while the database was away does not"
        " count, since others had worked on that by then, or the database refused it, or was"
        " restored:"
        f" {', '.join(found[:NAMED])}{more}; 'kanban-sync task history KEY' tells what happened"
    )


def _done_apart(has: Contents, clone: str) -> Done:
    standings, parted = has.work.standings, has.parted
    tasks: set[tuple[str, object]] = {
        (str(key), standings[key].token if key in standings else 0) for key in parted.bases
    }
    told = (json.loads(each.data) for each in has.events[parted.told :])
    return Done(tasks, {each[APART] for each in told if APART in each}, clone)


def _overruled(store: TaskStore, after: int, before: int, done: Done) -> Iterator[Lost]:
    """Yield what conflicts were told of, after an event, with what was done apart."""
    while batch := store.events(after):
        for event in batch:
            data = json.loads(event.data) if event.kind == "conflict" else {}
            if "journal" in data and done.is_lost(event, data, before):
                whose = f" ({data['agent']})" if data.get("agent") else ""
                yield Lost(event.key, f"{event.key}{whose}", _how(data))
        after = batch[-1].id


def _how(conflict: dict[str, Any]) -> Vain:
    """Return how that was in vain of which a conflict tells."""
    field, there = conflict["field"], conflict["database"]
    if field == "id" or (field == "refused" and not there):
        return Vain.ADDED
    return Vain.SAME if field == "status" and there == conflict["journal"] else Vain.CHANGED
