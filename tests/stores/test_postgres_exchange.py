"""Statements that are sent together: all or the first that fails, however much goes each way."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from kanban_sync.stores import postgres_connection
from kanban_sync.stores.postgres_connection import SILENCE, bearable, connect
from kanban_sync.stores.postgres_database import open_database
from kanban_sync.stores.postgres_exchange import MANY, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.stores.postgres_connection import Patient
    from stores.emptied import Emptied

ECHO = b"SELECT $1::text"

READY = b"SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def connection(emptied: Emptied) -> Iterator[Patient]:
    with connect(emptied.address) as connection:
        yield connection


@pytest.fixture
def exchange(connection: Patient) -> Exchange:
    return Exchange(connection)


def test_the_last_of_many_answers_is_returned(exchange: Exchange) -> None:
    assert exchange.send([(ECHO, ("a",)), (b"SELECT 1, 2.5::float8, true, NULL", ())]) == [
        (1, 2.5, True, None)
    ]
    assert exchange.send([(b"SELECT unnest($1::text[])", (["x", "y"],))]) == [("x",), ("y",)]
    assert exchange.send([(b"SET LOCAL lock_timeout = '1s'", ())]) == []


def test_after_one_that_fails_none_is_carried_out_and_the_next_ones_are(
    exchange: Exchange,
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        exchange.send(
            [
                (b"CREATE TEMPORARY TABLE found (n int)", ()),
                (b"SELECT 1 / $1::int", (0,)),
                (b"INSERT INTO found VALUES (1)", ()),
            ]
        )
    with pytest.raises(psycopg.errors.UndefinedTable):
        exchange.send([(b"SELECT * FROM found", ())])
    assert exchange.send([(ECHO, ("on",))]) == [("on",)]


def test_what_is_carried_out_afterwards_may_fail(exchange: Exchange) -> None:
    begun = [(b"CREATE TEMPORARY TABLE kept (n int)", ())]
    assert exchange.send(begun, (b"SELECT 1 / 0", ())) == []
    assert exchange.send([(b"SELECT count(*) FROM kept", ())]) == [(0,)]


def test_what_is_done_often_is_made_ready_and_no_more_than_so_many(exchange: Exchange) -> None:
    exchange.send([(ECHO, ("once",))])
    assert exchange.send([(READY, ())]) == [(0,)]
    exchange.send([(ECHO, ("twice",))])
    assert exchange.send([(ECHO, ("thrice",))]) == [("thrice",)]
    assert exchange.send([(READY, ())]) == [(2,)]
    for n in range(MANY + 10):
        exchange.send([(b"SELECT %d" % n, ())] * 2)
    assert exchange.send([(READY, ())]) == [(MANY,)]


def test_what_could_not_be_made_ready_is_tried_again(exchange: Exchange) -> None:
    later = b"SELECT count(*) FROM later"
    for _ in range(3):
        with pytest.raises(psycopg.errors.UndefinedTable):
            exchange.send([(later, ())])
    exchange.send([(b"CREATE TEMPORARY TABLE later (n int)", ())])
    assert exchange.send([(later, ())]) == exchange.send([(later, ())]) == [(0,)]


def test_megabytes_go_both_ways_at_once(exchange: Exchange) -> None:
    text = "many words " * 10_000
    assert exchange.send([(ECHO, (text,))] * 100) == [(text,)]


def test_whoever_interrupts_it_finds_the_connection_closed(
    connection: Patient, exchange: Exchange
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            exchange.send([(b"SELECT pg_sleep(60)", ())])
    finally:
        signal.signal(signal.SIGINT, before)
    assert connection.closed


def test_a_connection_that_the_server_ends_is_told_and_closed(
    emptied: Emptied, connection: Patient, exchange: Exchange
) -> None:
    ((process,),) = exchange.send([(b"SELECT pg_backend_pid()", ())])
    emptied.tell(f"SELECT pg_terminate_backend({process})")
    with pytest.raises(psycopg.OperationalError):
        exchange.send([(ECHO, ("a",))] * 3, (ECHO, ("b",)))
    assert connection.closed


def test_a_server_that_says_nothing_is_given_up(
    connection: Patient, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.send([(ECHO, ("a",))])
    monkeypatch.setattr(postgres_connection, "SILENCE", 0.1)
    with pytest.raises(psycopg.OperationalError, match="nothing was said"):
        exchange.send([(b"SELECT pg_sleep(60)", ())])
    assert connection.closed


@pytest.mark.parametrize("way", ["together", "alone"])
@pytest.mark.parametrize("is_long", [True, False])
def test_a_server_that_says_nothing_to_others_either_is_given_up_early_and_no_other(
    way: str,
    is_long: bool,
    connection: Patient,
    exchange: Exchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow, looks = b"SELECT 'a' FROM pg_sleep(0.5)", list[int]()
    monkeypatch.setattr(postgres_connection, "ASKED", 0.1)

    def looked() -> float:
        looks.append(1)
        return SILENCE if is_long else 0.0

    connection.bearable = looked

    def ask() -> list[tuple[str, ...]]:
        if way == "together":
            return exchange.send([(slow, ())])
        return connection.execute(slow).fetchall()

    if is_long:
        # It carries out something long: whoever asks is none the wiser for it.
        assert ask() == [("a",)]
        assert looks
    else:
        with pytest.raises(psycopg.OperationalError, match="nothing was said"):
            ask()
        assert (looks, connection.closed) == ([1], True)


def test_whoever_looks_whether_a_server_is_there_hears_its_refusal_too(
    emptied: Emptied, tmp_path: Path
) -> None:
    def answers(**said: str) -> float:
        return bearable(replace(emptied.address, parameters={**emptied.address.parameters, **said}))

    assert answers() == answers(user="nobody-that-it-knows") == SILENCE
    assert answers(host=str(tmp_path)) == 0


@pytest.mark.parametrize(("said", "limit"), [("", "50s"), ("-c statement_timeout=7s", "7s")])
def test_a_statement_is_not_compiled_and_ends_by_itself_unless_its_user_wants_it_otherwise(
    emptied: Emptied, said: str, limit: str
) -> None:
    parameters = {**emptied.address.parameters, "options": said}
    address = replace(emptied.address, parameters=parameters)
    asked = "SELECT current_setting('statement_timeout'), current_setting('jit')"
    with closing(open_database(address)) as database:
        for begun in (
            database.reading(),
            database.writing("a"),
            database.working("a", together=True),
        ):
            with begun as db:
                assert db.execute(asked).fetchall() == [(limit, "off")]
