"""Carries out a plan's operations, a few at once, and says beforehand what will be said."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from kanban_sync.core.errors import KanbanSyncError, RefusedError
from kanban_sync.core.operations import Archive, Create, Update, about_to_say, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from kanban_sync.core.board import Said
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.operations import Operation
    from kanban_sync.core.ports import Board, Receipt

IN_FLIGHT = 4
"""How many operations are under way at once: more than Planka serves only adds waiting."""


def to_be_said(operations: Iterable[Operation], base: Mapping[TaskKey, Said]) -> list[Said]:
    """Return the bases to record before the writes: what will be said, not yet finished."""
    return [
        about_to_say(operation, base.get(operation.card.key))
        for operation in operations
        if isinstance(operation, Create | Update | Archive)
    ]


def apply_all(
    board: Board, operations: Sequence[Operation], refused: dict[TaskKey, str]
) -> Iterable[tuple[Operation, Receipt]]:
    """Carry out operations, a few at once, and yield each with its receipt as it is done.

    One that is refused is noted with the reason, and the others go on. Any other error ends it:
    nothing new is begun, what is under way is waited for and yielded, then the error is raised.
    """
    waiting = iter(operations)
    running: dict[Future[Receipt], Operation] = {}
    failure: KanbanSyncError | None = None
    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="board") as pool:
        while True:
            while failure is None and len(running) < IN_FLIGHT:
                operation = next(waiting, None)
                if operation is None:
                    break
                running[pool.submit(board.apply, operation)] = operation
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                operation = running.pop(future)
                try:
                    yield operation, future.result()
                except RefusedError as error:
                    refused[key_of(operation)] = str(error)
                except KanbanSyncError as error:
                    failure = failure or error
    if failure is not None:
        raise failure


def refusal_lines(refused: Mapping[TaskKey, str], tasks: Iterable[Task]) -> list[str]:
    """Return a line for each card that was refused: ``path:line: key: reason``.

    A change is a folder, so the first line of its tasks stands for it.
    """
    tasks = list(tasks)
    return sorted(f"{_place(key, tasks)}{key}: {reason}" for key, reason in refused.items())


def _place(key: TaskKey, tasks: Iterable[Task]) -> str:
    mine = [task for task in tasks if task.path and key in {task.key, task.parent}]
    with_line = [task for task in mine if task.line]
    if not mine:
        return ""
    if not with_line:
        return f"{mine[0].path}: "
    first = min(with_line, key=lambda task: (task.key != key, task.line))
    return f"{first.path}:{first.line}: "
