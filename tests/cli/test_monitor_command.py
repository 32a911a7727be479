"""The monitor as a command: it stands by, hands over when it is told to end, and offers work."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from cli.program import PROGRAM, Answer, run_program, until
from cli.tasks_of_agents import TASKS
from kanban_sync.core.assignment import Leader
from kanban_sync.doctor.database import monitor_findings
from kanban_sync.stores.sqlite import open_sqlite
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{"TASKS.md": TASKS, ".kanban-sync.yaml": "project_id: shop\n"})
    assert program(repo, "sync").code == 0
    return repo


def program(repo: Repo, *arguments: str) -> Answer:
    return run_program(*arguments, folder=repo.path)


def test_one_hands_out_tasks_until_it_is_told_to_end_and_lets_the_next_one_lead(
    repo: Repo,
) -> None:
    with ExitStack() as stack:

        def started(*words: str) -> subprocess.Popen[str]:
            call = [*PROGRAM, *words]
            process = subprocess.Popen(call, cwd=repo.path, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        monitor = started("monitor", "--json")
        assert monitor.stdout
        first = json.loads(monitor.stdout.readline())
        assert (first["leads"], first["leader"]) == (True, first["monitor"])
        for agent in "ada", "bob":
            assert program(repo, "task", "claim", "--next", "--agent", agent).code == 0
        waiting = started("task", "claim", "--next", "--wait", "60s", "--agent", "cy", "--json")
        until(lambda: _is_known(repo, "cy"))
        told = program(repo, "monitor", "--once", "--json").data
        assert (told["leader"], told["idle"]) == (first["monitor"], 1)
        assert program(repo, "task", "done", "rotate-keys", "--agent", "ada").code == 0
        claimed = json.loads(waiting.communicate(timeout=60)[0])
        assert (claimed["key"], claimed["agent"]) == ("tasks-md:use-keys", "cy")
        other = program(repo, "monitor", "--once")
        assert other.out.startswith(f"stood by: {first['monitor']} leads\n")
        monitor.terminate()
        rounds = [json.loads(line) for line in monitor.communicate(timeout=60)[0].splitlines()]
        assert monitor.returncode == 0
        # It may have looked by itself in the moment before it was offered that.
        offered = [each for one in rounds for each in one["offered"]]
        assert offered in ([], [{"key": claimed["key"], "agent": "cy"}])
        once = program(repo, "monitor", "--once", "--json").data
        assert (once["leads"], once["idle"], once["ready"]) == (True, 0, 0)
        assert once["oldest_ready_age"] is None


def _is_known(repo: Repo, agent: str) -> bool:
    """Tell whether an agent is known to wait."""
    path = repo.path / ".git" / "kanban-sync" / "tasks.db"
    with closing(open_sqlite(path, "shop", read_only=True)) as store:
        return [each.agent for each in store.market(time.time(), 9).idle] == [agent]


def test_the_doctor_tells_who_leads_and_which_monitor_fell_silent() -> None:
    assert monitor_findings(Leader(), 100) == []
    assert monitor_findings(Leader(token=3), 100) == []
    (leads,) = monitor_findings(Leader("m1", 1, 90, 105), 100)
    assert (leads.ok, leads.text) == (True, "m1 hands out tasks")
    (silent,) = monitor_findings(Leader("m1", 1, 50, 60), 100)
    assert silent.ok is None
    assert "silent for 40 s" in silent.text
    assert "kanban-sync monitor" in silent.remedy
