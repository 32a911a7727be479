"""What becomes of work that was done apart, while the database was away, once it is back. Pure.

Each task that was worked on is compared three ways, as a file and the database are: how it stood
when they parted (*base*), how it stands *here*, and how it stands in the database (*there*).

=====================  =====================  ================================================
there                  here                   what comes of it
=====================  =====================  ================================================
as the base            changed                ours is written, with its claim and its token
as before the base     changed                the same: nobody else has done anything with it
changed to the same    changed                nothing
a deed done apart      that deed, and on      ours is written: it is a copy of the clone that did it
that deed, and on      a deed done apart      nothing: all that was done here is told there
nobody has it, to do   claimed                our claim comes over with its token and its lease
claimed, unheard       the same agent's       ours is written, with its claim and its token
changed otherwise      changed                the database's stands, and the conflict is told
waits for such a one   claimed                the same: what it was built on does not count
does not take it       changed                the same: the others go on, and it is kept here
=====================  =====================  ================================================

A task stands *as before the base* in a database that was restored from a backup, and in a project
that is called otherwise by now, whose tasks were made anew from its files.

A claim is *unheard* that the agent had made just when the answers of the database ceased to come:
it did not learn of it, and claimed the task once more, apart.

Tokens decide between claims: one that was given apart is above any that the database gives, so
nobody shows the other's. Who lost is refused as whoever comes too late.
"""

from __future__ import annotations

from collections import deque
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.claims import GENERATION, ORCHESTRATOR, RAN_OUT, Outcome, Standing, Told
from kanban_sync.core.model import Status
from kanban_sync.core.spans import UNHEARD

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.work import Orchestrator

OWN = 16
"""How many characters of a digest tell journals of one name apart."""

CHANGES = frozenset({"claimed", "released", "reclaimed", "status_changed", "orphaned"})
"""The events of a task that tell how it stands; what else is told of it is no answer to work."""

BEGINS = frozenset({"claimed", "task_created"})
"""The events of a task that occur once, also where they do not say by what they are known."""

APART = "apart"
"""What the data of an event holds of something done apart: by what that one deed is known.

A conflict holds those of all that is lost by it.
"""

MARK = "journal"
"""Stands for the source in the key of the event by which it is known that a journal was taken."""


class Apart(NamedTuple):
    """One task that was worked on apart: as it stood before (None: it was not there), and stands.

    ``told`` are the events of it since then.
    """

    key: TaskKey
    base: Standing | None
    kept: Kept
    standing: Standing
    told: tuple[Told, ...] = ()

    def of(self, project: str) -> Apart:
        """Return it as a task of a project."""
        task = self.kept.task
        parent = task.parent and task.parent._replace(project=project)
        key = self.key._replace(project=project)
        kept = self.kept._replace(task=task._replace(key=key, parent=parent))
        return self._replace(key=key, kept=kept)

    @property
    def was_claimed(self) -> bool:
        """Whether somebody has claimed it apart."""
        return any(each.kind == "claimed" for each in self.told)

    @property
    def deeds(self) -> list[object]:
        """By what all that was done with it is known; of an older release, nothing is."""
        return [each.data[APART] for each in self.told if APART in each.data]

    def is_as_before(self, there: Standing) -> bool:
        """Whether it stands in the database as it did before."""
        return self.base is not None and _is_same(self.base, there)


class Journal(NamedTuple):
    """What was done apart since a moment (seconds since 1970), under a name made at random.

    Of a clone that was copied meanwhile there are two of one name; the ``digest`` tells them apart.
    It is that of the file that is sent, '' where there is none. ``is_another`` is it if one of
    that name was taken already.
    """

    id: str
    since: float
    entries: tuple[Apart, ...] = ()
    orchestrators: tuple[Orchestrator, ...] = ()
    digest: str = ""
    is_another: bool = False

    def of(self, project: str) -> Journal:
        """Return it with the tasks of a project, however that was called then."""
        return self._replace(entries=tuple(each.of(project) for each in self.entries))

    def as_another(self) -> Journal:
        """Return it under a name of its own, which is the same each time."""
        return self._replace(id=f"{self.id}-{self.digest[:OWN]}", is_another=True)


class Settled(NamedTuple):
    """What comes of one task: what is to be written (None: nothing), and what is told of it."""

    standing: Standing | None = None
    told: tuple[Told, ...] = ()
    is_conflict: bool = False


