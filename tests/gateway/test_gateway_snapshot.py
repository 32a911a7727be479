"""Tasks are read once for all who look, and never as they were."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from cli.tasks_of_agents import TASKS
from gateway.caller import shop
from kanban_sync.app import Clone
from kanban_sync.gateway.served import Served
from kanban_sync.gateway.snapshot import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

KEY = "tasks-md:tidy-logs"


def test_all_tasks_are_read_again_once_something_was_committed(tmp_path: Path) -> None:
    repo = shop(tmp_path / "shop")
    served = Served(Clone(repo.path / ".git"))
    snapshots = Snapshots(served)

    def expires() -> float | None:
        (claim,) = (each.claim for each in snapshots.get().entries if str(each.key) == KEY)
        return claim.expires if claim else None

    first = snapshots.get()
    with ThreadPoolExecutor(4) as pool:
        assert {id(each) for each in pool.map(lambda _: snapshots.get(), range(8))} == {id(first)}
    with served.changing() as work:
        claimed = work.claim(KEY, "ada", 100.0).entry.claim
        assert claimed
        assert expires() == claimed.expires
        # It makes no event.
        extended = work.extend(KEY, "ada", lease=900.0).claim
        assert extended
        assert expires() == extended.expires != claimed.expires
    repo.commit("Add", **{"TASKS.md": f"{TASKS}- [ ] One more\n"})
    assert len(snapshots.get().entries) == len(first.entries) + 1
    snapshots.close()
    assert len(snapshots.get().entries) == len(first.entries) + 1
    snapshots.close()
    served.close()
