"""What happens, told to any number of listeners by one thread that waits for it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import anyio
import anyio.to_thread

from kanban_sync.agents.waiting import GOES_ON, LOOK, Outage, follow_batches
from kanban_sync.core.claims import LEASE
from kanban_sync.core.errors import (
    KanbanSyncError,
    MovedCloneError,
    StoreAwayError,
    StoreError,
    told_of,
)
from kanban_sync.doors.problem import Problem
from kanban_sync.gateway.answers import encoded
from kanban_sync.gateway.reads import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from starlette.requests import Request

    from kanban_sync.agents.idleness import Idleness
    from kanban_sync.agents.work import Work
    from kanban_sync.core.ports import Event
    from kanban_sync.gateway.served import Served

    IsToLook = Callable[[Work], bool]

Found = TypeVar("Found")
Told = TypeVar("Told")

AGAIN = 2.0
"""Seconds until a database that was away is looked for again."""

LISTENERS = 500
"""At a time; who comes then is told to come again."""

BEHIND = 1000
"""How many events a listener may be behind; then it has to read them from the table."""


class Message(NamedTuple):
    """An event as it goes out."""

    id: int
    text: bytes


class Listener:
    """Somebody who listens, in the event loop."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._news = asyncio.Event()
        self._messages: deque[Message] = deque()
        self.is_behind = False
        self.is_over = False
        self.anew: int | None = None

    def tell(self, messages: Sequence[Message]) -> None:
        """Hear of events; too many at a time are let go."""
        if len(self._messages) + len(messages) > BEHIND:
            self.is_behind = True
            self._messages.clear()
        if not self.is_behind:
            self._messages.extend(messages)
        self._news.set()

    def begin_anew(self, last: int) -> None:
        """Hear that it is another database, of which an event is the last one."""
        self.anew = last
        self._news.set()

    def end(self) -> None:
        """Hear that nothing more comes."""
        self.is_over = True
        self._news.set()

    def taken(self) -> list[Message]:
        """Return what was heard since it was asked last."""
        messages = list(self._messages)
        self._messages.clear()
        return messages

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to hear, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()


