"""The work on tasks as the commands open it with which an agent works."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.agents.waiting import begun
from kanban_sync.cli.console import here, warn
from kanban_sync.databases import told_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.agents.work import Work
    from kanban_sync.app import Clone


@contextmanager
def opened_work(
    clone: Clone | None = None, *, looks: bool = False, wait: float = 0.0
) -> Iterator[Work]:
    """Open the work on tasks, and tell whoever worked apart in vain.

    Args:
        clone: The clone; that of the working folder if None.
        looks: Whether nothing is changed, so that it is enough if it can be read.
        wait: For how many seconds to ask again, where the database says to try it in a moment.
            What silent orchestrators have is taken back then by whoever is to claim.
    """
    clone = clone or here()

    def begin(work: Work) -> None:
        if wait and not looks:
            work.reclaim(leases=False)

    opening = partial(clone.work, warn if looks else None)
    with begun(opening, begin, wait, warn) as work:
        if lost := told_once(clone.database):
            warn(lost)
        yield work
