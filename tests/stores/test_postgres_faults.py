"""Away, locked, read-only, without rights or from another time: nothing is lost, all is said."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest
from psycopg import OperationalError

from kanban_sync.core.errors import (
    LostDatabaseError,
    SetupError,
    StoreAwayError,
    StoreError,
    UnreachableStoreError,
)
from kanban_sync.core.model import Version
from kanban_sync.core.ports import FilesState
from kanban_sync.databases import PostgresServer
from kanban_sync.stores import postgres, postgres_begin, postgres_database, postgres_waiting
from kanban_sync.stores.migrations import Migration, migrations
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_address import Address, address_of
from kanban_sync.stores.postgres_connection import connect, connections
from kanban_sync.stores.postgres_database import (
    identity_of,
    lock_of,
    open_database,
    schema_of,
    upgrade_database,
)
from kanban_sync.stores.postgres_errors import in_words
from kanban_sync.stores.postgres_migrations import known
from kanban_sync.stores.postgres_rights import STANDBY, unwritable
from kanban_sync.stores.postgres_waiting import channel_of
from kanban_sync.stores.sql import SqlStore
from kanban_sync.sync.state_folder import StateFolder
from stores.contract import SOME_FILES, everything
from stores.interrupted import check_interrupted
from stores.made_up import NOW, PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.stores.postgres_connection import Patient
    from stores.emptied import Emptied

LATER = Migration(99, "ALTER TABLE tasks ADD COLUMN extra TEXT NOT NULL DEFAULT 'new';")

SECRET = "word-nobody-may-see"

# Roles belong to the whole server, which other processes use too.
ROLE = f"reader_{os.getpid()}"


@pytest.fixture
def store(emptied: Emptied) -> Iterator[PostgresStore]:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.merge([task("a")], {}, SOME_FILES, NOW)
        yield store


def test_whoever_waits_is_woken_again_once_the_server_is_back(
    store: SqlStore, emptied: Emptied
) -> None:
    with closing(store.waiter()) as waiter:
        emptied.tell(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE '%LISTEN %' AND pid <> pg_backend_pid()"
        )
        # Something may have been missed; and then it listens anew.
        assert waiter.wait(60)
        assert waiter.wait(60)
        store.merge([task("a"), task("b")], {}, SOME_FILES, NOW)
        assert waiter.wait(60)


@pytest.mark.parametrize(
    "said",
    ["BEGIN READ ONLY; CREATE TABLE refused ()", "SELECT pg_terminate_backend(pg_backend_pid())"],
    ids=["on a standby", "cut off"],
)
def test_whoever_may_not_listen_as_he_begins_looks_now_and_then_until_he_may(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr(postgres_waiting, "AGAIN", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(postgres_waiting, "LISTEN", said)
        waiter = store.waiter()
        with closing(waiter):
            assert waiter.wait(60)
            patch.undo()
            # Once he listens, he looks; then he is woken.
            assert waiter.wait(60)
            assert not waiter.wait(0)
            store.merge([task("a"), task("b")], {}, SOME_FILES, NOW)
            assert waiter.wait(60)


def test_nobody_is_notified_where_nobody_waits(store: SqlStore, emptied: Emptied) -> None:
    channel = channel_of(lock_of(PROJECT))
    with closing(connect(emptied.address)) as listener:
        listener.execute(f"LISTEN {channel}".encode())
        store.merge([task("a"), task("b")], {}, SOME_FILES, NOW)
        assert not list(listener.notifies(timeout=0))
        with closing(store.waiter()):
            store.merge([task("a"), task("c")], {}, SOME_FILES, NOW)
            assert [each.channel for each in listener.notifies(timeout=30, stop_after=1)] == [
                channel
            ]


def test_whoever_has_no_right_may_ask_which_database_it_is(
    emptied: Emptied, stranger: Address
) -> None:
    assert identity_of(stranger) == identity_of(emptied.address) != ""
    emptied.tell(f"GRANT USAGE ON SCHEMA kanban_sync TO {ROLE}")
    emptied.tell(f"GRANT SELECT ON kanban_sync.schema_version TO {ROLE}")
    emptied.tell("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    try:
        with closing(connect(stranger)) as connection:
            found = known(connection, stranger.name)
    finally:
        emptied.tell("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
    assert found == (schema_of(emptied.address), "")
    with closing(open_database(emptied.address)) as database:
        assert database.identity == identity_of(emptied.address)


def test_connections_are_counted_by_what_they_are_for(emptied: Emptied) -> None:
    before = Counter(connections())

    def more() -> Counter[str]:
        return Counter(connections()) - before

    with closing(open_database(emptied.address)) as database:
        assert more() == {"idle": 1}
        with database.working(PROJECT, together=True):
            assert more() == {"in_use": 1}
        with closing(database.waiter(PROJECT)):
            assert more() == {"idle": 1, "waiting": 1}
    assert more() == {}


def test_a_database_is_closed_where_it_cannot_be_noted_with_which_a_clone_works(
    emptied: Emptied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, opened = StateFolder(tmp_path / "state"), list[PostgresStore]()
    clone.make()

    def keep(*given: Any, **named: Any) -> PostgresStore:  # noqa: ANN401 - as it is called
        opened.append(open_postgres(*given, **named))
        return opened[0]

    def refuse(*_: object) -> None:
        raise SetupError("No space is left.")

    monkeypatch.setattr(postgres, "open_postgres", keep)
    monkeypatch.setattr(StateFolder, "note_database", refuse)
    with pytest.raises(SetupError, match="No space"):
        PostgresServer(emptied.address, clone).open(PROJECT)
    assert opened[0]._database._connection.closed  # noqa: SLF001 - no store tells


def test_a_change_stands_though_nobody_can_be_woken(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_waiting, "WAKE", b"SELECT 1 / 0 WHERE $1 <> '' OR $2::int = 0")
    assert store.merge([task("a"), task("b")], {}, SOME_FILES, NOW).created
    assert len(store.tasks()) == 2


@pytest.fixture
def bare(emptied: Emptied) -> Iterator[Emptied]:
    """The database without a schema; it gets one again."""
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    yield emptied
    emptied.tell("DROP SCHEMA IF EXISTS kanban_sync CASCADE")
    open_database(emptied.address).close()


@pytest.fixture
def stranger(emptied: Emptied) -> Iterator[Address]:
    """The same database for a role that has a password, and no right to anything."""
    emptied.tell(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{SECRET}'")
    parameters = {**emptied.address.parameters, "user": ROLE, "password": SECRET}
    yield replace(emptied.address, parameters=parameters)
    emptied.tell(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@contextmanager
def refused(words: str) -> Iterator[None]:
    """Expect an error of which the text has these words, and no password."""
    with pytest.raises(StoreError, match=words) as raised:
        yield
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


# --- The address ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"postgresql://ada:{SECRET}@db.example.org:6432/tasks", "ada@db.example.org:6432/tasks"),
        (f"postgres://db/tasks?user=ada&password={SECRET}&sslmode=require", "ada@db/tasks"),
        (f"postgresql://a%40b:{SECRET}%40@[::1]/tasks", "a%40b@[::1]/tasks"),
        ("postgresql:///tasks?host=/run/postgresql", "/tasks?host=/run/postgresql"),
        ("postgresql://?service=tasks", "/"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, name: str) -> None:
    address = address_of(url)
    assert address.name == f"postgresql://{name}"
    assert SECRET not in repr(address)


@pytest.mark.parametrize("url", ["postgresql://", f"postgresql://ada:{SECRET}@:5432/"])
def test_an_address_of_no_server_and_no_database_is_none(url: str) -> None:
    with pytest.raises(SetupError, match="names neither a server nor a database") as caught:
        address_of(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"mysql://ada:{SECRET}@db/tasks", r"is of no kind that is known \('mysql://'\)"),
        (f"ada:{SECRET}@db/tasks", "is of no kind that is known: it has to be like"),
        (f"postgresql://ada:{SECRET}/word@db/tasks", "cannot be taken apart: what is no letter"),
        (f"postgresql://ada:{SECRET}@db:port/tasks", "is no port"),
        (f"postgresql://ada:{SECRET}@db:65536/tasks", "is no port"),
        (f"postgresql://ada:{SECRET}@one:5432,two:0/tasks", "is no port"),
        (f"postgresql://ada:{SECRET}%@db/tasks", "a '%' begins no %XX"),
        (f"postgresql://ada:{SECRET}%00@db/tasks", "it has %00"),
        (f"postgresql://ada@db/tasks?{SECRET}", "what follows its '.' is no option"),
        (f"postgresql://ada:{SECRET}@db/tasks?none=1", "what follows its '.' is no option"),
        (f"postgresql://ada:{SECRET}@[::1/tasks", "is not ended"),
        (f"postgresql://ada:{SECRET}@db/tasks?connect_timeout=soon", "no number of seconds"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_and_where_it_is_named(url: str, words: str) -> None:
    with pytest.raises(SetupError, match=words) as caught:
        address_of(url, "git's kanban-sync.database")
    assert str(caught.value).startswith(
        "The URL of the task database in git's kanban-sync.database "
    )
    assert SECRET not in str(caught.value)


# --- Getting in ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"host": "/nowhere"}, "cannot be reached; see whether it runs"),
        ({"host": "127.0.0.1", "port": 1}, "cannot be reached; see whether it runs"),
        ({"host": "no.such.host.invalid"}, "server's name is not known"),
        ({"password": f"not the {SECRET}"}, "does not know this user with this password"),
        ({"password": None}, "does not know this user with this password"),
        ({"user": f"nobody_{SECRET}"}, "does not know this user"),
        ({"dbname": "nothing"}, "no such database; correct the URL in git's setting, or create"),
        ({"sslmode": "none"}, "an option in its URL in git's setting has no such value"),
        (
            {"host": "127.0.0.1", "port": 1, "keepalives": "x"},
            "an option in its URL in git's setting is no number",
        ),
        ({"service": "nobody's"}, "the service that its URL in git's setting names is in no file"),
    ],
)
def test_who_does_not_get_in_is_told_why(
    stranger: Address, changed: dict[str, object], words: str
) -> None:
    parameters = {**stranger.parameters, **changed}
    address = replace(stranger, parameters=parameters, named_in="git's setting")
    with pytest.raises(StoreError, match=words) as raised:
        open_postgres(address, PROJECT)
    if "password" in changed or "user" not in changed:
        assert SECRET not in str(raised.value)
    assert stranger.name in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is shutting down",
        "FATAL:  the database system is in recovery mode",
        "FATAL:  the database system is not yet accepting connections",
        "FATAL:  terminating connection due to administrator command",
        "server sent an error response during SSL exchange",
        "FATAL:  server login has been failing, try again later (server_login_retry)",
    ],
)
def test_a_server_that_is_being_restarted_is_away_and_no_other_database(said: str) -> None:
    address = address_of("postgresql://db/tasks")
    with pytest.raises(UnreachableStoreError, match="try again in a moment") as raised:  # noqa: SIM117 - what is told
        with in_words(address, is_connected=False):
            raise OperationalError(f'connection to server at "db" failed: {said}')
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  database "tasks" is not currently accepting connections',
        "FATAL:  database does not allow connections: tasks",
    ],
)
def test_a_database_that_lets_nobody_in_is_there(said: str) -> None:
    with pytest.raises(StoreError, match="lets nobody into it at the moment; ask who"):  # noqa: SIM117 - what is told
        with in_words(address_of("postgresql://db/tasks"), is_connected=False):
            raise OperationalError(f'connection to server at "db" failed: {said}')


@pytest.mark.parametrize("sslmode", ["prefer", "disable"])
def test_what_is_no_postgresql_is_told(sslmode: str) -> None:
    def answer() -> None:
        caller, _ = server.accept()
        with caller:
            caller.recv(1000)
            caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer)
        answering.start()
        url = f"postgresql://ada@127.0.0.1:{server.getsockname()[1]}/tasks?sslmode={sslmode}"
        with refused("what answers there does not seem to be a PostgreSQL, or its encryption"):
            open_postgres(address_of(url), PROJECT)
        answering.join()


@pytest.mark.parametrize("whose", ['role "kanban"', 'database "tasks"'])
def test_too_many_connections_pass_whoever_has_too_many(whose: str) -> None:
    with pytest.raises(StoreAwayError, match="too many connections; try again in a moment"):  # noqa: SIM117 - what is told
        with in_words(address_of("postgresql://db/tasks"), is_connected=False):
            raise OperationalError(f"FATAL:  too many connections for {whose}")


def test_a_pooler_whose_server_is_gone_has_sent_nothing_there() -> None:
    with pytest.raises(UnreachableStoreError, match="pooler does not reach the server"):  # noqa: SIM117 - what is told
        with in_words(address_of("postgresql://db/tasks")):
            raise OperationalError("server login has been failing, try again later")


# --- Rights --------------------------------------------------------------------------------


def test_who_may_not_make_the_schema_is_told_which_right_it_takes(
    bare: Emptied, stranger: Address
) -> None:
    with refused(r"Ask whoever runs the server for CREATE on the database"):
        open_postgres(stranger, PROJECT)
    assert schema_of(bare.address) == 0


def test_who_may_not_use_the_schema_is_told_which_right_it_takes(
    store: SqlStore, stranger: Address
) -> None:
    with refused(r"USAGE on it and SELECT, INSERT, UPDATE and DELETE"):
        open_postgres(stranger, PROJECT)


def test_who_may_only_read_reads_and_is_told_when_writing(
    emptied: Emptied, store: SqlStore, stranger: Address
) -> None:
    emptied.tell(
        f"GRANT USAGE ON SCHEMA kanban_sync TO {ROLE};"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA kanban_sync TO {ROLE}"
    )
    with closing(open_postgres(stranger, PROJECT)) as reader:
        assert reader.tasks() == [task("a")]
        with refused("lacks a right"):
            reader.merge([task("b")], {}, SOME_FILES, NOW)
        lacking = reader.unwritable()
        assert lacking is not None
        words = f"the role {ROLE} lacks DELETE, INSERT, UPDATE on bases, boards, clones and "
        assert lacking.problem.startswith(words)
        emptied.tell(lacking.remedy.partition(": ")[2])
        assert reader.unwritable() is None
        emptied.tell(f"REVOKE UPDATE ON kanban_sync.tasks FROM {ROLE}")
        lacking = reader.unwritable()
        assert lacking is not None
        assert lacking.problem == f"the role {ROLE} lacks UPDATE on tasks"
    assert store.tasks() == [task("a")]


def test_a_server_that_only_reads_is_told_as_such(emptied: Emptied, store: SqlStore) -> None:
    standby = {**emptied.address.parameters, "options": "-c default_transaction_read_only=on"}
    with closing(open_postgres(replace(emptied.address, parameters=standby), PROJECT)) as reader:
        assert reader.tasks() == [task("a")]
        with refused("may only be read, as a standby may"):
            reader.merge([task("b")], {}, SOME_FILES, NOW)
        assert "read_only is on by the URL, or by PGOPTIONS;" in str(reader.unwritable())


def test_a_role_or_a_standby_that_only_reads_is_told_before_anything_is_written(
    emptied: Emptied, store: PostgresStore, stranger: Address
) -> None:
    assert store.unwritable() is None
    emptied.tell(
        f"GRANT USAGE ON SCHEMA kanban_sync TO {ROLE};"
        f"GRANT ALL ON ALL TABLES IN SCHEMA kanban_sync TO {ROLE};"
        f"ALTER ROLE {ROLE} SET default_transaction_read_only = on"
    )
    with closing(open_postgres(stranger, PROJECT, read_only=True)) as reader:
        assert "read_only is on for the role; " in str(reader.unwritable())
    standby = SimpleNamespace(execute=lambda _: [(True, True, "default", ROLE, [])])
    assert unwritable(cast("Patient", standby)) == STANDBY


def test_a_store_opened_to_read_writes_nothing(emptied: Emptied, store: SqlStore) -> None:
    with closing(open_postgres(emptied.address, PROJECT, read_only=True)) as reader:
        assert reader.tasks() == [task("a")]
        with refused("opened to be read only"):
            reader.merge([], {}, SOME_FILES, NOW)


# --- In the middle -------------------------------------------------------------------------


def test_a_connection_lost_in_the_middle_leaves_nothing_half_done(
    emptied: Emptied, store: SqlStore
) -> None:
    before = everything(store)
    with closing(open_database(emptied.address)) as database:
        broken = SqlStore(database, PROJECT)
        (number,) = database._connection.execute(b"SELECT pg_backend_pid()").fetchall()  # noqa: SLF001
        with (
            refused(r"the connection was lost; .* run `kanban-sync sync`"),
            database.writing(PROJECT) as db,
        ):
            db.execute("DELETE FROM tasks WHERE project = ?", (PROJECT,))
            emptied.ask(f"SELECT pg_terminate_backend({number[0]})")
            db.execute("DELETE FROM slots WHERE project = ?", (PROJECT,))
        # Servers are restarted: whoever goes on is connected anew.
        assert everything(broken) == before
    assert everything(store) == before
    assert store.merge([task("b")], {}, SOME_FILES, NOW).created


def test_a_connection_lost_as_it_is_opened_is_as_good_as_none(
    emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(connection: psycopg.Connection[Any]) -> None:
        emptied.ask(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 10000)")

    def ended(connection: psycopg.Connection[Any], name: str) -> tuple[int, str]:
        end(connection)
        return known(connection, name)

    with closing(open_database(emptied.address)) as database:
        monkeypatch.setattr(postgres_database, "known", ended)
        for may_make in (True, False):
            with pytest.raises(UnreachableStoreError, match="the connection was lost"):
                open_database(emptied.address, may_make=may_make)
        # As it is connected anew, too.
        end(database._connection)  # noqa: SLF001
        with pytest.raises(StoreAwayError):
            database.settled(PROJECT)
        with pytest.raises(UnreachableStoreError, match="the connection was lost"):
            database.settled(PROJECT)


def test_a_project_that_stays_locked_is_told_as_such_and_others_go_on(
    emptied: Emptied, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_database, "WRITE", postgres_begin.WRITE.replace("'15s'", "'50ms'"))
    before = everything(store)
    with emptied.database.writing(PROJECT):
        with refused("another process has been writing to this project .* try again"):
            store.merge([task("b")], {}, SOME_FILES, NOW)
        with closing(open_postgres(emptied.address, "p2")) as other:
            other.merge([], {}, SOME_FILES, NOW)
    assert everything(store) == before
    assert store.merge([task("b")], {}, SOME_FILES, NOW).created


def test_who_reads_tables_that_stay_locked_is_told_so(
    emptied: Emptied, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("READING", "SETTLING"):
        begin = [each.replace("15s", "50ms") for each in getattr(postgres_begin, name)]
        monkeypatch.setattr(postgres_database, name, begin)
    with emptied.database.writing(PROJECT) as db:
        db.execute("LOCK TABLE kanban_sync.tasks, kanban_sync.events IN ACCESS EXCLUSIVE MODE")
        for look in (store.tasks, partial(store.events, 0, 1)):
            with refused("lock timeout"):
                look()
    assert store.tasks() == [task("a")]


def test_text_that_is_not_unicode_is_told_and_nothing_is_written(store: SqlStore) -> None:
    before = everything(store)
    with pytest.raises(StoreError, match=r"not valid Unicode.*rename that file"):
        store.merge([task("b"), task("c", path="caf\udce9/TASKS.md")], {}, SOME_FILES, NOW)
    assert everything(store) == before


def test_an_id_that_is_too_long_is_told_and_nothing_is_written(store: SqlStore) -> None:
    before = everything(store)
    with refused("longer than it can keep .* shorten it"):
        store.merge([task(random.Random(7).randbytes(5000).hex())], {}, SOME_FILES, NOW)
    assert everything(store) == before


def test_a_closed_store_says_so(emptied: Emptied) -> None:
    store = open_postgres(emptied.address, PROJECT)
    store.close()
    with refused("the connection is closed"):
        store.tasks()


def test_a_block_that_raises_writes_nothing(emptied: Emptied, store: SqlStore) -> None:
    before = everything(store)
    with suppress(ZeroDivisionError), emptied.database.writing(PROJECT) as db:
        db.execute("DELETE FROM tasks WHERE project = ?", (PROJECT,))
        raise ZeroDivisionError
    assert everything(store) == before


# --- Not ours, or from another time --------------------------------------------------------


def test_the_schema_of_another_program_is_refused_and_left(bare: Emptied) -> None:
    bare.tell("CREATE SCHEMA kanban_sync; CREATE TABLE kanban_sync.tasks (id int)")
    for open_it in (open_database, upgrade_database):
        with refused("some other program's; it was left untouched"):
            open_it(bare.address)
    assert len(bare.ask("SELECT * FROM pg_tables WHERE schemaname = 'kanban_sync'")) == 1


def test_a_database_shared_with_others_keeps_what_is_theirs(bare: Emptied) -> None:
    bare.tell("CREATE TABLE public.tasks (id int); INSERT INTO public.tasks VALUES (7)")
    with closing(open_postgres(bare.address, PROJECT)) as store:
        store.merge([task("a")], {}, SOME_FILES, NOW)
        assert store.tasks() == [task("a")]
    assert bare.ask("SELECT id FROM public.tasks") == [(7,)]
    bare.tell("DROP TABLE public.tasks")


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_database_of_a_newer_release_is_refused_and_untouched(
    bare: Emptied, read_only: bool
) -> None:
    open_database(bare.address, steps=(*migrations("postgres"), LATER)).close()
    with refused(r"newer kanban-sync \(schema 99.*Upgrade kanban-sync.*untouched"):
        open_postgres(bare.address, PROJECT, read_only=read_only)
    with refused("newer kanban-sync"):
        upgrade_database(bare.address)
    assert schema_of(bare.address) == 99


def test_an_older_database_is_upgraded_only_when_that_is_asked_for(bare: Emptied) -> None:
    first, *_ = migrations("postgres")
    open_database(bare.address, steps=[first]).close()
    bare.tell(
        """INSERT INTO kanban_sync.tasks VALUES ('p1', 'tasks-md', 'a', 'digest', 'done', 'x',
            'done', 'x', 'Title', NULL, NULL, '', '', '', '[]', 'ada', '', '[]', '[]', 1,
            'TASKS.md', 3, 10, 'aa', 20, 'bb')"""
    )
    with refused(r"older kanban-sync \(schema 1; .*Run `kanban-sync db upgrade` once"):
        open_postgres(bare.address, PROJECT)
    assert schema_of(bare.address) == 1
    upgrade_database(bare.address)
    upgrade_database(bare.address)
    with closing(open_postgres(bare.address, PROJECT)) as store:
        assert [each.assignee for each in store.tasks()] == ["ada"]
        assert store.filed_tasks() == store.tasks()


def test_an_upgrade_that_fails_changes_nothing(emptied: Emptied, store: SqlStore) -> None:
    before, schema = everything(store), schema_of(emptied.address)
    statements = (LATER.sql, "DELETE FROM tasks;", "INSERT INTO nowhere VALUES (1);")
    broken = replace(LATER, sql=" ".join(statements))
    with refused("nowhere"):
        upgrade_database(emptied.address, (*migrations("postgres"), broken))
    assert (everything(store), schema_of(emptied.address)) == (before, schema)


def test_to_read_what_is_not_there_says_what_makes_it(bare: Emptied) -> None:
    with refused("run `kanban-sync sync` once"):
        open_postgres(bare.address, PROJECT, read_only=True)
    assert schema_of(bare.address) == 0


def test_what_clones_without_a_name_recorded_is_nobody_s_last_word(bare: Emptied) -> None:
    open_database(bare.address, steps=migrations("postgres")[:3]).close()
    bare.tell(
        """INSERT INTO kanban_sync.tips VALUES ('p1', 'main', 'c1');
        INSERT INTO kanban_sync.slots VALUES ('p1', 'tasks-md:TASKS.md', '{}')"""
    )
    upgrade_database(bare.address)
    said = [task("a", title=f"{n}", text_version=Version(n, f"c{n}")) for n in (5, 3)]
    for clone, its in zip(("ahead", "behind"), said, strict=True):
        with closing(open_postgres(bare.address, PROJECT, clone)) as store:
            assert (store.files().slots, store.files().is_shared) == ({}, True)
            store.merge([its], {}, SOME_FILES, NOW)
            assert store.tasks() == said[:1]


def test_a_schema_that_is_gone_is_missed_and_no_number_of_it_is_given_again(
    emptied: Emptied, tmp_path: Path
) -> None:
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    state = StateFolder(tmp_path)
    server = PostgresServer(emptied.address, state)
    with closing(server.open(PROJECT)) as store:
        assert isinstance(store, PostgresStore)
        store.merge([task("a")], {}, FilesState(), NOW)
        old = store.claim(key("a"), "ada", NOW, 300.0)
        last = store.last_event()
    assert not server.make_anew(NOW)
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    for look in (server.contents, lambda: server.open(PROJECT), lambda: server.look(PROJECT)):
        with pytest.raises(LostDatabaseError, match="is gone or empty, and this clone"):
            look()
    assert server.make_anew(NOW)
    with closing(server.open(PROJECT)) as store:
        assert isinstance(store, PostgresStore)
        store.merge([task("a")], {}, FilesState(), NOW)
        new = store.claim(key("a"), "ada", NOW, 300.0)
        assert old.claim is not None
        assert new.claim is not None
        assert (new.claim.token > old.claim.token, new.attempts) == (True, 1)
        assert [each.kind for each in store.events(last)][::2] == ["task_created", "claimed"]
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address)


def test_what_the_driver_says_of_a_broken_connection_goes_to_nobody(emptied: Emptied) -> None:
    script = """
import sys

from kanban_sync.core.errors import StoreError
from kanban_sync.stores.postgres_address import address_of
from kanban_sync.stores.postgres_database import open_database

database = open_database(address_of(sys.argv[1]))
try:
    with database.working("p1", together=True) as db:
        db.later("SELECT 1 / (SELECT count(*) FROM tasks WHERE false)", ())
        db.execute("SELECT 2")
except StoreError:
    print("refused")
"""
    call = [sys.executable, "-c", script, emptied.url]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("refused\n", "")


@pytest.mark.parametrize("which", ["reading", "writing"])
def test_a_transaction_that_was_interrupted_as_it_began_harms_nobody(
    emptied: Emptied, which: str
) -> None:
    check_interrupted(lambda: open_postgres(emptied.address, PROJECT), which)
