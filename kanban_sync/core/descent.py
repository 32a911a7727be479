"""What a slot was at each commit, told by those that changed it, and by what they come from.

A content alone does not tell: it may come back, and two branches may come to the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.slots import SlotChange, SlotState

COMMIT_DIGITS = 12
"""How much of a commit's id a version keeps: it has to fit on a card."""

Place: TypeAlias = "tuple[str, str]"
"""Where a file lies, and its blob."""

ABSENT: Place = ("", "")
"""The place of a slot without a file."""


@dataclass(frozen=True, slots=True)
class Descent:
    """From which commits each one of a log comes, and the last one, by their short ids."""

    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tip: str = ""


def descent_of(log: Iterable[LogEntry]) -> Descent:
    """Return what comes from what in a log, oldest first, of all that one commit comes from."""
    parents = {
        entry.commit[:COMMIT_DIGITS]: tuple(each[:COMMIT_DIGITS] for each in entry.parents)
        for entry in log
    }
    return Descent(parents, next(reversed(parents), ""))


class Node(NamedTuple):
    """A state that a slot was in; ``line`` has a bit of each one before it on its line, and its."""

    state: SlotState
    place: Place
    line: int


class Lines:
    """The states of one slot, by the commits that made them."""

    def __init__(
        self,
        descent: Descent,
        start: SlotState,
        together: Callable[[Sequence[SlotState]], SlotState],
        earlier: Sequence[SlotState] = (),
    ) -> None:
        """Begin with what the slot was before the first of these commits.

        Args:
            descent: What the commits come from.
            start: The state; ``EMPTY`` if there is none.
            together: Makes one state of several with one content.
            earlier: States before that one from which some of these commits come.
        """
        self._descent = descent
        self._together = together
        self._made: dict[str, tuple[Node, ...]] = {}
        self._alike: dict[Place, list[Node]] = {}
        self._count = 0
        self._start: tuple[Node, ...] = ()
        known = [self._new(_place_of(each), each, ()) for each in earlier]
        if start.blob:
            self._start = (self._new(_place_of(start), start, known),)

    def skip(self, changes: Iterable[SlotChange]) -> None:
        """Take changes of which nothing is known but that they were made."""
        for change in changes:
            self._made[change.version.commit] = ()

    def make(
        self, change: SlotChange, place: Place, state: SlotState, before: Iterable[Node]
    ) -> None:
        """Take the state that a commit made of others."""
        self._made[change.version.commit] = (self._new(place, state, before),)

    def stay(self, change: SlotChange, node: Node) -> None:
        """Take a commit that made nothing: it has what one of its parents has."""
        self._made[change.version.commit] = (node,)

    def leave(self, change: SlotChange, state: SlotState) -> None:
        """Take a commit that moved the slot's file to another one."""
        if not self._descent.parents:
            # Nobody knows which states are of other lines.
            self._alike, self._start = {}, ()
        self.make(change, ABSENT, state, ())

    def before(self, change: SlotChange) -> list[Node]:
        """Return what the parents of a commit had, in their order, as far as it is known."""
        there = {side: (path, blob) for (path, side), blob in change.was()}
        parents = self._descent.parents.get(change.version.commit, ())
        found = [
            self.at(parents[side] if side < len(parents) else "", there.get(side, ABSENT))
            for side in range(max(len(parents), len(there), 1))
        ]
        return list({node.line: node for node in found if node is not None}.values())

    def at(self, commit: str, place: Place) -> Node | None:
        """Return what a commit has, told at which place; None if that is not known."""
        alike = self._alike.get(place, [])
        if not alike or (len(alike) == 1 and place != ABSENT):
            return next(iter(alike), None)
        if not self._descent.parents:
            return alike[-1]
        near = [node for node in self._nearest(commit) if node.place == place]
        if not near:
            return alike[-1] if place != ABSENT else None
        if len(near) == 1:
            return near[0]
        line = 0
        for node in near:
            line |= node.line
        found = Node(self._together([node.state for node in near]), place, line)
        if commit in self._descent.parents:
            self._made[commit] = (found,)
        return found

    def _new(self, place: Place, state: SlotState, before: Iterable[Node]) -> Node:
        line = 1 << self._count
        for node in before:
            line |= node.line
        self._count += 1
        node = Node(state, place, line)
        self._alike.setdefault(place, []).append(node)
        return node

    def _nearest(self, commit: str) -> Sequence[Node]:
        """Return the last states on all lines that lead to a commit."""
        found: list[Node] = []
        seen: set[str] = set()
        waiting = [commit]
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            if each in self._made:
                found += self._made[each]
            elif each in self._descent.parents:
                waiting += self._descent.parents[each]
            # Roots have none, too; what is not in the log lies before it.
            if each not in self._descent.parents:
                found += self._start
        near = tuple(newest_of(found))
        # Of what nothing is known, nothing is known all the way.
        known = {commit} if near else seen
        self._made.update((each, near) for each in known if each in self._descent.parents)
        return near


def _place_of(state: SlotState) -> Place:
    return (state.path, state.blob) if state.path else ABSENT


def newest_of(nodes: Iterable[Node]) -> list[Node]:
    """Return the states on whose lines nothing has come since, each once."""
    alone = list({node.line: node for node in nodes}.values())
    return [
        node
        for node in alone
        if all(node is other or node.line | other.line != other.line for other in alone)
    ]
