"""Files beyond all measure end in a message, with bounded memory and work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kanban_sync.core.findings import BAD_JSON, TOO_LARGE
from kanban_sync.core.limits import MIB, Limits
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources import SOURCES
from sources.large_inputs import INPUTS, MISSION, READERS, ROADMAP, TASKS

MEMORY = 512 * MIB
"""What the whole process may have: Python, what is read, and what is made of it."""

HERE = Path(__file__).parent


@pytest.mark.parametrize("part", range(4))
def test_the_largest_inputs_are_read_or_refused_in_bounded_memory(part: int) -> None:
    """A process that takes more memory ends with an error; quadratic time would be hours."""
    names = list(INPUTS)[part::4]
    call = [sys.executable, str(HERE / "large_inputs.py"), str(MEMORY), *names]
    path = os.pathsep.join(str(HERE.parents[up]) for up in (0, 1))
    done = subprocess.run(
        call, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name}: {INPUTS[name][2]}" for name in names]


@pytest.mark.parametrize(
    ("path", "data", "limits", "told"),
    [
        (TASKS, b"- [ ] a\n" * 3, Limits(tasks=2), "holds 3 tasks"),
        (TASKS, b"- [ ] a\n" * 3, Limits(tasks=3), ""),
        (TASKS, b"- [ ] a\n  - [ ] b\n    - [ ] c\n", Limits(tasks=2), "holds 3 tasks"),
        (TASKS, b"\n" * 3, Limits(lines=2), "has 3 lines"),
        (TASKS, b"\r\n" * 3, Limits(lines=2), "has 3 lines"),
        (TASKS, b"a\r" * 3, Limits(lines=2), "has 3 lines"),
        (TASKS, b"- [ ] a\n" * 3, Limits(lines=3), ""),
        (TASKS, b"a" * (MIB + 1), Limits(file_size=1), "has 1.0 MiB"),
        (TASKS, b"a" * MIB, Limits(file_size=1), ""),
        (ROADMAP, b"tasks: [{id: A}, {id: B}]", Limits(tasks=1), "more than 1 tasks"),
        (ROADMAP, b"tasks: [{id: A}]", Limits(tasks=1), ""),
        (ROADMAP, b"tasks: [{a: [b]}]", Limits(depth=3), "more than 3 deep"),
        (ROADMAP, b"tasks: [{a: b}]", Limits(depth=3), ""),
        (ROADMAP, b"x: [1,1,1,1,1,1,1,1,1,1,1,1]\ntasks: []", Limits(tasks=1), "10 values"),
        (MISSION, b'{"milestones": [1, 2]}', Limits(tasks=1), "more than 1 tasks"),
        (MISSION, b'{"milestones": [[]]}', Limits(depth=2), "more than 2 deep"),
        (MISSION, b'{"milestones": []}', Limits(depth=3), ""),
        ("openspec/changes/a/tasks.md", b"- [ ]\n" * 3, Limits(tasks=2), "holds 3 tasks"),
        ("openspec/changes/a/tasks.md", b"- [ ]\n" * 3, Limits(lines=2), "has 3 lines"),
        ("openspec/changes/a/tasks.md", b"- [ ]\n" * 2, Limits(tasks=2, lines=2), ""),
    ],
)
def test_a_file_beyond_a_limit_is_refused_with_what_to_do(
    path: str, data: bytes, limits: Limits, told: str
) -> None:
    settings = SourceSettings(limits=limits)
    document = SOURCES[_reader(path)].parse(path, data, settings)
    assert document.readable is not bool(told)
    for problem in document.problems:
        assert (problem.fatal, problem.code) == (True, TOO_LARGE)
        assert told in problem.message
        assert "; split the file" in problem.message or "; write it flatter" in problem.message


def _reader(path: str) -> str:
    return READERS.get(path, "openspec")


def test_json_that_python_cannot_nest_is_refused() -> None:
    (problem,) = SOURCES["mission"].parse(MISSION, b"[" * 100_000).problems
    assert problem.code in {TOO_LARGE, BAD_JSON}
    assert problem.fatal
