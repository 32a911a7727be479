"""Task files that are larger, deeper or sillier than anybody writes; run, it reads one of them.

    python -m large_inputs NAME BYTES

reads the file NAME with so much memory, and prints how many tasks it holds, or which code refused
it. The memory is that of the whole process, so that nothing has to be measured.
"""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

from kanban_sync.core.limits import MIB, USUAL
from kanban_sync.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TASKS = "TASKS.md"
ROADMAP = "roadmap.yaml"
MISSION = ".mosaic/orchestrator/mission.json"
CHANGE = "openspec/changes/one/tasks.md"

SIZE = 10_000_000
ALLOWED = USUAL.file_size * MIB
"""Bytes of the largest file that is read at all."""

READERS = {TASKS: "tasks-md", ROADMAP: "roadmap", MISSION: "mission", CHANGE: "openspec"}


def filled(line: str, size: int = ALLOWED, head: str = "", end: str = "") -> bytes:
    """Return a file of a size, of one line again and again."""
    count = (size - len(head) - len(end)) // len(line.encode())
    return (head + line * count + end).encode()


def _bomb(inner: str, use: str, width: int = 10, depth: int = 12) -> bytes:
    lines = [f"a0: &a0 {inner}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return "\n".join([*lines, "tasks:", *[use.format(n=n) for n in range(3000)], ""]).encode()


def _merges() -> bytes:
    keys = "".join(f"  k{n}: v\n" for n in range(20_000))
    return (f"base: &b\n{keys}tasks:\n" + "- <<: *b\n" * 5000).encode()


INPUTS: Mapping[str, tuple[str, Callable[[], bytes], str]] = {
    "10 MB of boxes": (TASKS, lambda: filled("- [ ] a task\n", SIZE), "too-large"),
    "10 MB of a roadmap": (ROADMAP, lambda: filled("- id: a\n", SIZE), "too-large"),
    "10 MB of a change": (CHANGE, lambda: filled("- [ ] 1.1 a\n", SIZE), "too-large"),
    "10 MB of a mission": (MISSION, lambda: filled("{},", SIZE), "too-large"),
    "10 MB in one line": (TASKS, lambda: filled("- [ ] a ", SIZE), "too-large"),
    "as many boxes as fit": (TASKS, lambda: filled("- [ ] a task of its own\n"), "too-large"),
    "as many lines as fit": (TASKS, lambda: filled("\n"), "too-large"),
    "as many line ends of old as fit": (TASKS, lambda: filled("\r"), "too-large"),
    "as many lines of a change as fit": (CHANGE, lambda: filled("-[]\n"), "too-large"),
    "one endless line": (TASKS, lambda: filled("- [ ] a "), "1"),
    "one endless row": (TASKS, lambda: filled("|id", end="\n|-|-|\n|A-1|a|\n"), "0"),
    "a table of 100,000 lines": (
        TASKS,
        lambda: b"|id|status|\n|-|-|\n" + b"".join(b"|A-%d|done|\n" % n for n in range(100_000)),
        "too-large",
    ),
    "boxes that are nested without end": (
        TASKS,
        lambda: "\n".join("  " * depth + "- [ ] a" for depth in range(2500)).encode(),
        "2500",
    ),
    "items that are nested without end": (
        TASKS,
        lambda: "\n".join("\t" * depth + "- a" for depth in range(3500)).encode() + b"\n- [ ] a",
        "1",
    ),
    "quotes that are nested without end": (TASKS, lambda: filled(">"), "0"),
    "lists that are nested without end": (ROADMAP, lambda: filled("["), "too-large"),
    "mappings that are nested without end": (ROADMAP, lambda: filled("{a: "), "too-large"),
    "many lists of many lists": (ROADMAP, lambda: filled("- " * 60 + "\n"), "too-large"),
    "a list of many words": (ROADMAP, lambda: filled("a,", head="tasks: [", end="a]"), "too-large"),
    "objects that are nested without end": (
        MISSION, lambda: filled('{"a":', 1_000_000), "too-large",
    ),
    "many lists in a mission": (
        MISSION, lambda: filled("[],", head='{"milestones": [', end="[]]}"), "too-large",
    ),
    "a bomb in one task": (ROADMAP, lambda: _bomb("lol", "- id: A{n}").replace(
        b"- id: A0\n", b"- {id: A0, notes: *a11}\n"), "3000"),
    "a bomb in each task": (ROADMAP, lambda: _bomb("lol", "- {{id: A{n}, x: *a11}}"), "too-large"),
    "a bomb in each list": (ROADMAP, lambda: _bomb("lol", "- {{id: A{n}, x: [*a9]}}"), "too-large"),
    "a bomb of dependencies": (
        ROADMAP,
        lambda: _bomb("[]", "- {{id: A{n}, dependencies: *a5}}", width=1000, depth=6),
        "too-large",
    ),
    "a bomb of steps": (ROADMAP, lambda: _bomb("[]", "- {{id: A{n}, steps: *a1}}", 20_000, 2),
        "too-large"),
    "a bomb of tags": (
        ROADMAP,
        lambda: b"t: &t {" + b", ".join(b"k%d: 1" % n for n in range(50_000)) + b"}\ntasks:\n"
        + b"".join(b"- {id: A%d, tags: *t}\n" % n for n in range(2000)),
        "too-large",
    ),
    "a bomb of merges": (ROADMAP, _merges, "too-large"),
}  # fmt: skip
"""What it is -> its path, its bytes, and what comes of it: the count of tasks, or a code."""


def outcome(name: str) -> str:
    """Read a file, and return how many tasks it holds, or which code refused it."""
    path, made, _ = INPUTS[name]
    document = SOURCES[READERS[path]].parse(path, made())
    fatal = [problem.code for problem in document.problems if problem.fatal]
    return ", ".join(fatal) or str(sum(1 for top in document.tasks for _ in top.walk()))


if __name__ == "__main__":
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for each in sys.argv[2:] or INPUTS:
        sys.stdout.write(f"{each}: {outcome(each)}\n")
        sys.stdout.flush()
