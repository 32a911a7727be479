"""The store in memory keeps the contract."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanban_sync.stores.memory import MemoryStore
from stores.clones_contract import ClonesContract
from stores.contract import TaskStoreContract
from stores.made_up import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanban_sync.core.ports import TaskStore
    from stores.work_contract import WholeStore


class TestMemoryStore(TaskStoreContract):
    @contextmanager
    def opened(self) -> Iterator[TaskStore]:
        yield MemoryStore(PROJECT)


class TestMemoryOfClones(ClonesContract):
    @contextmanager
    def opened_for(self, *clones: str) -> Iterator[Sequence[WholeStore]]:
        first = MemoryStore(PROJECT, clones[0])
        yield [first, *map(first.of_clone, clones[1:])]
