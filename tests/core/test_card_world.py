"""Whatever happens to a card, two syncs of each clone settle it: every history to a depth."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import pytest

from core.card_world import COLUMNS, Rule, State, World, pulled, pushed
from kanban_sync.sync import planning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Made = TypeVar("Made")

FAR_AHEAD, FAR_BEHIND, A_COMMIT_BEHIND = 25, -35, -10
"""By how many seconds a clock may be off, where a commit comes every ten seconds."""

RULE = Rule()
WORLDS = {
    "clocks that agree": (World(RULE, (0, 0)), 2),
    "a clock far ahead": (World(RULE, (0, FAR_AHEAD)), 2),
    "a clock far behind": (World(RULE, (0, FAR_BEHIND)), 3),
    "two commits in one second": (World(RULE, (0, A_COMMIT_BEHIND)), 2),
    "words that outlive their layer": (World(RULE, (0, FAR_AHEAD), keeps_words=True), 2),
    "two releases": (World(RULE, (0, FAR_AHEAD), ("m1", "m2")), 2),
    "three clones": (World(RULE, (0, FAR_BEHIND, FAR_AHEAD)), 2),
}
"""The worlds by name, and to what depth all is tried in the short form."""

# What was wrong once: world, and what happened after all had synced.
MENDED = [
    ("two releases", "a rewords", "a crashes after write 1", "b ticks"),
    ("two releases", "b rewords", "a ticks", "b crashes after write 1"),
    (
        *("clocks that agree", "a rewords", "a syncs"),
        *("a forces before the task", "a crashes before write 1"),
    ),
    (
        *("clocks that agree", "a rewords", "a crashes after write 2"),
        *("a drops its branch", "a crashes before write 1"),
    ),
    (
        *("a clock far ahead", "a rewords", "a syncs", "a rewords"),
        *("a crashes before write 1", "a drops its branch"),
    ),
    (
        *("clocks that agree", "a rewords", "b rewords"),
        *("b crashes after write 1", "b drops its branch"),
    ),
    (
        *("clocks that agree", "a ticks", "a syncs", "a ticks", "a ticks"),
        *("a syncs", "a drops its branch"),
    ),
    (
        *("clocks that agree", "a removes", "a crashes after write 2"),
        *("a forces before the task", "a syncs"),
    ),
]


class AtOnce:
    """Does at once what is to be done in a thread: there are some thousand syncs to try."""

    def __init__(self, *_args: object, **_named: object) -> None:
        """Take what a pool of threads takes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is left to be waited for."""

    def submit(self, work: Callable[[None], Made], nothing: None) -> Done[Made]:
        return Done(work(nothing))


class Done(Generic[Made]):
    """What came of it."""

    def __init__(self, made: Made) -> None:
        self.made = made

    def result(self) -> Made:
        return self.made


@pytest.mark.hunt
@pytest.mark.parametrize("name", WORLDS)
def test_every_history_of_a_card_settles_within_two_syncs_of_each_clone(
    name: str, hunt_factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone's own crashes, and one that writes between another's reading and writing, too."""
    monkeypatch.setattr(planning, "ThreadPoolExecutor", AtOnce)
    world, depth = WORLDS[name]
    deeper = int(hunt_factor > 1)
    for start, further in ((world.first(), 2), (world.all_synced(), depth)):
        tried, failures = searched(world, start, further + deeper)
        assert failures == {}, f"of {tried}"
        assert tried > 100


@pytest.mark.parametrize(("name", "deeds"), [(each[0], each[1:]) for each in MENDED])
def test_what_was_begun_and_cut_off_is_ended_or_taken_back(name: str, deeds: list[str]) -> None:
    world, _ = WORLDS[name]
    state = world.all_synced()
    for deed in deeds:
        state = dict(world.nexts(state))[deed]
    assert list(settled(world, state)) == []


def settled(world: World, state: State) -> Iterator[str]:
    """Yield what is wrong once all clones have pulled, and once all was pushed, in any order."""
    for order in permutations(range(len(state.clones))):
        for quiet in dict.fromkeys((pulled(state), pushed(state))):
            yield from _at_peace(world, quiet, order)


def _at_peace(world: World, state: State, order: tuple[int, ...]) -> Iterator[str]:
    titles: list[str] = []
    for who in order * 2:
        state, _ = world.synced(state, who)
        title = " ".join(each.title for each in world.rule.boards[state.board].shown)
        if title not in titles[-1:]:
            titles.append(title)
    if len(titles) - len(set(titles)) > 1 and not state.is_bare:
        yield f"to and fro: {titles}"
    for who in order:
        state, writes = world.synced(state, who)
        if writes:
            yield f"clone {'abc'[who]} writes a third time"
    yield from wrong(world, state)


def wrong(world: World, state: State) -> Iterator[str]:
    """Yield in what the board is not as it has to be when all is quiet."""
    shown = world.rule.boards[state.board].shown
    views = {each.view for each in state.clones}
    if state.is_odd:
        return
    if not all(each.holds_it for each in views):
        if shown and len(views) == 1:
            yield "a card of a task that is gone"
        return
    if len(shown) != (not state.is_away):
        yield f"{len(shown)} cards"
        return
    text, status = max(each.text for each in views), max(each.status for each in views)
    for each in shown:
        if each.title != f"Title {text.number}":
            yield f"title {each.title}, not {text.number}"
        if each.column is not COLUMNS[status.number % 2]:
            yield f"in {each.column}"


def searched(world: World, start: State, depth: int) -> tuple[int, dict[str, list[str]]]:
    """Try all that may happen, breadth first; return how many states, and the shortest failures."""
    ways: dict[State, tuple[State, str] | None] = {start: None}
    failures: dict[str, list[str]] = {}
    level = [start]
    for _ in range(depth):
        after: list[State] = []
        for state in level:
            for deed, there in world.nexts(state):
                if there in ways:
                    continue
                ways[there] = (state, deed)
                found = next(settled(world, there), "")
                if found:
                    failures.setdefault(found, _way(ways, there))
                else:
                    after.append(there)
        level = after
    return len(ways), failures


def _way(ways: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    deeds: list[str] = []
    while (came := ways[state]) is not None:
        state, deed = came
        deeds.append(deed)
    return deeds[::-1]
