"""A PostgreSQL that goes away, and comes back: work goes on, and each deed counts once."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.monitor import Monitor
from kanban_sync.agents.telling import telling
from kanban_sync.agents.waiting import wait_for
from kanban_sync.agents.work import Work
from kanban_sync.bus.local import LocalBus
from kanban_sync.core.errors import (
    HeldError,
    LostClaimError,
    StoreAwayError,
    StoreError,
    UnreachableStoreError,
    UnusableCopyError,
    WorkError,
)
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import SATISFIED_BY, FilesState
from kanban_sync.core.work import ANY
from kanban_sync.databases import (
    fallback,
    not_told_yet,
    notes_in_use,
    opened,
    other_than_before,
    sharing,
    told_once,
)
from kanban_sync.databases.copies import Copy
from kanban_sync.databases.switching import Switching
from kanban_sync.databases.written import Vain
from kanban_sync.machine_time import boot
from kanban_sync.stores import postgres_connection, postgres_database
from kanban_sync.stores.away_shelf import AwayShelf, LeftError
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_connection import Patient
from kanban_sync.stores.postgres_database import upgrade_database
from stores.machines import LEASE, NAMES, PROJECT, Machine, die_at, key, there, told
from stores.milestones_contract import milestone, of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import psycopg

    from kanban_sync.agents.work import Store
    from kanban_sync.core.journal import Journal
    from kanban_sync.core.work import Entry
    from kanban_sync.stores.shelf import Contents
    from stores.emptied import Emptied


DEEDS = """
SELECT kind, count(*) FROM kanban_sync.events WHERE kind IN ('claimed', 'released')
 GROUP BY kind ORDER BY kind
