"""The errors of PostgreSQL in words that a user can act on."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import Error, InterfaceError, OperationalError

from kanban_sync.core.errors import (
    StoreAwayError,
    StoreError,
    UnreachableStoreError,
    UntakenError,
    UnwritableStoreError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.stores.postgres_address import Address


class ClashError(StoreAwayError):
    """Two transactions waited for one another: this one gave way, and may be tried again."""


PATIENCE = 15
"""How many seconds to wait for another process that is writing to the same project."""

SLEEP = 10
"""Seconds after which whoever is put to sleep while he works on tasks loses his locks.

A monitor does not lead for longer that has fallen silent, and others wait longer than this.
"""

RIGHTS = (
    "the role that it is opened with lacks a right. Ask whoever runs the server for CREATE on the"
    " database to make the schema kanban_sync; where it is made already, for USAGE on it and"
    " SELECT, INSERT, UPDATE and DELETE on its tables"
)

TOO_MANY = "the server has too many connections; try again in a moment"

REMEDIES = {
    "42501": RIGHTS,
    "25006": "it may only be read, as a standby may: name the primary server",
    "55P03": (
        f"another process has been writing to this project for {PATIENCE} s; try again in a moment"
    ),
    "40P01": "others were writing to the same tasks all the time; try again in a moment",
    "57014": "the server gave up waiting; try again in a moment",
    "53100": "no space is left on the server; make room there and run `kanban-sync sync`",
    "53300": TOO_MANY,
    "54000": (
        "the id of a task, or the path of its file, is longer than it can keep (2,700 bytes);"
        " shorten it"
    ),
    "22021": "it is not kept as UTF-8; create a database with ENCODING 'UTF8'",
    "22P05": "it is not kept as UTF-8; create a database with ENCODING 'UTF8'",
    "0A000": "its server is too old or of another kind; PostgreSQL 13 or newer is needed",
    "42P01": (
        "tables of its schema kanban_sync are not to be seen: the role may have lost USAGE on it,"
        " which whoever runs the server can grant; if they are missing, restore them from a backup"
    ),
    "42703": "tables of its schema kanban_sync were changed; restore them from a backup",
}
"""What happened and what to do now, by SQLSTATE."""

LOST = (
    "the connection was lost; when the server is there again, run `kanban-sync sync`: nothing is"
    " left half done, and nothing is done twice"
)

BREAKS = ("08", "57P", "25P03")
"""How each SQLSTATE begins that ends a connection: broken off, shut down, asleep for too long."""

POOLER_ALONE = (
    "server login has been failing",
    "its pooler does not reach the server; try again in a moment",
)
"""What pgbouncer says of a server that was there before; what came to it went no further."""

NOT_THERE_YET = (
    ("system is starting up", "its server is starting up; try again in a moment"),
    ("system is shutting down", "its server is shutting down; try again in a moment"),
    ("administrator command", "its server is shutting down; try again in a moment"),
    # After a crash, or a standby that does not let anybody in so far.
    ("database system is", "its server is not ready yet; try again in a moment"),
    # It could begin no process for it; the library keeps to itself what else it said.
    ("error response during SSL", "its server is not ready yet; try again in a moment"),
    ("resolve host", "its server's name is not known; correct the URL, or see to the network"),
    POOLER_ALONE,
)

BARRED = "its server lets nobody into it at the moment; ask who runs it"

STRANGE = (
    "what answers there does not seem to be a PostgreSQL, or its encryption does not fit; see the"
    " host, the port and sslmode in its URL"
)

UNFIT = (
    (
        "connection is bad: invalid ",
        "an option in its URL has no such value; correct that",
    ),
    ("bad value for", "an option in its URL has no such value; correct that"),
    ("invalid integer value", "an option in its URL is no number; correct that"),
    ("definition of service", "the service that its URL names is in no file; correct that"),
)
"""What is wrong with a URL before anybody is asked: nothing is away for it."""

UNCONNECTED = (
    *UNFIT,
    *NOT_THERE_YET,
    # Before what they are too many for, a role or a database.
    ("too many", TOO_MANY),
    ("password", "it does not know this user with this password; correct the URL, or ~/.pgpass"),
    ("no pg_hba.conf entry", "its server does not let this user in from here; ask who runs it"),
    ("not currently accepting", BARRED),
    ("does not allow connections", BARRED),  # A pooler says so where it is disabled.
    ("role ", "its server does not know this user; correct the URL, or ask who runs it"),
    ("database ", "its server has no such database; correct the URL, or create it"),
    ("remaining connection slots", TOO_MANY),
    ("certificate", "its server's certificate is not trusted; see sslrootcert in its URL"),
    ("response to SSL", STRANGE),
    ("expected authentication request", STRANGE),
    ("SSL", "its server and this machine do not agree on encryption; see sslmode in its URL"),
)
"""What to do, by the first word that fits: until it is connected the library has no SQLSTATE."""

AWAY = (
    "its server cannot be reached; see whether it runs and whether the URL is right, then run"
    " `kanban-sync sync`"
)

REFUSED = "its server answers, and refuses; see what it says, and ask who runs it"

URL = re.compile(r"\b(?:its|the) URL\b")

UNANSWERED = {AWAY, *(remedy for _, remedy in NOT_THERE_YET)}
"""What is told where nobody was there to ask, or it has not begun to answer anybody."""

PASSING = {
    LOST,
    *UNANSWERED,
    *(REMEDIES[code] for code in ("55P03", "57014", "53300")),
}
"""What may be over when the same is tried again."""

UNWRITABLE = {REMEDIES["53100"], REMEDIES["25006"]}
"""The same, though it can be read: until its disk or its role is another."""

WHOLLY = ("0A", "25", "28", "3D", "3F", "40", "42", "53", "57", "58", "F0", "XX")
"""How each SQLSTATE begins that is of the server or the schema, not of what was to be written.

