"""What is done once however often it is asked for: answers are kept by idempotency key."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from kanban_sync.core.errors import WorkError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Answer = TypeVar("Answer")

REMEMBERED = 1000
"""For how many keys the answer is remembered."""


class OtherCallError(WorkError):
    """An idempotency key was given for something else before."""


class Once(Generic[Answer]):
    """Answers by the keys that callers made up; usable from any thread.

    They are kept in memory: whoever starts the server anew has to look what was done.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = threading.Lock()
        self._kept: dict[Hashable, _Kept[Answer]] = {}

    def answer(self, who: str, key: str, call: Hashable, act: Callable[[], Answer]) -> Answer:
        """Do something once for a key, and answer the same when it is asked for again.

        Who asks while it is being done waits for the answer. What failed was not done, and may be
        tried again.

        Args:
            who: Whose key it is: two callers may make up the same one.
            key: The key, '' for none.
            call: What is asked for.
            act: Does it.

        Raises:
            OtherCallError: Something else was asked for with that key before.
        """
        if not key:
            return act()
        with self._lock:
            kept = self._kept.setdefault((who, key), _Kept(call))
            while len(self._kept) > REMEMBERED:
                del self._kept[next(iter(self._kept))]
        with kept.lock:
            if kept.answers and kept.call != call:
                raise OtherCallError(
                    f"The idempotency key {key} was given with other words before; make a new one."
                )
            if not kept.answers:
                kept.call = call
                kept.answers.append(act())
            return kept.answers[0]


class _Kept(Generic[Answer]):
    """What was asked for with one key, and the answer, once there is one."""

    def __init__(self, call: Hashable) -> None:
        self.call = call
        self.lock = threading.Lock()
        self.answers: list[Answer] = []
