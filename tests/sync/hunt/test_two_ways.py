"""What is said in files and in the database, in any order, and killed anywhere, is not lost."""

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
    initialize,
    rule,
    run_state_machine_as_test,
)

from kanban_sync.core.model import Status
from sync.hunt.by_hand import DIALECTS, LATER, UNUSED, Dialect, Told
from sync.hunt.two_way_world import MAIN, SECOND, Deed, World, make_template

pytestmark = pytest.mark.hunt

EXAMPLES, STEPS = 8, 12

TREES = st.sampled_from([MAIN, MAIN, SECOND])
SETTABLE = st.sampled_from(
    [Status.DONE, Status.TODO, Status.IN_PROGRESS, Status.BLOCKED, Status.REVIEW, Status.CANCELLED]
)
PLACES = st.integers(0, 30)
# Things happen where others happen: mostly to the first task.
TASKS = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4, 5])
VERBS = st.sampled_from(
    ["set", "set", "done", "done", "claim", "lapse", "lapse", "release", "force", "assign"]
)
DEEDS = st.builds(Deed, VERBS, SETTABLE, st.sampled_from(["ada", "bob"]))
DIALECT = st.integers(0, 1)
WRITES = st.none() | st.integers(0, 20) | st.integers(20, 80)
KINDS = st.sampled_from(["status", "status", "status", "title", "add", "remove", "swap"])


