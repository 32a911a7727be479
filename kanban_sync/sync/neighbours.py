"""Which clones of a project this user has on this machine, and where each keeps its tasks.

Each sync notes its clone in ``clones/`` in the user's state folder, a file for each clone and
project. A clone that is gone, or has not synced for a month, is forgotten. Nothing depends on it
but what ``status`` and ``doctor`` tell, so what cannot be read or written there is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.sync.state_folder import put_whole
from kanban_sync.sync.user_folder import user_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = 86400.0
NOTED_ANEW_AFTER = DAY
FORGOTTEN_AFTER = 30 * DAY


class Neighbour(NamedTuple):
    """A clone: its state folder, and its task database as ``status`` names it.

    ``identity`` is what that says of itself, '' where it says nothing. ``left`` is what the one
    said with which it worked before, until ``left_at`` (seconds since 1970).
    """

    state: str
    database: str
    identity: str = ""
    left: str = ""
    left_at: float = 0.0


def note(
    project: str,
    state: Path,
    database: str,
    identity: Callable[[], str] = lambda: "",
    known: str = "",
) -> None:
    """Note where a clone keeps the tasks of a project; cheap where that is noted already.

    Args:
        project: The id of the project.
        state: The state folder of the clone.
        database: As ``status`` names it.
        identity: Asks what the database says of itself.
        known: The same where it need not be asked, '' where it has to be.
    """
    place = os.path.realpath(state)
    # Without a home there is nobody whose clones they are.
    with suppress(OSError, RuntimeError):
        file = _file(project, place)
        before = _read(file) if file.exists() else None
        same = before and before._replace(database=database, identity=known or before.identity)
        if before is not None and before == same and _is_new(file):
            if place in outdated(project):
                os.utime(file)
            return
        now = before or Neighbour(place, database)
        now = now._replace(database=database, identity=known or identity())
        if before is not None and now.identity and before.identity not in {"", now.identity}:
            now = now._replace(left=before.identity, left_at=time.time())
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put_whole(file, json.dumps(now))
        for _ in _noted("*"):
            pass  # Each look forgets what is gone.


def noted(project: str, state: Path) -> Neighbour | None:
    """Return what is noted of a clone itself."""
    with suppress(OSError, RuntimeError):
        return _read(_file(project, os.path.realpath(state)))
    return None


def neighbours(project: str, state: Path) -> list[Neighbour]:
    """Return the other clones of a project that this user has on this machine."""
    mine = os.path.realpath(state)
    try:
        found = sorted(_noted(f"{_digest(project)}-*"))
    except (OSError, RuntimeError):
        return []
    return [each for each in found if each.state != mine]


def outdated(project: str) -> set[str]:
    """Return the state folders of clones that may work with another database by now than is noted.

    Since they were noted, another clone of the project has left that one: it was restored
    elsewhere, say. With their next sync they have, too, or it is known that they have not.
    """
    found: list[tuple[Neighbour, float]] = []
    with suppress(OSError, RuntimeError):
        for file in _folder().glob(f"{_digest(project)}-*"):
            with suppress(OSError):
                if (each := _read(file)) is not None:
                    found.append((each, file.stat().st_mtime))
    left = [(other.left, other.left_at) for other, _ in found if other.left]
    return {
        each.state
        for each, noted_at in found
        if any(each.identity == identity and noted_at < at for identity, at in left)
    }


def _noted(pattern: str) -> Iterator[Neighbour]:
    """Give what is noted in these files, and remove those of which the clone is gone."""
    for file in _folder().glob(pattern):
        with suppress(OSError):
            each = _read(file)
            if each is not None and (Path(each.state) / "clone").exists():
                yield each
            else:
                file.unlink()


def _read(file: Path) -> Neighbour | None:
    if file.stat().st_mtime < time.time() - FORGOTTEN_AFTER:
        return None
    try:
        return Neighbour(*json.loads(file.read_text("ascii")))
    except (ValueError, TypeError):
        return None


def _is_new(file: Path) -> bool:
    try:
        return file.stat().st_mtime > time.time() - NOTED_ANEW_AFTER
    except FileNotFoundError:
        return False


def _file(project: str, place: str) -> Path:
    return _folder() / f"{_digest(project)}-{_digest(place)}"


def _folder() -> Path:
    return user_folder() / "clones"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
