"""What deeds done apart two sides have in common, and what is told of those in vain. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kanban_sync.core.claims import Told
from kanban_sync.core.journal import APART

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.claims import Standing
    from kanban_sync.core.journal import Apart

CHANGES = frozenset({"claimed", "released", "reclaimed", "status_changed", "orphaned"})
"""The events of a task that tell how it stands; what else is told of it is no answer to work."""

ENDED = frozenset({"released", "status_changed"})
"""The events by which an agent gives its task back, or ends it; with its token."""

BEGINS = frozenset({"claimed", "task_created"})
"""The events of a task that occur once, also where they do not say by what they are known."""


def changes(told: Told) -> bool:
    """Tell whether an event changed how a task stands with those who work on it."""
    fields = told.data.get("fields")
    return told.kind in CHANGES or (isinstance(fields, list) and "assignee" in fields)


def is_of_file(told: Told) -> bool:
    """Tell whether a status was said by a file."""
    return told.kind == "status_changed" and "who" not in told.data


def numbered(told: Told, numbers: Mapping[int, int]) -> Told:
    """Return an event with the tokens that claims have in another database."""
    token = told.data.get("token")
    if not isinstance(token, int) or token not in numbers:
        return told
    return told._replace(data={**told.data, "token": numbers[token]})


def news(
    told: Sequence[Told], history: Sequence[Told], base: Standing, there: Standing
) -> tuple[tuple[Told, ...], bool]:
    """Return what is told here and not there, and whether it goes on from how it stands there.

    Of a clone that was copied, both tell the same up to some deed. One of an older release is known
    if it is a claim, or that it was added, and what follows is the same maybe further.
    """
    found = (
        (place, where)
        for place, each in reversed(list(enumerate(told)))
        if _is_unlike_others(each) and (where := place_of(each, history)) >= 0
    )
    last, there_last = next(found, (-1, -1))
    if last < 0:
        return tuple(told), False
    ours = deque(told[last + 1 :])
    theirs = deque(each for each in history[there_last + 1 :] if changes(each))
    while ours and theirs and _is_one_deed(ours[0], theirs[0]):
        ours.popleft()
        theirs.popleft()
    both = told[: len(told) - len(ours)]
    tokens = [each.data["token"] for each in both if "token" in each.data]
    new = [each.data.get("new") for each in both if each.kind in CHANGES]
    is_as_told = not theirs and there.status == (new[-1] if new else base.status)
    is_one = there.token == (tokens[-1] if tokens else base.token)
    return tuple(ours), (is_one and there.agent != "") or (is_as_told and (is_one or not tokens))


def place_of(told: Told, history: Sequence[Told]) -> int:
    """Return where a history tells of a deed, -1 where it does not."""
    return next((place for place, each in enumerate(history) if _is_one_deed(told, each)), -1)


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


def _is_unlike_others(told: Told) -> bool:
    """Tell whether an event occurs once, so that it is the same where both sides tell it."""
    return told.kind in BEGINS or APART in told.data


def _is_one_deed(one: Told, two: Told) -> bool:
    """Tell whether two events are of one deed, whatever token it has in another database."""
    deed = one.data.get(APART)
    if one.kind != two.kind or deed is None:
        return one == two
    return deed == two.data.get(APART)
