"""Agents that wait for work: they are known to the monitor that leads, and let it choose first.

Where none leads, nothing is written, and whoever waits looks by itself whenever something happens.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from kanban_sync.core.assignment import Idle
from kanban_sync.core.bus import Queue
from kanban_sync.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.agents.work import Work
    from kanban_sync.core.order import Wanted

RENEW = 20.0
"""Seconds after which an agent says once more that it waits."""

ASK = 2.0
"""Seconds after which it is asked once more whether somebody leads."""

FIRST_CHOICE = 1.0
"""Seconds for which a monitor may choose who is to have what came up; then whoever waits looks."""


class Idleness:
    """The time in which one agent waits."""

    def __init__(
        self,
        agent: str,
        wanted: Wanted,
        orchestrator: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set out; nobody is told before somebody leads.

        Args:
            agent: Who waits.
            wanted: For what. Who waits for parts of one task looks by itself.
            orchestrator: Whose agent it is, '' if nobody's.
            now: Seconds that only grow.
        """
        self._agent = agent
        self._wanted = wanted
        self._orchestrator = orchestrator
        self._now = now
        self._since = 0.0
        self._is_known = self._is_led = False
        self._told = self._looked = float("-inf")

    @property
    def pace(self) -> float:
        """For how many seconds nobody has to look, if nothing happens."""
        return FIRST_CHOICE if self._is_led else ASK

    @property
    def queues(self) -> list[Queue]:
        """Where hints come for it: its own queue, and those of the tags it asks for."""
        tags = sorted(self._wanted.tags or self._wanted.prefers)
        mine = [Queue("agent", self._agent)] if self._agent else []
        return [*mine, *(Queue("tag", each) for each in tags)]

    def is_to_look(self, work: Work) -> bool:
        """Tell whether it is time to look for work, and let it be known that somebody waits."""
        now = self._now()
        if now >= self._told + (RENEW if self._is_led else ASK):
            self._told = now
            self._is_led = self._note(work)
        if self._is_led and now < self._looked + FIRST_CHOICE and not self._has_offer(work):
            return False
        self._looked = now
        return True

    @property
    def is_known(self) -> bool:
        """Whether it was let known that somebody waits."""
        return self._is_known

    def end(self, work: Work, *, is_served: bool) -> None:
        """Wait no more; what was offered is let go, unless something was found."""
        if self._is_known:
            with suppress(StoreError):
                work.assigning.forget_idle(self._agent, work.time(), keep_offer=is_served)

    def _note(self, work: Work) -> bool:
        if self._wanted.parent is not None:
            return False
        # Where nothing can be written, whoever waits looks by itself.
        with suppress(StoreError):
            now = work.time()
            self._since = self._since or now
            idle = Idle(self._agent, self._wanted, self._orchestrator, self._since, now)
            is_led = work.assigning.note_idle(idle, now)
            self._is_known = self._is_known or is_led
            return is_led
        return False

    def _has_offer(self, work: Work) -> bool:
        return work.assigning.has_offer(self._agent, work.time())