class TwoWays(RuleBasedStateMachine):
    """People, agents and git at work in one clone."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp(dir=self.template.parent))
        self.world = World(self.template, self.top / "world")
        self.focus = tuple(DIALECTS.values())

    @initialize(
        focus=st.lists(st.sampled_from(list(DIALECTS)), min_size=1, max_size=2, unique=True)
    )
    def begin(self, focus: list[str]) -> None:
        self.focus = tuple(DIALECTS[each] for each in focus)
        self.world.sync(MAIN)

    def teardown(self) -> None:
        try:
            if self.world.is_well:
                self.world.check_converged()
        finally:
            shutil.rmtree(self.top)

    def _dialect(self, which: int) -> Dialect:
        return self.focus[which % len(self.focus)]

    # --- people and git -----------------------------------------------------------------------

    @rule(
        tree=TREES,
        which=DIALECT,
        edits=st.lists(st.tuples(KINDS, TASKS, PLACES), min_size=1, max_size=3),
        commits=st.booleans(),
    )
    def edit(
        self, tree: str, which: int, edits: list[tuple[str, int, int]], *, commits: bool
    ) -> None:
        dialect = self._dialect(which)
        for kind, task, how in edits:
            self._edit(tree, dialect, kind, task, how)
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
        is_known = name in self.world.model.agreed or name not in self.world.model.database
        if kind == "title" and not is_known:
            return
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

    @rule(tree=TREES, which=DIALECT)
    def take_edits_back(self, tree: str, which: int) -> None:
        dialect = self._dialect(which)
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
        which=DIALECT,
        task=TASKS,
        deed=DEEDS,
        killed_at=WRITES,
    )
    def work(self, tree: str, which: int, task: int, deed: Deed, killed_at: int | None) -> None:
        name = self._name(which, task)
        if name:
            self.world.work(tree, name, deed, killed_at)

    @rule(tree=TREES, again=st.booleans(), killed_at=WRITES)
    def add(self, tree: str, *, again: bool, killed_at: int | None) -> None:
        model = self.world.model
        waiting = [name for name in model.database if name not in model.agreed]
        if again and waiting:
            name = waiting[-1]
            if name in self.world.files(tree):
                return
        elif self.world.count < len(UNUSED):
            name, _ = self.world.fresh_name()
        else:
            return
        self.world.add(tree, name, killed_at)

    @rule(tree=TREES, which=DIALECT, task=TASKS, status=SETTABLE)
    def set_in_file(self, tree: str, which: int, task: int, status: Status) -> None:
        name = self._name(which, task)
        if name:
            self.world.set_in_file(tree, name, status)

    def _name(self, which: int, task: int) -> str:
        model, dialect = self.world.model, self._dialect(which)
        names = sorted(name for name in model.database if model.dialects[name] is dialect)
        return names[task % len(names)] if names else ""

    @rule(
        tree=TREES,
        which=DIALECT,
        task=TASKS,
        how=PLACES,
        deed=DEEDS,
        beside=TREES,
    )
    def edit_while_an_agent_works(
        self, tree: str, which: int, task: int, how: int, deed: Deed, beside: str
    ) -> None:
        name, dialect = self._name(which, task), self._dialect(which)
        if not name or name not in dialect.tasks(self.world.text(tree, dialect)):
            return
        said = list(dialect.words)[how % len(dialect.words)]
        self.world.edit(tree, dialect, partial(dialect.set, name=name, status=said))
        self.world.work(beside, name, deed)
        self.world.commit(tree)


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Opening a clone drops it, and it has to be there again for the next test.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.environ["GIT_CEILING_DIRECTORIES"])
    make_template(tmp_path / "template")
    return tmp_path / "template"


def test_in_every_dialect_what_a_file_says_against_the_database_is_told_as_lost(
    template: Path, tmp_path: Path
) -> None:
    world = World(template, tmp_path / "world")
    world.sync(MAIN)
    names = []
    for dialect in DIALECTS.values():
        said = dialect.tasks(world.text(MAIN, dialect))
        told = Status.IN_PROGRESS if Status.IN_PROGRESS in dialect.words else Status.DONE
        names.append(next(name for name in said if said[name][0].status is Status.TODO))
        world.edit(MAIN, dialect, partial(dialect.set, name=names[-1], status=told))
        world.work(SECOND, names[-1], Deed("set", Status.BLOCKED, "ada"))
    world.commit(MAIN)
    world.sync(MAIN)

    lost = [each.name for each in world.conflicts() if each.field == "status"]
    assert sorted(lost) == sorted(names)
    world.check_converged()


@pytest.mark.parametrize("ends", ["release", "done"])
def test_in_every_dialect_what_a_claim_has_written_is_nobody_s_word_when_it_is_over(
    template: Path, tmp_path: Path, ends: str
) -> None:
    world = World(template, tmp_path / "world")
    world.sync(MAIN)
    files = world.files(SECOND)
    # The box of a change has no place for a name.
    free = {
        dialect.name: name
        for name, (dialect, told) in files.items()
        if told == Told(Status.TODO) and dialect.assigns
    }
    assert len(free) >= len(DIALECTS) - 2
    names = [*free.values()]
    for name in names:
        world.work(SECOND, name, Deed("lapse", Status.TODO, "ada"))
        if ends == "done":
            world.work(MAIN, name, Deed("claim", Status.TODO, "bob"))
        world.work(MAIN, name, Deed(ends, Status.DONE, "bob" if ends == "done" else "ada"))
    world.commit(SECOND)
    world.commit(MAIN)
    world.sync(MAIN)
    world.merge(MAIN, "side", "theirs")
    world.sync(MAIN)

    wanted = dict.fromkeys(names, Told(Status.DONE, "bob") if ends == "done" else Told(Status.TODO))
    if ends == "done":
        # Whoever merges has kept a task that was taken out: it is to do, and not the late agent's.
        wanted[free["v1.0"]] = Told(Status.TODO)
    assert {name: world.model.database[name] for name in names} == wanted
    assert world.conflicts() == []
    world.check_converged()


def test_nothing_that_was_said_is_lost_unheard_and_both_sides_agree_in_the_end(
    template: Path, hunt_factor: int
) -> None:
    machine = type("Here", (TwoWays,), {"template": template})
    chosen = settings(
        max_examples=EXAMPLES * hunt_factor,
        stateful_step_count=STEPS if hunt_factor == 1 else 3 * STEPS,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(machine, settings=chosen)