def deed_of(clone: str, number: str) -> str:
    """Return by what something is known that was done apart in a clone."""
    return f"{clone}-{number}"


def is_deed_of(clone: str, deed: object) -> bool:
    """Tell whether that was done in a clone, and not in one of which it is a copy."""
    return str(deed).rpartition("-")[0] == clone


def claimed_above(outcome: Outcome, least: int) -> Outcome:
    """Return a claim with a token above ``least``, which tells how many there were as ever."""
    given = outcome.standing.token
    token = max(given, least + given % GENERATION)
    *others, told = outcome.told
    mine = told._replace(data={**told.data, "token": token})
    return Outcome(outcome.standing._replace(token=token), (*others, mine))


def in_turn(
    entries: Sequence[Apart], needs: Mapping[TaskKey, Collection[TaskKey]]
) -> Sequence[Apart]:
    """Return what was done apart so that what others need comes before them."""
    by_key = {each.key: each for each in entries}
    try:
        return [by_key[key] for key in TopologicalSorter(needs).static_order() if key in by_key]
    except CycleError:
        # None of these was claimed: what waits for itself is never ready.
        return entries


def settled(  # noqa: PLR0913 - either side, and what is known of both
    entry: Apart,
    base: Standing,
    there: Standing,
    since: float = 0.0,
    *,
    history: Sequence[Told] = (),
    is_another: bool = False,
    is_older: bool = False,
    is_unfounded: bool = False,
) -> Settled:
    """Return what becomes of a task that was worked on apart.

    Args:
        entry: What was done apart.
        base: How the task stood before.
        there: How it stands in the database now.
        since: When they parted, in seconds since 1970.
        history: What the database has told of it, where it does not stand there as the base.
        is_another: Whether another copy of the clone has written its own.
        is_older: Whether it stands in the database as before the base.
        is_unfounded: Whether it waits in the database for a task of which the work done apart
            does not count.
    """
    here = entry.standing
    told, is_ahead = _news(entry.told, history, base, there)
    comes_over = _may_come_over(here, there)
    is_told = bool(entry.told) and not told
    if (is_told and not comes_over) or (is_another and not told and _was_ended(here, history)):
        return Settled()
    if is_unfounded and entry.was_claimed:
        return Settled(None, (_conflict(entry, base, there),), is_conflict=True)
    is_same = is_older or _is_same(base, there)
    is_unchanged = is_same and not _is_kept_alive(base, here, there)
    if not (is_unchanged or is_ahead) and _says_the_same(here, there):
        # The same agent on two machines, in the same second: neither may go on.
        is_twice = bool(here.agent) and base.token != here.token and not _is_one(here, there)
        return _neither(entry, there) if is_twice else Settled()
    is_unheard = _is_unheard(base, here, there, since)
    if is_unchanged or is_unheard or is_ahead or comes_over:
        is_one = here.agent and here.token == there.token
        # How long a claim of another machine lasts, it has told the database alone.
        ends = there.expires if here.expires >= UNHEARD else here.expires
        expires = max(ends, there.expires) if is_one else ends
        token = max(here.token, there.token)
        after = here._replace(token=token, expires=expires, file_status=there.file_status)
        return Settled(after, told)
    return Settled(None, (_conflict(entry, base, there),), is_conflict=True)


def is_older(entry: Apart, there: Standing, history: Sequence[Told], later: Sequence[Told]) -> bool:
    """Tell whether a task stands in the database as before the base, and nobody did anything since.

    Args:
        entry: What was done apart.
        there: How the task stands in the database now.
        history: What the database has told of it.
        later: What of that it has told after the last claim that the base knows.
    """
    base, here = entry.base, entry.standing
    if base is None or there.agent or there.assignee not in {"", base.assignee, here.assignee}:
        return False
    # What commands wrote into the files may have come into the database through them.
    said = {
        base.file_status,
        base.status,
        here.status,
        *(each.data.get("new") for each in entry.told),
    }
    if there.file_status not in said:
        return False
    if base.token > there.token:
        return not any(map(_changes, later))
    is_whole = any(each.kind == "task_created" for each in history)
    return is_whole and not any(map(_changes, history))


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


def _was_taken_back(standing: Standing) -> bool:
    """Tell whether the last claim of a task ended since nothing was heard of who had it."""
    said = standing.reason
    return not standing.agent and (said == RAN_OUT or said.startswith(ORCHESTRATOR))


