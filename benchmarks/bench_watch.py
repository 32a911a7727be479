"""From a saved file to its row in the task database, beyond the time in which it has to settle.

A watcher runs as people start it, but for the board, which is told sooner. The floor is a process
that does nothing but listen with watchfiles and write one row to an SQLite file, settled or not.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from committed import environment
from measure import Claim, Subject, interleave, options, report

from kanban_sync.watch.pace import Times

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = 200
CHANGES = 20
PATIENCE = 60.0
LOOK = 0.0005
"""Seconds between two looks for the row."""

IDLE = 10.0
"""Seconds for which it is measured what watching costs while nothing happens."""

OURS, BARE = "saved to row, beyond the settle time", "bare watchfiles, to one row"

SETTLE = Times().settle

BARE_LOOP = """
import sqlite3, sys
from watchfiles import watch
db = sqlite3.connect(sys.argv[2], isolation_level=None)
for changes in watch(sys.argv[1], yield_on_timeout=True, rust_timeout=100, debounce=100, step=25):
    if changes:
        text = open(sys.argv[1] + "/TASKS.md").read()
        db.execute("UPDATE row SET status = ?", ("done" if "[x] task 7\\n" in text else "todo",))
    else:
        db.execute("UPDATE row SET is_listening = 1 WHERE is_listening = 0")
"""


def files(path: Path, *, ticked: bool) -> None:
    """Write the task file, with one box ticked or not."""
    lines = [f"- [{'x' if ticked and each == 7 else ' '}] task {each}" for each in range(TASKS)]
    (path / "TASKS.md").write_text("\n".join(["# Tasks", "", *lines, ""]))


def repository(path: Path, env: dict[str, str]) -> None:
    """Make a repository with tasks and changes, and bring it up once."""
    path.mkdir()
    files(path, ticked=False)
    (path / ".kanban-sync.yaml").write_text("project_id: bench\n")
    for number in range(CHANGES):
        folder = path / f"openspec/changes/change-{number}"
        folder.mkdir(parents=True)
        (folder / "tasks.md").write_text("## 1. All\n- [ ] 1.1 One\n- [ ] 1.2 Two\n")
    for call in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run(["git", *call], cwd=path, env=env, check=True)


def waited(database: Path, query: str, wanted: object) -> None:
    """Wait until a row says what is wanted."""
    deadline = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        while db.execute(query).fetchone() != (wanted,):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{database} never came to say {wanted}")
            time.sleep(LOOK)


def rest(state: Path) -> None:
    """Wait until the watcher has done all that it was asked for."""
    while int((state / "done-database").read_text()) < (state / "requests").stat().st_size:
        time.sleep(LOOK)


class Saved:
    """A folder in which a box is ticked and unticked, and the row that follows."""

    def __init__(self, path: Path, database: Path, query: str) -> None:
        self._path, self._database, self._query = path, database, query
        self._is_ticked = False

    def run(self) -> None:
        """Save the file, and wait for the row."""
        self._is_ticked = not self._is_ticked
        files(self._path, ticked=self._is_ticked)
        waited(self._database, self._query, "done" if self._is_ticked else "todo")


@contextmanager
def running(call: list[str], folder: Path, env: dict[str, str]) -> Iterator[int]:
    """Run a process in a folder, and end it."""
    process = subprocess.Popen(call, cwd=folder, env=env, stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def used(pid: int) -> float:
    """Return how many seconds of a core a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and end with what `report` says."""
    chosen = options(__doc__, 60)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        env = environment(home)
        shop, bare = home / "shop", home / "bare"
        repository(shop, env)
        bare.mkdir()
        files(bare, ticked=False)
        with closing(sqlite3.connect(home / "bare.db", isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE row (status TEXT, is_listening INTEGER)")
            db.execute("INSERT INTO row VALUES ('todo', 0)")
        # The board, which is the database alone here, is not to be owed when the next round begins.
        watch = [sys.executable, "-E", "-P", "-m", "kanban_sync", "watch", "--debounce", "0.05"]
        subprocess.run([*watch, "--once"], cwd=shop, env=env, check=True)
        database = shop / ".git/kanban-sync/tasks.db"
        listens = [sys.executable, "-c", BARE_LOOP, str(bare), str(home / "bare.db")]
        with running(watch, shop, env) as pid, running(listens, home, env):
            waited(home / "bare.db", "SELECT is_listening FROM row", 1)
            note = shop / ".git/kanban-sync/watch.json"
            while not note.exists() or '"events"' not in note.read_text():
                time.sleep(LOOK)
            row = "SELECT status FROM tasks WHERE title = 'task 7'"
            subjects = {
                OURS: Subject(Saved(shop, database, row).run, before=lambda: rest(note.parent)),
                BARE: Subject(Saved(bare, home / "bare.db", "SELECT status FROM row").run),
            }
            seconds = interleave(subjects, chosen.rounds)
            seconds[OURS] = [each - SETTLE for each in seconds[OURS]]
            code = report(seconds, [Claim(OURS, BARE, 3.0, plus=0.25)], chosen)
            for each, runs in seconds.items():
                print(f"{each}: p99 {1000 * statistics.quantiles(runs, n=100)[-1]:.0f} ms")
            time.sleep(Times().debounce + 1)
            before = used(pid)
            time.sleep(IDLE)
            print(f"watching costs {100 * (used(pid) - before) / IDLE:.2f} % of a core")
    sys.exit(code)


if __name__ == "__main__":
    main()
