"""What is done on an unmerged branch alone: there the default branch does not say so yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.assemble import tasks_of
from kanban_sync.core.model import Status
from kanban_sync.core.slots import EMPTY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Source
    from kanban_sync.core.sides import Overlay, Side


class Laid(NamedTuple):
    """A unit as the base layer has it, as all layers together leave it, and what the others say."""

    base: Side
    merged: Side
    said: Sequence[Overlay]

    def told(self, tasks: Iterable[Task], project: str, source: Source) -> list[Task]:
        """Return its tasks; one that is done names a branch only if the base layer has it open."""
        done: set[TaskKey] = set()
        if self.base.unit is not None:
            files = tuple(self.base.files.values())
            there = tasks_of(self.base.unit, project, files, source.status_of_unit)
            done = {task.key for task in there if task.status.satisfies}
        return [
            task._replace(branch="" if task.key in done else task.branch or self._placed_by)
            if task.status.satisfies
            else task
            for task in tasks
        ]

    def taken_out(self, source: str) -> dict[tuple[str, str], str]:
        """Return source and name of tasks that layers alone took out, each with such a layer.

        The base layer has them, and has them open.
        """
        found: dict[tuple[str, str], str] = {}
        for slot, read in self.merged.files.items():
            here = self.base.files.get(slot)
            was = here.state if here is not None else self.base.had.get(slot, EMPTY)
            is_there = read.state.owns()
            opened = () if here is None else was.tasks
            out = {each.own for each in opened if not Status(each.status).satisfies}
            out |= read.state.completed.keys() - was.completed.keys()
            for own in out - is_there:
                layers = [
                    each.layer
                    for each in self.said
                    if slot in each.side.files and own in each.side.files[slot].state.removed
                ]
                found[source, read.state.name_of(own)] = (layers or [self.said[0].layer])[0]
        return found

    @property
    def _placed_by(self) -> str:
        place = self.merged.place
        return next((each.layer for each in self.said if each.side.place == place), "")


def with_layers(
    gone: Iterable[Task],
    known: Iterable[Task],
    held: Collection[object],
    by: Mapping[tuple[str, str], str],
) -> list[Task]:
    """Return tasks that no file holds, with the layers that alone took them out.

    Args:
        gone: Those that are new.
        known: All tasks of the database, of which some may have been taken out before.
        held: The keys of all tasks that the files hold.
        by: Source and name of those that layers alone took out -> the layer.
    """
    found = [each._replace(branch=by.get(each.key[1:], "")) for each in gone]
    there = {each.key for each in found}
    for task in known:
        layer = by.get(task.key[1:], "")
        is_over = task.status is Status.DONE and task.key not in held and task.key not in there
        if is_over and task.branch != layer:
            found.append(task._replace(branch=layer))
    return found
