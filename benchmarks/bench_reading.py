"""Reads 500 and 2,000 OpenSpec changes, whole process beside whole process: ours, and openspec's.

The peer is the newest release from npm; ``./dev oracle`` or this script installs it. Both count the
tasks of the same tree, and the counts have to be equal.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import Claim, Subject, interleave, options, report

LIMITS = {500: 8, 2000: 15}
"""How many times as fast as the peer we are to be with so many changes, at least."""

GROUPS = 5
TASKS = 4

OURS, PEER = "kanban-sync files --json", "openspec list --json"

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "OPENSPEC_TELEMETRY": "0", "DO_NOT_TRACK": "1"}
# Installed packages are compiled; a machine that forbids it would compile at each start.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


def peer() -> str:
    """Return the path of openspec; install the newest into .venv/oracle if there is none."""
    folder = ROOT / ".venv" / "oracle"
    program = folder / "node_modules" / ".bin" / "openspec"
    if not program.exists():
        found = shutil.which("openspec")
        if found:
            return found
        call = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        package = "@fission-ai/openspec@latest"
        subprocess.run([*call, "--prefix", str(folder), package], check=True)
    return str(program)


def make_tree(top: Path, changes: int) -> None:
    """Write and commit a repository with many changes, as real ones look."""
    rng = random.Random(4)
    for number in range(changes):
        change = top / "openspec" / "changes" / f"change-{number:04}"
        (change / "specs" / "part").mkdir(parents=True)
        (change / ".openspec.yaml").write_text("schema: spec-driven\ncreated: 2026-01-02\n")
        words = "## Why\n\nSomebody asked.\n\n## What Changes\n\n- one thing\n- another\n" * 3
        (change / "proposal.md").write_text(words)
        (change / "design.md").write_text("# Design\n\n" + "Words about it.\n" * 40)
        (change / "specs" / "part" / "spec.md").write_text("## ADDED Requirements\n" * 20)
        lines = []
        for group in range(1, GROUPS + 1):
            lines.append(f"## {group}. Group {group}\n")
            lines += [
                f"- [{rng.choice(' x')}] {group}.{task} Do this part of the work well"
                for task in range(1, TASKS + 1)
            ]
            lines.append("")
        (change / "tasks.md").write_text("\n".join(lines))
    for call in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "tree"]):
        identity = ["-c", "user.name=b", "-c", "user.email=b@example.org"]
        subprocess.run(["git", *identity, *call], cwd=top, check=True)
    # As a clone is: its objects come in one pack.
    subprocess.run(["git", "gc", "--quiet"], cwd=top, check=True)


def run(call: list[str], top: Path) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        call, cwd=top, check=True, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
    )
    return done.stdout


def counts_of_ours(output: str) -> dict[str, tuple[int, int]]:
    """Return done and total by change id."""
    return {
        Path(each["path"]).name: (each["done"], each["tasks"])
        for each in json.loads(output)["files"]
    }


def counts_of_peer(output: str) -> dict[str, tuple[int, int]]:
    """Return done and total by change id."""
    return {
        each["name"]: (each["completedTasks"], each["totalTasks"])
        for each in json.loads(output)["changes"]
    }


def main() -> int:
    """Compare the counts, then the times."""
    chosen = options(__doc__, rounds=12)
    ours = [sys.executable, "-m", "kanban_sync", "files", "--json"]
    theirs = [peer(), "list", "--json"]
    subjects: dict[str, Subject] = {}
    claims: list[Claim] = []
    with tempfile.TemporaryDirectory() as folder:
        for changes, times in LIMITS.items():
            top = Path(folder, str(changes))
            make_tree(top, changes)
            mine, peers = counts_of_ours(run(ours, top)), counts_of_peer(run(theirs, top))
            if mine != peers or len(mine) != changes:
                print(f"the counts differ: {len(mine)} changes here, {len(peers)} there")
                return 1
            this, that = f"{OURS}, {changes}", f"{PEER}, {changes}"
            subjects[this] = Subject(partial(run, ours, top))
            subjects[that] = Subject(partial(run, theirs, top))
            claims.append(Claim(this, that, 1 / times))
        seconds = interleave(subjects, chosen.rounds)
    return report(seconds, claims, chosen)


if __name__ == "__main__":
    sys.exit(main())
