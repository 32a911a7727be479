"""What the tests of the commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import forked
from cli.program import Clone
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[Standin]:
    """A server that behaves as Planka does."""
    with Standin() as standin:
        yield standin


@pytest.fixture
def clone(tmp_path: Path, server: Standin) -> Clone:
    """A clone in which kanban-sync was never run."""
    return Clone.make(tmp_path / "shop", server)


@pytest.fixture
def started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command is started as people start it, and not as a fork of one that is loaded."""
    monkeypatch.setattr(forked, "is_alike", lambda _: False)
