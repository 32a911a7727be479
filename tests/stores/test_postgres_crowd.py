"""Transactions that meet in PostgreSQL: who waits for whom, and what each of them sees."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from kanban_sync.core.errors import HeldError, StoreError
from kanban_sync.core.model import Status
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.postgres import TRIES, again, open_postgres
from kanban_sync.stores.postgres_errors import ClashError
from stores.made_up import NOW, PROJECT, key, task
from stores.work_contract import LEASE, box, change, fill, names, next_names, proposal, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanban_sync.stores.postgres import PostgresStore
    from stores.emptied import Emptied

PATIENCE = 30.0

WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def stores(emptied: Emptied) -> Iterator[list[PostgresStore]]:
    """Some connections to one database."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(open_postgres(emptied.address, PROJECT))) for _ in range(4)
        ]


@contextmanager
def held(emptied: Emptied, *held: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Hold the rows of tasks, as somebody who is about to write to them."""
    with closing(psycopg.connect(emptied.url)) as other:
        for name in held:
            hold(other, name)
        yield other
        other.rollback()


def hold(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    query = b"SELECT 1 FROM kanban_sync.tasks WHERE name = %s FOR UPDATE"
    assert connection.execute(query, (name,)).fetchone()


def wait_for(emptied: Emptied, waiting: int) -> None:
    """Wait until so many wait for a lock."""
    deadline = time.monotonic() + PATIENCE
    while emptied.ask(WAITING) != [(waiting,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_claims_the_next_task_passes_over_what_others_hold(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], task("a"), task("b"))
    with held(emptied, "a"):
        assert next_names(stores[0], 1) == ["b"]


def test_who_finds_all_held_waits_until_it_is_known_what_becomes_of_it(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], task("a"))
    with ThreadPoolExecutor() as threads:
        with held(emptied, "a"):
            found = [threads.submit(next_names, store, 1) for store in stores]
            wait_for(emptied, len(stores))
        assert sorted(each.result()[0] for each in found) == ["", "", "", "a"]


def test_two_that_end_at_once_let_a_task_begin_that_needs_both(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], task("a"), task("b"), task("c", depends_on=("a", "b")))

    def end(name: str, store: PostgresStore) -> object:
        return store.set_status(key(name), Status.DONE, NOW, "ada")

    with ThreadPoolExecutor() as threads:
        with held(emptied, "c"):
            ended = [threads.submit(end, *each) for each in zip("ab", stores, strict=False)]
            wait_for(emptied, 2)
        assert all(each.result() for each in ended)
    assert names(stores[0].ready(NOW)) == ["c"]


def test_the_last_two_boxes_that_end_at_once_bring_their_change_into_review(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], proposal(), box("1"), box("2"))

    def end(own: str, store: PostgresStore) -> object:
        return store.set_status(change().child(own), Status.DONE, NOW, "ada")

    with ThreadPoolExecutor() as threads:
        with held(emptied, "c"):
            ended = [threads.submit(end, *each) for each in zip("12", stores, strict=False)]
            wait_for(emptied, 2)
        assert all(each.result() for each in ended)
    assert stores[0].entry(change()).task.status is Status.REVIEW


@pytest.mark.parametrize("change_first", [True, False])
def test_a_change_and_its_box_that_are_claimed_at_once_are_one_agents(
    emptied: Emptied, stores: list[PostgresStore], change_first: bool
) -> None:
    fill(stores[0], proposal(), box("1"))
    ada, bob, *_ = stores

    def claim_change() -> bool:
        try:
            return ada.claim(change(), "ada", NOW, LEASE).claim is not None
        except HeldError:
            return False

    def claim_box() -> bool:
        return bob.claim_next("bob", NOW, LEASE) is not None

    doings: list[Callable[[], bool]] = [claim_change, claim_box]
    with ThreadPoolExecutor() as threads:
        with held(emptied, "c#1"):
            first = threads.submit(doings[not change_first])
            wait_for(emptied, 1)
            second = threads.submit(doings[change_first])
            wait_for(emptied, 2)
        assert sorted([first.result(), second.result()]) == [False, True]


def test_claims_that_ran_out_are_taken_back_once_however_many_look(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], *(task(name) for name in "abc"))
    next_names(stores[0], 3)
    with ThreadPoolExecutor() as threads:
        with held(emptied, "a"):
            found = [threads.submit(store.reclaim, NOW + LEASE) for store in stores]
            wait_for(emptied, len(stores))
        assert sorted(len(each.result()) for each in found) == [0, 0, 0, 3]
    assert [kind for kind, _, _ in told(stores[0], 0)].count("reclaimed") == 3


def test_a_merge_does_not_undo_a_claim_that_was_made_meanwhile(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], task("a"))
    ada, bob, *_ = stores
    with ThreadPoolExecutor() as threads:
        with held(emptied, "a"):
            claim = threads.submit(ada.claim_next, "ada", NOW, LEASE)
            wait_for(emptied, 1)
            merged = threads.submit(bob.merge, [task("a", title="reworded")], {}, FilesState(), NOW)
            wait_for(emptied, 2)
        assert claim.result()
        assert merged.result().updated == (key("a"),)
    entry = ada.entry(key("a"))
    assert (entry.task.title, entry.task.status) == ("reworded", Status.IN_PROGRESS)


@pytest.mark.parametrize("number", [1, (1 << 32) - 4, (1 << 32) - 3, 10**15])
def test_no_event_is_passed_over_by_who_follows_them(
    emptied: Emptied, stores: list[PostgresStore], number: int
) -> None:
    emptied.tell(f"ALTER TABLE kanban_sync.events ALTER COLUMN id RESTART WITH {number}")
    fill(stores[0], task("a"), task("b"))
    last = stores[0].last_event()
    assert last == number + 2
    slow, quick, reader, _ = stores
    # The slower one has drawn its number, and is not done.
    with slow._database.working(PROJECT, together=False) as db:  # noqa: SLF001 - stopped midway
        commit, db.commit = db.commit, lambda: None  # type: ignore[method-assign]
        draw(db)
        assert next_names(quick, 1) == ["a"]
        assert reader.events(last) == []
        assert reader.last_event() == last
        commit()
    assert [event.key for event in reader.events(last)] == ["slow", "tasks-md:a"]


def draw(db: object) -> None:
    """Write an event as a claim does, without ending the transaction."""
    from kanban_sync.stores.postgres_database import (  # noqa: PLC0415 - this alone looks inside
        COMING,
        PostgresTransaction,
        lock_of,
    )
    from kanban_sync.stores.rows import TELL  # noqa: PLC0415 - as above

    assert isinstance(db, PostgresTransaction)
    db.execute(COMING.format(lock_of(PROJECT)))
    db.execute(TELL, (PROJECT, NOW, "claimed", "slow", "{}"))


def test_who_gives_way_to_another_begins_anew(
    emptied: Emptied, stores: list[PostgresStore]
) -> None:
    fill(stores[0], task("a"), task("b", depends_on=("a",)))
    with ThreadPoolExecutor() as threads, held(emptied, "b") as other:
        # It holds a, and waits for b: whoever holds b and wants a now closes the circle.
        other.execute(b"SET LOCAL deadlock_timeout = '1min'")
        ended = threads.submit(stores[0].set_status, key("a"), Status.DONE, NOW, "ada")
        wait_for(emptied, 1)
        hold(other, "a")
        other.rollback()
        assert ended.result().task.status is Status.DONE
    assert [kind for kind, _, _ in told(stores[0], 0)].count("status_changed") == 1


def test_who_gives_way_again_and_again_says_so() -> None:
    tried = []

    @again
    def give_way() -> None:
        tried.append(1)
        raise ClashError

    with pytest.raises(StoreError):
        give_way()
    assert len(tried) == TRIES


def test_agents_that_do_all_at_once_wait_for_nobody_for_ever(stores: list[PostgresStore]) -> None:
    fill(
        stores[0],
        *(task(f"{n}", depends_on=tuple(f"{m}" for m in range(n))) for n in range(6)),
        proposal(),
        *(box(f"{n}") for n in range(6)),
    )
    start = threading.Barrier(len(stores))
    keys = [*(key(f"{n}") for n in range(6)), *(change().child(f"{n}") for n in range(6))]

    def turn(number: int) -> None:
        store = stores[number]
        start.wait()
        for count in range(5):
            for each in keys[:: 1 if number % 2 else -1]:
                status = Status.DONE if (count + number) % 2 else Status.TODO
                store.set_status(each, status, NOW, "ada", force=True)

    with ThreadPoolExecutor() as threads:
        list(threads.map(turn, range(len(stores))))
    ready = {entry.key for entry in stores[0].ready(NOW)}
    waits = {entry.key for entry in stores[0].entries() if entry.waits_for}
    over = {each.key for each in stores[0].tasks() if each.status is Status.DONE}
    assert ready == set(keys) - waits - over
