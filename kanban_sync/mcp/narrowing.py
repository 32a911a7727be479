"""Which tasks are of an epic, a milestone or a domain, and what there is of those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.errors import UnknownGroupError
from kanban_sync.core.missions import SOURCE, called, missions_of
from kanban_sync.core.model import Status
from kanban_sync.core.work import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.agents.work import Work
    from kanban_sync.core.work import Entry


def narrowed(work: Work, found: list[Entry], kind: str, which: str) -> list[Entry]:
    """Return those of some tasks that are of one epic, milestone or domain; all if none is named.

    To a milestone of a mission belongs what ``mission status`` shows with it, itself included.

    Args:
        work: Where all tasks are.
        found: Those to choose from.
        kind: ``epic``, ``milestone`` or ``domain``.
        which: What it is called.

    Raises:
        UnknownGroupError: No task is of one that is called so.
    """
    if not which:
        return found
    every = work.tasks(ANY, list(Status))
    missions = missions_of(every, work.files()) if kind == "milestone" else []
    meant = called(missions, which.strip())
    of = {each.key for one in meant for each in (*one.tasks, one.entry)}
    of |= {each.key for each in every if _belongs(each, kind, which.casefold().strip())}
    if not of:
        known = dict.fromkeys(name for each in every for name in _names(each, kind))
        own = [str(one.entry.key) for each in missions for one in each.milestones]
        raise UnknownGroupError(which, [*own, *known], kind)
    return [each for each in found if each.key in of]


def _belongs(entry: Entry, kind: str, wanted: str) -> bool:
    """Tell whether a task is of an epic, a milestone or a domain, as its file names it."""
    task = entry.task
    said = [*_said(entry, kind), task.group, *((task.parent.name,) if task.parent else ())]
    return any(wanted in {each.casefold(), each.casefold().rpartition("/")[2]} for each in said)


def _names(entry: Entry, kind: str) -> Sequence[str]:
    """Return what is called so, as the file of a task names it: by its title where there is one."""
    task = entry.task
    is_group = any(name.casefold().startswith(f"{kind} ") for name, _ in task.fields)
    is_named = is_group and task.group and task.key.source != SOURCE
    own = [value for name, value in task.fields if name.casefold() == kind]
    return own or ([task.group] if is_named else [])


def _said(entry: Entry, kind: str) -> Iterator[str]:
    for name, value in entry.task.fields:
        if name.casefold() in {kind, f"{kind} id"}:
            yield value
