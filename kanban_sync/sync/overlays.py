"""What other layers than the base layer say of units: as they are there, and at their forks."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.assemble import ReadFile
from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.following import deletions, follow
from kanban_sync.core.layers import carry
from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.moves import NO_WORDS, histories
from kanban_sync.core.sides import Former, Overlay, Side
from kanban_sync.core.slots import (
    EMPTY,
    SlotChange,
    SlotState,
    at_fork,
    fork_name,
    fork_slot,
    slots_of,
)
from kanban_sync.core.vanishing import held_in
from kanban_sync.sync.branch_problems import BranchProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.model import Document
    from kanban_sync.core.moves import Histories, Words
    from kanban_sync.core.ports import Layer, Source, TaskFile, Unit
    from kanban_sync.sync.parsing import Parsing
    from kanban_sync.sync.remembered import Remembered

Files = dict[str, str]
"""Path -> blob id."""

Wanted = dict[str, set[tuple[str, int]]]
"""A slot's full name -> the contents that it had, and the times of the commits."""


class _Place(NamedTuple):
    """What a source finds in a group, in one tree; the time of a fork's commit."""

    unit: Unit | None
    time: int = 0

    @property
    def files(self) -> tuple[TaskFile, ...]:
        return self.unit.files if self.unit is not None else ()


class States(NamedTuple):
    """The states of the base layer's slots: as they are now, and all that were met on the way."""

    now: Mapping[str, SlotState]
    kept: Mapping[str, Sequence[SlotState]]


class _View(NamedTuple):
    """One group of files as a layer has it, and as its forks had it."""

    layer: Layer
    changes: Histories
    here: _Place
    forks: tuple[_Place, ...]


class _Task(NamedTuple):
    """A file of a layer that is to be read: its slot in the base layer, and where that began.

    ``earlier`` are states before that one: a layer that has taken in the base layer since has
    commits of its own that come from them.
    """

    file: TaskFile
    slot: str
    start: SlotState
    earlier: tuple[SlotState, ...]
    steps: Sequence[SlotChange]
    key: str


