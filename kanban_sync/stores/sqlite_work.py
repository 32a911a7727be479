"""How agents work on the tasks of an SQLite file: one writes at a time, and has it alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanban_sync.stores.desk import Reach
from kanban_sync.stores.sql_work import SqlDesk
from kanban_sync.stores.working import Working

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.stores.desk import Desk
    from kanban_sync.stores.transactions import Database


class SqliteWork(Working):
    """The work on one project's tasks in an SQLite file; usable from any thread."""

    _database: Database

    @contextmanager
    def _looking(self) -> Iterator[Desk]:
        with self._database.reading() as db:
            yield SqlDesk(db, self._project)

    @contextmanager
    def _working(self, _reach: Reach = Reach.ONE) -> Iterator[Desk]:
        with self._database.writing(self._project) as db:
            yield SqlDesk(db, self._project)
