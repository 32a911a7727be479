"""Clones of one user on one machine: whether those of a project share a task database."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.errors import SetupError, StoreError
from kanban_sync.databases.copies import AWAY, Copy, left_behind, left_words
from kanban_sync.databases.fallback import Fallback
from kanban_sync.databases.last_used import not_told_yet, note_first, other_than_before
from kanban_sync.databases.lost import lost_text
from kanban_sync.databases.ports import DATABASE_FILE, DATABASE_URL, SETTING
from kanban_sync.databases.settling import end_absences
from kanban_sync.databases.sqlite_file import url_of
from kanban_sync.databases.switching import Switching
from kanban_sync.databases.written import Notes, all_notes
from kanban_sync.stores.away_shelf import REFUSED
from kanban_sync.stores.flatfile import manifest_path
from kanban_sync.sync.neighbours import Neighbour, neighbours, note, noted, outdated
from kanban_sync.sync.user_folder import user_folder

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.core.ports import TaskStore
    from kanban_sync.databases.copies import Left
    from kanban_sync.databases.ports import Contents, TaskDatabase
    from kanban_sync.sync.state_folder import StateFolder


SERVER = "postgresql://"
"""Begins the name of each database on a server, which others may reach by another name."""


class Sharing(NamedTuple):
    """Whether a project's clones on this machine share a database.

    ``apart`` are those that use another one than this clone, and ``command`` makes them share.
    """

    database: str
    apart: tuple[Neighbour, ...] = ()
    command: str = ""

    def data(self) -> dict[str, Any]:
        """Return it as ``status`` tells it, with stable keys."""
        apart = [{"state": each.state, "database": each.database} for each in self.apart]
        return {"database": self.database, "apart": apart, "share": self.command}

    @property
    def text(self) -> str:
        """What is told of the clones that are apart, a line for each; empty if there is none."""
        return "\n".join(
            f"{each.state} keeps the tasks of this project in {each.database}, and this clone in"
            f" {self.database}: what agents claim in one is free in the other"
            for each in self.apart
        )


def opened(database: TaskDatabase, project: str, state: StateFolder) -> TaskStore:
    """Open the database for a project, and let the user's other clones know where it is."""
    store = database.open(project)
    known = database.known_identity()
    note(project, state.path, database.name, database.identity, known)
    note_first(database, state)
    return store


def sharing(database: TaskDatabase, project: str, state: StateFolder) -> Sharing:
    """Return which clones of a project, of this user on this machine, use another database."""
    mine = database.name
    own = noted(project, state.path)
    identity = database.known_identity()
    if not identity and own is not None and own.database == mine:
        identity = own.identity
    here = Neighbour(str(state.path), mine, identity)
    others = neighbours(project, state.path)
    doubtful = outdated(project)
    if own is not None and own.identity not in {"", identity}:
        # It was left since this clone was noted.
        doubtful |= {each.state for each in others if each.identity == own.identity}
    apart = tuple(each for each in others if _are_apart(here, each, doubtful))
    if not apart:
        return Sharing(mine)
    names = (mine, *(each.database for each in apart))
    # What somebody has named serves for all; a clone's own file goes when the clone goes.
    named = (name for name in names if "://" in name)
    url = next(named, None) or url_of(user_folder() / DATABASE_FILE)
    return Sharing(mine, apart, f"git config --global {SETTING} {shlex.quote(url)}")


def _are_apart(one: Neighbour, other: Neighbour, doubtful: set[str]) -> bool:
    """Tell whether two clones use two databases; of two on servers only if that is known."""
    if one.database == other.database:
        return False
    if one.database.startswith(SERVER) and other.database.startswith(SERVER):
        known = bool(one.identity and other.identity)
        return known and not doubtful & {one.state, other.state} and not _may_be_one(one, other)
    return not one.identity or one.identity != other.identity


def _may_be_one(one: Neighbour, other: Neighbour) -> bool:
    """Tell whether two ways, as by another role or host, or past a pooler, may lead to one.

    What is restored into a database, or into one made anew by its name, says another thing of
    itself; and who did not sync since has noted the former.
    """
    mine, theirs = (each.identity.split("/") for each in (one, other))
    if mine[:1] != theirs[:1]:
        return False  # They are on two servers.
    name, same = (each.database.partition("?")[0].rpartition("/")[2] for each in (one, other))
    return mine[:2] == theirs[:2] or name == same != ""


def database_data(database: TaskDatabase, project: str, state: StateFolder) -> dict[str, Any]:
    """Return which database it is, on what work goes on, and who is apart, with stable keys."""
    left = [each._asdict() for each in left_elsewhere(database, project, state)]
    return {
        **sharing(database, project, state).data(),
        **database.mode(project).data(),
        "left_behind": left,
        "database_before": not_told_yet(database, state),
    }


