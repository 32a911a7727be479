"""What becomes of work that was done while the database was away: the table, row by row."""

from __future__ import annotations

import pytest

from kanban_sync.core.apart import (
    Elsewhere,
    Settled,
    claimed_above,
    elsewhere,
    settled,
)
from kanban_sync.core.claims import RAN_OUT, Standing, Told, claimed, first_number
from kanban_sync.core.deeds import gone, told_already
from kanban_sync.core.journal import APART, Apart, Into, Journal
from kanban_sync.core.merge import Kept
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.spans import UNHEARD

KEY = TaskKey("p1", "tasks-md", "a")
KEPT = Kept(Task(KEY, "A", Status.TODO), None)
NOW = 1_700_000_000.0
TOKEN = first_number(NOW) + 1
TOLD = (Told("claimed", {"agent": "ada", "token": TOKEN}),)

FREE = Standing(Status.TODO, Status.TODO)
ADA = FREE._replace(
    status=Status.IN_PROGRESS, agent="ada", assignee="ada", before="", token=TOKEN, expires=NOW
)
BOB = ADA._replace(agent="bob", assignee="bob", token=1)
DONE = FREE._replace(status=Status.DONE, assignee="ada", token=TOKEN)
LAPSED = BOB._replace(expires=NOW - 60)

OURS, NOTHING, THEIRS, NEITHER = "ours", "nothing", "theirs", "neither"


@pytest.mark.parametrize(
    ("base", "here", "there", "comes"),
    [
        # As the base: ours is written.
        (FREE, ADA, FREE, OURS),
        (FREE, DONE, FREE, OURS),
        (FREE, FREE._replace(token=TOKEN), FREE, OURS),
        (BOB, BOB._replace(expires=NOW + 60), BOB, OURS),
        (LAPSED, ADA, LAPSED, OURS),
        # Changed to the same: nothing.
        (FREE, DONE, DONE._replace(token=1), NOTHING),
        # Nobody has it, and it is to do: the claim comes over.
        (FREE, ADA, FREE._replace(token=2), OURS),
        (BOB, BOB, FREE._replace(token=1, reason=RAN_OUT), OURS),
        # Changed otherwise: the database's stands.
        # One token that was given to two apart, in one second: its late writer must not write.
        (FREE, ADA, FREE._replace(token=TOKEN, started_at=NOW, reason=RAN_OUT), THEIRS),
        (FREE, ADA, BOB, THEIRS),
        (FREE, DONE, BOB, THEIRS),
        (FREE, ADA, DONE._replace(token=1), THEIRS),
        (FREE, DONE, FREE._replace(status=Status.FAILED), THEIRS),
        (FREE, ADA, FREE._replace(token=2, assignee="bob"), THEIRS),
        (FREE, ADA, FREE._replace(token=TOKEN + 1), THEIRS),
        # A person took it back, or its lease was extended there.
        (BOB, BOB._replace(expires=NOW + 60), FREE._replace(token=1), THEIRS),
        (LAPSED, ADA, LAPSED._replace(expires=NOW + 600), THEIRS),
        # One name on two machines in one second.
        (FREE, ADA, ADA._replace(started_at=NOW), NEITHER),
        # One claim in a clone and in a copy of it, where it may have gone on.
        (FREE, ADA, ADA, NOTHING),
        (FREE, DONE, ADA._replace(started_at=NOW), THEIRS),
        (FREE, ADA, DONE, THEIRS),
    ],
)
def test_what_was_done_apart_is_compared_three_ways(
    base: Standing, here: Standing, there: Standing, comes: str
) -> None:
    found = settled(Apart(KEY, base, KEPT, here, TOLD), base, there)
    if comes == OURS:
        assert found.standing == here._replace(token=max(here.token, there.token))
        assert found.told == TOLD
    elif comes == NOTHING:
        assert found == (None, (), False)
    else:
        [told] = found.told
        assert (told.kind, found.is_conflict) == ("conflict", True)
        assert told.data["field"] == ("claim" if here.agent else "status")
        assert told.data["journal"] == here.status
        if comes == NEITHER:
            assert found.standing is not None
            assert (found.standing.agent, found.standing.status) == ("", Status.TODO)
        else:
            assert found.standing is None


