"""What the files say now: only units that changed since the last pass are read again."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync.core.assemble import Own, ReadFile, tasks_of, vanished, with_newest
from kanban_sync.core.clones import record_of
from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.findings import EMPTIED
from kanban_sync.core.following import deletions, follow, without_file
from kanban_sync.core.model import UNKNOWN, Document, Problem, TaskKey, Version
from kanban_sync.core.moves import NO_WORDS, histories, words_of
from kanban_sync.core.ports import FilesState
from kanban_sync.core.slots import EMPTY, SlotChange, SlotState, left
from kanban_sync.sync.known import Known, by_their_ids
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kanban_sync.core.model import Task
    from kanban_sync.core.moves import Histories, Words
    from kanban_sync.core.ports import Layer, Repository, Source, SourceSettings, TaskFile, Unit

READERS = ":readers"
"""Among the tips: a hash of what reads the files. A new release reads everything again."""

FOLLOWED = "assignees"
"""What is known of a task's history besides its words and its status; anew where that grows."""

LINKED = (
    "is a symbolic link now, and links are not followed; until a file is there again, or nothing,"
    " it counts as it last was."
)


class Contents(Protocol):
    """Where the bytes of blobs come from."""

    def content(self, name: str) -> bytes:
        """Return the bytes of one blob."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """All tasks that the files hold, what became of the others, and what to remember.

    ``is_new`` tells whether anything was read at all; if not, the tasks are the database's.
    """

    tasks: tuple[Task, ...]
    gone: tuple[Task, ...]
    files: FilesState
    problems: tuple[Problem, ...]
    branch: str
    tip: str
    is_new: bool


class _Behind(NamedTuple):
    """The folder around a file that is a link, and the link's blob."""

    folder: str
    blob: str


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources with their settings, and what is known from the last pass."""

    sources: Mapping[str, Source]
    settings: SourceSettings
    contents: Contents
    project: str
    with_archive: bool

    def digest(self) -> str:
        """Return a hash of the parsers, of where they look, and of what they take."""
        parsers = [(name, source.PARSER) for name, source in sorted(self.sources.items())]
        return _hash((FOLLOWED, parsers, self.settings, self.with_archive))


def read_files(  # noqa: PLR0913 - the two ports, what reads, and what is known
    repository: Repository,
    contents: Contents,
    sources: Mapping[str, Source],
    settings: SourceSettings,
    project: str,
    known: Callable[[], Sequence[Task]],
    files: FilesState,
    *,
    with_archive: bool = False,
) -> Reading | None:
    """Read what the repository says at the commit of its layer; None before any commit.

    Args:
        repository: Where the layers come from.
        contents: Where the bytes come from.
        sources: The dialects by name.
        settings: Where they look.
        project: The project's id.
        known: Reads all tasks of the database; only called if something is new.
        files: What the last pass recorded.
        with_archive: Whether changes that were archived before the first pass become tasks.
    """
    all_sources = _Sources(sources, settings, contents, project, with_archive)
    digest = all_sources.digest()
    same_readers = files.tips.get(READERS) == digest
    watched = pathspecs(sources, settings)
    since = files.tips if same_readers else {}
    layers = repository.layers(watched, since, whole=files.has_news)
    if not layers:
        return None
    layer = layers[0]
    if same_readers and layer.since == layer.tip and not files.has_news:
        return Reading((), (), files, (), layer.name, layer.tip, is_new=False)
    if layer.since and _forks_before(layer, all_sources, files):
        layer = repository.layers(watched, {})[0]
    reader = _Reader(all_sources, layer, known(), files, _behind_links(repository, layer, files))
    return reader.read({layer.name: layer.tip, READERS: digest})


def _behind_links(repository: Repository, layer: Layer, files: FilesState) -> dict[str, _Behind]:
    """Return files that held tasks, and in place of whose folder there is a symbolic link now."""
    gone = [
        state.path
        for state in files.slots.values()
        if state.tasks
        and state.path
        and not {state.path} & (layer.tree.keys() | layer.links.keys())
    ]
    folders = {path: _folders_of(path) for path in gone}
    every = {folder for each in folders.values() for folder in each}
    links = repository.links(layer.tip, every) if every else {}
    return {
        path: _Behind(folder, links[folder])
        for path, each in folders.items()
        for folder in each
        if folder in links
    }


def _folders_of(path: str) -> list[str]:
    return [path[:end] for end, char in enumerate(path) if char == "/"]


def _forks_before(layer: Layer, sources: _Sources, files: FilesState) -> bool:
    """Whether a commit since the last pass goes back to a content that nobody remembers.

    So it is where a branch is merged that was begun before the last pass. What became of its
    contents is in the whole history only.
    """
    contents = {slot: {state.blob} for slot, state in files.slots.items()}
    slots_of = {name: _slots_of(each, sources.settings) for name, each in sources.sources.items()}
    for entry in layer.log:
        for change in entry.changes:
            for name, slot_of in slots_of.items():
                known = contents.get(f"{name}:{slot_of(change.path)}")
                if known is not None:
                    if any(blob and blob not in known for blob in change.old):
                        return True
                    known.add(change.new)
    return False


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


class _Reader:
    """Reads the units of one layer."""

    def __init__(
        self,
        sources: _Sources,
        layer: Layer,
        known: Sequence[Task],
        files: FilesState,
        behind: Mapping[str, _Behind],
    ) -> None:
        self._behind = behind
        self._sources = sources
        self._layer = layer
        self._known = Known(known)
        self._files = files
        self._is_first = not files.tips
        self._tasks: dict[TaskKey, Task] = {}
        self._slots: dict[str, SlotState] = {}
        self._units: dict[str, SlotState] = {}
        self._problems: list[Problem] = []
        self._links: dict[str, str] = {}
        self._left: set[str] = set()
        self._unread: dict[str, SlotState] = {}

    def read(self, tips: Mapping[str, str]) -> Reading:
        """Read all units and find out what vanished."""
        for name, source in self._sources.sources.items():
            settings = self._sources.settings
            links = self._dead_links(name, source)
            tree = {**self._layer.tree, **links} if links else self._layer.tree
            texts = partial(self._texts, source) if source.MOVES else None
            changes = histories(self._layer.log, _slots_of(source, settings), texts)
            self._left |= {f"{name}:{slot}" for slot in changes.left}
            for unit in source.units(tree, self._sources.contents.content, settings):
                self._read_unit(name, source, unit, changes)
        by_path = {state.path: state for state in self._slots.values()}
        deleted = deletions(self._layer.log, self._files.slots)
        gone = vanished(self._known.all, set(self._tasks), by_path, self._own(deleted))
        return Reading(
            tuple(self._tasks.values()),
            tuple(gone),
            FilesState(
                tips,
                {**self._gone_slots(deleted), **self._slots, **self._units},
                commits=frozenset(entry.commit for entry in self._layer.log),
            ),
            tuple(self._problems),
            self._layer.name,
            self._layer.tip,
            is_new=True,
        )

    def _dead_links(self, name: str, source: Source) -> dict[str, str]:
        """Return links in place of files that held tasks; not those to a file that is read."""
        settings = self._sources.settings
        found: dict[str, str] = {}
        behind = {path: each.blob for path, each in self._behind.items()}
        for path, blob in {**self._layer.links, **behind}.items():
            if not source.matches(path, settings):
                continue
            slot = f"{name}:{source.slot(path, settings)}"
            target = self._leads_to(path, blob)
            is_moved = target in self._layer.tree and source.matches(target, settings)
            if self._files.slots.get(slot, EMPTY).tasks and not is_moved:
                found[path] = blob
        self._links |= found
        return found

    def _leads_to(self, path: str, blob: str) -> str:
        target = self._sources.contents.content(blob).decode("utf-8", "replace")
        link = self._behind[path].folder if path in self._behind else path
        there = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        return f"{there}{path[len(link) :]}"

    def _own(self, deleted: Mapping[str, Version]) -> Own:
        """Return what may be said of tasks that no file of this clone holds."""
        if not self._files.is_shared:
            return Own(deleted)
        before, unread = record_of(self._files.slots), record_of(self._unread)
        return Own(deleted, before.held, unread.held)

    def _gone_slots(self, deleted: Mapping[str, Version]) -> dict[str, SlotState]:
        """Return what is known of files that are gone: they may come back, with their keys."""
        gone = self._files.slots.keys() - self._slots.keys() - self._units.keys()
        states = {slot: self._files.slots[slot] for slot in gone}
        return {
            slot: left(state) if slot in self._left else without_file(slot, state, deleted)
            for slot, state in states.items()
        }

    def _texts(self, source: Source, path: str, blob: str) -> Words:
        """Return the words of the tasks of a content; none where this clone does not have it."""
        try:
            data = self._sources.contents.content(blob)
        except MissingObjectError:
            return NO_WORDS
        return words_of(source.parse(path, data, self._sources.settings))

    def _read_unit(self, name: str, source: Source, unit: Unit, changes: Histories) -> None:
        origin = changes.origins.get(unit.path, "")
        before = self._known.of_unit(unit, self._sources.project, origin)
        # A unit has a slot of its own: its content is which files it has, and where.
        slot = f"{name}:={unit.name or unit.path}"
        files = [(file.path, file.blob) for file in unit.files]
        state = SlotState(_hash((unit.path, unit.archived, files)), unit.path)
        if self._is_history(unit, before, slot):
            self._units[slot] = state
            return
        # Of what was changed and changed back since, the files tell nothing, but the versions do.
        is_untouched = not any(changes.changes.get(file.slot) for file in unit.files)
        # Where others speak of these tasks, too, the database does not tell what is in our files.
        is_ours = bool(before and self._layer.since and not self._files.is_shared)
        if is_ours and is_untouched and self._files.slots.get(slot) == state:
            self._units[slot] = state
            slots = [f"{name}:{file.slot}" for file in unit.files]
            states = {each: self._files.slots[each] for each in slots}
            self._slots |= states
            self._take(by_their_ids(before, states.values()))
            return
        read = [self._read_file(name, source, file, changes) for file in unit.files]
        self._problems += [problem for each in read for problem in each.document.problems]
        if all(each.document.readable for each in read):
            self._units[slot] = state
            tasks = tasks_of(unit, self._sources.project, read, source.status_of_unit)
            self._take(with_newest(tasks) if self._files.is_shared else tasks)
        else:
            # The last good state stays until the file can be read again.
            self._take(before)
            files_too = (f"{name}:{file.slot}" for file in unit.files)
            self._unread |= {slot: state, **{each: self._slots[each] for each in files_too}}

    def _is_history(self, unit: Unit, before: Sequence[Task], slot: str) -> bool:
        """Whether the change was archived before the first pass, and so is none of our tasks."""
        if not unit.archived or before or self._sources.with_archive:
            return False
        return self._is_first or slot in self._files.slots

    def _read_file(
        self,
        name: str,
        source: Source,
        file: TaskFile,
        changes: Histories,
    ) -> ReadFile:
        documents: dict[tuple[str, str], Document] = {}
        settings = self._sources.settings
        slot = f"{name}:{file.slot}"
        origin = f"{name}:{changes.origins.get(file.slot, file.slot)}"
        had_tasks = bool(self._files.slots.get(origin, EMPTY).tasks)

        def parse(path: str, blob: str) -> Document:
            if (path, blob) not in documents:
                data = self._sources.contents.content(blob)
                is_emptied = had_tasks and not data.strip()
                problem = LINKED if self._links.get(path) == blob else EMPTIED if is_emptied else ""
                documents[path, blob] = (
                    Document((), (Problem(path, 0, problem, fatal=True),))
                    if problem
                    else source.parse(path, data, settings)
                )
            return documents[path, blob]

        state = follow(
            self._files.slots.get(origin, EMPTY) if self._layer.since else EMPTY,
            changes.changes.get(file.slot, ()),
            SlotChange(UNKNOWN, (), file.blob, file.path),
            parse,
            source.gone_means_done,
            lambda blob: source.ids_in(self._sources.contents.content(blob)),
        )
        self._slots[slot] = state
        return ReadFile(file, parse(file.path, file.blob), state)

    def _take(self, tasks: Iterable[Task]) -> None:
        """Add tasks; an id that two files give is the first one's, the other goes by its path."""
        renamed: dict[TaskKey, TaskKey] = {}
        for task in tasks:
            key = task.key
            top, below, own = key.name.partition("#")
            root = key._replace(name=top)
            if below and root in renamed:
                key = key._replace(name=f"{renamed[root].name}#{own}")
            elif (taken := self._tasks.get(key)) is not None:
                other = f"{taken.path}:{taken.line}"
                text = f"the id {key.name} is also given in {other}; use another one"
                self._problems.append(Problem(task.path, task.line, text))
                key = key._replace(name=f"{task.path}/{key.name}")
            if key != task.key:
                renamed[task.key] = key
            parent = renamed.get(task.parent) if task.parent is not None else None
            self._tasks.setdefault(key, task._replace(key=key, parent=parent or task.parent))


def _slots_of(source: Source, settings: SourceSettings) -> Callable[[str], str | None]:
    def slot_of(path: str) -> str | None:
        return source.slot(path, settings) if source.matches(path, settings) else None

    return slot_of
