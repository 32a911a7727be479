"""Whatever is said in files and in the database, in any order, and killed anywhere: none is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kanban_sync.core.model import Status
from sync.hunt.by_hand import DIALECTS, LATER, UNUSED, Dialect
from sync.hunt.two_way_world import MAIN, SECOND, World, make_template

pytestmark = pytest.mark.hunt

EXAMPLES, STEPS = 8, 12

TREES = st.sampled_from([MAIN, MAIN, SECOND])
SETTABLE = st.sampled_from(
    [Status.DONE, Status.TODO, Status.IN_PROGRESS, Status.BLOCKED, Status.REVIEW, Status.CANCELLED]
)
PLACES = st.integers(0, 30)
WRITES = st.none() | st.integers(0, 60)
KINDS = st.sampled_from(["status", "status", "status", "title", "add", "remove", "swap"])


class TwoWays(RuleBasedStateMachine):
    """People, agents and git at work in one clone."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp(dir=self.template.parent))
        self.world = World(self.template, self.top / "world")
        self.world.sync(MAIN)

    def teardown(self) -> None:
        try:
            self.world.check_converged()
        finally:
            shutil.rmtree(self.top)

    # --- people and git -----------------------------------------------------------------------

    @rule(
        tree=TREES,
        dialect=st.sampled_from(DIALECTS),
        edits=st.lists(st.tuples(KINDS, PLACES, PLACES), min_size=1, max_size=3),
        commits=st.booleans(),
    )
    def edit(
        self, tree: str, dialect: Dialect, edits: list[tuple[str, int, int]], *, commits: bool
    ) -> None:
        for kind, which, how in edits:
            self._edit(tree, dialect, kind, which, how)
        if commits:
            self.world.commit(tree)

    def _edit(self, tree: str, dialect: Dialect, kind: str, which: int, how: int) -> None:
        names = sorted(dialect.tasks(self.world.text(tree, dialect)))
        if kind == "add":
            if self.world.count < len(UNUSED):
                name, number = self.world.fresh_name()
                change = partial(dialect.add, name=name, number=number, place=which)
                self.world.edit(tree, dialect, change)
            return
        if not names:
            return
        name = names[which % len(names)]
        statuses = list(dialect.words)
        changes = {
            "status": partial(dialect.set, name=name, status=statuses[how % len(statuses)]),
            "title": partial(dialect.retitle, name=name, later=["", *LATER][how % 3]),
            "remove": partial(dialect.remove, name=name),
            "swap": partial(dialect.swap, name=name),
        }
        self.world.edit(tree, dialect, changes[kind])

    @rule(tree=TREES)
    def commit(self, tree: str) -> None:
        self.world.commit(tree)

    @rule(tree=TREES, dialect=st.sampled_from(DIALECTS))
    def take_edits_back(self, tree: str, dialect: Dialect) -> None:
        self.world.git(tree, "checkout", "--quiet", "--", dialect.path)

    @rule(branch=st.sampled_from(["main", "main", "feature"]))
    def switch(self, branch: str) -> None:
        self.world.git(MAIN, "switch", "--quiet", branch)

    @rule(
        tree=TREES,
        other=st.sampled_from(["main", "feature", "side"]),
        side=st.sampled_from(["ours", "theirs"]),
    )
    def merge(self, tree: str, other: str, side: str) -> None:
        self.world.commit(tree)
        self.world.merge(tree, other, side)

    # --- the program --------------------------------------------------------------------------

    @rule(tree=TREES, killed_at=WRITES)
    def sync(self, tree: str, killed_at: int | None) -> None:
        self.world.sync(tree, killed_at)

    @rule(tree=TREES, killed_at=WRITES)
    def write_files(self, tree: str, killed_at: int | None) -> None:
        self.world.write_files(tree, killed_at)

    @rule(
        tree=TREES,
        which=PLACES,
        verb=st.sampled_from(["set", "set", "done", "claim", "release", "force", "assign"]),
        status=SETTABLE,
        agent=st.sampled_from(["ada", "bob"]),
        killed_at=WRITES,
    )
    @precondition(lambda self: self.world.keys)
    def work(  # noqa: PLR0913 - who does what to which task where, and how far
        self,
        tree: str,
        which: int,
        verb: str,
        status: Status,
        agent: str,
        killed_at: int | None,
    ) -> None:
        names = list(self.world.keys)
        self.world.work(tree, names[which % len(names)], verb, status, agent, killed_at)


def test_nothing_that_was_said_is_lost_unheard_and_both_sides_agree_in_the_end(
    tmp_path: Path, hunt_factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Opening a clone drops it, and it has to be there again for the next test.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    make_template(tmp_path / "template")
    machine = type("Here", (TwoWays,), {"template": tmp_path / "template"})
    chosen = settings(
        max_examples=EXAMPLES * hunt_factor,
        stateful_step_count=STEPS if hunt_factor == 1 else 3 * STEPS,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(machine, settings=chosen)