def test_a_copy_of_a_clone_that_goes_on_with_a_claim_tells_only_what_is_new() -> None:
    end = Told("status_changed", {"token": TOKEN, "new": "done"})
    found = settled(Apart(KEY, FREE, KEPT, DONE, (*TOLD, end)), FREE, ADA, history=TOLD)
    assert (found.standing, found.told) == (DONE, (end,))


END = Told("status_changed", {"old": "in_progress", "new": "done", "token": TOKEN})
BACK = Told("released", {"old": "in_progress", "new": "todo", "token": TOKEN})
AGAIN = Told("claimed", {"agent": "eve", "token": TOKEN + 1, "new": "in_progress"})
TITLE = Told("task_updated", {"fields": ["title"], "new": "A"})
GIVEN = Told("task_updated", {"fields": ["assignee"], "new": "bob"})
TOOK = Told("reclaimed", {"new": "todo", "token": TOKEN})
RETURNED = Told("released", {"old": "in_progress", "new": "todo", "token": TOKEN + 1})
EVE = ADA._replace(agent="eve", assignee="eve", token=TOKEN + 1)
IDLE = FREE._replace(token=TOKEN)
REOPENED = Told("status_changed", {"old": "done", "new": "todo", "who": "eve"})


@pytest.mark.parametrize(
    ("here", "since", "there", "since_there", "told"),
    [
        # Here it went on, from the claim or from what both have told since.
        (EVE, (BACK, AGAIN), ADA, (), (BACK, AGAIN)),
        (EVE, (BACK, AGAIN), ADA, (TITLE,), (BACK, AGAIN)),
        (EVE, (BACK, AGAIN), IDLE, (BACK,), (AGAIN,)),
        (IDLE, (END, REOPENED), DONE, (END,), (REOPENED,)),
        # Though it stands as it did: a third copy may be on the way.
        (IDLE._replace(token=TOKEN + 1), (BACK, AGAIN, RETURNED), IDLE, (BACK,), (AGAIN, RETURNED)),
        # It was taken back there, from who has it still.
        (ADA, (), IDLE._replace(reason=RAN_OUT), (TOOK,), ()),
        # There it went on.
        (ADA, (), DONE, (END,), None),
        (ADA, (), IDLE, (BACK,), None),
        (ADA, (), EVE, (BACK, AGAIN), None),
        (IDLE, (BACK,), EVE, (BACK, AGAIN), None),
        # Either went on otherwise, or something was done there of which no such event tells.
        (DONE, (END,), IDLE, (BACK,), "conflict"),
        (DONE, (END,), IDLE, (), "conflict"),
        (IDLE, (END, REOPENED), DONE._replace(assignee="bob"), (END, GIVEN), "conflict"),
    ],
)
@pytest.mark.parametrize("is_unfounded", [False, True])
def test_of_copies_of_one_clone_that_counts_which_went_on_from_what_the_other_told(
    here: Standing,
    since: tuple[Told, ...],
    there: Standing,
    since_there: tuple[Told, ...],
    told: tuple[Told, ...] | str | None,
    *,
    is_unfounded: bool,
) -> None:
    found = settled(
        Apart(KEY, FREE, KEPT, here, (*TOLD, *since)),
        FREE,
        there,
        history=(TITLE, *TOLD, *since_there),
        is_unfounded=is_unfounded,
    )
    if told is None:
        assert found == Settled()
    elif is_unfounded or told == "conflict":
        assert (found.standing, found.is_conflict) == (None, True)
    else:
        assert (found.standing, found.told) == (here, told)


@pytest.mark.parametrize(
    ("there", "is_ours"),
    [
        # Claimed as they parted, by the same agent, who did not hear of it.
        (ADA._replace(token=1, started_at=NOW), True),
        # Claimed later: by an agent of that name on another machine.
        (ADA._replace(token=1, started_at=NOW + 1), False),
        # Somebody had it in between.
        (ADA._replace(token=2, started_at=NOW), False),
        (BOB._replace(started_at=NOW), False),
    ],
)
@pytest.mark.parametrize("here", [ADA, DONE])
def test_a_claim_that_was_not_heard_of_gives_way_to_that_made_apart(
    here: Standing, there: Standing, *, is_ours: bool
) -> None:
    found = settled(Apart(KEY, FREE, KEPT, here, TOLD), FREE, there, NOW)
    assert found.is_conflict is not is_ours
    assert (found.standing == here) is is_ours


