"""Edits of a ``roadmap.yaml``: a scalar is replaced, or a line with a new one is put in.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kanban_sync.core.edits import AddTask, Claim, Remove, SetStatus
from kanban_sync.sources.group_tasks import CRITERION
from kanban_sync.sources.roadmap_additions import add
from kanban_sync.sources.roadmap_text import RoadmapText
from kanban_sync.sources.splicing import CannotError, Splice, taken_out
from kanban_sync.sources.status_words import word_again
from kanban_sync.sources.task_values import says_nothing, value_named
from kanban_sync.sources.tree import Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import ParsedTask
    from kanban_sync.sources.tree import Node


def splices(text: str, edit: Edit, tasks: Sequence[ParsedTask]) -> list[Splice]:
    """Return what an edit replaces in a text.

    Args:
        text: The file without its byte order mark.
        edit: What is asked for.
        tasks: The top-level tasks of the file, as they were read.

    Raises:
        CannotError: It cannot be written there.
    """
    file = RoadmapText(text, [task.word for top in tasks for task in top.walk()])
    if isinstance(edit, AddTask):
        return add(file, edit)
    if isinstance(edit, Remove):
        raise CannotError("what is removed from a roadmap counts as lost; set its status")
    if isinstance(edit, SetStatus):
        word = word_again(edit.word, edit.status) or file.word(edit.status)
        return [_say(file, edit.place, "status", word)]
    if isinstance(edit, Claim):
        return [_say(file, edit.place, "assignee", edit.assignee)]
    return [_unsay(file, edit.place, "assignee")]


def _say(file: RoadmapText, place: int, meaning: str, words: str) -> Splice:
    """Let a task say something; '' for nothing."""
    node = file.nodes[place]
    if node is CRITERION:
        raise CannotError("a criterion is met once its task is done; set that one's status")
    if not isinstance(node, Mapping):
        raise CannotError(
            f"it is a text alone, which has no {meaning}; write it as 'title: …' first"
        )
    found = value_named(node, meaning)
    if found is None:
        return _insert(file, node, "owner" if meaning == "assignee" else meaning, words)
    return _replace(file, node, *found, words)


def _unsay(file: RoadmapText, place: int, meaning: str) -> Splice:
    """Let a task say something no more: without a word, but where others say that it is nothing."""
    said = _say(file, place, meaning, "")
    node = file.nodes[place]
    found = value_named(node, meaning) if isinstance(node, Mapping) else None
    if found is None or says_nothing(file.nodes, meaning):
        return said
    line = file.start_of_line(said.start)
    name = re.search(
        rf"([\"']?){re.escape(found[0])}\1[ \t]*:[ \t]*\Z", file.text[line : said.start]
    )
    if name is None:
        return said
    if file.spans.event(node).flow_style:
        return taken_out(file.text, line + name.start(), said.end) or said
    end = file.end_of_line(said.end)
    is_alone = not (file.text[line : line + name.start()] + file.text[said.end : end]).strip()
    return Splice(file.end_of_line_before(line), end, "") if line and is_alone else said


def _replace(file: RoadmapText, node: Mapping, name: str, value: Node, words: str) -> Splice:
    event, around = file.spans.event(value), file.spans.event(node)
    if not isinstance(value, Scalar) or event is None:
        raise CannotError(f"its {name} is no text; change it by hand")
    start, end = event.start_mark.index, event.end_mark.index
    if around and not around.start_mark.index <= start < file.spans.end(node):
        raise CannotError(
            f"its {name} is written elsewhere (an alias, or '<<'); write it at the task itself"
        )
    if event.anchor or event.tag:
        raise CannotError(f"its {name} has an anchor or a tag; change it by hand")
    sign = "@" if value.text.startswith("@") and words else ""
    new = file.scalar(sign + words, event.style)
    old = file.text[start:end]
    # The span of a block goes on to what follows it.
    tail = old[len(old.rstrip()) :] if event.style in {"|", ">"} else ""
    gap = " " if start == end and file.text[start - 1 : start] == ":" else ""
    return Splice(start, end, f"{gap}{new}{tail}")


def _insert(file: RoadmapText, node: Mapping, name: str, words: str) -> Splice:
    """Put a new value in behind a task's title or id, else behind what it says on one line."""
    event = file.spans.event(node)
    said = [value_named(node, meaning) for meaning in ("title", "id")]
    values = [*(found[1] for found in said if found), *node.values.values()]
    events = (file.spans.event(each) for each in values)
    inside = next((each for each in events if event and _is_inside(file, each, node)), None)
    if inside is None:
        raise CannotError(f"it has no {name}, and no line to put one behind; add it by hand")
    end = inside.end_mark.index
    line = f"{file.name(name)}: {file.scalar(words)}"
    if event.flow_style:
        return Splice(end, end, f", {line}")
    place = file.end_of_line(end)
    return Splice(place, place, f"{file.line_end()}{' ' * event.start_mark.column}{line}")


def _is_inside(file: RoadmapText, event: Any, node: Mapping) -> bool:  # noqa: ANN401 - PyYAML has no types
    if event is None or getattr(event, "style", "|") in {"|", ">"}:
        return False
    start: int = file.spans.event(node).start_mark.index
    return bool(start <= event.start_mark.index < file.spans.end(node))
