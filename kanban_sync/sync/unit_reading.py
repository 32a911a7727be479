"""Reads the units of the base layer, lays over them what the others say, and tells what is gone."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.assemble import ReadFile, tasks_of, vanished, with_newest
from kanban_sync.core.clones import own_of
from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.following import deletions, follow, removal_of, without_file
from kanban_sync.core.model import UNKNOWN, Problem, TaskKey, Version
from kanban_sync.core.moves import NO_WORDS, histories
from kanban_sync.core.overlay import overlaid
from kanban_sync.core.ports import FilesState
from kanban_sync.core.sides import Side
from kanban_sync.core.slots import (
    EMPTY,
    SlotChange,
    Slots,
    SlotState,
    emptied,
    heirs,
    left,
    slots_of,
)
from kanban_sync.core.unmerged import Laid, with_layers
from kanban_sync.core.vanishing import held_in
from kanban_sync.sync.known import Known, standing_in
from kanban_sync.sync.outcome import Reading
from kanban_sync.sync.overlays import Overlays, States, all_wanted
from kanban_sync.sync.parsing import hash_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kanban_sync.core.model import Document, Task
    from kanban_sync.core.moves import Histories, Words
    from kanban_sync.core.ports import Layer, Source, TaskFile, Unit
    from kanban_sync.sync.parsing import Parsing

LINKED = (
    "is a symbolic link now, and links are not followed; until a file is there again, or nothing,"
    " it counts as it last was."
)


class Behind(NamedTuple):
    """The folder around a file that is a link, and the link's blob."""

    folder: str
    blob: str


class _Found(NamedTuple):
    """A unit of the base layer: its tasks as they are known, or, if it was read, its files."""

    unit: Unit
    tasks: Sequence[Task] = ()
    files: tuple[ReadFile, ...] | None = None


