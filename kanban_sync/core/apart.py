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
that claim, and its    taken back since its   the database's stands; the conflict is told if
orchestrator is heard  orchestrator was not   something else was done here
=====================  =====================  ================================================

Into another database (``Into``) a journal is written where that was restored from a backup, or
made anew, and so are its tasks where the project is called otherwise by now. Tokens and the
numbers of events of two databases say nothing of each other, and are not compared. What is, is the
status, who has the task, and whether anybody did anything with it there, as its events tell. A task
with which nobody did stands *as before the base*. What is in a restored database may have been done
before the backup, or by others since: it counts as theirs, but for what came before a deed that the
base knows. There what is to do, or stands as the base, may be written over. A claim that comes over
gets a token above those of both, unless its own is that.

A claim is *unheard* that the agent had made just when the answers of the database ceased to come:
it did not learn of it, and claimed the task once more, apart.

Tokens decide between claims of one database: one that was given apart is above any that it gives,
so nobody shows the other's. Who lost is refused as whoever comes too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.claims import GENERATION, ORCHESTRATOR, RAN_OUT, Outcome, Standing, Told
from kanban_sync.core.deeds import (
    ENDED,
    changes,
    conflict,
    is_of_file,
    news,
    numbered,
    place_of,
)
from kanban_sync.core.journal import APART, Into, says_the_same, stands_as
from kanban_sync.core.model import Status
from kanban_sync.core.spans import UNHEARD

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kanban_sync.core.journal import Apart, Journal


class Elsewhere(NamedTuple):
    """What others did with a task in another database since that was made or restored."""

    done: tuple[Told, ...]
    is_untouched: bool


class Settled(NamedTuple):
    """What comes of one task: what is to be written (None: nothing), and what is told of it."""

    standing: Standing | None = None
    told: tuple[Told, ...] = ()
    is_conflict: bool = False


def claimed_above(outcome: Outcome, least: int) -> Outcome:
    """Return a claim with a token above ``least``, which tells how many there were as ever."""
    given = outcome.standing.token
    token = max(given, least + given % GENERATION)
    *others, told = outcome.told
    mine = told._replace(data={**told.data, "token": token})
    return Outcome(outcome.standing._replace(token=token), (*others, mine))


def settled(  # noqa: PLR0913 - either side, and what is known of both
    entry: Apart,
    base: Standing,
    there: Standing,
    since: float = 0.0,
    *,
    history: Sequence[Told] = (),
    is_another: bool = False,
    elsewhere: Elsewhere | None = None,
    is_unfounded: bool = False,
    heard: Collection[str] = (),
) -> Settled:
    """Return what becomes of a task that was worked on apart.

    Args:
        entry: What was done apart.
        base: How the task stood before.
        there: How it stands in the database now.
        since: When they parted, in seconds since 1970.
        history: What the database has told of it, where it does not stand there as the base.
        is_another: Whether another copy of the clone has written its own.
        elsewhere: What others did with it in the database, where that is another one.
        is_unfounded: Whether it waits in the database for a task of which the work done apart
            does not count.
        heard: The orchestrators of which the database has heard later than was heard here.
    """
    here = entry.standing
    told, is_ahead = news(entry.told, history, base, there)
    comes_over = _may_come_over(entry, there, history, elsewhere)
    is_told = bool(entry.told) and not told
    if (is_told and not comes_over) or (is_another and not told and _was_ended(here, history)):
        return Settled()
    if is_unfounded and entry.was_claimed:
        return Settled(None, (conflict(entry, base, there),), is_conflict=True)
    is_same = stands_as(base, there) if elsewhere is None else elsewhere.is_untouched
    is_alive = base.orchestrator in heard and _is_given_up(entry, base, there)
    is_only_given_up = all(each.kind == "reclaimed" for each in entry.told)
    if is_alive and is_only_given_up and is_same:
        return Settled()  # Nothing else was done: nobody loses anything.
    is_kept = is_alive or _is_kept_alive(entry, base, there, elsewhere)
    is_unchanged = is_same and not is_kept
    if not (is_unchanged or is_ahead) and says_the_same(here, there):
        # The same agent on two machines, in the same second: neither may go on.
        is_twice = bool(here.agent) and base.token != here.token and not _is_one(here, there)
        return _neither(entry, there) if is_twice else Settled()
    is_unheard = _is_unheard(base, here, there, since, elsewhere)
    if is_unchanged or is_unheard or is_ahead or comes_over:
        if elsewhere is not None and _came_by_file(base, here, there):
            told = ()
        return _written(entry, base, there, told, is_elsewhere=elsewhere is not None)
    return Settled(None, (conflict(entry, base, there),), is_conflict=True)


