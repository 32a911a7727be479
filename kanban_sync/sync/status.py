"""The state of a clone as plain data: what ``status --json`` prints, with stable keys."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kanban_sync.core.deadlocks import never_begin
from kanban_sync.core.lease import named
from kanban_sync.core.model import Status
from kanban_sync.core.slots import effective
from kanban_sync.core.unwritable import found_unwritable
from kanban_sync.core.vanishing import held_in
from kanban_sync.sync import requests
from kanban_sync.sync.consent import RENAMED_REMEDY, allowed_target, named_target, renamed
from kanban_sync.sync.watch_lock import watching
from kanban_sync.sync.writable import barred_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.config import Settings
    from kanban_sync.core.dependencies import Edge
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Problem, Task
    from kanban_sync.core.ports import Run, TaskStore
    from kanban_sync.sync.consent import Target
    from kanban_sync.sync.state_folder import StateFolder


TOLD_FOR = 7 * 86400.0
"""Seconds for which an id that stands for two tasks is told; nobody can see it being settled."""


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


def count_branches(tasks: Iterable[Task]) -> dict[str, int]:
    """Return of how many open tasks a branch says what the default branch does not."""
    found = (task.branch for task in tasks if task.branch and task.status is not Status.ORPHANED)
    return dict(sorted(Counter(found).items()))


def held_by(store: TaskStore | None) -> dict[str, tuple[str, ...]]:
    """Return the titles that files held at the last sync, by path."""
    slots = effective(store.files().slots) if store is not None else {}
    return {
        state.path: held_in(state, slot.partition(":")[0])
        for slot, state in slots.items()
        if state.tasks
    }


def reading_data(
    settings: Settings, problems: Sequence[str], branch: tuple[str, str]
) -> dict[str, Any]:
    """Return what is read: the project, the branch with its commit, and what the settings lack."""
    return {
        "project_id": settings.project_id,
        "branch": branch[0],
        "commit": branch[1],
        "settings": "the work tree",
        "settings_problems": list(problems),
    }


def _ahead(kept: Iterable[Kept]) -> list[str]:
    """Return the keys of tasks whose files do not say it all; those of no file are none of them."""
    return [str(each.task.key) for each in kept if each.filed is not None]


def _twofold(store: TaskStore) -> list[dict[str, Any]]:
    """Return which ids two clones gave to two tasks at once, with the words of both."""
    found = store.twofold(time.time() - TOLD_FOR)
    return [
        {"key": each.key, **{name: said[name] for name in ("file", "database", "won")}}
        for each in found
        for said in (json.loads(each.data),)
    ]


@runtime_checkable
class Linked(Protocol):
    """A store that knows which task waits for which."""

    def tasks(self) -> list[Task]:
        """Return all tasks."""
        ...

    def edges(self) -> list[Edge]:
        """Return all that they wait for."""
        ...


def never_ready(store: object) -> tuple[Problem, ...]:
    """Return which tasks can never begin, each where that can be mended."""
    if not isinstance(store, Linked):
        return ()
    edges = store.edges()
    return never_begin(store.tasks(), edges) if edges else ()


def _held_by(store: TaskStore | None, target: Target | None) -> str:
    """Return which other clone may write to the board now, in words; '' if none is known."""
    leases = store.leases if store is not None else None
    holder = leases.other_holder(target.id) if leases is not None and target is not None else None
    return named(holder) if holder is not None else ""


def synced_data(state: StateFolder, settings: Settings, store: TaskStore | None) -> dict[str, Any]:
    """Return what came of it: the board, the last runs, what is pending, and the tasks."""
    target, allowed = named_target(settings), allowed_target(state)
    ids = store.board_ids(target.id) if store and target else {}
    name = allowed.id if allowed is not None else requests.DATABASE
    other_name = renamed(target, ids) if target is not None else ""
    waiting = requests.pending(state, name)
    tasks = store.tasks() if store else []
    return {
        "target": asdict(target) if target is not None else None,
        "target_id": target.id if target is not None else None,
        "allowed": target is not None and target == allowed,
        "board_url": f"{target.url}/boards/{ids['board']}" if target and ids.get("board") else "",
        "renamed": f"{other_name}; {RENAMED_REMEDY}" if other_name else "",
        "paused": state.is_paused,
        "watching": watch._asdict() if (watch := watching(state)) is not None else None,
        "last_run": last_runs(store.runs(200)) if store else {},
        "pending_requests": len(waiting),
        "state_unwritable": str(barred_state(state.path) or ""),
        "held_by": _held_by(store, allowed) if waiting else "",
        "tasks": count_tasks(tasks),
        "branches": count_branches(tasks),
        "twofold": _twofold(store) if store else [],
        "ahead": _ahead(store.ahead()) if store else [],
        "never_ready": [str(each) for each in never_ready(store)],
        "database_unwritable": str(found_unwritable(store) or ""),
    }
