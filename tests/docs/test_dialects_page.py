"""The page on dialects shows what becomes of its own examples."""

from __future__ import annotations

import re

import pytest

from docs.documents import document, table, words
from kanban_sync.config import DIALECTS
from kanban_sync.core.mapping import COLUMN_OF
from kanban_sync.sources import SOURCES

PAGE = document("reference/dialects.md")
FILES = {"roadmap.yaml": ("roadmap", "roadmap.yaml"), "mission.json": ("mission", "mission.json")}
SECTIONS = [*DIALECTS, *FILES]


def _section(heading: str) -> str:
    """Return a section of the page; the examples have headings of their own."""
    below = PAGE.text.split(f"\n## {heading}\n")[1]
    following = [f"\n## {each}\n" for each in SECTIONS]
    return min((below.split(each)[0] for each in following), key=len)


def _example(heading: str) -> str:
    (found,) = re.findall(r"^```[a-z]+\n(.*?)^```$", _section(heading), re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("heading", SECTIONS)
def test_an_example_becomes_the_cards_that_are_shown(heading: str) -> None:
    source, path = FILES.get(heading, ("tasks-md", "TASKS.md"))
    read = SOURCES[source].parse(path, _example(heading).encode())
    _, _, cards = _section(heading).rpartition("\n| card")
    shown = [
        [task.title, COLUMN_OF[task.status].value, ", ".join(step.title for step in task.children)]
        for task in read.tasks
    ]

    assert read.problems == ()
    assert read.dialect == ("" if heading in FILES else heading)
    assert table(f"| card{cards}") == shown


def test_the_table_names_every_dialect_and_source() -> None:
    named = [words(row[0])[0] for row in table(PAGE.text) if words(row[0])]
    assert sorted(named) == sorted(DIALECTS)
    assert len(table(PAGE.text)) == len(DIALECTS) + len(SOURCES) - 1
