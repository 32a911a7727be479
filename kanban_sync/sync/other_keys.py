"""Tasks that go on under other keys: found when the files were read, before the database hears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kanban_sync.core.errors import WorkError
from kanban_sync.core.identity import Traits, text_hash
from kanban_sync.core.model import Status
from kanban_sync.core.renaming import renamed
from kanban_sync.core.slots import effective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import FilesState, Source
    from kanban_sync.core.work import Entry
    from kanban_sync.sync.outcome import Reading
    from kanban_sync.sync.session import Session


@runtime_checkable
class Renaming(Protocol):
    """A task database that can let a task go on under another key."""

    def rename(self, key: TaskKey, task: Task, now: float) -> Entry:
        """Let a task have the key, the words and the place of another one."""
        ...


def rename(  # noqa: PLR0913 - what is known, what is said, and when
    session: Session,
    sources: Mapping[str, Source],
    known: Sequence[Task],
    before: FilesState,
    reading: Reading,
    now: float,
) -> Reading:
    """Let tasks have the keys that files give them by now, and return the reading without the old.

    Args:
        session: With the task database, before it hears of the reading.
        sources: The dialects by name.
        known: The database's tasks as their files had them.
        before: What was recorded of the files.
        reading: What they say now.
        now: The time of the events.
    """
    store = session.store
    held = {task.key for task in reading.tasks}
    names = {task.key for task in known}
    if held <= names or not isinstance(store, Renaming):
        return reading
    ahead = [kept.task for kept in store.ahead() if kept.filed is None]
    names.update(task.key for task in ahead)
    new = [task for task in reading.tasks if task.key not in names]
    born = [task for task in ahead if task.path and task.key not in held]
    lost = [task for task in reading.gone if task.status is Status.ORPHANED]
    if not new or not (lost or born):
        return reading
    paths = {task.path for task in new}
    born = [task for task in born if task.path in paths and not _is_written(session, sources, task)]
    states = (effective(before.slots), effective(reading.files.slots))
    gone: set[TaskKey] = set()
    for old, task in renamed(lost, new, *states, born):
        try:
            store.rename(old.key, task, now)
        except WorkError:
            # Another clone has brought the new one in meanwhile.
            continue
        gone.add(old.key)
    return reading.without(gone)


def _is_written(session: Session, sources: Mapping[str, Source], task: Task) -> bool:
    """Tell whether a work tree still has a task in its file, with the same words."""
    words = text_hash(Traits("", "", task.number, task.title))
    source = sources[task.key.source]
    for top in session.clone.work_trees():
        try:
            data = (top / task.path).read_bytes()
        except OSError:
            continue
        document = source.parse(task.path, data, session.settings.sources)
        every = (each for one in document.tasks for each in one.walk())
        if any(text_hash(Traits("", "", each.number, each.title)) == words for each in every):
            return True
    return False