def _is_same(base: Standing, there: Standing) -> bool:
    return _says_the_same(base, there) and base.token == there.token


def _says_the_same(one: Standing, two: Standing) -> bool:
    if (one.status, one.assignee, one.agent) != (two.status, two.assignee, two.agent):
        return False
    return not one.agent or one.token == two.token


def _is_one(here: Standing, there: Standing) -> bool:
    """Tell whether the newest claim is the same: of one clone, and of a copy that goes on with it.

    Tokens that are given apart in one second may be equal, but claims begin at one moment each.
    """
    return (here.token, here.started_at) == (there.token, there.started_at)


def _news(
    told: Sequence[Told], history: Sequence[Told], base: Standing, there: Standing
) -> tuple[tuple[Told, ...], bool]:
    """Return what is told here and not there, and whether it goes on from how it stands there.

    Of a clone that was copied, both tell the same up to some deed. One of an older release is known
    if it is a claim, or that it was added, and what follows is the same maybe further.
    """
    found = (each for each in reversed(told) if _is_unlike_others(each) and each in history)
    last = next(found, None)
    if last is None:
        return tuple(told), False
    both = told[: told.index(last) + 1]
    ours = deque(told[len(both) :])
    theirs = deque(each for each in history[history.index(last) + 1 :] if _changes(each))
    while ours and theirs and ours[0] == theirs[0]:
        ours.popleft()
        theirs.popleft()
    both = told[: len(told) - len(ours)]
    tokens = [each.data["token"] for each in both if "token" in each.data]
    new = [each.data.get("new") for each in both if each.kind in CHANGES]
    is_as_told = not theirs and there.status == (new[-1] if new else base.status)
    is_one = there.token == (tokens[-1] if tokens else base.token)
    return tuple(ours), (is_one and there.agent != "") or (is_as_told and (is_one or not tokens))


def _is_unlike_others(told: Told) -> bool:
    """Tell whether an event occurs once, so that it is the same where both sides tell it."""
    return told.kind in BEGINS or APART in told.data


def _was_ended(here: Standing, history: Sequence[Told]) -> bool:
    """Tell whether another copy of the clone ended a claim that was only kept alive here."""
    return here.agent != "" and any(
        each.kind in CHANGES and APART in each.data and each.data.get("token") == here.token
        for each in history
    )


def _changes(told: Told) -> bool:
    """Tell whether an event changed how a task stands with those who work on it."""
    fields = told.data.get("fields")
    return told.kind in CHANGES or (isinstance(fields, list) and "assignee" in fields)


def _is_kept_alive(base: Standing, here: Standing, there: Standing) -> bool:
    """Tell whether a claim that ran out and was taken over here was extended there."""
    return bool(there.agent) and there.expires > base.expires and here.token != there.token


def _is_unheard(base: Standing, here: Standing, there: Standing, since: float) -> bool:
    """Tell whether the claim there was made before they parted, by who had the task here then."""
    is_first = not base.agent and there.token == base.token + 1
    is_same = there.agent != "" and there.agent == (here.agent or here.assignee)
    return is_first and is_same and there.started_at <= since and here.token > there.token


def _may_come_over(here: Standing, there: Standing) -> bool:
    """Tell whether a claim of here may go on: nobody has the task there."""
    if not here.agent or there.agent or there.status is not Status.TODO:
        return False
    is_for_it = there.assignee in {"", here.agent, here.before}
    is_newer = here.token > there.token or (here.token == there.token and _was_taken_back(there))
    return is_for_it and is_newer


def _neither(entry: Apart, there: Standing) -> Settled:
    free = there._replace(
        status=Status.TODO, agent="", orchestrator="", expires=0.0, assignee=there.before or ""
    )
    told = _conflict(entry, there, free)
    return Settled(free._replace(before=None, said=None), (told,), is_conflict=True)


def _conflict(entry: Apart, base: Standing, there: Standing) -> Told:
    here = entry.standing
    values = {"base": base.status, "journal": here.status, "database": there.status}
    field = "claim" if here.agent else "status"
    return Told("conflict", {"field": field, **values, **_whose(entry)})


def _whose(entry: Apart) -> dict[str, object]:
    """Return whose work is lost: who has the claim, or whose name is on the task; and which."""
    here = entry.standing
    whose: dict[str, object] = {"agent": here.agent or here.assignee, "token": here.token}
    return {**whose, APART: entry.deeds} if entry.deeds else whose
