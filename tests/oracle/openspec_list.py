"""Compare our counts with those of a real `openspec list --json`, on fuzz and on given folders.

    python tests/oracle/openspec_list.py [--program OPENSPEC] [--seed SEED] [FOLDER …]

A folder is one that holds `openspec/`: of a repository that people work in, say. Without a path
the program is .venv/oracle/node_modules/.bin/openspec. Exits with 1 if a count differs, with 2 if
there is no openspec.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from kanban_sync.core.model import Status
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources.openspec import OpenSpec

TOP = Path(__file__).parents[2]
PROGRAM = TOP / ".venv/oracle/node_modules/.bin/openspec"

CHANGES = 300
LINES = 200

# What lines are made of: everything that the counting rule or a naive reader looks at.
PIECES = [
    "-", "*", "+", "1.", "2)", "1234567890.", "\u0661.", "- ", "* ", "- [ ] ", "- [x] ", "- [X]",
    "- [~] ", "[", "]", "[ ]", "[x]", "[]", "[  ]", "[ x ]", "[\u2705]", "[\U0001f6a7]",
    "[\u2705\ufe0f]", "(", "](", "][", "(x)", "[y]", " ", "  ", "\t", "\v", "\f", "\xa0", "\u3000",
    "\ufeff", "\u200b", "\u2028", "\u2029", "\x1c", "\x85", "\u180e", "\r", "\\", "`", "```", "~~~",
    "~~", "**", ">", "> ", "|", "#", "## ", "### ", "<!--", "-->", "x", "X", "a", "1.1", "words",
    ":", "\u0425", "\u5b8c",
]  # fmt: skip
SPACES = ["", "", " ", " ", "  ", "\t", "\xa0", "\ufeff", "\x1c", "\x85", "\u180e", "> ", "\v"]
MARKERS = [
    "-",
    "-",
    "-",
    "*",
    "+",
    "1.",
    "12)",
    "123456789.",
    "1234567890.",
    "\u0661.",
    "a.",
    "\u2013",
]
BOXES = [
    "[ ]",
    "[ ]",
    "[x]",
    "[X]",
    "[~]",
    "[]",
    "[ x]",
    "[\u2705]",
    "[\U0001f6a7]",
    "[xx]",
    "[\u3000]",
]
BYTES = [b"", b"\xff", b"\xc3", b"\xf0\x9f", b"\xed\xa0\x80"]

GOOD = """\
name: {name}
version: 1
artifacts:
  - id: plan
    generates: plan.md
    description: Words
    template: plan.md
    requires: []
  - id: tasks
    generates: "{generates}"
    description: Steps
    template: tasks.md
    requires: [plan]
{apply}"""
TRACKS = "apply:\n  requires: [tasks]\n  tracks: '{}'\n"

SCHEMAS = {
    "deep": GOOD.format(name="deep", generates="work/**/*.md", apply=""),
    "everything": GOOD.format(name="everything", generates="work/**", apply=""),
    "flat": GOOD.format(name="flat", generates="work/*.md", apply=TRACKS.format("work/*.md")),
    "some": GOOD.format(name="some", generates="work/[ab]?.md", apply=""),
    "braces": GOOD.format(name="braces", generates="{work,notes}/{a1,b1}.md", apply=""),
    "plan": GOOD.format(name="plan", generates="work/*.md", apply=TRACKS.format("plan.md")),
    "single": GOOD.format(name="single", generates="./work/a1.md", apply=""),
    "untracked": GOOD.format(name="untracked", generates="work/*.md", apply=TRACKS.format("no.md")),
    "no-tracks": GOOD.format(
        name="no-tracks", generates="plan.txt", apply="apply:\n  requires: [plan]\n  tracks: null\n"
    ),
    "escapes": GOOD.format(name="escapes", generates="../*.md", apply=""),
    "twice": GOOD.format(name="twice", generates="plan.md", apply="").replace(
        ": tasks\n", ": plan\n"
    ),
    "cycle": GOOD.format(name="cycle", generates="plan.md", apply="").replace("[]", "[tasks]"),
    "dangling": GOOD.format(name="dangling", generates="plan.md", apply="").replace("[]", "[x]"),
    "old": GOOD.format(name="old", generates="plan.md", apply="").replace(
        "version: 1", "version: 0"
    ),
    "broken": "name: [",
    "empty": "",
}

METADATA = [
    "schema: {}\n",
    "schema: {}\ncreated: 2025-01-31\n",
    "schema: '{}'\ncreated: \"2025-01-31\"\nskip_specs: true\n",
    "# by hand\nschema: {} # the short one\nunknown: [1, {{a: b}}]\n",
    "schema: {}\r\ncreated: 2025-01-31\r\n",
    "schema: {}\ngoal: >\n  Find: things\naffected_areas: [api]\n",
    "schema: {}\ninitiative:\n  store: main\n  id: big-thing\n",
    "schema: {}.yaml\n",
    "schema: {}\ncreated: 31.1.2025\n",
    "schema: {}\ncreated: 2025\n",
    "schema: {}\ngoal: ''\n",
    "schema: {}\ngoal: 0x1f\n",
    "schema: {}\nskip_specs: yes\n",
    "schema: {}\nretire_capabilities: null\n",
    "schema: {}\naffected_areas: ['']\n",
    "schema: {}\ninitiative:\n  store: Main\n  id: x\n",
    "schema: {0}\nschema: {0}\n",
    "schema: {}\n---\nschema: x\n",
    "schema: {}\n\tgoal: x\n",
    "schema: [{}\n",
    "created: 2025-01-31\n",
    "schema: unknown\n",
    "- {}\n",
    "",
]

CONFIGS = [
    None,
    "schema: spec-driven\n",
    "schema: deep\n",
    "schema: plan.yaml\n",
    "schema: no\n",
    "{",
]

NAMES = ["add-{}", "Bad_Name{}", "with space & \u00fcn\u00efcode {}", "2025-02-02-dated-{}", "{}"]
PLACES = [
    "tasks.md", "plan.md", "work/a1.md", "work/b1.md", "work/deep/c.md", "work/.hidden.md",
    "work/.dot/d.md", "work/e.txt", "notes/a1.md", "TASKS.md", "backend/tasks.md", "design.md",
]  # fmt: skip


def fuzzed_text(dice: random.Random) -> bytes:
    """Return a file of lines that look like tasks, or nearly."""
    lines = []
    for _ in range(dice.randrange(LINES)):
        words = "".join(dice.choices(PIECES, k=dice.randrange(1, 7)))
        if dice.random() < 0.6:
            words = "".join(map(dice.choice, (SPACES, MARKERS, SPACES, BOXES))) + words
        lines.append(words.encode() + dice.choice(BYTES if dice.random() < 0.1 else BYTES[:1]))
    return dice.choice([b"\n", b"\r\n"]).join(lines)


def write_root(top: Path, dice: random.Random, config: str | None, schemas: list[str]) -> None:
    """Write an OpenSpec root with fuzzed changes."""
    openspec = top / "openspec"
    for name in schemas:
        write(openspec / "schemas" / name / "schema.yaml", SCHEMAS[name].encode())
    if config is not None:
        write(openspec / "config.yaml", config.encode())
    for number in range(CHANGES // len(CONFIGS)):
        change = openspec / "changes" / dice.choice(NAMES).format(number)
        write(change / "proposal.md", b"## Why\n\n- [ ] no task\n")
        for place in dice.sample(PLACES, dice.randrange(len(PLACES))):
            write(change / place, fuzzed_text(dice))
        if schemas and dice.random() < 0.8:
            metadata = dice.choice([*METADATA, *METADATA[:7] * 3]).format(dice.choice(schemas))
            write(change / ".openspec.yaml", metadata.encode())
    write(openspec / "changes/archive/2025-01-01-old/tasks.md", b"- [x] a\n")
    write(openspec / "changes/README.md", b"- [ ] a\n")
    write(openspec / "changes/area/nested/tasks.md", b"- [ ] a\n")


def write(path: Path, data: bytes) -> None:
    """Write a file and make its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def ours(top: Path) -> dict[str, tuple[int, int]]:
    """Return done and all tasks of each active change, as the source counts them."""
    source = OpenSpec()
    files = [path for path in top.rglob("*") if path.is_file()]
    tree = {path.relative_to(top).as_posix(): str(path) for path in files}
    counts = {}
    for unit in source.units(tree, lambda blob: Path(blob).read_bytes(), SourceSettings()):
        documents = [
            source.parse(file.path, Path(file.blob).read_bytes())
            for file in unit.files
            if not file.is_text
        ]
        tasks = [task for document in documents for task in document.tasks]
        if not unit.archived:
            counts[unit.name] = (sum(task.status is Status.DONE for task in tasks), len(tasks))
    return counts


