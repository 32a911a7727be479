"""What one check of the doctor has to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``ok`` is None where it is only good to know.

    ``remedy`` is a command or a sentence, '' where there is nothing to do.
    """

    name: str
    ok: bool | None
    text: str
    remedy: str = ""


def database_finding(count: int, name: str, away: str) -> Finding:
    """Judge a task database that was read, or its copy: ``away`` tells that it does not answer."""
    if away:
        return Finding("database", ok=None, text=away, remedy="let its server answer")
    return Finding("database", ok=True, text=f"{count} tasks in {name}")
