"""Sends statements to PostgreSQL together, in one journey, and reads what became of each.

The driver can do so, too, at several times the cost: it goes to the network for each statement, and
an agent's claim is made of half a dozen that take the server less than a millisecond. So this one
speaks to the library below it, and takes from the driver only how values are written and read.
"""

from __future__ import annotations

import select
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from psycopg import OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus

from kanban_sync.stores.postgres_connection import Silence
from kanban_sync.stores.postgres_pooler import WHO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.pq.abc import PGconn, PGresult

    from kanban_sync.stores.postgres_connection import Patient
    from kanban_sync.stores.rows import Row

Statement: TypeAlias = "tuple[bytes, Sequence[Any]]"
"""A statement with the placeholders of PostgreSQL, and its parameters."""

MANY = 100
"""How many statements are kept ready on the server; there are fewer, whatever is asked for."""

OFTEN = 2
"""What is done so often is kept ready; a command does most things once."""

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR

FAILED = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED})


class _Kind(NamedTuple):
    """What the server has to plan anew: a statement, and the types of its parameters."""

    query: bytes
    types: tuple[int, ...]


class _Written(NamedTuple):
    """A statement with its parameters as the server reads them."""

    kind: _Kind
    values: Sequence[Any]
    formats: Sequence[Any] | None


class Exchange:
    """The way to one server and back; for one thread at a time."""

    def __init__(self, connection: Patient) -> None:
        self._connection = connection
        self._adapter = Transformer(connection)
        self._seen: Counter[_Kind] = Counter()
        self._ready: dict[_Kind, bytes] = {}
        self._numbers = count(1)
        self._is_direct: bool | None = None

    def send(
        self, statements: Sequence[Statement], afterwards: Statement | None = None
    ) -> list[Row]:
        """Carry out statements, and return the rows of the last.

        One that is to be carried out ``afterwards`` is sent along; it may fail.

        Raises:
            psycopg.Error: That of the first that failed; none after it was carried out.
        """
        pgconn = self._connection.pgconn
        is_known = self._is_direct is not None
        parts = [statements, *([] if afterwards is None else [(afterwards,)])]
        # Asked along, it takes no journey of its own.
        parts += [] if is_known else [((WHO, ()),)]
        # What cannot be written down is found before anything is sent.
        written = [[self._written(*each) for each in part] for part in parts]
        try:
            pgconn.enter_pipeline_mode()
            asked: list[list[_Kind | None]] = []
            for part in written:
                asked.append([kind for each in part for kind in self._ask(pgconn, each)])
                pgconn.pipeline_sync()
            silence = Silence(self._connection.bearable)
            answers = [_answers(pgconn, silence) for _ in parts]
            pgconn.exit_pipeline_mode()
        except BaseException:
            # Nobody knows how far it came: whoever goes on connects anew.
            self._connection.close()
            raise
        for kinds, results in zip(asked, answers, strict=True):
            for kind, result in zip(kinds, results, strict=False):
                if kind is not None and result.status in FAILED:
                    del self._ready[kind]
        if not is_known:
            self._look_at(answers[-1])
        return self._rows(answers[0])

    def _look_at(self, results: Sequence[PGresult]) -> None:
        """Learn whether a server of ours answers, or a pooler's, which is another's a moment later.

        What is made ready there is not there the next time, or there already.
        """
        if results and results[0].status == ExecStatus.TUPLES_OK:
            ((process,),) = self._rows(results)
            self._is_direct = process == self._connection.info.backend_pid

    def _written(self, query: bytes, parameters: Sequence[Any]) -> _Written:
        values = self._adapter.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        return _Written(_Kind(query, self._adapter.types or ()), values, self._adapter.formats)

    def _ask(self, pgconn: PGconn, statement: _Written) -> tuple[_Kind | None, ...]:
        """Send one statement; return of each answer that will come what it makes ready, if any."""
        kind, values, formats = statement
        query, types = kind
        name = self._ready.get(kind)
        if name is not None:
            pgconn.send_query_prepared(name, values, formats)
            return (None,)
        self._seen[kind] += 1
        if not self._is_direct or self._seen[kind] < OFTEN or len(self._ready) >= MANY:
            pgconn.send_query_params(query, values, types, formats)
            return (None,)
        name = self._ready[kind] = b"kanban_%d" % next(self._numbers)
        pgconn.send_prepare(name, query, types)
        pgconn.send_query_prepared(name, values, formats)
        return (kind, None)

    def _rows(self, results: Sequence[PGresult]) -> list[Row]:
        for each in results:
            if each.status in FAILED:
                raise error_from_result(each, self._adapter.encoding)
        last = results[-1]
        if last.status != ExecStatus.TUPLES_OK:
            return []
        self._adapter.set_pgresult(last)
        return self._adapter.load_rows(0, last.ntuples, tuple)


def _answers(pgconn: PGconn, silence: Silence) -> list[PGresult]:
    """Read what became of all that was sent up to a sync.

    Raises:
        psycopg.OperationalError: The connection is lost.
    """
    found: list[PGresult] = []
    while True:
        _await(pgconn, silence)
        result = pgconn.get_result()
        if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
            return found
        if result is not None:
            found.append(result)
        if pgconn.status == ConnStatus.BAD:
            if found:
                raise error_from_result(found[-1])
            raise OperationalError("the connection is lost")
        # Else it is the end of what became of one statement.


def _await(pgconn: PGconn, silence: Silence) -> None:
    """Wait until an answer is there whole.

    Raises:
        psycopg.OperationalError: Nothing was said for long.
    """
    is_unsent = pgconn.flush()
    if not (is_unsent or pgconn.is_busy()):
        return
    place = select.poll()
    place.register(pgconn.socket, READABLE | (select.POLLOUT if is_unsent else 0))
    while is_unsent or pgconn.is_busy():
        for _, what in place.poll(silence.left * 1000):
            if what & READABLE:
                pgconn.consume_input()
                silence.broken()
        silence.look()
        if is_unsent:
            is_unsent = pgconn.flush()
            if not is_unsent:
                place.modify(pgconn.socket, READABLE)
