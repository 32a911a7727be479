"""Editing tasks where they stand in a work tree, by their keys or by file and line."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.assemble import ReadFile, tasks_of
from kanban_sync.core.called import NAMES, Found, Tasks, key_of, place_of, renamed, several
from kanban_sync.core.edits import AddTask, Claim, Remove, SetStatus, Unclaim, edited
from kanban_sync.core.errors import EditError, SetupError
from kanban_sync.core.forked import follow_forked
from kanban_sync.core.model import UNKNOWN, Status
from kanban_sync.core.slots import EMPTY, SlotChange, SlotState, effective
from kanban_sync.snapshots import Snapshots
from kanban_sync.sources import SOURCES
from kanban_sync.sync.locks import FairLock
from kanban_sync.sync.watched import pathspecs
from kanban_sync.work_tree import WorkTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kanban_sync.checkout import Checkout
    from kanban_sync.config import Settings
    from kanban_sync.core.edits import Edit, Edited
    from kanban_sync.core.model import Document, Problem, Task
    from kanban_sync.core.ports import Source, SourceSettings, TaskFile, TaskStore, Unit
    from kanban_sync.git import GitRepository

LOCK = "edits.flk"
"""The lock's file in the state folder."""

WAIT = 30.0
"""Seconds to wait for another command that is changing a file of this clone."""

ATTEMPTS = 3
"""How often a file is read anew that somebody else changed in between."""


