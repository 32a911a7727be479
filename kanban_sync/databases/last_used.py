"""Which task database a clone used last: who works with another one by now is told so, once."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.databases.ports import DATABASE_FILE, DATABASE_URL, SETTING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.databases.ports import TaskDatabase
    from kanban_sync.sync.state_folder import StateFolder

FILE = "database-used"
"""In the state folder."""


class Used(NamedTuple):
    """A database: its name without a password, and what it says of itself, '' if that is unknown.

    The name of one that lies in the state folder is that within it: it goes along with the clone.
    """

    name: str
    identity: str = ""


def note_first(database: TaskDatabase, state: StateFolder) -> None:
    """Note which database a clone uses, unless one is noted: who is to be told of it may come."""
    if _read(state) is None:
        _write(state, Used(_name(database, state), database.identity()))


def other_than_before(
    database: TaskDatabase, state: StateFolder, left: Callable[[], str] = str
) -> str:
    """Return what is to be told if a clone works with another database than before; it is noted.

    One that is only named otherwise, as by another role or past a pooler, is none. What ``left``
    says of what waits for the former is told along with it, or with the other name.
    """
    text, now = _compared(database, state)
    if now is None:
        return text
    _write(state, now)
    return "\n".join(filter(None, (text, left())))


def not_told_yet(database: TaskDatabase, state: StateFolder) -> str:
    """Return the same for those who only look: it is not noted, so whoever is to hear it does."""
    return _compared(database, state)[0]


def _compared(database: TaskDatabase, state: StateFolder) -> tuple[str, Used | None]:
    """Return what is to be told, and what is to be noted, None for nothing."""
    before, name = _read(state), _name(database, state)
    if before is not None and before.name == name:
        return _compared_by_name(before, database.known_identity())
    now = Used(name, database.identity())
    if not now.identity and before is not None and before.identity:
        # It does not answer, and whether it is the one of before is told once it does.
        return "", None
    if before is None or (now.identity and now.identity == before.identity):
        return "", now
    return _words(before, database, state), now


def _compared_by_name(before: Used, known: str) -> tuple[str, Used | None]:
    """Return the same of a database that has the name of the one before."""
    if known in {"", before.identity}:
        return "", None
    now = before._replace(identity=known)
    return (words_of_another(before.name) if before.identity else ""), now


def words_of_another(name: str) -> str:
    """Return what is told where a name leads to another database than before."""
    return (
        f"the task database {name} is another one than the one with which this clone worked until"
        " now: it was restored from a backup or made anew, or the name leads elsewhere. It alone"
        " says what is claimed and done, and nothing that waits for the former is written into it;"
        " 'kanban-sync status' names that"
    )


def _words(before: Used, database: TaskDatabase, state: StateFolder) -> str:
    is_named = "://" in before.name
    remedy = (
        f"unset {DATABASE_URL} and git's {SETTING}"
        if before.name == DATABASE_FILE
        else f"name {'it' if is_named else 'file:'} again in {DATABASE_URL}, or by"
        f" 'git config --global {SETTING}'"
    )
    old = before.name if is_named else str(state.path / before.name)
    return (
        f"this clone worked with the task database {old} until now, and works with {database.name}"
        f" from now on: neither has what is claimed and done in the other. If the former is meant,"
        f" {remedy}"
    )


def _name(database: TaskDatabase, state: StateFolder) -> str:
    return database.name.removeprefix(f"{state.path}/")


def _read(state: StateFolder) -> Used | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Used(*json.loads((state.path / FILE).read_text("ascii")))
    return None


def _write(state: StateFolder, used: Used) -> None:
    if state.path.is_dir():
        state.replace(state.path / FILE, f"{json.dumps(used)}\n")
