"""The three-way merge of one task: what its file says, what the database has, what was agreed on.

The file owns a task's words. Status and assignee may be changed in either place; what both places
said last when they agreed is the base, and each side is compared with the base, never with the
other side alone:

=====================  ==========================  ==============================================
file                   database                    merged
=====================  ==========================  ==============================================
as the base            as the base                 that
changed                as the base                 the file's
as the base            changed                     the database's
changed                changed to the same         that
changed                changed to something else   the database's; the other one is a conflict
=====================  ==========================  ==============================================

A status that a file has only since the database's own assignee was written into it is no change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kanban_sync.core.model import UNKNOWN, Status, Version

if TYPE_CHECKING:
    from kanban_sync.core.model import Task

Value = TypeVar("Value")


SET_HERE = "database"
"""What stands for the commit in the version of a status that was set in the database."""


class Filed(NamedTuple):
    """What a file said of the part of a task that may be changed in the database, too.

    ``word`` is how the file spells the status, ``version`` the commit that set it.
    """

    status: Status
    word: str = ""
    assignee: str = ""
    version: Version = UNKNOWN


class Kept(NamedTuple):
    """A task of the database, and what its file said last (None: no file has ever held it)."""

    task: Task
    filed: Filed | None

    @property
    def is_ahead(self) -> bool:
        """Whether the database has what the file does not say yet."""
        if self.filed is None:
            return True
        filed, task = self.filed, self.task
        # Who did what is over need not stand in a file: many have no place for it.
        is_open = not task.status.is_over
        return filed.status is not task.status or (is_open and filed.assignee != task.assignee)


class Conflict(NamedTuple):
    """A value of the file that lost against the database's: the field, and all three values."""

    field: str
    base: str
    file: str
    database: str


class Merge(NamedTuple):
    """What the database is to have of a task, and what of the file was not taken."""

    task: Task
    conflicts: tuple[Conflict, ...] = ()


def filed_part(task: Task) -> Filed:
    """Return what a file says of the part of a task that the database may change, too."""
    return Filed(task.status, task.word, task.assignee, task.status_version)


def as_filed(task: Task, filed: Filed) -> Task:
    """Return a task of the database as its file had it when they last agreed."""
    return task._replace(
        status=filed.status,
        word=filed.word,
        assignee=filed.assignee,
        status_version=filed.version,
    )


def merge_value(base: Value, file: Value, database: Value) -> tuple[Value, bool]:
    """Merge one value; the second says whether the file's was lost (see the table above)."""
    if file in (base, database):
        return database, False
    if database == base:
        return file, False
    return database, True


def merge_task(base: Filed, file: Task, database: Task) -> Merge:
    """Merge one task.

    Args:
        base: What the file said when it last agreed with the database.
        file: What it says now.
        database: What the database has; what became of its words does not count.
    """
    conflicts: list[Conflict] = []
    said = database.status if _follows_from_name(base, file, database) else file.status
    status, is_lost = merge_value(base.status, said, database.status)
    if is_lost:
        conflicts.append(_conflict("status", base.status, file.status, database.status))
    assignee, is_lost = merge_value(base.assignee, file.assignee, database.assignee)
    if is_lost:
        conflicts.append(_conflict("assignee", base.assignee, file.assignee, database.assignee))
    if status is not file.status:
        word, version = database.word, database.status_version
    elif status is database.status and database.status_version.commit == SET_HERE:
        # The file catches up: of what the board was told already nothing may seem older.
        word, version = file.word, max(file.status_version, database.status_version)
    else:
        word, version = file.word, file.status_version
    merged = file._replace(status=status, word=word, assignee=assignee, status_version=version)
    return Merge(merged, tuple(conflicts))


def _follows_from_name(base: Filed, file: Task, database: Task) -> bool:
    """Tell whether a file says that a task is in progress only since a name was set here.

    In TASKS.md v1.0 whoever is named has begun; the database knows whom a task to do is for.
    """
    is_new_name = bool(file.assignee) and file.assignee != base.assignee
    is_begun = file.status is Status.IN_PROGRESS and not file.word
    is_to_do = base.status is Status.TODO and database.status is Status.TODO
    return is_new_name and is_begun and is_to_do and file.assignee == database.assignee


def _conflict(field: str, base: str, file: str, database: str) -> Conflict:
    return Conflict(field, str(base), str(file), str(database))
