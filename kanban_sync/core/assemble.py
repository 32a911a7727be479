"""From a unit's documents and slot states to keyed tasks, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.columns import ARCHIVED_WORD, ROOT_FIELD
from kanban_sync.core.listing import flatten
from kanban_sync.core.model import UNKNOWN, Status, Task, TaskKey
from kanban_sync.core.slots import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.model import Document, ParsedTask, Version
    from kanban_sync.core.ports import TaskFile, Unit
    from kanban_sync.core.slots import KeyedTask, SlotState


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A task file with what it says and the state of its slot."""

    file: TaskFile
    document: Document
    state: SlotState


def tasks_of(
    unit: Unit,
    project: str,
    files: Sequence[ReadFile],
    status_of_unit: Callable[[Unit, Sequence[Status]], Status],
) -> list[Task]:
    """Return the tasks of one unit: the change and its children, or the entries of a task file."""
    if not unit.name:
        return [task for each in files for task in _entries(unit, project, each, None)]
    key = TaskKey(project, unit.source, unit.name)
    children = [
        task
        for each in files
        if not each.file.is_text
        for task in _entries(unit, project, each, key)
    ]
    children = [child._replace(position=place) for place, child in enumerate(children, start=1)]
    words = [each for each in files if each.file.is_text and each.document.tasks]
    # A line that was removed is a change of its card's words, too.
    shape = max((each.state.shape_version for each in files), default=UNKNOWN)
    parent = Task(
        key=key,
        title=unit.title,
        status=status_of_unit(unit, [child.status for child in children]),
        word=ARCHIVED_WORD if unit.archived else "",
        body=words[0].document.tasks[0].body if words else "",
        fields=((ROOT_FIELD, unit.root),) if unit.root else (),
        path=unit.path,
        text_version=max(
            [shape, *(task.text_version for each in words for task in each.state.tasks)]
        ),
        status_version=shape,
        branch=next((child.branch for child in children if child.branch), ""),
    )
    return [parent, *children]


def with_newest(tasks: Sequence[Task]) -> list[Task]:
    """Give a change the newest version of its lines' statuses, from which its own comes.

    A clone by itself need not know: what it says of a change is so, whatever the version.
    """
    newest: dict[TaskKey, Version] = {}
    for task in tasks:
        if task.parent is not None:
            its = newest.get(task.parent, UNKNOWN)
            newest[task.parent] = max(its, task.status_version)
    return [
        task._replace(status_version=max(task.status_version, newest.get(task.key, UNKNOWN)))
        if task.parent is None and task.key.source == "openspec"
        else task
        for task in tasks
    ]


def _entries(unit: Unit, project: str, read: ReadFile, parent: TaskKey | None) -> list[Task]:
    """Return the tasks of one file, below ``parent`` if there is one."""
    flat = flatten(read.document.tasks)
    keys: list[TaskKey] = []
    tasks: list[Task] = []
    prefix = _own_prefix(unit, read.file) if parent is not None else ""
    tops = read.state.tops()
    for place, ((task, _, above), keyed) in enumerate(
        zip(flat, read.state.tasks, strict=True), start=1
    ):
        over = keys[above] if above >= 0 else parent
        if parent is not None:
            key = parent.child(prefix + keyed.own)
        else:
            name = read.state.name_of(keyed.own, tops.get(keyed.own, ""))
            key = TaskKey(project, unit.source, name)
        keys.append(key)
        tasks.append(_task(task, keyed, key, over, read.state, place))
    return tasks


def _own_prefix(unit: Unit, file: TaskFile) -> str:
    """Return what tells the lines of a change's several task files apart: '' for tasks.md."""
    relative = file.path.removeprefix(f"{unit.path}/")
    return "" if relative == "tasks.md" else f"{relative}/"


def _task(  # noqa: PLR0913 - one argument for each thing that a task is made of
    task: ParsedTask,
    keyed: KeyedTask,
    key: TaskKey,
    parent: TaskKey | None,
    state: SlotState,
    place: int,
) -> Task:
    return Task(
        key=key,
        title=task.title,
        status=task.status,
        word=task.word,
        parent=parent,
        group=task.group,
        number=task.number or _id_beside(state, keyed),
        body=task.body,
        labels=task.labels,
        assignee=task.assignee,
        priority=task.priority,
        depends_on=task.depends_on,
        fields=task.fields,
        position=place,
        path=state.path,
        line=task.line,
        text_version=keyed.text_version,
        status_version=keyed.status_version,
        assignee_version=keyed.assignee_version,
        branch=keyed.branch,
    )


def _id_beside(state: SlotState, keyed: KeyedTask) -> str:
    """Return the id of a task whose key does not tell it, since it was given later, or moved."""
    is_told = keyed.own == keyed.traits.id and not state.prefixes.get(keyed.own)
    return "" if is_told else keyed.traits.id


