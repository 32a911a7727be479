"""Reads task files of 10,000 tasks, beside the least that could be done with the same bytes.

For Markdown that is a scan of its lines for checkboxes; for a roadmap, the fastest C loader of YAML
that is kept up (PyYAML on libyaml), which makes lists and mappings of it and knows no task.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import yaml
from measure import Claim, Subject, main

from kanban_sync.sources.roadmap import Roadmap
from kanban_sync.sources.tasks_md import TasksMd

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = 10_000
ROUNDS = 15

BOX = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+\[(.)\][ \t]+(.*)")
WORDS = ("Rotate the signing keys of the shop", "Measure the query again, and remove the old one")


def plain() -> bytes:
    """Return a file of checkboxes, fifty to a heading, every fifth below another."""
    lines = ["# Tasks"]
    for number in range(TASKS):
        if number % 50 == 0:
            lines += ["", f"## Part {number // 50}", ""]
        indent, mark = "  " * (number % 5 == 4), " x"[number % 3 == 0]
        lines.append(f"{indent}- [{mark}] {WORDS[number % 2]} ({number})")
    return "\n".join([*lines, ""]).encode()


def v1() -> bytes:
    """Return a file of the specification v1.0: an id for each task, and now and then more."""
    lines = ["# Tasks"]
    for number in range(TASKS):
        if number % (TASKS // 4) == 0:
            lines += ["", f"## P{number // (TASKS // 4)}", ""]
        lines += [f"- [ ] {WORDS[number % 2]}", f"  - **ID**: task-{number}"]
        if number % 4 == 0:
            lines += [f"  - **Tags**: a, b{number % 7}", "  - **Details**: Words about it."]
        if number % 10 == 1:
            lines.append(f"  - **Blocked by**: task-{number - 1}")
    return "\n".join([*lines, ""]).encode()


def roadmap() -> bytes:
    """Return a roadmap as people write them."""
    lines = ["tasks:"]
    for number in range(TASKS):
        lines += [
            f"  - id: T-{number}",
            f"    title: {WORDS[number % 2]}",
            f"    status: {('todo', 'in_progress', 'done')[number % 3]}",
            f"    priority: P{number % 4}",
        ]
        if number % 4 == 1:
            lines.append(f"    depends_on: [T-{number - 1}]")
    return "\n".join([*lines, ""]).encode()


def scan(data: bytes) -> list[tuple[str, str]]:
    """Return mark and words of each line that looks like a checkbox."""
    found = map(BOX.match, data.decode().split("\n"))
    return [(match[1], match[2]) for match in found if match]


def parse_anew(markdown: TasksMd, data: bytes, rounds: Iterator[int]) -> None:
    """Parse a file that was never seen before: what was read of the same bytes is remembered."""
    markdown.parse("TASKS.md", data + b"\n" * next(rounds))


def measure() -> None:
    """Measure each file beside its floor."""
    markdown, subjects, claims = TasksMd(), {}, []
    for name, data in (("plain", plain()), ("v1.0", v1())):
        tasks = markdown.parse("TASKS.md", data).tasks
        if sum(1 for task in tasks for _ in task.walk()) != TASKS:
            raise AssertionError(f"{name}: not every task was read")
        ours, floor = f"parse TASKS.md, {name}", f"bare line scan, {name}"
        subjects[ours] = Subject(partial(parse_anew, markdown, data, count()))
        subjects[floor] = Subject(partial(scan, data))
        claims.append(Claim(ours, floor, 3.0))
    data, source = roadmap(), Roadmap()
    if len(source.parse("roadmap.yaml", data).tasks) != TASKS:
        raise AssertionError("roadmap: not every task was read")
    subjects["parse roadmap.yaml"] = Subject(partial(source.parse, "roadmap.yaml", data))
    subjects["yaml.CSafeLoader"] = Subject(partial(yaml.load, data, yaml.CSafeLoader))
    claims.append(Claim("parse roadmap.yaml", "yaml.CSafeLoader", 1.5))
    main(__doc__, subjects, claims, rounds=ROUNDS)


if __name__ == "__main__":
    measure()