class News:
    """Tells listeners in the event loop of what happens in the database."""

    def __init__(self, served: Served) -> None:
        """Set out; nobody waits for anything yet. ``counts`` counts what happens from now on."""
        self._served = served
        self._listeners: set[Listener] = set()
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.counts: Counter[tuple[str, str]] = Counter()

    def start(self) -> None:
        """Begin to wait, in a thread; called in the event loop, before anybody listens."""
        self._loop = asyncio.get_running_loop()
        has_begun = threading.Event()
        threading.Thread(target=self._run, args=(has_begun,), name="news", daemon=True).start()
        # Who listens from now on hears of whatever happens to the database that is there now.
        has_begun.wait()

    def end(self) -> None:
        """Let all listeners come to an end; called in the event loop."""
        self._ended.set()
        for each in self._listeners:
            each.end()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Give a listener, which hears of what happens from now on."""
        if self._ended.is_set() or len(self._listeners) >= LISTENERS:
            raise Problem(
                503,
                "full",
                "Too many wait for news at a time, or the server is about to end.",
                "Try again in a moment.",
                headers={"Retry-After": "1"},
            )
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def _run(self, has_begun: threading.Event) -> None:
        try:
            self._watch(has_begun)
        finally:
            has_begun.set()

    def _watch(self, has_begun: threading.Event) -> None:
        after: int | None = None
        is_other = is_amiss = False
        while not self._ended.is_set():
            try:
                with self._served.clone.work(self._served.note) as work:
                    last = work.last_event()
                    if is_other or last < (after or 0):
                        after = None
                        self._in_loop(self.begin_anew, last)
                    after = last if after is None else after
                    if is_amiss:
                        self._served.say(GOES_ON)
                    is_other = is_amiss = False
                    has_begun.set()
                    for batch in follow_batches(work, after):
                        if self._ended.is_set():
                            return
                        after = self._tell(batch) or after
            except StoreError as error:
                # One that is not only away may be replaced: its events begin with other numbers.
                is_other = is_other or not isinstance(error, StoreAwayError)
                self._served.forget()
                self._served.note(str(error))
                is_amiss = True
            except MovedCloneError:
                return  # The server ends, and says so.
            except Exception as error:  # noqa: BLE001 - nobody else would go on, or hear of it
                self._served.note(told_of(error))
            has_begun.set()
            self._ended.wait(AGAIN)

    def _tell(self, batch: Sequence[Event]) -> int:
        if not batch:
            return 0
        self.counts.update(counted(each) for each in batch)
        messages = [message_of(each) for each in batch]
        self._in_loop(self.publish, messages)
        return messages[-1].id

    def _in_loop(self, act: Callable[[Told], None], told: Told) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(act, told)

    def begin_anew(self, last: int) -> None:
        """Tell all listeners that it is another database; called in the event loop."""
        for each in self._listeners:
            each.begin_anew(last)

    def publish(self, messages: Sequence[Message]) -> None:
        """Tell all listeners; called in the event loop."""
        for each in self._listeners:
            each.tell(messages)


def message_of(event: Event) -> Message:
    """Return an event as it goes out."""
    return Message(event.id, b"id: %d\ndata: %s\n\n" % (event.id, encoded(told(event))))


def counted(event: Event) -> tuple[str, str]:
    """Return as what an event is counted: its kind, and why, where a claim was taken back."""
    if event.kind != "reclaimed":
        return event.kind, ""
    return event.kind, LEASE if json.loads(event.data)["why"] == LEASE else "silence"


def always(_work: Work) -> bool:
    """Tell that it is time to look."""
    return True


def unheard(_text: str) -> None:
    """Tell nobody: that the database is away is told where the server was started."""


class Waiting:
    """Somebody who waits for work: what ``agents.waiting.wait_for`` does, without a thread."""

    def __init__(self, served: Served, news: News, request: Request, idle: Idleness | None) -> None:
        """Set out.

        Args:
            served: The clone.
            news: Tells when something happens.
            request: Who asks.
            idle: Of whom a monitor that leads is told meanwhile; None for nobody.
        """
        self._served = served
        self._news = news
        self._request = request
        self._idle = idle

    async def wait(
        self, look: Callable[[IsToLook], Awaitable[Found | None]], seconds: float
    ) -> Found | None:
        """Return what a look finds, as soon as it finds something; None after so many seconds.

        A look is told what tells whether it is time for it. No thread is held meanwhile. For who
        has hung up nothing is looked for any more. While the database cannot be used it is asked
        again.

        Raises:
            Problem: The token of who asks was taken back meanwhile.
            StoreError: The database could not be used still at the end, or no waiting mends it.
        """
        if seconds <= 0:
            return await look(always)
        found, pauses, ends = None, list[float](), time.monotonic() + seconds
        outage = Outage(unheard, ends=ends, has_begun=True, rest=pauses.append)
        with outage.waited_for():
            found = await look(always)
        if found:
            return found
        try:
            found = await self._waited(look, ends, outage, pauses)
        finally:
            if self._idle is not None and self._idle.is_known:
                # Also where the server is about to end.
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._end, self._idle, bool(found))
        return found

    async def _waited(
        self,
        look: Callable[[IsToLook], Awaitable[Found | None]],
        ends: float,
        outage: Outage,
        pauses: list[float],
    ) -> Found | None:
        idle = self._idle
        with self._news.listening() as listener:
            while not listener.is_over and not await self._request.is_disconnected():
                self._request.state.ask_again()
                left, pauses[:] = ends - time.monotonic(), []
                with outage.waited_for():
                    found = await look(idle.is_to_look if idle and left > 0 else always)
                    outage.is_over()
                    if found or left <= 0:
                        return found
                listener.taken()
                pace = max([idle.pace if idle else LOOK, *pauses])
                await listener.wait(min(max(0.0, ends - time.monotonic()), pace))
        return None

    def _end(self, idle: Idleness, is_served: bool) -> None:  # noqa: FBT001 - called in a thread
        with suppress(KanbanSyncError), self._served.changing() as work:
            idle.end(work, is_served=is_served)
