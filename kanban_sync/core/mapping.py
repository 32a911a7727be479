"""How one repository wants its cards drawn: what its settings say, and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from kanban_sync.core.columns import (
    LABELS,
    LIST_NAME_LIMIT,
    LISTS,
    Column,
    LabelNames,
    Layout,
    digest,
    fit,
)
from kanban_sync.core.links import NO_LINKS, PATH, Links
from kanban_sync.core.model import Status, plain_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DRAWING = 3
"""Raised whenever a release draws the same tasks as another card; part of the mark."""

COLUMN_OF: Mapping[Status, Column] = {
    Status.BACKLOG: Column.BACKLOG,
    Status.TODO: Column.TODO,
    Status.PLANNING: Column.PLANNING,
    Status.IN_PROGRESS: Column.IN_PROGRESS,
    Status.BLOCKED: Column.IN_PROGRESS,
    Status.REVIEW: Column.REVIEW,
    Status.DONE: Column.DONE,
    Status.FAILED: Column.REVIEW,
    Status.CANCELLED: Column.ARCHIVE,
    Status.ORPHANED: Column.ARCHIVE,
}

TASK, SECTION = "task", "section"
"""What gets a card: each task, or each heading with all tasks below it."""

COLUMNS = tuple(column.word for column in LISTS)
"""What the settings call the six columns."""

OUR_LABELS = LABELS._fields

CARDS = (TASK, SECTION)

NONE = "none"
LABEL = "label"
SHOWN_BRANCHES = (NONE, LABEL)
"""How a card tells on which branches it lives."""

LONGEST = 36_500
"""Days of ``archive_done_after`` at most; more is never."""


@dataclass(frozen=True)
class Drawing:
    """How one repository wants its cards drawn; the names are those of the settings.

    ``lists`` and ``labels`` are pairs of a column, or a label of ours, and what it is called on
    the board. ``statuses`` are pairs of a status, or a word of a file, and the column where it
    stands. ``archive_done_after`` is in days, 0 stands for never. With ``branches: label`` a card
    has a label for each branch that says of it what the default branch does not.
    """

    lists: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    statuses: tuple[tuple[str, str], ...] = ()
    cards: str = TASK
    archive_done_after: int = 0
    branches: str = NONE
    links: Links = field(default_factory=Links)

    @cached_property
    def mark(self) -> str:
        """The rendering mark: which release and which mapping draws the cards."""
        drawn = {
            "lists": sorted(self.lists),
            "labels": sorted(self.labels),
            "statuses": sorted(self.statuses),
            "cards": self.cards if self.cards != TASK else "",
            "branches": self.branches if self.branches != NONE else "",
            "links": list(self.links.templates),
        }
        return mark_of([f"{name}: {said}" for name, said in drawn.items() if said])

    @cached_property
    def layout(self) -> Layout:
        """What lists and labels are called; of columns that share a list only the first has it."""
        names = dict(self.lists)
        lists: dict[Column, str] = {}
        for column, name in ((each, names.get(each.word, each.value)) for each in LISTS):
            if name not in lists.values():
                lists[column] = name
        return Layout(lists, LabelNames(**dict(self.labels)))

    def place(self, status: Status, word: str = "") -> Column:
        """Return the column in which a task stands, by its file's word or else by its status."""
        column = COLUMN_OF[status]
        if self._placed and status is not Status.ORPHANED:
            said = self._placed.get(plain_word(word)) or self._placed.get(plain_word(status))
            column = Column[said.upper()] if said else column
        return self._shared.get(column, Column.ARCHIVE)

    @cached_property
    def _placed(self) -> dict[str, str]:
        return {plain_word(word): column for word, column in self.statuses}

    @cached_property
    def _shared(self) -> dict[Column, Column]:
        """Each column, and the one that has its list."""
        names = dict(self.lists)
        holders = {name: column for column, name in self.layout.lists.items()}
        return {each: holders[names.get(each.word, each.value)] for each in LISTS}


PLAIN = Drawing()
"""What is drawn where the settings say nothing."""


def mark_of(settings: Sequence[str] = ()) -> str:
    """Return the rendering mark of this release with these settings."""
    return digest([DRAWING, *settings])[:8]


def name_problem(value: object) -> str:
    """Return '' for what a list or label may be called, or else what it has to be."""
    good = isinstance(value, str) and value.strip() and fit(value, LIST_NAME_LIMIT) == value.strip()
    return "" if good else f"a text of at most {LIST_NAME_LIMIT} characters"


def days_problem(value: object) -> str:
    """Return '' for a number of days, or else what it has to be."""
    is_number = isinstance(value, str) and value.isascii() and value.isdigit()
    good = is_number and 0 < int(str(value)[: len(str(LONGEST)) + 1]) <= LONGEST
    return "" if good else f"a whole number of days, 1 to {LONGEST}"


def links_problem(value: object) -> str:
    """Return '' for an address of files, or else what it has to be."""
    is_address = isinstance(value, str) and value.startswith(("https://", "http://"))
    good = is_address and PATH in str(value) and not set(str(value)) & set(" ()<>\n")
    # A user name or password there would stand on every card.
    good = good and "@" not in str(value).split("/")[2]
    text = f"'{NO_LINKS}', or an address with {PATH} in it, as https://host/{{branch}}/{{path}}"
    return "" if good or value == NO_LINKS else text


def clashes(drawing: Drawing) -> dict[tuple[str, str], str]:
    """Return what cannot be, each with the part and the name of the setting that says it."""
    found: dict[tuple[str, str], str] = {}
    names = {column.word: column.value for column in LISTS} | dict(drawing.lists)
    done = Column.DONE.word
    sharing = [word for word in COLUMNS if word != done and names[word] == names[done]]
    if sharing:
        where = done if done in dict(drawing.lists) else sharing[0]
        text = "cards in Done are closed, so it has to have a list of its own"
        found["lists", where] = f"is the list of {done} and of {sharing[0]}; {text}"
    called = LABELS._asdict() | dict(drawing.labels)
    for label, name in drawing.labels:
        others = [other for other in OUR_LABELS if other != label and called[other] == name]
        if others:
            found["labels", label] = f"is the label {others[0]}, too; give it another name"
    for word, _ in drawing.statuses:
        if plain_word(word) == Status.ORPHANED:
            found["statuses", word] = "has to be left out: what no file holds goes to the archive"
    return found
