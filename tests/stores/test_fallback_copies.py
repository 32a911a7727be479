"""Copies of one clone, and of one database: each deed counts once, and none is dropped unseen."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.core.errors import UnreachableStoreError
from kanban_sync.core.model import Status
from kanban_sync.stores.postgres import PostgresStore
from stores.machines import NAMES, PROJECT, Machine, key, there, told

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from kanban_sync.agents.work import Store
    from kanban_sync.core.apart import Journal
    from stores.emptied import Emptied


def look(machine: Machine) -> None:
    """Do what reaches the database, if that can be."""
    machine.do(lambda store: store.ready(time.time()))


def set_to(name: str, status: Status, store: Store) -> None:
    store.set_status(key(name), status, time.time(), "ada", "why")


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
