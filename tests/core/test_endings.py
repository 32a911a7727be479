"""How a claim came to its end: by its holder, or by somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kanban_sync.agents.endings import told_by_holder
from kanban_sync.core.ports import Event

MINE = ("claimed", {"agent": "ada", "token": 2})
NEXT = ("claimed", {"agent": "bob", "token": 3})
BACK = ("released", {"agent": "ada", "token": 2, "new": "todo"})
DONE = {"new": "done", "token": 2}

Told = tuple[str, dict[str, Any]]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ((MINE,), None),
        ((MINE, BACK), "todo"),
        ((MINE, BACK, NEXT), "todo"),
        ((MINE, NEXT, ("released", {"agent": "bob", "token": 3, "new": "todo"})), None),
        ((BACK, MINE), None),
        ((MINE, ("reclaimed", {"agent": "ada", "token": 2, "new": "todo"})), None),
        ((MINE, ("status_changed", {**DONE, "who": "ada"})), "done"),
        ((MINE, ("status_changed", {**DONE, "who": "bob"})), None),
        ((MINE, ("status_changed", {"new": "done"})), "done"),
        ((MINE, ("status_changed", {"new": "blocked"})), None),
        ((MINE, ("task_updated", {"fields": ["title"]}), BACK), "todo"),
    ],
)
def test_who_ended_a_claim_is_told_by_its_history(
    told: tuple[Told, ...], status: str | None
) -> None:
    events = [Event(n, 0.0, kind, "k", json.dumps(data)) for n, (kind, data) in enumerate(told)]
    assert told_by_holder(events, "ada", 2) == status
