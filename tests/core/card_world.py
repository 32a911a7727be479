"""One card, and all that clones with private stores, git and people may do to it: a small model."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from core.made import MARK, card, key, over
from core.passes import Clone
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.board import NEVER, Card, CardVersion, Said, SeenCard
from kanban_sync.core.columns import Column
from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.model import UNKNOWN, Version
from kanban_sync.core.records import said_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = (Column.IN_PROGRESS, Column.REVIEW)
PERSONS_COLUMN = Column.DONE
TICK = 10
"""Seconds from one commit to the next."""


class Value(NamedTuple):
    """What a part of the task says, and since which commit."""

    version: Version = UNKNOWN
    number: int = 0


class Tree(NamedTuple):
    """What a commit says of the task: its words, its status, and when it was taken out."""

    text: Value = Value()
    status: Value = Value()
    removed: Version = UNKNOWN

    @property
    def newest(self) -> Version:
        """The version of the newest part."""
        return max(self.text.version, self.status.version)

    @property
    def holds_it(self) -> bool:
        """Whether the task is there: an edit that is newer than the removal brings it back."""
        return self.newest > self.removed


EMPTY = Tree()
FIRST = Version(TICK, "c1")
BEGUN = Tree(Value(FIRST), Value(FIRST))


@cache
def merged(one: Tree, two: Tree) -> Tree:
    """Merge two commits, part by part: the newer version wins."""
    removed = max(one.removed, two.removed)
    return Tree(max(one.text, two.text), max(one.status, two.status), removed)


class Checkout(NamedTuple):
    """A clone: origin as fetched, its own branch, the task as it last had it, and its base."""

    fetched: Tree
    branch: Tree = EMPTY
    known: Tree = EMPTY
    base: int = 0

    @property
    def view(self) -> Tree:
        """What its repository says: its branch merged into what it fetched."""
        return merged(self.fetched, self.branch)


class State(NamedTuple):
    """All there is; ``board`` and the bases are numbers that the rule's table gave them."""

    origin: Tree
    clones: tuple[Checkout, ...]
    board: int = 0
    ticks: int = 1
    is_away: bool = False
    """Whether a person has put the card away, and nobody has taken it out again."""
    is_odd: bool = False
    """Whether nobody can say what a person meant, so that only peace is asked for."""
    is_bare: bool = False
    """Whether a person has cleared the version, so that all clones are in the right for once."""


class Cards(NamedTuple):
    """The cards of a board, and the last id that it gave."""

    cards: tuple[SeenCard, ...] = ()
    last_id: int = 0

    def board(self) -> MemoryBoard:
        """Return a board with these cards."""
        board = MemoryBoard()
        board.prepare()
        board.cards = {each.id: each for each in self.cards}
        for _ in range(self.last_id):
            board.new_id()
        return board

    @property
    def shown(self) -> list[SeenCard]:
        """The cards that are not in the archive."""
        return [each for each in self.cards if not each.archived]


class End(NamedTuple):
    """What one sync left: the base, the board, and how many writes it made."""

    base: int
    board: int
    writes: int


class Cut(NamedTuple):
    """Where a sync is cut off: at which write, counted from 1 (0: nowhere), done or not."""

    write: int = 0
    is_done: bool = False


WHOLE = Cut()


@dataclass
class Rule:
    """What the real rule does, tried once for each situation; bases and boards become numbers."""

    bases: list[Said | None] = field(default_factory=lambda: [None])
    boards: list[Cards] = field(default_factory=lambda: [Cards()])
    _base_numbers: dict[str, int] = field(default_factory=dict)
    _board_numbers: dict[Cards, int] = field(default_factory=lambda: {Cards(): 0})
    _ends: dict[tuple[Card | None, str, int, int, Cut], End] = field(default_factory=dict)

    def sync(self, wanted: Card | None, mark: str, base: int, board: int, cut: Cut = WHOLE) -> End:
        """Let one clone sync."""
        asked = (wanted, mark, base, board, cut)
        if asked not in self._ends:
            self._ends[asked] = self._try(wanted, mark, base, board, cut)
        return self._ends[asked]

    def _try(self, wanted: Card | None, mark: str, base: int, board: int, cut: Cut) -> End:
        there = self.boards[board].board()
        clone = self._clone(there, mark, base)
        before = there.writes
        there.fail_at(cut.write, answer_lost=cut.is_done)
        with suppress(BoardUnreachableError):
            clone.sync([wanted] if wanted is not None else [])
        return End(self._of_base(clone), self.of_board(there), there.writes - before)

    def race(
        self, first: tuple[Card | None, str, int], second: tuple[Card | None, str, int], board: int
    ) -> tuple[int, int, int]:
        """Let a clone read, another one sync, and the first one write; return bases and board."""
        there = self.boards[board].board()
        clones = [self._clone(there, mark, base) for _, mark, base in (first, second)]
        wanted = [[each] if each is not None else [] for each, _, _ in (first, second)]
        clones[0].sync(wanted[0], meanwhile=lambda: clones[1].sync(wanted[1]))
        return self._of_base(clones[0]), self._of_base(clones[1]), self.of_board(there)

    def _clone(self, board: MemoryBoard, mark: str, base: int) -> Clone[MemoryBoard]:
        said = self.bases[base]
        return Clone(board, {} if said is None else {said.said.key: said}, mark)

    def _of_base(self, clone: Clone[MemoryBoard]) -> int:
        said = clone.base.get(key())
        if said is None:
            return 0
        text = said_to_json(said)
        if text not in self._base_numbers:
            self._base_numbers[text] = len(self.bases)
            self.bases.append(said)
        return self._base_numbers[text]

    def of_board(self, board: MemoryBoard) -> int:
        """Return the number of a board as it is now."""
        cards = tuple(sorted(board.cards.values(), key=lambda each: int(each.id)))
        now = Cards(cards, int(board.new_id()) - 1)
        if now not in self._board_numbers:
            self._board_numbers[now] = len(self.boards)
            self.boards.append(now)
        return self._board_numbers[now]


