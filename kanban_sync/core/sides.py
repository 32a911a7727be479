"""A unit of files as a layer has it, and as it was where the layer forks off."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.opinions import opinions_of
from kanban_sync.core.slots import EMPTY, RETURNED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.assemble import ReadFile
    from kanban_sync.core.model import Version
    from kanban_sync.core.opinions import Opinion
    from kanban_sync.core.slots import SlotState
    from kanban_sync.core.units import Unit

_Value = TypeVar("_Value")


class Side(NamedTuple):
    """A unit as one layer has it: its files by slot; None if it is gone, with that version.

    ``removed`` are the slots whose files a layer took out of a unit that is there; ``had`` are the
    states of files that the base layer had once, and has no more.
    """

    unit: Unit | None
    files: Mapping[str, ReadFile]
    gone: Version = UNKNOWN
    removed: Mapping[str, Version] = MappingProxyType({})
    had: Mapping[str, SlotState] = MappingProxyType({})

    @property
    def place(self) -> str:
        """Where it lies, '' if nowhere."""
        return self.unit.path if self.unit is not None else ""

    @property
    def moved(self) -> Version:
        """The version of what was last said of its place."""
        if self.unit is None:
            return self.gone
        return max((read.state.shape_version for read in self.files.values()), default=UNKNOWN)

    @property
    def newest(self) -> Version:
        """The newest version of all that it holds."""
        if self.unit is None:
            return UNKNOWN
        tasks = (task for read in self.files.values() for task in read.state.tasks)
        versions = (max(task.text_version, task.status_version) for task in tasks)
        return max(versions, default=self.moved)


class Former(NamedTuple):
    """A unit as it was where a layer forks off: where it lay, '' if nowhere, and its slots.

    ``gone`` are those of files that had been taken away by then.
    """

    place: str
    states: Mapping[str, SlotState]
    gone: Mapping[str, SlotState] = MappingProxyType({})

    def state(self, slot: str) -> SlotState:
        """Return what was known of a slot by then."""
        return self.states.get(slot) or self.gone.get(slot, EMPTY)


class Overlay(NamedTuple):
    """A unit as a layer has it, and as it was in each commit from which the layer forks off."""

    layer: str
    forks: tuple[Former, ...]
    side: Side

    @property
    def slots(self) -> Sequence[str]:
        """The slots of which it knows."""
        forks = (slot for fork in self.forks for slot in fork.states)
        return list(dict.fromkeys((*self.side.files, *forks)))

    def opinions(self) -> dict[str, list[Opinion]]:
        """Return what the layer says of each slot's tasks."""
        slots = dict.fromkeys((*self.side.files, *self.forks[0].states))
        return {
            slot: list(
                opinions_of(
                    self.layer,
                    [fork.states.get(slot, EMPTY) for fork in self.forks],
                    self.side.files.get(slot),
                    self.side.removed.get(slot, self.side.gone),
                    self.forks[0].state(slot).past,
                )
            )
            for slot in slots
        }

    def renamed(self, slots: Mapping[str, str]) -> Overlay:
        """Return what it says of files that the base layer has in other slots since the fork."""
        forks = tuple(
            Former(fork.place, _renamed(fork.states, slots), _renamed(fork.gone, slots))
            for fork in self.forks
        )
        files, removed = _renamed(self.side.files, slots), _renamed(self.side.removed, slots)
        return self._replace(forks=forks, side=self.side._replace(files=files, removed=removed))

    def has_placed(self, base: Side) -> bool:
        """Whether the layer says where the unit lies, unlike its forks and unlike the base layer.

        Where the base layer has put it since the fork, and has it no more, is none to say.
        """
        is_other = self.side.place != base.place
        is_other = is_other and all(fork.place not in {"", self.side.place} for fork in self.forks)
        return is_other and not self._lies_behind(base)

    def _lies_behind(self, base: Side) -> bool:
        states = {slot: read.state for slot, read in base.files.items()} | dict(base.had)
        return any(
            read.file.path in states[slot].places_since(self.forks[0].state(slot))
            for slot, read in self.side.files.items()
            if slot in states
        )

    def forks_lie_at(self, place: str) -> bool:
        """Whether the unit lay in a place wherever the layer forks off."""
        return all(fork.place == place for fork in self.forks)

    def moved(self, base: Side) -> Version:
        """Return the version of the layer's word on where the unit lies; unknown if it has none."""
        return self.side.moved if self.has_placed(base) else UNKNOWN

    def is_outrun(self, base: Side) -> bool:
        """Whether the base layer has moved the unit since the fork, and later than this layer."""
        is_moved = bool(base.place) and all(fork.place != base.place for fork in self.forks)
        return is_moved and base.moved > self.side.moved

    def is_behind(self, base: Side) -> bool:
        """Whether the base layer has taken all away since the fork, and brought it back."""
        fork = self.forks[0]
        returned = [
            RETURNED in read.state.since(own, fork.state(slot).past.get(own, {}))
            for slot, read in base.files.items()
            for own in fork.states.get(slot, EMPTY).owns() & read.state.owns()
        ]
        return bool(returned) and all(returned)


def _renamed(by_slot: Mapping[str, _Value], slots: Mapping[str, str]) -> dict[str, _Value]:
    return {slots.get(slot, slot): each for slot, each in by_slot.items()}