def left_elsewhere(database: TaskDatabase, project: str, state: StateFolder) -> list[Left]:
    """Return what was done apart, and is not for the database and project that are named now."""
    mine = database.folder if isinstance(database, Fallback) else None
    return left_behind(state.path / AWAY, project, mine, database.name)


def take_left(database: TaskDatabase, project: str, state: StateFolder) -> list[Left]:
    """Write all of that into the database that is named now, and return what waited until then.

    Raises:
        SetupError: That is no PostgreSQL, or it has no tasks of the project.
        StoreError: It cannot be reached, or does not take it, which waits on.
    """
    if isinstance(database, Fallback):
        # By its name it may be another one by now: only itself tells.
        with contextlib.suppress(StoreError), contextlib.closing(database.reach(project)):
            pass
    left = left_elsewhere(database, project, state)
    if isinstance(database, Fallback):
        if left and not _has_tasks(database.contents(project)):
            raise SetupError(
                f"{database.name} has no tasks of this project yet, to which it could be written:"
                " run 'kanban-sync sync' first"
            )
        taken = [each for each in left if database.take(each, project)]
        end_absences(state.path / AWAY)
        return taken
    if left:
        raise SetupError(
            f"{database.name} does not take what was done while a PostgreSQL was away: name one in"
            f" {DATABASE_URL}, or by 'git config --global {SETTING}'"
        )
    return []


def _has_tasks(contents: Contents) -> bool:
    """Tell whether a project has any, or that is not known before the schema is upgraded."""
    is_known = contents.schema in {0, contents.newest}
    return not is_known or any(each.tasks for each in contents.projects)


def left_of_all(state: StateFolder) -> list[Left]:
    """Return all that was done apart, where nobody can tell what is named now."""
    return left_behind(state.path / AWAY, "", None, "")


def told_of_another(database: TaskDatabase, project: str, state: StateFolder) -> list[str]:
    """Return what is to be told, in lines, if a clone works with another database than before.

    It is noted: so nobody is told twice.
    """

    def left() -> str:
        return left_words(left_elsewhere(database, project, state))

    return other_than_before(database, state, left).splitlines()


def is_another(database: TaskDatabase, project: str, state: StateFolder) -> list[str]:
    """Return the same, and what waits for another one, for those who only look: nothing is noted.

    Raises:
        StoreError: It cannot be asked.
    """
    left = left_words(left_elsewhere(database, project, state))
    return [*filter(None, (not_told_yet(database, state), *left.splitlines()))]


def told_once(database: TaskDatabase) -> str:
    """Return what was done apart and does not count; '' if there is nothing, or it was told."""
    return lost_text(database.copies.root) if isinstance(database, Fallback) else ""


def notes_in_use(database: TaskDatabase, project: str, store: object) -> tuple[Notes, int] | None:
    """Return where to note what is written into files, None while the database is there.

    With it the number of the newest verdict. Others may have settled a moment ago what was done
    with the store: then that goes back to the database, whose word counts.
    """
    if not isinstance(database, Fallback):
        return None
    found = _notes_in_use(database, project)
    if found is None and isinstance(store, Switching) and store.is_apart:
        store.come_back()
        found = _notes_in_use(database, project)
    return found


def _notes_in_use(database: Fallback, project: str) -> tuple[Notes, int] | None:
    shelf = Copy(database.folder).shelf(project)
    notes = Notes(shelf.path)
    if not notes.is_open():
        return None
    with contextlib.ExitStack() as stack:
        stack.callback(shelf.close)
        # Not while somebody settles, who has some verdicts written and some not.
        with contextlib.suppress(StoreError):
            stack.enter_context(shelf.alone())
        return (notes, notes.newest()) if notes.is_open() else None


def notes_here(database: TaskDatabase, worktree: str) -> list[Notes]:
    """Return where is noted what was written into the files of a work tree."""
    return all_notes(database.copies.root, worktree) if isinstance(database, Fallback) else []


def refused_text(project: str, state: StateFolder) -> str:
    """Return where lies what was done apart and a database did not take, a line for each."""
    kept = refused_files(state, manifest_path(state.path, project).stem)
    return "\n".join(f"something in {each} was not taken by the database" for each in kept)


def refused_files(state: StateFolder, name: str = "*") -> list[Path]:
    """Return the files with what a database did not take, of those copies whose name fits."""
    return sorted((state.path / AWAY).glob(f"*/{name}.{REFUSED}*.json"))
