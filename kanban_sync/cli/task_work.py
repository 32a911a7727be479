"""The work on tasks as the commands open it with which an agent works."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanban_sync.cli.console import here, warn
from kanban_sync.databases import told_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.agents.work import Work
    from kanban_sync.app import Clone


@contextmanager
def opened_work(clone: Clone | None = None, *, looks: bool = False) -> Iterator[Work]:
    """Open the work on tasks, and tell whoever worked apart in vain.

    Args:
        clone: The clone; that of the working folder if None.
        looks: Whether nothing is changed, so that it is enough if it can be read.
    """
    clone = clone or here()
    with clone.work(warn if looks else None) as work:
        if lost := told_once(clone.database):
            warn(lost)
        yield work
