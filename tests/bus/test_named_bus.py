"""Which server is named, how it is reached, and what is told of it; never its password."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import trustme
from valkey import Valkey

from bus.bus_contract import LEASE, LONG, next_of, store
from bus.servers import Server, free_port, valkey_server
from cli.program import TASKS, run_program
from docs.documents import TOP
from kanban_sync.agents.entries import event_data
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.telling import MANY, telling
from kanban_sync.agents.waiting import wait_for
from kanban_sync.agents.work import Work
from kanban_sync.bus.keys import PREFIX
from kanban_sync.bus.local import LocalBus
from kanban_sync.bus.valkey import ValkeyBus
from kanban_sync.bus.valkey_address import address_of
from kanban_sync.bus.valkey_waiting import QUIET
from kanban_sync.buses import PREFIX_SETTING, SETTING, VALKEY_URL, named_bus
from kanban_sync.cli.status import _valkey
from kanban_sync.core.assignment import Assignment, Idle
from kanban_sync.core.bus import Held, Hint, Queue
from kanban_sync.core.errors import SetupError
from kanban_sync.core.model import Status
from kanban_sync.core.order import ANY, Wanted
from kanban_sync.core.ports import FilesState
from kanban_sync.doctor.bus import bus_findings
from repos import Repo
from stores.made_up import NOW, PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bus.bus_contract import Heard
    from kanban_sync.stores.sqlite import SqliteStore

__all__ = ["store"]

SECRET = "word-nobody-may-see"

NOBODY = "valkey://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is given up because the machine is busy."""
    monkeypatch.setattr("kanban_sync.bus.valkey.TIMEOUT", LONG)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Path:
    """What a server needs for encryption, and who asks it."""
    folder = tmp_path_factory.mktemp("named")
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server that may be reached in every way."""
    options: dict[str, object] = {
        "--unixsocket": folder / "socket",
        "--tls-port": 0,
        "--tls-cert-file": folder / "cert.pem",
        "--tls-key-file": folder / "key.pem",
        "--tls-ca-cert-file": folder / "ca.pem",
        "--tls-auth-clients": "no",
    }
    words = [str(word) for pair in options.items() for word in pair]
    user = ("--user", "ada", "on", f">{SECRET}", "~shop:*", "&shop:*", "+@all", "-info")
    with closing(Server(valkey_server()[:1], folder, *words, *user)) as server:
        server.ask("CONFIG", "SET", "tls-port", free_port())
        yield server


def named(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Name what the user has set with git."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for at, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{at}", f"kanban-sync.{name}")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{at}", value)


# --- The address ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name", "kind"),
    [
        (f"redis://:{SECRET}@db.example.org", "redis://db.example.org:6379/0", "tcp"),
        (f"valkey://ada:{SECRET}@[::1]:7000/3", "valkey://ada@[::1]:7000/3", "tcp"),
        (f"rediss://a%40b:{SECRET}%40@db/1", "rediss://a%40b@db:6379/1", "tls"),
        ("valkeys://db:6380?ssl_cert_reqs=none&db=2", "valkeys://db:6380/2", "tls"),
        (f"unix://ada:{SECRET}@/run/valkey.sock?db=2", "unix://ada@/run/valkey.sock?db=2", "unix"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, name: str, kind: str) -> None:
    address = address_of(url)
    assert (address.name, address.kind) == (name, kind)
    assert SECRET not in repr(address)
    password = address.parameters["password"]
    assert not password or address.concealed(f"so {password} is wrong") == "so … is wrong"


def test_certificates_and_hosts_are_checked_unless_that_is_refused() -> None:
    checked = address_of("valkeys://db").parameters
    assert (checked["ssl_cert_reqs"], checked["ssl_check_hostname"]) == ("required", True)
    unchecked = address_of("rediss://db?ssl_cert_reqs=none").parameters
    assert (unchecked["ssl_cert_reqs"], unchecked["ssl_check_hostname"]) == ("none", False)


@pytest.mark.parametrize(
    "url",
    [
        "db.example.org:6379",
        f"http://ada:{SECRET}@db",
        f"valkey://ada:{SECRET}@",
        f"valkey://ada:{SECRET}@db:port",
        f"valkey://ada:{SECRET}@db/tasks",
        f"valkey://ada:{SECRET}@db?ssl_cert_reqs=none",
        f"valkeys://ada:{SECRET}@db?ssl_cert_reqs=optional",
        f"valkeys://ada:{SECRET}@db?socket_timeout=90",
        f"unix://ada:{SECRET}@run/valkey.sock",
        f"valkey://ada:{SECRET}@db/0?{SECRET}",
        f"valkey://ada:12?{SECRET}=@db",
        f"valkey://{SECRET}:12#34@db",
    ],
)
def test_what_is_no_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SetupError) as raised:
        address_of(url)
    assert SECRET not in str(raised.value)


def test_of_what_is_wrong_the_beginning_is_told_first() -> None:
    with pytest.raises(SetupError, match="it has to begin with valkey://"):
        address_of("nonsense")


# --- What is named --------------------------------------------------------------------------


def test_without_a_name_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = named_bus({})
    assert isinstance(bus, LocalBus)
    assert bus.state() is None
    assert bus_findings(bus.state()) == []


def test_the_environment_wins_over_git_which_names_the_prefix(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    named(monkeypatch, valkey=NOBODY, valkeyPrefix="mine")
    assert (SETTING, PREFIX_SETTING) == ("kanban-sync.valkey", "kanban-sync.valkeyPrefix")
    with closing(named_bus({VALKEY_URL: server.url})) as bus:
        bus.lock(key("a"), Held("ada", 1), LEASE)
        assert server.ask("GET", "mine:project:p1:lock:tasks-md:a") == b"ada:1"
    with closing(named_bus({})) as bus:
        assert (bus.state() or ("",))[0] == f"{NOBODY}/0"
        # It is asked once, however often somebody opens the clone.
        assert named_bus({}) is bus


@pytest.mark.parametrize("prefix", ["{team}", "te}am", "a team", "team\x07", "te\tam", "te\xa0am"])
def test_a_prefix_that_would_spoil_keys_is_refused_with_the_rule(
    monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    named(monkeypatch, valkey=NOBODY, valkeyPrefix=prefix)
    bus = named_bus({})
    assert isinstance(bus, LocalBus)
    (found,) = bus_findings(bus.state())
    assert "no braces" in found.text
    assert "kanban-sync.valkeyPrefix team:tasks" in found.text
    assert found.remedy == "do what is named there"


def test_the_prefix_is_that_of_the_queues_unless_one_is_set(server: Server) -> None:
    with closing(named_bus({VALKEY_URL: server.url})) as bus:
        bus.lock(key("a"), Held("ada", 1), LEASE)
    assert server.ask("GET", "mosaic:queue:project:p1:lock:tasks-md:a") == b"ada:1"


@pytest.mark.parametrize("url", [f"http://ada:{SECRET}@db", f"valkey://ada:{SECRET}@127.0.0.1:1"])
def test_what_is_wrong_with_it_is_told_and_holds_nobody_up(url: str) -> None:
    with closing(named_bus({VALKEY_URL: url})) as bus:
        state = bus.state()
        (found,) = bus_findings(state)
        assert found.ok is False
        assert found.remedy
        assert SECRET not in found.text
        assert not bus.publish(PROJECT, ["{}"])


def test_without_its_driver_the_database_alone_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("kanban_sync.bus.valkey")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "valkey", None)
    state = named_bus({VALKEY_URL: "valkey://127.0.0.1:2"}).state()
    assert state is not None
    assert "pip install 'valkey>=6.2,<7'" in state.problem


def test_the_driver_is_loaded_only_where_a_server_is_named() -> None:
    code = (
        "import sys; from kanban_sync.app import Clone; from kanban_sync.buses import named_bus;"
        "named_bus({}); print('valkey' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# --- How it is reached ------------------------------------------------------------------------


def reached(url: str, prefix: str = "shop") -> str:
    """Return what is wrong with a server, '' if it serves."""
    with closing(ValkeyBus(address_of(url), prefix)) as bus:
        state = bus.state()
        assert SECRET not in str(state)
        if state.problem:
            return state.problem
        with closing(bus.waiter(PROJECT, not_needed)) as waiter:
            assert bus.publish(PROJECT, ["{}"])
            assert waiter.wait(LONG)
        return ""


def test_a_user_with_few_rights_is_enough(server: Server, folder: Path) -> None:
    place = f"127.0.0.1:{server.port}"
    assert not reached(f"valkey://ada:{SECRET}@{place}")
    assert not reached(f"unix://ada:{SECRET}@{folder}/socket")
    assert "invalid username-password" in reached(f"valkey://ada:wrong@{place}")


def test_the_rights_that_the_document_names_are_enough(server: Server) -> None:
    page = (TOP / "docs/how-to/valkey.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ACL SETUSER .*$", page, re.MULTILINE)
    server.ask(*line.split())
    url = f"valkey://agents:the-password@127.0.0.1:{server.port}/1"
    with closing(ValkeyBus(address_of(url), PREFIX)) as bus:
        ada, queue = Held("ada", 1), Queue("agent", "ada")
        assert bus.state().problem == ""
        with closing(bus.waiter(PROJECT, not_needed, [queue])) as waiter:
            assert bus.publish(PROJECT, ["{}"])
            assert waiter.wait(LONG)
            assert bus.offer(PROJECT, queue, Hint("a"))
            assert waiter.wait(LONG)
            assert not waiter.wait(QUIET * 1.5)
        assert bus.lock(key("a"), ada, LEASE)
        assert bus.extend(key("a"), ada, LEASE)
        assert bus.holder(key("a")) == ada
        assert bus.unlock(key("a"), ada)
        assert bus.offer(PROJECT, queue, Hint("a"))
        assert bus.taken(PROJECT, queue) == Hint("a")


def not_needed() -> NoReturn:
    pytest.fail("the database was waited at, though the server answers")


def test_who_may_not_listen_is_served_by_the_database(server: Server, store: SqliteStore) -> None:
    url = f"valkey://ada:{SECRET}@127.0.0.1:{server.port}"
    with closing(ValkeyBus(address_of(url), "of-others")) as bus:
        assert not bus.lock(key("a"), Held("ada", 1), LEASE)
        with closing(bus.waiter(PROJECT, store.waiter)) as waiter:
            telling(store, PROJECT, bus).claim_next("ada", NOW, LEASE)
            assert waiter.wait(LONG)


def test_a_certificate_counts_with_its_host_alone(server: Server, folder: Path) -> None:
    port = int(server.ask("CONFIG", "GET", "tls-port")[1])
    trusted = f"ssl_ca_certs={folder}/ca.pem"
    assert not reached(f"valkeys://localhost:{port}?{trusted}")
    assert "127.0.0.1" in reached(f"valkeys://127.0.0.1:{port}?{trusted}")
    assert "certificate" in reached(f"rediss://localhost:{port}")
    assert not reached(f"rediss://127.0.0.1:{port}?ssl_cert_reqs=none")


# --- What is told -----------------------------------------------------------------------------


@pytest.fixture
def bus(server: Server) -> Iterator[ValkeyBus]:
    server.forget()
    with closing(ValkeyBus(address_of(server.url), "shop")) as bus:
        yield bus


@pytest.fixture
def heard(server: Server) -> Iterator[Heard]:
    client: Any = Valkey(port=server.port)
    with client, client.pubsub() as heard:
        heard.subscribe("shop:project:p1:events")
        next_of(heard)
        yield heard


def test_the_channel_tells_each_event_as_events_does(
    bus: ValkeyBus, heard: Heard, store: SqliteStore
) -> None:
    last = store.last_event()
    told = telling(store, PROJECT, bus)
    told.claim(key("a"), "ada", NOW + 1, LEASE)
    told.finish(key("a"), 1, Status.REVIEW, NOW + 2, "look", who="ada")
    told.assign(key("b"), "bob", NOW + 3, "cy")
    told.add(task("d"), NOW + 4)
    told.claim_next("bob", NOW + 5, LEASE)
    told.reclaim(NOW + 6 + LEASE)
    told.merge([task("a"), task("e")], {}, FilesState(), NOW + 7)
    events = store.events(last)
    assert len(events) >= 7
    assert [json.loads(next_of(heard)) for _ in events] == [
        event_data(each, json.loads(each.data)) for each in events
    ]
    assert bus.holder(key("b")) is None


def test_of_very_much_at_once_it_is_told_that_there_is_more(
    bus: ValkeyBus, heard: Heard, store: SqliteStore
) -> None:
    tasks = [task(f"t{number}") for number in range(MANY + 1)]
    telling(store, PROJECT, bus).merge(tasks, {}, FilesState(), NOW)
    kinds = [json.loads(next_of(heard))["kind"] for _ in range(MANY + 1)]
    assert kinds == ["task_created"] * MANY + ["wake"]


def test_an_agent_that_waits_claims_by_a_hint_what_the_database_says(
    bus: ValkeyBus, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanban_sync.agents.waiting.LOOK", LONG)
    monkeypatch.setattr("kanban_sync.agents.idleness.ASK", LONG)
    work = Work(store, PROJECT, lambda: NOW, None, lambda: None, lambda: None, bus=bus)
    idle = Idleness("bob", Wanted(prefers=frozenset({"web"})))
    queues = idle.queues
    assert queues == [Queue("agent", "bob"), Queue("tag", "web")]
    looks: list[int] = []

    def look() -> object:
        looks.append(1)
        if len(looks) == 2:
            # Set by somebody who tells nobody, while it is waited already.
            store.assign(key("c"), "bob", NOW, "m1")
            bus.offer(PROJECT, queues[1], Hint("tasks-md:gone", "bob", "m1", NOW))
            return None
        return work.claim("c", "bob") if len(looks) > 2 else None

    assert wait_for(work, look, LONG, idle)
    assert len(looks) == 3


def test_what_a_monitor_offers_waits_in_the_queue_of_its_agent(
    bus: ValkeyBus, store: SqliteStore
) -> None:
    heard = telling(store, PROJECT, bus)
    leader = heard.lead("m1", NOW)
    assert heard.note_idle(Idle("bob", ANY, "", NOW, NOW), NOW)
    offers = [Assignment(key("c"), "bob")]
    assert heard.offer(offers, NOW, NOW + 20, leader.token) == offers
    queue = Queue("agent", "bob")
    assert bus.taken(PROJECT, queue) == Hint(str(key("c")), "bob", "monitor", NOW)
    assert bus.taken(PROJECT, queue) is None


def test_the_program_tells_of_it_and_by_it(
    server: Server, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo.init(tmp_path / "shop")
    repo.commit(**{"TASKS.md": TASKS, ".kanban-sync.yaml": "project_id: p1\n"})
    named(monkeypatch, valkey=server.url, valkeyPrefix="shop")
    assert run_program("sync", folder=repo.path).code == 0
    told = [json.loads(next_of(heard)) for _ in range(2)]
    assert {each["kind"] for each in told} == {"task_created"}
    state = run_program("status", "--json", folder=repo.path).data["valkey"]
    assert (state["name"], state["problem"]) == (f"{server.url}/0", "")
    claim = ("task", "claim", "--next", "--agent")
    done = run_program(*claim, "ada", "--wait", "5s", folder=repo.path)
    assert done.code == 0, done.err
    lock = server.ask("GET", f"shop:project:p1:lock:{told[0]['key']}")
    assert lock == b"ada:1"
    assert server.url in run_program("status", folder=repo.path).out
    monkeypatch.setenv(VALKEY_URL, f"valkey://ada:{SECRET}@127.0.0.1:1")
    for command in ("status", "doctor"):
        said = run_program(command, folder=repo.path)
        assert "valkey://ada@127.0.0.1:1/0" in said.out
        assert SECRET not in said.out + said.err
    release = ("task", "release", told[0]["key"], "--agent", "ada")
    assert run_program(*release, folder=repo.path).code == 0


def test_status_says_until_when_the_database_alone_serves() -> None:
    state = {"name": "valkey://db:6379/0", "version": "", "problem": "Connection refused."}
    assert _valkey(state) == [
        "valkey     valkey://db:6379/0",
        "           Connection refused; the database alone serves until that is mended",
    ]
    assert _valkey({**state, "version": "valkey 8.0.1", "problem": ""}) == [
        "valkey     valkey://db:6379/0  (valkey 8.0.1)"
    ]
