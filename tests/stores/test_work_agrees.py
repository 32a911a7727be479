"""Whatever agents do in whatever order: both stores agree, and no task is ever two agents'."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kanban_sync.core.assignment import Assignment, Idle
from kanban_sync.core.claims import ENDS
from kanban_sync.core.errors import LostClaimError, WorkError
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted
from kanban_sync.core.ports import SATISFIED_BY
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.sqlite import open_sqlite
from stores.made_up import NOW, PROJECT, key, task
from stores.milestones_contract import milestone
from stores.work_contract import box, change, proposal, step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanban_sync.core.model import TaskKey
    from stores.emptied import Emptied
    from stores.offers_contract import OfferingStore

M1 = milestone("M1")
KEYS = (
    *map(key, "abc"), key("a").child("1"), M1.key,
    change(), change().child("1"), change().child("2"),
)  # fmt: skip
KEY = st.sampled_from(KEYS)
AGENT = st.sampled_from(("ada", "bob"))
LEASE = st.sampled_from((10.0, 100.0))
PASSED = st.sampled_from((-50.0, 0.0, 5.0, 30.0, 200.0))
NEEDS = st.sampled_from(((), ("a",), ("b",), ("a", "c"), ("nobody",), ("M1",)))
IN_FILE = st.sampled_from((Status.TODO, Status.BACKLOG, Status.IN_PROGRESS, Status.DONE))
STATUS = st.sampled_from([status for status in Status if status is not Status.ORPHANED])

SOME = max(15, settings().max_examples // 10)
"""How many histories are played on a server, which takes longer than in a file."""


class Agents(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stores: tuple[OfferingStore, OfferingStore] = (MemoryStore(PROJECT), self.opened())
        self.now = NOW
        self.given: dict[TaskKey, int] = {}
        self.both(lambda store: store.register("o1", NOW))
        self.merge(((), ("a",), ("b",)), (Status.TODO,) * 3)

    def opened(self) -> OfferingStore:
        """Open the store that is to agree with the one in memory."""
        return open_sqlite(Path(self.folder.name, "tasks.db"), PROJECT)

    def both(self, do: Callable[[OfferingStore], object]) -> object:
        """Do the same to both, and see that they answer the same, refusals too."""
        answers: list[object] = []
        for store in self.stores:
            try:
                answers.append(do(store))
            except WorkError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0]

    @rule(
        needs=st.tuples(NEEDS, NEEDS, NEEDS),
        said=st.tuples(IN_FILE, IN_FILE, IN_FILE),
        blocks=st.sampled_from(((), (("Blocks", "a"),), (("Blocks", "b, c, x"),))),
        branch=st.sampled_from(("", "one")),
        terms=st.sampled_from(({}, {SATISFIED_BY: "default-branch"})),
        of=st.sampled_from(("", "M1", "Title M1")),
    )
    def merge(
        self,
        needs: tuple[tuple[str, ...], ...],
        said: tuple[Status, ...],
        blocks: tuple[tuple[str, str], ...] = (),
        branch: str = "",
        terms: Mapping[str, str] = MappingProxyType({}),
        of: str = "",
    ) -> None:
        tasks = [
            task(name, position=place, depends_on=names, status=status, branch=branch)
            for place, (name, names, status) in enumerate(zip("abc", needs, said, strict=True))
        ]
        tasks += [step("1", "a"), proposal(), box("1"), box("2")]
        tasks += [task("d", path="other.md", fields=blocks), M1]
        tasks[1:3] = [each._replace(group=of, path="docs/TASKS.md") for each in tasks[1:3]]
        self.both(
            lambda store: store.merge(tasks, {}, replace(store.files(), tips=terms), self.now)
        )

    @rule(seconds=PASSED)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(agent=AGENT, lease=LEASE, prefers=st.sampled_from((frozenset(), frozenset({"x"}))))
    def claim_next(self, agent: str, lease: float, prefers: frozenset[str]) -> None:
        wanted = Wanted(prefers=prefers)
        self.both(lambda store: store.claim_next(agent, self.now, lease, wanted))

    @rule(which=KEY, agent=AGENT, lease=LEASE, orchestrator=st.sampled_from(("", "o1")))
    def claim(self, which: TaskKey, agent: str, lease: float, orchestrator: str) -> None:
        self.both(lambda store: store.claim(which, agent, self.now, lease, orchestrator))

    @rule(which=KEY, back=st.integers(0, 2), status=st.sampled_from(sorted(ENDS)))
    def finish(self, which: TaskKey, back: int, status: Status) -> None:
        """Finish with the newest token, or with one from before."""
        token = self.given.get(which, 1) - back
        answer = self.both(lambda store: store.finish(which, token, status, self.now))
        if back:
            assert isinstance(answer, tuple)
            assert answer[0] is LostClaimError

    @rule(which=KEY, lease=LEASE)
    def extend(self, which: TaskKey, lease: float) -> None:
        token = self.given.get(which, 1)
        self.both(lambda store: store.extend(which, token, self.now, lease))

    @rule(which=KEY)
    def release(self, which: TaskKey) -> None:
        token = self.given.get(which, 1)
        self.both(lambda store: store.release(which, token, self.now))

    @rule(
        which=KEY,
        status=STATUS,
        who=AGENT,
        assignee=st.sampled_from((None, "", "ada", "bob")),
        force=st.booleans(),
    )
    def set_status(
        self, which: TaskKey, status: Status, who: str, assignee: str | None, force: bool
    ) -> None:
        self.both(
            lambda store: store.set_status(
                which, status, self.now, who, assignee=assignee, force=force
            )
        )

    @rule(which=KEY, agent=st.sampled_from(("", "ada", "bob")), who=AGENT)
    def assign(self, which: TaskKey, agent: str, who: str) -> None:
        self.both(lambda store: store.assign(which, agent, self.now, who))

    @rule()
    def reclaim(self) -> None:
        self.both(lambda store: store.reclaim(self.now))

    @rule(which=KEY, agent=AGENT, monitor=st.sampled_from(("m1", "m2")), back=st.integers(0, 1))
    def offer(self, which: TaskKey, agent: str, monitor: str, back: int) -> None:
        """Offer with the token of who leads, or with one from before."""
        self.both(lambda store: store.lead(monitor, self.now))
        until = self.now + 20
        found = [Assignment(which, agent)]
        self.both(lambda store: store.offer(found, self.now, until, store.leader().token - back))

    @rule(agent=AGENT, orchestrator=st.sampled_from(("", "o1")))
    def wait(self, agent: str, orchestrator: str) -> None:
        idle = Idle(agent, Wanted(), orchestrator, self.now, self.now)
        self.both(lambda store: store.note_idle(idle, self.now))

    @rule(agent=AGENT, keep_offer=st.booleans())
    def wait_no_more(self, agent: str, keep_offer: bool) -> None:
        self.both(lambda store: store.forget_idle(agent, self.now, keep_offer=keep_offer))

    @rule()
    def beat(self) -> None:
        self.both(lambda store: store.beat("o1", self.now))

    @invariant()
    def they_agree(self) -> None:
        for agent in ("", "ada"):
            self.both(lambda store, agent=agent: store.ready(self.now, agent=agent))  # type: ignore[misc]
        self.both(lambda store: (store.market(self.now, 9), store.leader(), store.depth()))
        self.both(lambda store: store.has_offer("ada", self.now))
        self.both(lambda store: store.entries())
        self.both(lambda store: store.tasks())
        self.both(lambda store: store.edges())
        self.both(lambda store: store.events(limit=10_000))

    @invariant()
    def tokens_grow_and_who_has_a_task_works_on_it(self) -> None:
        for entry in self.stores[0].entries():
            assert entry.attempts >= self.given.get(entry.key, 0)
            self.given[entry.key] = entry.attempts
            if entry.claim:
                assert entry.claim.token == entry.attempts

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()


@pytest.mark.hunt
class TestAgents(Agents.TestCase):  # type: ignore[misc,valid-type]
    settings = settings(stateful_step_count=20, max_examples=settings().max_examples // 2)


class PostgresAgents(Agents):
    emptied: Emptied

    def opened(self) -> OfferingStore:
        self.emptied.empty()
        return open_postgres(self.emptied.address, PROJECT)


@pytest.mark.hunt
class TestPostgresAgents(PostgresAgents.TestCase):  # type: ignore[misc,valid-type]
    settings = settings(stateful_step_count=20, max_examples=SOME)

    @pytest.fixture(autouse=True)
    def _emptied(self, emptied: Emptied) -> None:
        PostgresAgents.emptied = emptied
