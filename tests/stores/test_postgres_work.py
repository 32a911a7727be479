"""The store in PostgreSQL keeps the contract of those who work on its tasks."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted
from kanban_sync.core.ports import FilesState
from kanban_sync.stores import postgres_statistics, postgres_work, work_rows
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.migrations import migrations
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_database import open_database, upgrade_database
from kanban_sync.stores.postgres_errors import SLEEP
from kanban_sync.stores.postgres_exchange import Exchange
from kanban_sync.stores.rows import TWOFOLD, WRITE_TASK, row_of
from stores.made_up import NOW, PROJECT, key, task
from stores.milestones_contract import MilestonesContract, milestone, of
from stores.offers_contract import OffersContract
from stores.work_contract import WorkStoreContract, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.stores.postgres_exchange import Statement
    from kanban_sync.stores.rows import Row
    from stores.emptied import Emptied
    from stores.work_contract import WholeStore


class TestPostgresWork(WorkStoreContract, OffersContract, MilestonesContract):
    @pytest.fixture(autouse=True)
    def _emptied(self, emptied: Emptied) -> None:
        self.emptied = emptied

    @contextmanager
    def opened(self) -> Iterator[WholeStore]:
        yield PostgresStore(self.emptied.database, PROJECT)


WRITE_BEFORE = (
    WRITE_TASK.partition("\nON CONFLICT")[0]
    .replace(",\n       assigned_time, assigned_commit, branch)", ")")
    .replace(", ?30, ?31, ?32)", ")")
)
"""As rows were written before an assignee had a version."""


def test_a_database_from_before_learns_what_its_tasks_wait_for(emptied: Emptied) -> None:
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    tasks = [task("a", labels=("Db",)), task("b", depends_on=("a",))]
    tips = ((PROJECT, ":readers", "1"), (PROJECT, "main", "2"))
    steps = migrations("postgres")[:2]
    with (
        closing(open_database(emptied.address, steps=steps)) as old,
        old.writing(PROJECT) as db,
    ):
        rows = [row_of(Kept(each, filed_part(each)), "d")[:-3] for each in tasks]
        db.executemany(WRITE_BEFORE, rows)
        db.executemany("INSERT INTO tips VALUES (?, ?, ?)", tips)
    upgrade_database(emptied.address)
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        assert names(store.ready(NOW, Wanted(tags=frozenset({"dB"})))) == ["a"]
        # Nobody's: all files are read again.
        assert store.files().tips == {}
        store.merge(tasks, {}, FilesState(), NOW)
        assert names(store.ready(NOW)) == ["a"]
        assert store.entry(key("b")).waits_for


def test_what_waits_for_a_task_is_found_by_its_key_once_many_tasks_came(emptied: Emptied) -> None:
    waits = [task(f"{n}", depends_on=(f"{n - 40}",) if n >= 40 else ()) for n in range(300)]
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge(waits, {}, FilesState(), NOW)
    with emptied.database.reading() as db:
        plans = [
            "\n".join(row[0] for row in db.execute(f"EXPLAIN {each}", key("100")))
            for each in (*work_rows.RECKON, work_rows.ENTRY)
        ]
    assert all("using tasks_pkey on tasks" in plan for plan in plans)
    assert not any("tasks_by_status" in plan for plan in plans)


@pytest.fixture
def is_known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the server has looked at the tasks that came."""
    if not request.param:
        monkeypatch.setattr(postgres_statistics, "FEW", 10**6)
    return bool(request.param)


@pytest.mark.parametrize("prefers", [frozenset[str](), frozenset({"db"})])
@pytest.mark.parametrize("is_known", [False, True], indirect=True)
def test_the_next_task_is_found_by_its_index_in_order(
    emptied: Emptied, prefers: frozenset[str], is_known: bool
) -> None:
    wanted = Wanted(prefers=prefers)
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task(f"{n}") for n in range(1000)], {}, FilesState(), NOW)
    if is_known:
        # Knowing that nobody has a task yet, the server would look for claims by all there are.
        emptied.tell("ANALYZE kanban_sync.tasks")
    statement, used = postgres_work.holding(
        wanted, work_rows.TO_DO, postgres_work.PASS_OVER, suits=True if prefers else None
    )
    parameters = work_rows.ready_parameters(PROJECT, wanted, "ada", NOW, 1)
    with emptied.database.reading() as db:
        found = db.execute(f"EXPLAIN {statement}", [parameters[n] for n in used])
        plan = "\n".join(row[0] for row in found)
    assert "Index Scan using tasks_to_claim on tasks t" in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan
    # Claims are looked through once, for those that ran out, and for no task that is looked at.
    assert plan.count("using tasks_claimed") == 1
    assert plan.count("using tasks_begun") == 1


