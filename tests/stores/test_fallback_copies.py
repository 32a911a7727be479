"""Copies of one clone, and of one database: each deed counts once, and none is dropped unseen."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.errors import (
    HeldError,
    LostDatabaseError,
    SetupError,
    UnreachableStoreError,
    UnwritableStoreError,
)
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.databases import (
    fallback,
    left_elsewhere,
    not_told_yet,
    take_left,
    told_once,
)
from kanban_sync.databases.copies import Copy
from kanban_sync.databases.last_used import note_first
from kanban_sync.stores.postgres import PostgresStore
from kanban_sync.stores.postgres_database import upgrade_database
from stores.machines import LEASE, NAMES, PROJECT, SOURCE, Machine, die_at, key, there, told

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from kanban_sync.core.journal import Journal
    from stores.emptied import Emptied


def look(machine: Machine) -> None:
    """Do what reaches the database, if that can be."""
    machine.do(lambda store: store.ready(time.time()))


def set_to(name: str, status: Status, store: Store) -> None:
    store.set_status(key(name), status, time.time(), "ada", "why")


def add(task: Task, store: Store) -> None:
    store.add(task, time.time())


def stand(emptied: Emptied) -> list[str]:
    return [there(emptied, each).task.status.value for each in NAMES]


# --- A clone that was copied -----------------------------------------------------------------


def test_what_is_done_in_a_copy_of_a_clone_counts_as_well(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    one.door.shut()
    token = one.claim("a", "ada")
    one.finish("b", one.claim("b", "ada"))
    other = one.copied(tmp_path / "copied")
    one.finish("c", one.claim("c", "ada"))
    other.finish("a", token)
    other.do(partial(set_to, "c", Status.BLOCKED))
    one.door.open()
    look(one)
    assert stand(emptied) == ["in_progress", "done", "done"]
    for _ in range(2):
        look(other)
        assert other.mode == "database"
    # The claim was made once, and its end is the copy's; of the last each has made something else.
    assert stand(emptied) == ["done", "done", "done"]
    assert [each["key"] for each in told(emptied, "conflict")] == ["tasks-md:c"]
    assert len(told(emptied, "claimed")) == 3
    first, second = told(emptied, "replayed")
    assert second["key"] == f"{first['key']}-{second['digest'][:16]}"


def test_a_copy_in_which_nothing_was_done_since_says_nothing(
    one: Machine, emptied: Emptied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(store: PostgresStore, journal: Journal, now: float) -> None:
        replay(store, journal, now)
        raise UnreachableStoreError("the answer was lost")

    replay = PostgresStore.replay
    one.door.shut()
    one.claim("a", "ada")
    early = one.copied(tmp_path / "early")
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", cut)
        one.door.open()
        look(one)
    # Its journal is sent by now, and more was done since.
    one.door.shut()
    late = one.copied(tmp_path / "late")
    late.finish("b", late.claim("b", "bob"))
    one.door.open()
    for each in (early, late, one):
        look(each)
        assert each.database.mode(PROJECT).name == "database"
    assert stand(emptied) == ["in_progress", "done", "todo"]
    assert told(emptied, "conflict") == []
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada", "bob"]


def test_of_what_was_done_since_a_clone_was_copied_both_count(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    one.door.shut()
    look(one)
    other = one.copied(tmp_path / "copied")
    one.finish("a", one.claim("a", "ada"))
    other.finish("b", other.claim("b", "bob"))
    won, lost = one.claim("c", "ada"), other.claim("c", "bob")
    one.door.open()
    look(one)
    look(other)
    assert stand(emptied) == ["done", "done", "in_progress"]
    claim = there(emptied, "c").claim
    assert claim is not None
    assert (claim.agent, claim.token) == ("ada", won)
    assert [each["token"] for each in told(emptied, "conflict")] == [lost]


def test_a_copy_goes_on_from_a_claim_of_which_another_has_told_through_the_next_ones(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    one.door.shut()
    token = one.claim("a", "ada")
    one.finish("b", one.claim("b", "ada"))
    other = one.copied(tmp_path / "copied")
    other.do(partial(given_back, token))
    token = other.claim("a", "bob")
    other.do(partial(set_to, "b", Status.TODO))
    one.door.open()
    for each in (one, other, one):
        look(each)
    claim = there(emptied, "a").claim
    assert claim is not None
    assert (claim.agent, claim.token) == ("bob", token)
    assert stand(emptied) == ["in_progress", "todo", "todo"]
    assert told(emptied, "conflict") == []
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada", "ada", "bob"]
    assert [each["agent"] for each in told(emptied, "released")] == ["ada"]


def test_copies_that_only_have_a_claim_which_another_one_ended_say_nothing(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    one.door.shut()
    ended, left = one.claim("a", "ada"), one.claim("b", "ada")
    copies = [one.copied(tmp_path / name) for name in ("second", "third")]
    one.finish("a", ended)
    one.do(lambda store: store.release(key("b"), left, time.time()))
    # So their journals differ, and are compared.
    copies[0].finish("c", copies[0].claim("c", "bob"))
    one.door.open()
    for each in (one, *copies):
        look(each)
        assert told_once(each.database) == ""
    assert stand(emptied) == ["done", "todo", "done"]
    assert told(emptied, "conflict") == []
    assert len(told(emptied, "claimed")) == 3


def test_of_a_task_that_was_added_before_a_clone_was_copied_each_tells_only_what_is_new(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    one.door.shut()
    for name in "de":
        task = Task(key(name, "db"), f"Task {name}", Status.TODO)
        one.do(partial(add, task))
    other = one.copied(tmp_path / "copied")
    one.finish("d", one.claim("d", "ada", "db"), source="db")
    other.finish("e", other.claim("e", "bob", "db"), source="db")
    one.door.open()
    look(one)
    look(other)
    assert [each["key"] for each in told(emptied, "task_created")][-2:] == ["db:d", "db:e"]
    assert [each["key"] for each in told(emptied, "status_changed")] == ["db:d", "db:e"]
    assert told(emptied, "conflict") == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_copy_that_did_nothing_tells_nothing_whatever_was_done_before_it_was_made(
    one: Machine, emptied: Emptied, tmp_path: Path, order: tuple[int, ...]
) -> None:
    token = one.claim("b", "ada")
    one.door.shut()
    one.do(partial(set_to, "a", Status.BLOCKED))
    one.do(lambda store: store.extend(key("b"), token, time.time(), 2 * LEASE))
    one.do(lambda store: store.assign(key("c"), "bob", time.time(), "eve"))
    clones = [one, *(one.copied(tmp_path / name) for name in ("second", "third"))]
    # Not by the one that was there first; the third only makes its journal another one.
    clones[1].do(partial(set_to, "a", Status.REVIEW))
    clones[1].finish("b", token)
    clones[1].do(partial(set_to, "c", Status.DONE))
    clones[2].do(lambda store: store.register("o1", time.time(), 1))
    one.door.open()
    for which in order:
        look(clones[which])
    assert stand(emptied) == ["review", "done", "done"]
    assert told(emptied, "conflict") == []
    assert [told_once(each.database) for each in clones] == ["", "", ""]
    assert len(told(emptied, "status_changed")) == 4


@pytest.mark.parametrize("is_copy_first", [False, True])
def test_what_does_not_count_of_before_a_clone_was_copied_is_told_once_where_it_was_done(
    one: Machine, two: Machine, emptied: Emptied, tmp_path: Path, *, is_copy_first: bool
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    lost = one.claim("b", "ada")
    one.do(partial(set_to, "c", Status.BLOCKED))
    other = one.copied(tmp_path / "copied")
    other.finish("b", lost)
    for name in NAMES:
        two.claim(name, "eve")
    one.door.open()
    for each in (other, one) if is_copy_first else (one, other):
        look(each)
    found = sorted((each["key"][-1], each["journal"]) for each in told(emptied, "conflict"))
    # What was done since the clone was copied is lost as well.
    assert found[:2] == [("a", "in_progress"), ("b", "done")]
    assert found[-1] == ("c", "blocked")
    assert len(found) == (3 if is_copy_first else 4)
    assert "with 3 tasks" in told_once(one.database)
    assert ("with 3 tasks" if is_copy_first else "with 1 task ") in told_once(other.database)


def test_a_journal_that_an_older_release_has_taken_is_known_by_its_name(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    other = one.copied(tmp_path / "copied")
    one.door.open()
    look(one)
    emptied.tell(
        "UPDATE kanban_sync.events SET data = (data::jsonb - 'digest')::text"
        " WHERE kind = 'replayed'"
    )
    one.door.shut()
    other.do(partial(set_to, "b", Status.BLOCKED))
    one.door.open()
    look(other)
    assert len(told(emptied, "replayed")) == 1
    assert stand(emptied)[0] == "in_progress"


# --- One database by several names, and several by one ---------------------------------------


@pytest.fixture
def spelt(one: Machine, emptied: Emptied) -> Machine:
    """Return the same clone, which reaches the same database by another name."""
    return Machine(one.state.path, emptied.url, one.stack)


def anew(emptied: Emptied) -> None:
    """Put another database in the place of the one that is there."""
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address)


def test_by_whatever_name_one_clone_has_one_copy_of_a_database(
    one: Machine, spelt: Machine, emptied: Emptied
) -> None:
    assert one.database.name != spelt.database.name
    one.door.shut()
    spelt.door.shut()
    # It has never led anywhere, as far as this clone knows.
    with pytest.raises(UnreachableStoreError, match="has a copy to go on with of") as caught:
        spelt.claim("a", "bob")
    assert one.database.name in str(caught.value)
    spelt.door.open()
    spelt.claim("b", "bob")
    spelt.door.shut()
    token = one.claim("a", "ada")
    with pytest.raises(HeldError):
        spelt.claim("a", "bob")
    assert spelt.claim("c", "bob")
    modes = [each.database.mode(PROJECT)._replace(since=0.0) for each in (one, spelt)]
    assert modes[0] == modes[1]
    # Whichever of them leads there again brings all of it, also that which the other one did.
    spelt.door.open()
    look(spelt)
    assert (one.mode, spelt.mode) == ("database", "database")
    claim = there(emptied, "a").claim
    assert claim is not None
    assert (claim.agent, claim.token) == ("ada", token)
    assert len(told(emptied, "replayed")) == 1
    assert left_elsewhere(one.database, PROJECT, one.state) == []


def test_who_is_cut_off_by_one_name_hears_of_those_who_are_not(
    one: Machine, spelt: Machine, emptied: Emptied
) -> None:
    there_still = spelt.work()
    one.door.shut()
    one.claim("a", "ada")
    there_still.claim(key("b"), "bob", time.time(), LEASE)
    assert there(emptied, "a").claim is not None
    with pytest.raises(HeldError):
        one.claim("b", "ada")


def test_who_only_looks_by_one_name_brings_in_what_was_done_by_another_that_leads_nowhere(
    one: Machine, spelt: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanban_sync.databases.switching.BRING", float("inf"))
    there_still = spelt.work()
    one.door.shut()
    one.finish("a", one.claim("a", "ada"))
    there_still.ready(time.time())
    assert there(emptied, "a").task.status is Status.TODO
    monkeypatch.setattr("kanban_sync.databases.switching.BRING", 0.0)
    ready = there_still.ready(time.time())
    assert [each.key.name for each in ready] == ["b", "c"]
    # What cannot be brought in holds up nobody who looks.
    one.finish("b", one.claim("b", "ada"))
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", refuse)
        assert len(there_still.ready(time.time())) == 2
    assert len(there_still.ready(time.time())) == 1
    # Nobody makes a copy anew, time and again, for somebody who only looks there.
    look(one)
    for _ in range(2):
        there_still.ready(time.time())
    assert one.mode == "fallback"
    one.do(lambda store: store.register("o1", time.time(), 1))
    there_still.ready(time.time())
    assert [each.instance_id for each in there_still.orchestrators()] == ["o1"]


def refuse(*_: object) -> None:
    raise UnwritableStoreError("it may only be read")


def test_a_name_that_is_slow_to_lead_nowhere_holds_up_no_other(
    one: Machine, spelt: Machine
) -> None:
    spelt.sync(*NAMES)
    one.database.note_away(PROJECT, 2 * fallback.SLOW)
    assert (one.database.tries_later(), spelt.database.tries_later()) == (True, False)


def test_a_journal_is_not_written_into_another_database_of_the_same_name(
    one: Machine, emptied: Emptied
) -> None:
    for _ in range(6):
        one.do(partial(given_back, one.claim("a", "ada")))
    one.sync(*NAMES)
    one.door.shut()
    one.claim("a", "ada")
    anew(emptied)
    one.door.open()
    one.sync(*NAMES)
    assert (one.mode, told(emptied, "replayed"), told(emptied, "claimed")) == ("database", [], [])
    left = left_elsewhere(one.database, PROJECT, one.state)
    assert [(each.tasks, each.reason) for each in left] == [(1, "replaced")]
    # While that is away, work goes on with what it has, and not with what the other one had.
    one.door.shut()
    one.claim("a", "bob")
    assert one.database.mode(PROJECT).entries == 1
    one.door.open()
    look(one)
    assert [each["agent"] for each in told(emptied, "claimed")] == ["bob"]
    # Unless it is asked for: of a backup that was restored, it is what was done since.
    for is_there in (True, False):
        assert one.database.take(left[0], PROJECT) == is_there
        assert left_elsewhere(one.database, PROJECT, one.state) == []
    assert [each["agent"] for each in told(emptied, "conflict")] == ["ada"]
    assert len(told(emptied, "replayed")) == 2
    assert "does not count" in told_once(one.database)


def test_nobody_goes_on_with_what_was_written_into_another_database(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    former = one.database.folder
    anew(emptied)
    one.door.open()
    one.sync(*NAMES)
    (left,) = left_elsewhere(one.database, PROJECT, one.state)
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", refuse)
        with pytest.raises(UnwritableStoreError):
            one.database.take(left, PROJECT)
    # It says nothing of the former one that this one has refused it.
    (waits,) = left_elsewhere(one.database, PROJECT, one.state)
    assert waits == left
    copy = Copy(former)
    away = copy.away(PROJECT)
    assert away is not None
    assert not away.refuses
    assert one.database.take(left, PROJECT)
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada"]
    assert not copy.shelf(PROJECT).is_there
    # Who had begun to write it as well, and waited for that, has found nothing.
    copy.write_marker(PROJECT, away)
    assert not one.database.take(left, PROJECT)
    assert one.database.folder != former
    one.door.shut()
    one.finish("b", one.claim("b", "ada"))


def test_what_was_done_when_the_project_was_called_otherwise_gets_to_its_tasks_of_now(
    one: Machine, emptied: Emptied
) -> None:
    now = "p2"
    one.door.shut()
    one.finish("a", one.claim("a", "ada"))
    added = Task(key("new", "db"), "New", Status.TODO, parent=key("b"))
    one.do(lambda store: store.add(added, time.time()))
    one.door.open()
    # Before its tasks were brought in, all that was done would be done to none.
    with pytest.raises(SetupError, match="has no tasks of this project yet"):
        take_left(one.database, now, one.state)
    renamed = TaskKey(now, SOURCE, "a")
    with closing(one.database.open(now)) as store:
        tasks = [Task(renamed._replace(name=each), each, Status.TODO, path="T.md") for each in "ab"]
        store.merge(tasks, {}, FilesState({"main": "c1"}), time.time())
    (left,) = left_elsewhere(one.database, now, one.state)
    assert left.reason == "project"
    assert take_left(one.database, now, one.state) == [left]
    assert take_left(one.database, now, one.state) == []
    with closing(one.database.work(now)) as store:
        assert store.entry(renamed).task.status is Status.DONE
        parent = store.entry(TaskKey(now, "db", "new")).task.parent
        assert parent == renamed._replace(name="b")
    assert there(emptied, "a").task.status is Status.TODO
    assert told(emptied, "replayed") == []


def test_claims_from_before_go_along_to_a_project_by_another_name_where_nobody_else_did_anything(
    one: Machine, emptied: Emptied
) -> None:
    names, now = [*NAMES, "d", "e"], "p2"
    one.sync(*names)
    tokens = {name: one.claim(name, "ada") for name in "abde"}
    one.do(partial(set_to, "c", Status.BLOCKED))
    one.door.shut()
    one.finish("a", tokens["a"])
    one.do(lambda store: store.release(key("b"), tokens["b"], time.time()))
    one.do(partial(set_to, "c", Status.REVIEW))
    one.finish("d", tokens["d"])
    one.finish("e", tokens["e"])
    one.door.open()
    with closing(one.database.open(now)) as store:
        # What a command wrote into the file was committed; of the last, somebody else said more.
        said = dict.fromkeys(names, Status.TODO) | {"d": Status.DONE, "e": Status.FAILED}
        tasks = [
            Task(key(name)._replace(project=now), name, status, path="T.md")
            for name, status in said.items()
        ]
        store.merge(tasks, {}, FilesState({"main": "c1"}), time.time())
    take_left(one.database, now, one.state)
    with closing(one.database.work(now)) as store:
        entries = [store.entry(key(name)._replace(project=now)) for name in names]
        conflicts = [each.key for each in store.events(limit=10_000) if each.kind == "conflict"]
    assert [each.task.status.value for each in entries] == [
        "done",
        "todo",
        "review",
        "done",
        "failed",
    ]
    assert conflicts == ["tasks-md:e"]
    assert "tasks-md:e (ada)" in told_once(one.database)


def test_claims_from_after_a_backup_count_in_the_database_that_was_restored_from_it(
    one: Machine, emptied: Emptied
) -> None:
    for name in "ab":
        one.finish(name, one.claim(name, "bob"))
        one.do(partial(set_to, name, Status.TODO))
    held = one.claim("c", "bob")
    emptied.keep()
    tokens = {name: one.claim(name, "ada") for name in "ab"}
    one.finish("c", held, Status.BLOCKED)
    one.door.shut()
    one.do(partial(set_to, "c", Status.REVIEW))
    for name in "ab":
        one.finish(name, tokens[name])
    anew(emptied)
    emptied.restore()
    one.door.open()
    one.sync(*NAMES)
    with closing(one.database.work(PROJECT)) as store:
        store.claim(key("b"), "eve", time.time(), LEASE)
    (left,) = left_elsewhere(one.database, PROJECT, one.state)
    assert one.database.take(left, PROJECT)
    assert stand(emptied) == ["done", "in_progress", "review"]
    assert there(emptied, "c").claim is None
    assert [each["key"] for each in told(emptied, "conflict")] == ["tasks-md:b"]


def test_a_database_without_a_schema_is_another_one_and_of_one_that_is_lost_it_is_said_what_was(
    one: Machine, emptied: Emptied, tmp_path: Path
) -> None:
    note_first(one.database, one.state)
    added = Task(key("new", "db"), "New", Status.TODO)
    one.do(lambda store: store.add(added, time.time()))
    one.sync(*NAMES)
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    try:
        with pytest.raises(LostDatabaseError, match=r"1 task that stands in no file .*tasks-p1"):
            look(one)
        other = Machine(one.state.path, emptied.url, one.stack)
        assert other.database.look(PROJECT) is None
        assert other.database.name in not_told_yet(other.database, other.state)
    finally:
        upgrade_database(emptied.address)


def test_a_database_that_is_lost_is_not_away_and_what_was_done_apart_waits_for_the_next(
    one: Machine, emptied: Emptied
) -> None:
    one.door.shut()
    one.claim("a", "ada")
    one.door.open()
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    try:
        for way in (look, lambda machine: machine.do(lambda store: store.tasks())):
            with pytest.raises(LostDatabaseError, match=r"with 1 task while .* db replay` writes"):
                way(one)
        words = one.database.mode(PROJECT).words(one.database.name)
        assert "does not answer" not in words
        assert "(1 task), which waits here" in words
    finally:
        upgrade_database(emptied.address)
    with closing(one.database.open(PROJECT)):
        assert one.mode == "database"
    (left,) = left_elsewhere(one.database, PROJECT, one.state)
    assert (left.reason, left.tasks) == ("replaced", 1)


def test_a_server_that_does_not_say_which_it_is_has_a_copy_by_its_name(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresStore, "identity", "")
    by_name_alone(one)
    one.door.shut()
    one.claim("a", "ada")
    one.door.open()
    look(one)
    assert there(emptied, "a").claim is not None


def by_name_alone(machine: Machine) -> None:
    """Let a copy lie where it does of which nobody knows what the database says of itself."""
    copies, name = machine.database.copies, machine.database.name
    for each in copies.root.glob("*.leads"):
        mine = machine.database.folder
        each.unlink()
        target = copies.by_name_alone(name).folder
        shutil.rmtree(target, ignore_errors=True)
        mine.replace(target)
    assert machine.database.folder == copies.by_name_alone(name).folder


def test_whoever_is_killed_while_a_journal_gets_to_another_folder_leaves_it_to_be_taken_once(
    one: Machine, emptied: Emptied
) -> None:
    killed = status = 0
    for step in range(1, 200, 2):
        by_name_alone(one)
        one.door.shut()
        one.do(partial(given_back, one.claim("a", "ada")))
        one.door.open()
        child = os.fork()
        if child == 0:
            die_at(step)
            look(one)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        one.door.shut()
        one.do(partial(given_back, one.claim("a", "ada")))
        one.door.open()
        look(one)
        assert one.mode == "database"
        assert len(told(emptied, "claimed")) == len(told(emptied, "released")) == step + 1
        assert left_elsewhere(one.database, PROJECT, one.state) == []
        if not os.WIFSIGNALED(status):
            break
        killed += 1
    assert killed > 10
    assert not os.WIFSIGNALED(status)


def given_back(token: int, store: Store) -> None:
    store.release(key("a"), token, time.time())


def test_whoever_is_killed_while_what_was_left_is_written_elsewhere_leaves_it_to_be_written_once(
    one: Machine, emptied: Emptied
) -> None:
    now, deeds, done = "p2", [f"t{number}" for number in range(40)], 0
    copy = one.database.copies.named(one.database.name)
    shelf = copy.shelf(PROJECT)
    lies: set[tuple[bool, ...]] = set()
    with closing(one.database.open(now)) as store:
        tasks = [
            Task(key(each)._replace(project=now), each, Status.TODO, path="T") for each in deeds
        ]
        store.merge(tasks, {}, FilesState({"main": "c1"}), time.time())

    def work() -> None:
        nonlocal done
        one.door.shut()
        one.finish(deeds[done], one.claim(deeds[done], "ada"))
        one.door.open()
        done += 1

    # Until the marker is gone; the next ones only copy anew.
    for step in (11, 15, *range(30, 60)):
        one.sync(*deeds)
        work()
        child = os.fork()
        if child == 0:
            die_at(step)
            take_left(one.database, now, one.state)
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        files = shelf.path, shelf.sent.path, copy.marker(PROJECT)
        lies.add(tuple(each.exists() for each in files))
        if shelf.sent.path.exists() and step % 2:
            # Somebody goes on by the old name, where its database does not answer.
            work()
        take_left(one.database, now, one.state)
        assert left_elsewhere(one.database, now, one.state) == []
        assert (shelf.is_there, one.mode) == (False, "database")
        with closing(one.database.work(now)) as store:
            kinds = [each.kind for each in store.events(limit=10_000)]
        assert (kinds.count("claimed"), kinds.count("status_changed")) == (done, done)
        if lies > {(False, False, True), (False, False, False)}:
            break
    else:
        pytest.fail(f"never killed before all was removed: {lies}")
    assert told(emptied, "claimed") == []
