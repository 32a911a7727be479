"""Each bus keeps the contract: the one without a server, on Redis 6.2, and on Valkey."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bus.bus_contract import LONG, BusContract, ServerContract, store
from bus.servers import Server, redis_server, valkey_server
from kanban_sync.bus.local import LocalBus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.core.bus import Bus

__all__ = ["store"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is given up because the machine is busy."""
    monkeypatch.setattr("kanban_sync.bus.valkey.TIMEOUT", LONG)


class TestLocalBus(BusContract):
    @pytest.fixture
    def bus(self) -> Iterator[Bus]:
        with closing(LocalBus()) as bus:
            yield bus


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with closing(Server(redis_server(), tmp_path_factory.mktemp("redis"))) as server:
        yield server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with closing(Server(valkey_server(), tmp_path_factory.mktemp("valkey"))) as server:
        yield server


class TestRedis(ServerContract):
    kind = "redis"

    @pytest.fixture
    def server(self, redis: Server) -> Server:
        return redis


class TestValkey(ServerContract):
    kind = "valkey"

    @pytest.fixture
    def server(self, valkey: Server) -> Server:
        return valkey
