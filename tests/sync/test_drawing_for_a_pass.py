"""What is as it was last agreed on is neither drawn nor read; all else is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.passes import NOW
from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.core.columns import Column
from kanban_sync.core.drawing import DAY
from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.mapping import Drawing
from kanban_sync.core.model import Status, Task, Version
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.announcing import Announced
from kanban_sync.sync.drawing import Drawer
from kanban_sync.sync.planning import plan_board
from stores.made_up import PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Plan
    from kanban_sync.sync.drawing import Drawn

TARGET = "t1"
VERSIONS = {"text_version": Version(1, "c"), "status_version": Version(1, "c")}
TASKS = [
    task("a", **VERSIONS),
    task("a#1", parent=key("a"), **VERSIONS),
    task("b", status=Status.DONE, word="x", **VERSIONS),
    *(task(name, **VERSIONS) for name in "cdefgh"),
]
TOPS = {each.key for each in TASKS if each.parent is None}


class Pass:
    """A store, a board, and one pass after the other; what was drawn in the last one."""

    def __init__(self) -> None:
        self.store = MemoryStore(PROJECT)
        self.board = MemoryBoard()
        self.drawing = Drawing()
        self.drawn: list[set[TaskKey]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.between: Callable[[], object] = lambda: None
        self.merge(*TASKS)

    def merge(self, *tasks: Task) -> None:
        self.store.merge(tasks, {}, FilesState(), NOW)

    def drawer(self, now: float = NOW) -> Drawer:
        return Drawer(self.store, TARGET, lambda: self.drawing, now)

    def sync(self, now: float = NOW, *, until: int | None = None) -> Plan:
        drawer = self.drawer(now)
        self.drawn = []

        def draw(among: Collection[TaskKey] | None) -> Drawn:
            drawn = drawer.draw(among)
            assert drawn.base.keys() <= {card.key for card in drawn.cards}
            self.drawn.append({card.key for card in drawn.cards})
            return drawn

        found = plan_board(self.board, draw, PROJECT)
        self.board.prepare()
        self.meanwhile()
        told = (drawer.settled, drawer.since)
        with Announced(self.store, TARGET, drawer.base, lambda: now, *told) as announced:
            for operation in [*announced.each(found.operations)][:until]:
                self.between()
                announced.record([(operation, self.board.apply(operation))])
        drawer.note_settled(found)
        return found


@pytest.fixture
def synced() -> Pass:
    first = Pass()
    first.sync()
    assert first.drawn == [TOPS]
    return first


def test_a_second_pass_draws_nothing(synced: Pass) -> None:
    assert synced.sync().operations == ()
    assert synced.drawn == [set()]


def test_of_many_tasks_only_the_one_that_changed_is_drawn(synced: Pass) -> None:
    synced.merge(*(each._replace(title="Other") if each.key.name == "a#1" else each
                   for each in TASKS))  # fmt: skip
    assert len(synced.sync().operations) == 1
    assert synced.drawn == [{key("a")}]
    synced.sync()
    assert synced.drawn == [set()]


def test_a_new_task_is_drawn_beside_those_that_are_settled(synced: Pass) -> None:
    synced.merge(*TASKS, task("i", **VERSIONS))
    assert synced.sync().counts == {"create": 1}
    assert synced.drawn == [{key("i")}]


def test_what_a_person_changed_is_drawn_once_the_board_has_told(synced: Pass) -> None:
    (seen,) = [each for each in synced.board.cards.values() if each.key == key("c")]
    synced.board.cards[seen.id] = replace(seen, title="Theirs")
    assert synced.sync().counts == {"update": 1}
    assert synced.drawn == [set(), {key("c")}]
    assert synced.board.cards[seen.id].title == "Task c"
    synced.sync()
    assert synced.drawn == [set()]


def test_a_card_that_is_gone_is_looked_for_and_drawn(synced: Pass) -> None:
    (seen,) = [each for each in synced.board.cards.values() if each.key == key("c")]
    del synced.board.cards[seen.id]
    reads = synced.board.reads
    assert synced.sync().counts == {"remember": 1}
    assert synced.board.reads == reads + 2
    assert synced.drawn == [set(), {key("c")}]


@pytest.mark.parametrize(
    "drawing",
    [
        Drawing(labels=(("agent", "robot"),)),
        Drawing(archive_done_after=7),
        Drawing(cards="section"),
        Drawing(branches="label"),
    ],
)
def test_other_settings_draw_all_anew(synced: Pass, drawing: Drawing) -> None:
    synced.drawing = drawing
    drawn = synced.drawer().draw()
    assert drawn.settled == {}
    assert len(drawn.cards) == len(TOPS)


def test_a_card_that_will_be_put_away_for_its_age_is_drawn_until_it_is() -> None:
    world = Pass()
    world.drawing = Drawing(archive_done_after=7)
    world.sync(now=2.0)
    assert world.sync(now=DAY).operations == ()
    assert world.drawn == [{key("b")}]
    assert world.sync(now=8 * DAY).counts == {"archive": 1}


def test_a_pass_that_was_cut_off_goes_on_with_what_it_did_not_say() -> None:
    world = Pass()
    world.sync(until=3)
    assert len(world.sync().operations) == len(TOPS) - 3
    assert world.drawn[0] == TOPS - {key("a"), key("b"), key("c")}
    assert world.sync().operations == ()
    assert world.drawn == [set()]


def test_what_another_release_left_is_noted_to_be_settled_by_a_pass_that_finds_it_so(
    synced: Pass,
) -> None:
    base = synced.store.base(TARGET)
    synced.store.remember(TARGET, base.values())
    assert synced.store.settled(TARGET) == {}
    assert synced.sync().operations == ()
    assert synced.drawn == [TOPS]
    assert synced.store.base(TARGET) == base
    assert synced.sync().operations == ()
    assert synced.drawn == [set()]


@pytest.mark.parametrize("when", ["before it is announced", "before it is recorded", "equal"])
def test_a_task_that_gets_another_key_during_a_pass_keeps_its_card(when: str) -> None:
    first = Pass()
    new = next(each for each in TASKS if each.key == key("c"))._replace(key=key("k"), title="Other")

    def rename() -> None:
        if key("c") in {each.key for each in first.store.tasks()}:
            first.store.rename(key("c"), new, NOW)

    if when == "equal":
        first.sync()
        first.store.remember(TARGET, first.store.base(TARGET).values())
    if when == "before it is recorded":
        first.between = rename
    else:
        first.meanwhile = rename
    first.sync()
    first.sync()
    assert first.sync().operations == ()
    cards = [each.title for each in first.board.cards.values()]
    assert sorted(cards) == sorted(
        "Other" if each.key == key("c") else each.title for each in TASKS if each.parent is None
    )


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_task_that_gets_another_key_after_a_making_that_was_cut_off_keeps_its_card(
    synced: Pass, writes: int
) -> None:
    synced.merge(*TASKS, task("i", **VERSIONS))
    synced.board.fail_at(writes, answer_lost=True)
    with pytest.raises(BoardUnreachableError):
        synced.sync()
    synced.board.fail_at(0)
    synced.store.rename(key("i"), task("k", title="Other", **VERSIONS), NOW)
    before = set(synced.board.cards)
    synced.sync()
    assert set(synced.board.cards) == before
    (seen,) = [each for each in synced.board.cards.values() if each.key == key("k")]
    assert seen.title == "Other"
    assert synced.sync().operations == ()


def test_what_changes_while_it_is_drawn_is_not_settled(
    synced: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = synced.store.families
    ticked = [each._replace(status=Status.DONE) if each.key == key("c") else each for each in TASKS]

    def hashed() -> dict[TaskKey, str]:
        found = families()
        synced.merge(*ticked)
        return found

    synced.merge(*(each._replace(title="C") if each.key == key("c") else each for each in TASKS))
    monkeypatch.setattr(synced.store, "families", hashed)
    synced.sync()
    monkeypatch.undo()
    synced.merge(*(each._replace(title="C") if each.key == key("c") else each for each in TASKS))
    synced.sync()
    (seen,) = [each for each in synced.board.cards.values() if each.key == key("c")]
    assert (seen.title, seen.column) == ("C", Column.TODO)
