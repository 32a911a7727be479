"""The claims of one session: kept alive while it lasts, and what of them its model has to hear."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kanban_sync.agents.heartbeat import BEATS, words_for
from kanban_sync.agents.work import ATTENDED
from kanban_sync.core.errors import HeldError, KanbanSyncError, LostClaimError
from kanban_sync.core.spans import lasting

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from kanban_sync.agents.work import Done, Work
    from kanban_sync.core.work import Entry


class HeldClaims:
    """The claims of one agent. Usable from any thread."""

    def __init__(self, agent: str, lease: float = ATTENDED) -> None:
        """Begin with none.

        Args:
            agent: Who holds them.
            lease: Seconds for which each heartbeat makes them last.
        """
        self._agent = agent
        self.lease = lease
        self._lock = threading.Lock()
        self._tokens: dict[str, int] = {}
        self._lost: dict[str, int] = {}
        self._changed: dict[str, tuple[str, ...]] = {}
        self._notes: list[str] = []
        self._ended = threading.Event()

    def start(self, work: Work, text: str) -> Done:
        """Claim a task, or go on with this session's own claim of it.

        Raises:
            HeldError: Somebody else has it, or another session of the same agent's name.
        """
        key = str(work.key(text))
        try:
            return work.start(key, self._agent, self.lease, self.token(key))
        except HeldError as error:
            if error.agent != self._agent:
                raise
            time = lasting(error.expires, work.time())
            raise HeldError(
                f"Another session called {self._agent} has {key}, {time}; a session goes on only"
                " with claims of its own. If that one is over, the task can be claimed then.",
                error.agent,
                error.expires,
            ) from error

    def hold(self, entry: Entry) -> None:
        """Keep a claim alive from now on."""
        if entry.claim is not None:
            with self._lock:
                self._tokens[str(entry.key)] = entry.claim.token
                self._lost.pop(str(entry.key), None)

    def let_go(self, key: str) -> None:
        """Keep a claim alive no more."""
        with self._lock:
            self._tokens.pop(key, None)
            self._lost.pop(key, None)
            self._changed.pop(key, None)

    def token(self, key: str) -> int:
        """Return the token of this session's claim, also of one that was lost; 0 for none.

        Another session may have the same agent's name.
        """
        with self._lock:
            return self._tokens.get(key) or self._lost.get(key, 0)

    def keys(self) -> list[str]:
        """Return the keys of what is claimed."""
        with self._lock:
            return sorted(self._tokens)

    def notes(self) -> list[str]:
        """Return what happened to the claims since it was asked last."""
        with self._lock:
            notes, self._notes = self._notes, []
            return notes

    def beat(self, work: Work) -> None:
        """Extend all claims once; one that is lost is noted, and so is a task that changed."""
        with self._lock:
            tokens = dict(self._tokens)
        for key, token in tokens.items():
            try:
                entry = work.extend(key, self._agent, token, self.lease)
                changed = work.changed(entry)
            except LostClaimError as error:
                self._lose(key, token)
                self.note(str(error))
                continue
            except KanbanSyncError:
                # The next one may come through: a claim is good until somebody else has one.
                continue
            if changed and self._changed.get(key) != changed:
                self._changed[key] = changed
                self.note(f"{key} {words_for(key, changed)}")

    def _lose(self, key: str, token: int) -> None:
        with self._lock:
            # It may have been claimed anew meanwhile.
            if self._tokens.get(key) == token:
                self._lost[key] = self._tokens.pop(key)
                self._changed.pop(key, None)

    def keep(self, open_work: Callable[[], AbstractContextManager[Work]]) -> None:
        """Beat until the session ends, in the thread that calls it."""
        while not self._ended.wait(self.lease / BEATS):
            if not self.keys():
                continue
            try:
                with open_work() as work:
                    self.beat(work)
            except KanbanSyncError:
                continue

    def is_over(self) -> bool:
        """Whether the session has ended."""
        return self._ended.is_set()

    def end(self) -> None:
        """Let ``keep`` return; claims that are still held run out by themselves."""
        self._ended.set()

    def note(self, text: str) -> None:
        """Keep what the model has to hear with its next answer."""
        with self._lock:
            self._notes.append(text)
