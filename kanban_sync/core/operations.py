"""The difference between two boards as data: what is to be done, to which card, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kanban_sync.core.columns import Column, Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.board import Card, Item, Said, SeenCard, Stamp, Words
    from kanban_sync.core.model import TaskKey


REPAIRED = "repaired"
"""The reason for writing what a person changed."""


@dataclass(frozen=True, slots=True)
class SetTitle:
    """Give the card this title."""

    text: str


@dataclass(frozen=True, slots=True)
class SetText:
    """Put this text into our block of the description; what stands outside stays.

    ``former`` are the blocks of ours that may stand there, the latest first; ``marked`` are the
    marks of blocks that were written last, by whichever clone. ``words`` are people's around our
    block when we last looked, None if that is not known.
    """

    text: str
    former: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Move the card into a column, at a position in its list."""

    column: Column
    position: float


@dataclass(frozen=True, slots=True)
class AddLabel:
    """Put a label on the card."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveLabel:
    """Take a label of ours off the card."""

    name: str


@dataclass(frozen=True, slots=True)
class AddChecklist:
    """Make a task list; its lines follow as ``AddItem`` with its title."""

    title: str
    position: float


@dataclass(frozen=True, slots=True)
class RenameChecklist:
    """Give the task list with that id another title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class DropChecklist:
    """Remove a task list of ours in which nothing is left."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class AddItem:
    """Add a line to the task list with that title.

    ``place`` is the list's id, '' if it is yet to be made: people may have one with that title too.
    """

    checklist: str
    item: Item
    position: float
    place: str = ""


@dataclass(frozen=True, slots=True)
class SetItem:
    """Change what is not None of a line of ours; ``checklist`` moves it to the one so titled.

    ``place`` is that list's id, '' if it is yet to be made.
    """

    id: str
    item: Item
    text: str | None = None
    done: bool | None = None
    checklist: str | None = None
    position: float | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class DropItem:
    """Remove a line of ours whose line in the file is gone."""

    id: str
    text: str


TextChange: TypeAlias = (
    SetTitle | SetText | AddChecklist | RenameChecklist | DropChecklist | AddItem | DropItem
)
StatusChange: TypeAlias = Move | AddLabel | RemoveLabel
Change: TypeAlias = TextChange | StatusChange | SetItem


@dataclass(frozen=True, slots=True)
class Create:
    """Make a card, with its footer in the same request."""

    card: Card
    position: float
    stamp: Stamp
    reason: str


@dataclass(frozen=True, slots=True)
class Update:
    """Change a card where it differs; ``stamp`` goes first if it is not None.

    ``card`` has an unknown version for a part that is another clone's to say.
    """

    card: Card
    seen: SeenCard
    changes: tuple[Change, ...]
    stamp: Stamp | None
    mark: str
    items: Mapping[str, str]
    reason: str
    theirs: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    """The ids of lines and task lists on the card that this clone made itself."""
    words: Words | None = None
    """People's words around our block, if the description stays as it is."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Put a card into the board's archive, marked as our doing.

    ``is_twin`` tells that its task has an older card, which stays.
    """

    card: Card
    seen: SeenCard
    stamp: Stamp
    items: Mapping[str, str]
    reason: str
    is_twin: bool = False
    made: frozenset[str] = frozenset()
    keeps: Said | None = None
    """The base afterwards where it is about another card of the task, which stays."""

    @property
    def mark(self) -> str:
        """The rendering mark of the last saying."""
        return self.stamp.mark


@dataclass(frozen=True, slots=True)
class Remember:
    """Record a base; nothing is written to the board. ``note`` is what people are told, if any."""

    said: Said
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop the base of a card that exists no more; nothing is written to the board."""

    key: TaskKey
    reason: str


Operation: TypeAlias = Create | Update | Archive | Remember | Forget
"""There is no Delete: a card is never deleted."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was left alone on purpose, for people to know.

    ``key`` is empty where it is about several cards. ``is_drift`` tells that it is what a person
    changed of a card of ours.
    """

    key: str
    text: str
    is_drift: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one sync of a board would do.

    ``held`` are operations that the guard holds back until they are forced.
    """

    operations: tuple[Operation, ...] = ()
    held: tuple[Operation, ...] = ()
    notes: tuple[Note, ...] = ()
    missing: tuple[str, ...] = ()
    layout: Layout = field(default_factory=Layout)
    """What the lists and labels of the board are called; lists are shown by these names."""
    waits: bool = False
    """Whether a sync without force would not even look: nothing is new since the last one."""

    @property
    def is_put_off(self) -> bool:
        """Whether it shows writes that the next sync would not make."""
        return self.waits and bool(self.writes or self.missing)

    @property
    def writes(self) -> tuple[Operation, ...]:
        """The operations that change the board."""
        return tuple(each for each in self.operations if not isinstance(each, Remember | Forget))

    @property
    def counts(self) -> dict[str, int]:
        """How many operations there are of each kind, by lower-case name."""
        return counts_of(self.operations)


def counts_of(operations: Iterable[Operation]) -> dict[str, int]:
    """Return how many operations there are of each kind, by lower-case name."""
    return dict(Counter(type(each).__name__.lower() for each in operations))


def drift_of(operations: Iterable[Operation], found: Plan) -> dict[str, int]:
    """Return how many cards that people had changed were repaired, and how many left so."""
    repaired = sum(isinstance(each, Update) and REPAIRED in each.reason for each in operations)
    kept = sum(note.is_drift for note in found.notes)
    counts = {"repaired": repaired, "kept": kept}
    return {name: count for name, count in counts.items() if count}


def left_of(done: Sequence[Operation], found: Plan) -> dict[str, int]:
    """Return how many operations of a plan were not carried out, nothing if all were."""
    left = len(found.operations) - len(done)
    return {"left": left} if left else {}


def wants_another_look(operation: Operation) -> bool:
    """Whether something is left to see once it is done: another clone may have made it too."""
    if isinstance(operation, Update):
        return any(isinstance(each, AddChecklist | AddItem) for each in operation.changes)
    return isinstance(operation, Create) or (isinstance(operation, Archive) and operation.is_twin)


def key_of(operation: Operation) -> TaskKey:
    """Return the key of the card that an operation is about."""
    match operation:
        case Create() | Update() | Archive():
            return operation.card.key
        case Remember():
            return operation.said.said.key
        case Forget():
            return operation.key


def is_flip(operation: Operation) -> bool:
    """Whether an operation would take a card to another column, or away, on thin evidence.

    Evidence is what a file says: a change that lies in the archive, a box that is ticked. That
    something is missing is none. What the settings ask for needs none.
    """
    if isinstance(operation, Archive):
        return not (operation.is_twin or operation.card.evident)
    if not isinstance(operation, Update):
        return False
    moves = [change for change in operation.changes if isinstance(change, Move)]
    return bool(moves) and not operation.card.evident and not operation.seen.adrift
