"""A watcher goes on, and misses nothing, where clocks jump and where very much happens."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from kanban_sync.app import Clone
from kanban_sync.git import Place
from kanban_sync.watch.loop import Chosen, Watching
from kanban_sync.watch.pace import Times
from kanban_sync.watch.passes import Passes
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LINES = "- [ ] apples\n- [ ] pears\n- [ ] plums\n"
EVENTS = 10_000
DAY = 86400.0

SELDOM = 1000.0
"""Seconds until all would be looked through, whatever was heard: longer than any test takes."""


class EndError(BaseException):
    """Raised out of a watcher, to end it."""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": LINES, ".kanban-sync.yaml": "project_id: p\n"})
    return repo


def go_on(repo: Repo, chosen: Chosen, steps: Sequence[Callable[[], object]]) -> None:
    """Let a watcher bring up the tasks, and then what each step changes in them."""
    left = list(steps)

    def say(text: str) -> None:
        if text.startswith("task database: "):
            if not left:
                raise EndError
            left.pop(0)()

    deadline = time.monotonic() + 60

    def clock() -> float:
        assert time.monotonic() < deadline, f"a change was lost; {len(left)} steps were left"
        return time.monotonic()

    git_dir = repo.path / ".git"
    clone = Clone(git_dir, Place(repo.path, git_dir, git_dir))
    with pytest.raises(EndError):
        Watching(clone, chosen, say, clock).go_on()


@pytest.mark.parametrize("is_polling", [False, True], ids=["events", "poll"])
def test_a_clock_that_is_set_back_or_forward_loses_no_edit(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, *, is_polling: bool
) -> None:
    now, now_ns = time.time, time.time_ns
    ahead = 0.0
    monkeypatch.setattr(time, "time", lambda: now() + ahead)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + int(ahead * 1e9))

    def jump(seconds: float, title: str) -> None:
        nonlocal ahead
        ahead = seconds
        text = (repo.path / "TASKS.md").read_text()
        repo.write("TASKS.md", text.replace(f"[ ] {title}", f"[x] {title}"))

    times = Times(settle=0.05, look=0.01, debounce=0.05, poll=0.05, safety=SELDOM)
    steps = [
        lambda: jump(-DAY, "apples"),
        lambda: jump(DAY, "pears"),
        lambda: jump(-2 * DAY, "plums"),
    ]
    go_on(repo, Chosen(times, is_polling), steps)


def test_ten_thousand_events_cost_few_passes_and_the_last_one_counts(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    database = Passes.database

    def counted(self: Passes) -> None:
        passes.append(1)
        database(self)

    monkeypatch.setattr(Passes, "database", counted)

    def flood() -> None:
        for number in range(EVENTS // 2):
            new = repo.path / "TASKS.md.new"
            new.write_text(f"{LINES}\nWords of no task, {number}.\n")
            new.rename(repo.path / "TASKS.md")
        repo.write("TASKS.md", LINES.replace("[ ] plums", "[x] plums"))

    writer = threading.Thread(target=flood)
    try:
        go_on(repo, Chosen(Times(safety=SELDOM)), [writer.start])
    finally:
        writer.join()
    assert len(passes) < EVENTS / 500
