"""The words for a board: cards as they ought to be and as they are, and the base."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync.core.columns import ARCHIVED_WORD, LABELS, Column, LabelNames, digest
from kanban_sync.core.model import UNKNOWN, TaskKey, Version

if TYPE_CHECKING:
    from collections.abc import Mapping


AGED_END = "done for "
"""How the end of a card begins that is put away because its task has been done for long."""

BOARD_NAME = "name of the board"
PROJECT_NAME = "name of the project"
"""Under which is remembered, with a board's ids, what people call it by now."""


VERSION_LENGTH = 23
"""Characters of a commit, and of what tells it apart, that a version field holds."""


class CardVersion(NamedTuple):
    """How new a card's content is: one version for its text, one for its statuses."""

    text: Version = UNKNOWN
    status: Version = UNKNOWN

    @property
    def newest(self) -> Version:
        """The newer of the two; what an archiving, which concerns the whole card, goes by."""
        return max(self)


NEVER = CardVersion()
"""The version of a card of which nobody knows when it changed."""


class Item(NamedTuple):
    """One line of a task list on a card; ``key`` is the last part of its task's key.

    A tuple, as all parts of a card of which there are thousands on a board.
    """

    key: str
    text: str
    done: bool


class Checklist(NamedTuple):
    """One task list on a card; its title is what identifies it."""

    title: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it ought to be: only what the project owns of it.

    ``names`` are the labels that are ours to give and to take, whether this card has them or not.
    ``links`` is how ``text`` ends: where its file and commit are to be seen, which is no content
    of the task. ``end`` says why the card belongs into the archive where a task did not vanish.
    ``owns_branches`` tells that labels which name a branch are ours too, whoever put them there.
    """

    key: TaskKey
    title: str
    text: str
    column: Column
    labels: frozenset[str]
    checklists: tuple[Checklist, ...] = ()
    version: CardVersion = NEVER
    evident: bool = False
    """Whether a file says that it is finished (a tick, an archived change), not absence alone."""
    names: LabelNames = LABELS
    links: str = ""
    end: str = ""
    owns_branches: bool = field(default=False, compare=False)

    @property
    def is_aged(self) -> bool:
        """Whether it belongs into the archive for its age alone."""
        return self.end.startswith(AGED_END)

    @property
    def text_digest(self) -> str:
        """A hash of all that the text version speaks of."""
        items = [[[item.key, item.text] for item in each.items] for each in self.checklists]
        titles = [each.title for each in self.checklists]
        return digest([self.title, self.text.removesuffix(self.links).rstrip(), titles, items])

    @property
    def status_digest(self) -> str:
        """A hash of all that the status version speaks of."""
        done = [item.key for each in self.checklists for item in each.items if item.done]
        return digest([self.column, sorted(self.labels), done])

    @property
    def digest(self) -> str:
        """A hash of all that it says, whatever its versions."""
        return digest([self.text_digest, self.status_digest])


class SeenItem(NamedTuple):
    """A line of a task list as the board has it."""

    id: str
    text: str
    done: bool
    position: float


class SeenChecklist(NamedTuple):
    """A task list as the board has it."""

    id: str
    title: str
    position: float
    items: tuple[SeenItem, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenCard:
    """A card as the board has it.

    ``key`` is read from the footer, None where there is none. ``column`` is None in a list that
    is none of the six. ``archived`` also means the trash; ``trashed`` only that. ``adrift`` tells
    that it lies there because its list was deleted, which is no word on the card. ``stamp`` is the
    version field. ``is_used`` tells that people commented on it or gave it a date.
    """

    id: str
    key: TaskKey | None
    title: str
    description: str
    column: Column | None
    labels: frozenset[str] = frozenset()
    checklists: tuple[SeenChecklist, ...] = ()
    stamp: Stamp | None = None
    archived: bool = False
    position: float = 0.0
    trashed: bool = False
    adrift: bool = False
    is_used: bool = field(default=False, compare=False)


class Stamp(NamedTuple):
    """What the version field of a card holds: the version, who drew it, whether we archived it.

    ``block`` and ``lines`` tell any clone which words on the card are ours, also one that never
    saw them (``description.block_mark``, ``checklists.line_marks``); ``task`` tells whose card it
    is, whatever footers people paste into it (``description.task_mark``).
    """

    version: CardVersion
    mark: str
    archived: bool = False
    block: str = ""
    lines: str = ""
    task: str = ""

    def __str__(self) -> str:
        """Return the field's text, below the 512 characters that it may have."""
        text, status = self.version
        words = [
            f"{text.time}.{text.commit[:VERSION_LENGTH]}",
            f"{status.time}.{status.commit[:VERSION_LENGTH]}",
            self.mark,
        ]
        if self.archived:
            words.append(ARCHIVED_WORD)
        if self.lines:
            words.append(f"+{self.lines}")
        if self.task:
            words.append(f"={self.task}")
        return " ".join([*words, self.block] if self.block else words)

    @classmethod
    def parse(cls, text: str) -> Stamp | None:
        """Read a field back; None if a person made something else of it."""
        try:
            first, second, mark, *others = text.split()
            version = CardVersion(_version(first), _version(second))
        except ValueError:
            return None
        archived, block, lines, task = False, "", "", ""
        for word in others:
            sign = word[0]
            if sign == "+":
                lines = lines or word[1:]
            elif sign == "=":
                task = task or word[1:]
            elif word == ARCHIVED_WORD:
                archived = True
            elif sign.isdigit() and "-" in word:
                block = block or word
        return cls(version, mark, archived, block, lines, task)


