"""Checks 50 task files as the hook does, whole process, beside a Python that only starts.

45 of them are OpenSpec changes, 5 are TASKS.md of the specification v1.0, whose dependencies are
judged against all of them. Once more one of the changes is a roadmap.yaml instead, and once more
the settings say something of what is checked. Nothing of the files is remembered from one run to
the next; the settings are, as in each clone that is set up.
"""

from __future__ import annotations

import compileall
import os
import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import Claim, Subject, interleave, options, report

CHANGES = 45
LISTS = 5

# As init writes it.
SETTINGS = """\
# Settings of kanban-sync; commit this file. Secrets do not belong here.
project_id: "570951e4b9d9"
planka:
  url: https://planka.example.org
  project: Bookshop
  board: Tasks
# sources:
#   tasks: ['**/TASKS.md']
"""

MORE_SETTINGS = """\
sources:
  tasks: ['**/TASKS.md']
  exclude: [fixtures]
check:
  unknown-dependency: warning
"""

CHECK, FLOOR = "kanban-sync check, 50 files", "python -c pass"
WITH_ROADMAP, WITH_SETTINGS = f"{CHECK}, a roadmap.yaml", f"{CHECK}, settings of it"

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ}
# Installed packages are compiled; a machine that forbids it would compile at each start.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


def make_roadmap() -> str:
    """Return a roadmap of one milestone."""
    lines = ["epics:", "- id: E1", "  title: Begin", "  milestones:", "  - id: M1"]
    lines += ["    title: The first", "    tasks:"]
    for task in range(20):
        lines += [f"    - id: T{task}", f"      title: Do part {task}", "      status: pending"]
        lines += [f"      dependencies: [T{task - 1}]"] if task else []
        lines += ["      exit_criteria:", "      - tests pass", "      estimate_hours: 3"]
    return "\n".join(lines) + "\n"


def make_tree(top: Path, kind: str = CHECK) -> list[str]:
    """Write and add the files, and return their paths."""
    rng = random.Random(4)
    files: dict[str, str] = {}
    for number in range(CHANGES):
        lines: list[str] = []
        for group in range(1, 6):
            lines += [f"## {group}. Group {group}", ""]
            lines += [
                f"- [{rng.choice(' x')}] {group}.{task} Do this part of the work well"
                for task in range(1, 5)
            ]
            lines.append("")
        files[f"openspec/changes/change-{number:02}/tasks.md"] = "\n".join(lines)
    for number in range(LISTS):
        lines = ["# Tasks", ""]
        for task in range(10):
            lines += [f"## P{task // 5}", ""] if task % 5 == 0 else []
            lines += [f"- [ ] Mend part {task} of it", f"  - **ID**: mend-{number}-{task}"]
            lines += ["  - **Tags**: api", f"  - **Blocked by**: mend-{number}-{task + 1}"]
            lines += ["  - **Details**: It has been broken for long.", ""]
        files[f"packages/part-{number}/TASKS.md"] = "\n".join(lines)
    if kind == WITH_ROADMAP:
        del files["openspec/changes/change-00/tasks.md"]
        files["state/roadmap.yaml"] = make_roadmap()
    files[".kanban-sync.yaml"] = SETTINGS + MORE_SETTINGS * (kind == WITH_SETTINGS)
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    for call in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *call], cwd=top, check=True)
    (top / ".git" / "kanban-sync").mkdir()
    return [path for path in files if path != ".kanban-sync.yaml"]


def run(folder: Path | str, *call: str) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        call, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def main() -> int:
    """Measure and report."""
    chosen = options(__doc__, rounds=40)
    compileall.compile_dir(str(ROOT / "kanban_sync"), quiet=1)
    program = str(Path(sys.executable).with_name("kanban-sync"))
    with tempfile.TemporaryDirectory() as folder:
        subjects = {FLOOR: Subject(partial(run, folder, sys.executable, "-c", "pass"))}
        for kind in (CHECK, WITH_ROADMAP, WITH_SETTINGS):
            top = Path(folder, kind)
            top.mkdir()
            names = make_tree(top, kind)
            call = partial(run, top, program, "check", *names)
            said = call()
            if said != f"{len(names)} files checked: nothing found\n":
                sys.stdout.write(said)
                return 1
            subjects[kind] = Subject(call)
        seconds = interleave(subjects, chosen.rounds)
    claims = [Claim(kind, FLOOR, 5) for kind in subjects if kind != FLOOR]
    return report(seconds, claims, chosen)


if __name__ == "__main__":
    sys.exit(main())