@dataclass(frozen=True)
class World:
    """The rules of the game: how far each clone's clock is off, and how each one draws."""

    rule: Rule
    skews: tuple[int, ...]
    marks: tuple[str, ...] = ()
    keeps_words: bool = False
    """Whether what is gone with its layer keeps the version of its words, as in a database."""

    def first(self) -> State:
        """Everybody has the first commit, nobody has synced."""
        return State(BEGUN, tuple(Checkout(BEGUN) for _ in self.skews))

    def all_synced(self) -> State:
        """Everybody has the first commit, and the card says it."""
        state = self.first()
        for who in range(len(self.skews)):
            state, _ = self.synced(state, who)
        return state

    def mark(self, who: int) -> str:
        """Return how this clone draws."""
        return self.marks[who] if self.marks else MARK

    # --- what a clone wants -----------------------------------------------------------------

    def wanted(self, checkout: Checkout) -> Card | None:
        """Return the card as a clone would have it, None if it never knew the task."""
        return _wanted(checkout.view, checkout.known, keeps_words=self.keeps_words)

    # --- what may happen --------------------------------------------------------------------

    def nexts(self, state: State) -> Iterator[tuple[str, State]]:
        """Yield all that may happen now, and what comes of it."""
        for who, checkout in enumerate(state.clones):
            name = "abc"[who]
            for deed, after in self._work(state, who, checkout):
                yield f"{name} {deed}", after
            yield from self._syncs(state, who)
        yield from self._people(state)

    def _work(self, state: State, who: int, checkout: Checkout) -> Iterator[tuple[str, State]]:
        view = checkout.view
        version = Version(
            max(
                (state.ticks + 1) * TICK + self.skews[who], max(view.newest, view.removed).time + 1
            ),
            f"c{state.ticks + 1}",
        )
        if view.holds_it:
            text = Value(version, state.ticks)
            yield "rewords", _own(state, who, view._replace(text=text), 1)
            status = Value(version, view.status.number + 1)
            yield "ticks", _own(state, who, view._replace(status=status), 1)
            yield "removes", _own(state, who, view._replace(removed=version), 1)
        elif view.removed != UNKNOWN:
            anew = Value(version, state.ticks), Value(version, view.status.number + 1)
            yield "restores", _own(state, who, Tree(*anew, view.removed), 1)
        if checkout.branch != EMPTY:
            yield "drops its branch", _own(state, who, EMPTY)
        if checkout.fetched != state.origin:
            yield "pulls", _with(state, who, checkout._replace(fetched=state.origin))
        elif view != state.origin:
            pushed = checkout._replace(fetched=view, branch=EMPTY)
            yield "pushes", _with(state, who, pushed)._replace(origin=view)
        for deed, there in (("the first commit", BEGUN), ("before the task", EMPTY)):
            if state.origin != there:
                back = checkout._replace(fetched=there, branch=EMPTY)
                yield f"forces {deed}", _with(state, who, back)._replace(origin=there)

    def synced(self, state: State, who: int, cut: Cut = WHOLE) -> tuple[State, int]:
        """Let a clone sync; return also how many writes it made."""
        checkout = state.clones[who]
        end = self.rule.sync(self.wanted(checkout), self.mark(who), checkout.base, state.board, cut)
        after = _heard(checkout)._replace(base=end.base)
        return _with(state, who, after)._replace(board=end.board), end.writes

    def _syncs(self, state: State, who: int) -> Iterator[tuple[str, State]]:
        name = "abc"[who]
        after, writes = self.synced(state, who)
        yield f"{name} syncs", after
        for number in range(1, writes + 1):
            for is_done in (False, True):
                if (number, is_done) != (writes, False) or writes == 1:
                    said = "after" if is_done else "before"
                    cut, _ = self.synced(state, who, Cut(number, is_done))
                    yield f"{name} crashes {said} write {number}", cut
        if not writes:
            return
        for other, beside in enumerate(state.clones):
            if other != who and self.synced(state, other)[1]:
                sides = [
                    (self.wanted(each), self.mark(number), each.base)
                    for number, each in ((who, state.clones[who]), (other, beside))
                ]
                *bases, board = self.rule.race(sides[0], sides[1], state.board)
                raced = _with(state, who, _heard(state.clones[who])._replace(base=bases[0]))
                raced = _with(raced, other, _heard(beside)._replace(base=bases[1]))
                is_odd = state.is_odd or (not state.is_away and self._is_put_away_unseen(board))
                after = raced._replace(board=board, is_odd=is_odd)
                yield f"{name} reads, {'abc'[other]} syncs, {name} writes", after

    def _is_put_away_unseen(self, board: int) -> bool:
        """Whether a clone wrote to a card that another one put away since it was read.

        It overwrites the mark of that archiving, which looks like a person's from then on.
        """
        cards = self.rule.boards[board].cards
        return any(each.archived and each.stamp and not each.stamp.archived for each in cards)

    def _people(self, state: State) -> Iterator[tuple[str, State]]:
        cards = self.rule.boards[state.board]
        if not cards.cards:
            return
        shown = cards.shown
        if not shown:
            first = cards.cards[0].id
            back = self._by_hand(state, lambda board: board.person_moves(first, PERSONS_COLUMN))
            yield "a person takes it out of the archive", back._replace(is_away=False)
            return
        id_ = shown[0].id
        yield (
            "a person retitles it",
            self._by_hand(state, lambda board: board.person_edits(id_, title="Mine")),
        )
        yield (
            "a person moves it",
            self._by_hand(state, lambda board: board.person_moves(id_, PERSONS_COLUMN)),
        )
        # A clone that put it away itself, or has it twice, may take a person's doing for its own.
        bases = [self.rule.bases[each.base] for each in state.clones]
        is_begun = any(each is not None and each.archived for each in bases)
        is_odd = state.is_odd or is_begun or len(cards.cards) > 1
        away = self._by_hand(state, lambda board: board.person_archives(id_))
        yield "a person archives it", away._replace(is_away=True, is_odd=is_odd)
        gone = self._by_hand(state, lambda board: board.person_deletes(id_))
        yield "a person deletes it", gone._replace(is_odd=True)
        bare = self._by_hand(state, lambda board: board.person_clears_version(id_))
        yield (
            "a person clears its version",
            bare._replace(is_bare=True, is_odd=state.is_odd or len(cards.cards) > 1),
        )

    def _by_hand(self, state: State, change: Callable[[MemoryBoard], None]) -> State:
        board = self.rule.boards[state.board].board()
        change(board)
        return state._replace(board=self.rule.of_board(board))


