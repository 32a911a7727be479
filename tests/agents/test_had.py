"""What may stand in a file since the database had it."""

from __future__ import annotations

import json

from kanban_sync.agents.had import had_before
from kanban_sync.core.merge import Filed
from kanban_sync.core.model import Status
from kanban_sync.core.ports import Event

TODO, BEGUN, REVIEW = Status.TODO, Status.IN_PROGRESS, Status.REVIEW


def history(*told: tuple[str, str, Status]) -> list[Event]:
    return [
        Event(at, 0.0, kind, "t", json.dumps({"agent": agent, "new": new.value}))
        for at, (kind, agent, new) in enumerate(told)
    ]


def said(found: list[Filed]) -> list[tuple[Status, str]]:
    return [(each.status, each.assignee) for each in found]


def test_what_came_after_a_claim_is_known_where_the_file_that_was_read_names_that_claim() -> None:
    events = history(
        ("claimed", "ada", BEGUN),
        ("released", "ada", TODO),
        ("claimed", "bob", BEGUN),
        ("status_changed", "bob", REVIEW),
        ("status_changed", "eve", TODO),
    )
    claims = [(BEGUN, "ada"), (BEGUN, "bob")]
    later = [(BEGUN, "bob"), (REVIEW, "bob"), (TODO, "")]
    for filed in (None, Filed(TODO), Filed(BEGUN, assignee="carl"), Filed(TODO, assignee="ada")):
        assert said(had_before(events, filed)) == claims
    assert said(had_before(events, Filed(BEGUN, assignee="bob"))) == claims + later
    since_ada = [(BEGUN, "ada"), (TODO, ""), *later]
    assert said(had_before(events, Filed(BEGUN, assignee="ada"))) == claims + since_ada
