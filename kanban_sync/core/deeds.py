"""By what a deed done apart is known, and what is told of those that do not count. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.claims import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.apart import Apart
    from kanban_sync.core.claims import Standing

APART = "apart"
"""What the data of an event holds of something done apart: by what that one deed is known.

A conflict holds those of all that is lost by it.
"""


def deed_of(clone: str, number: str) -> str:
    """Return by what something is known that was done apart in a clone."""
    return f"{clone}-{number}"


def is_deed_of(clone: str, deed: object) -> bool:
    """Tell whether that was done in a clone, and not in one of which it is a copy."""
    return str(deed).rpartition("-")[0] == clone


def conflict(entry: Apart, base: Standing, there: Standing) -> Told:
    """Return what is told of a task that was changed otherwise in the database."""
    here = entry.standing
    values = {"base": base.status, "journal": here.status, "database": there.status}
    field = "claim" if here.agent else "status"
    return Told("conflict", {"field": field, **values, **_whose(entry)})


def told_already(told: Told, history: Sequence[Told]) -> bool:
    """Tell whether all that is lost by a conflict was told by another copy of the clone."""
    if told in history:
        return True
    mine = told.data.get(APART)
    lost = (each.data.get(APART) for each in history if each.kind == told.kind)
    return isinstance(mine, list) and any(
        isinstance(each, list) and each[: len(mine)] == mine for each in lost
    )


def gone(entry: Apart) -> Told:
    """Return what is told of a task that the database does not have any more."""
    data = {"field": "task", "journal": entry.standing.status, **_whose(entry)}
    return Told("conflict", data)


def another(entry: Apart, title: str) -> Told:
    """Return what is told of a task that was added apart, with an id that another one has."""
    titles = {"journal": entry.kept.task.title, "database": title}
    return Told("conflict", {"field": "id", **titles, **_whose(entry)})


def refused(entry: Apart, there: Standing | None, reason: str) -> Told:
    """Return what is told of a task of which the database does not take what was done."""
    here = entry.standing
    values = {"journal": here.status, "database": there.status if there is not None else ""}
    whose = _whose(entry)
    return Told("conflict", {"field": "refused", **values, "reason": reason, **whose})


def _whose(entry: Apart) -> dict[str, object]:
    """Return whose work is lost: who has the claim, or whose name is on the task; and which."""
    here = entry.standing
    whose: dict[str, object] = {"agent": here.agent or here.assignee, "token": here.token}
    return {**whose, APART: entry.deeds} if entry.deeds else whose
