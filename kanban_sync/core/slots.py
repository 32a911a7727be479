"""What is known of a task file at one content, as it is carried along its slot."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from kanban_sync.core.model import UNKNOWN, Version
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from kanban_sync.core.identity import Traits


Past: TypeAlias = "Mapping[str, int]"
"""Values that a task had before, the last one last, each with the time (seconds) it was said at."""


@dataclass(frozen=True, slots=True)
class KeyedTask:
    """A parsed task with the own part of its key and its versions.

    ``above`` is the own key of the task it stands below (empty at the top); ``text`` is a hash of
    all that the text version speaks of. The assignee, who is part of the text, has a version of its
    own, too: unknown as long as nobody was assigned. ``branch`` is the layer that says of it what
    the base layer does not say.
    """

    own: str
    above: str
    traits: Traits
    status: str
    text: str
    text_version: Version = UNKNOWN
    status_version: Version = UNKNOWN
    assignee: str = ""
    assignee_version: Version = UNKNOWN
    branch: str = ""


@dataclass(frozen=True, slots=True)
class SlotState:
    """What is known of one task file at one content: its keyed tasks, in order.

    ``taken`` are all own keys that were ever given in this file, each with a hash of the text it
    had last, so that a task which comes back is the same again; ``prefixes`` is what stands in
    front of an own key in the task's name, where that is not the path: nothing where an id was
    unique in the repository when the task first appeared, or the path of a file that was moved
    since. ``roots`` are the top-level tasks below which others were born that stand elsewhere now,
    or nowhere; '' for those that stand below one since. A name is given once and stays whole,
    wherever its task goes. ``gone_means_done`` is how the dialect of this content takes a removal;
    ``completed`` are the own keys of tasks that a commit removed where that means that they are
    done, each with the version of the removal; ``shape_version`` is the newest commit that moved
    the file (into the archive) or took a task out of it; ``hidden`` are tasks whose ids
    still stand in the content, where nobody reads a task: a box that broke, a block in a comment.
    They were not removed. ``past`` are the values that a task had before, by its own key, as
    ``past_status`` and ``past_text`` write them, each with the time at which it was said last:
    whatever says one of them again only lies behind. ``places`` are the paths at which its file
    has lain, this one too, each with the time (seconds) at which it was last put there.
    ``made`` is the time of the commit that gave the file this content, or took it away.
    ``removed`` are the own keys of all tasks that a commit took out and none
    brought back, each with that commit's version, which is newer than any that the task had.
    ``good`` is the last content that said all this, where ``blob`` is one that cannot be read.
    """

    blob: str
    path: str = ""
    tasks: tuple[KeyedTask, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    gone_means_done: bool = False
    shape_version: Version = UNKNOWN
    completed: Mapping[str, Version] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[KeyedTask, ...] = ()
    removed: Mapping[str, Version] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)
    past: Mapping[str, Past] = field(default_factory=dict)
    places: Past = field(default_factory=dict)
    made: int = 0
    good: str = ""

    def name_of(self, own: str, top: str = "") -> str:
        """Return the name in the key of a task, by its own key and the top-level one's over it."""
        root = self.roots.get(own, top)
        name = f"{self.prefixes.get(root or own, f'{self.path}/')}{root or own}"
        return f"{name}#{own}" if root else name

    @property
    def is_gone(self) -> bool:
        """Whether a commit took its file away; its tasks are known in case that it comes back."""
        return (
            not self.path
            and bool(self.removed)
            and all(task.own in self.removed for task in self.tasks)
        )

    @property
    def is_elsewhere(self) -> bool:
        """Whether its tasks went to another slot, and nothing is known of them here any more."""
        return bool(self.taken) and set(self.taken.values()) == {ELSEWHERE}

    def owns(self) -> set[str]:
        """Return the own keys of all tasks that are there."""
        return {task.own for task in self.tasks}

    def since(self, own: str, past: Past) -> set[str]:
        """Return the values that were said of a task since it had had ``past``, and are no more.

        A merge of a line that has not yet heard that a value is past does not say it once more.
        """
        values = self.past.get(own, {})
        return {value for value, time in values.items() if time > past.get(value, -1)}

    def places_since(self, former: SlotState) -> set[str]:
        """Return where its file was put since it was in a former state."""
        return {place for place, time in self.places.items() if time > former.places.get(place, -1)}

    def tops(self) -> dict[str, str]:
        """Return the own keys of all tasks below others, each with the top-level one's over it."""
        found: dict[str, str] = {}
        for task in self.tasks:
            if task.above:
                found[task.own] = found.get(task.above, task.above)
        return found


EMPTY = SlotState("")

MERGED = "~"
"""Begins the name under which the state is kept that all layers together give a slot."""

FORK = "@"
"""Begins the name under which a state is kept that a slot had where a layer forks off."""

PAST = 40
"""How many different values that a task had before are kept."""


RETURNED = "r"
"""In ``past``: the task had been taken out, and came back."""


def past_status(status: str) -> str:
    """Return how a former status is written in ``past``."""
    return f"s{status}"


def past_text(digest: str) -> str:
    """Return how the hash of former words is written in ``past``."""
    return f"t{digest}"


def said_status(task: KeyedTask) -> tuple[str, int]:
    """Return a task's status as ``past`` holds it, and when it was said."""
    return past_status(task.status), task.status_version.time


