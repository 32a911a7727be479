"""Goes on for as long as it is let: hears of changes, waits as the pace says, and does passes."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import KanbanSyncError, SetupError
from kanban_sync.git_work_trees import places
from kanban_sync.sources import SOURCES
from kanban_sync.sync import requests
from kanban_sync.sync.background import detach, is_off
from kanban_sync.sync.notices import failure
from kanban_sync.sync.runner import Outcome
from kanban_sync.sync.watch_lock import WatchLock, watching
from kanban_sync.sync.watched import SETTINGS_PATHSPECS, pathspecs
from kanban_sync.watch.hearing import DeafError, Hearing, Polled, Told
from kanban_sync.watch.mounts import file_system, is_network
from kanban_sync.watch.pace import Pace, Times
from kanban_sync.watch.passes import Passes
from kanban_sync.watch.scope import Scope, stamps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kanban_sync.app import Clone

ASLEEP = 5.0
"""Seconds that a wait may take longer than it should before all is looked through."""


class Chosen(NamedTuple):
    """What whoever starts a watcher has chosen."""

    times: Times = Times()
    is_polling: bool = False


class Watching:
    """One process that watches a clone."""

    def __init__(
        self,
        clone: Clone,
        chosen: Chosen,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set out; nothing is watched yet.

        Args:
            clone: What to watch.
            chosen: How.
            say: Takes each line that is to be told.
            clock: Tells the time in seconds, and only goes on.
        """
        self._clone = clone
        self._chosen = chosen
        self._say = say
        self._clock = clock
        self._since = time.time()
        self._lock = WatchLock(clone.state)
        self._passes = Passes(clone, say)
        self._scope = Scope.of(clone)
        self._common = _identities([clone.common_dir])
        self._places = _identities(self._scope.folders)
        self._pace = Pace(chosen.times, clock())
        self._hearing: Hearing | None = None
        self._is_deaf = chosen.is_polling
        self._trouble = ""

    def once(self) -> int:
        """Do one full pass, and return the exit code.

        Raises:
            KanbanSyncError: As for a sync.
        """
        self._begin()
        try:
            self._passes.database()
            self._passes.ask()
            if self._passes.board() is Outcome.PENDING:
                raise SetupError("another clone of yours kept the board busy; try again")
        finally:
            self._lock.release()
        return int(self._passes.has_problems)

    def go_on(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Watch until somebody stops this process, by an exception or in words.

        Args:
            is_over: Whether it is to end; asked at least once a second.

        Raises:
            KanbanSyncError: Another process watches already, or the clone was removed.
        """
        self._begin()
        try:
            self._listen()
            self._passes.ask()
            while not is_over():
                self._turn()
        finally:
            self._end()

    def _begin(self) -> None:
        if self._lock.acquire():
            self._lock.note(self._since, "once")
            return
        other = watching(self._clone.state)
        raise SetupError(
            f"{other or 'another process'} watches this clone already, and one is enough: hooks"
            " leave their requests to it. Stop that one first if it is to be another"
        )

    def _end(self) -> None:
        if self._hearing is not None:
            self._hearing.close()
        self._lock.release()
        # Who asked relied on us; whoever comes now serves it.
        with suppress(KanbanSyncError, OSError):
            if self._passes.is_pending() and not is_off(self._clone.state):
                detach(self._clone.state)

    # --- hearing --------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Begin to hear of changes, in the way that this place allows."""
        if self._hearing is not None:
            self._hearing.close()
            self._hearing = None
        why = "" if self._is_deaf else self._why_deaf()
        if not (self._is_deaf or why):
            try:
                self._hearing = Told(self._scope.folders, self._scope.holds)
            except DeafError as error:
                why = str(error)
        every = self._chosen.times.poll
        if self._hearing is None:
            self._is_deaf = True
            self._hearing = Polled(self._listed, every, self._clock)
        self._lock.note(self._since, self._hearing.mode)
        how = f", looking every {every:g} s" if self._is_deaf else ""
        self._say(f"{why}: polling" if why else "")
        names = ", ".join(map(str, self._scope.tops))
        self._say(f"watching {names}{how} (process {os.getpid()})")
        # What happened since the last look was told by nobody.
        self._pace.missed(self._clock())

    def _why_deaf(self) -> str:
        for folder in self._scope.folders:
            kind = file_system(folder)
            if is_network(kind):
                return f"{folder} is on a file system of a network ({kind})"
        return ""

    def _listed(self) -> Iterator[str]:
        """Yield all files that matter."""
        yield from self._scope.references()
        settings = self._scope.settings
        watched = (*pathspecs(SOURCES, settings.sources), *SETTINGS_PATHSPECS)
        repository = self._clone.repository(settings)
        try:
            for _, top, git_dir in places(self._clone.common_dir, self._passes.edits.top):
                for path in repository.present(top, git_dir, watched):
                    yield f"{os.path.realpath(top)}/{path}"
        finally:
            repository.close()

    def _check_clone(self) -> None:
        """Go on for the clone alone with which it began: locks and requests are in its folder."""
        if _identities([self._clone.common_dir]) != self._common:
            raise SetupError(
                f"{self._clone.common_dir} was removed, moved or replaced; nothing is left to"
                " watch. Start again where the clone is now"
            )

    def _look_around(self) -> None:
        """See whether work trees came or went, or other files matter now."""
        if self._clone.place is not None and not self._clone.place.top.is_dir():
            self._clone = self._passes.clone = self._clone.again()
            self._clone.edits = self._passes.edits
        scope = Scope.of(self._clone)
        there = _identities(scope.folders)
        if (scope, there) != (self._scope, self._places):
            self._scope, self._places = scope, there
            self._listen()

    # --- passes ---------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Wait for what comes first, and do what is due then."""
        self._check_clone()
        self._hear()
        now = self._clock()
        waiting = list(self._pace.waiting)
        self._pace.looked(stamps_of(waiting, with_content=self._is_deaf), now)
        due = self._pace.due(now)
        if not due.database:
            return
        edits = self._passes.edits
        unsettled = self._pace.unsettled(now)
        edits.unsettled = unsettled
        # What is read though it never settles may be as young as it likes.
        late = self._pace.waiting.keys() - {*unsettled}
        edits.settle = 0.0 if late else self._chosen.times.settle
        if not self._is_done(self._passes.database):
            self._pace.read_failed(self._clock())
            return
        self._pace.read(now)
        self._pace.touched(edits.young, now)
        self._look_around()
        if due.board:
            if self._is_done(self._bring_up):
                self._pace.told()
                self._pace.touched(edits.young, now)
            else:
                self._pace.told_failed(self._clock())

    def _hear(self) -> None:
        self._lock.beat()
        began, longest = self._clock(), min(self._pace.wait(self._clock()), 1.0)
        paths: set[str] = set()
        try:
            if self._hearing is not None:
                paths = self._hearing.wait(longest)
        except DeafError as error:
            self._is_deaf = True
            self._say(str(error))
            self._listen()
        except KanbanSyncError as error:
            self._tell(str(error))
        now = self._clock()
        if now - began > longest + ASLEEP:
            self._pace.missed(now)
        if requests.size(self._clone.state) == self._passes.asked_to:
            paths.discard(self._scope.requests)
        self._pace.touched(paths, now)

    def _bring_up(self) -> None:
        if self._passes.board() is not Outcome.DONE:
            raise KanbanSyncError("another process is bringing up the board; looking again soon")

    def _is_done(self, part: Callable[[], object]) -> bool:
        """Do a part of a pass, and tell whether it went well; why not is told once."""
        try:
            part()
        except KanbanSyncError as error:
            self._tell(str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a bug in one pass is not to end all others
            self._tell(f"{error!r}\n{traceback.format_exc()}")
            return False
        self._trouble = ""
        return True

    def _tell(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._say(text)
            with suppress(KanbanSyncError):
                self._clone.state.notice(failure(text, None))


def _identities(folders: Iterable[Path]) -> tuple[tuple[int, int], ...]:
    """Return what tells the folders that are there from others of the same names."""
    found: list[tuple[int, int]] = []
    for folder in folders:
        with suppress(OSError):
            state = folder.stat()
            found.append((state.st_dev, state.st_ino))
    return tuple(found)
