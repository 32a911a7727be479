"""How a claim came to its end, by its holder or by somebody else, and who is too late then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kanban_sync.core.claims import lost
from kanban_sync.core.errors import LostClaimError
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.core.claims import Standing
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry


def told_by_holder(events: Sequence[Event], agent: str, token: int) -> Status | None:
    """Return what the holder of a claim said of the task in the end; None if others ended it.

    A file that came to say that the task is over counts as the holder's word: whoever works on a
    task also commits.

    Args:
        events: The history of the task, oldest first.
        agent: Who had the claim.
        token: That of the claim.
    """
    said: Status | None = None
    is_after = False
    for each in events:
        data = json.loads(each.data)
        if each.kind == "claimed":
            if is_after:
                break
            is_after = data["token"] == token
        elif is_after and each.kind == "reclaimed":
            break
        elif is_after and each.kind == "released":
            return Status(data["new"])
        elif is_after and each.kind == "status_changed":
            new = Status(data["new"])
            if "who" in data:
                return new if data["who"] == agent else None
            said = new if new.is_over else None
    return said


def newest_token(events: Sequence[Event], agent: str) -> int:
    """Return the token of an agent's newest claim of a task, whatever became of it; 0 for none."""
    found = (json.loads(each.data) for each in reversed(events) if each.kind == "claimed")
    return next((int(data["token"]) for data in found if data["agent"] == agent), 0)


def token_of(entry: Entry, agent: str, token: int) -> int:
    """Return the token of a claim: the one that was given, else that of the agent's own."""
    claim = entry.claim
    return token if token or claim is None or claim.agent != agent else claim.token


def check_in_time(
    key: str, standing: Standing, events: Sequence[Event], agent: str, status: Status
) -> None:
    """Refuse an agent that shows no token and comes too late, as whoever shows one is refused.

    ======================= =========================== ===================================
    its newest claim        the task is open            the task is over
    ======================= =========================== ===================================
    none, or ended by it    it may say anything         it may only say what is so already
    nobody ended it         it may say anything         as above: its file came to say so
    its file ended it       refused: it is open again   as above
    others ended it         refused                     refused
    ======================= =========================== ===================================

    Whatever became of its claim, one by somebody else since then has ended it. A file ended it
    once it said that the task is over, or did not hold it any more.

    Args:
        key: Which task.
        standing: As it is.
        events: The history of the task, oldest first.
        agent: Who says something of it.
        status: What is said.

    Raises:
        LostClaimError: Saying what happened since, and what to do now.
    """
    if (apart := _lost_apart(events, agent)) is not None:
        raise lost(key, standing, apart, "was somebody else's by the time the database was back")
    token = newest_token(events, agent)
    others = _ended_by_others(events, agent, token) if token else None
    if standing.status.is_over:
        what = f"is {standing.status} already"
        if others or (others is not None and status is not standing.status):
            raise lost(key, standing, token, what)
        if status is not standing.status:
            raise LostClaimError(
                f"{key} {what}. Nothing was written; stop work on it. Whoever wants it open again "
                f"says so with 'kanban-sync task set {key} --status todo'.",
                standing.agent,
                standing.token,
            )
    elif others or (others == "" and _ended_by_file(events, token)):
        what = others or "was over by its file, and was opened again since"
        raise lost(key, standing, token, what)


def _lost_apart(events: Sequence[Event], agent: str) -> int | None:
    """Return the token of an agent's newest claim if it was made apart, and lost; else None."""
    for each in reversed(events):
        if each.kind not in {"claimed", "conflict"}:
            continue
        data = json.loads(each.data)
        if data.get("agent") == agent and (each.kind == "claimed" or "journal" in data):
            return None if each.kind == "claimed" else int(data["token"])
    return None


def _ended_by_others(events: Sequence[Event], agent: str, token: int) -> str | None:
    """Return how others ended a claim; '' if nobody did, None if its agent did."""
    told = [(each.kind, json.loads(each.data)) for each in events]
    claims = [(data["agent"], data["token"]) for kind, data in told if kind == "claimed"]
    if claims[-1] != (agent, token):
        return "was claimed by {} since (token {})".format(*claims[-1])
    ends = (_end(kind, data, agent) for kind, data in told if _is_end(kind, data, token))
    return next(ends, "")


def _ended_by_file(events: Sequence[Event], token: int) -> bool:
    """Tell whether, since a claim was made, a file has said that its task is over."""
    told = [(each.kind, json.loads(each.data)) for each in events]
    begin = next(n for n, each in enumerate(told) if _is_claim(*each, token))
    return any(
        kind == "orphaned"
        or (kind == "status_changed" and "who" not in data and Status(data["new"]).is_over)
        for kind, data in told[begin:]
    )


def _is_claim(kind: str, data: dict[str, Any], token: int) -> bool:
    return kind == "claimed" and data["token"] == token


def _is_end(kind: str, data: dict[str, Any], token: int) -> bool:
    return kind in {"released", "reclaimed", "status_changed"} and data.get("token") == token


def _end(kind: str, data: dict[str, Any], agent: str) -> str | None:
    """Return how others ended a claim by this event, None if its agent did."""
    if kind == "reclaimed":
        return "was taken back since"
    if kind == "released" or data["who"] == agent:
        return None
    return f"was set to {data['new']} by {data['who']} since"
