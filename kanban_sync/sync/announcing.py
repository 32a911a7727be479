"""Records what operations are about to say, what they said, and of which nothing will come."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from kanban_sync.core.errors import KanbanSyncError, LostLeaseError, StoreError
from kanban_sync.core.operations import Archive, Create, Forget, Update, key_of
from kanban_sync.core.sayings import about_to_say, ended, said_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.board import Said
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Operation
    from kanban_sync.core.ports import Receipt, TaskStore
    from kanban_sync.core.settled import Settled

ANNOUNCED = 32
"""For how many operations at once it is recorded what they are about to say."""


class Announced:
    """The sayings of one pass, from their announcement to their end.

    ``asked`` are the keys of what was begun and may still be done.
    """

    def __init__(  # noqa: PLR0913 - where, of what, when, and two things that the drawing tells
        self,
        store: TaskStore,
        target: str,
        base: Mapping[TaskKey, Said],
        now: Callable[[], float],
        settled: Callable[[Iterable[Said]], Mapping[TaskKey, Settled]] = lambda _said: {},
        since: int | None = None,
    ) -> None:
        """Take where to record, what was last agreed on, and what tells what is settled by now.

        ``since`` is the last event of before the tasks were read: some may have other keys by now.
        """
        self.asked: set[TaskKey] = set()
        self._store = store
        self._target = target
        self._base = base
        self._now = now
        self._settled = settled
        self._since = since
        self._begun: dict[TaskKey, Said] = {}

    def each(self, operations: Sequence[Operation]) -> Iterator[Operation]:
        """Yield the operations in their order, each after what it is about to say is recorded.

        A part at a time, so that the first writes need not wait for all of it.
        """
        for start in range(0, len(operations), ANNOUNCED):
            part = operations[start : start + ANNOUNCED]
            now = self._now()
            begun = {
                each.card.key: about_to_say(each, self._base.get(each.card.key), now)
                for each in part
                if isinstance(each, Create | Update | Archive)
            }
            if begun:
                self._begun |= begun
                self._store.remember(self._target, begun.values(), since=self._since)
            yield from part

    def record(self, wave: Sequence[tuple[Operation, Receipt]]) -> None:
        """Record what operations said that are done."""
        said = [
            said_after(operation, receipt.said, self._base.get(key_of(operation)))
            for operation, receipt in wave
            if receipt.said is not None
        ]
        if said:
            self._store.remember(self._target, said, self._settled(said), self._since)
        if gone := [each.key for each, _ in wave if isinstance(each, Forget)]:
            self._store.forget(self._target, gone)
        for operation, _ in wave:
            self._begun.pop(key_of(operation), None)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Record of what was refused, or not begun any more, that nothing will come of it."""
        if error is not None and not isinstance(error, KanbanSyncError):
            return
        over = [ended(begun) for key, begun in self._begun.items() if key not in self.asked]
        # What cannot be recorded counts as under way for a while.
        with suppress(StoreError, LostLeaseError):
            if over:
                self._store.remember(self._target, over, since=self._since)
