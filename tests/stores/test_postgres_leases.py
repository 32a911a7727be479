"""Leases of boards in PostgreSQL: who has one, who is refused, and what ends one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from kanban_sync.core.errors import LostLeaseError
from kanban_sync.core.lease import LEASE, Taken
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from stores.contract import SOME_FILES
from stores.made_up import NOW, PROJECT, key, said, task
from stores.test_postgres_crowd import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from stores.emptied import Emptied

BOARD, OTHER_BOARD = "b1", "b2"
OURS, OVER = Taken(), Taken(after_lapse=True)


@pytest.fixture
def ada(emptied: Emptied) -> PostgresStore:
    """A clone, which shares its connection with the other one: no statement waits here."""
    return PostgresStore(emptied.database, PROJECT, "ada")


@pytest.fixture
def bob(emptied: Emptied) -> PostgresStore:
    """A clone elsewhere."""
    return PostgresStore(emptied.database, PROJECT, "bob")


def run_out(emptied: Emptied) -> None:
    """Let all leases end, as after a minute."""
    emptied.tell("UPDATE kanban_sync.leases SET expires = 1")


def token(emptied: Emptied) -> object:
    return emptied.ask("SELECT token FROM kanban_sync.leases WHERE target = 'b1'")[0][0]


def test_one_clone_has_a_board_until_it_gives_it_up(
    emptied: Emptied, ada: PostgresStore, bob: PostgresStore
) -> None:
    assert ada.leases.take(BOARD, "here:/a") == OURS
    holder = bob.leases.take(BOARD, "there:/b").other
    assert holder is not None
    assert (holder.clone, holder.place) == ("ada", "here:/a")
    assert LEASE - 10 < holder.left <= LEASE
    told = bob.leases.other_holder(BOARD)
    assert told is not None
    assert told.place == "here:/a"
    assert ada.leases.other_holder(BOARD) is None
    assert bob.leases.take(OTHER_BOARD, "there:/b") == OURS
    before = token(emptied)
    ada.leases.give_up(BOARD)
    assert bob.leases.other_holder(BOARD) is None
    assert bob.leases.take(BOARD, "there:/b") == OURS
    assert (before, token(emptied)) == (1, 2)


def test_a_lease_that_ran_out_goes_on_unless_somebody_took_it(
    emptied: Emptied, ada: PostgresStore, bob: PostgresStore
) -> None:
    assert ada.leases.take(BOARD, "here:/a") == OURS
    run_out(emptied)
    assert bob.leases.other_holder(BOARD) is None
    ada.leases.renew(BOARD)
    assert bob.leases.take(BOARD, "there:/b").other
    run_out(emptied)
    assert bob.leases.take(BOARD, "there:/b") == OVER
    with pytest.raises(LostLeaseError, match=r"there:/b has it for another \d+ s") as refused:
        ada.leases.renew(BOARD)
    assert refused.value.place == "there:/b"
    ada.leases.give_up(BOARD)
    told = ada.leases.other_holder(BOARD)
    assert told is not None
    assert told.clone == "bob"
    bob.leases.give_up(BOARD)


@pytest.mark.parametrize(
    "record",
    [
        lambda store: store.remember(BOARD, [said("a", mark="late")]),
        lambda store: store.forget(BOARD, [key("a")]),
        lambda store: store.remember_board(BOARD, {"synced": "late"}),
    ],
    ids=["remember", "forget", "remember_board"],
)
def test_whoever_lost_a_board_records_nothing_of_it_any_more(
    emptied: Emptied,
    ada: PostgresStore,
    bob: PostgresStore,
    record: Callable[[PostgresStore], None],
) -> None:
    assert ada.leases.take(BOARD, "here:/a") == OURS
    ada.remember(BOARD, [said("a")])
    ada.remember_board(BOARD, {"synced": "1"})
    run_out(emptied)
    assert bob.leases.take(BOARD, "there:/b") == OVER
    with pytest.raises(LostLeaseError, match="there:/b"):
        record(ada)
    assert bob.base(BOARD) == {key("a"): said("a")}
    assert bob.board_ids(BOARD) == {"synced": "1"}
    # What does not concern that board goes on.
    ada.remember(OTHER_BOARD, [said("a", mark="other")])
    assert ada.merge([task("a")], {}, SOME_FILES, NOW).created
    bob.leases.give_up(BOARD)
    with pytest.raises(LostLeaseError, match="has ended since"):
        record(ada)


def test_a_clone_takes_over_what_it_left_behind_itself_at_the_same_place_only(
    emptied: Emptied, ada: PostgresStore
) -> None:
    assert ada.leases.take(BOARD, "here:/a") == OURS
    again, copied = (PostgresStore(emptied.database, PROJECT, "ada") for _ in range(2))
    assert again.leases.take(BOARD, "here:/a") == OVER
    with pytest.raises(LostLeaseError):
        ada.leases.renew(BOARD)
    assert copied.leases.take(BOARD, "there:/a").other


def test_of_many_who_come_at_once_one_gets_the_board(emptied: Emptied) -> None:
    with ExitStack() as stack:
        stores = [
            stack.enter_context(closing(open_postgres(emptied.address, PROJECT, f"clone {n}")))
            for n in range(4)
        ]
        for _ in range(5):
            with ThreadPoolExecutor(4) as pool:
                found = list(pool.map(lambda store: store.leases.take(BOARD, "x"), stores))
            assert found.count(OURS) == 1
            stores[found.index(OURS)].leases.give_up(BOARD)


def test_nobody_is_given_a_board_while_something_of_it_is_being_recorded(
    emptied: Emptied, ada: PostgresStore
) -> None:
    assert ada.leases.take(BOARD, "here:/a") == OURS
    run_out(emptied)
    with (
        closing(open_postgres(emptied.address, PROJECT, "bob")) as bob,
        closing(psycopg.connect(emptied.url)) as recording,
        ThreadPoolExecutor(1) as pool,
    ):
        recording.execute("SELECT 1 FROM kanban_sync.leases WHERE token = 1 FOR SHARE")
        taking = pool.submit(bob.leases.take, BOARD, "there:/b")
        wait_for(emptied, 1)
        recording.commit()
        assert taking.result() == OVER
