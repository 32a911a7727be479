"""Operations are told in waves to be recorded, and what was refused so that its author finds it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.operations import Forget, Operation, key_of
from kanban_sync.core.ports import Board, Receipt
from kanban_sync.sync.applying import IN_FLIGHT, WAVE, apply_all, refusal_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PATIENCE = 20.0


def task(name: str, path: str, line: int = 0, parent: TaskKey | None = None) -> Task:
    return Task(TaskKey("p", "s", name), name, Status.TODO, path=path, line=line, parent=parent)


CHANGE = TaskKey("p", "s", "change")
TASKS = [
    task("change", "openspec/changes/change"),
    task("second", "openspec/changes/change/tasks.md", 9, CHANGE),
    task("first", "openspec/changes/change/tasks.md", 3, CHANGE),
    task("empty", "openspec/changes/empty"),
    task("parent", "TASKS.md", 20),
    task("child", "TASKS.md", 21, TaskKey("p", "s", "parent")),
    task("born", ""),
]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("change", "openspec/changes/change/tasks.md:3: s:change: too long"),
        ("empty", "openspec/changes/empty: s:empty: too long"),
        ("parent", "TASKS.md:20: s:parent: too long"),
        ("child", "TASKS.md:21: s:child: too long"),
        ("born", "s:born: too long"),
        ("gone", "s:gone: too long"),
    ],
)
def test_a_refused_card_is_named_with_the_line_of_its_task(name: str, line: str) -> None:
    assert refusal_lines({TaskKey("p", "s", name): "too long"}, TASKS) == [line]


@dataclass
class Applying:
    """A board of which only the carrying out of operations is asked."""

    do: Callable[[str], object]
    begun: list[str] = field(default_factory=list)

    def apply(self, operation: Operation) -> Receipt:
        name = key_of(operation).name
        self.begun.append(name)
        self.do(name)
        return Receipt(None)

    def waves(self, names: list[str]) -> Generator[list[str], None, None]:
        operations = [Forget(TaskKey("p", "s", name), "") for name in names]
        for wave in apply_all(cast("Board", self), operations, {}, set()):
            yield [key_of(operation).name for operation, _ in wave]


def test_operations_are_begun_in_order_and_told_in_waves_each_once() -> None:
    names = [f"{number:02}" for number in range(2 * WAVE + 1)]
    board = Applying(lambda _: None)
    waves = list(board.waves(names))
    assert max(map(len, waves)) <= WAVE
    assert sorted(name for wave in waves for name in wave) == names
    assert sorted(board.begun) == names


def test_what_is_done_is_told_while_another_operation_hangs() -> None:
    told = threading.Event()
    board = Applying(lambda name: told.wait(PATIENCE) if name == "slow" else None)
    waves = board.waves(["slow", "quick"])
    assert next(waves) == ["quick"]
    told.set()
    assert list(waves) == [["slow"]]


def test_after_an_error_nothing_new_is_begun_and_what_was_done_is_told_first() -> None:
    is_away = threading.Event()

    def do(name: str) -> None:
        if name == "0":
            is_away.set()
            raise BoardUnreachableError("away")
        is_away.wait(PATIENCE)

    board = Applying(do)
    names = [str(number) for number in range(10 * WAVE)]
    told: list[str] = []
    with pytest.raises(BoardUnreachableError, match="away"):
        told.extend(name for wave in board.waves(names) for name in wave)
    assert sorted(["0", *told]) == sorted(board.begun)
    assert len(board.begun) < len(names)


def test_who_stops_listening_lets_no_more_begin_than_was_handed_over() -> None:
    going_on = threading.Event()
    board = Applying(lambda name: None if name == "0" else going_on.wait(PATIENCE))
    waves = board.waves([str(number) for number in range(10 * WAVE)])
    assert next(waves) == ["0"]
    going_on.set()
    waves.close()
    assert len(board.begun) <= 1 + 2 * IN_FLIGHT