"""


def later(seconds: float) -> float:
    """Return the time by a clock that is so far ahead."""
    return time.time() + seconds


# --- Going on --------------------------------------------------------------------------------


def test_work_goes_on_while_the_server_is_away_and_is_there_when_it_is_back(
    one: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    token = one.claim("a", "ada")
    one.do(lambda store: store.extend(key("a"), token, time.time(), LEASE, who="ada"))
    one.finish("a", token)
    new = Task(TaskKey(PROJECT, "db", "new"), "A new one", Status.TODO, depends_on=("a",))
    one.do(lambda store: store.add(new, time.time()))
    one.do(lambda store: store.set_status(key("b"), Status.BLOCKED, time.time(), "ada", "why"))
    assert one.mode == "fallback"
    assert one.database.mode(PROJECT).entries == 3
    assert there(emptied, "a").task.status is Status.TODO
    one.door.open()
    ready = one.do(lambda store: store.ready(time.time()))
    assert {each.key.name for each in ready} == {"c", "new"}
    assert one.mode == "database"
    assert there(emptied, "a").task.status is Status.DONE
    assert (there(emptied, "b").task.status, there(emptied, "b").reason) == (Status.BLOCKED, "why")
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada"]
    assert [(each["written"], each["conflicts"]) for each in told(emptied, "replayed")] == [(3, 0)]


def test_what_only_the_database_calls_done_is_waited_for_while_it_is_away_too(
    one: Machine,
) -> None:
    tips = {"main": "c2", SATISFIED_BY: "default-branch"}
    needed = Task(key("a"), "Task a", Status.TODO, path="T.md")
    needing = Task(key("b"), "Task b", Status.TODO, path="T.md", depends_on=("a",))
    needing = needing._replace(text_version=Version(1, "c2"))

    def say(status: Status) -> None:
        version = Version(int(later(10)), "c3") if status.is_over else Version(2, "c2")
        tasks = (needed._replace(status=status, status_version=version), needing)
        with closing(one.database.open(PROJECT)) as store:
            store.merge(tasks, {}, FilesState(tips), time.time())

    def ready() -> set[str]:
        found = one.do(lambda store: store.ready(time.time()))
        return {each.key.name for each in found} & {"a", "b", "new"}

    say(Status.TODO)
    assert ready() == {"a"}
    one.door.shut()
    new = Task(TaskKey(PROJECT, "db", "new"), "A new one", Status.TODO, depends_on=("a",))
    one.do(lambda store: store.add(new, time.time()))
    one.finish("a", one.claim("a", "ada"))
    assert ready() == set()
    one.door.open()
    assert ready() == set()
    say(Status.DONE)
    assert ready() == {"b", "new"}


def test_an_agent_whose_database_goes_away_after_its_claim_finishes_all_the_same(
    one: Machine, emptied: Emptied
) -> None:
    token = one.claim("a", "ada")
    given = one.claim("b", "ada")
    one.door.shut()
    one.finish("a", token)
    one.do(lambda store: store.release(key("b"), given, time.time(), who="ada"))
    with pytest.raises(LostClaimError):
        one.finish("a", token)
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "a").task.status is Status.DONE
    assert (there(emptied, "b").claim, there(emptied, "b").task.assignee) == (None, "")
    assert told(emptied, "conflict") == []


def test_what_others_have_stays_theirs_while_nobody_hears_of_them(
    one: Machine, two: Machine
) -> None:
    two.claim("a", "bob")
    one.sync(*NAMES)
    one.door.shut()
    late = time.time() + 10 * LEASE
    ready = one.do(lambda store: store.ready(late))
    assert [each.key.name for each in ready] == ["b", "c"]
    with pytest.raises(HeldError, match=r"^bob has .*, kept for them until"):
        one.do(lambda store: store.claim(key("a"), "ada", late, LEASE))


def test_a_store_that_is_open_goes_on_with_the_copy_and_back(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[str]()
    store = one.stack.enter_context(closing(one.database.work(PROJECT, told.append)))
    entry = store.claim(key("a"), "ada", time.time(), LEASE)
    assert entry.claim is not None
    token = entry.claim.token
    one.door.shut()
    emptied.cut_off()
    # What was being sent may have been done: that is told, and the next goes on.
    with pytest.raises(StoreAwayError):
        store.extend(key("a"), token, time.time(), LEASE)
    store.extend(key("a"), token, time.time(), LEASE)
    assert one.mode == "fallback"
    with pytest.raises(StoreAwayError, match="events are not told"):
        store.events()
    one.door.open()
    monkeypatch.setattr("kanban_sync.databases.switching.TRY_BACK", 0.0)
    store.finish(key("a"), token, Status.DONE, time.time())
    assert one.mode == "database"
    assert store.events()
    away, back = told
    assert "does not answer since" in away
    assert "answers again; work went on with a copy of it since 2" in back
    assert there(emptied, "a").task.status is Status.DONE


@pytest.mark.parametrize("is_away", [True, False])
def test_a_store_that_is_open_says_that_its_name_leads_to_another_database(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch, *, is_away: bool
) -> None:
    heard = list[str]()
    store = one.stack.enter_context(closing(one.database.work(PROJECT, heard.append)))
    if is_away:
        one.door.shut()
        emptied.cut_off()
        with pytest.raises(StoreAwayError):
            store.claim(key("a"), "ada", time.time(), LEASE)
        store.claim(key("a"), "ada", time.time(), LEASE)
        heard.clear()
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address)
    if is_away:
        one.door.open()
        monkeypatch.setattr("kanban_sync.databases.switching.TRY_BACK", 0.0)
    else:
        emptied.cut_off()
        with pytest.raises(StoreAwayError):
            store.ready(time.time())
    for _ in range(2):
        assert store.ready(time.time()) == []
    text = "\n".join(heard)
    assert text.count("is another one than the one with which this clone worked") == 1
    assert "brought in" not in text
    assert ("1 task while" in text, "'kanban-sync db replay'" in text) == (is_away, is_away)


@pytest.mark.skipif(not boot(), reason="the system does not tell one start from another")
@pytest.mark.parametrize("hours", [-2, 2])
def test_since_when_it_is_away_is_known_whatever_the_clock_was_set_to(
    one: Machine, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    one.door.shut()
    one.do(lambda store: store.ready(time.time()))
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3600 * hours)
    assert 0 <= time.time() - one.database.mode(PROJECT).since < 3600


def test_a_monitor_offers_by_the_database_and_stands_by_while_that_is_away(
    one: Machine, emptied: Emptied
) -> None:
    work = Work(one.work(), PROJECT, time.time, None, lambda: None, lambda: None)
    monitor = Monitor(work)
    assert monitor.round().leads
    waits = Idleness("bob", ANY)
    waits.is_to_look(work)
    assert [each.agent for each in monitor.round().offered] == ["bob"]
    one.door.shut()
    apart = Work(one.work(), PROJECT, time.time, None, lambda: None, lambda: None)
    stands_by = Monitor(apart).round()
    assert (stands_by.leads, stands_by.leader, stands_by.offered) == (False, "", ())
    waits = Idleness("eve", ANY)
    assert waits.is_to_look(apart)
    waits.end(apart, is_served=False)
    assert one.database.mode(PROJECT).entries == 0
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "a").offer.agent == "bob"


def test_a_frozen_server_holds_up_one_command_and_no_other(
    one: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.door.url += "&connect_timeout=2"
    monkeypatch.setattr("kanban_sync.databases.fallback.SLOW", 0.1)
    one.door.freeze()
    assert one.claim("a", "ada")
    assert one.database.tries_later()
    asked: list[str] = []
    monkeypatch.setattr(type(one.database.server), "open", lambda *_: asked.append("open"))
    one.claim("b", "ada")
    assert asked == []


def test_what_is_done_apart_is_told_without_numbers(one: Machine) -> None:
    class Heard(LocalBus):
        is_silent = False

        def publish(self, project: str, messages: Sequence[str]) -> bool:
            heard.extend(json.loads(each) for each in messages)
            return super().publish(project, messages)

    heard: list[dict[str, Any]] = []
    one.door.shut()
    store = telling(one.work(), PROJECT, Heard())
    store.claim(key("a"), "ada", time.time(), LEASE)
    assert [(each["id"], each["kind"]) for each in heard] == [(None, "wake")]
    assert [each.id for each in store.history(key("a"))] == [0]


def test_who_only_looks_sees_the_copy_at_once(one: Machine) -> None:
    one.door.shut()
    store = one.database.look(PROJECT)
    assert store is not None
    with closing(store):
        assert [each.key.name for each in store.tasks()] == list(NAMES)
    assert one.mode == "fallback"


def test_a_copy_that_comes_late_takes_no_journal_away(one: Machine, emptied: Emptied) -> None:
    late = one.database.open(PROJECT)
    assert isinstance(late, PostgresStore)
    late.add(Task(TaskKey(PROJECT, "db", "new"), "New", Status.TODO), time.time())
    one.door.shut()
    token = one.claim("a", "ada")
    one.door.open()
    # It has been open since before, and copies what it has while others work apart.
    late.close()
    one.finish("a", token)
    assert there(emptied, "a").task.status is Status.DONE


def test_what_the_database_cannot_keep_is_refused_apart_as_well(
    one: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    token = one.claim("a", "ada")
    with pytest.raises(StoreError, match="not valid Unicode"):
        one.do(lambda store: store.finish(key("a"), token, Status.FAILED, time.time(), "caf\udce9"))
    one.finish("a", token)
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "a").task.status is Status.DONE


def test_who_goes_apart_while_another_comes_back_is_found_all_the_same(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    store = one.database.apart(PROJECT, None)
    noted = Copy(one.database.folder).away(PROJECT)  # what was read a moment before
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    # Whoever was about to write is told, and nothing is written where nobody would look.
    with pytest.raises(LeftError):
        store.claim(key("b"), "ada", time.time(), LEASE)
    with monkeypatch.context() as patch:
        patch.setattr(Copy, "away", lambda *_: noted)
        late = one.database.apart(PROJECT, None)
        late.claim(key("b"), "ada", time.time(), LEASE)
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "b").claim is not None


def test_who_waits_goes_on_though_the_connection_is_lost(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanban_sync.agents.waiting.LOOK", 0.05)
    monkeypatch.setattr("kanban_sync.agents.waiting.AGAIN", 0.05)
    work = Work(one.work(), PROJECT, time.time, None, lambda: None, lambda: None)
    looks = 0

    def look() -> list[Entry] | None:
        nonlocal looks
        looks += 1
        if looks == 2:
            emptied.cut_off()
        return work.next() if looks > 1 else None

    found = wait_for(work, look, 60)
    assert [each.key.name for each in found or ()] == list(NAMES)
    assert looks == 3


def test_who_waits_goes_on_once_a_table_is_seen_again(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanban_sync.agents.waiting.LOOK", 0.05)
    monkeypatch.setattr("kanban_sync.agents.waiting.AGAIN", 0.05)
    work = Work(one.work(), PROJECT, time.time, None, lambda: None, lambda: None)
    told: list[str] = []

    def hear(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            emptied.tell("ALTER TABLE kanban_sync.elsewhere RENAME TO tasks")

    def look() -> list[Entry] | None:
        if not told and not is_gone:
            is_gone.append(True)
            emptied.tell("ALTER TABLE kanban_sync.tasks RENAME TO elsewhere")
            return None
        return work.next()

    is_gone: list[bool] = []
    found = wait_for(work, look, 60, to_tell=hear)
    assert [each.key.name for each in found or ()] == list(NAMES)
    assert [each.count("are not to be seen") for each in told] == [1, 0]


def test_a_clock_that_is_ahead_takes_no_claim_that_is_alive(one: Machine, two: Machine) -> None:
    def work(machine: Machine, ahead: float) -> Work:
        now = partial(later, ahead)
        return Work(machine.work(), PROJECT, now, None, lambda: None, lambda: None)

    theirs, mine = work(one, 0), work(two, 2 * LEASE)
    theirs.register("o1")
    for _ in NAMES:
        assert theirs.claim_next("bob", LEASE, orchestrator="o1")
    assert mine.reclaim() == []
    assert mine.claim_next("ada", LEASE) is None
    with pytest.raises(HeldError):
        mine.claim("a", "ada")


def test_nothing_is_closed_that_another_thread_is_writing_to(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.door.shut()
    store = one.work()
    keep, others = AwayShelf.keep, list[threading.Thread]()

    def kept(shelf: AwayShelf, contents: Contents) -> None:
        if not others:
            one.door.open()
            others.append(threading.Thread(target=store.ready, args=(time.time(),)))
            others[0].start()
            # Either it waits for its turn, or it has gone back to the database by then.
            others[0].join(1)
        keep(shelf, contents)

    monkeypatch.setattr("kanban_sync.databases.switching.TRY_BACK", 0.0)
    monkeypatch.setattr(AwayShelf, "keep", kept)
    store.claim(key("a"), "ada", time.time(), LEASE)
    others[0].join()
    assert there(emptied, "a").claim is not None


# --- The same one by another way --------------------------------------------------------------


def test_a_database_is_known_by_whatever_way_it_is_reached(
    one: Machine, two: Machine, emptied: Emptied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    for each in (one, two):
        opened(each.database, PROJECT, each.state).close()
    assert one.database.name != two.database.name
    assert sharing(one.database, PROJECT, one.state).apart == ()
    assert other_than_before(two.database, one.state) == ""
    # Nor does it take a sync by the new name, nor even that it was reached by it.
    again = Machine(one.state.path, emptied.url, one.stack)
    assert again.database.name != one.database.name
    assert sharing(again.database, PROJECT, again.state).apart == ()
    looked = again.database.look(PROJECT)
    assert looked is not None
    looked.close()
    assert again.database.known_identity() == one.database.known_identity() != ""
    assert sharing(again.database, PROJECT, again.state).apart == ()
    # Whatever is made in its place is another one, whoever reaches it in the same way.
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address)
    third = Machine(tmp_path / "three", emptied.url, one.stack)
    opened(third.database, PROJECT, third.state).close()
    # Those who have not synced since noted the former one, which is no more.
    assert sharing(third.database, PROJECT, third.state).apart == ()
    assert third.database.name in other_than_before(third.database, one.state)
    # So it is told of a name that has led to the former one, once, and by nobody but its clone.
    opened(two.database, PROJECT, two.state).close()
    assert "is another one than" in not_told_yet(two.database, two.state)
    assert "is another one than" in other_than_before(two.database, two.state)
    assert other_than_before(two.database, two.state) == ""
    one.door.shut()
    assert one.database.identity() == ""
    # Nobody knows yet whether that is the one of before.
    assert other_than_before(one.database, one.state) == ""


def test_what_was_done_in_vain_is_told_though_nobody_heard_that_it_was_written(
    one: Machine, two: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    two.finish("a", two.claim("a", "bob"))
    replay = PostgresStore.replay

    def unheard(store: PostgresStore, journal: Journal, now: float) -> None:
        replay(store, journal, now)
        raise UnreachableStoreError("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", unheard)
        one.door.open()
        one.do(lambda store: store.ready(time.time()))
    assert told_once(one.database) == ""
    one.do(lambda store: store.ready(time.time()))
    assert "tasks-md:a (ada)" in told_once(one.database)
    assert told_once(one.database) == ""


def test_whoever_is_to_write_into_a_file_hears_that_others_have_settled(
    one: Machine, two: Machine
) -> None:
    one.door.shut()
    store = one.work()
    assert isinstance(store, Switching)
    store.claim(key("a"), "ada", time.time(), LEASE)
    found = notes_in_use(one.database, PROJECT, store)
    assert found is not None
    notes, newest = found
    assert (newest, notes.verdicts()) == (0, [])
    two.claim("a", "bob")
    one.door.open()
    one.do(lambda other: other.ready(time.time()))
    assert notes.verdicts() == [(1, {"tasks-md:a": Vain.CHANGED})]
    ways = [store.is_apart]
    # What is written now is the database's word, and nothing of it comes to be in vain.
    assert notes_in_use(one.database, PROJECT, store) is None
    ways.append(store.is_apart)
    assert ways == [True, False]
    assert store.entry(key("a")).task.assignee == "bob"


# --- What is no absence ----------------------------------------------------------------------


def test_without_a_copy_the_error_stays(emptied: Emptied, tmp_path: Path) -> None:
    with ExitStack() as stack:
        machine = Machine(tmp_path / "new", emptied.url, stack)
        machine.door.shut()
        with pytest.raises(UnreachableStoreError, match="cannot be reached"):
            machine.do(lambda store: store.ready(time.time()))
        assert machine.mode == "database"


def test_a_server_that_answers_and_refuses_is_not_away(
    one: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = dict(one.database.server.address.parameters)
    monkeypatch.setattr(
        type(one.database.server.address), "parameters", {**parameters, "user": "stranger"}
    )
    with pytest.raises(StoreError, match="correct the URL") as caught:
        one.do(lambda store: store.ready(time.time()))
    assert not isinstance(caught.value, StoreAwayError)
    assert one.mode == "database"


def test_a_database_that_may_only_be_read_is_told_and_not_left(
    one: Machine, emptied: Emptied
) -> None:
    # Of this database alone: the role is that of all tests.
    ours = f'ALTER DATABASE "{emptied.address.parameters["dbname"]}"'
    emptied.tell(f"{ours} SET default_transaction_read_only = on")
    try:
        with pytest.raises(StoreError, match="it may only be read"):
            one.claim("a", "ada")
    finally:
        emptied.tell(f"{ours} RESET default_transaction_read_only")
    assert one.mode == "database"
    assert one.claim("a", "ada") == 1


def test_while_a_journal_is_refused_the_database_is_read(one: Machine, emptied: Emptied) -> None:
    one.door.shut()
    one.claim("a", "ada")
    one.door.open()
    ours = f'ALTER DATABASE "{emptied.address.parameters["dbname"]}"'
    emptied.tell(f"{ours} SET default_transaction_read_only = on")
    try:
        store = one.database.look(PROJECT)
        assert store is not None
        with closing(store):
            assert [each.key.name for each in store.tasks()] == list(NAMES)
        mode = one.database.mode(PROJECT)
        assert (mode.name, mode.entries) == ("waiting", 1)
        assert "refuses what was done meanwhile (1 task)" in mode.words("it")
        with pytest.raises(StoreError, match="it may only be read"):
            one.claim("b", "bob")
    finally:
        emptied.tell(f"{ours} RESET default_transaction_read_only")
    one.do(lambda store: store.ready(time.time()))
    assert one.mode == "database"
    claim = there(emptied, "a").claim
    assert claim is not None
    assert claim.agent == "ada"


def test_a_damaged_copy_is_made_anew_once_the_database_answers(one: Machine) -> None:
    (copy,) = one.state.path.glob("away/*/tasks-p1.json")
    copy.write_bytes(copy.read_bytes()[:-9])
    one.door.shut()
    with pytest.raises(StoreError, match="it was cut short or edited"):
        one.claim("a", "ada")
    one.door.open()
    one.sync(*NAMES)
    one.door.shut()
    assert one.claim("a", "ada") > 0
    copy.write_bytes(copy.read_bytes()[:-9])
    one.door.open()
    for _ in range(2):
        # The journal is in it.
        with pytest.raises(StoreError, match="it was cut short or edited"):
            one.sync(*NAMES)


@contextmanager
def refusing(emptied: Emptied, table: str, condition: str) -> Iterator[None]:
    """Let the database refuse rows, as a constraint does that somebody has added there."""
    emptied.tell(
        "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {condition} THEN RAISE 'out of luck'; END IF; RETURN NEW; END $$;"
        f"CREATE TRIGGER refuses BEFORE INSERT OR UPDATE ON kanban_sync.{table}"
        " FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
    )
    try:
        yield
    finally:
        emptied.tell(f"DROP TRIGGER refuses ON kanban_sync.{table}; DROP FUNCTION pg_temp.refuse")


@pytest.mark.parametrize("table", ["tasks", "events"])
def test_what_the_database_refuses_of_a_journal_holds_up_nothing_else(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    one.door.shut()
    for name in NAMES[:2]:
        one.finish(name, one.claim(name, "ada"))
    after = Task(TaskKey(PROJECT, "db", "after"), "After", Status.TODO, depends_on=(str(key("b")),))
    one.do(lambda store: store.add(after, time.time()))
    one.finish("after", one.claim("after", "eve", "db"), source="db")
    one.claim("c", "ada")
    one.door.open()
    is_b = {"tasks": "name = 'b' AND NEW.status = 'done'", "events": "key = 'tasks-md:b'"}
    with refusing(emptied, table, f"NEW.{is_b[table]}"):
        with monkeypatch.context() as patch:
            patch.setattr(AwayShelf, "put_refused_aside", cut)
            with pytest.raises(UnreachableStoreError):
                one.sync(*NAMES)
        # Whoever was killed before it was put aside leaves that to the next.
        one.do(lambda store: store.ready(time.time()))
    assert one.mode == "database"
    assert [there(emptied, each).task.status.value for each in NAMES] == [
        "done",
        "todo",
        "in_progress",
    ]
    conflicts = {each["field"]: each for each in told(emptied, "conflict")}
    lost = conflicts["refused"]
    assert (lost["journal"], lost["database"], lost["agent"]) == ("done", "todo", "ada")
    assert "out of luck" in lost["reason"]
    assert lost["key"].strip("'") == "tasks-md:b"
    # What was built on it counts as little.
    assert conflicts["status"]["agent"] == "eve"
    [replayed] = told(emptied, "replayed")
    assert [replayed[each] for each in ("written", "conflicts", "refused")] == [2, 2, 1]
    [kept] = one.state.path.glob("away/*/tasks-p1.refused-*.json")
    assert kept.name == f"tasks-p1.refused-{replayed['key'].rpartition(':')[2]}.json"
    assert AwayShelf(kept, PROJECT).has.tasks[key("b")].task.status is Status.DONE


def test_a_database_that_refuses_everything_leaves_the_journal_to_wait(
    one: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    one.finish("a", one.claim("a", "ada"))
    one.door.open()
    emptied.tell("ALTER TABLE kanban_sync.tasks RENAME COLUMN expires TO ended")
    try:
        with pytest.raises(StoreError, match="restore them from a backup"):
            one.claim("b", "ada")
    finally:
        emptied.tell("ALTER TABLE kanban_sync.tasks RENAME COLUMN ended TO expires")
    assert one.database.mode(PROJECT)[0::2] == ("waiting", 1)
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "a").task.status is Status.DONE


def test_a_server_without_space_is_told_and_not_left(one: Machine, emptied: Emptied) -> None:
    emptied.tell(
        "CREATE FUNCTION pg_temp.full() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'no space left' USING ERRCODE = '53100'; END $$;"
        "CREATE TRIGGER is_full BEFORE INSERT ON kanban_sync.events"
        " FOR EACH ROW EXECUTE FUNCTION pg_temp.full()"
    )
    try:
        with pytest.raises(StoreError, match="no space is left on the server"):
            one.claim("a", "ada")
    finally:
        emptied.tell("DROP TRIGGER is_full ON kanban_sync.events")
    assert one.mode == "database"
    assert one.claim("a", "ada") == 1


# --- Both sides ------------------------------------------------------------------------------


def test_of_claims_on_both_sides_of_a_partition_one_is_left(
    one: Machine, two: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    lost = one.claim("a", "ada")
    won = two.claim("a", "bob")
    assert lost > won
    one.door.open()
    for deed in (
        lambda store: store.extend(key("a"), lost, time.time(), LEASE, who="ada"),
        lambda store: store.finish(key("a"), lost, Status.DONE, time.time(), who="ada"),
        lambda store: store.release(key("a"), lost, time.time(), who="ada"),
    ):
        with pytest.raises(LostClaimError, match="bob"):
            one.do(deed)
    two.finish("a", won, Status.REVIEW)
    # Nor may it say so by its name alone, now that nobody has the task.
    with pytest.raises(LostClaimError, match="by the time the database was back"):
        one.do(
            lambda store: store.set_status(key("a"), Status.DONE, time.time(), "ada", in_time=True)
        )
    assert there(emptied, "a").task.status is Status.REVIEW
    [conflict] = told(emptied, "conflict")
    assert (conflict["key"], conflict["field"]) == ("tasks-md:a", "claim")
    assert (conflict["agent"], conflict["token"]) == ("ada", lost)


def test_a_claim_that_nobody_disputes_comes_over_with_its_token(
    one: Machine, two: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    token = one.claim("a", "ada")
    # There, it was somebody's for a while.
    two.do(lambda store: store.release(key("a"), two.claim("a", "bob"), time.time()))
    one.door.open()
    one.do(lambda store: store.extend(key("a"), token, time.time(), LEASE, who="ada"))
    claim = there(emptied, "a").claim
    assert claim is not None
    assert (claim.agent, claim.token) == ("ada", token)
    with pytest.raises(HeldError):
        two.claim("a", "bob")
    one.finish("a", token)
    assert there(emptied, "a").attempts >= 1


@pytest.mark.parametrize("is_finished", [False, True])
def test_who_did_not_hear_of_its_claim_goes_on_with_the_one_made_apart(
    one: Machine, emptied: Emptied, *, is_finished: bool
) -> None:
    # The claim lasts, and the answer does not come: the copy knows nothing of it.
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        store.claim(key("a"), "ada", time.time(), LEASE)
    one.door.shut()
    token = one.claim("a", "ada")
    if is_finished:
        one.finish("a", token)
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert told(emptied, "conflict") == []
    if not is_finished:
        one.finish("a", token)
    assert there(emptied, "a").task.status is Status.DONE


def test_of_two_machines_apart_the_second_that_comes_back_loses(
    one: Machine, two: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    two.door.shut()
    tokens = {"ada": one.claim("a", "ada"), "bob": two.claim("a", "bob")}
    two.door.open()
    two.do(lambda store: store.ready(time.time()))
    one.door.open()
    with pytest.raises((LostClaimError, HeldError)):
        one.do(
            lambda store: store.finish(key("a"), tokens["ada"], Status.DONE, time.time(), who="ada")
        )
    two.finish("a", tokens["bob"])
    assert [each["agent"] for each in told(emptied, "conflict")] == ["ada"]


def test_what_both_sides_changed_is_the_database_s_and_told(
    one: Machine, two: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    one.finish("a", one.claim("a", "ada"))
    one.finish("b", one.claim("b", "ada"))
    two.finish("a", two.claim("a", "bob"), Status.FAILED)
    two.finish("b", two.claim("b", "bob"))
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "a").task.status is Status.FAILED
    assert there(emptied, "b").task.assignee == "bob"
    conflicts = {each["key"]: each for each in told(emptied, "conflict")}
    assert conflicts["tasks-md:a"]["journal"] == "done"
    assert conflicts["tasks-md:a"]["database"] == "failed"


def test_what_was_built_on_work_that_does_not_count_does_not_count_either(
    one: Machine, two: Machine, emptied: Emptied
) -> None:
    for name, needs in (("z", ()), ("y", ("z",)), ("x", ("y",))):
        new = Task(TaskKey(PROJECT, "db", name), name, Status.TODO, depends_on=needs)
        with closing(one.database.work(PROJECT)) as store:
            store.add(new, time.time())
    one.sync(*NAMES)
    one.door.shut()
    for name in "zyx":
        one.finish(name, one.claim(name, "ada", "db"), source="db")
    two.claim("z", "bob", "db")
    one.door.open()
    entries = one.do(lambda store: store.entries())
    stand = {each.key.name: each.task.status.value for each in entries if each.key.source == "db"}
    assert stand == {"z": "in_progress", "y": "todo", "x": "todo"}
    assert [each["key"] for each in told(emptied, "conflict")] == ["db:z", "db:y", "db:x"]
    assert [each["agent"] for each in told(emptied, "claimed")] == ["bob"]


def test_a_milestone_waits_for_its_tasks_apart_too_and_when_that_is_over(
    one: Machine, two: Machine, emptied: Emptied
) -> None:
    whole, part = milestone("M1"), of("M1", "of")
    with closing(one.database.open(PROJECT)) as store:
        store.merge((whole, part), {}, FilesState({"main": "c2"}), time.time())

    def ready() -> set[str]:
        found = one.do(lambda store: store.ready(time.time()))
        return {each.key.name for each in found} & {"M1", "of"}

    one.door.shut()
    assert ready() == {"of"}
    with pytest.raises(WorkError, match=r"M1 is a milestone, and of its tasks are open"):
        one.do(lambda store: store.set_status(whole.key, Status.DONE, time.time(), "ada"))
    one.finish("of", one.claim("of", "ada"))
    assert ready() == {"M1"}
    one.finish("M1", one.claim("M1", "ada", "mission"), source="mission")
    # Meanwhile another task for it comes up, which nobody has heard of here.
    with closing(two.database.open(PROJECT)) as store:
        more = (whole, part, of("M1", "more", position=2))
        store.merge(more, {}, FilesState({"main": "c3"}), time.time())
    one.door.open()
    assert ready() == set()
    assert there(emptied, "of").task.status is Status.DONE
    assert [each["key"] for each in told(emptied, "conflict")] == ["mission:M1"]
    two.finish("more", two.claim("more", "bob"))
    assert ready() == {"M1"}


# --- Once ------------------------------------------------------------------------------------


def test_of_two_tasks_with_one_id_that_of_the_database_is_left_and_told(
    one: Machine, emptied: Emptied
) -> None:
    def add(store: Store, title: str) -> None:
        store.add(Task(key("new"), title, Status.TODO), time.time())

    one.door.shut()
    one.do(partial(add, title="Ours"))
    token = one.claim("new", "ada")
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        add(store, "Theirs")
    one.door.open()
    with pytest.raises(WorkError):
        one.finish("new", token)
    entry = there(emptied, "new")
    assert (entry.task.title, entry.task.status, entry.claim) == ("Theirs", Status.TODO, None)
    [conflict] = told(emptied, "conflict")
    said = [conflict[name] for name in ("field", "journal", "database", "agent")]
    assert said == ["id", "Ours", "Theirs", "ada"]


def test_however_many_reach_the_database_again_the_journal_counts_once(
    one: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    one.finish("a", one.claim("a", "ada"))
    one.door.open()

    def look(_: int) -> list[str]:
        entries = one.do(lambda store: store.entries())
        return [each.key.name for each in entries if each.task.status is Status.DONE]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [["a"]] * 8
    assert len(told(emptied, "replayed")) == 1
    assert len(told(emptied, "claimed")) == 1


@pytest.mark.parametrize("is_full", [False, True], ids=["with room", "on a full disk"])
def test_whoever_is_killed_at_any_step_of_coming_back_leaves_it_to_be_done_once(
    one: Machine, emptied: Emptied, *, is_full: bool
) -> None:
    killed = status = 0
    for step in range(1, 200):
        one.door.shut()
        token = one.claim("a", "ada")
        one.do(partial(given_back, token))
        one.door.open()
        child = os.fork()
        if child == 0:
            if is_full:
                AwayShelf._write = full  # type: ignore[assignment]  # noqa: SLF001 - it ends
            die_at(step)
            one.do(lambda store: store.ready(time.time()))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if is_full and not Copy(one.database.folder).shelf(PROJECT).is_there:
            # There was no room for a copy.
            one.sync(*NAMES)
        # It goes away once more, and work goes on without it.
        one.door.shut()
        one.do(partial(given_back, one.claim("a", "ada")))
        one.door.open()
        one.do(lambda store: store.ready(time.time()))
        assert one.mode == "database"
        assert emptied.ask(DEEDS) == [("claimed", 2 * step), ("released", 2 * step)]
        if not os.WIFSIGNALED(status):
            break
        killed += 1
    assert killed > 10
    assert not os.WIFSIGNALED(status)


def full(*_: object) -> None:
    """Have no room for a copy."""
    raise UnusableCopyError("full")


def cut(*_: object) -> None:
    """Lose the server in the middle."""
    raise UnreachableStoreError("cut off")


def connection_of(store: PostgresStore) -> psycopg.Connection[Any]:
    return store._database._connection  # noqa: SLF001 - no store tells


def given_back(token: int, store: Store) -> None:
    store.release(key("a"), token, time.time())


def test_a_journal_of_which_the_end_was_not_heard_is_not_taken_twice(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    one.door.open()

    with monkeypatch.context() as patch:
        patch.setattr("kanban_sync.stores.postgres.PostgresStore.copied", cut)
        with pytest.raises(UnreachableStoreError):
            one.sync(*NAMES)
    assert len(told(emptied, "replayed")) == 1
    one.sync(*NAMES)
    assert len(told(emptied, "replayed")) == 1
    assert one.mode == "database"


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
def test_what_is_done_after_a_journal_was_sent_is_not_lost_with_it(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    replay = PostgresStore.replay

    def sent(store: PostgresStore, journal: Journal, now: float) -> None:
        if is_taken:
            replay(store, journal, now)
        raise UnreachableStoreError("cut off")

    one.door.shut()
    first = one.claim("a", "ada")
    second = one.claim("b", "ada")
    one.door.open()
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", sent)
        with pytest.raises(UnreachableStoreError):
            one.sync(*NAMES)
    # The server goes away again, and nobody knows whether it has the journal.
    one.door.shut()
    assert one.database.mode(PROJECT).entries == 2
    one.finish("a", first)
    one.claim("c", "ada")
    one.door.open()
    one.finish("b", second)
    assert [there(emptied, each).task.status.value for each in NAMES] == [
        "done",
        "done",
        "in_progress",
    ]
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada"] * 3
    assert told(emptied, "conflict") == []
    assert one.mode == "database"


@pytest.fixture
def frozen(one: Machine) -> Iterator[Callable[[Store], None]]:
    """Let the server's process stand still that serves a store."""
    stopped: list[int] = []

    def freeze(store: Store) -> None:
        assert isinstance(store, Switching)
        assert store._there is not None  # noqa: SLF001 - to whom it talks
        stopped.append(connection_of(store._there).info.backend_pid)  # noqa: SLF001 - as above
        os.kill(stopped[-1], signal.SIGSTOP)

    yield freeze
    for each in stopped:
        os.kill(each, signal.SIGCONT)


