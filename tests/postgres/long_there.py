"""Since when the server of the tests has been there: for long, or as a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.stores.postgres_work import STARTED, PostgresDesk

if TYPE_CHECKING:
    import pytest

AS_IT_IS = {name: getattr(PostgresDesk, name) for name in ("finds_lapsed", "tells_start")}
"""The statements that ask the server."""


def started(patch: pytest.MonkeyPatch, when: float) -> None:
    """Let the server have been started at a moment (seconds since 1970)."""
    for name, statement in AS_IT_IS.items():
        assert STARTED in statement
        patch.setattr(PostgresDesk, name, statement.replace(STARTED, f"{when!r}::float8"))
