"""The store in memory keeps the contract."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanban_sync.stores.memory import MemoryStore
from stores.contract import TaskStoreContract
from stores.made_up import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.ports import TaskStore


class TestMemoryStore(TaskStoreContract):
    @contextmanager
    def opened(self) -> Iterator[TaskStore]:
        yield MemoryStore(PROJECT)
