"""Asks what is next, whole process: beside a Python that loads SQLite, and beside Backlog.md.

Each has 1,000 tasks, of which three in four wait for one before them. Backlog.md (npm backlog.md)
looks into no other branch and at no remote.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Claim, Subject, interleave, options, report

TASKS = 1000
WAITING = 4
"""One in so many waits for nothing."""

OURS, FLOOR = "kanban-sync task next --json", "python -c 'import sqlite3'"
PEER = "backlog task list --ready"

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
# Installed packages are compiled; a machine that forbids it would compile at each start.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)

BACKLOG = """\
project_name: "bench"
default_status: "To Do"
statuses: ["To Do", "In Progress", "Done"]
labels: []
date_format: yyyy-mm-dd
task_prefix: "task"
remote_operations: false
check_active_branches: false
auto_commit: false
"""


def peer() -> str:
    """Return the path of backlog; install the newest into .venv/oracle if there is none."""
    folder = ROOT / ".venv" / "oracle"
    program = folder / "node_modules" / ".bin" / "backlog"
    if not program.exists():
        found = shutil.which("backlog")
        if found:
            return found
        call = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run([*call, "--prefix", str(folder), "backlog.md@latest"], check=True)
    return str(program)


def make_ours(top: Path) -> None:
    """Write a TASKS.md of the specification v1.0, and commit it."""
    lines = ["# Tasks", "", "## P1", ""]
    for number in range(TASKS):
        lines += [f"- [ ] Mend part {number} of it", f"  - **ID**: mend-{number}"]
        if number % WAITING:
            lines.append(f"  - **Blocked by**: mend-{number - 1}")
    (top / "TASKS.md").write_text("\n".join([*lines, ""]))
    (top / ".kanban-sync.yaml").write_text("project_id: bench\n")


def make_theirs(top: Path) -> None:
    """Write the same tasks as files of Backlog.md."""
    tasks = top / "backlog" / "tasks"
    tasks.mkdir(parents=True)
    (top / "backlog" / "config.yml").write_text(BACKLOG)
    for number in range(1, TASKS + 1):
        needs = f"\n  - TASK-{number - 1}" if (number - 1) % WAITING else " []"
        (tasks / f"task-{number} - Mend-part-{number}.md").write_text(
            f"---\nid: TASK-{number}\ntitle: Mend part {number} of it\nstatus: To Do\n"
            f"assignee: []\ncreated_date: '2026-01-02 10:00'\nlabels: []\n"
            f"dependencies:{needs}\nordinal: {number}000\n---\n"
        )


def commit(top: Path) -> None:
    """Make a repository of what lies there."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for call in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "Begin")):
        subprocess.run(["git", *call], cwd=top, env=ENVIRONMENT, check=True)


def main() -> int:
    """Measure and report."""
    chosen = options(__doc__, rounds=20)
    compileall.compile_dir(str(ROOT / "kanban_sync"), quiet=1)
    program = str(Path(sys.executable).with_name("kanban-sync"))
    backlog = peer()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        for top, make in ((ours, make_ours), (theirs, make_theirs)):
            top.mkdir()
            make(top)
            commit(top)

        def run(top: Path, *call: str) -> str:
            done = subprocess.run(
                call, cwd=top, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True
            )
            return done.stdout

        subprocess.run([program, "sync"], cwd=ours, env=ENVIRONMENT, check=True)
        found = json.loads(run(ours, program, "task", "next", "--json"))["key"]
        ready = run(theirs, backlog, "task", "list", "--ready", "--plain").count("TASK-")
        if (found, ready) != ("tasks-md:mend-0", TASKS // WAITING):
            sys.stdout.write(f"next is {found}, and {ready} are ready\n")
            return 1
        seconds = interleave(
            {
                OURS: Subject(lambda: run(ours, program, "task", "next", "--json")),
                FLOOR: Subject(lambda: run(ours, sys.executable, "-c", "import sqlite3")),
                PEER: Subject(lambda: run(theirs, backlog, "task", "list", "--ready", "--plain")),
            },
            chosen.rounds,
        )
    return report(seconds, [Claim(OURS, FLOOR, 5), Claim(OURS, PEER, 1 / 5)], chosen)


if __name__ == "__main__":
    sys.exit(main())
