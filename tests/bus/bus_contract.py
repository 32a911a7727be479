"""What every bus does, whatever it goes by: inherit it, say how one is opened."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from valkey import Valkey

from kanban_sync.agents.telling import telling
from kanban_sync.bus.valkey import ValkeyBus
from kanban_sync.bus.valkey_address import address_of
from kanban_sync.core.bus import Held, Hint, Queue
from kanban_sync.core.model import Status
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.sqlite import open_sqlite
from stores.made_up import NOW, PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bus.servers import Server
    from kanban_sync.core.bus import Bus
    from kanban_sync.stores.sqlite import SqliteStore

ADA, BOB = Queue("agent", "ada"), Queue("agent", "bob")
LEASE = 300.0
LONG = 60.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(open_sqlite(tmp_path / "tasks.db", PROJECT)) as store:
        tasks = [task(name) for name in "abc"]
        store.merge(tasks, {}, FilesState(), NOW)
        yield store


class BusContract(ABC):
    """What holds with and without a server."""

    @pytest.fixture
    @abstractmethod
    def bus(self) -> Iterator[Bus]:
        """Give a bus."""

    def test_whoever_waits_wakes_when_something_is_committed(
        self, bus: Bus, store: SqliteStore
    ) -> None:
        heard = telling(store, PROJECT, bus)
        with closing(bus.waiter(PROJECT, store.waiter)) as waiter, ThreadPoolExecutor() as others:
            assert not waiter.wait(0)
            for act in (
                lambda: heard.claim_next("ada", NOW, LEASE),
                lambda: heard.set_status(key("c"), Status.REVIEW, NOW, "bob"),
                lambda: heard.merge([task("d")], {}, FilesState(), NOW + 1),
            ):
                waited = others.submit(waiter.wait, LONG)
                act()
                assert waited.result(LONG / 2)

    def test_what_was_committed_before_the_wait_ends_it_at_once(
        self, bus: Bus, store: SqliteStore
    ) -> None:
        heard = telling(store, PROJECT, bus)
        with closing(bus.waiter(PROJECT, store.waiter, [ADA])) as waiter:
            heard.claim(key("a"), "ada", NOW, LEASE)
            assert waiter.wait(LONG)
            assert not waiter.wait(0)

    def test_a_claim_is_as_good_as_without_it(self, bus: Bus, store: SqliteStore) -> None:
        heard = telling(store, PROJECT, bus)
        entry = heard.claim(key("a"), "ada", NOW, LEASE)
        assert entry.claim is not None
        heard.extend(key("a"), entry.claim.token, NOW + 1, LEASE, who="ada")
        heard.finish(key("a"), entry.claim.token, Status.DONE, NOW + 2, who="ada")
        assert store.entry(key("a")).task.status is Status.DONE
        assert bus.holder(key("a")) is None


class ServerContract(BusContract):
    """What holds where there is a server, whichever it is."""

    kind: str

    @pytest.fixture
    @abstractmethod
    def server(self) -> Server:
        """Give a server, which the tests of the class may share."""

    @pytest.fixture
    def bus(self, server: Server) -> Iterator[Bus]:
        server.forget()
        with closing(ValkeyBus(address_of(server.url), "some:prefix")) as bus:
            yield bus

    # --- locks ------------------------------------------------------------------------------

    def test_a_lock_says_who_has_claimed_a_task(self, bus: Bus, server: Server) -> None:
        assert bus.holder(key("a")) is None
        assert bus.lock(key("a"), Held("ada", 7), LEASE)
        assert bus.holder(key("a")) == ("ada", 7)
        where = "some:prefix:project:p1:lock:tasks-md:a"
        assert server.ask("GET", where) == b"ada:7"
        assert 0 < int(server.ask("PTTL", where)) <= 1000 * LEASE

    def test_only_a_higher_token_replaces_a_lock(self, bus: Bus) -> None:
        assert bus.lock(key("a"), Held("ada", 99), LEASE)
        assert not bus.lock(key("a"), Held("bob", 98), LEASE)
        assert not bus.lock(key("a"), Held("bob", 99), LEASE)
        assert bus.holder(key("a")) == ("ada", 99)
        assert bus.lock(key("a"), Held("bob", 100), LEASE)
        assert bus.holder(key("a")) == ("bob", 100)

    def test_tokens_are_compared_to_the_last_digit(self, bus: Bus) -> None:
        token = 1_700_000_000 * 10**9
        assert bus.lock(key("a"), Held("ada", token + 1), LEASE)
        assert not bus.lock(key("a"), Held("bob", token), LEASE)
        assert bus.lock(key("a"), Held("bob", token + 2), LEASE)

    def test_only_its_owner_with_its_token_extends_or_releases_a_lock(
        self, bus: Bus, server: Server
    ) -> None:
        bus.lock(key("a"), Held("ada", 7), LEASE)
        for other in (Held("bob", 7), Held("ada", 6), Held("ada", 8)):
            assert not bus.extend(key("a"), other, 10 * LEASE)
            assert not bus.unlock(key("a"), other)
        assert bus.extend(key("a"), Held("ada", 7), 2 * LEASE)
        assert int(server.ask("PTTL", "some:prefix:project:p1:lock:tasks-md:a")) > 1000 * LEASE
        assert bus.unlock(key("a"), Held("ada", 7))
        assert bus.holder(key("a")) is None
        assert not bus.extend(key("a"), Held("ada", 7), LEASE)

    def test_a_lock_runs_out(self, bus: Bus) -> None:
        bus.lock(key("a"), Held("ada", 7), 0.001)
        with closing(bus.waiter(PROJECT, no_store, [ADA])) as waiter:
            waiter.wait(0.05)
        assert bus.holder(key("a")) is None

    def test_what_others_put_there_is_no_lock(self, bus: Bus, server: Server) -> None:
        server.ask("SET", "some:prefix:project:p1:lock:tasks-md:a", "of others")
        assert bus.holder(key("a")) is None
        assert bus.lock(key("a"), Held("ada", 7), LEASE)
        server.ask("DEL", "some:prefix:project:p1:lock:tasks-md:b")
        server.ask("RPUSH", "some:prefix:project:p1:lock:tasks-md:b", "no text at all")
        assert bus.holder(key("b")) is None
        assert not bus.lock(key("b"), Held("ada", 7), LEASE)
        # A refusal is no reason to do without the server.
        assert bus.holder(key("a")) == ("ada", 7)

    # --- queues -----------------------------------------------------------------------------

    def test_hints_come_out_in_order(self, bus: Bus, server: Server) -> None:
        first, second = Hint("tasks-md:a", "ada", "m1", NOW), Hint("tasks-md:b", "", "m1", NOW)
        assert bus.offer(PROJECT, ADA, first)
        assert bus.offer(PROJECT, ADA, second)
        where = "some:prefix:project:p1:agent:ada"
        assert json.loads(server.ask("LINDEX", where, 0)) == {
            "key": "tasks-md:a",
            "agent": "ada",
            "by": "m1",
            "at": NOW,
        }
        assert 0 < int(server.ask("TTL", where)) <= 3600
        assert bus.taken(PROJECT, BOB) is None
        assert bus.taken("p2", ADA) is None
        assert [bus.taken(PROJECT, ADA) for _ in range(3)] == [first, second, None]

    def test_a_queue_does_not_grow_for_ever(
        self, bus: Bus, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kanban_sync.bus.valkey.LENGTH", 3)
        for name in "abcde":
            bus.offer(PROJECT, Queue("tag", "Web"), Hint(name))
        assert server.ask("LLEN", "some:prefix:project:p1:tag:web") == 3
        taken = [bus.taken(PROJECT, Queue("tag", "WEB")) for _ in range(3)]
        assert [each.key for each in taken if each] == ["c", "d", "e"]

    def test_a_hint_that_cannot_be_read_is_a_hint(self, bus: Bus, server: Server) -> None:
        for text in ("no JSON", "[1]", '{"key": 7, "at": "noon"}'):
            server.ask("RPUSH", "some:prefix:project:p1:agent:ada", text)
        assert [bus.taken(PROJECT, ADA) for _ in range(3)] == [Hint(""), Hint(""), Hint("7")]

    def test_a_hint_wakes_one_of_those_who_wait_for_it(self, bus: Bus) -> None:
        with (
            closing(bus.waiter(PROJECT, no_store, [ADA, Queue("tag", "web")])) as waiter,
            closing(bus.waiter(PROJECT, no_store, [BOB])) as other,
            ThreadPoolExecutor() as others,
        ):
            for queue in (ADA, Queue("tag", "web"), ADA):
                waited = others.submit(waiter.wait, LONG)
                bus.offer(PROJECT, queue, Hint("tasks-md:a"))
                assert waited.result(LONG / 2)
            assert not other.wait(0)
        assert bus.taken(PROJECT, ADA) is None

    def test_a_hint_that_lies_there_ends_the_wait_at_once(self, bus: Bus) -> None:
        bus.offer(PROJECT, ADA, Hint("tasks-md:a"))
        with closing(bus.waiter(PROJECT, no_store, [ADA])) as waiter:
            assert waiter.wait(LONG)

    # --- the channel ------------------------------------------------------------------------

    def test_all_who_listen_hear_what_is_published_in_order(self, bus: Bus, server: Server) -> None:
        client: Any = Valkey(port=server.port)
        with client, client.pubsub() as heard:
            heard.subscribe("some:prefix:project:p1:events")
            assert next_of(heard) == 1
            assert bus.publish("p2", ["elsewhere"])
            assert bus.publish(PROJECT, ["one", "two"])
            assert [next_of(heard), next_of(heard)] == [b"one", b"two"]

    def test_its_state_tells_server_and_version(self, bus: Bus, server: Server) -> None:
        state = bus.state()
        assert state is not None
        assert (state.name, state.problem) == (f"{server.url}/0", "")
        assert state.version.partition(" ")[0] == self.kind


class Heard(Protocol):
    """What the library hears on a channel."""

    def get_message(self, *, timeout: float) -> dict[str, Any] | None:
        """Return the next message."""
        ...


def next_of(heard: Heard) -> Any:  # noqa: ANN401 - bytes, or the number of channels
    """Return what was told next."""
    message = heard.get_message(timeout=LONG)
    assert message is not None
    return message["data"]


def no_store() -> Any:  # noqa: ANN401 - never returns
    pytest.fail("the database was waited at, though the server answers")
