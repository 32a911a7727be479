"""Waiting for work: woken by what is committed to the database, and looking by itself now and then.

What nobody tells is seen by looking: a lease that ran out, a commit whose hook did not run, an
event that another one held back.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager, suppress
from random import SystemRandom
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kanban_sync.agents.events import events_after
from kanban_sync.core.errors import StoreAwayError, StoreError, UnreachableStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.agents.idleness import Idleness
    from kanban_sync.agents.work import Done, Work
    from kanban_sync.core.bus import Queue
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry

Found = TypeVar("Found")
Acted = TypeVar("Acted")
Answer = TypeVar("Answer")

LOOK = 2.0
"""Seconds after which whoever waits looks, though nothing was told."""

RECLAIM = 20.0
"""Seconds after which it is looked whether an orchestrator fell silent, as often as one beats."""

IDLE = 200
"""How many times as long as a pass took none is begun: who waits is to cost next to nothing."""


AGAIN, RARELY = 1.0, 30.0
"""Seconds until a database that cannot be used is asked again; each time twice as many, up to the
last."""

MOST = 1.5
"""How many times as long a pause is at most."""

LONGEST = MOST * RARELY
"""Seconds for which a database that cannot be used is not asked, at most."""

GOES_ON = "Work on tasks goes on again."
"""With the database, or with a copy where that is away: whoever opens it tells which it is."""

UNTIL_IT_ANSWERS = "It is asked again until it answers; nothing is missed."

UNTIL_MENDED = (
    "It is asked again until that is mended; nothing is missed. If you name it otherwise, by"
    " another URL, start this again."
)
"""Whoever runs already goes on with the URL that it read as it was started."""

CHANCE = SystemRandom()
"""Each comes back at a moment of its own: they all lose the database at once."""


class Change(NamedTuple):
    """What is ready from now on, first what comes first, and the keys that came, went or changed.

    Keys of ``changed`` are in the order of ``ready``; those that went stand at its end.
    """

    ready: tuple[Entry, ...]
    changed: tuple[str, ...]


def wait_for(
    work: Work,
    look: Callable[[], Found | None],
    seconds: float,
    idle: Idleness | None = None,
    to_tell: Callable[[str], None] = lambda _: None,
) -> Found | None:
    """Return what a look finds, as soon as it finds something; None after so many seconds.

    Of whom is ``idle`` a monitor that leads is told meanwhile, and hints for it are a reason to
    look, as is whatever happens. While the database cannot be used it is asked again, and
    ``to_tell`` hears of it.

    Raises:
        StoreError: It could not be used still at the end; or at the first look, where its server is
            not reached, or does not say to try again.
    """
    ends = time.monotonic() + seconds
    outage = Outage(to_tell, ends=ends)
    found = _first(look, outage)
    if found or seconds <= 0:
        return found
    try:
        while True:
            with outage.waited_for():
                left = ends - time.monotonic()
                found = _waited_for(work, look, left, idle, outage.is_over)
                return found
    finally:
        if idle is not None:
            idle.end(work, is_served=bool(found))


def _first(look: Callable[[], Answer], outage: Outage) -> Answer:
    """Return what a look brings, as soon as the database can be had.

    A server that nobody reaches may be named wrongly: whoever just began is to hear it at once.
    """
    away: UnreachableStoreError | None = None
    while away is None:
        with outage.waited_for():
            try:
                answer = look()
            except UnreachableStoreError as error:
                away = error
            else:
                outage.is_over()
                return answer
    raise away


@contextmanager
def begun(
    open_work: Callable[[], AbstractContextManager[Work]],
    begin: Callable[[Work], object],
    seconds: float,
    to_tell: Callable[[str], None],
) -> Iterator[Work]:
    """Open the work on tasks and begin with it, as soon as the database can be had.

    Args:
        open_work: Opens it.
        begin: Is done first.
        seconds: How long to wait for that.
        to_tell: Hears once why it is waited for, and once that it goes on.

    Raises:
        StoreError: It could not be had in time, or does not come by waiting.
    """

    def opened() -> tuple[Work, ExitStack]:
        with ExitStack() as stack:
            work = stack.enter_context(open_work())
            begin(work)
            return work, stack.pop_all()

    work, stack = _first(opened, Outage(to_tell, ends=time.monotonic() + seconds))
    with stack:
        yield work


def _waited_for(
    work: Work,
    look: Callable[[], Found | None],
    seconds: float,
    idle: Idleness | None,
    looked: Callable[[], None],
) -> Found | None:
    queues = idle.queues if idle else ()
    for left in _moments(work, seconds, lambda: idle.pace if idle else LOOK, queues):
        # At the end all is looked at once more.
        found = look() if left <= 0 or idle is None or idle.is_to_look(work) else None
        looked()
        if found or left <= 0:
            return found
    return None


@contextmanager
def given_back_unheard(work: Work, done: Done) -> Iterator[None]:
    """Give a task back whose agent cannot be told of it: nobody else would come to work on it."""
    try:
        yield
    except BaseException:
        claim = done.entry.claim
        if claim is not None:
            reason = "whoever claimed it could not be told"
            work.release(str(done.entry.key), claim.agent, claim.token, reason)
        raise


def follow(work: Work, act: Callable[[], Acted], pace: float) -> Iterator[Acted]:
    """Yield what an act brings, whenever something is new, and after so many seconds at most."""
    for _ in _moments(work, pace=lambda: pace):
        yield act()


def follow_events(work: Work, after: int, to_tell: Callable[[str], None]) -> Iterator[Event]:
    """Yield what happened after an event, and what happens from now on; ``to_tell`` hears why not.

    While the database cannot be used it is asked again; what happened meanwhile is yielded then.
    """
    outage = Outage(to_tell)
    while True:
        with outage.waited_for():
            for _ in _moments(work):
                for event in events_after(work, after):
                    yield event
                    after = event.id
                outage.is_over()


def follow_batches(work: Work, after: int) -> Iterator[list[Event]]:
    """Yield at each moment what happened since the one before, or after an event: mostly nothing.

    So whoever is to end in between finds a moment for it.
    """
    for _ in _moments(work):
        found = list(events_after(work, after))
        after = found[-1].id if found else after
        yield found


def follow_ready(
    work: Work, look: Callable[[], list[Entry]], to_tell: Callable[[str], None]
) -> Iterator[Change]:
    """Yield what is ready, and again whenever that is something else than before.

    While the database cannot be used it is asked again, and ``to_tell`` hears of it.
    """
    before: tuple[Entry, ...] | None = None
    outage = Outage(to_tell)
    while True:
        with outage.waited_for():
            for _ in _moments(work):
                ready = tuple(look())
                outage.is_over()
                if before is None or ready != before:
                    yield Change(ready, changed_keys(before or (), ready))
                    before = ready


def changed_keys(before: Sequence[Entry], ready: Sequence[Entry]) -> tuple[str, ...]:
    """Return the keys of what came or changed, and then of what went; a place alone is nothing."""
    old = {each.key: each for each in before}
    new = {each.key: each for each in ready}
    came = [key for key, each in new.items() if old.get(key) != each]
    return tuple(map(str, [*came, *(key for key in old if key not in new)]))


def _longer(pause: float) -> float:
    """Return for how long a database is left alone after a pause; 0 for none yet."""
    return min(2 * pause or AGAIN, RARELY)


class Outage:
    """A time in which the database cannot be used: told once, with longer and longer pauses.

    One that is away is waited for from the start. Whoever has begun well waits as well for all
    that somebody may mend: a right, a name, a password or a schema that is another for a while.
    """

    def __init__(
        self,
        to_tell: Callable[[str], None],
        *,
        ends: float = float("inf"),
        has_begun: bool = False,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        """Set out.

        Args:
            to_tell: Hears once why it cannot be used, and once that it can be.
            ends: Until when it is waited for, by the clock that only grows.
            has_begun: Whether it could be used already.
            rest: Lets so many seconds pass.
        """
        self._to_tell = to_tell
        self._ends = ends
        self._has_begun = has_begun
        self._rest = rest
        self._pause = 0.0
        self._told: tuple[type[StoreError], str] | None = None

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """Pause if the database turns out not to be usable.

        Raises:
            StoreError: That was so from the start, it is too late, or waiting mends nothing.
        """
        try:
            yield
        except StoreError as error:
            left = self._ends - time.monotonic()
            if left <= 0 or not (isinstance(error, StoreAwayError) or self._is_waited_for(error)):
                raise
            # First a connection may be lost, and then it is heard why; what is mended may be so
            # only to be followed by the next. In how many ways nobody answers says nothing.
            is_away = isinstance(error, StoreAwayError)
            reason = type(error), "" if is_away else str(error)
            if reason != self._told:
                self._told = reason
                goes_on = UNTIL_IT_ANSWERS if is_away else UNTIL_MENDED
                self._to_tell(f"{error} {goes_on}")
            self._pause = _longer(self._pause)
            self._rest(min(left, self._pause * CHANCE.uniform(0.5, MOST)))

    def _is_waited_for(self, error: StoreError) -> bool:
        return self._has_begun and error.may_be_mended

    def is_over(self) -> None:
        """Note that the database could be used."""
        self._has_begun = True
        if self._pause:
            self._pause, self._told = 0.0, None
            self._to_tell(GOES_ON)


def _moments(
    work: Work,
    seconds: float = float("inf"),
    pace: Callable[[], float] = lambda: LOOK,
    queues: Sequence[Queue] = (),
) -> Iterator[float]:
    """Yield at each moment at which something may be new: how many seconds are left."""
    ends = time.monotonic() + seconds
    reclaimed = due = time.monotonic()
    with closing(work.waiter(queues)) as waiter:
        # What was committed until now is seen by whoever looks now.
        while True:
            left = ends - time.monotonic()
            yield left
            if left <= 0:
                return
            waiter.wait(min(left, pace()))
            now = time.monotonic()
            if now >= due:
                work.catch_up()
                due = time.monotonic() + max(LOOK, (time.monotonic() - now) * IDLE)
            if now >= reclaimed + RECLAIM:
                # Where nothing can be written, others do so; what is amiss else, a look tells.
                with suppress(StoreError):
                    work.reclaim(leases=False)
                reclaimed = now