class UnitReader:
    """Reads all units of one pass."""

    def __init__(  # noqa: PLR0913 - what reads, what is read, and what is known
        self,
        parsing: Parsing,
        layer: Layer,
        known: Sequence[Task],
        files: FilesState,
        behind: Mapping[str, Behind],
        overlays: Mapping[str, Overlays],
    ) -> None:
        self._parsing = parsing
        self._layer = layer
        self._known = Known(known)
        self._files = files
        self._behind = behind
        self._overlays = overlays
        self._wanted = all_wanted(overlays.values())
        self._were = slots_of(files.slots)
        self._is_first = not files.tips
        self._deleted: dict[str, Version] = {}
        self._tasks: dict[TaskKey, Task] = {}
        self._slots: dict[str, SlotState] = {}
        self._units: dict[str, SlotState] = {}
        self._gone: dict[str, SlotState] = {}
        self._merged: dict[str, SlotState] = {}
        self._kept: dict[str, list[SlotState]] = {}
        self._problems: list[Problem] = []
        self._links: dict[str, str] = {}
        self._left: set[str] = set()
        self._unread: dict[str, SlotState] = {}
        self._moved: dict[str, str] = {}
        self._taken_out: dict[tuple[str, str], str] = {}

    def read(self, tips: Mapping[str, str], commits: frozenset[str]) -> Reading:
        """Read all units and find out what vanished; tips and commits are what is read.

        The problems are those of the base layer's files.
        """
        self._deleted = deletions(self._layer.log, self._were.base)
        for name, source in self._parsing.sources.items():
            self._read_source(name, source)
        forks = {key: each for over in self._overlays.values() for key, each in over.forks.items()}
        slots = Slots({**self._gone, **self._slots, **self._units}, self._merged, forks)
        now = {**self._slots, **self._merged}.values()
        by_path = {state.path: state for state in now if state.path}
        own = own_of(self._deleted, self._files, self._unread)
        gone = vanished(self._known.all, set(self._tasks), by_path, own)
        if self._parsing.asked.is_strict:
            gone = with_layers(gone, self._known.all, self._tasks, self._taken_out)
        return Reading(
            tuple(self._tasks.values()),
            tuple(gone),
            FilesState(tips, slots.named(), commits=commits),
            tuple(self._problems),
            self._layer.name,
            self._layer.tip,
            is_new=True,
        )

    def _read_source(self, name: str, source: Source) -> None:
        """Read the units of a source, and what layers make of them."""
        settings = self._parsing.settings
        links = self._dead_links(name, source)
        tree = {**self._layer.tree, **links} if links else self._layer.tree
        texts = partial(self._texts, source) if source.MOVES else None
        changes = histories(self._layer.log, self._parsing.slots_of(source), texts)
        self._left |= {f"{name}:{slot}" for slot in changes.left}
        groups = dict.fromkeys(self._overlays[name].groups)
        if source.MOVES and groups:
            self._moved |= self._moved_slots(name, tree, changes)
        found: list[tuple[str, _Found]] = []
        for unit in source.units(tree, self._parsing.contents.content, settings):
            group = source.group(_path_in(unit), settings) if groups else ""
            here = [group, *self._moved_to(name, group)]
            is_alone = groups.keys().isdisjoint(here)
            read = self._read_unit(name, source, unit, changes, is_alone=is_alone)
            if read is not None:
                found.append((group, read))
            for each in here:
                groups.pop(each, None)
        self._gone |= self._gone_slots(name, source, changes)
        for group, unit_found in found:
            self._settle(name, source, group, unit_found)
        for group in groups:
            self._settle(name, source, group, None)

    def _moved_slots(
        self, name: str, tree: Mapping[str, str], changes: Histories
    ) -> dict[str, str]:
        """Return where files lie now that others may have in the place from which they came."""
        prefix = f"{name}:"
        found = heirs({k: v for k, v in self._were.base.items() if k.startswith(prefix)})
        found |= {f"{prefix}{old}": f"{prefix}{new}" for new, old in changes.origins.items()}
        return {
            old: new
            for old, new in found.items()
            if old.removeprefix(prefix) not in tree and new.removeprefix(prefix) in tree
        }

    def _moved_to(self, name: str, group: str) -> list[str]:
        """Return the groups whose files lie in this one now; a file that moves is its own group."""
        slot, prefix = f"{name}:{group}", f"{name}:"
        return [old.removeprefix(prefix) for old, new in self._moved.items() if new == slot]

    # --- the base layer -----------------------------------------------------------------------

    def _dead_links(self, name: str, source: Source) -> dict[str, str]:
        """Return links in place of files that held tasks; not those to a file that is read."""
        settings = self._parsing.settings
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
        target = self._parsing.contents.content(blob).decode("utf-8", "replace")
        link = self._behind[path].folder if path in self._behind else path
        there = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        return f"{there}{path[len(link) :]}"

    def _gone_slots(self, name: str, source: Source, changes: Histories) -> dict[str, SlotState]:
        """Return what is known of files that are gone: they may come back, with their keys."""
        prefix = f"{name}:"
        there = self._slots.keys() | self._units.keys()
        # Of a file that came and went since the last pass, branches may still speak.
        were = {k: v for k, v in self._were.base.items() if k.startswith(prefix)}
        found: dict[str, SlotState] = {}
        for slot in dict.fromkeys((*were, *self._overlays[name].slots())):
            if slot in there:
                continue
            state = were.get(slot, EMPTY)
            if slot in self._left:
                found[slot] = left(state)
                continue
            if changes.changes.get(slot.removeprefix(prefix)):
                last = self._followed(slot, source, slot, changes, None)
                state = last if last.blob else state
            found[slot] = without_file(slot, state, self._deleted)
        return {slot: state for slot, state in found.items() if state.blob}

    def _texts(self, source: Source, path: str, blob: str) -> Words:
        """Return the words of the tasks of a content; none where this clone does not have it."""
        try:
            return self._parsing.words(source, path, blob)
        except MissingObjectError:
            return NO_WORDS

    def _read_unit(
        self, name: str, source: Source, unit: Unit, changes: Histories, *, is_alone: bool
    ) -> _Found | None:
        """Read a unit, if it is not as it was; None if it is none of our tasks."""
        origin = changes.origins.get(unit.path, "")
        before = self._known.of_unit(unit, self._parsing.project, origin)
        # A unit has a slot of its own: its content is which files it has, and where.
        slot = f"{name}:={unit.name or unit.path}"
        files = [(file.path, file.blob) for file in unit.files]
        state = SlotState(hash_of((unit.path, unit.archived, files)), unit.path)
        if self._is_history(unit, before, slot):
            self._units[slot] = state
            return None
        slots = [f"{name}:{file.slot}" for file in unit.files]
        # Of what was changed and changed back since, the files tell nothing, but the versions do.
        is_untouched = not any(changes.changes.get(file.slot) for file in unit.files)
        # Where others speak of these tasks, too, the database does not tell what is in our files.
        is_ours = bool(before and self._layer.since and not self._files.is_shared)
        is_alone = is_alone and not any(each in self._were.merged for each in slots)
        if is_ours and is_untouched and is_alone and self._were.base.get(slot) == state:
            self._units[slot] = state
            states = {each: self._were.base[each] for each in slots}
            self._slots |= states
            tasks = before if unit.name else standing_in(before, states.values())
            return _Found(unit, tasks)
        read = tuple(self._read_file(name, source, file, changes) for file in unit.files)
        self._problems += [problem for each in read for problem in each.document.problems]
        if all(each.document.readable for each in read):
            self._units[slot] = state
            return _Found(unit, files=read)
        # The last good state stays until the file can be read again.
        self._unread |= {slot: state, **{each: self._slots[each] for each in slots}}
        good = self._parsing.last_good(source, read)
        if good:
            return _Found(unit, files=good)
        were = self._were.merged
        self._merged |= {each: were[each] for each in slots if each in were}
        return _Found(unit, before)

    def _is_history(self, unit: Unit, before: Sequence[Task], slot: str) -> bool:
        """Whether the change was archived before the first pass, and so is none of our tasks."""
        if not unit.archived or before or self._parsing.with_archive:
            return False
        return self._is_first or slot in self._were.base

    def _read_file(self, name: str, source: Source, file: TaskFile, changes: Histories) -> ReadFile:
        slot = f"{name}:{file.slot}"
        origin = f"{name}:{changes.origins.get(file.slot, file.slot)}"
        before = self._were.base.get(origin, EMPTY)
        parse = self._parsing.parser(
            source,
            held_in(before, name),
            lambda path, blob: LINKED if self._links.get(path) == blob else "",
        )
        end = SlotChange(UNKNOWN, (), file.blob, file.path)
        state = self._followed(slot, source, origin, changes, end, parse)
        is_lost = before.path == file.path and before.tasks and not state.tasks
        if is_lost and not parse(file.path, file.blob).readable:
            # Read anew by other settings, no content may be one that can be believed.
            state = replace(before, blob=file.blob, good=before.good or before.blob)
        self._slots[slot] = state
        return ReadFile(file, parse(file.path, file.blob), state)

    def _followed(  # noqa: PLR0913 - as ``follow``
        self,
        slot: str,
        source: Source,
        origin: str,
        changes: Histories,
        end: SlotChange | None,
        parse: Callable[[str, str], Document] | None = None,
    ) -> SlotState:
        """Follow a slot, and keep the states on the way if a layer forks off there."""
        kept: list[SlotState] = []
        state = follow(
            self._were.base.get(origin, EMPTY) if self._layer.since else EMPTY,
            changes.changes.get(slot.removeprefix(f"{source.NAME}:"), ()),
            end,
            parse or self._parsing.parser(source),
            source.gone_means_done,
            lambda blob: source.ids_in(self._parsing.contents.content(blob)),
            kept,
            changes.descent,
        )
        for each in (slot, *(old for old, new in self._moved.items() if new == slot)):
            if each in self._wanted:
                self._kept[each] = kept
        return state

    # --- all layers ---------------------------------------------------------------------------

    def _settle(self, name: str, source: Source, group: str, found: _Found | None) -> None:
        """Take the tasks of a unit, as all layers together leave it."""
        if found is not None and found.files is None:
            self._take(found.tasks)
            return
        overlays = self._overlays[name]
        groups = [each for each in (group, *self._moved_to(name, group)) if overlays.touch(each)]
        if found is not None and not groups:
            self._take_unit(source, found.unit, found.files or ())
            return
        states = {**self._gone, **self._slots}
        said = [
            overlay.renamed(self._moved)
            for each in groups
            for overlay in overlays.of(each, States(states, self._kept), is_first=self._is_first)
        ]
        files = {f"{name}:{each.file.slot}": each for each in (found and found.files) or ()}
        slots = {slot for each in said for slot in each.slots if slot not in files}
        had = {slot: states[slot] for slot in slots if slot in states and states[slot].is_gone}
        if found is None:
            gone = max((removal_of(states.get(each)) for each in slots), default=UNKNOWN)
            side = Side(None, {}, gone, had=had)
        else:
            side = Side(found.unit, files, had=had)
        merged = overlaid(side, said)
        if merged.unit is None:
            for slot, read in side.files.items():
                self._merged[slot] = emptied(read.state, merged.gone)
                self._deleted[read.file.path] = merged.gone
            if side.unit is not None:
                self._deleted[side.unit.path] = merged.gone
            return
        self._merged |= {slot: read.state for slot, read in merged.files.items()}
        if side.unit is None:
            unit = merged.unit
            slot = f"{name}:={unit.name or unit.path}"
            self._merged[slot] = SlotState(hash_of((unit.path, unit.archived)), unit.path)
        self._take_unit(source, merged.unit, tuple(merged.files.values()), Laid(side, merged, said))

    def _take_unit(
        self, source: Source, unit: Unit, read: Sequence[ReadFile], laid: Laid | None = None
    ) -> None:
        tasks = tasks_of(unit, self._parsing.project, read, source.status_of_unit)
        if self._parsing.asked.is_strict and laid is not None:
            tasks = laid.told(tasks, self._parsing.project, source)
            self._taken_out |= laid.taken_out(source.NAME)
        self._take(with_newest(tasks) if self._files.is_shared else tasks)

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


def _path_in(unit: Unit) -> str:
    """Return a path that lies in a unit."""
    return unit.files[0].path if unit.files else f"{unit.path}/."