MADE = Told("task_created", {"status": "todo"})
TOOK_IT = Told("claimed", {"agent": "bob", "token": 1, "old": "todo", "new": "in_progress"})
GAVE_BACK = Told("released", {"agent": "bob", "token": 1, "old": "in_progress", "new": "todo"})
SAID = Told("status_changed", {"old": "todo", "new": "blocked", "who": "bob"})
OF_FILE = Told("status_changed", {"old": "todo", "new": "done"})
OTHER_FILE = Told("status_changed", {"old": "todo", "new": "failed"})
MINE = Told("status_changed", {"old": "todo", "new": "blocked", "who": "ada", "apart": "c1-1"})
BLOCKED = FREE._replace(status=Status.BLOCKED)
LATER = FREE._replace(status=Status.REVIEW, version=Version(int(NOW) - 60, "database"))
BEFORE, SINCE = NOW - 60, NOW + 60


@pytest.mark.parametrize(
    ("into", "base", "there", "events", "done", "is_untouched"),
    [
        # Made anew, whatever its tokens are.
        (Into.OTHER, FREE, FREE, [(SINCE, MADE)], (), True),
        (Into.OTHER, IDLE, FREE, [(SINCE, MADE)], (), True),
        (Into.OTHER, FREE, FREE._replace(token=TOKEN + 9), [(SINCE, MADE)], (), True),
        (Into.OTHER, BOB, FREE, [(SINCE, MADE)], (), True),
        # What a command wrote into the file came back through it.
        (Into.OTHER, FREE, DONE, [(SINCE, MADE), (SINCE, OF_FILE)], (), True),
        # Somebody did something there; or in one that was never that which was away.
        (Into.OTHER, FREE, BOB, [(SINCE, MADE), (SINCE, TOOK_IT)], (TOOK_IT,), False),
        (Into.OTHER, FREE, BLOCKED, [(BEFORE, MADE), (BEFORE, SAID)], (SAID,), False),
        (Into.OTHER, FREE, DONE, [(SINCE, MADE), (SINCE, OTHER_FILE)], (OTHER_FILE,), False),
        (Into.OTHER, FREE, FREE._replace(assignee="eve"), [(SINCE, MADE)], (), False),
        (Into.OTHER, FREE, FREE._replace(file_status=Status.FAILED), [(SINCE, MADE)], (), False),
        # A claim of before the absence has come over, with what was done first.
        (Into.OTHER, BOB, BOB, [(SINCE, MADE), (SINCE, TOOK_IT)], (), True),
        # Nobody knows, where its history was cut.
        (Into.OTHER, FREE, FREE, [], (), False),
        # Restored: what the copy surely knows of is nobody's answer, and no time tells that.
        (Into.RESTORED, BOB._replace(started_at=BEFORE), BOB, [(BEFORE, TOOK_IT)], (), True),
        (Into.RESTORED, FREE, BLOCKED, [(BEFORE, MADE), (BEFORE, SAID)], (SAID,), False),
        (Into.RESTORED, DONE, BOB, [(BEFORE, TOOK_IT)], (TOOK_IT,), False),
        (Into.RESTORED, FREE, DONE, [(BEFORE, OF_FILE)], (OF_FILE,), False),
        # What is to do there, or stands as the copy has it, is written over without a loss.
        (Into.RESTORED, DONE, FREE, [(SINCE, SAID), (SINCE, REOPENED)], (SAID, REOPENED), True),
        (Into.RESTORED, BLOCKED, BLOCKED, [(SINCE, SAID)], (SAID,), True),
        (Into.RESTORED, BLOCKED, FREE._replace(assignee="eve"), [(SINCE, SAID)], (SAID,), False),
        (Into.RESTORED, FREE, BLOCKED, [(SINCE, SAID)], (SAID,), False),
        (Into.RESTORED, ADA, BOB, [(SINCE, TOOK_IT)], (TOOK_IT,), False),
        # Nor is what the journal itself has, or one that was written before it.
        (Into.RESTORED, FREE, BLOCKED, [(SINCE, MINE)], (), True),
        (Into.OTHER, FREE, BLOCKED, [(SINCE, MADE), (SINCE, SAID), (SINCE, MINE)], (), True),
        (Into.OTHER, BOB, BOB, [(SINCE, MADE), (SINCE, SAID), (SINCE, TOOK_IT)], (), True),
        (Into.OTHER, FREE, FREE, [(SINCE, MADE), (SINCE, MINE), (SINCE, SAID)], (SAID,), False),
        # The very database that was away has no such question, unless it was set back.
        (Into.SAME, IDLE._replace(started_at=BEFORE), FREE, [(BEFORE, TOOK_IT)], (TOOK_IT,), True),
        (Into.SAME, IDLE, BOB, [(SINCE, TOOK_IT)], (TOOK_IT,), False),
        # Also where that tells only that a status was set later than it has it.
        (Into.SAME, LATER, FREE, [(BEFORE, TOOK_IT)], (TOOK_IT,), True),
        (Into.SAME, LATER, BLOCKED, [(BEFORE, SAID)], (SAID,), False),
    ],
)
def test_in_another_database_that_counts_as_done_which_the_copy_does_not_know_of(
    into: Into,
    base: Standing,
    there: Standing,
    events: list[tuple[float, Told]],
    done: tuple[Told, ...],
    *,
    is_untouched: bool,
) -> None:
    journal = Journal("j1", NOW, copied_at=NOW, known=frozenset({"c1-1"}), into=into)
    found = elsewhere(Apart(KEY, base, KEPT, DONE, TOLD), there, journal, events)
    assert found == Elsewhere(done, is_untouched)
    assert (
        elsewhere(Apart(KEY, base, KEPT, DONE), base, journal._replace(into=Into.SAME), []) is None
    )


