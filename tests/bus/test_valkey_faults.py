"""A Valkey killed, frozen, flushed, cut off or slow: no task is lost and none handed out twice."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from bus.bus_contract import ADA, LEASE, LONG, store
from bus.servers import Proxy, Server, valkey_server
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.telling import telling
from kanban_sync.agents.waiting import wait_for
from kanban_sync.agents.work import Work
from kanban_sync.bus import errand, valkey_waiting
from kanban_sync.bus.errand import Circuit
from kanban_sync.bus.valkey import ValkeyBus
from kanban_sync.bus.valkey_address import address_of
from kanban_sync.core.bus import Hint, Queue
from kanban_sync.core.errors import HeldError
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_address import address_of as postgres_address_of
from kanban_sync.stores.sqlite import open_sqlite
from stores.made_up import NOW, PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kanban_sync.core.bus import Bus
    from kanban_sync.core.work import Waiter
    from kanban_sync.stores.sqlite import SqliteStore

__all__ = ["store"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with closing(Server(valkey_server()[:1], tmp_path)) as server:
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with closing(Proxy(server.port)) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again sooner than is good for a server."""
    monkeypatch.setattr(errand, "FIRST", 0.1)
    monkeypatch.setattr(errand, "LONGEST", 0.2)
    monkeypatch.setattr(valkey_waiting, "QUIET", 0.2)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Say how many seconds a server may take; where it answers, a busy machine is no fault."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr("kanban_sync.bus.valkey.TIMEOUT", seconds)

    set_to(LONG)
    return set_to


@contextmanager
def opened(url: str) -> Iterator[ValkeyBus]:
    with closing(ValkeyBus(address_of(url), "k")) as bus:
        yield bus


def kill(server: Server, _proxy: Proxy) -> None:
    server.kill()


def freeze(server: Server, _proxy: Proxy) -> None:
    server.freeze()


def stall(_server: Server, proxy: Proxy) -> None:
    proxy.stall()


def cut(_server: Server, proxy: Proxy) -> None:
    proxy.cut_after = 5


def restore(server: Server, proxy: Proxy) -> None:
    proxy.heal()
    if server.is_running:
        server.thaw()
    else:
        server.start()


def comes(act: Callable[[], object]) -> bool:
    """Try something until it comes about, for a while."""
    until = time.monotonic() + LONG
    while not act():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def by_the_bus(bus: Bus, waiter: Waiter) -> bool:
    """Whether a message, of which the database knows nothing, wakes who waits."""
    while waiter.wait(0):
        pass
    return bus.publish(PROJECT, ["{}"]) and waiter.wait(0.3)


@pytest.mark.parametrize("fault", [kill, freeze, stall, cut])
def test_whoever_waits_goes_on_by_the_database_and_comes_back(
    fault: Callable[[Server, Proxy], None], server: Server, proxy: Proxy, store: SqliteStore
) -> None:
    with (
        opened(proxy.url) as bus,
        closing(bus.waiter(PROJECT, store.waiter, [ADA])) as waiter,
        ThreadPoolExecutor() as others,
    ):
        assert comes(lambda: by_the_bus(bus, waiter))
        fault(server, proxy)
        # That it is lost may mean that something was missed.
        assert waiter.wait(LONG)
        while waiter.wait(0):
            pass
        for name in "ab":
            waited = others.submit(waiter.wait, LONG)
            store.claim(key(name), "bob", NOW, LEASE)
            assert waited.result(LONG / 2)
        restore(server, proxy)
        assert comes(lambda: by_the_bus(bus, waiter))


def test_on_postgresql_it_is_listened_there_while_the_server_is_away(
    server: Server, postgres_url: str
) -> None:
    project = "heard"
    first, second = (key(name, project) for name in "ab")
    with (
        closing(open_postgres(postgres_address_of(postgres_url), project)) as store,
        opened(server.url) as bus,
        ThreadPoolExecutor() as others,
    ):
        heard = telling(store, project, bus)
        heard.merge([task("a", key=first), task("b", key=second)], {}, FilesState(), NOW)
        with closing(bus.waiter(project, store.waiter)) as waiter:
            for act in (
                lambda: heard.claim(first, "ada", NOW, LEASE),
                server.kill,
                lambda: store.claim(second, "bob", NOW, LEASE),
            ):
                while waiter.wait(0):
                    pass
                waited = others.submit(waiter.wait, LONG)
                act()
                assert waited.result(LONG / 2)


