"""The store in PostgreSQL keeps the contract, and writes no more than it has to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kanban_sync.stores.sql import SqlStore
from stores.contract import TaskStoreContract
from stores.made_up import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.ports import TaskStore
    from stores.emptied import Emptied


class TestPostgresStore(TaskStoreContract):
    @pytest.fixture(autouse=True)
    def _emptied(self, emptied: Emptied) -> None:
        self.emptied = emptied

    @contextmanager
    def opened(self) -> Iterator[TaskStore]:
        # Over one connection for all: to connect anew takes longer than most tests.
        self.emptied.empty()
        yield SqlStore(self.emptied.database, PROJECT)
