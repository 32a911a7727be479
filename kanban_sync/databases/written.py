"""What commands wrote into files while the database was away, and is taken out if it is in vain.

It is nobody's edit, and to commit it would bring it in after all. So it is noted beside the copy in
which work tree what was changed. Whoever writes the journal into the database sets aside what came
of it in vain, and the next command in that work tree takes it back, unless the file was changed
there or committed since.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync.core.errors import EditError
from kanban_sync.core.splices import Splice, taken_back

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from kanban_sync.core.model import Task

WRITTEN = ".written"
"""Of the file beside the copy with what was written into files while the database is away."""

VAIN = ".vain"
"""Of the one with what of that does not count, until it was taken back."""


class Note(NamedTuple):
    """What was written of a task into a file of a work tree.

    ``said`` is the status and assignee that the file says since then, '' for both if it holds the
    task no more.
    """

    worktree: str
    key: str
    path: str
    said: tuple[str, str]
    done: Splice


class Files(Protocol):
    """The files of a work tree, and what finds tasks in them."""

    def look(self, key: str) -> Task:
        """Return a task as it stands there."""
        ...

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        """Change a file, anew if somebody else wrote it meanwhile."""
        ...


def note_written(copy: Path, note: Note) -> None:
    """Note what was written, beside the copy with which work goes on."""
    _append(copy.with_suffix(WRITTEN), [note])


def said_there(files: Files, key: str) -> tuple[str, str]:
    """Return the status and assignee that a file says of a task, '' for both if none holds it."""
    try:
        task = files.look(key)
    except EditError:
        return "", ""
    return task.status.value, task.assignee


def set_aside(copy: Path, keys: Collection[str]) -> None:
    """Set aside what was written of tasks with which it was in vain, to be taken back.

    Args:
        copy: Beside which it is noted.
        keys: Those tasks.
    """
    notes = _read(copy.with_suffix(WRITTEN))
    _append(copy.with_suffix(VAIN), [each for each in notes if each.key in keys])


def forget_written(copy: Path) -> None:
    """Forget what was written into files, once all of it is settled."""
    with contextlib.suppress(OSError):
        copy.with_suffix(WRITTEN).unlink(missing_ok=True)


def all_in_vain(folder: Path, worktree: str) -> list[Path]:
    """Return the files with what is to be taken back in a work tree.

    Args:
        folder: That of all copies of its clone.
        worktree: Which.
    """
    found = sorted(folder.glob(f"*/*{VAIN}"))
    return [file for file in found if any(each.worktree == worktree for each in _read(file))]


def take_back(
    found: Iterable[Path],
    worktree: str,
    files: Files,
    committed: Callable[[str], tuple[str, str]],
) -> list[str]:
    """Take out of the files of a work tree what was written there in vain; return what to tell.

    Args:
        found: Where that is noted.
        worktree: Which.
        files: Its files, to which nobody else writes meanwhile.
        committed: Returns what the last commit says of a task, as a note does.
    """
    told: list[str] = []
    for file in found:
        notes = list(dict.fromkeys(_read(file)))
        here = [each for each in notes if each.worktree == worktree]
        told += _take_back(here, files, committed)
        # Last: of whoever is killed before, the next one finds that it is done.
        _write(file, [each for each in notes if each.worktree != worktree])
    return told


def _take_back(
    notes: list[Note], files: Files, committed: Callable[[str], tuple[str, str]]
) -> list[str]:
    last = {each.key: each for each in notes}
    # What somebody has changed since, or committed, is his.
    ours = {
        key for key, each in last.items() if said_there(files, key) == each.said != committed(key)
    }
    left: set[str] = set()
    for each in reversed(notes):
        if each.key in ours - left and not _is_taken_back(files, each):
            left.add(each.key)
    return [_words(last[key], is_left=key in left) for key in sorted(ours)]


def _is_taken_back(files: Files, note: Note) -> bool:
    before = after = b""

    def change(data: bytes) -> bytes:
        nonlocal before, after
        before, after = data, taken_back(data, note.done) or data
        return after

    try:
        was = said_there(files, note.key)
        files.change(note.path, change)
        is_so = said_there(files, note.key) != was
        if before != after and not is_so:
            # It was another task's line, which looks the same.
            files.change(note.path, lambda data: before if data == after else data)
    except EditError:
        return False
    return is_so


def _words(note: Note, *, is_left: bool) -> str:
    if is_left:
        return (
            f"{note.path} still says of {note.key} what was done here while the database was away,"
            " and does not count; take that out before you commit the file, which would bring it in"
        )
    return (
        f"{note.path} says of {note.key} again what it said before the database was away: what was"
        " written there since does not count"
    )


def _append(file: Path, notes: list[Note]) -> None:
    # Work goes on where it cannot be noted: then the file stays as it is.
    with contextlib.suppress(OSError):
        if notes:
            with file.open("a", encoding="ascii") as opened:
                opened.writelines(map(_line, notes))


def _write(file: Path, notes: list[Note]) -> None:
    with contextlib.suppress(OSError):
        if notes:
            file.write_text("".join(map(_line, notes)), "ascii")
        else:
            file.unlink(missing_ok=True)


def _line(note: Note) -> str:
    done = [[each.decode("utf-8", "surrogateescape") for each in part] for part in note.done]
    return f"{json.dumps([*note[:-1], done])}\n"


def _read(file: Path) -> list[Note]:
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return []
    found: list[Note] = []
    for line in lines:
        # The last one may have been cut short.
        with contextlib.suppress(ValueError, TypeError):
            worktree, key, path, (status, assignee), done = json.loads(line)
            parts = (
                tuple(each.encode("utf-8", "surrogateescape") for each in part) for part in done
            )
            found.append(Note(worktree, key, path, (status, assignee), Splice(*parts)))
    return found
