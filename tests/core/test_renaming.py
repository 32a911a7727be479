"""Which task of a history that was written anew is which of before, and what its card is then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.made import MARK, PROJECT, base_of, board, card, key, shown
from kanban_sync.core.description import compose, footer, rewrite
from kanban_sync.core.identity import Traits
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.operations import SetText, Update
from kanban_sync.core.plan import plan
from kanban_sync.core.renaming import renamed, with_key
from kanban_sync.core.slots import KeyedTask, SlotState

PATH = "TASKS.md"
MANUAL, HANDBOOK, OTHER = "Write the manual for users", "Write the handbook for users", "Buy milk"


def task(own: str, title: str) -> Task:
    key = TaskKey("p", "s", f"{PATH}/{own}")
    return Task(key, title, Status.TODO, path=PATH, group="Docs")


def state(*tasks: Task, branch: str = "", taken: tuple[str, ...] = ()) -> dict[str, SlotState]:
    """Make the state of a file; the own keys of tasks below others follow a ``#``."""
    keyed = tuple(
        KeyedTask(
            each.key.name.removeprefix(f"{PATH}/").rpartition("#")[2],
            each.key.name.removeprefix(f"{PATH}/").rpartition("#")[0],
            Traits("", "Plan/Docs", each.number, each.title),
            "todo",
            "",
            branch=branch,
        )
        for each in tasks
    )
    known = dict.fromkeys((*taken, *(each.own for each in keyed)), "text")
    return {"s:TASKS.md": SlotState("blob", PATH, keyed, known)}


OLD, NEW = task("a1", MANUAL), task("b2", HANDBOOK)
SAME = task("b2", MANUAL)
BEFORE, NOW = state(OLD), state(NEW)


@pytest.mark.parametrize(
    ("lost", "new", "before", "now", "found"),
    [
        (OLD, NEW, BEFORE, NOW, True),
        (OLD, NEW, state(OLD, branch="feat"), state(NEW, branch="feat"), True),
        (OLD, NEW, state(OLD, branch="feat"), state(NEW, branch="other"), False),
        (OLD, NEW, state(OLD, branch="feat"), NOW, False),
        (OLD, SAME, state(OLD, branch="feat"), state(SAME), True),
        (OLD, SAME, state(OLD, branch="feat"), state(SAME, branch="other"), False),
        (OLD, NEW, BEFORE, state(NEW, taken=("a1",)), False),
        (OLD, task("b2", OTHER), BEFORE, state(task("b2", OTHER)), False),
        (OLD, NEW._replace(path="docs/TASKS.md"), BEFORE, NOW, False),
        (OLD._replace(path="gone.md"), NEW, BEFORE, NOW, False),
        (OLD, NEW, {}, NOW, False),
    ],
)
def test_a_lost_task_is_a_new_one_where_the_history_of_its_layer_does_not_know_it(
    lost: Task, new: Task, before: dict[str, SlotState], now: dict[str, SlotState], found: bool
) -> None:
    expected = [(lost.key, new.key)] if found else []
    assert [(old.key, task.key) for old, task in renamed([lost], [new], before, now)] == expected


def test_what_stands_below_a_task_goes_with_it_and_is_told_after_it() -> None:
    below = task("a1#c3", "Draw it")
    again = task("b2#c3", "Draw it")
    before, now = state(below, OLD), state(NEW, again)
    found = renamed([below, OLD], [again, NEW], before, now)
    assert [(old.key, new.key) for old, new in found] == [
        (OLD.key, NEW.key),
        (below.key, again.key),
    ]


def test_a_task_that_no_commit_has_held_is_found_in_the_group_that_it_was_added_to() -> None:
    now = state(NEW, branch="feat")
    assert renamed([], [NEW], {}, now, [OLD]) == [(OLD, NEW)]
    assert renamed([], [NEW], {}, now, [OLD._replace(group="Somewhere else")]) == []


# --- its card ---------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["Title", "Another title"])
@pytest.mark.parametrize("text", ["Why", ""])
@pytest.mark.parametrize("around", ["{}", "Mine.\n\n{}", "{}\n\nBelow."])
@pytest.mark.parametrize("keep_drift", [False, True])
def test_the_card_of_a_task_stays_its_card_and_names_it_anew(
    title: str, text: str, around: str, keep_drift: bool
) -> None:
    was, now = card("a", text=text), card("b", title=title, text=text)
    said = base_of(was)
    assert said.seen is not None
    peoples = around.format(said.seen.description)
    seen = replace(said.seen, description=peoples)
    base = {now.key: with_key(said, now.key)}
    found = plan([now], board(seen), base, MARK, PROJECT, keep_drift=keep_drift)
    (update,) = found.operations
    assert isinstance(update, Update)
    assert update.seen.id == seen.id
    assert update.stamp is not None
    (wanted,) = [each for each in update.changes if isinstance(each, SetText)]
    written = rewrite(peoples, now.key, wanted)
    assert footer(key("a")) not in written
    assert sorted(written.split()) == sorted(around.format(compose(text, now.key)).split())


def test_the_card_that_a_person_deleted_is_not_made_again_for_another_key() -> None:
    was, now = card("a"), card("b")
    base = {now.key: with_key(base_of(was), now.key)}
    (operation,) = plan([now], board(gone=["1"]), base, MARK, PROJECT).operations
    assert type(operation).__name__ == "Remember"


def test_another_clone_that_knows_the_old_footer_finds_one_card() -> None:
    was, now = card("a"), card("b")
    base = {now.key: with_key(base_of(was), now.key)}
    found = plan([now], board(shown(now)), base, MARK, PROJECT)
    assert [type(each).__name__ for each in found.operations] == ["Remember"]