def elsewhere(
    entry: Apart, there: Standing, journal: Journal, events: Sequence[tuple[float, Told]]
) -> Elsewhere | None:
    """Return what others did with a task where its journal is written into another database.

    None where that is the one that was away, and was not set back meanwhile.

    Args:
        entry: What was done apart.
        there: How the task stands in the database now.
        journal: Of which that is a part.
        events: What the database has told of the task, and when, by its clock.
    """
    if journal.into is Into.OTHER:
        return _in_other(entry, there, journal, events)
    if journal.into is Into.SAME and not (entry.base and _is_set_back(entry.base, there)):
        return None
    return _in_restored(entry, there, journal, events)


def _in_restored(
    entry: Apart, there: Standing, journal: Journal, events: Sequence[tuple[float, Told]]
) -> Elsewhere:
    """Return what others may have done in a database that was restored.

    Others may work with it while this clone still works with the one of before: no time tells what
    the base knows of its events, but only that a deed which the base knows is among them.
    """
    base, here = entry.base, entry.standing
    known = (
        place
        for place, (at, told) in enumerate(events, 1)
        if (changes(told) and told.data.get(APART) in journal.known)
        or (base is not None and _is_claim_of(base, at, told))
    )
    rest = (told for _, told in events[max(known, default=0) :] if changes(told))
    done = tuple(told for told in rest if told.data.get(APART) not in entry.deeds)
    if base is None:
        return Elsewhere(done, is_untouched=False)
    names = {"", base.assignee, base.before, here.assignee}
    was_claimed = entry.was_claimed or base.agent != ""
    is_free = there.status is Status.TODO and not there.agent and there.assignee in names
    is_as_base = says_the_same(base, there) and (not there.agent or _is_one_claim(base, there))
    return Elsewhere(done, is_untouched=not done or (was_claimed and is_free) or is_as_base)


def _is_claim_of(base: Standing, at: float, told: Told) -> bool:
    """Tell whether an event is the newest claim that the base knows."""
    is_so = told.kind == "claimed" and told.data.get("token") == base.token
    return is_so and at == base.started_at


def _in_other(
    entry: Apart, there: Standing, journal: Journal, events: Sequence[tuple[float, Told]]
) -> Elsewhere:
    """Return what others did in a database that was made by itself, or as another project."""
    base, here = entry.base, entry.standing
    # What commands wrote into the files may have come into the database through them.
    said = {here.status, *(each.data.get("new") for each in entry.told)}
    if base is not None:
        said |= {base.file_status, base.status}
    # With what was written there before, all was settled that had been done there until then.
    is_ours = base is not None and _is_one_claim(base, there)
    written = (
        place
        for place, (_, told) in enumerate(events, 1)
        if changes(told)
        and (
            told.data.get(APART) in journal.known
            or (is_ours and told.kind == "claimed" and told.data["token"] == there.token)
        )
    )
    done = tuple(
        told
        for _, told in events[max(written, default=0) :]
        if changes(told)
        and told.data.get(APART) not in entry.deeds
        and not (is_of_file(told) and told.data["new"] in said)
    )
    is_whole = any(told.kind == "task_created" for _, told in events)
    names = {"", here.assignee, *((base.assignee, base.before) if base is not None else ())}
    is_for_other = there.assignee not in names
    is_as_said = there.file_status in said and not is_for_other
    is_untouched = base is not None and is_whole and is_as_said and not done
    return Elsewhere(done, is_untouched)


def _written(
    entry: Apart, base: Standing, there: Standing, told: Sequence[Told], *, is_elsewhere: bool
) -> Settled:
    """Return that what was done apart is written."""
    here = entry.standing
    is_one = bool(here.agent) and (here.agent, here.token) == (there.agent, there.token)
    # How long a claim of another machine lasts, it has told the database alone.
    ends = there.expires if here.expires >= UNHEARD else here.expires
    token = max(here.token, there.token)
    if is_elsewhere:
        numbers = {}
        if _is_one_claim(base, there):
            numbers[base.token] = there.token
        is_one = _is_one_claim(here, there)
        if here.agent and not is_one and here.token <= there.token:
            token = numbers[here.token] = there.token + 1
        told = [numbered(each, numbers) for each in told]
        claims = (each.data.get("token") for each in told if each.kind == "claimed")
        if here.agent and not is_one and token not in claims:
            data = {"agent": here.agent, "token": token, "expires": ends}
            told.insert(0, Told("claimed", {**data, "old": there.status, "new": here.status}))
    expires = max(ends, there.expires) if is_one else ends
    after = here._replace(token=token, expires=expires, file_status=there.file_status)
    return Settled(after, tuple(told))