def theirs(program: Path, top: Path, home: Path) -> dict[str, tuple[int, int]]:
    """Return done and all tasks of each active change, as `openspec list` counts them."""
    home_of = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(home))
    done = subprocess.run(
        [program, "list", "--json"],
        cwd=top,
        env={**os.environ, **home_of, "OPENSPEC_TELEMETRY": "0"},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"openspec list in {top} ended with {done.returncode}: {done.stderr.decode()}")
    return {
        change["name"]: (change["completedTasks"], change["totalTasks"])
        for change in json.loads(done.stdout)["changes"]
    }


def compare(program: Path, top: Path, home: Path, what: str) -> int:
    """Compare one root and say what differs; return the number of differences."""
    expected, found = theirs(program, top, home), ours(top)
    differing = [name for name in expected.keys() | found.keys() if _differs(expected, found, name)]
    for name in sorted(differing):
        metadata = top / "openspec/changes" / name / ".openspec.yaml"
        words = metadata.read_text() if metadata.is_file() else None
        sys.stdout.write(
            f"{what}, {name} (metadata {words!r}): "
            f"openspec {expected.get(name)}, ours {found.get(name)}\n"
        )
    tasks = sum(total for _, total in expected.values())
    lines = sum(path.read_bytes().count(b"\n") for path in top.glob("openspec/changes/**/*.md"))
    sys.stdout.write(
        f"{what}: {len(expected)} changes with {tasks} tasks in {lines} lines, "
        f"{len(differing)} counted differently\n"
    )
    return len(differing)


