"""The page on dialects shows what becomes of its own examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs.documents import document, table, words
from kanban_sync.config import DIALECTS
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.model import Document, ParsedTask, Task, TaskKey
from kanban_sync.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.board import Card

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


def _tasks(read: Document) -> Iterator[Task]:
    """Yield the tasks of an example, with keys that tell no more than their places."""
    said = ParsedTask._fields[:-1]
    for place, top in enumerate(read.tasks):
        key = TaskKey("p", "s", str(place))
        for index, task in enumerate(top.walk()):
            values = {name: value for name, value in task._asdict().items() if name in said}
            values.pop("id")
            own = key.child(str(index)) if index else key
            yield Task(own, **values, parent=key if index else None, position=place + index)


def _row(card: Card) -> list[str]:
    """Return what the page shows of a card."""
    words = "; ".join(card.text.replace("**", "").replace("\\", "").split("\n\n"))
    lines = [item.text for each in card.checklists for item in each.items]
    return [card.title, card.column.value, words, ", ".join(lines)]


@pytest.mark.parametrize("heading", SECTIONS)
def test_an_example_becomes_the_cards_that_are_shown(heading: str) -> None:
    source, path = FILES.get(heading, ("tasks-md", "TASKS.md"))
    read = SOURCES[source].parse(path, _example(heading).encode())
    _, _, cards = _section(heading).rpartition("\n| card")
    shown = [_row(card) for card in cards_of(_tasks(read))]

    assert read.problems == ()
    assert read.dialect == ("" if heading in FILES else heading)
    assert table(f"| card{cards}") == shown


def test_the_table_names_every_dialect_and_source() -> None:
    named = [words(row[0])[0] for row in table(PAGE.text) if words(row[0])]
    assert sorted(named) == sorted(DIALECTS)
    assert len(table(PAGE.text)) == len(DIALECTS) + len(SOURCES) - 1
