"""The task: what every source is read into and every board is written from."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Ways: TypeAlias = "tuple[tuple[str, tuple[str, ...]], ...]"
"""The headings above a group and its own, by the group's name."""


class Status(StrEnum):
    """Where a task stands; ten values, whatever words its source uses."""

    BACKLOG = "backlog"
    TODO = "todo"
    PLANNING = "planning"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    REVIEW = "review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ORPHANED = "orphaned"

    # Enum's own is a call into Python, and statuses are looked up by the ten thousand.
    __hash__ = str.__hash__

    @property
    def satisfies(self) -> bool:
        """Whether a task that depends on one with this status may begin."""
        return self in SATISFYING

    @property
    def is_over(self) -> bool:
        """Whether no more work is expected on a task with this status."""
        return self in OVER


# Made once: each of tens of thousands of tasks is asked.
SATISFYING = frozenset({Status.DONE, Status.CANCELLED})
OVER = SATISFYING | {Status.ORPHANED}

STATUS_OF_WORD: Mapping[str, Status] = {
    **{status.value: status for status in Status},
    "draft": Status.BACKLOG,
    "deferred": Status.BACKLOG,
    "pending": Status.TODO,
    "not started": Status.TODO,
    "open": Status.TODO,
    "doing": Status.IN_PROGRESS,
    "started": Status.IN_PROGRESS,
    "needs qa": Status.REVIEW,
    "needs review": Status.REVIEW,
    "completed": Status.DONE,
    "complete": Status.DONE,
    "canceled": Status.CANCELLED,
}


def status_of_word(word: str) -> Status | None:
    """Return the status that a source's own word stands for, or None for an unknown word."""
    plain = plain_word(word)
    return STATUS_OF_WORD.get(plain) or STATUS_OF_WORD.get(plain.replace(" ", "_"))


def plain_word(word: str) -> str:
    """Return a word as it is compared: any case, and blanks for hyphens and underscores."""
    plain = " ".join(word.lower().replace("-", " ").replace("_", " ").split())
    # The mark of a checkbox may be a hyphen and nothing else.
    return plain or word.strip()


class TaskKey(NamedTuple):
    """Which task this is, for ever: the project's id, the source's name, the source's own key.

    ``name`` of a task inside a change or below another task is ``<parent's name>#<own>``,
    and stays so when the task goes elsewhere: whose it is now is told by its ``parent``.
    """

    project: str
    source: str
    name: str

    def __str__(self) -> str:
        """Return the key as users type it: the project is understood."""
        return f"{self.source}:{self.name}"

    def child(self, own: str) -> TaskKey:
        """Return the key of a task below this one."""
        return TaskKey(self.project, self.source, f"{self.name}#{own}")


class Version(NamedTuple):
    """When a task was last changed: the time and id of that commit, compared in this order.

    ``time`` is the committer date in seconds, but later than every ancestor's that changed the
    task. Version 0 (``UNKNOWN``) is older than all: nobody knows.
    """

    time: int
    commit: str


UNKNOWN = Version(0, "")


class Task(NamedTuple):
    """One task with its key, as the files or the database have it.

    ``line`` counts from 1; ``position`` is the place among the tasks of the same file;
    ``group`` is the heading it stands under; ``word`` is the source's own word for the status;
    ``fields`` are labelled values that have no place of their own, in the file's order; ``branch``
    is the layer that says of it what the base layer does not say, '' if none does.
    """

    key: TaskKey
    title: str
    status: Status
    word: str = ""
    parent: TaskKey | None = None
    group: str = ""
    number: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    assignee: str = ""
    priority: str = ""
    depends_on: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    position: int = 0
    path: str = ""
    line: int = 0
    text_version: Version = UNKNOWN
    status_version: Version = UNKNOWN
    assignee_version: Version = UNKNOWN
    branch: str = ""


class ParsedTask(NamedTuple):
    """One task as a source reads it from bytes: no key yet, its sub-tasks inside it.

    ``id`` is the file's own id (empty where there is none), ``number`` the numbering in its text.
    A tuple, since a repository is read into tens of thousands of these.
    """

    title: str
    status: Status
    word: str = ""
    id: str = ""
    group: str = ""
    number: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    assignee: str = ""
    priority: str = ""
    depends_on: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    line: int = 0
    children: tuple[ParsedTask, ...] = ()

    def walk(self) -> Iterator[ParsedTask]:
        """Yield this task and all below it, in the file's order."""
        yield self
        for child in self.children:
            yield from child.walk()


class Problem(NamedTuple):
    """Something in a task file that its author should know: where, what, and what to do.

    ``fatal`` means that the file was not read and its last good state is kept. ``code`` is one of
    ``core.findings``, ``word`` what the file says there, ``column`` (from 1; 0 if nobody knows)
    where.
    """

    path: str
    line: int
    message: str
    fatal: bool = False
    code: str = ""
    word: str = ""
    column: int = 0

    def __str__(self) -> str:
        """Return ``path:line: message``."""
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}"


class Document(NamedTuple):
    """What one task file says: its tasks in order, and what is wrong with it.

    ``dialect`` names the dialect where a source knows several that differ in what they mean;
    ``is_bare`` tells that nothing but headings stands in the file; ``has_unique_ids`` that an id
    of its own names a task in the whole repository, so that the file's path need not.
    ``ways`` are the ways down to the groups whose headings stand below others: a group may be
    called after its way only while another one has the same heading.
    """

    tasks: tuple[ParsedTask, ...] = ()
    problems: tuple[Problem, ...] = ()
    dialect: str = ""
    is_bare: bool = False
    has_unique_ids: bool = False
    ways: Ways = ()

    @property
    def readable(self) -> bool:
        """Whether the tasks are to be believed; if not, the last good state is kept."""
        return not any(problem.fatal for problem in self.problems)
