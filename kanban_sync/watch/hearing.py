"""How a watcher hears of changes: from the system, or by looking through all files again and again.

The only import of watchfiles, which need not be installed.
"""

from __future__ import annotations

import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from kanban_sync.watch.scope import stamps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from watchfiles import Change
    from watchfiles.main import FileChange

    from kanban_sync.watch.pace import Stamp

GATHER = 100
"""Milliseconds for which changes are gathered before anybody hears of them."""

STEP = 25
"""Milliseconds without another change after which they are told at once."""

LISTEN = 250
"""Milliseconds after which the listening thread looks whether it is still wanted."""

NOT_INSTALLED = "watchfiles is not installed (the extra 'watch' brings it)"


class DeafError(Exception):
    """The system does not tell of changes, or not any more; the text says why."""


class Hearing(Protocol):
    """What tells of changes."""

    mode: str
    """``events`` or ``poll``."""

    def wait(self, seconds: float) -> set[str]:
        """Wait until something may have changed, but no longer than that; return the paths.

        Raises:
            DeafError: It cannot be told any more.
        """
        ...

    def close(self) -> None:
        """Stop."""
        ...


class Told:
    """The system tells of each change; very many at once are heard of as one set of paths."""

    mode = "events"

    def __init__(self, folders: Sequence[Path], holds: Callable[[str], bool]) -> None:
        """Begin to listen; whatever happens from now on is heard of.

        Args:
            folders: The folders in which to listen, with all below them.
            holds: Whether a path matters.

        Raises:
            DeafError: The system has no more watches to give, or watchfiles is not installed.
        """
        if find_spec("watchfiles") is None:
            raise DeafError(NOT_INSTALLED)
        self._folders, self._holds = folders, holds
        self._news = threading.Condition()
        self._paths: set[str] = set()
        self._error = ""
        self._is_begun = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)
        self._thread.start()
        with self._news:
            self._news.wait_for(lambda: self._is_begun or self._error)
        if self._error:
            raise DeafError(self._error)

    def _listen(self) -> None:
        try:
            try:
                self._take(self._heard(lenient=False))
            except PermissionError:
                # Told to let such folders be, watchfiles lets all be of which it cannot hear.
                self._take(self._heard(lenient=True))
            why = "nobody tells of changes any more"
        except Exception as error:  # noqa: BLE001 - whatever it is, polling goes on
            why = f"the system does not tell of changes: {str(error).partition(' (')[0]}"
        with self._news:
            self._error = why
            self._news.notify_all()

    def _heard(self, *, lenient: bool) -> Iterator[set[FileChange]]:
        from watchfiles import watch  # noqa: PLC0415 - whoever polls need not have it

        return watch(
            *self._folders,
            watch_filter=self._is_news,
            debounce=GATHER,
            step=STEP,
            rust_timeout=LISTEN,
            yield_on_timeout=True,
            stop_event=self._is_over,
            raise_interrupt=False,
            ignore_permission_denied=lenient,
        )

    def _is_news(self, _change: Change, path: str) -> bool:
        # Where others never pause, nothing else tells that it has begun.
        if not self._is_begun:
            self._hear(())
        return self._holds(path)

    def _take(self, heard: Iterable[set[FileChange]]) -> None:
        for changes in heard:
            self._hear(path for _, path in changes)

    def _hear(self, paths: Iterable[str]) -> None:
        with self._news:
            self._is_begun = True
            self._paths.update(paths)
            self._news.notify_all()

    def wait(self, seconds: float) -> set[str]:
        """Wait until something may have changed, but no longer than that; return the paths."""
        with self._news:
            self._news.wait_for(lambda: self._paths or self._error, seconds)
            if self._error:
                raise DeafError(self._error)
            found, self._paths = self._paths, set()
        return found

    def close(self) -> None:
        """Stop listening."""
        self._is_over.set()
        self._thread.join()


class Polled:
    """All files are looked through, again and again."""

    mode = "poll"

    def __init__(
        self,
        listed: Callable[[], Iterable[str]],
        every: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look through all files once.

        Args:
            listed: Tells which files there are.
            every: Seconds between two looks.
            clock: Tells the time in seconds, and only goes on.
            sleep: Waits.
        """
        self._listed, self._every, self._clock, self._sleep = listed, every, clock, sleep
        self._known = self._look()
        self._next = clock() + every

    def _look(self) -> dict[str, Stamp]:
        return stamps_of(list(self._listed()), with_content=True)

    def wait(self, seconds: float) -> set[str]:
        """Wait for the next look, but no longer than that; return what is not as it was."""
        left = self._next - self._clock()
        if left > seconds:
            self._sleep(seconds)
            return set()
        self._sleep(max(left, 0.0))
        now = self._look()
        self._next = self._clock() + self._every
        before, self._known = self._known, now
        names = before.keys() | now.keys()
        return {name for name in names if before.get(name) != now.get(name)}

    def close(self) -> None:
        """Stop."""