@pytest.mark.parametrize("fault", [kill, freeze, stall, cut])
def test_work_goes_on_as_if_there_were_no_server(
    fault: Callable[[Server, Proxy], None],
    server: Server,
    proxy: Proxy,
    store: SqliteStore,
    patience: Callable[[float], None],
) -> None:
    with opened(proxy.url) as bus:
        heard = telling(store, PROJECT, bus)
        heard.claim(key("a"), "ada", NOW, LEASE)
        assert bus.holder(key("a")) == ("ada", 1)
        fault(server, proxy)
        patience(0.2)
        # Without a limit these would wait for ever.
        with pytest.raises(HeldError):
            heard.claim(key("a"), "bob", NOW, LEASE)
        entry = heard.claim_next("bob", NOW, LEASE)
        assert entry is not None
        heard.finish(key("a"), 1, Status.DONE, NOW, who="ada")
        assert not bus.offer(PROJECT, ADA, Hint("tasks-md:c"))
        restore(server, proxy)
        patience(LONG)
        # What the lock says by now, if anything, is out of date.
        assert comes(lambda: bus.offer(PROJECT, ADA, Hint("tasks-md:c")))
        heard.set_status(key("a"), Status.TODO, NOW + 1, "bob")
        again = heard.claim(key("a"), "bob", NOW + 2, LEASE)
        assert again.claim is not None
        assert bus.holder(key("a")) == ("bob", again.claim.token)


@pytest.mark.usefixtures("patience")
def test_a_server_that_forgot_everything_hands_nothing_out_twice(
    server: Server, store: SqliteStore
) -> None:
    with opened(server.url) as bus:
        heard = telling(store, PROJECT, bus)
        entry = heard.claim(key("a"), "ada", NOW, LEASE)
        assert entry.claim is not None
        server.forget()
        with pytest.raises(HeldError):
            heard.claim(key("a"), "bob", NOW, LEASE)
        assert bus.holder(key("a")) is None
        # The next heartbeat lets it be known again.
        heard.extend(key("a"), entry.claim.token, NOW + 1, LEASE, who="ada")
        assert bus.holder(key("a")) == ("ada", entry.claim.token)


@pytest.mark.usefixtures("patience")
def test_a_lock_that_is_out_of_date_costs_no_task(server: Server, store: SqliteStore) -> None:
    with opened(server.url) as bus:
        heard = telling(store, PROJECT, bus)
        heard.claim(key("a"), "ada", NOW, LEASE)
        # Released by somebody who does not know of the bus.
        store.release(key("a"), 1, NOW + 1)
        assert bus.holder(key("a")) == ("ada", 1)
        entry = heard.claim(key("a"), "bob", NOW + 2, LEASE)
        assert entry.claim is not None
        assert bus.holder(key("a")) == ("bob", 2)
        # Its lease ran out, and its lock, by another clock, did not.
        assert heard.claim(key("a"), "cy", NOW + 3 * LEASE, LEASE).claim


@pytest.mark.usefixtures("patience")
def test_who_comes_too_late_is_refused_while_others_write(
    server: Server, store: SqliteStore, tmp_path: Path
) -> None:
    with opened(server.url) as bus, closing(open_sqlite(tmp_path / "tasks.db", PROJECT)) as other:
        heard = telling(store, PROJECT, bus)
        heard.claim(key("a"), "ada", NOW, LEASE)
        # Whoever has to write now waits for seconds, and then gives up with another error.
        with other._database.writing(PROJECT), pytest.raises(HeldError, match="ada has tasks-md:a"):  # noqa: SLF001 - holds the right to write
            heard.claim(key("a"), "bob", NOW, LEASE)