def said_text(task: KeyedTask) -> tuple[str, int]:
    """Return the hash of a task's words as ``past`` holds it, and when they were said."""
    return past_text(task.text), task.text_version.time


def with_past(past: Past, values: Iterable[tuple[str, int]]) -> Past:
    """Return what a task had before, with values that it has no more now, and when it said them."""
    found = dict(past)
    for value, time in values:
        found[value] = max(found.pop(value, time), time)
    return dict(list(found.items())[-PAST:])


class Slots(NamedTuple):
    """What is kept of slots, told apart by their names.

    ``base`` are as the base layer has them, so that its history can be followed from there;
    ``merged`` are those that other layers change, as all together leave them; ``forks`` are states
    that the base layer had where others fork off, by ``fork_name``.
    """

    base: dict[str, SlotState]
    merged: dict[str, SlotState]
    forks: dict[str, SlotState]

    def named(self) -> dict[str, SlotState]:
        """Return all of them in one mapping."""
        return {
            **self.base,
            **{f"{MERGED}{slot}": state for slot, state in self.merged.items()},
            **self.forks,
        }


def slots_of(named: Mapping[str, SlotState]) -> Slots:
    """Return what was kept of slots in one mapping, told apart again."""
    found = Slots({}, {}, {})
    for name, state in named.items():
        if name.startswith(MERGED):
            found.merged[name.removeprefix(MERGED)] = state
        else:
            (found.forks if name.startswith(FORK) else found.base)[name] = state
    return found


def fork_name(slot: str, state: SlotState) -> str:
    """Return the name under which the state is kept that a slot had where a layer forks off."""
    return f"{FORK}{state.blob}.{state.made} {slot}"


def fork_slot(name: str) -> str:
    """Return the slot whose state is kept under such a name."""
    return name.partition(" ")[2]


def at_fork(states: Iterable[SlotState], blob: str, time: int) -> SlotState | None:
    """Return which of a slot's states it had at a commit: the last one with that content by then.

    A content may come back: what had been before is another state.
    """
    there = (
        each for each in states if each.blob == blob and not each.is_elsewhere and not each.is_gone
    )
    same = sorted(there, key=lambda each: each.made)
    by_then = [each for each in same if each.made <= time]
    return by_then[-1] if by_then else next(iter(same), None)


def effective(named: Mapping[str, SlotState]) -> Mapping[str, SlotState]:
    """Return the states of all slots as all layers together leave them."""
    slots = slots_of(named)
    return {**slots.base, **slots.merged}


ELSEWHERE = "elsewhere"
"""In place of a text's hash: the key went to another slot with its task."""


def heirs(slots: Mapping[str, SlotState]) -> dict[str, str]:
    """Return in which slot the tasks are of each one that went to another, by their names."""
    found: dict[str, str] = {}
    for old, state in slots.items():
        if not state.is_elsewhere:
            continue
        source, _, path = old.partition(":")
        holding = [
            slot
            for slot, other in slots.items()
            if other.path and slot.startswith(f"{source}:")
            if state.taken.keys() <= other.taken.keys()
        ]
        # Other files may have tasks with the same names; a moved one says where it comes from.
        said = [slot for slot in holding if f"{path}/" in slots[slot].prefixes.values()]
        if len(said or holding) == 1:
            (found[old],) = said or holding
    return found


@dataclass(frozen=True, slots=True)
class SlotChange:
    """What one commit did to a slot: the contents before (one a parent) and after ('' if gone).

    ``at`` tells of each content before where it lay, and in which of the parents; without it, all
    lay at ``path``, which is where the slot's file lies after it. ``moved_from`` is where it lay
    before if that was another slot. One that ``leaves`` took the tasks along to another slot.
    ``passed_on`` finds the hashes of the texts that stand, open, in other files since this commit.
    """

    version: Version
    old: tuple[str, ...]
    new: str
    path: str = ""
    moved_from: str = ""
    leaves: bool = False
    passed_on: Callable[[], Collection[str]] = field(default=frozenset, compare=False)
    at: tuple[tuple[str, int], ...] = ()

    def was(self) -> Iterable[tuple[tuple[str, int], str]]:
        """Return where contents lay before, and in which parent, with each of them."""
        at = self.at or [(self.path, side) for side in range(len(self.old))]
        return zip(at, self.old, strict=True)


def left(state: SlotState) -> SlotState:
    """Return what is known of a slot whose tasks went to another one, and took their keys along."""
    return SlotState(state.blob, taken=dict.fromkeys(state.taken, ELSEWHERE))


def emptied(state: SlotState, version: Version) -> SlotState:
    """Return the state of a slot whose file layers have taken away."""
    removed = dict.fromkeys((each.own for each in state.tasks), version)
    return replace(state, path="", removed={**state.removed, **removed})


def taken_away(state: SlotState, version: Version) -> SlotState:
    """Return what is known of a slot whose file a commit took away: all that it said is past."""
    tasks = state.tasks
    removed = dict.fromkeys((each.own for each in tasks), version)
    past = {
        each.own: with_past(state.past.get(each.own, {}), (said_status(each), said_text(each)))
        for each in tasks
    }
    return replace(
        state,
        path="",
        made=version.time,
        shape_version=max(state.shape_version, version),
        removed={**state.removed, **removed},
        past={**state.past, **past},
    )