class Overlays:
    """What the layers of one pass say of the units of one source, by group."""

    def __init__(  # noqa: PLR0913 - what reads, what is read, and what is known
        self,
        parsing: Parsing,
        source: Source,
        base: Layer,
        layers: Sequence[Layer],
        known: Mapping[str, SlotState],
        remembered: Remembered,
    ) -> None:
        """Find out which groups layers touch; nothing is parsed yet.

        Args:
            parsing: What reads.
            source: The dialect.
            base: The base layer.
            layers: The others.
            known: What was kept of slots at the last pass.
            remembered: What was read of branches at former passes.
        """
        self._parsing = parsing
        self._source = source
        self._remembered = remembered
        # Layers that fork off together have most contents in common.
        self._content = lru_cache(parsing.contents.content)
        self._is_lacking = False
        self._were: dict[str, list[SlotState]] = {}
        for name, state in slots_of(known).forks.items():
            self._were.setdefault(fork_slot(name), []).append(state)
        self.forks: dict[str, SlotState] = {}
        self.problems: list[BranchProblem] = []
        self._views: dict[str, list[_View]] = {}
        touching = [layer for layer in layers if any(map(self._is_ours, layer.changed))]
        if touching:
            here = self._grouped(base.tree)
            for layer in touching:
                self._look(layer, here)

    @property
    def groups(self) -> list[str]:
        """The groups that any layer touches."""
        return list(self._views)

    def touch(self, group: str) -> bool:
        """Tell whether any layer touches a group."""
        return group in self._views

    def wanted(self) -> Wanted:
        """Return which contents slots had where layers fork off, and when."""
        found: Wanted = {}
        for view in (view for views in self._views.values() for view in views):
            for fork in view.forks:
                for file in fork.files:
                    found.setdefault(self._name(file.slot), set()).add((file.blob, fork.time))
            there = {file.slot: file.blob for file in view.forks[0].files}
            for file in view.here.files:
                slot = _slot_of(view, file)
                for blob, time in _based_on(view, file):
                    if blob != there.get(slot):
                        found.setdefault(self._name(slot), set()).add((blob, time))
        return found

    def slots(self) -> set[str]:
        """Return the slots, by their full names, of which layers have files."""
        views = (view for views in self._views.values() for view in views)
        return {self._name(_slot_of(view, file)) for view in views for file in view.here.files}

    def of(self, group: str, states: States, *, is_first: bool) -> list[Overlay]:
        """Return what the layers say of a group.

        Args:
            group: One of ``groups``.
            states: The states that slots have, or had, in the base layer.
            is_first: Whether nothing was ever read: what was archived by then is none of our tasks.
        """
        seen: list[tuple[_View, tuple[Former, ...], list[_Task]]] = []
        for view in self._views[group]:
            forks = tuple(self._former(view, fork, states) for fork in view.forks)
            unit = view.here.unit
            if unit is not None and unit.archived and is_first and not forks[0].place:
                continue
            tasks = [self._task(view, forks[0], file, states) for file in view.here.files]
            seen.append((view, forks, tasks))
        self._remembered.load(task.key for _, _, tasks in seen for task in tasks)
        return [
            Overlay(view.layer.name, forks, self._side(view, forks[0], tasks))
            for view, forks, tasks in seen
        ]

    # --- which files --------------------------------------------------------------------------

    def _is_ours(self, path: str) -> bool:
        return self._source.matches(path, self._parsing.settings)

    def _name(self, slot: str) -> str:
        return f"{self._source.NAME}:{slot}"

    def _grouped(self, tree: Mapping[str, str]) -> dict[str, Files]:
        found: dict[str, Files] = {}
        group_of, settings = self._source.group, self._parsing.settings
        for path, blob in tree.items():
            if self._is_ours(path):
                found.setdefault(group_of(path, settings), {})[path] = blob
        return found

    def _look(self, layer: Layer, base: Mapping[str, Files]) -> None:
        source, settings = self._source, self._parsing.settings
        texts = self._texts if source.MOVES else None
        changes = histories(layer.log, self._parsing.slots_of(source), texts)
        changed = self._grouped(layer.changed)
        trees = [_patched(base, self._grouped(fork.changed)) for fork in layer.forks]
        mine = _patched(trees[0], changed)
        touched = {*trees[0], *mine} - {""} if "" in changed else set(changed)
        views: dict[str, _View] = {}
        for group in sorted(touched):
            views[group] = _View(
                layer,
                changes,
                self._place(mine, group),
                tuple(
                    self._place(tree, group)._replace(time=fork.time)
                    for tree, fork in zip(trees, layer.forks, strict=True)
                ),
            )
        for slot, origin in changes.origins.items():
            # A file that a layer moved is the file that it was.
            new, old = source.group(slot, settings), source.group(origin, settings)
            if new != old and new in views and old in views:
                views[old] = views[old]._replace(here=views.pop(new).here)
        for group, view in views.items():
            self._views.setdefault(group, []).append(view)

    def _place(self, tree: Mapping[str, Files], group: str) -> _Place:
        files = {**tree.get("", {}), **tree.get(group, {})}
        ordered = {path: files[path] for path in sorted(files)}
        units = self._source.units(ordered, self._content, self._parsing.settings)
        return _Place(next(iter(units), None))

    def _texts(self, path: str, blob: str) -> Words:
        try:
            return self._parsing.words(self._source, path, blob)
        except MissingObjectError:
            self._is_lacking = True
            return NO_WORDS

    # --- what they say ------------------------------------------------------------------------

    def _parser(self, before: SlotState) -> Callable[[str, str], Document]:
        parsed = self._parsing.parser(self._source, held_in(before, self._source.NAME))

        def parse(path: str, blob: str) -> Document:
            try:
                return parsed(path, blob)
            except MissingObjectError:
                self._is_lacking = True
                raise

        return parse

    def _former(self, view: _View, place: _Place, states: States) -> Former:
        found = {
            self._name(file.slot): self._state(self._name(file.slot), file, place.time, states)
            for file in place.files
        }
        here = {self._name(_slot_of(view, file)) for file in view.here.files} - found.keys()
        now = {slot: states.now[slot] for slot in here if slot in states.now}
        gone = {
            slot: state
            for slot, state in now.items()
            if not state.path and state.made <= place.time
        }
        return Former(place.unit.path if place.unit is not None else "", found, gone)

    def _state(self, name: str, file: TaskFile, time: int, states: States) -> SlotState:
        """Return the state that a slot of the base layer had where a layer forks off."""
        found = self._known(name, file.blob, time, states)
        if found is None:
            now = states.now.get(name, EMPTY)
            # Its history is not to be had: known is only what is there now.
            before = [replace(now, path=file.path)] if now.blob else []
            change = SlotChange(UNKNOWN, (), file.blob, file.path)
            document = self._parser(EMPTY)(file.path, file.blob)
            is_done = self._source.gone_means_done(document)
            found = carry(before, change, document, gone_means_done=is_done)
        self.forks[fork_name(name, found)] = found
        return found

    def _known(self, name: str, blob: str, time: int, states: States) -> SlotState | None:
        """Return the state in which a slot of the base layer had a content by then, if any."""
        now = states.now.get(name, EMPTY)
        every = (*self._were.get(name, ()), *states.kept.get(name, ()), now)
        return at_fork(every, blob, time)

    def _task(self, view: _View, former: Former, file: TaskFile, states: States) -> _Task:
        slot = self._name(_slot_of(view, file))
        start = former.states.get(slot) or former.gone.get(slot, EMPTY)
        steps = view.changes.changes.get(file.slot, ())
        found = {
            fork_name(slot, state): state
            for blob, time in _based_on(view, file)
            if blob != start.blob and (state := self._known(slot, blob, time, states)) is not None
        }
        self.forks |= found
        earlier = tuple(sorted(found.values(), key=lambda each: each.made))
        key = self._remembered.key(self._source.NAME, file, (*earlier, start), steps)
        return _Task(file, slot, start, earlier, steps, key)

    def _side(self, view: _View, former: Former, tasks: Sequence[_Task]) -> Side:
        """Return a group as a layer has it; a file that cannot be read is as it was last."""
        unit = view.here.unit
        gone = deletions(view.layer.log, former.states)
        version = max(gone.values(), default=UNKNOWN)
        if unit is None:
            return Side(None, {}, version)
        files: dict[str, ReadFile] = {}
        for task in tasks:
            read = self._remembered.get(task.key, task.file)
            if read is not None:
                self._note(view.layer, read.document)
            else:
                read = self._read(view, task)
            if read is not None:
                files[task.slot] = read
        removed = {
            slot: gone[state.path]
            for slot, state in former.states.items()
            if slot not in files and state.path in gone
        }
        return Side(unit, files, removed=removed)

    def _note(self, layer: Layer, document: Document) -> None:
        problems = document.problems
        self.problems += [BranchProblem(layer.name, layer.tip, each) for each in problems]

    def _read(self, view: _View, task: _Task) -> ReadFile | None:
        """Read a file of a layer; None if it cannot be read, and never could."""
        source = self._source
        file, _, start, earlier, steps, key = task
        parse = self._parser(start)
        document = parse(file.path, file.blob)
        blob, descent = file.blob, view.changes.descent
        self._note(view.layer, document)
        if not document.readable:
            good = (step.new for step in reversed(steps) if step.new)
            blob = next((each for each in good if parse(file.path, each).readable), "")
            blob = blob or start.good or start.blob
            if not blob or not parse(file.path, blob).readable:
                return None
            ends = [index for index, step in enumerate(steps) if step.new == blob]
            steps = steps[: ends[-1] + 1] if ends else ()
            tip = steps[-1].version.commit if steps else ""
            descent = replace(descent, tip=tip)
        state = follow(
            start,
            steps,
            SlotChange(UNKNOWN, (), blob, file.path),
            parse,
            source.gone_means_done,
            lambda name: source.ids_in(self._parsing.contents.content(name)),
            descent=descent,
            earlier=earlier,
        )
        read = ReadFile(file._replace(blob=blob), parse(file.path, blob), state)
        # What this clone lacks now may be fetched later, and have a say.
        if document.readable and not self._is_lacking:
            self._remembered.put(key, read)
        return read


def _slot_of(view: _View, file: TaskFile) -> str:
    """Return the slot in which a layer's file began."""
    return view.changes.origins.get(file.slot, file.slot)


def _based_on(view: _View, file: TaskFile) -> Iterator[tuple[str, int]]:
    """Yield which contents a layer's commits changed that come from others', and when they did."""
    descent = view.changes.descent.parents
    for change in view.changes.changes.get(file.slot, ()):
        parents = descent.get(change.version.commit, ())
        for (_, side), blob in change.was():
            if side < len(parents) and parents[side] not in descent:
                yield blob, change.version.time


def _patched(tree: Mapping[str, Files], changed: Mapping[str, Files]) -> dict[str, Files]:
    """Return files by group with what is different elsewhere; '' takes a file away."""
    found = dict(tree)
    for group, files in changed.items():
        there = {**found.get(group, {}), **files}
        found[group] = {path: blob for path, blob in there.items() if blob}
    return found


def all_wanted(overlays: Iterable[Overlays]) -> Wanted:
    """Return what several sources want to know of the base layer's history."""
    found: Wanted = {}
    for each in overlays:
        found |= each.wanted()
    return found
