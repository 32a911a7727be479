"""Missions: the milestones of a ``mission.json``, each with the tasks that are to be done for it.

Such a file names the file in which its tasks stand. A task there belongs to the milestone that it
names itself (``milestone``), else to the one that its heading names. Pure.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.called import several
from kanban_sync.core.model import Status
from kanban_sync.core.ports import FilesState
from kanban_sync.core.slots import effective

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.work import Entry

SOURCE = "mission"
"""The source whose tasks are milestones."""

OF_MISSION = "mission "
"""How the labels of values begin that a mission says of itself."""


UNREAD = FilesState()
"""What is known of files that nobody has read."""


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


def missions_of(entries: Iterable[Entry], files: FilesState = UNREAD) -> list[Mission]:
    """Return the missions among all tasks of a project, in the order of their files.

    What no file holds any more is none, and no milestone.

    Args:
        entries: All tasks.
        files: What this clone has read of its files. The database keeps what was done as it is,
            whether a file holds it or not.
    """
    by_key = {each.key: each for each in entries}
    every = [each for each in by_key.values() if _is_milestone(each.task)]
    gone = {each.key for each in every if each.is_gone} | _taken_out(every, files)
    held = (each.task for each in by_key.values() if each.key not in gone)
    found: list[Mission] = []
    for plan in _plans(held):
        fields = dict(field for each in plan.milestones for field in each.fields)
        values = {
            label.removeprefix(OF_MISSION): value
            for label, value in fields.items()
            if label.startswith(OF_MISSION)
        }
        of = [tuple(by_key[task.key] for task in tasks) for tasks in plan.tasks]
        both = zip(plan.milestones, of, strict=True)
        milestones = tuple(Milestone(by_key[each.key], tasks) for each, tasks in both)
        others = tuple(by_key[task.key] for task in plan.others)
        name = plan.milestones[0].group
        found.append(Mission(name, plan.path, values, plan.files, milestones, others))
    return found


def _taken_out(milestones: Sequence[Entry], files: FilesState) -> set[TaskKey]:
    """Return the milestones that were over when a clone's files came to hold them no more.

    Those of a file that the clone does not have may be another clone's, as long as one is open.
    """
    if not files.tips:
        return set()
    named = effective(files.slots).items()
    states = [state for slot, state in named if slot.startswith(f"{SOURCE}:")]
    held = {state.name_of(own) for state in states for own in state.owns() - state.removed.keys()}
    removed = {state.name_of(own) for state in states for own in state.removed} - held
    over = [each for each in milestones if each.task.status.is_over]
    living = {each.task.path for each in milestones if not each.task.status.is_over}
    kept = living.union(state.path for state in states if not state.is_gone)
    return {each.key for each in over if each.key.name in removed or each.task.path not in kept}


def parts_of(tasks: Iterable[Task]) -> dict[TaskKey, list[TaskKey]]:
    """Return the tasks of each milestone that has some, in the order of their files.

    Args:
        tasks: Those of a project by path, position and key; at least its milestones, and what
            stands in the files that these name.
    """
    return {
        milestone.key: [task.key for task in tasks]
        for plan in _plans(tasks)
        for milestone, tasks in zip(plan.milestones, plan.tasks, strict=True)
        if tasks
    }


def files_named(path: str, fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what may be a file that a mission names: from the top, or from where it lies."""
    for _, value in fields:
        yield value
        yield posixpath.normpath(posixpath.join(posixpath.dirname(path), value))


def says_milestone(task: Task) -> tuple[str, ...]:
    """Return the words by which a task may belong to a milestone, its own before its heading's."""
    own = [value for label, value in task.fields if label.casefold() == "milestone"]
    return (*own, task.group)


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


