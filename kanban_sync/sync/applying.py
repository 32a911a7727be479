"""Carries out a plan's operations, a few at once, and says beforehand what will be said."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

from kanban_sync.core.errors import KanbanSyncError, RefusedError
from kanban_sync.core.operations import key_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.operations import Operation
    from kanban_sync.core.ports import Board, Receipt

IN_FLIGHT = 4
"""How many operations are under way at once: more than Planka serves only adds waiting."""

WAVE = 16
"""How many operations are recorded together at most."""

LONGEST_WAVE = 0.1
"""For how many seconds an operation that is done may wait to be recorded with others."""


def apply_all(
    board: Board,
    operations: Iterable[Operation],
    refused: dict[TaskKey, str],
    asked: set[TaskKey],
) -> Generator[list[tuple[Operation, Receipt]], None, None]:
    """Carry out operations, a few at once, and yield them with their receipts, wave by wave.

    The operations are taken, by the thread that listens, shortly before each is begun.

    Whoever stops listening has to close it, so that nothing new is begun.
    A wave is what may be recorded together: at most ``WAVE`` operations, and none that was done
    longer than ``LONGEST_WAVE`` ago. One that is refused is noted with the reason, and the others
    go on. Any other error ends it: nothing new is begun, what is under way is waited for and
    yielded, then the error is raised. In ``asked`` are, afterwards, the keys of what was begun and
    may still be done.
    """
    under_way = _UnderWay(board, iter(operations), asked)
    failure: KanbanSyncError | None = None
    wave: list[tuple[Operation, Receipt]] = []
    until = 0.0
    with under_way:
        while under_way.begin():
            ended = under_way.next_ended(until - time.monotonic() if wave else None)
            if ended is not None:
                operation, future = ended
                error = future.exception()
                if not (isinstance(error, KanbanSyncError) and error.may_come):
                    asked.discard(key_of(operation))
                try:
                    receipt = future.result()
                except RefusedError as error:
                    refused[key_of(operation)] = str(error)
                except KanbanSyncError as error:
                    failure = failure or error
                    under_way.stop()
                else:
                    until = until if wave else time.monotonic() + LONGEST_WAVE
                    wave.append((operation, receipt))
            if len(wave) >= WAVE or (wave and time.monotonic() >= until):
                yield wave
                wave = []
    if wave:
        yield wave
    if failure is not None:
        raise failure


class _UnderWay:
    """Operations that were handed to threads: those under way, and as many that come next."""

    def __init__(self, board: Board, waiting: Iterator[Operation], asked: set[TaskKey]) -> None:
        self._board = board
        self._waiting = waiting
        self._asked = asked
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="board")
        self._handed: dict[Future[Receipt], Operation] = {}
        self._ended: SimpleQueue[Future[Receipt]] = SimpleQueue()

    def begin(self) -> bool:
        """Hand over what comes next, so that no thread waits for it; False once all is done."""
        for operation in islice(self._waiting, 2 * IN_FLIGHT - len(self._handed)):
            self._asked.add(key_of(operation))
            future = self._pool.submit(self._board.apply, operation)
            self._handed[future] = operation
            future.add_done_callback(self._ended.put)
        return bool(self._handed)

    def next_ended(self, seconds: float | None) -> tuple[Operation, Future[Receipt]] | None:
        """Wait for an operation to end, however it does; None if there is none to tell of."""
        try:
            future = self._ended.get(timeout=None if seconds is None else max(0.0, seconds))
        except Empty:
            return None
        operation = self._handed.pop(future, None)
        return None if operation is None else (operation, future)

    def stop(self) -> None:
        """Begin nothing new; what was not begun yet is never told of."""
        self._waiting = iter(())
        for future in [each for each in self._handed if each.cancel()]:
            self._asked.discard(key_of(self._handed.pop(future)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)


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
