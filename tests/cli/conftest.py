"""What the tests of the commands share."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import forked
from cli.program import Clone, until
from kanban_sync.standin.server import Standin
from system.board_server import BoardServer, saved_copy
from system.synced_clone import end_processes, processes_about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.standin.state import State


@pytest.fixture
def server() -> Iterator[Standin]:
    """A server that behaves as Planka does."""
    with Standin() as standin:
        yield standin


@pytest.fixture
def clone(tmp_path: Path, server: Standin) -> Clone:
    """A clone in which kanban-sync was never run."""
    return Clone.make(tmp_path / "shop", server)


@pytest.fixture(scope="session")
def model(
    tmp_path_factory: pytest.TempPathFactory, _isolated: None
) -> Iterator[tuple[Clone, BoardServer, State]]:
    """A clone that was set up with a board and synced to it, and what that holds: to be copied."""
    with BoardServer() as server:
        clone = Clone.make(tmp_path_factory.mktemp("model") / "shop", server)
        clone.init_with_board()
        # Whoever serves a request last still has something to write after it.
        until(lambda: not processes_about(str(clone.state.path)))
        yield clone, server, saved_copy(server.state)


@pytest.fixture
def synced(tmp_path: Path, model: tuple[Clone, BoardServer, State]) -> Iterator[Clone]:
    """A clone that was set up with a board and synced to it; `init` itself has its own tests."""
    source, server, state = model
    server.restore(state)
    shutil.copytree(source.path, tmp_path / "shop", symlinks=True)
    yield Clone(tmp_path / "shop", server)
    # All of them write to one server.
    end_processes(processes_about(str(tmp_path.resolve())))


@pytest.fixture
def started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command is started as people start it, and not as a fork of one that is loaded."""
    monkeypatch.setattr(forked, "is_alike", lambda _: False)
