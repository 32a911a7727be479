"""Behind a pooler of transactions all goes on, and nothing is left in a connection of others."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import StoreAwayError, UnreachableStoreError
from kanban_sync.core.ports import FilesState
from kanban_sync.core.wakes import Wakes
from kanban_sync.doctor.pooler import judged
from kanban_sync.stores import postgres_connection, postgres_waiting
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_address import Address, address_of
from kanban_sync.stores.postgres_connection import CARRIED, SILENCE, bearable, connect
from kanban_sync.stores.postgres_database import lock_of, schema_of, upgrade_database
from kanban_sync.stores.postgres_leases import PostgresLeases
from kanban_sync.stores.postgres_pooler import WHO
from kanban_sync.stores.postgres_waiting import WAITERS
from postgres.bouncer import bouncer
from postgres.door import Door
from stores.made_up import NOW, PROJECT, task
from stores.work_contract import WorkStoreContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.emptied import Emptied
    from stores.work_contract import WholeStore

TASKS = 60
AGENTS = 12


@pytest.fixture(scope="module")
def pooled_url(postgres_url: str) -> Iterator[str]:
    with bouncer(postgres_url) as url:
        yield url


@pytest.fixture
def pooled(emptied: Emptied, pooled_url: str) -> Address:
    """The emptied database, through a pooler."""
    return address_of(pooled_url)


@pytest.fixture
def both(emptied: Emptied, pooled: Address) -> Address:
    """The same, with the way past the pooler."""
    return replace(pooled, direct=emptied.address)


class TestPooledWork(WorkStoreContract):
    """Two clones' connections are at it in turn, so that each finds what the other left."""

    @pytest.fixture(autouse=True)
    def _emptied(self, both: Address) -> None:
        self.address = both

    @contextmanager
    def opened(self) -> Iterator[WholeStore]:
        with (
            closing(open_postgres(self.address, PROJECT)) as store,
            closing(open_postgres(self.address, PROJECT)) as other,
        ):
            other.tasks()
            yield store


def test_a_crowd_of_agents_takes_each_task_once(emptied: Emptied, pooled: Address) -> None:
    with ExitStack() as stack:
        stores = [
            stack.enter_context(closing(open_postgres(pooled, PROJECT))) for _ in range(AGENTS)
        ]
        stores[0].merge([task(f"{n}") for n in range(TASKS)], {}, FilesState(), NOW)

        def work(agent: int) -> list[str]:
            done: list[str] = []
            for _ in count():
                claimed = stores[agent].claim_next(f"agent-{agent}", NOW, 60)
                if claimed is None:
                    break
                done.append(str(claimed.key))
            return done

        with ThreadPoolExecutor(AGENTS) as agents:
            found = [key for done in agents.map(work, range(AGENTS)) for key in done]
    assert len(found) == len(set(found)) == TASKS


def test_a_schema_is_made_and_boards_are_leased_behind_a_pooler(
    emptied: Emptied, pooled: Address
) -> None:
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    with ThreadPoolExecutor(4) as others:
        list(others.map(upgrade_database, [pooled] * 4))
    assert schema_of(pooled) == schema_of(emptied.address) > 0
    with closing(open_postgres(pooled, PROJECT)) as store:
        database = store._database  # noqa: SLF001 - leases are the store's own
        ada, bob = (PostgresLeases(database, PROJECT, name) for name in ("ada", "bob"))
        assert ada.take("board", "here").other is None
        assert bob.take("board", "there").other is not None


def test_whoever_waits_behind_a_pooler_looks_and_leaves_nothing_there(
    emptied: Emptied, pooled: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_waiting, "LOOK", 0.01)
    project = "nobody else's"
    with (
        closing(open_postgres(pooled, project)) as store,
        closing(store.waiter()) as waiter,
    ):
        assert waiter.wait(60)
        held = emptied.ask("SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory'")
        assert (WAITERS, lock_of(project) & 0xFFFFFFFF) not in held


def test_whoever_waits_goes_past_a_pooler_and_goes_on_where_that_way_is_shut(
    emptied: Emptied, both: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_postgres(both, PROJECT)) as store, closing(store.waiter()) as waiter:
        store.merge([task("a")], {}, FilesState(), NOW)
        assert waiter.wait(60)
        assert not waiter.wait(0)
    monkeypatch.setattr(postgres_waiting, "AGAIN", 0.01)
    shut = replace(both, direct=address_of("postgresql://127.0.0.1:1/tasks"))
    with closing(open_postgres(shut, PROJECT)) as store, closing(store.waiter()) as waiter:
        assert waiter.wait(60)


def test_a_server_that_stands_still_behind_a_pooler_is_given_up_and_not_asked_for_a_minute(
    emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "GLANCE", 0.1)
    with Door(emptied.url) as door, bouncer(door.url) as url, ExitStack() as stack:
        frozen = address_of(url)
        assert bearable(frozen) == SILENCE
        store = stack.enter_context(closing(open_postgres(frozen, PROJECT)))
        with closing(connect(frozen)) as connection:
            ((process,),) = connection.execute(WHO)
        os.kill(process, signal.SIGSTOP)
        stack.callback(os.kill, process, signal.SIGCONT)
        # Nor does anybody answer a pooler that comes anew.
        door.freeze()
        assert bearable(frozen) == CARRIED
        assert bearable(replace(frozen, direct=emptied.address)) == SILENCE
        monkeypatch.setattr(postgres_connection, "ASKED", 0.1)
        monkeypatch.setattr(postgres_connection, "CARRIED", 0.2)
        with pytest.raises(StoreAwayError, match=r"nothing was said for 0\."):
            store.tasks()
        # Who has not sent anything goes on with a copy.
        with pytest.raises(UnreachableStoreError, match=r"nothing was said for 0\."):
            store.tasks()


def test_the_doctor_says_whether_those_who_wait_are_woken(
    emptied: Emptied, pooled: Address, both: Address, postgres_url: str
) -> None:
    def found(address: Address) -> tuple[Wakes, list[bool | None]]:
        with closing(open_postgres(address, PROJECT)) as store:
            wakes = store.wakes()
        return wakes, [each.ok for each in judged(wakes)]

    assert found(emptied.address) == (Wakes(is_pooled=False, is_direct=True), [])
    assert found(pooled) == (Wakes(is_pooled=True, is_direct=False), [None])
    assert found(both) == (Wakes(is_pooled=True, is_direct=True), [True])
    elsewhere = {**emptied.address.parameters, "dbname": "postgres"}
    for direct, words in (
        (pooled, "leads to a pooler, too"),
        (replace(emptied.address, parameters=elsewhere), "is another database"),
        (address_of("postgresql://127.0.0.1:1/tasks"), "cannot be reached"),
    ):
        wakes, verdict = found(replace(pooled, direct=direct))
        assert words in wakes.problem
        assert verdict == [False]
