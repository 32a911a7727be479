"""The copies with which a clone goes on while databases are away: which lies where.

Each database has a folder, by what it says of itself: whatever name leads to it, there is one copy.
A file beside the folders says of each name where it led last, for as long as nobody answers there.
A database that says nothing of itself has a folder by its name alone; so had all of them once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import UnusableCopyError
from kanban_sync.databases.ports import in_tasks
from kanban_sync.machine_time import moment
from kanban_sync.stores.away_shelf import AwayShelf
from kanban_sync.stores.flatfile import manifest_path
from kanban_sync.sync.state_folder import put_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kanban_sync.machine_time import Moment

AWAY = "away"
"""The folder in the state folder of a clone."""

NAME = "name"
"""The file in the folder of a copy that tells of which database it is, as it was named last."""

LEADS = ".leads"
"""Ends the name of the file that tells to which database a name led last."""


class Away(NamedTuple):
    """Since when the server does not answer, and when it is asked again; seconds since 1970.

    ``refuses`` tells that it answers by now, and refuses what was done meanwhile, ``parted`` that
    something may have been done. ``name`` is that by which it is asked again no sooner: another
    one may lead there all the same, as past a pooler.
    """

    since: float
    again: float
    refuses: bool = False
    parted: bool = True
    name: str = ""

    def begun(self, parted: Moment | None) -> float:
        """Return since when it is away by the clock of now, whatever that was set to meanwhile.

        It was found away before ``parted``, when work began to be done apart, if it was.
        """
        now = moment()
        if parted is None:
            return min(self.since, now.wall)
        return parted.at(now) - max(0.0, parted.wall - self.since)


@dataclass(frozen=True, slots=True)
class Copy:
    """The folder with the copies of one database, one for each project."""

    folder: Path

    def shelf(self, project: str) -> AwayShelf:
        """Return the copy itself, with what lies beside it."""
        return AwayShelf(manifest_path(self.folder, project), project)

    def marker(self, project: str) -> Path:
        """Return the file that tells that work goes on with the copy."""
        return manifest_path(self.folder, project).with_suffix(".away")

    def away(self, project: str) -> Away | None:
        """Return what that says, None if it is not there."""
        return read_marker(self.marker(project))

    def has_journal(self, project: str, without: dict[Path, object]) -> bool:
        """Tell whether something was done apart; ``without`` keeps the marks of copies without.

        Raises:
            StoreError: There is no copy, or it cannot be read.
        """
        shelf = self.shelf(project)
        mark = shelf.mark()
        if mark is not None and without.get(shelf.path) == mark:
            return False
        if shelf.sent.path.exists() or shelf.has.parted.id:
            return True
        without[shelf.path] = mark
        return False

    def write_marker(self, project: str, said: Away) -> None:
        """Say it."""
        shelf = self.shelf(project)
        name, path = said.name.encode("utf-8", "surrogateescape"), self.folder / NAME
        if _bytes_of(path) != name:
            shelf.write_beside(path, name)
        shelf.write_beside(self.marker(project), json.dumps(said).encode("ascii"))

    def note_refused(self, project: str, name: str) -> None:
        """Say that the database answers by that name, and does not take what was done apart."""
        away = self.away(project) or Away(time.time(), 0.0)
        with contextlib.suppress(UnusableCopyError):
            self.write_marker(project, away._replace(again=0.0, refuses=True, name=name))


@dataclass(frozen=True, slots=True)
class Copies:
    """The folder with those of all databases of a clone."""

    root: Path

    def named(self, name: str) -> Copy:
        """Return that of the database to which a name led last."""
        return Copy(self.root / _digest(self.identity(name) or name))

    def of(self, name: str, identity: str) -> Copy:
        """Return that of a database by what it says of itself; by its name if that is nothing."""
        return Copy(self.root / _digest(identity)) if identity else self.named(name)

    def by_name_alone(self, name: str) -> Copy:
        """Return where it lies of which nobody knows what it says of itself."""
        return Copy(self.root / _digest(name))

    def identity(self, name: str) -> str:
        """Return what the database said of itself to which a name led last, '' if nobody knows."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            said, identity = json.loads(self._leads(name).read_text("ascii"))
            if said == name and isinstance(identity, str):
                return identity
        return ""

    def names(self, project: str) -> list[str]:
        """Return the names that led to databases of which there is a copy for a project."""
        found = []
        for file in self.root.glob(f"*{LEADS}"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                name, identity = json.loads(file.read_text("ascii"))
                if self.of(name, identity).shelf(project).is_there:
                    found.append(name)
        return sorted(found)

    def lead(self, name: str, identity: str) -> None:
        """Note to which database a name leads."""
        if not identity or self.identity(name) == identity or not self.root.parent.is_dir():
            return
        # Whoever cannot note it works with the database all the same.
        with contextlib.suppress(OSError):
            self.root.mkdir(mode=0o700, exist_ok=True)
            put_whole(self._leads(name), f"{json.dumps([name, identity])}\n")

    def left(self, name: str, identity: str, project: str) -> str:
        """Return what is told of what waits for others than a database and project; '' if none."""
        return left_words(left_behind(self.root, project, self.of(name, identity).folder, name))

    def _leads(self, name: str) -> Path:
        return self.root / f"{_digest(name)}{LEADS}"


class Left(NamedTuple):
    """What was done apart with so many tasks (None: nobody can tell), and waits in a file.

    It waits for a database as that was named, and for the reason that is told in ``REASONS``.
    """

    database: str
    tasks: int | None
    project: str
    reason: str
    file: str

    @property
    def text(self) -> str:
        """What is told of it."""
        why = REASONS[self.reason].format(project=self.project)
        if self.tasks is None:
            return (
                f"what was done while {self.database} was away is in {self.file}, which cannot be"
                f" read, so that nobody can tell how much it is; and {why}"
            )
        count = in_tasks(self.tasks)
        return f"what was done with {count} while {self.database} was away waits for it, and {why}"


REASONS = {
    "database": "another database is named now",
    "replaced": "that name leads to another database by now",
    "project": "it is of the project {project}, as this one was called",
    "unknown": "nobody can tell whether that is the one that is named now",
}
"""Why something waits that nobody brings into its database."""

LEFT_REMEDY = (
    "name that database or project again, and run 'kanban-sync task list' once; or, where it was"
    " moved, restored or renamed, 'kanban-sync db replay' writes it into the one that is named now"
)

PROJECT = re.compile(rb'\n"project": (".*"),\n')

HEAD = 1024
"""In how many bytes at its beginning a copy tells of which project it is, unless that is long."""


def left_behind(folder: Path, project: str, mine: Path | None, name: str) -> list[Left]:
    """Return what waits in a state folder for other databases and projects than now are named.

    Args:
        folder: That of all copies.
        project: Whose tasks are worked on.
        mine: The folder of the copy of the database that is named, None where it has none.
        name: As that is named, '' if nobody can tell.
    """
    found: list[Left] = []
    for marker in sorted(folder.glob("*/*.away")):
        path, place = marker.with_suffix(".json"), marker.parent
        is_mine = place == mine
        said = read_marker(marker)
        if (is_mine and path == manifest_path(place, project)) or (said and not said.parted):
            continue
        whose = _project_of(path)
        count = AwayShelf(path, whose).touched
        if count != 0:
            named = _bytes_of(place / NAME).decode("utf-8", "surrogateescape")
            other = "replaced" if named == name else "database"
            reason = "project" if is_mine else other if name else "unknown"
            database = named or f"the database of {place}"
            found.append(Left(database, count, whose, reason, str(path)))
    return found


def left_text(left: Sequence[Left]) -> str:
    """Return what is told of that, a line for each."""
    return "\n".join(each.text for each in left)


def left_words(left: Sequence[Left]) -> str:
    """Return the same with what mends it; '' for nothing."""
    return f"{left_text(left)}; {LEFT_REMEDY}" if left else ""


def _project_of(path: Path) -> str:
    """Return of which project a copy is, or what was sent of it; by its name if it does not say."""
    for each in (path, path.with_suffix(".sent")):
        with contextlib.suppress(OSError, ValueError), each.open("rb") as file:
            if found := PROJECT.search(file.read(HEAD)):
                return str(json.loads(found[1]))
    return path.stem.removeprefix("tasks-")


def read_marker(marker: Path) -> Away | None:
    """Return what a marker says, None if it is not there."""
    try:
        since = marker.stat().st_mtime
        text = marker.read_text("ascii")
    except OSError:
        return None
    try:
        return Away(*json.loads(text))
    except (ValueError, TypeError):
        # It is just being written, or there was no room for what it says.
        return Away(since, 0.0)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def _bytes_of(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""
