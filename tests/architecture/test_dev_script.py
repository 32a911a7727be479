"""The script ./dev on machines that lack something."""

from __future__ import annotations

import base64
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEV = Path(__file__).parents[2] / "dev"
CONTENT = {"1.0": b"one", "2.0": b"two", "2.0b1": b"beta", "3.0": b"yanked", "4.0": b"for later"}


def machine(tmp_path: Path, *commands: str) -> tuple[Path, dict[str, str]]:
    """Return a tree of its own, and an environment in which only `commands` are found."""
    tree, path = tmp_path / "tree", tmp_path / "bin"
    tree.mkdir()
    path.mkdir()
    shutil.copy(DEV, tree)
    (tree / "pyproject.toml").touch()
    for command in ("sh", "dirname", "cat", "sed", *commands):
        found = shutil.which(command)
        assert found
        (path / command).symlink_to(found)
    return tree / "dev", {"PATH": str(path)}


def said(script: Path, *arguments: str, env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["/bin/sh", script, *arguments], env=env, capture_output=True, check=False, text=True
    )
    return done.returncode, done.stderr


def test_without_a_known_command_it_tells_the_commands(tmp_path: Path) -> None:
    script, env = machine(tmp_path)
    for arguments in ((), ("frobnicate",)):
        code, message = said(script, *arguments, env=env)
        assert code == 2
        for command in ("demo", "test", "lint", "bench", "oracle"):
            assert f"./dev {command}" in message


def test_without_git_it_says_what_to_install(tmp_path: Path) -> None:
    script, env = machine(tmp_path)
    code, message = said(script, "test", env=env)
    assert code == 1
    assert "found no git" in message


def test_without_python_it_says_what_to_install(tmp_path: Path) -> None:
    script, env = machine(tmp_path, "git")
    old = Path(env["PATH"]) / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    code, message = said(script, "test", env=env)
    assert code == 1
    assert "found no Python >= 3.11" in message
    assert not (script.parent / ".venv").exists()


class Index(http.server.BaseHTTPRequestHandler):
    """A package index that offers pip."""

    promised: dict[str, str]
    authorized: list[str | None]

    def do_GET(self) -> None:
        self.authorized.append(self.headers["Authorization"])
        version = self.path.removeprefix("/files/pip-").removesuffix("-py3-none-any.whl")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENT[version] if version in CONTENT else self.page())

    def page(self) -> bytes:
        notes = {
            "3.0": ' data-yanked="broken"',
            "4.0": ' data-requires-python="&gt;=9.1"',
            "2.0": ' data-requires-python="&gt;=3.9, !=3.10.*"',
        }
        links = [
            f'<a href="/files/pip-{version}-py3-none-any.whl#sha256={digest}"'
            f"{notes.get(version, '')}>pip</a>"
            for version, digest in self.promised.items()
        ]
        return "\n".join(links).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def index() -> Iterator[tuple[str, type[Index]]]:
    class ThisIndex(Index):
        promised = {version: hashlib.sha256(text).hexdigest() for version, text in CONTENT.items()}  # noqa: RUF012
        authorized = []  # noqa: RUF012

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), ThisIndex) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", ThisIndex
        server.shutdown()
        thread.join()


def fetch_pip(into: Path, **env: str) -> subprocess.CompletedProcess[str]:
    _, _, rest = DEV.read_text(encoding="utf-8").partition("<<'PYTHON'\n")
    program, found, _ = rest.partition("\nPYTHON\n")
    assert found
    return subprocess.run(
        [sys.executable, "-I", "-", into],
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_CERT": "", **env},
        input=program,
        capture_output=True,
        check=False,
        text=True,
    )


def test_it_gets_the_newest_pip_that_fits(tmp_path: Path, index: tuple[str, type[Index]]) -> None:
    address, seen = index
    done = fetch_pip(tmp_path, PIP_INDEX_URL=f"http://{address}/simple/")
    wheel = tmp_path / "pip-2.0-py3-none-any.whl"
    assert done.stdout == f"{wheel}\n", done.stderr
    assert wheel.read_bytes() == CONTENT["2.0"]
    assert seen.authorized == [None, None]


def test_it_obeys_the_configuration_of_pip(tmp_path: Path, index: tuple[str, type[Index]]) -> None:
    address, seen = index
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = http://me:p%40ss@{address}/simple\n")
    done = fetch_pip(tmp_path, PIP_CONFIG_FILE=str(settings))
    assert done.returncode == 0, done.stderr
    assert seen.authorized == ["Basic " + base64.b64encode(b"me:p@ss").decode()] * 2


def test_it_refuses_a_pip_other_than_the_index_promised(
    tmp_path: Path, index: tuple[str, type[Index]]
) -> None:
    address, seen = index
    seen.promised["2.0"] = "0" * 64
    done = fetch_pip(tmp_path, PIP_INDEX_URL=f"http://{address}/simple")
    assert done.returncode != 0
    assert "is not what the index promised" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_to_do_when_the_index_is_away(tmp_path: Path) -> None:
    done = fetch_pip(tmp_path, PIP_INDEX_URL="http://127.0.0.1:1/simple")
    assert done.returncode != 0
    assert "Set PIP_INDEX_URL or PIP_CERT" in done.stderr
    assert "Traceback" not in done.stderr