def called(missions: Iterable[Mission], name: str) -> list[Milestone]:
    """Return the milestones with this key, id or title; else those that had the id before.

    Raises:
        WorkError: It is the id of one, and was that of another one before: the key of that tells.
    """
    wanted = name.casefold()
    every = [each for mission in missions for each in mission.milestones]
    if whole := [each for each in every if wanted == str(each.entry.key).casefold()]:
        return whole
    before = [each for each in every if wanted == _first_id(each.entry.task)]
    now = [each for each in every if wanted in {_id(each.entry.task), _title(each.entry.task)}]
    corrected = [each for each in before if each not in now]
    if now and corrected:
        raise several(name, [each.entry.task for each in (*corrected, *now)])
    return now or before


class _Plan(NamedTuple):
    """A file with milestones, the files that it names and that hold tasks, and whose these are.

    ``tasks`` are those of each milestone, in turn.
    """

    path: str
    milestones: tuple[Task, ...]
    files: tuple[str, ...]
    tasks: tuple[tuple[Task, ...], ...]
    others: tuple[Task, ...]


def _plans(tasks: Iterable[Task]) -> Iterator[_Plan]:
    """Yield what each file with milestones says, in the order of these files."""
    milestones: dict[str, list[Task]] = {}
    by_path: dict[str, list[Task]] = {}
    for each in tasks:
        if each.key.source != SOURCE:
            if each.parent is None:
                by_path.setdefault(each.path, []).append(each)
        elif _is_milestone(each) and each.path and each.status is not Status.ORPHANED:
            milestones.setdefault(each.path, []).append(each)
    for path, found in sorted(milestones.items()):
        named = (file for each in found for file in files_named(path, each.fields))
        files = tuple(dict.fromkeys(file for file in named if file in by_path))
        of: dict[int | None, list[Task]] = {}
        names = _all_names(found)
        # Thousands of tasks have a few headings.
        known: dict[str, int | None] = {}
        for task in (task for file in files for task in by_path[file]):
            of.setdefault(_belongs(task, names, known), []).append(task)
        whose = tuple(tuple(of.get(at, ())) for at in range(len(found)))
        yield _Plan(path, tuple(found), files, whose, tuple(of.get(None, ())))


def _is_milestone(task: Task) -> bool:
    """Tell whether a task is a milestone, and no step of one."""
    return task.key.source == SOURCE and task.parent is None


def _id(milestone: Task) -> str:
    """Return the id that the file of a milestone gives it now."""
    return milestone.number.casefold() or _first_id(milestone)


def _title(milestone: Task) -> str:
    return milestone.title.casefold()


def _first_id(milestone: Task) -> str:
    """Return the id that the key of a milestone tells; it may have been corrected since."""
    return re.split(r"[/#]", milestone.key.name)[-1].casefold()


def _all_names(milestones: Sequence[Task]) -> dict[str, int]:
    """Return what tasks call milestones by: what counts first is first.

    What was the id of one before stands for it as long as no other one is called so. Of what a
    heading begins with, the longest is meant: of M1 and M1-b the latter.
    """
    found: dict[str, int] = {}
    for name_of in (_id, _title, _first_id):
        names = [(name_of(each), at) for at, each in enumerate(milestones)]
        for name, at in sorted(names, key=lambda each: -len(each[0])):
            if name:
                found.setdefault(name, at)
    return found


def _belongs(task: Task, names: Mapping[str, int], known: dict[str, int | None]) -> int | None:
    """Return to which milestone a task belongs, None if it names none of them.

    What is found out of words is kept in ``known``.
    """
    for said in says_milestone(task):
        if said not in known:
            words = " ".join(said.casefold().split())
            named = (at for name, at in names.items() if _is_named(words, name))
            known[said] = next(named, None)
        if (at := known[said]) is not None:
            return at
    return None


def _is_named(words: str, name: str) -> bool:
    """Tell whether words are a name, or begin with it as a heading does (``M2: Till``)."""
    words = words.removeprefix("milestone ")
    return words == name or (words.startswith(name) and not re.match(r"[\w.]", words[len(name) :]))
