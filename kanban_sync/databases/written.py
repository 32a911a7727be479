"""What commands wrote into files while the database was away, and is taken out if it is in vain.

It is nobody's edit, and to commit it would bring it in after all. So it is noted beside the copy,
before it is written, in which work tree what is changed. Whoever writes the journal into the
database notes of which tasks it was in vain, and the next command in that work tree takes back
what it wrote of these (``taking_back``).

Each note is a file of its own, which nobody changes once it is there, and each verdict, too: so
nobody loses what others note, whoever is killed, and wherever. Notes are made and removed under the
lock for edits, verdicts under that of the copy. A note counts as settled once work goes on with the
copy no more; it is in vain if a verdict that is younger than the note names its task.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.splices import Splice
from kanban_sync.sync.state_folder import put_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WRITTEN = ".written"
"""Of the folder beside the copy with what was written into files while the database was away."""

VAIN = ".vain"
"""Of the one with the verdicts: of which tasks that was in vain."""

AWAY = ".away"
"""Of the file that tells that work goes on with the copy."""


class Vain(StrEnum):
    """How something was in vain."""

    CHANGED = "changed"
    """Others have done something else with that task."""

    SAME = "same"
    """Others have done the same with it: where it cannot be taken out, it is right as it is."""

    ADDED = "added"
    """It was added in vain already."""


class Said(NamedTuple):
    """What a file says of a task; all is '' if it holds none. ``word`` is how it spells it."""

    status: str = ""
    assignee: str = ""
    word: str = ""

    def is_same(self, other: Said) -> bool:
        """Tell whether both say the same, however they spell it."""
        return self[:2] == other[:2]


NOTHING = Said()


class Note(NamedTuple):
    """What is written of a task into a file of a work tree.

    ``was`` is what the file said before, ``said`` what it says since, ``after`` the number of the
    newest verdict before that, and ``title`` that of a task that is added.
    """

    worktree: str
    key: str
    path: str
    was: Said
    said: Said
    done: Splice
    after: int = 0
    title: str = ""

    @property
    def is_added(self) -> bool:
        """Whether the file did not hold the task before."""
        return self.was.is_same(NOTHING)


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted beside the copy of one project."""

    copy: Path

    def is_open(self) -> bool:
        """Whether work goes on with the copy, so that nothing of it is settled yet."""
        return self.copy.with_suffix(AWAY).exists()

    def newest(self) -> int:
        """Return the number of the newest verdict, 0 if there is none."""
        return max(map(_number, _files(self.copy.with_suffix(VAIN))), default=0)

    def add(self, note: Note) -> None:
        """Note what is just about to be written.

        Raises:
            OSError: It cannot be noted.
        """
        folder = self.copy.with_suffix(WRITTEN)
        number = max(map(_number, _files(folder)), default=0) + 1
        _put(folder, f"{number:08}-{secrets.token_hex(4)}", _text(note))

    def of(self, worktree: str) -> list[tuple[Path, Note]]:
        """Return what is noted of a work tree, oldest first."""
        found = ((each, _note(each)) for each in _files(self.copy.with_suffix(WRITTEN)))
        return [(file, note) for file, note in found if note is not None and note[0] == worktree]

    def set_aside(self, journal: str, keys: Mapping[str, Vain]) -> None:
        """Note of which tasks of a journal it was in vain, once.

        Args:
            journal: Its name.
            keys: Those tasks, and how.

        Raises:
            OSError: It cannot be noted.
        """
        folder = self.copy.with_suffix(VAIN)
        if not any(each.name.endswith(f"-{journal}") for each in _files(folder)):
            name = f"{self.newest() + 1:08}-{journal}"
            _put(folder, name, f"{json.dumps(dict(keys), sort_keys=True)}\n")

    def verdicts(self) -> list[tuple[int, Mapping[str, Vain]]]:
        """Return their numbers, and what they say."""
        found = _files(self.copy.with_suffix(VAIN))
        return [(_number(each), _keys(each)) for each in found]

    def tidy(self) -> None:
        """Remove the verdicts if no note is left that they could name, and what was half noted."""
        folder = self.copy.with_suffix(WRITTEN)
        if not self.is_open() and not _files(folder):
            with contextlib.suppress(OSError):
                for each in (*_files(self.copy.with_suffix(VAIN)), *folder.iterdir()):
                    each.unlink(missing_ok=True)


def all_notes(folder: Path, worktree: str) -> list[Notes]:
    """Return where something is noted of a work tree.

    Args:
        folder: That of all copies of its clone.
        worktree: Which.
    """
    return [each for each in _all(folder) if each.of(worktree)]


def _all(folder: Path) -> Iterator[Notes]:
    for each in sorted(folder.glob(f"*/*{WRITTEN}")):
        yield Notes(each.with_suffix(".json"))


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder, oldest first, but none that is just being written."""
    try:
        return sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    except OSError:
        return []


def _put(folder: Path, name: str, text: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    put_whole(folder / name, text)


def _number(file: Path) -> int:
    number = file.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _text(note: Note) -> str:
    done = [[each.decode("utf-8", "surrogateescape") for each in part] for part in note.done]
    return f"{json.dumps(note._replace(done=done))}\n"  # type: ignore[arg-type]


def _note(file: Path) -> Note | None:
    # Whoever wrote it may have lost the end of it with the power.
    with contextlib.suppress(OSError, ValueError, TypeError):
        worktree, key, path, was, said, done, *rest = json.loads(file.read_text("ascii"))
        parts = (tuple(each.encode("utf-8", "surrogateescape") for each in part) for part in done)
        return Note(worktree, key, path, Said(*was), Said(*said), Splice(*parts), *rest)
    return None


def _keys(file: Path) -> Mapping[str, Vain]:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return {key: Vain(how) for key, how in json.loads(file.read_text("ascii")).items()}
    return {}