As long as nobody mends it there, anything else would be refused as well.
"""


@contextmanager
def in_words(
    address: Address, *, is_connected: bool = True, is_begun: bool = True
) -> Iterator[None]:
    """Turn the errors of the driver into a StoreError that names the database, and no password.

    Until anything is begun, one that is lost is as good as one that was never reached.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        reason = f"cannot keep {error.object!r}: it is not valid Unicode"
        raise UntakenError(
            f"The task database {address.name} {reason}. Correct it in the task file, or rename"
            " that file.",
            reason,
        ) from error
    except Error as error:
        lines = address.concealed(str(error)).strip().splitlines() or [type(error).__name__]
        remedy = _remedy(error) if is_connected else _way_in(" ".join(lines))
        # A pooler lets everybody in, and says at the first statement that nobody is behind it.
        is_silent = (
            remedy == POOLER_ALONE[1]
            or (not is_connected and remedy in UNANSWERED)
            or (not is_begun and remedy == LOST)
        )
        kind = ClashError if error.sqlstate == "40P01" else _kind(remedy)
        kind = UnreachableStoreError if is_silent else kind
        reason = f"{_placed(remedy, address.named_in)} ({lines[0].strip()})"
        text = f"The task database {address.name}: {reason}."
        is_wholly = (error.sqlstate or "").startswith(WHOLLY)
        is_untaken = is_connected and kind is StoreError and not is_wholly
        # Not from the error: its own text is not ours to vouch for.
        raise UntakenError(text, reason) if is_untaken else kind(text) from None


def _placed(remedy: str, named_in: str) -> str:
    """Return what to do, with where the URL stands if that is to be looked at."""
    return URL.sub(rf"\g<0> in {named_in}", remedy, count=1) if named_in else remedy


def _kind(remedy: str) -> type[StoreError]:
    if remedy in UNWRITABLE:
        return UnwritableStoreError
    return StoreAwayError if remedy in PASSING else StoreError


def _remedy(error: Error) -> str:
    if error.sqlstate in REMEDIES:
        return REMEDIES[error.sqlstate]
    if POOLER_ALONE[0] in str(error):
        return POOLER_ALONE[1]
    is_about_connection = isinstance(error, OperationalError | InterfaceError)
    if is_about_connection and (error.sqlstate or "08").startswith(BREAKS):
        return LOST
    return "PostgreSQL refuses; please report this"


def _way_in(text: str) -> str:
    _, answer, said = text.rpartition("FATAL:")
    other = REFUSED if answer else AWAY
    return next((remedy for word, remedy in UNCONNECTED if word in said), other)
