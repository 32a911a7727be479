"""Leases of boards in a PostgreSQL database: one writer at a time, whatever machine it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.lease import LEASE, Holder, Taken, lost

if TYPE_CHECKING:
    from kanban_sync.stores.postgres_database import PostgresDatabase, PostgresTransaction

NOW = "extract(epoch FROM clock_timestamp())"
"""Not the beginning of the transaction: whoever waited for another one is later."""

TAKE = """
INSERT INTO leases AS former (target, clone, place, token, expires, after_lapse)
VALUES (?1, ?2, ?3, 1, {now} + ?4::float8, false)
ON CONFLICT (target) DO UPDATE SET
       clone = excluded.clone, place = excluded.place, token = former.token + 1,
       expires = excluded.expires, after_lapse = former.expires > 0
 WHERE former.expires <= {now}
    OR (former.clone = excluded.clone AND former.place = excluded.place)
RETURNING token, after_lapse
""".replace("{now}", NOW)

RENEW = """
UPDATE leases SET expires = {now} + ?3::float8 WHERE target = ?1 AND token = ?2 RETURNING 1
""".replace("{now}", NOW)

GIVE_UP = "UPDATE leases SET expires = 0 WHERE target = ? AND token = ?"

HOLDER = """
SELECT clone, place, (expires - {now})::float8 FROM leases WHERE target = ? AND expires > {now}
""".replace("{now}", NOW)

IS_OURS = "SELECT 1 FROM leases WHERE target = ? AND token = ? FOR SHARE"
"""Held until the end: nobody is given the board before what was recorded of it can be read."""


class PostgresLeases:
    """The leases in one database, as a clone sees them; usable from any thread."""

    def __init__(self, database: PostgresDatabase, project: str, clone: str) -> None:
        self._database = database
        self._project = project
        self._clone = clone
        self._tokens: dict[str, int] = {}

    def take(self, target: str, place: str, seconds: float = LEASE) -> Taken:
        """Take the lease of a board, if nobody has it."""
        with self._database.working(self._project, together=False) as db:
            row = db.execute(TAKE, (target, self._clone, place, seconds)).fetchone()
            # None has it if it was given up in between: then it is had at the next attempt.
            other = None if row else _holder(db, target) or Holder("", "", 0.0)
        if row is None:
            return Taken(other)
        self._tokens[target] = row[0]
        return Taken(after_lapse=row[1])

    def renew(self, target: str, seconds: float = LEASE) -> None:
        """Let the lease last for so long from now on, also if it ran out and nobody took it."""
        token = self._tokens[target]
        with self._database.working(self._project, together=False) as db:
            if db.execute(RENEW, (target, token, seconds)).fetchone() is None:
                raise lost(_holder(db, target))

    def give_up(self, target: str) -> None:
        """Let others have the board, if it is ours still."""
        token = self._tokens.pop(target)
        with self._database.working(self._project, together=False) as db:
            db.execute(GIVE_UP, (target, token))

    def other_holder(self, target: str) -> Holder | None:
        """Return which other clone may write to a board now, None if there is none."""
        with self._database.reading() as db:
            found = _holder(db, target)
        return None if found is None or found.clone == self._clone else found

    def check(self, db: PostgresTransaction, target: str) -> None:
        """Within a transaction, refuse to record of a board whose lease was taken and lost."""
        token = self._tokens.get(target)
        if token is not None and db.execute(IS_OURS, (target, token)).fetchone() is None:
            raise lost(_holder(db, target))


def _holder(db: PostgresTransaction, target: str) -> Holder | None:
    row = db.execute(HOLDER, (target,)).fetchone()
    return Holder(*row) if row else None
