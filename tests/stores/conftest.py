"""What the tests of stores share.

Small disks can be mounted by root alone; elsewhere their tests are not collected.
"""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postgres.server import PATIENCE
from stores.emptied import Emptied
from stores.machines import NAMES, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator


def may_mount() -> bool:
    """Tell whether a file system can be mounted here: not by other users, nor in every sandbox."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
        return True


collect_ignore = [] if may_mount() else ["test_sqlite_disks.py", "test_fallback_disks.py"]


@pytest.fixture(scope="session")
def emptied_postgres(postgres_url: str) -> Iterator[Emptied]:
    """A database for all tests of this process."""
    with closing(Emptied(postgres_url)) as database:
        yield database


@pytest.fixture
def emptied(emptied_postgres: Emptied) -> Emptied:
    """A database with a schema and nothing in it."""
    emptied_postgres.empty()
    return emptied_postgres


@pytest.fixture
def machines(
    emptied: Emptied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Machine, Machine]]:
    """Two machines that share a database with three tasks; either has a copy."""
    # However busy this machine is: a server that is found away is asked again by the next.
    monkeypatch.setattr("kanban_sync.databases.fallback.SLOW", PATIENCE)
    with ExitStack() as stack:
        found = tuple(Machine(tmp_path / name, emptied.url, stack) for name in ("one", "two"))
        for each in found:
            each.sync(*NAMES)
        yield found[0], found[1]


@pytest.fixture
def one(machines: tuple[Machine, Machine]) -> Machine:
    return machines[0]


@pytest.fixture
def two(machines: tuple[Machine, Machine]) -> Machine:
    return machines[1]


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of 1 MiB."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
