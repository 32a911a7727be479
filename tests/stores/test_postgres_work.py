"""The store in PostgreSQL keeps the contract of those who work on its tasks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kanban_sync.stores.postgres import PostgresStore
from stores.made_up import PROJECT
from stores.work_contract import WorkStoreContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.emptied import Emptied
    from stores.work_contract import WholeStore


class TestPostgresWork(WorkStoreContract):
    @pytest.fixture(autouse=True)
    def _emptied(self, emptied: Emptied) -> None:
        self.emptied = emptied

    @contextmanager
    def opened(self) -> Iterator[WholeStore]:
        yield PostgresStore(self.emptied.database, PROJECT)
