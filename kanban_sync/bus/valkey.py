"""A Valkey, or a Redis from 6.2 on: locks, queues and a channel, all of them hints."""

from __future__ import annotations

import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from valkey import Valkey
from valkey.connection import ConnectionPool
from valkey.exceptions import ResponseError, ValkeyError

from kanban_sync.bus.errand import Circuit, Worker
from kanban_sync.bus.keys import channel_of, lock_key, queue_key
from kanban_sync.bus.valkey_waiting import WIRES, Ears, ValkeyWaiter
from kanban_sync.core.bus import State, held_of, hint_of
from kanban_sync.core.opened import Opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.bus.valkey_address import Address
    from kanban_sync.bus.valkey_waiting import Waitable, Wire
    from kanban_sync.core.bus import Held, Hint, Queue
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Waiter

Answer = TypeVar("Answer")

TIMEOUT = 0.5
"""Seconds that anything may take; then it is done without, for a while."""

NOT_LET_IN = "HELLO must be called with the client already authenticated"

OLDEST = (6, 2)
"""The oldest release of Redis that will do; every Valkey is newer."""

LENGTH = 1000
"""Hints that a queue holds at most; the oldest go."""

KEPT = 3600
"""Seconds after which a queue is forgotten into which nothing is put."""

LOCK = """
local had = redis.call('GET', KEYS[1])
local token = had and string.match(had, ':(%d+)$')
if token and had ~= ARGV[1] and (#token > #ARGV[2] or #token == #ARGV[2] and token >= ARGV[2]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""
"""Tokens are compared as texts: a number of Lua has too few digits."""

EXTEND = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

UNLOCK = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

OFFER = """
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