class Tree(Protocol):
    """The files in which tasks are looked for and edited."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        ...

    def is_file(self, path: str) -> bool:
        """Tell whether a file is there that can be read."""
        ...

    def replace(self, path: str, before: bytes, after: bytes, /) -> bool:
        """Put other bytes in place of those that were read; False if others are there by now."""
        ...


class Editor:
    """Finds tasks in a work tree and edits their files.

    Keys are those of the task database, carried over to what stands in the files now.
    """

    def __init__(  # noqa: PLR0913 - the work tree, what reads it, and what is known of it
        self,
        tree: Tree,
        paths: Sequence[str],
        sources: Mapping[str, Source],
        settings: SourceSettings,
        project: str,
        slots: Mapping[str, SlotState],
        lock: Path,
        fork: Callable[[str, str], bytes | None],
    ) -> None:
        """Set out; nothing is read yet.

        Args:
            tree: The files.
            paths: Which of them are watched.
            sources: The dialects by name.
            settings: Where they look.
            project: The project's id.
            slots: What the last sync knew of the files.
            lock: The file that keeps two edits of one clone apart.
            fork: Returns the bytes of a file where the branch forks off, but not those of a blob.
        """
        self._tree = tree
        self._paths = {path: path for path in paths if tree.is_file(path)}
        self._sources = sources
        self._settings = settings
        self._project = project
        self._slots = dict(slots)
        self._lock = FairLock(lock)
        self._fork = fork
        self._unread: list[Problem] = []
        self._contents: dict[str, bytes] = {}
        self._parsed: dict[str, tuple[bytes, ReadFile]] = {}
        self._found: Tasks | None = None
        self._before_adding = b""
        self.is_alone = False
        """Whether others are kept from editing just now."""
        self.before_write: Callable[[str, bytes, bytes], None] = _unheard
        """Hears which file is to be written, how it is, and is to be, just before that."""

    def tasks(self) -> list[Task]:
        """Return all tasks of the work tree that stand in a line of their own."""
        return [each.task for each in self._tasks()]

    def look(self, key: str) -> Task:
        """Return a task as it stands in its file.

        Raises:
            EditError: No file of this work tree holds it.
        """
        return self._find(key).task

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other edits of this clone away, and see the files as they have left them.

        Where that cannot be, only what is to be written is refused.
        """
        if self.is_alone:
            yield
            return
        with self._lock:
            with contextlib.suppress(SetupError):
                self.is_alone = self._lock.acquire(WAIT)
            try:
                for path in tuple(self._contents):
                    with contextlib.suppress(EditError):
                        self._note(path, self._tree.read(path))
                yield
            finally:
                self.is_alone = False

    def set(
        self,
        key: str,
        status: Status | None = None,
        assignee: str | None = None,
        word: str | None = None,
    ) -> Edited:
        """Set the status of a task, its assignee, or both; '' takes the assignee out.

        Args:
            key: The task's key, its name alone, or ``path:line``.
            status: What to set it to; None leaves it.
            assignee: Whom to assign it to; None leaves it, '' takes it out.
            word: What the file had called that status, '' if nothing stood there.

        Raises:
            EditError: There is no such task, or its file cannot be edited so.
        """

        def edits(place: int) -> list[Edit]:
            found: list[Edit] = []
            if assignee is not None:
                name = assignee.removeprefix("@")
                found.append(Claim(place, name) if name else Unclaim(place))
            return found + ([SetStatus(place, status, word)] if status is not None else [])

        return self._edit(key, edits)

    def remove(self, key: str) -> Edited:
        """Take a completed task out of a file of TASKS.md v1.0.

        Raises:
            EditError: There is no such task, or its dialect knows no removal.
        """
        return self._edit(key, lambda place: [Remove(place)])

    def add(self, path: str, edit: AddTask) -> Edited:
        """Add a task to a file.

        Raises:
            EditError: The file is no task file, or cannot be edited so.
        """
        found = [name for name, each in self._sources.items() if each.matches(path, self._settings)]
        if not found:
            raise EditError(f"{path}: is no task file; 'kanban-sync files' lists those that are")
        edit = replace(edit, title=" ".join(edit.title.split()))
        self._paths[path] = path
        self._found = None
        known = {each.task.key for each in self._tasks()}
        source = self._sources[found[0]]

        def change(data: bytes) -> bytes:
            self._before_adding = data
            return source.edit(path, data, edit, self._settings)

        self.change(path, change)
        new = next(each for each in self._tasks() if each.task.key not in known)
        return edited(new.task, "added")

    def take_back(self, path: str) -> None:
        """Take out again what was added to a file last, unless somebody has written it since.

        Raises:
            EditError: The file cannot be written.
        """
        added = self._content(path)
        self.change(path, lambda data: self._before_adding if data == added else data)

    def _edit(self, key: str, edits: Callable[[int], list[Edit]]) -> Edited:
        before = self._find(key)
        source = self._sources[before.source]
        is_changed = False

        def change(data: bytes) -> bytes:
            nonlocal before, is_changed
            # Somebody may have changed the file since: the task is looked for again.
            before = self._find(str(before.task.key))
            new = data
            for edit in edits(before.place):
                new = source.edit(before.task.path, new, edit, self._settings)
            is_changed = new != data
            return new

        self.change(before.task.path, change)
        if not is_changed:
            return edited(before.task, "unchanged")
        # Another file may have had the same id, which is free now.
        same = (before.task.key, before.task.path)
        found = (each for each in self._tasks() if (each.task.key, each.task.path) == same)
        after = next(found, None)
        if after is not None:
            return edited(after.task, "changed")
        return edited(before.task._replace(status=Status.DONE), "removed")

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        """Change a file under the lock, anew if somebody else wrote it meanwhile.

        Raises:
            EditError: The file cannot be written.
        """
        if self.is_alone:
            self._replace(path, change)
            return
        if not self._lock.acquire(WAIT):
            raise EditError(f"{path}: another command is changing files here; try again")
        with self._lock:
            self._replace(path, change)

    def _replace(self, path: str, change: Callable[[bytes], bytes]) -> None:
        for _ in range(ATTEMPTS):
            data = self._tree.read(path)
            self._note(path, data)
            new = change(data)
            if new == data:
                return
            self.before_write(path, data, new)
            if self._tree.replace(path, data, new):
                self._note(path, new)
                return
        raise EditError(f"{path}: somebody else is writing it again and again; try again")

    @contextlib.contextmanager
    def as_if(self, path: str, data: bytes) -> Iterator[None]:
        """Find tasks meanwhile as if a file were so already."""
        was = self._content(path), self._parsed.get(path), dict(self._slots), self._found
        self._note(path, data)
        try:
            yield
        finally:
            self._contents[path], parsed, self._slots, self._found = was
            self._parsed.pop(path, None)
            if parsed is not None:
                self._parsed[path] = parsed

    # --- finding --------------------------------------------------------------------------------

    def _find(self, key: str) -> Found:
        tasks = self._tasks()
        found = tasks.find(key)
        if len(found) == 1:
            return found[0]
        if found:
            raise EditError(str(several(key, [each.task for each in found])))
        raise EditError(self._unknown(key, tasks))

    def _unknown(self, key: str, tasks: Sequence[Found]) -> str:
        if any(key in {unit.name, f"{unit.source}:{unit.name}"} for unit in self._units()):
            return f"{key} is a change, whose status follows from its boxes; name one of its tasks"
        keys: dict[str, list[str]] = {}
        for each in tasks:
            for name in {name_of(each.task) for name_of in NAMES if name_of is not place_of}:
                keys.setdefault(name, []).append(key_of(each.task))
        found = difflib.get_close_matches(key, keys, 3)
        close = ", ".join(dict.fromkeys(one for name in found for one in keys[name][:3]))
        hint = f"; close to it: {close}" if close else "; a task's 'path:line' names it, too"
        bad = "".join(f"\n{problem}" for problem in self._unread)
        return f"no task file of this work tree holds {key}{hint}{bad}"

    def _units(self) -> Iterator[Unit]:
        for source in self._sources.values():
            for unit in source.units(self._paths, self._content, self._settings):
                if not unit.archived:
                    yield unit

    def _tasks(self) -> Tasks:
        """Return all tasks of the work tree, read again only after something was changed."""
        if self._found is None:
            self._found = Tasks(self._scan())
        return self._found

    def _scan(self) -> Iterator[Found]:
        """Yield all tasks of the work tree that stand in a line of their own."""
        self._unread = []
        taken: dict[str, str] = {}
        for unit in self._units():
            source = self._sources[unit.source]
            read = [self._read(source, file) for file in unit.files if not file.is_text]
            bad = [each for file in read for each in file.document.problems if each.fatal]
            self._unread += bad
            places: Counter[str] = Counter()
            for task in [] if bad else tasks_of(unit, self._project, read, source.status_of_unit):
                if unit.name and task.parent is None:
                    continue
                own = task if unit.name else renamed(task, taken)
                yield Found(own, unit.source, places[task.path])
                places[task.path] += 1

    def _content(self, path: str) -> bytes:
        """Return a file as it was when this command came to it first, or wrote it."""
        if path not in self._contents:
            self._contents[path] = self._tree.read(path)
        return self._contents[path]

    def _note(self, path: str, data: bytes) -> None:
        """Note how a file is by now."""
        if self._contents.get(path) != data:
            self._contents[path] = data
            self._found = None

    def _read(self, source: Source, file: TaskFile) -> ReadFile:
        """Read a file and carry over the keys that its tasks had when they were last synced."""
        data = self._content(file.path)
        if file.path in self._parsed and self._parsed[file.path][0] is data:
            return self._parsed[file.path][1]
        document = source.parse(file.path, data, self._settings)
        slot = f"{source.NAME}:{file.slot}"
        before = self._slots.get(slot, EMPTY)
        change = SlotChange(UNKNOWN, (), hashlib.sha256(data).hexdigest(), file.path)

        def fork() -> Document | None:
            then = self._fork(file.path, before.blob)
            return None if then is None else source.parse(file.path, then, self._settings)

        state = follow_forked(before, change, document, source.gone_means_done, fork)
        if document.readable:
            self._slots[slot] = state
        read = ReadFile(file, document, state)
        self._parsed[file.path] = (data, read)
        return read


def open_editor(
    checkout: Checkout,
    settings: Settings,
    repository: GitRepository,
    store: TaskStore | None,
    snapshots: Snapshots | None = None,
) -> Editor:
    """Return what edits the tasks of a work tree, by the keys that they have by now."""
    git_dir = checkout.git_dir(checkout.worktree)
    watched = pathspecs(SOURCES, settings.sources)
    return Editor(
        WorkTree(checkout.top, git_dir),
        repository.present(checkout.top, git_dir, watched),
        SOURCES,
        settings.sources,
        checkout.project(settings, repository),
        effective(store.files().slots) if store is not None else {},
        checkout.state.path / LOCK,
        (snapshots or Snapshots(checkout, settings)).fork,
    )


def _unheard(_path: str, _before: bytes, _after: bytes) -> None:
    """Let nobody hear of what is written."""
