"""A store that goes on with the copy once the server does not answer, and back when it does."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol, cast

from kanban_sync.agents.waiting import LONGEST
from kanban_sync.core.assignment import AssigningStore
from kanban_sync.core.bases import Bases
from kanban_sync.core.errors import StoreError, UnreachableStoreError, UnwritableStoreError
from kanban_sync.core.ports import TaskStore
from kanban_sync.core.work import WorkStore
from kanban_sync.databases.last_used import words_of_another
from kanban_sync.databases.ports import back_words
from kanban_sync.machine_time import moment
from kanban_sync.stores.away_shelf import LeftError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.agents.work import Store
    from kanban_sync.core.lease import Leases
    from kanban_sync.core.work import Entry, Orchestrator
    from kanban_sync.databases.copies import Copies
    from kanban_sync.databases.ports import Clone, Mode
    from kanban_sync.stores.away import AwayStore
    from kanban_sync.stores.postgres import PostgresStore

TRY_BACK = 2.0
"""Seconds between two looks at whether the server answers again."""

DEEDS = frozenset(
    {
        *("claim", "claim_next", "extend", "finish", "release", "set_status", "assign", "add"),
        "register",
    }
)
"""What is noted, for an agent whose database goes away a moment later."""

IDLE = 1.0
"""Seconds without work after which it is looked whether others found the server away meanwhile."""

BRING = 2.0
"""Seconds between two looks at whether others of this clone are cut off, by another name."""

METHODS = sorted(
    name
    for port in (Bases, TaskStore, WorkStore, AssigningStore)
    for name, each in vars(port).items()
    if callable(each) and not name.startswith("_") and name != "close"
)


class Sides(Protocol):
    """The database, and the copy with which work goes on while it is away."""

    @property
    def name(self) -> str:
        """What the database is called."""
        ...

    @property
    def copies(self) -> Copies:
        """Where the copies lie of all databases."""
        ...

    def known_identity(self) -> str:
        """Return which of all databases it was the last time that it was reached."""
        ...

    def mode(self, project: str) -> Mode:
        """Return on which of them work goes on."""
        ...

    @property
    def clone(self) -> Clone:
        """Whose copy it is."""
        ...

    def reach(self, project: str) -> PostgresStore:
        """Open the database, with all that was done while it was away."""
        ...

    def apart(self, project: str, error: UnreachableStoreError | None) -> AwayStore:
        """Open the copy."""
        ...

    def tries_later(self) -> bool:
        """Tell whether the server is not asked just yet."""
        ...

    def note_away(self, project: str, seconds: float) -> None:
        """Note that the server does not answer, which took so long to find out."""
        ...

    def note(self, store: PostgresStore, project: str, found: Entry | Orchestrator) -> None:
        """Note what was done in the database."""
        ...

    def bring(self, store: PostgresStore, project: str, *, is_news: bool = False) -> None:
        """Bring in what others of this clone have done apart, and let them know what is new."""
        ...

    def copy_in_passing(self, store: PostgresStore, project: str) -> None:
        """Renew a copy that is old."""
        ...


class Switching:
    """The database, or the copy while that is away, for any number of threads.

    What was sent to a server that then fell silent may have been done or not: that is told as the
    database tells it, and the next method goes on with the copy.
    """

    def __init__(self, sides: Sides, project: str, to_tell: Callable[[str], None]) -> None:
        """Open one of them; the methods are those of a store.

        ``to_tell`` hears of it once work goes on with the other one of them.
        """
        self._sides = sides
        self._project = project
        self._to_tell = to_tell
        self._lock = threading.RLock()
        self._there: PostgresStore | None = None
        self._here: AwayStore | None = None
        self._since = moment()
        self._is_closed = False
        self._tried = self._used = self._brought = time.monotonic()
        self._open()
        # Whoever opens it tells which it is; from here on it may become another one.
        self._identity = sides.known_identity()

    @classmethod
    def between(cls, sides: Sides, project: str, to_tell: Callable[[str], None]) -> Store:
        """Open the database, or the copy if its server does not answer."""
        return cast("Store", cls(sides, project, to_tell))

    @property
    def leases(self) -> Leases | None:
        """Those of the database, if it is there."""
        return self._there.leases if self._there is not None else None

    @property
    def is_apart(self) -> bool:
        """Whether work goes on with the copy."""
        return self._here is not None

    def come_back(self) -> None:
        """Go back to the database at once, if it is there."""
        with self._lock:
            if self._here is not None and not self._is_closed:
                self._reopen()

    def close(self) -> None:
        """Close what is open, for good."""
        self._is_closed = True
        self._let_go()

    def _let_go(self, *, is_away: bool = False) -> None:
        with self._lock:
            there, here, self._there, self._here = self._there, self._here, None, None
        if here is not None:
            here.close()
        if there is not None:
            try:
                if not is_away:
                    self._sides.copy_in_passing(there, self._project)
            finally:
                there.close()

    def _open(self, error: UnreachableStoreError | None = None) -> None:
        """Open one of them; the copy, if the server has just been found away."""
        if error is None and not self._sides.tries_later():
            try:
                self._there = self._sides.reach(self._project)
            except UnreachableStoreError as away:
                error = away
            else:
                return
        self._here = self._sides.apart(self._project, error)
        # Others may come back first, and then the copy says nothing of it any more.
        self._since = self._here.since or self._since

    def _store(self) -> PostgresStore | AwayStore:
        now = time.monotonic()
        is_none = self._here is None and self._there is None
        is_back = self._here is not None and now >= self._tried + TRY_BACK
        # Nobody is to find out anew, for seconds, what others have found out just now.
        is_away = self._there is not None and now >= self._used + IDLE and self._sides.tries_later()
        if not self._is_closed and (is_none or is_back or is_away):
            self._reopen(is_away=is_away)
        found = self._there or self._here
        if found is None:
            raise StoreError("The task database was closed.")
        if found is self._here:
            self._sides.clone.check_there()
        return found

    def _reopen(self, error: UnreachableStoreError | None = None, *, is_away: bool = False) -> None:
        self._tried, was_there = time.monotonic(), self._there is not None
        since = self._since if self._here is not None else None
        self._let_go(is_away=is_away or error is not None)
        self._open(error)
        if was_there and self._here is not None:
            self._to_tell(self._sides.mode(self._project).words(self._sides.name))
        elif since is not None and self._there is not None:
            is_another = self._is_another(self._there)
            self._to_tell(back_words(self._sides.name, since.at(moment()), is_another=is_another))
        if self._there is not None:
            self._tell_of_another(self._there)

    def _is_another(self, there: PostgresStore) -> bool:
        return "" not in (found := {self._identity, there.identity}) and len(found) > 1

    def _tell_of_another(self, there: PostgresStore) -> None:
        """Say it once that the name leads to another database than before, with what is left."""
        is_another, self._identity = self._is_another(there), there.identity or self._identity
        if is_another:
            name = self._sides.name
            left = self._sides.copies.left(name, there.identity, self._project)
            for line in (words_of_another(name), *left.splitlines()):
                self._to_tell(line)

    def _do(self, name: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the ports say
        # One after the other, as they go on either side: none is closed that another thread is in.
        with self._lock:
            store = self._store()
            self._bring(store)
            began = time.monotonic()
            try:
                found = getattr(store, name)(*arguments, **named)
            except (UnreachableStoreError, LeftError) as error:
                # Nothing was sent, or nothing was written: it may be done on the other side.
                away = error if isinstance(error, UnreachableStoreError) else None
                if away is not None:
                    self._sides.note_away(self._project, time.monotonic() - began)
                self._reopen(away)
                store = self._store()
                found = getattr(store, name)(*arguments, **named)
            except UnwritableStoreError:
                if self._there is not None and self._there.absence is not None:
                    # Nor does it hear of anybody.
                    self._there.absence.note(asked_again=LONGEST)
                raise
            finally:
                self._used = time.monotonic()
            there = self._there
            if there is not None:
                # Also where a connection was lost alone, and made anew.
                self._tell_of_another(there)
            if name in DEEDS and found is not None and there is not None and store is there:
                self._sides.note(there, self._project, found)
                self._sides.bring(there, self._project, is_news=True)
            return found

    def _bring(self, store: PostgresStore | AwayStore) -> None:
        """Look now and then for what was done apart, so that it is there for whoever only looks."""
        there, now = self._there, time.monotonic()
        if there is not None and store is there and now >= self._brought + BRING:
            self._brought = now
            self._sides.bring(there, self._project)


def _method(name: str) -> Callable[..., Any]:
    def method(self: Switching, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        return self._do(name, *arguments, **named)

    method.__name__ = name
    method.__doc__ = f"Do what ``{name}`` of the store does that is open."
    return method


for _name in METHODS:
    setattr(Switching, _name, _method(_name))
