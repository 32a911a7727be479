"""What OpenSpec itself warns of: numbers, groups, lists without boxes, folders, metadata.

As ``openspec validate`` has it since 1.13.1 (``core/validation/``, ``utils/nested-change.js``).
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from kanban_sync.core.findings import (
    OPENSPEC_DUPLICATE,
    OPENSPEC_GROUP,
    OPENSPEC_MARK,
    OPENSPEC_METADATA,
    OPENSPEC_NESTED,
    OPENSPEC_NO_BOXES,
    OPENSPEC_SCHEMA,
)
from kanban_sync.core.model import Problem
from kanban_sync.sources.markdown import Kind, decode, scan
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.model import Document, ParsedTask

TICKS = frozenset("✓✔☑✅хХｘＸ√")  # noqa: RUF001
"""Marks that look like a tick, and are none to OpenSpec, nor to us."""

MARKERS = frozenset({".openspec.yaml", "proposal.md", "tasks.md", "design.md"})
"""Files that lie in the folder of a change itself."""

DEEPEST_NESTED = 3
"""How many folders below a folder may hold the changes that it wraps."""

_GROUP = pattern(
    r"^ {0,3}##(?!#)(?:[ \t]+(?:(?P<number>[0-9]+)\.(?=[ \t\r]|$))?|[ \t]*\r?$)", re.MULTILINE
)
_NUMBER = pattern(r"([0-9]+)(?:\.[0-9]+)+[A-Za-z]*(?=\s|$)")


def of_change(files: Sequence[tuple[str, bytes, Document]]) -> Iterator[Problem]:
    """Yield what is wrong with the task files of one change: path, bytes and tasks of each."""
    readable = [each for each in files if each[2].readable]
    first: dict[str, tuple[str, int]] = {}
    for path, data, document in readable:
        yield from _marks(path, document.tasks)
        yield from _numbers(path, data, document.tasks, first)
    if len(readable) == len(files) and not any(document.tasks for _, _, document in files):
        for path, data, _ in files:
            yield from _no_boxes(path, data)


def _marks(path: str, tasks: Iterable[ParsedTask]) -> Iterator[Problem]:
    for task in tasks:
        if task.word[:1] in TICKS and task.word:
            what = f"OpenSpec takes [{task.word}] for an open task; write [x], if it is done."
            yield Problem(path, task.line, what, code=OPENSPEC_MARK, word=task.word)


def _numbers(
    path: str, data: bytes, tasks: Sequence[ParsedTask], first: dict[str, tuple[str, int]]
) -> Iterator[Problem]:
    """Yield numbers that stand in the wrong group, or twice in a change.

    Only what stands below a heading such as ``## 1. Begin`` has to fit.
    """
    if b"##" not in data or not tasks:
        return
    groups = _groups(decode(data))
    following, _ = group_at = groups.pop()
    group = ""
    for task in tasks:
        number = task.line
        while number > following:
            group = group_at[1]
            following, _ = group_at = groups.pop()
        own = _NUMBER.match(task.title) if group else None
        if own is None:
            continue
        if own[1].lstrip("0") != group.lstrip("0"):
            what = f"{own[0]} stands in group {group}; move it to group {own[1]}, or renumber it."
            yield Problem(path, number, what, code=OPENSPEC_GROUP, word=own[0])
        where = first.setdefault(own[0], (path, number))
        if where != (path, number):
            there = f"line {where[1]}" if where[0] == path else f"{where[0]}:{where[1]}"
            what = f"the number {own[0]} is taken by {there}; renumber one of them."
            yield Problem(path, number, what, code=OPENSPEC_DUPLICATE, word=own[0])


def _groups(text: str) -> list[tuple[int, str]]:
    """Return line and number of each heading ``##``, last first; '' for one without a number."""
    found: list[tuple[int, str]] = []
    line, start = 1, 0
    for heading in _GROUP.finditer(text):
        line += text.count("\n", start, heading.start())
        start = heading.start()
        found.append((line, heading["number"] or ""))
    return [(sys.maxsize, ""), *reversed(found)]


