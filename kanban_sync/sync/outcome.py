"""What reading the files of all layers has come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.core.errors import OutOfReachError
    from kanban_sync.core.model import Problem, Task, TaskKey
    from kanban_sync.core.ports import FilesState
    from kanban_sync.sync.branch_problems import BranchProblem


@dataclass(frozen=True, slots=True)
class Reading:
    """All tasks that the files hold, what became of the others, and what to remember.

    ``is_new`` tells whether anything was read at all; if not, the tasks are the database's.
    ``lacking`` tells why the base layer is not read as it is, but as it was. Those of the problems
    that are other layers' are ``on_branches``, too.
    """

    tasks: tuple[Task, ...]
    gone: tuple[Task, ...]
    files: FilesState
    problems: tuple[Problem, ...]
    branch: str
    tip: str
    is_new: bool
    lacking: OutOfReachError | None = None
    on_branches: tuple[BranchProblem, ...] = ()

    def without(self, gone: Collection[TaskKey]) -> Reading:
        """Return the reading without some of the tasks that vanished."""
        return replace(self, gone=tuple(task for task in self.gone if task.key not in gone))
