"""What the tests of stores share.

Small disks can be mounted by root alone; elsewhere their tests are not collected.
"""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from stores.emptied import Emptied

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


collect_ignore = [] if may_mount() else ["test_sqlite_disks.py"]


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
