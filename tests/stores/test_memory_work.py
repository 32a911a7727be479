"""The store in memory keeps the contract of those who work on its tasks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanban_sync.stores.memory import MemoryStore
from stores.made_up import PROJECT
from stores.milestones_contract import MilestonesContract
from stores.offers_contract import OffersContract
from stores.work_contract import WorkStoreContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.work_contract import WholeStore


class TestMemoryWork(WorkStoreContract, OffersContract, MilestonesContract):
    @contextmanager
    def opened(self) -> Iterator[WholeStore]:
        yield MemoryStore(PROJECT)