def test_what_is_asked_of_a_server_that_is_away_is_not_tried_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    clock = [100.0]
    circuit = Circuit(spread=lambda _low, high: high, clock=lambda: clock[0])
    pauses = []
    for _ in range(7):
        circuit.fail()
        pauses.append(circuit.left)
        clock[0] += circuit.left
        assert not circuit.left
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    circuit.succeed()
    circuit.fail()
    assert circuit.left == 1


@pytest.mark.usefixtures("patience")
def test_connections_are_counted(server: Server, store: SqliteStore) -> None:
    with opened(server.url) as bus:
        assert bus.connections() == 0
        bus.publish(PROJECT, ["{}"])
        assert bus.connections() == 1
        with closing(bus.waiter(PROJECT, store.waiter, [Queue("agent", "ada")])):
            assert bus.connections() == 3
        assert bus.connections() == 1
    assert comes(lambda: bus.connections() == 0)


def test_where_no_thread_can_be_started_the_database_serves(
    server: Server, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with opened(server.url) as bus:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert telling(store, PROJECT, bus).claim_next("ada", NOW, LEASE)
            with closing(bus.waiter(PROJECT, store.waiter)) as waiter:
                store.claim_next("bob", NOW, LEASE)
                assert waiter.wait(LONG)
        assert comes(lambda: bus.offer(PROJECT, ADA, Hint("tasks-md:a")))


# --- All at once ----------------------------------------------------------------------------

AGENTS, TASKS, FAULTS, MOST = 6, 400, 3, 1000


def test_every_task_is_done_once_whatever_becomes_of_the_server(
    server: Server, proxy: Proxy, tmp_path: Path, hunt_factor: int
) -> None:
    path = tmp_path / "many.db"
    names = [f"t{number:03}" for number in range(TASKS * hunt_factor)]
    with closing(open_sqlite(path, PROJECT)) as store:
        # Each waits for the one that is a crowd's size before it.
        tasks = [
            task(name, depends_on=(names[at - AGENTS],) if at >= AGENTS else ())
            for at, name in enumerate(names)
        ]
        store.merge(tasks, {}, FilesState(), time.time())
        is_over = threading.Event()

        def agent(number: int) -> None:
            name = f"agent-{number}"
            with (
                closing(open_sqlite(path, PROJECT)) as own,
                opened(proxy.url) as bus,
            ):
                heard = telling(own, PROJECT, bus)
                work = Work(heard, PROJECT, time.time, None, no_sync, no_sync, bus=bus)
                while not is_over.is_set():
                    idle = Idleness(name, ANY)
                    done = wait_for(work, lambda: work.claim_next(name, LEASE), 0.5, idle)
                    if done is not None and done.entry.claim is not None:
                        found = done.entry
                        work.finish(str(found.key), Status.DONE, name, done.entry.claim.token)

        chance = random.Random(8)
        with ThreadPoolExecutor(AGENTS) as agents, ExitStack() as stack:
            stack.callback(is_over.set)
            running = [agents.submit(agent, number) for number in range(AGENTS)]
            faults = 0
            while not all(each.status is Status.DONE for each in store.tasks()):
                faults += 1
                assert faults < MOST
                chance.choice([kill, freeze, stall, cut, flush])(server, proxy)
                time.sleep(chance.uniform(0, 0.2))
                restore(server, proxy)
                time.sleep(chance.uniform(0, 0.1))
            assert faults >= FAULTS
            is_over.set()
            for each in running:
                each.result(LONG)
        kinds = Counter(
            (event.kind, json.loads(event.data).get("new"))
            for event in store.events(0, 100_000)
            if event.kind in {"claimed", "status_changed"}
        )
        once = len(names)
        assert kinds == {("claimed", "in_progress"): once, ("status_changed", "done"): once}


def flush(server: Server, _proxy: Proxy) -> None:
    server.forget()


def no_sync() -> None:
    """Ask for none."""