def _differs(
    expected: dict[str, tuple[int, int]], found: dict[str, tuple[int, int]], name: str
) -> bool:
    return expected.get(name) != found.get(name)


def compare_fuzz(program: Path, seed: int) -> int:
    """Compare a fuzzed root for each configuration; return the number of differences."""
    dice = random.Random(seed)
    differences = 0
    for config in CONFIGS:
        with tempfile.TemporaryDirectory() as folder:
            top, home = Path(folder, "top"), Path(folder, "home")
            write_root(top, dice, config, list(SCHEMAS) if config else [])
            what = f"seed {seed}, configuration {config!r}"
            differences += compare(program, top, home, what)
    return differences


def main() -> int:
    """Run the comparison once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("folders", nargs="*", type=Path)
    chosen = parser.parse_args()
    program = chosen.program.absolute()
    if not program.exists():
        sys.stderr.write(
            f"No openspec at {program}. Install it: "
            f"npm install --prefix {TOP}/.venv/oracle @fission-ai/openspec@latest\n"
        )
        return 2
    version = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
    sys.stdout.write(f"openspec {version.stdout.strip()}\n")
    differences = compare_fuzz(program, chosen.seed)
    with tempfile.TemporaryDirectory() as home:
        for folder in chosen.folders:
            differences += compare(program, folder.resolve(), Path(home), folder.name)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