class ValkeyBus:
    """A server that the user has named; nothing is connected before it is needed."""

    is_silent = False

    def __init__(self, address: Address, prefix: str) -> None:
        """Take the server, and what the names of all keys begin with."""
        self._address = address
        self._prefix = prefix
        self._kind: type[Wire] = WIRES[address.kind]
        self._opened: Opened[Waitable] = Opened()
        self._settings = {
            "opened": self._opened,
            **address.parameters,
            "socket_timeout": TIMEOUT,
            "socket_connect_timeout": TIMEOUT,
            "encoding_errors": "backslashreplace",
            # What the library would say of itself takes a round trip.
            "lib_name": None,
            "lib_version": None,
        }
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._circuit = Circuit()
        self._problem = ""

    # --- locks ----------------------------------------------------------------------------------

    def lock(self, key: TaskKey, held: Held, seconds: float) -> bool:
        """Let a lock say for so long who has claimed a task; one with a higher token stays."""
        return self._ran(LOCK, lock_key(self._prefix, key), str(held), held.token, _ms(seconds))

    def extend(self, key: TaskKey, held: Held, seconds: float) -> bool:
        """Let the lock of a claim last for so long from now on."""
        return self._ran(EXTEND, lock_key(self._prefix, key), str(held), _ms(seconds))

    def unlock(self, key: TaskKey, held: Held) -> bool:
        """Take the lock of a claim away."""
        return self._ran(UNLOCK, lock_key(self._prefix, key), str(held))

    def holder(self, key: TaskKey) -> Held | None:
        """Return what the lock of a task says."""
        where = lock_key(self._prefix, key)
        said = self._call(lambda server: server.get(where), None)
        return None if said is None else held_of(_text(said))

    # --- queues and channel ---------------------------------------------------------------------

    def offer(self, project: str, queue: Queue, hint: Hint) -> bool:
        """Put a hint at the end of a queue."""
        return self._ran(OFFER, queue_key(self._prefix, project, queue), hint.text, LENGTH, KEPT)

    def taken(self, project: str, queue: Queue) -> Hint | None:
        """Take the first hint out of a queue."""
        where = queue_key(self._prefix, project, queue)
        said = self._call(lambda server: server.lpop(where), None)
        return None if said is None else hint_of(_text(said))

    def publish(self, project: str, messages: Sequence[str]) -> bool:
        """Tell all who listen, in one round trip."""
        channel = channel_of(self._prefix, project)

        def tell(server: Any) -> bool:  # noqa: ANN401 - the library's types are of both styles of I/O
            with server.pipeline(transaction=False) as pipeline:
                for each in messages:
                    pipeline.publish(channel, each)
                pipeline.execute()
            return True

        return self._call(tell, otherwise=False)

    # --- waiting --------------------------------------------------------------------------------

    def waiter(
        self, project: str, own: Callable[[], Waiter], queues: Sequence[Queue] = ()
    ) -> Waiter:
        """Return what waits by the channel and the queues, and by the database's own in need."""
        channel = channel_of(self._prefix, project)
        keys = [queue_key(self._prefix, project, each) for each in dict.fromkeys(queues)]
        return ValkeyWaiter(partial(Ears, self._wire, channel, keys, TIMEOUT), own, TIMEOUT)

    def _wire(self) -> Wire:
        return self._kind(**self._settings)

    # --- how it is ------------------------------------------------------------------------------

    def connections(self) -> int:
        """Count those to ask by, and those that wait."""
        return sum(each.is_open for each in self._opened.all())

    def state(self) -> State:
        """Ask for the version."""
        # Who may do next to nothing may do this, and INFO is for few.
        said = self._call(lambda server: server.execute_command("HELLO", 2), None)
        if said is None:
            problem = self._problem or "it does not answer"
            if NOT_LET_IN in problem:
                problem = "it wants a password: put it into the URL, valkey://user:password@host"
            return State(self._address.name, problem=problem)
        known = {_text(name): value for name, value in zip(said[::2], said[1::2], strict=False)}
        server, version = _text(known.get("server", b"")), _text(known.get("version", b""))
        is_old = _numbers(version) < OLDEST
        oldest = ".".join(map(str, OLDEST))
        problem = f"it is older than {oldest}, the oldest that will do" if is_old else ""
        return State(self._address.name, f"{server} {version}", problem)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.end()

    # --- asking ---------------------------------------------------------------------------------

    def _ran(self, script: str, key: bytes, *arguments: object) -> bool:
        """Run a script on one key, and return whether it did what it is for."""
        return bool(self._call(lambda server: server.eval(script, 1, key, *arguments), None))

    def _call(self, act: Callable[[Any], Answer], otherwise: Answer) -> Answer:
        """Ask the server, unless it was away a moment ago; never for longer than ``TIMEOUT``."""
        if self._circuit.left:
            return otherwise
        try:
            with self._lock:
                line = self._line = self._line or _Line(self._kind, self._settings)
        except OSError as error:
            self._problem = str(error)
            self._circuit.fail()
            return otherwise
        errand = line.send(act)
        if not errand.is_done(TIMEOUT):
            self._fail(line, f"it did not answer within {TIMEOUT:g} s")
            return otherwise
        try:
            answer = errand.answer()
        except ResponseError as error:
            # It is there, and refuses this: whatever else is asked may well be done.
            self._problem = self._address.concealed(str(error))
            return otherwise
        except (ValkeyError, OSError) as error:
            self._fail(line, self._address.concealed(str(error)))
            return otherwise
        self._circuit.succeed()
        self._problem = ""
        return cast("Answer", answer)

    def _fail(self, line: _Line, problem: str) -> None:
        with self._lock:
            self._problem = problem
            if self._line is not line:
                return  # Another thread has found out as well.
            self._line = None
            self._circuit.fail()
        line.end()


class _Line:
    """A connection, and the thread that alone uses it."""

    def __init__(self, kind: type[Wire], settings: dict[str, Any]) -> None:
        self._worker = Worker()
        self._pool = ConnectionPool(connection_class=kind, **settings)
        self._server = Valkey(connection_pool=self._pool)
        # A bus that nobody closes is not to leave its thread behind.
        weakref.finalize(self, self._worker.end)

    def send(self, act: Callable[[Any], Answer]) -> Any:  # noqa: ANN401 - what is asked varies
        """Let the thread ask."""
        return self._worker.send(lambda: act(self._server))

    def end(self) -> None:
        """Let the thread hang up, once it has come to an end with what it is at."""
        self._worker.send(self._pool.disconnect)
        self._worker.end()


def _text(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _ms(seconds: float) -> int:
    return max(1, round(1000 * seconds))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split(".") if each.isdecimal())
