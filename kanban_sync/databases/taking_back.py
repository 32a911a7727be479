"""Takes out of files what commands wrote while the database was away, and does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Status
from kanban_sync.core.splices import taken_back
from kanban_sync.databases.written import NOTHING, Said, Vain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kanban_sync.core.model import Task
    from kanban_sync.databases.written import Note, Notes


class Files(Protocol):
    """The files of a work tree, and what finds tasks in them."""

    def look(self, key: str) -> Task:
        """Return a task as it stands there."""
        ...

    def tasks(self) -> Sequence[Task]:
        """Return all tasks."""
        ...

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        """Change a file, anew if somebody else wrote it meanwhile."""
        ...

    def set(
        self,
        key: str,
        status: Status | None = None,
        assignee: str | None = None,
        word: str | None = None,
    ) -> object:
        """Set the status of a task, its assignee, or both; ``word`` is what stood there before."""
        ...


class Taken(NamedTuple):
    """What is to be told, and the files that hold what is not to be read as anybody's edit."""

    told: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()


def said_there(files: Files, key: str) -> Said:
    """Return what a file says of a task."""
    try:
        task = files.look(key)
    except EditError:
        return NOTHING
    return Said(task.status.value, task.assignee, task.word)


def held_back(found: Iterable[Notes], worktree: str) -> Taken:
    """Return all files of a work tree of which something is noted, where none can be read."""
    return Taken(held=frozenset(note.path for each in found for _, note in each.of(worktree)))


class Known(Protocol):
    """What else is known of tasks, by their keys."""

    def committed(self, key: str) -> Said:
        """Return what the last commit says of a task."""
        ...

    def title(self, key: str) -> str:
        """Return what the database calls a task, '' if it has none of that key."""
        ...


def take_back(found: Iterable[Notes], worktree: str, files: Files, known: Known) -> Taken:
    """Take out of the files of a work tree what was written there in vain.

    What is not settled yet stays, and so does what cannot be taken out: that is told each time.

    Args:
        found: Where what was written is noted.
        worktree: Which.
        files: Its files, to which nobody else writes meanwhile.
        known: What the last commit and the database say.
    """
    told: list[str] = []
    held: set[str] = set()
    for notes in found:
        if notes.is_open():
            held |= held_back([notes], worktree).held
            continue
        # Read after that: whoever says that it is over has written them before.
        verdicts = notes.verdicts()
        vain: dict[str, list[tuple[Path, Note]]] = {}
        wrong: set[str] = set()
        for file, note in notes.of(worktree):
            said = [keys[note.key] for n, keys in verdicts if n > note.after and note.key in keys]
            # Where another one has added the same task, the line of it is right. Whoever was killed
            # before the copy had it finds another one of that id in the database.
            was_added = Vain.ADDED in said
            title = known.title(note.key) if note.is_added and not was_added else ""
            if was_added or (said and not note.is_added) or title not in {"", note.title}:
                vain.setdefault(note.key, []).append((file, note))
                wrong |= {note.key for how in said or [Vain.ADDED] if how is not Vain.SAME}
            else:
                file.unlink(missing_ok=True)
        # What was begun last may stand beside what was there before it.
        for key, steps in sorted(vain.items(), key=lambda each: each[1][0][0].name, reverse=True):
            words, is_left = _take_back(steps, files, known.committed(key))
            if is_left and key not in wrong:
                _forget(steps)
                continue
            told += [words] if words else []
            if is_left:
                held |= {note.path for _, note in steps}
        notes.tidy()
    return Taken(tuple(told), frozenset(held))


def _take_back(steps: list[tuple[Path, Note]], files: Files, committed: Said) -> tuple[str, bool]:
    """Take back what was written of one task; return what to tell, and whether it is left."""
    here, first = said_there(files, steps[0][1].key), steps[0][1]
    is_added = first.is_added and not here.is_same(NOTHING) and committed.is_same(NOTHING)
    # Whoever was killed may have written no more than the first of it, or taken back the last.
    ours = [at for at, (_, each) in enumerate(steps) if each.said.is_same(here)]
    if here.is_same(committed) or not (ours or is_added):
        # What somebody has changed since, or committed, is his.
        _forget(steps)
        return "", False
    title = _title(files, first.key)
    to_do = steps[: ours[-1] + 1] if ours else []
    while to_do:
        if not _is_taken_back(files, to_do[-1][1]):
            break
        _forget([to_do.pop()])
    is_left = bool(to_do) or not ours
    if not is_left:
        _forget(steps)
    return _words(first, title, is_added=is_added, is_left=is_left), is_left


def _forget(steps: Iterable[tuple[Path, Note]]) -> None:
    for file, _ in steps:
        file.unlink(missing_ok=True)


def _is_taken_back(files: Files, note: Note) -> bool:
    """Take back one step; what else it would change stays as it is."""

    def undo() -> None:
        files.change(note.path, lambda data: taken_back(data, note.done) or data)

    def set_back() -> None:
        """Where the line was changed since: only status and assignee are ours."""
        here, was = said_there(files, note.key), note.was
        if note.is_added or here.is_same(NOTHING) or files.look(note.key).path != note.path:
            return
        status = Status(was.status) if was.status != here.status else None
        assignee = was.assignee if was.assignee != here.assignee else None
        files.set(note.key, status, assignee, was.word)

    return any(_is_so(files, note, way) for way in (undo, set_back))


def _is_so(files: Files, note: Note, way: Callable[[], None]) -> bool:
    """Do it one way, and tell whether the file says what it did; else it is as it was."""
    others = _others(files, note.key) if note.is_added else []
    try:
        before = _content(files, note.path)
        way()
        is_so = said_there(files, note.key).is_same(note.was)
        if is_so and (not note.is_added or _others(files, note.key) == others):
            return True
        after = _content(files, note.path)
        files.change(note.path, lambda data: before if data == after else data)
    except EditError:
        pass
    return False


def _content(files: Files, path: str) -> bytes:
    found = b""

    def keep(data: bytes) -> bytes:
        nonlocal found
        found = data
        return data

    files.change(path, keep)
    return found


def _others(files: Files, key: str) -> list[Task]:
    """Return all tasks but one as they stand in the files, wherever that is."""
    every = (each for each in files.tasks() if str(each.key) != key)
    return [each._replace(line=0, position=0) for each in every]


def _title(files: Files, key: str) -> str:
    try:
        return files.look(key).title
    except EditError:
        return ""


def _words(note: Note, title: str, *, is_added: bool, is_left: bool) -> str:
    path, key = note.path, note.key
    if is_added and is_left:
        return (
            f"{path} still holds {key} ({title!r}), which was added here while the database was"
            " away, and does not count: the database has another task of that id, or refused it;"
            " give it another id, or take it out, before you commit the file"
        )
    if is_added:
        return (
            f"{path} holds {key} ({title!r}) no more, which was added here while the database was"
            " away, and does not count: the database has another task of that id, or refused it;"
            " add it again by another id"
        )
    if is_left:
        return (
            f"{path} still says of {key} what was done here while the database was away, and does"
            " not count; take that out before you commit the file, which would bring it in"
        )
    return (
        f"{path} says of {key} again what it said before the database was away: what was written"
        " there since does not count"
    )