class Own(NamedTuple):
    """What a clone may say of tasks that its files do not hold.

    ``deleted`` are files with the commits that took them away. ``held`` are the tasks that its
    files held before, as (source, name), where other clones speak of tasks, too; None where it is
    by itself, and knows of all. ``unread`` are those of files that cannot be read now. ``former``
    are the states of files at the last pass, and ``units`` what lay in folders then, by the path.
    """

    deleted: Mapping[str, Version]
    held: Collection[tuple[str, str]] | None = None
    unread: Collection[tuple[str, str]] = ()
    former: Mapping[str, SlotState] = MappingProxyType({})
    units: Collection[str] = ()

    def is_withdrawn(self, task: Task, state: SlotState, own: str) -> bool:
        """Tell whether a task went since the last pass though no commit took it out.

        So it is where a branch was deleted, or went back, that alone had it.
        """
        had = self.former.get(task.path)
        was_there = task.path in self.units if had is None else own in had.owns()
        is_told = own in state.removed or own in state.completed or task.path in self.deleted
        inside = f"{task.path}/"
        return (
            was_there and not is_told and not any(each.startswith(inside) for each in self.deleted)
        )

    def version_of(self, task: Task, state: SlotState, own: str) -> Version | None:
        """Return the version with which a task is gone, None if this clone cannot say that."""
        _, source, name = task.key
        if (source, name) in self.unread:
            return None
        moved = (each for each in state.prefixes if state.name_of(each) == name)
        removed = next(
            (state.removed[each] for each in (own, *moved) if each in state.removed), UNKNOWN
        )
        if self.held is not None and (source, name) not in self.held:
            # What was recorded of its removal can be taken back, should that be undone.
            return removed if removed > UNKNOWN else None
        inside = (each for each in self.deleted if each.startswith(f"{task.path}/"))
        deleted = max((self.deleted[each] for each in inside), default=UNKNOWN)
        version = max(removed, deleted, self.deleted.get(task.path, UNKNOWN))
        return version if version > UNKNOWN or self.held is not None else state.shape_version


ALONE = Own({})


def vanished(
    known: Iterable[Task],
    held: Collection[TaskKey],
    states: Mapping[str, SlotState],
    mine: Own = ALONE,
) -> list[Task]:
    """Return the tasks that no file holds any more, as they are now.

    In the v1.0 dialect a block was completed that a commit removed from a file that is still there,
    if no other file holds its id; its sub-tasks stay as they were. Elsewhere a vanished task is
    orphaned. One that was over stays so if a commit took it out, but for a line of a task that is
    still there. What is only hidden in its file stays as it is.

    Args:
        known: All tasks of the database.
        held: The keys of all tasks that the files hold.
        states: The state of each file's slot, by the file's path.
        mine: What this clone may say of them.
    """
    gone: list[Task] = []
    ids = {task.traits.id for state in states.values() for task in state.tasks if not task.above}
    hidden = {path: {each.own for each in state.hidden} for path, state in states.items()}
    done: set[TaskKey] = set()
    for task in sorted(known, key=lambda each: (each.parent is not None, each.key)):
        if task.key in held or task.status is Status.ORPHANED or _below(task, done):
            continue
        state = states.get(task.path, EMPTY)
        own = _own(task.key, task.path)
        if _tops_of(task) & hidden.get(task.path, set()):
            continue
        is_candidate = task.parent is None and own not in ids
        removal = _removal(state, task.key.name, own) if is_candidate else None
        is_withdrawn = task.parent is None and mine.is_withdrawn(task, state, own)
        if removal is not None or (task.status is Status.DONE and not is_withdrawn):
            done.add(task.key)
        is_again = task.status is Status.DONE and (removal or UNKNOWN) > task.status_version
        is_kept = task.parent not in held and not is_again and not is_withdrawn
        if task.status.is_over and is_kept:
            continue
        version = mine.version_of(task, state, own) if removal is None else removal
        # Nothing but a layer went away: whoever holds the task still has it.
        version = UNKNOWN if version is not None and is_withdrawn else version
        if version is None:
            continue
        gone.append(
            task._replace(
                status=Status.ORPHANED if removal is None else Status.DONE,
                word="",
                status_version=version,
            )
        )
    return gone


def _own(key: TaskKey, path: str) -> str:
    """Return the own part of a key; of an id that two files give, the second has its path."""
    top, _, own = key.name.rpartition("#")
    return own if top else key.name.removeprefix(f"{path}/")


def _tops_of(task: Task) -> set[str]:
    """Return the own keys of which one is the top-level task's that a task is, or is below."""
    if task.parent is None:
        return {_own(task.key, task.path)}
    names = (key.name.partition("#")[0] for key in (task.key, task.parent))
    return {name.removeprefix(f"{task.path}/") for name in names} | {_own(task.parent, task.path)}


def _removal(state: SlotState, name: str, own: str) -> Version | None:
    """Return the version of the commit that completed a task by removing it, if one did."""
    if own in state.completed:
        return state.completed[own]
    moved = (each for each in state.prefixes if state.name_of(each) == name)
    return next((state.completed[each] for each in moved if each in state.completed), None)


def _below(task: Task, done: Collection[TaskKey]) -> bool:
    """Whether a task stands, at any depth, below one that is done."""
    if task.parent is None:
        return False
    return task.parent in done or any(task.key.name.startswith(f"{key.name}#") for key in done)
