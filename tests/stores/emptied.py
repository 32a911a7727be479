"""A PostgreSQL database whose tables are emptied between tests, which is cheaper than a new one."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from kanban_sync.core.errors import StoreError
from kanban_sync.stores.postgres_address import address_of
from kanban_sync.stores.postgres_database import open_database

EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE each record;
BEGIN
    FOR each IN
        SELECT oid::regclass AS name, relkind FROM pg_class
         WHERE relnamespace = 'kanban_sync'::regnamespace AND relkind IN ('r', 'S')
           AND relname <> 'schema_version'
    LOOP
        IF each.relkind = 'S' THEN
            PERFORM setval(each.name, 1, false);
        ELSE
            EXECUTE 'DELETE FROM ' || each.name;
        END IF;
    END LOOP;
END $$
"""

COLUMNS = """
SELECT relname AS name, string_agg(quote_ident(attname), ', ') AS columns
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
 WHERE relnamespace = 'kanban_sync'::regnamespace AND relkind = 'r'
   AND attnum > 0 AND NOT attisdropped AND attgenerated = '' GROUP BY 1
"""

KEEP = """
CREATE SCHEMA kept;
DO $$
DECLARE each record;
BEGIN
    FOR each IN COLUMNS LOOP
        EXECUTE format(
            'CREATE TABLE kept.%I AS SELECT %s FROM kanban_sync.%I',
            each.name, each.columns, each.name
        );
    END LOOP;
END $$
""".replace("COLUMNS", COLUMNS)

RESTORE = """
SET session_replication_role = replica;
DO $$
DECLARE each record;
BEGIN
    FOR each IN COLUMNS LOOP
        EXECUTE format('DELETE FROM kanban_sync.%I', each.name);
        EXECUTE format(
            'INSERT INTO kanban_sync.%I (%s) OVERRIDING SYSTEM VALUE TABLE kept.%I',
            each.name, each.columns, each.name
        );
    END LOOP;
    FOR each IN
        SELECT oid::regclass AS name FROM pg_class
         WHERE relnamespace = 'kanban_sync'::regnamespace AND relkind = 'S'
    LOOP
        PERFORM setval(each.name, 1000);
    END LOOP;
END $$;
DROP SCHEMA kept CASCADE
""".replace("COLUMNS", COLUMNS)


class Emptied:
    """A database of the tests, as somebody sees it who may do everything there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.address = address_of(url)
        self.database = open_database(self.address)
        self.connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Let go of it."""
        self.database.close()
        self.connection.close()

    def empty(self) -> None:
        """Take everything out, and begin to count anew."""
        try:
            self.tell(EMPTY)
        except psycopg.OperationalError:
            # Another test has broken all connections there are to the database of this process.
            self.connection = psycopg.connect(self.url, autocommit=True)
            self.tell(EMPTY)

    def tell(self, statements: str) -> None:
        """Carry out statements."""
        self.connection.execute(statements.encode())

    def keep(self) -> None:
        """Make a backup of what is in it."""
        self.tell(KEEP)

    def restore(self) -> None:
        """Put back what was kept, into a schema that may be another one by now."""
        self.tell(RESTORE)

    def cut_off(self) -> None:
        """Break all connections but one's own."""
        self.tell(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        # It is connected anew the next time, and no other test is to pay for that.
        with suppress(StoreError):
            self.database.settled("")

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query.encode()).fetchall()
