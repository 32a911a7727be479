"""What a model can ask of missions, by the names that ``@mosaic/coord`` gave such questions.

The docstrings of the methods named in ``MISSION_TOOLS`` are what a model reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.agents.entries import entry_data
from kanban_sync.agents.missions import NO_MISSION, mission_tasks, missions_data
from kanban_sync.mcp.tools import LISTED
from kanban_sync.mcp.wording import brief, status_called

if TYPE_CHECKING:
    from kanban_sync.mcp.tools import Tools

MISSION_TOOLS = ("coord_mission_status", "coord_list_tasks", "coord_task_detail")
"""The methods of ``MissionTools`` that are offered."""


class MissionTools:
    """The tools that ask of missions. Usable from any thread.

    Raises:
        KanbanSyncError: From any method; nothing was changed.
    """

    def __init__(self, tools: Tools) -> None:
        """Bind to the tools of a session, through which the database is read."""
        self._tools = tools

    def coord_mission_status(self, mission: str = "") -> dict[str, Any]:
        """Return how far missions are: each milestone, its tasks, who works on what, what is ready.

        Args:
            mission: The name, id or file of one; without it all.
        """
        with self._tools.work() as work:
            found = missions_data(work, mission)
        return self._tools.answer(missions=found, next="" if found else f"{NO_MISSION}.")

    def coord_list_tasks(
        self, mission: str = "", milestone: str = "", statuses: list[str] | None = None
    ) -> dict[str, Any]:
        """List the tasks of missions, those that are over too.

        Args:
            mission: The name, id or file of one; without it all.
            milestone: Only tasks of the milestone with this key, id or title.
            statuses: Only tasks with one of these statuses.
        """
        wanted = {status_called(each) for each in statuses or ()}
        with self._tools.work() as work:
            found = mission_tasks(work, mission, milestone)
        tasks = [each for each in found if not wanted or each.task.status in wanted]
        shown = brief([entry_data(each) for each in tasks[:LISTED]])
        return self._tools.answer(tasks=shown, of=len(tasks))

    def coord_task_detail(self, key: str) -> dict[str, Any]:
        """Return all of one task: its words, what it waits for, who has it, and its history.

        Args:
            key: That of the task, its id alone, or path:line.
        """
        return self._tools.get_task(key)
