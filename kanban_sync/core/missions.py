"""Missions: the milestones of a ``mission.json``, each with the tasks that are to be done for it.

Such a file names the file in which its tasks stand. A task there belongs to the milestone that it
names itself (``milestone``), else to the one that its heading names. Pure.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.work import Entry

SOURCE = "mission"
"""The source whose tasks are milestones."""

OF_MISSION = "mission "
"""How the labels of values begin that a mission says of itself."""


class Milestone(NamedTuple):
    """A milestone, and the tasks for it in the order of their file."""

    entry: Entry
    tasks: tuple[Entry, ...]


class Mission(NamedTuple):
    """What one ``mission.json`` is about.

    ``values`` are what it says of itself; ``files`` those that it names and that hold tasks;
    ``others`` are tasks there that belong to none of its milestones.
    """

    name: str
    path: str
    values: Mapping[str, str]
    files: tuple[str, ...]
    milestones: tuple[Milestone, ...]
    others: tuple[Entry, ...]

    @property
    def tasks(self) -> tuple[Entry, ...]:
        """All that is to be done for it."""
        return (*(task for each in self.milestones for task in each.tasks), *self.others)

    def tasks_of(self, name: str) -> tuple[Entry, ...]:
        """Return the tasks of the milestone with this key, id or title; none if there is none."""
        wanted = name.casefold()
        return tuple(
            task
            for each in self.milestones
            if wanted in {str(each.entry.key).casefold(), *_names(each.entry)}
            for task in each.tasks
        )


def missions_of(entries: Iterable[Entry]) -> list[Mission]:
    """Return the missions among all tasks of a project, in the order of their files."""
    milestones: dict[str, list[Entry]] = {}
    tasks: dict[str, list[Entry]] = {}
    for each in entries:
        if each.task.parent is None:
            by_path = milestones if each.key.source == SOURCE else tasks
            by_path.setdefault(each.task.path, []).append(each)
    return [_mission(path, found, tasks) for path, found in sorted(milestones.items()) if path]


def meant(missions: Sequence[Mission], name: str) -> list[Mission]:
    """Return the missions with this name, id, or file; all where none is named."""
    wanted = name.casefold()
    ids = ("id", "mission_id", "missionId")
    return [
        each
        for each in missions
        if not name
        or name == each.path
        or wanted in {each.name.casefold(), *(each.values.get(id_, "").casefold() for id_ in ids)}
    ]


def _mission(
    path: str, milestones: Sequence[Entry], tasks: Mapping[str, Sequence[Entry]]
) -> Mission:
    fields = dict(field for each in milestones for field in each.task.fields)
    values = {
        label.removeprefix(OF_MISSION): value
        for label, value in fields.items()
        if label.startswith(OF_MISSION)
    }
    named = dict.fromkeys(
        place
        for value in fields.values()
        for place in (value, posixpath.normpath(posixpath.join(posixpath.dirname(path), value)))
        if place in tasks
    )
    of: dict[int | None, list[Entry]] = {}
    names = [_names(each) for each in milestones]
    for file in named:
        for task in tasks[file]:
            of.setdefault(_belongs(task, names), []).append(task)
    return Mission(
        milestones[0].task.group,
        path,
        values,
        tuple(named),
        tuple(Milestone(each, tuple(of.get(at, ()))) for at, each in enumerate(milestones)),
        tuple(of.get(None, ())),
    )


def _names(milestone: Entry) -> tuple[str, ...]:
    """Return what tasks call a milestone by: its id, and its title."""
    own = re.split(r"[/#]", milestone.key.name)[-1]
    return tuple(each for each in (own.casefold(), milestone.task.title.casefold()) if each)


def _belongs(task: Entry, names: Sequence[tuple[str, ...]]) -> int | None:
    """Return to which milestone a task belongs; None if it names none of them."""
    own = [value for label, value in task.task.fields if label.casefold() == "milestone"]
    for said in (*own, task.task.group):
        words = " ".join(said.casefold().split())
        for at, of in enumerate(names):
            if any(_is_named(words, name) for name in of):
                return at
    return None


def _is_named(words: str, name: str) -> bool:
    """Tell whether words are a name, or begin with it as a heading does (``M2: Till``)."""
    words = words.removeprefix("milestone ")
    return words == name or (words.startswith(name) and not re.match(r"[\w.]", words[len(name) :]))
