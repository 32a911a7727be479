"""Edits of a ``mission.json``: a value is replaced or put in, or a milestone is added.

Imported only where a file is to be changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanban_sync.core.edits import AddTask, Claim, Remove, SetStatus
from kanban_sync.core.model import Status
from kanban_sync.sources.group_tasks import CRITERION, Groups
from kanban_sync.sources.placed_json import Place, PlacedJson
from kanban_sync.sources.sections import named
from kanban_sync.sources.splicing import CannotError, Splice, taken_out
from kanban_sync.sources.status_words import word_again, word_for
from kanban_sync.sources.task_values import name_of_group, says_nothing, value_named
from kanban_sync.sources.tree import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from kanban_sync.core.edits import Edit
    from kanban_sync.core.model import ParsedTask
    from kanban_sync.sources.tree import Node

MILESTONES = "milestones"

_NAMES = {"id": "id", "title": "name", "status": "status", "assignee": "owner"}
"""What a milestone calls what it says, where no other one shows it."""


def splices(text: str, edit: Edit, tasks: tuple[ParsedTask, ...]) -> list[Splice]:
    """Return what an edit replaces in a text.

    Args:
        text: The file without its byte order mark.
        edit: What is asked for.
        tasks: The milestones of the file, as they were read.

    Raises:
        CannotError: It cannot be written there.
    """
    file = _File(text, [task.word for top in tasks for task in top.walk()])
    if isinstance(edit, AddTask):
        return [file.add(edit)]
    if isinstance(edit, Remove):
        raise CannotError("what is removed from a mission counts as lost; set its status")
    if isinstance(edit, SetStatus):
        word = word_again(edit.word, edit.status) or file.word(edit.status)
        return [file.say(edit.place, "status", word)]
    if isinstance(edit, Claim):
        return [file.say(edit.place, "assignee", edit.assignee)]
    return [file.unsay(edit.place, "assignee")]


class _File:
    """A mission that is to be changed."""

    def __init__(self, text: str, words: list[str]) -> None:
        self._text = text
        self._words = words
        self._json = PlacedJson(text)
        groups = Groups("", tasks_in={MILESTONES}, groups_in=set())
        root = self._json.root
        self._root = root if isinstance(root, Mapping) else Mapping(0, {}, [])
        groups.tasks(self._root)
        self._nodes = groups.nodes

    def word(self, status: Status) -> str:
        """Return what this file calls a status."""
        return word_for(status, self._words, "-")

    def say(self, place: int, meaning: str, words: str) -> Splice:
        """Let a milestone say something; '' for nothing."""
        node = self._nodes[place]
        if node is CRITERION:
            raise CannotError("a criterion is met once its task is done; set that one's status")
        if not isinstance(node, Mapping):
            raise CannotError(
                f'it is a text alone, which has no {meaning}; write it as {{"name": …}} first'
            )
        found = value_named(node, meaning)
        if found is None:
            return self._insert(node, meaning, words)
        at = self._json.place(found[1])
        if at is None or not isinstance(found[1], Scalar):
            raise CannotError(f"its {found[0]} is no text; change it by hand")
        return Splice(at.start, at.end, _value(words))

    def unsay(self, place: int, meaning: str) -> Splice:
        """Let a milestone say something no more, but where others say that it is nothing."""
        said = self.say(place, meaning, "")
        node = self._nodes[place]
        found = value_named(node, meaning) if isinstance(node, Mapping) else None
        at = self._json.place(found[1]) if found else None
        if at is None or says_nothing(self._nodes, meaning):
            return said
        return taken_out(self._text, at.name[0], at.end) or said

    def _insert(self, node: Mapping, meaning: str, words: str) -> Splice:
        """Put a new value in behind a milestone's title or id, as that is written."""
        said = (value_named(node, each) for each in ("title", "id"))
        places = [self._json.place(found[1]) for found in said if found]
        inside = [each for each in places if each and each.name != (0, 0)]
        if not inside:
            what = f"it has no {meaning}, and no name to put one behind"
            raise CannotError(f"{what}; add it by hand")
        at = inside[0]
        lead = self._json.lead(at.name[0])
        apart = lead if "\n" in lead or "\r" in lead else lead or self._gap(at)
        line = f"{_value(_NAMES[meaning])}{self._colon(at)}{_value(words)}"
        return Splice(at.end, at.end, f",{apart}{line}")

    def add(self, edit: AddTask) -> Splice:
        """Add a milestone behind the last one, written like that."""
        group = name_of_group(self._root)
        if edit.under and named([group], edit.under) is None:
            raise CannotError("a mission has one list of milestones; leave out what it is under")
        found = self._root.values.get(MILESTONES)
        at = self._json.place(found) if found is not None else None
        if at is None or not isinstance(found, Sequence):
            raise CannotError("its milestones are no list; add it by hand")
        if not found.items:
            return Splice(at.start + 1, at.start + 1, self._entry(edit, None))
        places = [place for each in found.items if (place := self._json.place(each))]
        last, before = places[-1], places[-2] if len(places) > 1 else None
        lead = self._json.lead(last.start)
        apart = lead if before or lead else self._gap(last)
        return Splice(last.end, last.end, f",{apart}{self._entry(edit, found.items[-1])}")

    def _entry(self, edit: AddTask, like: Node | None) -> str:
        """Return a new milestone, with the names and on the lines of another one."""
        every = {"id": edit.id, "title": edit.title, "status": self.word(Status.TODO)}
        said = {meaning: words for meaning, words in every.items() if words}
        at = self._json.place(like) if like is not None else None
        if not isinstance(like, Mapping) or not like.values or at is None:
            pairs = [f"{_value(_NAMES[each])}: {_value(words)}" for each, words in said.items()]
            return f"{{{', '.join(pairs)}}}"
        first = min(place for each in like.values.values() if (place := self._json.place(each)))
        lead, end = self._json.lead(first.name[0]), self._json.lead(at.end - 1)
        names = {each: self._name_for(each, like) for each in said}
        colon = self._colon(first)
        pairs = [f"{_value(names[each])}{colon}{_value(words)}" for each, words in said.items()]
        apart = lead if "\n" in lead or "\r" in lead else self._gap(first)
        return f"{{{lead}{f',{apart}'.join(pairs)}{end}}}"

    def _name_for(self, meaning: str, like: Mapping) -> str:
        """Return what a milestone, or else another one of the file, calls what it says."""
        every = (each for each in (like, *self._nodes) if isinstance(each, Mapping))
        found = (each for node in every if (each := value_named(node, meaning)))
        return next(found, (_NAMES[meaning],))[0]

    def _colon(self, at: Place) -> str:
        return self._text[at.name[1] : at.start] or ": "

    def _gap(self, at: Place) -> str:
        """Return what stands behind a comma: a blank, unless the file has none behind colons."""
        return "" if at.name != (0, 0) and self._colon(at) == ":" else " "


def _value(words: str) -> str:
    return json.dumps(words or None, ensure_ascii=False)
