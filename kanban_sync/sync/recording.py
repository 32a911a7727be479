"""Records each run of a target in the task database, however it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from kanban_sync.core.errors import BoardUnreachableError
from kanban_sync.core.ports import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanban_sync.core.operations import Plan
    from kanban_sync.core.ports import TaskStore


class Recorded:
    """Records the run of one target in the store, however it ends."""

    def __init__(
        self,
        store: TaskStore,
        target: str,
        now: Callable[[], float],
        log: Callable[[str], None],
    ) -> None:
        self._store = store
        self._now = now
        self._log = log
        self._run = Run(target, now())

    def count(self, operations: Mapping[str, int]) -> None:
        """Note how many operations there are of each kind."""
        self._run = replace(self._run, operations=dict(operations))

    def held(self, found: Plan) -> None:
        """Note that the guard held operations back."""
        text = (
            f"{len(found.held)} cards would be moved or archived at once; that is so many that it"
            " may be a mistake. Look with 'kanban-sync sync --dry-run', then run"
            " 'kanban-sync sync --force'"
        )
        self._run = replace(self._run, result="held", error=text)

    def lack(self, error: Exception | None) -> None:
        """Note why the run did only what it could, if so."""
        if error is not None:
            self._run = replace(self._run, result="failed", error=str(error))

    def __enter__(self) -> Self:
        self._run = replace(self._run, id=self._store.begin_run(self._run))
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        seconds = max(0.0, self._now() - self._run.started_at)
        run = replace(self._run, seconds=seconds)
        if isinstance(error, BoardUnreachableError):
            run = replace(run, result="unreachable", error=str(error))
        elif error is not None:
            run = replace(run, result="failed", error=str(error) or type(error).__name__)
        elif run.result == "running":
            run = replace(run, result="done")
        if run.error:
            self._log(run.error)
        self._store.end_run(run)
