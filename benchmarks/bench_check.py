"""Checks 50 task files as the hook does, whole process, beside a Python that only starts.

45 of them are OpenSpec changes, 5 are TASKS.md of the specification v1.0, whose dependencies are
judged against all of them. Nothing is remembered from one run to the next.
"""

from __future__ import annotations

import compileall
import os
import random
import subprocess
import sys
import tempfile
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

CHECK, FLOOR = "kanban-sync check, 50 files", "python -c pass"

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ}
# Installed packages are compiled; a machine that forbids it would compile at each start.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


def make_tree(top: Path) -> list[str]:
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
    files[".kanban-sync.yaml"] = SETTINGS
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    for call in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *call], cwd=top, check=True)
    return [path for path in files if path != ".kanban-sync.yaml"]


def main() -> int:
    """Measure and report."""
    chosen = options(__doc__, rounds=40)
    compileall.compile_dir(str(ROOT / "kanban_sync"), quiet=1)
    program = str(Path(sys.executable).with_name("kanban-sync"))
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        names = make_tree(top)

        def run(*call: str) -> str:
            done = subprocess.run(
                call, cwd=top, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True
            )
            return done.stdout

        said = run(program, "check", *names)
        if said != f"{len(names)} files checked: nothing found\n":
            sys.stdout.write(said)
            return 1
        seconds = interleave(
            {
                CHECK: Subject(lambda: run(program, "check", *names)),
                FLOOR: Subject(lambda: run(sys.executable, "-c", "pass")),
            },
            chosen.rounds,
        )
    return report(seconds, [Claim(CHECK, FLOOR, 5)], chosen)


if __name__ == "__main__":
    sys.exit(main())
