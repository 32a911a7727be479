"""What was done apart is written into another database: one made anew, or from a backup."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.claims import first_number
from kanban_sync.core.errors import LostClaimError, UnreachableStoreError
from kanban_sync.core.model import Status, Task
from kanban_sync.databases import left_elsewhere, settling, take_left, told_once
from kanban_sync.stores.postgres import PostgresStore
from kanban_sync.stores.postgres_database import upgrade_database
from stores.machines import LEASE, NAMES, PROJECT, Machine, key, there, told

if TYPE_CHECKING:
    from kanban_sync.agents.work import Store
    from stores.emptied import Emptied


def set_to(name: str, status: Status, store: Store) -> None:
    store.set_status(key(name), status, time.time(), "ada", "why")


def give_back(name: str, token: int, store: Store) -> None:
    store.release(key(name), token, time.time())


def lose(one: Machine, emptied: Emptied, first: int = 0, *, is_restored: bool = False) -> None:
    """Put another database in the place of the one that is there, with the tasks of the files."""
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address, first_number=first)
    if is_restored:
        emptied.restore()
    one.door.open()
    one.sync(*NAMES)


def take(one: Machine) -> bool:
    """Do what ``db replay`` does."""
    (left,) = left_elsewhere(one.database, PROJECT, one.state)
    return one.database.take(left, PROJECT)


def stand(emptied: Emptied) -> list[str]:
    return [there(emptied, each).task.status.value for each in NAMES]


def lost_tasks(emptied: Emptied) -> list[str]:
    return [each["key"] for each in told(emptied, "conflict")]


def unheard(*_: object) -> None:
    raise UnreachableStoreError("no answer")


def test_what_is_in_a_backup_is_nobodys_answer_to_what_was_done_apart(
    one: Machine, emptied: Emptied
) -> None:
    one.do(partial(set_to, "a", Status.BLOCKED))
    stale = one.claim("b", "bob")
    held = one.claim("c", "eve")
    emptied.keep()
    one.do(partial(set_to, "a", Status.TODO))
    one.finish("b", stale)
    one.do(partial(set_to, "b", Status.TODO))
    one.sync(*NAMES)
    one.door.shut()
    one.do(partial(set_to, "a", Status.REVIEW))
    token = one.claim("b", "ada")
    one.finish("c", held)
    lose(one, emptied, is_restored=True)
    assert stand(emptied) == ["blocked", "in_progress", "in_progress"]
    assert take(one)
    # Somebody may have blocked it there since: nobody knows.
    lost = ["tasks-md:a"]
    assert (stand(emptied), lost_tasks(emptied)) == (["blocked", "in_progress", "done"], lost)
    one.finish("b", token)
    assert "tasks-md:a" in told_once(one.database)


def test_what_waits_for_a_restored_database_is_found_by_the_first_that_asks(
    one: Machine, emptied: Emptied
) -> None:
    one.sync(*NAMES)
    emptied.keep()
    one.door.shut()
    one.do(partial(set_to, "a", Status.REVIEW))
    emptied.tell("DROP SCHEMA kanban_sync CASCADE")
    upgrade_database(emptied.address)
    emptied.restore()
    one.door.open()
    assert [each.tasks for each in take_left(one.database, PROJECT, one.state)] == [1]
    assert stand(emptied)[0] == "review"


def test_a_claim_that_comes_over_has_a_token_that_nobody_was_given_there(
    one: Machine, emptied: Emptied
) -> None:
    before = one.claim("c", "eve")
    one.sync(*NAMES)
    one.door.shut()
    apart = one.claim("a", "ada")
    one.claim("b", "ada")
    one.do(lambda store: store.extend(key("c"), before, time.time(), LEASE))
    try:
        lose(one, emptied, first_number(time.time() + 60))
        late = one.claim("a", "bob")
        one.do(partial(give_back, "a", late))
        one.claim("b", "bob")
        assert late > apart
        assert take(one)
        check_tokens(one, emptied, apart, late)
    finally:
        emptied.tell("DROP SCHEMA kanban_sync CASCADE")
        upgrade_database(emptied.address)


def check_tokens(one: Machine, emptied: Emptied, apart: int, late: int) -> None:
    claims = {each: there(emptied, each).claim for each in NAMES}
    assert [each and each.agent for each in claims.values()] == ["ada", "bob", "eve"]
    for name, agent in (("a", "ada"), ("c", "eve")):
        claim = claims[name]
        given = [each for each in told(emptied, "claimed") if each["key"] == str(key(name))]
        assert claim is not None
        assert (given[-1]["agent"], given[-1]["token"]) == (agent, claim.token)
        assert claim.token > max((each["token"] for each in given[:-1]), default=0)
    for which, token in (("a", late), ("a", apart)):
        with pytest.raises(LostClaimError):
            one.finish(which, token)
    assert lost_tasks(emptied) == [str(key("b"))]
    assert "with 1 task " in told_once(one.database)


def test_what_was_sent_and_what_was_done_after_that_both_count_in_another_database(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = one.claim("c", "eve")
    one.sync(*NAMES)
    one.door.shut()
    token = one.claim("a", "ada")
    one.do(lambda store: store.extend(key("c"), held, time.time(), LEASE))
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "replay", unheard)
        one.door.open()
        with pytest.raises(UnreachableStoreError):
            one.database.reach(PROJECT)
    one.door.shut()
    one.finish("a", token)
    one.finish("c", held)
    lose(one, emptied)
    assert take(one)
    assert (stand(emptied), lost_tasks(emptied)) == (["done", "todo", "done"], [])
    ends = [each["token"] for each in told(emptied, "status_changed")]
    assert ends == [each["token"] for each in told(emptied, "claimed")]


def test_a_task_that_only_a_lost_database_had_is_added_with_what_was_done_apart(
    one: Machine, emptied: Emptied
) -> None:
    task = Task(key("n1", "db"), "New", Status.TODO, depends_on=("a",))
    one.do(lambda store: store.add(task, time.time()))
    one.sync(*NAMES)
    one.door.shut()
    one.finish("a", one.claim("a", "ada"))
    one.finish("n1", one.claim("n1", "ada", "db"), source="db")
    lose(one, emptied)
    assert take(one)
    with closing(one.database.work(PROJECT)) as store:
        entry = store.entry(task.key)
    assert (entry.task.title, entry.task.status) == ("New", Status.DONE)
    assert lost_tasks(emptied) == []


def test_what_does_not_count_in_another_database_is_told_also_by_who_goes_on_with_telling(
    one: Machine, emptied: Emptied, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The numbers of the events are above those of the other one.
    for _ in range(20):
        one.do(partial(give_back, "b", one.claim("b", "bob")))
    one.sync(*NAMES)
    one.door.shut()
    one.claim("a", "ada")
    lose(one, emptied)
    one.claim("a", "bob")
    with monkeypatch.context() as patch:
        patch.setattr(settling, "note_lost", unheard)
        with pytest.raises(UnreachableStoreError):
            take(one)
    assert take(one)
    assert lost_tasks(emptied) == [str(key("a"))]
    assert "with 1 task " in told_once(one.database)
