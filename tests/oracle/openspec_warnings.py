"""Compare what `check` says of task files of OpenSpec with the warnings of `openspec validate`.

    python tests/oracle/openspec_warnings.py [--program OPENSPEC] [--seed SEED] [FOLDER …]

A folder is one that holds `openspec/`: of a repository that people work in, say. Without a path
the program is .venv/oracle/node_modules/.bin/openspec. Exits with 1 if a warning differs, with 2 if
there is no openspec.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kanban_sync.check.judge import check

TOP = Path(__file__).parents[2]
PROGRAM = TOP / ".venv/oracle/node_modules/.bin/openspec"

CHANGES = 400

HEADINGS = ["## 1. Begin", "## 2. Go on", "## 01. Begin", "##  3.", "## Notes", "### 1. No", "##"]
HEADINGS += ["   ## 1. Indented", "    ## 1. Code", "## 1 No dot", "##1. No blank", "# 1. Title"]
TASKS = ["1.1 a", "1.1 b", "1.2 a", "01.1 a", "2.1 a", "2.1.1 a", "1.1a a", "1. a", "1.1. a", "a"]
TASKS += ["**1.1** a", "1.1", "3.9", "1.10 a", "12.1 a"]
BOXES = ["- [ ] ", "- [x] ", "* [ ] ", "  - [ ] ", "1. [ ] ", "- [] ", "- [~] "]
ITEMS = ["- a", "* b", "  - c", "    - code", "\t- tab", "1. d", "+ e", "-", "- ", "1) f"]
OTHERS = ["words", "", "```", "~~~", "<!--", "-->", "<!-- a -->", "---", "> - quoted", "| - a |"]

KINDS = {
    "is duplicated": "openspec-duplicate",
    "is under group": "openspec-group",
    "counts as 0 tasks": "openspec-no-boxes",
}

Warnings = set[tuple[str, int, str]]


def make(top: Path, rng: random.Random) -> None:
    """Write changes of lines that the rules look at; every other one has no box at all."""
    for number in range(CHANGES):
        lines: list[str] = []
        for _ in range(rng.randrange(1, 14)):
            kinds = [HEADINGS, ITEMS, OTHERS] if number % 2 else [HEADINGS, TASKS, TASKS, OTHERS]
            kind = rng.choice(kinds)
            line = rng.choice(kind)
            lines.append(f"{rng.choice(BOXES)}{line}" if kind is TASKS else line)
        folder = top / "openspec" / "changes" / f"change-{number:03}"
        folder.mkdir(parents=True)
        end = rng.choice(["\n", "\n", "\r\n"])
        (folder / "tasks.md").write_text(end.join(lines) + end, newline="")


def theirs(program: str, top: Path) -> Warnings:
    """Return the change, line and kind of OpenSpec's warnings."""
    call = [program, "validate", "--changes", "--json", "--no-interactive"]
    done = subprocess.run(call, cwd=top, capture_output=True, text=True, check=False)
    return {
        (item["id"], issue["line"], code)
        for item in json.loads(done.stdout)["items"]
        for issue in item["issues"]
        for words, code in KINDS.items()
        if words in issue["message"]
    }


def ours(top: Path) -> Warnings:
    """Return the change, line and code of what we find."""
    return {
        (problem.path.split("/")[2], problem.line, problem.code)
        for problem, _ in check(str(top)).findings
        if problem.code in KINDS.values()
    }


def compare(program: str, top: Path) -> bool:
    """Print what differs in a folder; tell whether nothing does."""
    expected, found = theirs(program, top), ours(top)
    for change, line, code in sorted(expected ^ found):
        who = "only openspec" if (change, line, code) in expected else "only we"
        sys.stdout.write(f"{who}: {change}:{line} {code}\n")
    counts = ", ".join(f"{sum(code == x for _, _, code in found)} {x}" for x in KINDS.values())
    sys.stdout.write(f"{len(expected ^ found)} differ; {counts}\n")
    return expected == found


def main() -> int:
    """Compare changes that are made up, and those of folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(PROGRAM))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("folders", nargs="*", type=Path)
    chosen = parser.parse_args()
    if not os.access(chosen.program, os.X_OK):
        sys.stderr.write(f"there is no {chosen.program}\n")
        return 2
    same = True
    for each in [None, *chosen.folders]:
        with tempfile.TemporaryDirectory() as folder:
            top = Path(folder)
            subprocess.run(["git", "init", "-q"], cwd=top, check=True)
            sys.stdout.write(f"seed {chosen.seed}: " if each is None else f"{each}: ")
            if each is None:
                make(top, random.Random(chosen.seed))
                (top / "openspec" / "specs").mkdir()
                (top / "openspec" / "config.yaml").write_text("schema: spec-driven\n")
            else:
                shutil.copytree(each / "openspec", top / "openspec", symlinks=True)
            same &= compare(chosen.program, top)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
