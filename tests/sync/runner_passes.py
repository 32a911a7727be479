"""Passes that do what a test says, and short ways to ask for a run and start one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kanban_sync.sync import requests
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.runner import Outcome, Patience, Progress, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanban_sync.sync.state_folder import StateFolder

BRISK = Patience(
    debounce=0, rebase=0.1, board_lock=10, deadline=20, retries=(0.01, 0.01), poll=0.005
)
LONG = 20.0


class Passes:
    """Passes that note what they were told and do what the test says."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.done: list[tuple[str, tuple[Request, ...]]] = []
        self.on_database: Callable[[], None] = lambda: None
        self.on_board: Callable[[], None] = lambda: None
        self.rebasing: Callable[[], bool] = lambda: False

    def is_rebasing(self, served: Sequence[Request]) -> bool:
        return self.rebasing()

    def database(self, served: Sequence[Request]) -> None:
        self.done.append(("database", tuple(served)))
        self.on_database()

    def board(self, served: Sequence[Request]) -> None:
        self.done.append(("board", tuple(served)))
        self.on_board()

    @property
    def parts(self) -> list[str]:
        return [name for name, _ in self.done]


def ask(state: StateFolder, target: str = "*", cause: Cause = Cause.CLI) -> int:
    return requests.append(state, Request(target, cause))


def go(
    state: StateFolder,
    target: str,
    passes: Passes,
    patience: Patience = BRISK,
    *,
    lock: bool = True,
) -> Outcome:
    return run(state, target, passes, patience=patience, board_lock=lock)


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def void(_answer: object) -> None:
    """Drop an answer that nobody wants."""