UNTOUCHED = Elsewhere((), is_untouched=True)
TOUCHED = Elsewhere((TOOK_IT, GAVE_BACK), is_untouched=False)
HIGH = TOKEN + 10**12


@pytest.mark.parametrize(
    ("base", "here", "there", "known", "token"),
    [
        # Untouched: ours is written, and a claim has a token that nobody else was given.
        (FREE, DONE, FREE._replace(token=HIGH), UNTOUCHED, HIGH),
        (FREE, ADA, FREE, UNTOUCHED, TOKEN),
        (FREE, ADA, FREE._replace(token=HIGH), UNTOUCHED, HIGH + 1),
        (FREE, ADA, FREE._replace(token=TOKEN), UNTOUCHED, TOKEN + 1),
        (BOB, BOB, FREE._replace(token=HIGH), UNTOUCHED, HIGH + 1),
        # One that has come over goes on with the token that it has got.
        (ADA, ADA, ADA._replace(token=HIGH), UNTOUCHED, HIGH),
        # As it was in the backup: somebody's claim that had ended since.
        (FREE, DONE, BOB._replace(started_at=1.0), UNTOUCHED, TOKEN),
        # Somebody gave it back there: nobody has it.
        (FREE, ADA, FREE._replace(token=HIGH), TOUCHED, HIGH + 1),
        (ADA, ADA, FREE._replace(token=1), TOUCHED, TOKEN),
        # Else what was done there stands.
        (FREE, DONE, FREE._replace(token=HIGH), TOUCHED, None),
        (FREE, ADA, BOB, TOUCHED, None),
        (FREE, ADA, ADA._replace(started_at=NOW, token=HIGH), TOUCHED, None),
        (FREE, ADA, BLOCKED, TOUCHED, None),
        (FREE, ADA, FREE._replace(assignee="bob"), TOUCHED, None),
        # The claim was in the backup, and was taken from the agent there.
        (BOB, BOB, FREE._replace(token=1), Elsewhere((GAVE_BACK,), is_untouched=False), None),
    ],
)
def test_tokens_of_two_databases_are_not_compared_and_nobody_has_that_of_another(
    base: Standing, here: Standing, there: Standing, known: Elsewhere, token: int | None
) -> None:
    claim = Told("claimed", {"agent": "ada", "token": TOKEN, "apart": "c1-2"})
    told = (claim,) if here.token == TOKEN and base.token != TOKEN else ()
    found = settled(Apart(KEY, base, KEPT, here, told), base, there, elsewhere=known)
    assert found.is_conflict is (token is None)
    if found.standing is not None:
        assert (found.standing.agent, found.standing.token) == (here.agent, token)
        claims = [each.data["token"] for each in found.told if each.kind == "claimed"]
        assert claims == ([] if not told and there.agent else [token or 0 if here.agent else TOKEN])


