"""What becomes of work that was done while the database was away: the table, row by row."""

from __future__ import annotations

import pytest

from kanban_sync.core.apart import Apart, Settled, claimed_above, gone, settled
from kanban_sync.core.claims import RAN_OUT, Standing, Told, claimed, first_number
from kanban_sync.core.merge import Kept
from kanban_sync.core.model import Status, Task, TaskKey
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


def test_a_lease_that_was_extended_on_both_sides_lasts_for_the_longer_one() -> None:
    here, there = BOB._replace(expires=NOW + 1), BOB._replace(expires=NOW + 9)
    found = settled(Apart(KEY, BOB, KEPT, here), BOB, there)
    assert found.standing is not None
    assert found.standing.expires == NOW + 9


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
