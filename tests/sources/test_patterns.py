"""Regular expressions that are compiled late are the same ones."""

from __future__ import annotations

import re
import subprocess
import sys
import threading

from kanban_sync.sources.patterns import compiled_when_used

YAML_AFTERWARDS = r"""
import re
before = re.compile
from kanban_sync.sources import roadmap_tasks
assert re.compile is before
import yaml
print(isinstance(yaml.reader.Reader.NON_PRINTABLE, re.Pattern))
text = "{a: 2026-01-02, b: 2026-01-02 03:04:05, c: 1.5, d: 0x1F, e: yes, f: ~, g: 1:30}"
print(list(yaml.safe_load(text).values()))
try:
    yaml.safe_load("a: \x07")
except yaml.reader.ReaderError as error:
    print(error.character, error.position)
"""


def test_the_yaml_library_reads_the_same_though_its_expressions_are_compiled_late() -> None:
    late, at_once = (
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for program in (
            YAML_AFTERWARDS,
            YAML_AFTERWARDS.replace("from kanban_sync.sources import roadmap_tasks", ""),
        )
    )
    assert (late[0], at_once[0]) == ("False", "True")
    assert late[1:] == at_once[1:]
    assert len(late) == 3


def test_other_threads_get_theirs_at_once() -> None:
    found: list[object] = []
    with compiled_when_used():
        mine: object = re.compile("a+")
        other = threading.Thread(target=lambda: found.append(re.compile("b+")))
        other.start()
        other.join()
    assert not isinstance(mine, re.Pattern)
    assert mine.fullmatch("aa")  # type: ignore[attr-defined]
    assert isinstance(found[0], re.Pattern)
    assert isinstance(re.compile("c+"), re.Pattern)
