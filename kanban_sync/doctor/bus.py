"""What the doctor finds of the Valkey that the user has named, if one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.doctor.finding import Finding

if TYPE_CHECKING:
    from kanban_sync.core.bus import State


NAMED = "do what is named there"
REMEDY = "see whether it runs, and whether its URL, user and password are right"


def bus_findings(state: State | None) -> list[Finding]:
    """Judge whether it is reached; agents go on without it."""
    if state is None:
        return []
    if state.problem:
        text = f"{state.name}: {state.problem}"
        # Another one is wanted where its driver is not there, or its prefix is wrong.
        is_named = "driver" in state.problem or "Set another" in state.problem
        remedy = NAMED if is_named else REMEDY
        return [Finding("valkey", ok=False, text=text, remedy=remedy)]
    return [Finding("valkey", ok=True, text=f"{state.version} answers at {state.name}")]