def test_a_server_that_freezes_in_the_middle_is_given_up_and_work_goes_on(
    one: Machine,
    emptied: Emptied,
    frozen: Callable[[Store], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = one.work()
    store.claim(key("a"), "ada", time.time(), LEASE)
    monkeypatch.setattr(postgres_connection, "ASKED", 0.3)
    frozen(store)
    one.door.shut()
    with pytest.raises(StoreAwayError, match="nothing was said for"):
        store.claim(key("b"), "ada", time.time(), LEASE)
    entry = store.claim(key("b"), "ada", time.time(), LEASE)
    assert entry.claim is not None
    assert one.mode == "fallback"
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    claim = there(emptied, "b").claim
    assert claim is not None
    assert claim.agent == "ada"


def test_whoever_comes_after_a_pause_to_a_server_that_froze_goes_on_with_the_copy(
    one: Machine,
    emptied: Emptied,
    frozen: Callable[[Store], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = one.work()
    store.claim(key("a"), "ada", time.time(), LEASE)
    monkeypatch.setattr(postgres_database, "IDLE", 0.0)
    monkeypatch.setattr(postgres_database, "GLANCE", 0.1)
    frozen(store)
    one.door.shut()
    # Nothing was sent to it, so that nobody has to be told that it may have been done.
    assert store.claim(key("b"), "ada", time.time(), LEASE).claim is not None
    assert one.mode == "fallback"
    one.door.open()
    one.do(lambda store: store.ready(time.time()))
    assert there(emptied, "b").claim is not None
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada", "ada"]


def test_a_connection_that_fell_silent_alone_is_made_anew(
    one: Machine, frozen: Callable[[Store], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = one.work()
    monkeypatch.setattr(postgres_database, "IDLE", 0.0)
    monkeypatch.setattr(postgres_database, "GLANCE", 0.1)
    frozen(store)
    assert store.claim(key("a"), "ada", time.time(), LEASE).claim is not None
    assert one.mode == "database"


def test_what_others_found_out_of_the_server_is_not_found_out_anew(
    one: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, asked = one.work(), list[str]()
    monkeypatch.setattr("kanban_sync.databases.switching.IDLE", 0.0)
    one.database.note_away(PROJECT, 2 * fallback.SLOW)
    monkeypatch.setattr(PostgresStore, "claim", lambda *_: asked.append("claim"))
    monkeypatch.setattr(PostgresStore, "last_event", lambda *_: asked.append("last event"))
    assert store.claim(key("a"), "ada", time.time(), LEASE).claim is not None
    assert (asked, one.mode) == ([], "fallback")


def test_work_that_goes_on_pays_for_no_look(one: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    store, looks = one.work(), list[float]()
    monkeypatch.setattr(postgres_database, "IDLE", LEASE)
    monkeypatch.setattr(Patient, "answers", lambda _, seconds: looks.append(seconds))
    store.claim(key("a"), "ada", time.time(), LEASE)
    assert looks == []
    monkeypatch.setattr(postgres_database, "IDLE", 0.0)
    store.claim(key("b"), "ada", time.time(), LEASE)
    assert len(looks) == 1