@cache
def _wanted(view: Tree, known: Tree, *, keeps_words: bool) -> Card | None:
    if view.holds_it:
        version = CardVersion(view.text.version, view.status.version)
        title, column = f"Title {view.text.number}", COLUMNS[view.status.number % 2]
        return card(title=title, column=column, version=version)
    if known == EMPTY:
        return None
    if view.removed != UNKNOWN:
        words = max(view.text.version, known.text.version)
        return over(version=CardVersion(words, view.removed))
    words = known.text.version if keeps_words else UNKNOWN
    return over(version=NEVER._replace(text=words))


def _heard(checkout: Checkout) -> Checkout:
    """Return a clone whose database has heard what its repository says."""
    return checkout._replace(known=checkout.view) if checkout.view.holds_it else checkout


def _with(state: State, who: int, checkout: Checkout) -> State:
    clones = list(state.clones)
    clones[who] = checkout
    return state._replace(clones=tuple(clones))


def _own(state: State, who: int, branch: Tree, ticks: int = 0) -> State:
    checkout = state.clones[who]._replace(branch=branch)
    return _with(state, who, checkout)._replace(ticks=state.ticks + ticks)


def pulled(state: State) -> State:
    """Let all clones have what was pushed."""
    clones = tuple(each._replace(fetched=state.origin) for each in state.clones)
    return state._replace(clones=clones)


def pushed(state: State) -> State:
    """Let all clones push what they have, and have all of it."""
    for each in state.clones:
        state = state._replace(origin=merged(state.origin, each.view))
    clones = tuple(each._replace(fetched=state.origin, branch=EMPTY) for each in state.clones)
    return state._replace(clones=clones)
