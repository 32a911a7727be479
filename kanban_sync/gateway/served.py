"""What is served: one clone, whose work on tasks is kept open from one request to the next.

Nothing here is tied to a work tree: a status that is set from elsewhere is written into no file.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.app import Clone
from kanban_sync.core.errors import (
    EditError,
    OtherDatabaseError,
    SetupError,
    StoreError,
    WorkError,
)
from kanban_sync.core.printable import printable
from kanban_sync.databases import is_another
from kanban_sync.workplace import Board

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanban_sync.agents.work import Work
    from kanban_sync.config import Settings
    from kanban_sync.core.mapping import Drawing

KEPT = 10.0
"""Seconds after which the database and the settings are opened anew: they may be others by now."""

BY_NOW = re.compile(r" \([^()]*\btasks?\b[^()]*\)")
"""How much was done while a database is away, which each who finds it so tells otherwise."""

DEBOUNCE = 1.0
"""Seconds from a change until the board is brought to follow, with all that changes meanwhile."""


class _Kept(NamedTuple):
    work: Work
    stack: ExitStack
    until: float


class _Following(Board):
    """The board that is to follow, after a while: who changes much starts one process for it."""

    def __init__(self, clone: Clone) -> None:
        """Begin with nothing asked for."""
        super().__init__(clone)
        self._clone = clone
        self._lock = threading.Lock()
        self._now = Board(clone)
        self._timer: threading.Timer | None = None

    def ask(self) -> None:
        """Leave a request at once, and let it be served soon."""
        with self._lock:
            self._now.ask()
            if self._timer is None:
                self._timer = threading.Timer(DEBOUNCE, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def follow(self) -> None:
        """Do nothing: what was asked for is served in a while."""

    def flush(self) -> None:
        """Let what was asked for be served now."""
        with self._lock:
            asked, self._now, self._timer = self._now, Board(self._clone), None
        asked.follow()


class _SharedClone(Clone):
    """A clone that many threads look at: what is committed is brought in once for all of them."""

    def __init__(self, common_dir: Path) -> None:
        """Bind to the common git folder."""
        super().__init__(common_dir)
        self._one = threading.Lock()
        self._begun = self._good = 0

    def refresh(self) -> None:
        """Bring in what was committed, unless somebody has begun to since this was called."""
        before = self._begun
        with self._one:
            if self._good > before:
                return
            self._begun += 1
            super().refresh()
            self._good = self._begun


class Served:
    """One clone, for any number of threads."""

    def __init__(self, clone: Clone) -> None:
        """Open it.

        Raises:
            KanbanSyncError: Its tasks cannot be read.
        """
        self.clone: Clone = _SharedClone(clone.common_dir)
        self.clone.warn = self.clone.warn_of_settings = self.note
        self.name = clone.top.name
        self._lock = threading.Lock()
        self._idle: dict[bool, list[_Kept]] = {True: [], False: []}
        self._following = _Following(self.clone)
        self._noted: dict[str, tuple[str, float]] = {}
        self._of_another: list[str] = []
        self._settings: tuple[Settings | None, float] = (None, 0.0)
        self.project = ""
        with self.looking() as work:
            self.project = work.project

    @contextmanager
    def looking(self) -> Iterator[Work]:
        """Give the work on tasks, for those who only look; also where nothing can be written."""
        with self._borrowed(is_looking=True) as work:
            yield work

    @contextmanager
    def changing(self) -> Iterator[Work]:
        """Give the work on tasks, for those who change something."""
        with self._borrowed(is_looking=False) as work:
            yield work

    def drawing(self) -> Drawing:
        """Return how cards are drawn."""
        with self._lock:
            settings, until = self._settings
        if settings is None or until <= time.monotonic():
            settings = self.clone.readable_settings()[0]
            with self._lock:
                self._settings = settings, time.monotonic() + KEPT
        return settings.drawing

    def notes(self) -> list[str]:
        """Return what those who look do not see at the moment, and why."""
        with self._lock:
            old = time.monotonic() - KEPT
            self._noted = {same: each for same, each in self._noted.items() if each[1] > old}
            noted = [text for text, _ in self._noted.values()]
            return [*noted, *(each for each in self._of_another if each not in noted)]

    def close(self) -> None:
        """Close all that is open, and let the board follow."""
        self._following.flush()
        self.forget()

    def forget(self) -> None:
        """Open the database anew for whoever comes next: it is another one by now."""
        with self._lock:
            idle = [*self._idle[True], *self._idle[False]]
            self._idle = {True: [], False: []}
        for each in idle:
            each.stack.close()

    @contextmanager
    def _borrowed(self, *, is_looking: bool) -> Iterator[Work]:
        kept = self._taken(is_looking=is_looking)
        try:
            kept.work.catch_up()
            yield kept.work
        except (WorkError, EditError):
            self._put_back(kept, is_looking=is_looking)
            raise
        except OtherDatabaseError:
            kept.stack.close()
            self.forget()
            raise
        except BaseException:
            kept.stack.close()
            raise
        self._put_back(kept, is_looking=is_looking)

    def _taken(self, *, is_looking: bool) -> _Kept:
        now = time.monotonic()
        with self._lock:
            idle = self._idle[is_looking]
            old = [each for each in idle if each.until <= now]
            idle[:] = [each for each in idle if each.until > now]
            kept = idle.pop() if idle else None
        for each in old:
            each.stack.close()
        return kept or self._opened(is_looking=is_looking)

    def _opened(self, *, is_looking: bool) -> _Kept:
        stack = ExitStack()
        opened = self.clone.work(self.note if is_looking else None, self._following)
        work = stack.enter_context(opened)
        if self.project not in {"", work.project}:
            stack.close()
            raise SetupError(
                f"this server serves the project {self.project}, and the clone holds"
                f" {work.project} by now; start 'kanban-sync serve' anew"
            )
        self._look_for_another(work.project)
        return _Kept(work, stack, time.monotonic() + KEPT)

    def _look_for_another(self, project: str) -> None:
        """Say it once if the database is another one than before, or something waits for it."""
        with suppress(StoreError):
            found = is_another(self.clone.database, project, self.clone.state)
            with self._lock:
                known = {*self._of_another, *(text for text, _ in self._noted.values())}
                new = [text for text in found if text not in known]
                self._of_another = found
            for text in new:
                self.say(text)

    def _put_back(self, kept: _Kept, *, is_looking: bool) -> None:
        with self._lock:
            self._idle[is_looking].append(kept)

    def note(self, text: str) -> None:
        """Keep for a while what somebody who looks does not see, and say it once."""
        same = BY_NOW.sub("", text)
        with self._lock:
            is_new = same not in self._noted
            self._noted[same] = text, time.monotonic()
        if is_new:
            self.say(text)

    def say(self, text: str) -> None:
        """Say something where the server was started."""
        sys.stderr.write(f"kanban-sync: {printable(text)}\n")