def _no_boxes(path: str, data: bytes) -> Iterator[Problem]:
    lines = scan(decode(data)).lines
    for line in lines:
        if line.kind is Kind.ITEM and line.indent <= 3 and line.text.strip():  # noqa: PLR2004
            what = "no task of this change has a box, so OpenSpec counts none; write '- [ ] 1.1 …'."
            yield Problem(path, line.number, what, code=OPENSPEC_NO_BOXES)
            return


def nested_changes(paths: Iterable[str]) -> Iterator[Problem]:
    """Yield folders below ``changes`` that wrap changes instead of being one.

    Args:
        paths: All files below ``changes`` folders of OpenSpec roots.
    """
    inside: dict[str, list[list[str]]] = {}
    for path in paths:
        root, found, below = path.partition("openspec/changes/")
        folder, _, rest = below.partition("/")
        if found and rest and folder != "archive" and not folder.startswith("."):
            inside.setdefault(f"{root}{found}{folder}", []).append(rest.split("/"))
    for folder, files in inside.items():
        if any(len(parts) == 1 or parts[0] == "specs" for parts in files):
            continue
        names = sorted({name for parts in files if (name := _nested_in(parts))})
        if names:
            flat = f"{folder.rpartition('/')[2]}/{names[0]}".replace("/", "-")
            what = f"wraps changes ({', '.join(names)}), which OpenSpec does not see"
            message = f"{what}; move them up, with names such as {flat!r}."
            yield Problem(folder, 0, message, code=OPENSPEC_NESTED)


def _nested_in(parts: Sequence[str]) -> str:
    """Return the folder of a nested change that a file shows to be one, '' if it shows none."""
    for depth in range(1, min(DEEPEST_NESTED, len(parts) - 1) + 1):
        if parts[depth - 1].startswith("."):
            return ""
        is_root_file = len(parts) == depth + 1 and parts[depth] in MARKERS
        if is_root_file or (parts[depth] == "specs" and len(parts) > depth + 1):
            return "/".join(parts[:depth])
    return ""


def metadata(files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Yield metadata of changes and schemas that OpenSpec refuses."""
    # Here, since the YAML library takes a while, and plain metadata can do without.
    from kanban_sync.sources.openspec_globs import is_understood  # noqa: PLC0415
    from kanban_sync.sources.openspec_schema import (  # noqa: PLC0415
        declared_schema,
        is_valid_schema,
        tracked_glob,
    )
    from kanban_sync.sources.yaml_values import fault  # noqa: PLC0415

    for path, data in files.items():
        is_schema = path.endswith("schema.yaml")
        if is_valid_schema(data) if is_schema else declared_schema(data) is not None:
            glob = (tracked_glob(data) or "") if is_schema else ""
            if not is_understood(glob):
                at = data.count(b"\n", 0, max(data.find(glob.encode()), 0)) + 1
                what = f"nobody knows here which files {glob!r} stands for, so 'tasks.md' is read"
                remedy = "write it with '*', '?' and '{a,b}' alone."
                yield Problem(path, at, f"{what}; {remedy}", code=OPENSPEC_SCHEMA, word=glob)
            continue
        line, column, wrong = fault(data)
        if is_schema:
            needs = "it needs name, version, artifacts, and what OpenSpec asks of each"
            what = f"is no schema to OpenSpec ({wrong})" if wrong else "is no schema to OpenSpec"
        else:
            needs = "it needs 'schema: NAME', and 'created', if it has that, as 2026-01-31"
            what = f"is refused by OpenSpec ({wrong})" if wrong else "is refused by OpenSpec"
        code = OPENSPEC_SCHEMA if is_schema else OPENSPEC_METADATA
        yield Problem(path, line, f"{what}; {needs}.", code=code, column=column)
