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

A status that a file has only since the database's own assignee was written into it is no change: in
TASKS.md v1.0 whoever is named has begun. So it is whatever the database says of the task by now.

Nor is the mark of a claim that is over since (``core.marks``), whichever work tree commits it:

========================  ==========================  ===================================
file                      base                        what the file says
========================  ==========================  ==========================================
such a mark               anything                    nothing: it is as the base
such a mark, a name only  over: the task is back      that it is to do
anything else             such a mark                 that, if the database has it as to do; else
                                                      both have changed
========================  ==========================  ==========================================

What a file makes a task to do of again is for whom it was before it was claimed.

What stands in a work tree and in no commit counts as the file's, but for one thing: where it only
says what the database was told already, the base stays. Whoever sets a status there has it written
into the file, and may take the file back before committing it; that takes nothing from the
database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kanban_sync.core.marks import UNCLAIMED, is_mark
from kanban_sync.core.model import UNKNOWN, Status, Version
from kanban_sync.core.uncommitted import is_uncommitted

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.core.marks import Past
    from kanban_sync.core.model import Task

Value = TypeVar("Value")


NOT_BEGUN = frozenset({Status.BACKLOG, Status.TODO})

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


class _Said(NamedTuple):
    """What one side says of both values; None is what nobody says."""

    status: Status | None
    assignee: str


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


def merge_task(base: Filed, file: Task, database: Task, past: Past = UNCLAIMED) -> Merge:
    """Merge one task.

    Args:
        base: What the file said when it last agreed with the database.
        file: What it says now.
        database: What the database has; what became of its words does not count.
        past: What is known of its claims.
    """
    conflicts: list[Conflict] = []
    agreed = _agreed(base, database, past)
    said = _said(base, agreed, file, database, past)
    merged_status, is_lost = merge_value(agreed.status, said.status, database.status)
    status = merged_status or database.status
    if is_lost:
        conflicts.append(_conflict("status", base.status, file.status, database.status))
    if gives_back(database, status, past):
        # Its last claim alone had assigned it to somebody.
        assignee = said.assignee if said.assignee != agreed.assignee else past.before or ""
    else:
        assignee, is_lost = merge_value(agreed.assignee, said.assignee, database.assignee)
        if is_lost:
            values = (base.assignee, file.assignee, database.assignee)
            conflicts.append(_conflict("assignee", *values))
    word, version = _spelt(base, status, file, database)
    merged = file._replace(status=status, word=word, assignee=assignee, status_version=version)
    return Merge(merged, tuple(conflicts))


def gives_back(database: Task, status: Status, past: Past) -> bool:
    """Tell whether a file makes a task to do again that its last claim had assigned to somebody."""
    is_opened = status is Status.TODO and database.status is not Status.TODO
    return is_opened and not past.agent and past.before is not None


def _agreed(base: Filed, database: Task, past: Past) -> _Said:
    """Return what both sides agreed on; the mark of a claim that is over says nothing."""
    if not is_mark(base.status, base.assignee, past):
        return _Said(base.status, base.assignee)
    if database.status is Status.TODO:
        return _Said(Status.TODO, database.assignee)
    return _Said(None, base.assignee)


def _said(base: Filed, agreed: _Said, file: Task, database: Task, past: Past) -> _Said:
    """Return what a file says of its own."""
    if is_mark(file.status, file.assignee, past):
        # Where a name alone says that a task is begun, a task that is back is to do without it.
        is_back = base.status.is_over and not file.word
        return agreed._replace(status=Status.TODO) if is_back else agreed
    if follows_from_name(base, file, {database.assignee}):
        return _Said(database.status, file.assignee)
    return _Said(file.status, file.assignee)


def _spelt(base: Filed, status: Status, file: Task, database: Task) -> tuple[str, Version]:
    """Return the word of a status that was merged, and the version that it has."""
    if status is not file.status or _echoes(base.status, file.status_version, database.status):
        is_kept = status is database.status
        return (database.word, database.status_version) if is_kept else ("", file.status_version)
    if status is database.status and database.status_version.commit == SET_HERE:
        # The file catches up: of what the board was told already nothing may seem older.
        return file.word, max(file.status_version, database.status_version)
    return file.word, file.status_version


def agreed_part(base: Filed, file: Task, database: Task) -> Filed:
    """Return what the file and the database have agreed on after a merge of a task."""
    new = filed_part(file)
    is_same = file.status is database.status
    if is_same and _echoes(base.status, file.status_version, database.status):
        new = new._replace(status=base.status, word=base.word, version=base.version)
    is_same = file.assignee == database.assignee
    if is_same and _echoes(base.assignee, file.assignee_version, database.assignee):
        new = new._replace(assignee=base.assignee)
    return new


def _echoes(base: object, version: Version, database: object) -> bool:
    """Tell whether nobody has committed what the database was told of a task."""
    return is_uncommitted(version) and database != base


def follows_from_name(base: Filed, file: Task, names: Collection[str]) -> bool:
    """Tell whether a file says that a task has begun only since one of these names was set here.

    In TASKS.md v1.0 whoever is named has begun; the database knows whom a task to do is for.
    """
    is_new_name = file.assignee in names and file.assignee not in {"", base.assignee}
    is_by_name = file.status is Status.IN_PROGRESS and not file.word
    return is_new_name and is_by_name and base.status in NOT_BEGUN


def _conflict(field: str, base: str, file: str, database: str) -> Conflict:
    return Conflict(field, str(base), str(file), str(database))
