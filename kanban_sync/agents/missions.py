"""Missions as every front door tells them: how far they are, who works on what, what is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.core.errors import UnknownGroupError, UnknownMissionError
from kanban_sync.core.missions import called, meant, missions_of
from kanban_sync.core.model import Status
from kanban_sync.core.work import ANY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kanban_sync.agents.work import Work
    from kanban_sync.core.missions import Milestone, Mission
    from kanban_sync.core.work import Entry

NO_MISSION = "no mission.json with milestones is read here"


def _named(work: Work, entries: Sequence[Entry], name: str) -> list[Mission]:
    missions = missions_of(entries, work.files())
    found = meant(missions, name)
    if name and not found:
        raise UnknownMissionError(name, [each.name or each.path for each in missions])
    return found


def mission_tasks(work: Work, name: str = "", milestone: str = "") -> list[Entry]:
    """Return the tasks of missions, of one with that name or all, and of one milestone or all.

    Raises:
        UnknownMissionError: None is called so.
        UnknownGroupError: None of their milestones is.
    """
    missions = _named(work, work.tasks(ANY, list(Status)), name)
    if not milestone:
        return [task for each in missions for task in each.tasks]
    found = called(missions, milestone)
    if not found:
        every = [str(one.entry.key) for each in missions for one in each.milestones]
        raise UnknownGroupError(milestone, every)
    return [task for one in found for task in one.tasks]


def missions_data(work: Work, name: str = "") -> list[dict[str, Any]]:
    """Return missions as plain data with stable keys.

    Raises:
        UnknownMissionError: None is called so.
    """
    entries = work.tasks(ANY, list(Status))
    missions = _named(work, entries, name)
    # Whatever else is ready comes in between.
    ready = frozenset(each.key for each in work.next(limit=len(entries))) if missions else ()
    return [_data(each, ready) for each in missions]


def mission_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield a mission as people read it, from its data."""
    yield f"{told['name'] or told['path']}  {_share(told)} tasks done  {told['path']}"
    for each in told["milestones"]:
        words = [each["key"], each["status"], _share(each), each["title"]]
        at_work = [f"{one['key']} ({one['agent'] or 'nobody'})" for one in each["in_progress"]]
        for what, found in (
            ("in progress", at_work),
            ("blocked", each["blocked"]),
            ("ready", each["ready"]),
        ):
            words += [f"[{what}: {', '.join(found)}]"] if found else []
        yield "  " + "  ".join(words)
    if told["others"]:
        yield f"  of no milestone: {', '.join(told['others'])}"


def _data(mission: Mission, ready: Collection[object]) -> dict[str, Any]:
    return {
        "name": mission.name,
        "path": mission.path,
        "values": dict(mission.values),
        "files": list(mission.files),
        **_counts(mission.tasks),
        "milestones": [_milestone(each, ready) for each in mission.milestones],
        "others": [str(each.key) for each in mission.others],
    }


def _milestone(milestone: Milestone, ready: Collection[object]) -> dict[str, Any]:
    task, tasks = milestone.entry.task, milestone.tasks
    # Whose lease ran out is in progress for the file alone: anybody may have that task.
    at_work = [
        (each.key, each.claim.agent if each.claim else each.task.assignee)
        for each in (*tasks, milestone.entry)
        if each.task.status is Status.IN_PROGRESS and each.key not in ready
    ]
    return {
        "key": str(task.key),
        "title": task.title,
        "status": task.status.value,
        **_counts(tasks),
        # The milestone itself is where somebody has it: its file says so as soon as a task is.
        "in_progress": [
            {"key": str(key), "agent": agent} for key, agent in at_work if agent or key != task.key
        ],
        "blocked": [str(each.key) for each in tasks if each.task.status is Status.BLOCKED],
        # The milestone itself is, once its tasks are done.
        "ready": [str(each.key) for each in (*tasks, milestone.entry) if each.key in ready],
    }


def _counts(tasks: Sequence[Entry]) -> dict[str, int]:
    """Return how many tasks are done, of how many; cancelled ones are not to be done any more."""
    counted = [
        each for each in tasks if each.task.status not in (Status.CANCELLED, Status.ORPHANED)
    ]
    return {
        "done": sum(each.task.status is Status.DONE for each in counted),
        "of": len(counted),
    }


def _share(counts: Mapping[str, int]) -> str:
    return f"{counts['done']}/{counts['of']}"
