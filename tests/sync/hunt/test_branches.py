"""Whatever is done with branches, the board shows what all of them together say."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kanban_sync.sync.state_folder import FULL_PASS_EVERY
from sync.hunt.branch_deeds import DEEDS
from sync.hunt.branch_world import World, not_ticked, twins, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.hunt.branch_world import Checkout

pytestmark = pytest.mark.hunt

EXAMPLES = {1: 30, 2: 15, 3: 8}
"""For each number of clones, how many histories are tried in the short form."""

PHASES = [Phase.explicit, Phase.generate]
"""Shrinking takes minutes, so that only the long form does it."""

OFTEN = ("tick", "tick", "commit", "branch", "switch", "merge", "sync")


class Step(NamedTuple):
    """What is done in which clone, with two numbers, and how many seconds after the last."""

    deed: str
    who: int
    x: int
    y: int
    seconds: int


STEPS = st.builds(
    Step,
    st.sampled_from([*DEEDS, *OFTEN]),
    st.integers(0, 2),
    st.integers(0, 11),
    st.integers(0, 6),
    st.sampled_from([0, 1, 10, 60]),
)


def waited(world: World) -> list[Checkout]:
    """Let time pass after which a clone looks at the board again, and return the clones."""
    world.clock += int(FULL_PASS_EVERY)
    return world.checkouts


def settled(world: World) -> Iterator[str]:
    """Yield what is wrong when all is quiet: each clone has fetched, and syncs twice more.

    Ten minutes pass each time, so that they look at the board even without news of their own.
    """
    for each in world.checkouts:
        each.fetched = world.origin
    for each in (each for _ in range(2) for each in waited(world)):
        world.sync(each)
    yield from (f"{wrong_one}" for wrong_one in wrong(world).items())
    yield from (f"not ticked: {name}" for name in not_ticked(world))
    yield from (f"two cards: {name}" for name in twins(world))
    yield from (f"to and fro: {each}" for each in world.flapping)
    before = world.board.writes
    for each in waited(world):
        world.sync(each)
    if world.board.writes != before:
        yield "a third sync writes"


def played(world: World, steps: list[Step]) -> None:
    clones = len(world.checkouts)
    for step in steps:
        world.clock += step.seconds
        DEEDS[step.deed](world, world.checkouts[step.who % clones], step.x, step.y)
        if step.deed == "sync" and clones == 1:
            assert wrong(world) == {}
    assert list(settled(world)) == []


FOUND = {
    "a value that the base layer has by now": [
        Step("tick", 0, 7, 6, 60),
        Step("worktree", 0, 7, 1, 1),
        Step("branch", 0, 7, 2, 1),
        Step("amend", 0, 6, 4, 1),
    ],
    "a place that the base layer has by now": [
        Step("commit", 0, 2, 5, 0),
        Step("worktree", 0, 3, 6, 0),
        Step("sync", 0, 1, 0, 10),
        Step("push", 0, 7, 6, 1),
        Step("amend", 0, 9, 0, 60),
    ],
    "a removal before another file was moved": [
        Step("worktree", 0, 2, 4, 10),
        Step("commit", 0, 2, 2, 5),
        Step("worktree", 0, 4, 5, 5),
    ],
    "a base layer that went back to where a branch forks off": [
        Step("branch", 0, 0, 0, 0),
        Step("switch", 0, 1, 0, 0),
        Step("tick", 0, 0, 0, 10),
        Step("tick", 0, 0, 1, 10),
        Step("switch", 0, 0, 0, 0),
        Step("tick", 0, 0, 0, 10),
    ],
    "a removal that was amended and made good": [
        Step("commit", 0, 4, 4, 10),
        Step("worktree", 0, 4, 5, 0),
        Step("amend", 0, 8, 2, 1),
        Step("commit", 0, 8, 3, 60),
    ],
}
"""Histories of one clone that once led to a wrong board."""


FOUND_BY_TWO = {
    "a branch that began before the point to which it took in the default branch": [
        Step("commit", 1, 5, 4, 10),
        Step("branch", 0, 0, 4, 1),
        Step("tick", 0, 7, 2, 0),
        Step("tick", 2, 7, 5, 0),
        Step("worktree", 2, 5, 2, 1),
        Step("amend", 2, 7, 0, 60),
        Step("push", 1, 9, 4, 1),
        Step("pull", 2, 9, 2, 10),
        Step("merge", 2, 1, 2, 0),
    ],
    "a merge of a line that moved what was ticked since": [
        Step("commit", 0, 4, 5, 0),
        Step("tick", 1, 10, 4, 0),
        Step("branch", 1, 2, 1, 1),
        Step("force", 1, 4, 1, 60),
        Step("pull", 0, 8, 2, 0),
        Step("force", 0, 8, 3, 0),
        Step("tick", 1, 4, 3, 10),
        Step("sync", 1, 10, 1, 10),
        Step("tick", 1, 11, 6, 0),
    ],
    "a merge of a line that ticked what was moved since": [
        Step("commit", 0, 8, 1, 0),
        Step("branch", 1, 3, 6, 1),
        Step("branch", 1, 2, 3, 10),
        Step("amend", 0, 6, 5, 1),
        Step("switch", 1, 2, 0, 60),
        Step("tick", 1, 4, 2, 0),
        Step("sync", 0, 11, 6, 1),
        Step("branch", 0, 2, 5, 60),
        Step("force", 1, 0, 1, 0),
        Step("pull", 0, 5, 5, 1),
        Step("commit", 0, 2, 6, 1),
    ],
    "a tick that only an older commit makes by now": [
        Step("tick", 0, 0, 0, 0),
        Step("branch", 0, 3, 1, 0),
        Step("tick", 0, 0, 3, 60),
        Step("commit", 1, 0, 0, 60),
        Step("force", 0, 10, 2, 10),
        Step("sync", 1, 5, 2, 10),
    ],
    "a task that was pushed, pulled by another clone, and taken back": [
        Step("commit", 0, 11, 3, 1),
        Step("push", 0, 7, 4, 60),
        Step("reset", 0, 8, 3, 1),
        Step("sync", 0, 1, 1, 0),
        Step("pull", 1, 4, 0, 1),
        Step("force", 0, 9, 1, 10),
    ],
}
"""Histories of two clones."""


@pytest.mark.parametrize("history", [*FOUND, *FOUND_BY_TWO])
def test_what_was_wrong_once_is_right(history: str, tmp_path: Path) -> None:
    clones = 2 if history in FOUND_BY_TWO else 1
    played(World(tmp_path, clones, True), {**FOUND, **FOUND_BY_TWO}[history])


@pytest.mark.parametrize("clones", EXAMPLES)
@pytest.mark.parametrize("layers", [True, False], ids=["live", "default-only"])
def test_the_board_shows_what_all_branches_say_together(
    clones: int, layers: bool, hunt_factor: int, tmp_path: Path
) -> None:
    @settings(
        max_examples=EXAMPLES[clones] * hunt_factor // (1 if layers else 4),
        suppress_health_check=list(HealthCheck),
        phases=PHASES if hunt_factor == 1 else [*PHASES, Phase.shrink],
    )
    @given(st.lists(STEPS, min_size=8, max_size=20))
    def play(steps: list[Step]) -> None:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        played(World(folder, clones, layers), steps)
        shutil.rmtree(folder)

    play()