def test_an_end_that_came_into_another_database_by_its_file_is_told_once() -> None:
    end = Told("status_changed", {"old": "todo", "new": "done", "who": "ada"})
    there = DONE._replace(assignee="", token=1)
    found = settled(Apart(KEY, FREE, KEPT, DONE, (end,)), FREE, there, elsewhere=UNTOUCHED)
    assert found == Settled(DONE)


def test_a_lease_that_was_extended_on_both_sides_lasts_for_the_longer_one() -> None:
    here, there = BOB._replace(expires=NOW + 1), BOB._replace(expires=NOW + 9)
    found = settled(Apart(KEY, BOB, KEPT, here), BOB, there)
    assert found.standing is not None
    assert found.standing.expires == NOW + 9


def test_a_claim_that_its_agent_has_ended_here_is_not_kept_alive_by_an_older_heartbeat() -> None:
    base, there = BOB, BOB._replace(expires=NOW + 9)
    for who, is_bob in (("bob", True), ("eve", False)):
        end = Told("status_changed", {"old": "in_progress", "new": "todo", "token": 1, "who": who})
        found = settled(Apart(KEY, base, KEPT, ADA, (end, *TOLD)), base, there)
        assert found.is_conflict is not is_bob


def test_how_long_a_claim_of_another_machine_lasts_is_not_told_by_the_copy() -> None:
    base = ADA._replace(status=Status.PLANNING, expires=UNHEARD)
    there = base._replace(expires=NOW + 9)
    here = base._replace(status=Status.IN_PROGRESS)
    found = settled(Apart(KEY, base, KEPT, here), base, there)
    assert found.standing == here._replace(expires=NOW + 9)


def test_a_token_that_is_given_apart_is_above_all_and_counts_on() -> None:
    least = first_number(NOW)
    made = claimed_above(claimed(FREE._replace(token=6), "ada", NOW, 60.0), least)
    assert made.standing.token == made.told[-1].data["token"] == least + 7
    again = claimed_above(claimed(made.standing._replace(agent=""), "ada", NOW, 60.0), least)
    assert again.standing.token == least + 8


def test_of_a_task_that_is_gone_is_told_whose_work_was_lost() -> None:
    told = gone(Apart(KEY, FREE, KEPT, ADA))
    assert told.data["field"] == "task"
    assert (told.data["agent"], told.data["token"]) == ("ada", TOKEN)


def test_a_conflict_of_which_a_copy_of_the_clone_has_told_all_is_told_already() -> None:
    def lost(*deeds: str, token: int = 1) -> Told:
        return Told("conflict", {"token": token, **({APART: [*deeds]} if deeds else {})})

    history = [lost("a", "b"), lost(token=7)]
    assert told_already(lost("a"), history)
    assert told_already(lost("a", "b"), history)
    assert told_already(lost(token=7), history)
    assert not told_already(lost("a", "b", "c"), history)
    assert not told_already(lost("b"), history)
    assert not told_already(lost(token=8), history)


ALIVE = BOB._replace(orchestrator="o1", started_at=NOW - 60)
SILENT = Told("reclaimed", {"agent": "bob", "token": 1, "new": "todo", "why": "o1"})


@pytest.mark.parametrize(
    ("here", "told", "comes"),
    [
        (FREE._replace(token=1), (SILENT,), NOTHING),
        (ADA, (SILENT, *TOLD), THEIRS),
        (DONE, (SILENT, *TOLD, END), THEIRS),
    ],
)
def test_a_claim_of_an_orchestrator_that_the_database_has_heard_stands(
    here: Standing, told: tuple[Told, ...], comes: str
) -> None:
    entry = Apart(KEY, ALIVE, KEPT, here, told)
    found = settled(entry, ALIVE, ALIVE, heard={"o1"})
    assert (found.standing, found.is_conflict) == (None, comes == THEIRS)
    assert settled(entry, ALIVE, ALIVE, heard={"o2"}).standing == here
