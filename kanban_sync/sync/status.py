"""The state of a clone as plain data: what ``status --json`` prints, with stable keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kanban_sync.sync import requests
from kanban_sync.sync.engine import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import Run
    from kanban_sync.sync.consent import Target
    from kanban_sync.sync.inventory import Found
    from kanban_sync.sync.state_folder import StateFolder


def last_runs(runs: Iterable[Run]) -> dict[str, dict[str, Any]]:
    """Return the newest run of each target: result, started_at, seconds, operations, error."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        found.setdefault(
            run.target,
            {
                "result": run.result,
                "started_at": run.started_at,
                "seconds": round(run.seconds, 3),
                "operations": dict(run.operations),
                "error": run.error,
            },
        )
    return found


def count_tasks(tasks: Iterable[Task]) -> dict[str, int]:
    """Return how many tasks have each status; statuses without a task are left out."""
    return dict(sorted(Counter(task.status.value for task in tasks).items()))


def files_data(found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return what the sources found, as plain data."""
    return [
        {
            "source": each.source,
            "path": each.path,
            "tasks": each.tasks,
            "done": each.done,
            "status": each.status.value if each.status else None,
            "problems": [str(problem) for problem in each.problems],
        }
        for each in found
    ]


def pending_requests(state: StateFolder, target: Target | None) -> int:
    """Return how many requests the clone's target has not served yet."""
    return len(requests.pending(state, target.id if target is not None else DATABASE))


def target_data(target: Target | None) -> Mapping[str, str] | None:
    """Return a board's names, None where there is no board."""
    return None if target is None else asdict(target)


def board_url(target: Target | None, ids: Mapping[str, str]) -> str:
    """Return the address where people look at the board, '' while nobody knows it."""
    return f"{target.url}/boards/{ids['board']}" if target is not None and ids.get("board") else ""