def _was_taken_back(standing: Standing) -> bool:
    """Tell whether the last claim of a task ended since nothing was heard of who had it."""
    said = standing.reason
    return not standing.agent and (said == RAN_OUT or said.startswith(ORCHESTRATOR))


def _came_by_file(base: Standing, here: Standing, there: Standing) -> bool:
    """Tell whether another database has the end of work already: it is told once."""
    return there.status is here.status is not base.status and not (here.agent or there.agent)


def _is_one_claim(one: Standing, two: Standing) -> bool:
    """Tell whether a claim is the same in two databases, whatever its token is there."""
    return one.agent != "" and (one.agent, one.started_at) == (two.agent, two.started_at)


def _is_one(here: Standing, there: Standing) -> bool:
    """Tell whether the newest claim is the same: of one clone, and of a copy that goes on with it.

    Tokens that are given apart in one second may be equal, but claims begin at one moment each.
    """
    return (here.token, here.started_at) == (there.token, there.started_at)


def _was_ended(here: Standing, history: Sequence[Told]) -> bool:
    """Tell whether another copy of the clone ended a claim that was only kept alive here."""
    return here.agent != "" and any(
        changes(each)
        and each.kind != "claimed"
        and APART in each.data
        and each.data.get("token") == here.token
        for each in history
    )


def _is_set_back(base: Standing, there: Standing) -> bool:
    """Tell whether a database has less than it had: it was restored in its own place."""
    return (there.token, there.version) < (base.token, base.version)


def _is_kept_alive(
    entry: Apart, base: Standing, there: Standing, elsewhere: Elsewhere | None
) -> bool:
    """Tell whether a claim that ran out and was taken over here was extended there."""
    if elsewhere is not None and not _is_one_claim(base, there):
        return False  # It had ended before they parted.
    is_over = entry.standing.token != there.token and not any(
        each.kind in ENDED
        and each.data.get("token") == base.token
        and base.agent in {each.data.get("agent"), each.data.get("who")}
        for each in entry.told
    )
    return bool(there.agent) and there.expires > base.expires and is_over


def _is_given_up(entry: Apart, base: Standing, there: Standing) -> bool:
    """Tell whether a claim of before, which is there still, was taken back here for silence."""
    return (
        base.agent != ""
        and _is_one_claim(base, there)
        and any(
            each.kind == "reclaimed"
            and (each.data["token"], each.data["why"]) == (base.token, base.orchestrator)
            for each in entry.told
        )
    )


def _is_unheard(
    base: Standing, here: Standing, there: Standing, since: float, elsewhere: Elsewhere | None
) -> bool:
    """Tell whether the claim there was made before they parted, by who had the task here then."""
    is_same = there.agent != "" and there.agent == (here.agent or here.assignee)
    if base.agent or not is_same or there.started_at > since:
        return False
    if elsewhere is not None:
        return [each.kind for each in elsewhere.done] == ["claimed"]
    return there.token == base.token + 1 and here.token > there.token


def _may_come_over(
    entry: Apart, there: Standing, history: Sequence[Told], elsewhere: Elsewhere | None
) -> bool:
    """Tell whether a claim of here may go on: nobody has the task there."""
    here = entry.standing
    if not here.agent or there.agent or there.status is not Status.TODO:
        return False
    if there.assignee not in {"", here.agent, here.before}:
        return False
    if elsewhere is not None:
        return not _was_ended_there(entry, history, elsewhere)
    return here.token > there.token or (_is_one(here, there) and _was_taken_back(there))


def _was_ended_there(entry: Apart, history: Sequence[Told], elsewhere: Elsewhere) -> bool:
    """Tell whether the claim of here was known in another database, and ended by somebody there."""
    here = entry.standing
    claims = [each for each in entry.told if each.kind == "claimed"]
    if claims:
        place = place_of(claims[-1], history)
        later = [each for each in history[place + 1 :] if changes(each)]
        return place >= 0 and (not later or later[0].kind != "reclaimed")
    # Nobody else was given that token there as long as it is the first to end.
    first = next(iter(elsewhere.done), None)
    is_end = first is not None and first.kind in ENDED
    return is_end and first is not None and first.data.get("token") == here.token


def _neither(entry: Apart, there: Standing) -> Settled:
    free = there._replace(
        status=Status.TODO, agent="", orchestrator="", expires=0.0, assignee=there.before or ""
    )
    told = conflict(entry, there, free)
    return Settled(free._replace(before=None, said=None), (told,), is_conflict=True)