@pytest.mark.parametrize("is_known", [False, True], indirect=True)
def test_what_is_ready_for_a_milestone_is_found_by_the_keys_of_its_tasks(
    emptied: Emptied, is_known: bool
) -> None:
    m1 = milestone("M1")
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        tasks = [of("M1", "a"), *(task(f"{n}") for n in range(1000))]
        store.merge([m1, *tasks], {}, FilesState(), NOW)
    if is_known:
        emptied.tell("ANALYZE kanban_sync.tasks")
    wanted = Wanted(parent=m1.key)
    statement, used = postgres_work.holding(
        wanted, work_rows.TO_DO, postgres_work.PASS_OVER, suits=None
    )
    parameters = work_rows.ready_parameters(PROJECT, wanted, "ada", NOW, 1)
    with emptied.database.reading() as db:
        found = db.execute(f"EXPLAIN {statement}", [parameters[n] for n in used])
        plan = "\n".join(row[0] for row in found)
    assert "Index Scan using tasks_pkey on tasks t" in plan
    assert "Seq Scan on tasks" not in plan


@pytest.mark.parametrize("is_known", [False, True], indirect=True)
def test_what_is_offered_is_found_among_what_is_offered(emptied: Emptied, is_known: bool) -> None:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task(f"{n}") for n in range(1000)], {}, FilesState(), NOW)
    if is_known:
        emptied.tell("ANALYZE kanban_sync.tasks")
    parameters = work_rows.ready_parameters(PROJECT, Wanted(), "ada", NOW, 1)
    plans = []
    with emptied.database.reading() as db:
        for state in work_rows.OFFERED, work_rows.TO_DO:
            statement, used = postgres_work.holding(
                Wanted(), state, postgres_work.PASS_OVER, suits=None
            )
            found = db.execute(f"EXPLAIN {statement}", [parameters[n] for n in used])
            plans.append("\n".join(row[0] for row in found))
    # To look whether there is an offer, which each claim does, costs one search in that index, too.
    assert "using tasks_offered on tasks t" in plans[0]
    assert all("using tasks_offered on tasks o" in each for each in plans)


def test_an_id_of_two_tasks_is_looked_up_by_the_key_of_its_task(emptied: Emptied) -> None:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task(f"{n}") for n in range(1000)], {}, FilesState(), NOW)
    # A server that knows nothing of the tables takes any index of the project for as good.
    emptied.tell("ANALYZE kanban_sync.tasks; ANALYZE kanban_sync.events")
    with emptied.database.reading() as db:
        plan = "\n".join(row[0] for row in db.execute(f"EXPLAIN {TWOFOLD}", (PROJECT, NOW)))
    assert "Index Scan using tasks_pkey on tasks t" in plan
    assert "Seq Scan" not in plan


def test_claims_to_take_back_are_found_among_those_of_silent_orchestrators(
    emptied: Emptied,
) -> None:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task(f"{n}") for n in range(200)], {}, FilesState(), NOW)
        # The server learns of no claim: they are few among many tasks.
        emptied.tell("ANALYZE kanban_sync.tasks")
        store.register("alive", NOW, 200)
        while store.claim_next("ada", NOW, 60, orchestrator="alive"):
            pass
    with emptied.database.reading() as db:
        explained = f"EXPLAIN (ANALYZE) {postgres_work.PostgresDesk.finds_lapsed}"
        plan = "\n".join(row[0] for row in db.execute(explained, (PROJECT, NOW, NOW - 60)))
    # Not through all claims, to find of each that its orchestrator is not silent.
    assert "tasks_of_orchestrator" in plan
    assert "(never executed)" in plan.split("tasks_of_orchestrator")[1].split("\n")[0]


def test_a_claim_is_two_journeys_to_the_server_and_its_end_three(
    emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    journeys: list[int] = []
    send = Exchange.send

    def counted(
        exchange: Exchange, statements: Sequence[Statement], afterwards: Statement | None = None
    ) -> list[Row]:
        journeys.append(len(statements) + (afterwards is not None))
        return send(exchange, statements, afterwards)

    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task("a"), task("b")], {}, FilesState(), NOW)
        monkeypatch.setattr(Exchange, "send", counted)
        claimed = store.claim_next("ada", NOW, 60)
        # It begins, sets itself up and holds the task; writes it, tells of it, ends, wakes others.
        assert journeys == [3, 4]
        assert claimed is not None
        assert claimed.claim is not None
        journeys.clear()
        store.finish(claimed.key, claimed.claim.token, Status.DONE, NOW)
    # It begins as before, holds and reads the task; writes it, reckons, and reads it again; tells
    # of it, ends, and wakes others.
    assert journeys == [5, 4, 3]


def test_who_sleeps_in_the_middle_of_adding_a_task_does_not_hold_up_others_for_long(
    emptied: Emptied,
) -> None:
    query = "SELECT current_setting('idle_in_transaction_session_timeout')"
    database = open_database(emptied.address)
    with closing(PostgresStore(database, PROJECT)) as store, store._working(Reach.ALL) as desk:  # noqa: SLF001 - what it sends
        assert next(iter(desk._db.execute(query))) == (f"{SLEEP}s",)  # noqa: SLF001 - as above
