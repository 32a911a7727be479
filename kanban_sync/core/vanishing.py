"""Whether a file's tasks are gone all at once because somebody took them out, or by an accident."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanban_sync.core.dependencies import CHANGES
from kanban_sync.core.findings import EMPTIED, MISREAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.core.model import Document, ParsedTask
    from kanban_sync.core.slots import SlotState

BESIDES = 2
"""Words that a line may have beside those of a task, and still be the task's: a mark, an id."""

_WORD = re.compile(r"\w+")
_PART = re.compile(r"\||: ")


def held_in(state: SlotState, source: str) -> tuple[str, ...]:
    """Return the titles of the tasks that a file held, '' where their words may stay behind.

    That is so where a task that is removed is done; and a change has the boxes that OpenSpec sees.
    """
    if state.gone_means_done or source == CHANGES:
        return ("",) if state.tasks else ()
    return tuple(task.traits.title for task in state.tasks)


def titles_of(tasks: Iterable[ParsedTask]) -> tuple[str, ...]:
    """Return the titles of tasks and of all below them."""
    return tuple(task.title for top in tasks for task in top.walk())


def why_vanished(titles: Sequence[str], data: bytes, document: Document) -> str:
    """Return why a file is not believed that holds no task any more, '' if it is.

    Whoever takes tasks out takes their words out. Where most of them still stand, something else
    broke: a heading, the header of a table, the name of a list, or the dialect in the settings.

    Args:
        titles: Those of the tasks that it held; '' for one whose words may stay when it is done.
        data: What it holds now.
        document: What is read in that.
    """
    if not titles:
        return ""
    if not data.strip():
        return EMPTIED
    if document.tasks or not document.readable:
        return ""
    standing = _standing(data.decode("utf-8", "replace"))
    there = sum(_words(title) in standing for title in titles)
    return MISREAD if 2 * there > len(titles) else ""


def _standing(text: str) -> set[tuple[str, ...]]:
    """Return what lines, cells and values say, with and without a few words at their ends."""
    found: set[tuple[str, ...]] = set()
    for line in text.splitlines():
        for part in (line, *_PART.split(line)):
            words = _words(part)
            for begin in range(BESIDES + 1):
                for end in range(len(words) - BESIDES + begin, len(words) + 1):
                    found.add(words[begin : max(end, 0)])
    return found - {()}


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))