@dataclass(frozen=True, slots=True)
class BoardState:
    """All that one reading of a board tells: the cards, and what of the board is not there yet.

    Cards of strangers are in ``cards`` too, for their positions. ``gone`` are ids of cards that
    were asked for and exist nowhere any more, ``elsewhere`` those on another board. ``missing``
    are things to be made before the first write, as the plan shows them: ``list Review``.
    """

    cards: tuple[SeenCard, ...] = ()
    gone: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()


class Lost(NamedTuple):
    """What may still come of a request without an answer, as a hash, and since when."""

    hash: str
    since: float


class Words(NamedTuple):
    """What people wrote above and below our block, by which it is told from copies of it."""

    above: str = ""
    below: str = ""


class Known(Protocol):
    """What a reading of the board has to know of a base."""

    @property
    def card_id(self) -> str:
        """The card's id, '' if it is not known that there is one."""
        ...

    @property
    def seen(self) -> SeenCard | None:
        """How the board had the card, where that is not on the board."""
        ...

    @property
    def finished(self) -> bool:
        """Whether all was said that was to be said."""
        ...

    @property
    def deleted(self) -> bool:
        """Whether a person deleted the card."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """The base of one card: what this clone said last, and what the board made of it.

    ``said`` is recorded before the first write; ``seen`` is what was read back after the last
    one. Between the two ``finished`` is False: nobody knows how far the writing came. ``items``
    are the ids that the board gave to the lines of task lists, by item key; ``made`` those of lines
    and task lists that this clone itself made; ``theirs`` the ids of people's lines that were there
    before the last write. ``archived`` means that we archived the
    card; ``deleted`` that a person deleted it. ``before`` is what the card may still have of former
    sayings while this one is not finished.

    A part of ``said`` with an unknown version was not said: another clone was ahead in it. An
    empty ``card_id`` means that the card was about to be made: it may be there or not. ``place`` is
    the position in its list that an unfinished saying was to give the card, 0 for none: cards of
    which some were made, and some not, come to lie in the order that was meant. ``settled`` is the
    digest of what the task said when this clone last knew what had become of the card, '' where
    that is ``said``, or where nothing was said to the end yet. ``lost`` is what was asked for
    without an answer, and made again since: it may still come (``core.lost``). ``asked`` is when
    an unfinished saying was begun, 0 where it is known that nothing of it is under way any more.
    """

    card_id: str
    said: Card
    mark: str
    seen: SeenCard | None = None
    items: Mapping[str, str] = field(default_factory=dict)
    finished: bool = True
    archived: bool = False
    deleted: bool = False
    before: tuple[Card, ...] = ()
    theirs: frozenset[str] = frozenset()
    place: float = 0.0
    settled: str = ""
    made: frozenset[str] = frozenset()
    words: Words | None = None
    lost: tuple[Lost, ...] = ()
    asked: float = 0.0

    @property
    def last_settled(self) -> str:
        """The digest of the last saying that came to its end, '' if none did."""
        return self.settled or (self.said.digest if self.finished else "")

    @property
    def read_back(self) -> SeenCard | None:
        """What the board made of our words, None unless all of them were said.

        A card that is put away is not written to: it has what people made of our words, too.
        """
        was_said = self.finished and self.said.version.text != UNKNOWN
        return self.seen if was_said and self.seen and not self.seen.archived else None

    @property
    def all_said(self) -> tuple[Card, ...]:
        """What may stand on the card of ours, the latest first."""
        return (self.said, *self.before)

    @property
    def stamp(self) -> Stamp:
        """What the version field was to hold after the last saying."""
        return Stamp(self.said.version, self.mark, self.archived)


# A commit changes many tasks, so the same few words return on card after card.
@lru_cache(maxsize=4096)
def _version(word: str) -> Version:
    time, _, commit = word.partition(".")
    return Version(int(time), commit)
