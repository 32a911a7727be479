"""What is built can be installed, and finds its hooks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import kanban_sync

ROOT = Path(__file__).parents[2]
HOOKS = ("post-commit", "post-merge", "post-rewrite", "post-checkout", "kanban-sync-hook")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(source: Path, target: str, into: Path) -> Path:
    """Build `source` as "sdist", "wheel" or "wheel:editable" and return the one file made."""
    into.mkdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=source)
    (made,) = into.iterdir()
    return made


@dataclass(frozen=True)
class Installed:
    """A fresh virtual environment that holds the package without its dependencies."""

    bin: Path

    def ask(self, code: str) -> str:
        return run(self.bin / "python", "-I", "-c", code, cwd=self.bin).strip()

    def shims(self) -> Path:
        return Path(self.ask("from kanban_sync.hooks import shims; print(shims())"))


def install(wheel: Path, into: Path) -> Installed:
    venv.create(into, with_pip=False, symlinks=True)
    python = into / "bin" / "python"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "--disable-pip-version-check",
    ]
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=into)
    return Installed(python.parent)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="module")
def wheel(made: Path) -> Path:
    return build(ROOT, "wheel", made / "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, made: Path) -> Installed:
    return install(wheel, made / "installed")


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    paths = (path.relative_to(ROOT) for path in (ROOT / "kanban_sync").rglob("*"))
    # What Python and its tools leave behind is no part of the package.
    left_behind = (".", "__pycache__")
    files = {
        str(path)
        for path in paths
        if (ROOT / path).is_file()
        if not any(part.startswith(left_behind) for part in path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("kanban_sync/")}
    assert held == files | {f"kanban_sync/hooks/shims/{hook}" for hook in HOOKS}


def test_installed_shims_are_real_executable_copies(installed: Installed) -> None:
    shims = installed.shims()
    assert not shims.is_relative_to(ROOT)
    assert {shim.name for shim in shims.iterdir()} == set(HOOKS)
    for shim in shims.iterdir():
        assert not shim.is_symlink()
        assert os.access(shim, os.X_OK)
        assert shim.read_bytes() == (ROOT / "hooks" / shim.name).read_bytes()


def test_the_entry_of_pre_commit_is_a_shell_script_on_the_path(installed: Installed) -> None:
    entry = installed.bin / "kanban-sync-hook"
    assert os.access(entry, os.X_OK)
    assert entry.read_bytes() == (ROOT / "hooks" / "post-commit").read_bytes()
    assert entry.read_text(encoding="utf-8").startswith("#!/bin/sh\n")


def test_both_commands_are_on_the_path(installed: Installed) -> None:
    for command in ("kanban-sync", "kanban-project-sync"):
        assert os.access(installed.bin / command, os.X_OK)


def test_the_version_is_the_one_that_the_package_says(installed: Installed) -> None:
    code = "import importlib.metadata as m; print(m.version('kanban-sync'))"
    assert installed.ask(code) == kanban_sync.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", kanban_sync.__version__)


def test_an_editable_install_uses_the_hooks_of_the_checkout(made: Path) -> None:
    editable = build(ROOT, "wheel:editable", made / "editable")
    installed = install(editable, made / "linked")
    assert installed.shims() == ROOT / "hooks"
    assert os.access(installed.bin / "kanban-sync-hook", os.X_OK)


def test_a_wheel_from_the_source_archive_is_the_same(wheel: Path, made: Path) -> None:
    archive = build(ROOT, "sdist", made / "sdist")
    unpacked = made / "unpacked"
    unpacked.mkdir()
    run("tar", "-xf", archive, cwd=unpacked)
    (source,) = unpacked.iterdir()
    again = build(source, "wheel", made / "again")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, tuple[int, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            entry.filename: (entry.external_attr >> 16 & 0o111, archive.read(entry))
            for entry in archive.infolist()
        }
