"""What the doctor says of servers, tokens, packages and the page."""

from __future__ import annotations

import signal
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from gateway.caller import Gateway, shop
from kanban_sync.core.errors import MovedCloneError, SetupError
from kanban_sync.doctor import doors as checks
from kanban_sync.doctor.doors import door_findings
from kanban_sync.doors import server
from kanban_sync.doors.extras import EXTRAS, MCP, require
from kanban_sync.doors.running import running
from kanban_sync.doors.tokens import Scope, Tokens
from kanban_sync.gateway.page_files import missing, page_files
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from kanban_sync.doctor.finding import Finding

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def found(state: StateFolder) -> dict[str, Finding]:
    return {each.name: each for each in door_findings(state, lambda: "shop")}


def test_the_packages_that_are_asked_for_are_those_of_the_extras() -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    for each in EXTRAS:
        assert [str(package) for package in each.requirements] == extras[each.name]


def test_nothing_is_wrong_where_nothing_was_ever_served(state: StateFolder) -> None:
    assert {name: each.ok for name, each in found(state).items()} == {"extras": True}
    assert not state.path.exists()


@pytest.mark.parametrize(
    ("version", "is_right"), [("2.3", True), ("1.28.0", False), ("3.0a1", False)]
)
def test_a_package_of_another_release_will_not_do(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, version: str, is_right: bool
) -> None:
    installed = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: version if name == "mcp" else installed(name)
    )
    if is_right:
        require(MCP)
        assert "extra mcp" not in found(state)
        return
    with pytest.raises(
        SetupError, match=rf"mcp {version} is installed.*pip install 'mcp>=2\.3,<3'"
    ):
        require(MCP)
    finding = found(state)["extra mcp"]
    assert finding.ok is None
    assert finding.text == f"mcp {version} is installed, and mcp>=2.3,<3 is needed"
    assert found(state)["extras"].text == "gateway, watch, postgres, valkey"


def test_a_page_that_lacks_a_file_is_found(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = page_files()
    assert missing(files) == []
    for name in files:
        rest = {each: text for each, text in files.items() if each != name}
        assert missing(rest) == [name]
    monkeypatch.setattr(checks, "page_files", dict)
    assert (found(state)["page"].ok, found(state)["page"].remedy) == (
        False,
        "install kanban-sync anew",
    )


def test_tokens_are_told_with_their_scopes_and_nobody_else_may_read_them(
    state: StateFolder,
) -> None:
    tokens = Tokens(state, "shop")
    tokens.add("bot", Scope.WRITE)
    tokens.add("wall", Scope.READ)
    Tokens(state, "office").add("theirs", Scope.READ)
    assert (found(state)["tokens"].ok, found(state)["tokens"].text) == (
        True,
        "bot (write), wall (read)",
    )
    file = state.path / "tokens.json"
    file.chmod(0o640)
    assert (found(state)["tokens"].ok, found(state)["tokens"].remedy) == (
        False,
        f"chmod 600 {file}",
    )
    file.write_text("{")
    assert found(state)["tokens"].ok is False
    assert "cannot be read" in found(state)["tokens"].text


def test_a_server_that_runs_is_asked_whether_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = shop(tmp_path / "shop")
    state = StateFolder(repo.path / ".git" / "kanban-sync")
    with Gateway(repo) as gateway:
        pid, url = gateway.process.pid, f"http://127.0.0.1:{gateway.port}"
        assert (found(state)["serve"].ok, found(state)["serve"].text) == (
            True,
            f"process {pid} answers at {url}",
        )
        Tokens(state, "shop").remove("first")
        assert found(state)["tokens"].ok is False

        gateway.process.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(checks, "PATIENCE", 0.1)
        finding = found(state)["serve"]
        assert finding.ok is False
        assert f"kill -CONT {pid}" in finding.remedy

        gateway.end(signal.SIGKILL)
        (left,) = state.path.glob("serving-*.json")
        assert running(state) == []
        assert "serve" not in found(state)
    with Gateway(repo) as gateway:
        assert not left.exists()
        assert [each.pid for each in running(state)] == [gateway.process.pid]
        assert gateway.ask("GET", "/health").status == 200
        gateway.end()
        assert list(state.path.glob("serving-*.json")) == []


def test_a_server_ends_by_itself_once_its_clone_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOOK", 0.01)
    (tmp_path / "shop").mkdir()
    state, ended = StateFolder(tmp_path / "shop" / "kanban-sync"), list[bool]()
    state.check_there()
    (tmp_path / "shop").rename(tmp_path / "moved")
    on = server.listening(server.Address("127.0.0.1", 0))
    with pytest.raises(MovedCloneError, match="is no longer there: the clone was moved"):
        server.run(Starlette(), on, lambda: ended.append(True), state.check_there)
    assert (ended, on.fileno()) == ([True], -1)
