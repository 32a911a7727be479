"""What the tests of the whole chain share: a board on a stand-in, and a clone that is synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loaded import let_fork
from system.board_server import BoardServer, saved_copy
from system.synced_clone import SyncedClone, copy_clone, end_processes, processes_about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.standin.state import State


@pytest.fixture(autouse=True)
def _ends_processes(tmp_path: Path) -> Iterator[None]:
    """No detached process outlives its test."""
    yield
    end_processes(processes_about(str(tmp_path.resolve())))


@pytest.fixture(scope="session")
def shared_server() -> Iterator[BoardServer]:
    """One server for all tests of this process, since a clone's consent names its address."""
    with BoardServer() as server:
        yield server


@pytest.fixture(scope="session")
def model(
    tmp_path_factory: pytest.TempPathFactory, _isolated: None, shared_server: BoardServer
) -> tuple[SyncedClone, State]:
    """A clone after its first sync, and what the board holds then: set up once, then copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANKA_URL", shared_server.url)
        patch.setenv("PLANKA_API_KEY", shared_server.api_key)
        clone = SyncedClone.make(tmp_path_factory.mktemp("model") / "clone", shared_server)
    return clone, saved_copy(shared_server.state)


@pytest.fixture
def server(
    shared_server: BoardServer, model: tuple[SyncedClone, State], monkeypatch: pytest.MonkeyPatch
) -> BoardServer:
    """The server as the first sync has left it; the environment holds the key to it."""
    shared_server.restore(model[1])
    monkeypatch.setenv("PLANKA_URL", shared_server.url)
    monkeypatch.setenv("PLANKA_API_KEY", shared_server.api_key)
    return shared_server


@pytest.fixture
def started_anew() -> None:
    """What hooks of the clone start is started as ever, and not as a fork of what is loaded."""


@pytest.fixture
def clone(
    tmp_path: Path,
    model: tuple[SyncedClone, State],
    server: BoardServer,
    request: pytest.FixtureRequest,
) -> Iterator[SyncedClone]:
    """A clone with hooks, synced with the server's board."""
    synced = copy_clone(model[0], tmp_path / "clone")
    if "started_anew" not in request.fixturenames:
        let_fork(synced.path / ".git/hooks")
    yield synced
    synced.end_processes()


@pytest.fixture
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BoardServer]:
    """A server of the test's own, with nothing on it; the environment holds the key to it."""
    with BoardServer() as server:
        monkeypatch.setenv("PLANKA_URL", server.url)
        monkeypatch.setenv("PLANKA_API_KEY", server.api_key)
        yield server
