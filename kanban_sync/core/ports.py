"""The four doors between the decisions and the world: Source, Repository, Board, TaskStore.

Terms are defined here, where the ports are. A *layer* is one state of the repository that has a
say (a branch, at a fixed commit). A *tree* maps the paths of task files to blob ids. A *unit* is
one thing that a source finds in a tree: an OpenSpec change, or one file of tasks. A *slot* is what
a task file is called for ever, also when it moves (into the archive): identities and versions of
tasks are followed along a slot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kanban_sync.core.bases import Bases
from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.snapshot import Branches, Fork, Layer
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.core.units import DEFAULTS, Read, SourceSettings, TaskFile, Tree, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.board import BoardState, Known, Said, SeenCard
    from kanban_sync.core.edits import Edit
    from kanban_sync.core.lease import Leases
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Document, Status, Task, TaskKey, Version
    from kanban_sync.core.operations import Operation
    from kanban_sync.core.slots import SlotState

STRICT = ":strict"
"""Among the tips: that the files were read to tell what is done on a branch alone."""

SATISFIED_BY = ":satisfied-by"
"""Among the tips: that only what files of the default branch call done satisfies."""

__all__ = [
    "DEFAULTS",
    "Branches",
    "Fork",
    "Layer",
    "Read",
    "SourceSettings",
    "TaskFile",
    "Tree",
    "Unit",
]
"""What belongs to the ports, and lies in ``units``: whoever only reads needs nothing else."""


class Source(Protocol):
    """A dialect of task file: finds units in a tree and reads their files. No I/O of its own."""

    NAME: str
    """The second part of each key; never changes once released."""

    PARSER: int
    """Raised whenever the same bytes are read as other tasks; remembered parses depend on it."""

    MOVES: bool
    """Whether a file that lies elsewhere after a commit is the same file to this source."""

    def pathspecs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return git pathspecs (``:(top,glob)…``) that match every file this source may read."""
        ...

    def matches(self, path: str, settings: SourceSettings) -> bool:
        """Tell whether the file at this path is this source's business."""
        ...

    def slot(self, path: str, settings: SourceSettings) -> str:
        """Return the slot of a file for which ``matches`` holds; the same after an archive move."""
        ...

    def group(self, path: str, settings: SourceSettings) -> str:
        """Return what all files of a unit have in common, wherever it lies; '' for those of none.

        The latter, where there are any, tell how units are read.
        """
        ...

    def units(self, tree: Tree, read: Read, settings: SourceSettings) -> list[Unit]:
        """Find the units of a tree, in path order; passes over files for which ``matches`` is not.

        Reads only what tells which files hold tasks.
        """
        ...

    def parse(self, path: str, data: bytes, settings: SourceSettings = DEFAULTS) -> Document:
        """Read one task file (or text file). Never raises on content: it becomes a Problem."""
        ...

    def edit(
        self, path: str, data: bytes, edit: Edit, settings: SourceSettings = DEFAULTS
    ) -> bytes:
        """Return a task file's bytes after an edit: only the characters that must change differ.

        Raises:
            EditError: The file cannot be edited so, or not without changing other tasks.
        """
        ...

    def status_of_unit(self, unit: Unit, statuses: Sequence[Status]) -> Status:
        """Return the status of a unit that is a task, from those of its children."""
        ...

    def gone_means_done(self, document: Document) -> bool:
        """Tell whether an entry removed from this file was completed (v1.0) or just vanished."""
        ...

    def ids_in(self, data: bytes) -> Collection[str]:
        """Return the ids that stand in a file, in a task or not: what stands was not removed.

        Where tasks go without, also the words behind boxes (``bare_words``).
        """
        ...


class Repository(Protocol):
    """Git, at fixed commits: never the work tree, never the index."""

    def layers(
        self,
        pathspecs: Sequence[str],
        since: Mapping[str, str],
        known: Mapping[str, str] | None = None,
        *,
        whole: bool = False,
    ) -> tuple[Layer, ...]:
        """Resolve the layers, the base layer first. ``since`` maps their names to former tips.

        ``known`` does so where what was read then does not count any more.
        Where none has moved since, only the base layer is told, without a tree, unless they are
        asked for as a ``whole``.
        """
        ...

    def go_back(self, tips: Mapping[str, str]) -> bool:
        """Take for the base layer, from now on, what there was of it at former tips.

        So where its contents are out of reach. The answer is False if there is no such state.
        """
        ...

    def fetched(self, paths: Collection[str]) -> dict[str, str]:
        """Return from which remote branch paths are read that the local one has otherwise."""
        ...

    def links(self, commit: str, paths: Collection[str]) -> dict[str, str]:
        """Return which of these paths are symbolic links in a commit, with their blob ids."""
        ...

    def read(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of blobs, in one process for all of them."""
        ...


class Receipt(NamedTuple):
    """What came of one operation on the board: the base to remember (None: nothing to do)."""

    said: Said | None


class Board(Protocol):
    """A place where people look at cards. Every implementation inherits one contract suite."""

    ids: dict[str, str]
    """What the board wants remembered until next time (ids of lists, label, field)."""

    def read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        """Read everything in one request; ask besides only for cards of the base not found."""
        ...

    def put_away(self, keys: Collection[TaskKey]) -> tuple[SeenCard, ...]:
        """Return the cards of these tasks that lie in the archive or the trash, by their footers.

        A reading leaves them out. Asked after it, before a card would be made for such a task.
        """
        ...

    def ask_again(self, ids: Collection[str]) -> BoardState:
        """Return what has become of cards that a reading believed to be put away still."""
        ...

    def prepare(self) -> None:
        """Make what the last reading found missing: project, board, lists, label, field."""
        ...

    def apply(self, operation: Operation) -> Receipt:
        """Carry out one operation, from any thread.

        Raises:
            RefusedError: The board calls this one operation invalid.
            BoardError: Nothing more can be written (rights, sign-in).
            BoardUnreachableError: Nobody answered.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Event(NamedTuple):
    """One row of the append-only table of events.

    ``kind`` is one of ``task_created``, ``task_updated``, ``status_changed``, ``claimed``,
    ``released``, ``reclaimed``, ``orphaned``, ``conflict``, ``roadmap_updated``,
    ``replayed`` (its key is that of a journal, ``core.apart``); ``at`` is in
    seconds since 1970; ``data`` is JSON. The id is 0 while the database is away, which numbers it.
    """

    id: int
    at: float
    kind: str
    key: str
    data: str


class Gone(NamedTuple):
    """What became of a task that files no longer hold, and the commit that took it out.

    ``branch`` is the layer that alone has taken it out, None where that is left as it was known.
    """

    status: Status
    version: Version = UNKNOWN
    branch: str | None = None


class Merged(NamedTuple):
    """What one merge into the database changed: keys, in the order of the tasks."""

    created: tuple[TaskKey, ...] = ()
    updated: tuple[TaskKey, ...] = ()
    gone: tuple[TaskKey, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not self.counts

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind, without those of which there is none."""
        counts = {name: len(keys) for name, keys in self._asdict().items()}
        return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Run:
    """One run against one target, as ``status`` and ``log`` show it.

    ``target`` is a target id or ``database``; ``result`` is ``running``, ``done``, ``failed``,
    ``unreachable``, ``held`` or ``interrupted``; times are in seconds; ``operations``
    counts by kind.
    """

    target: str
    started_at: float
    seconds: float = 0.0
    result: str = "running"
    operations: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class FilesState:
    """What this clone's last sync knew of its files: each layer's tip and each slot's state.

    ``slots`` are what ``core.slots.Slots`` holds, in one mapping. ``is_shared`` tells whether other
    clones bring their tasks into the same database, ``has_news`` whether one did since, and
    ``marks_of_others`` what they recorded of their settings (``core.satisfying``). These are the
    store's to say. ``commits`` are those that were read for a merge; they are not kept.
    """

    tips: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, SlotState] = field(default_factory=dict)
    is_shared: bool = False
    has_news: bool = False
    commits: frozenset[str] = field(default=frozenset(), compare=False)
    marks_of_others: tuple[str, ...] = ()


class TaskStore(Bases, Protocol):
    """The task database of one project, as one clone of it has opened it.

    Times are parameters, in seconds since 1970. Several clones may share a database: what is
    recorded of files is each clone's own, and ``core.clones`` says whose word counts.

    Every method that writes is one transaction, and is as if it had not begun when it raises.
    Every implementation inherits one contract suite.

    Raises:
        StoreError: From any method, if the database cannot be used: no space, no right to write,
            a newer schema, damaged.
        LostLeaseError: From those that record of a board, if its lease was taken and lost.
    """

    @property
    def leases(self) -> Leases | None:
        """What lets one clone at a time write to a board; None where all are on one machine."""
        ...

    def filed_tasks(self) -> list[Task]:
        """Return the tasks as their files had them at the last merge, in the same order.

        A task that no file has held yet is left out.
        """
        ...

    def ahead(self) -> list[Kept]:
        """Return the tasks of which the database has what their files do not say, in that order.

        A task that no file has held yet is one, a task that files no longer hold is none.
        """
        ...

    def files(self) -> FilesState:
        """Return what this clone's last merge recorded of its files."""
        ...

    def tips(self) -> dict[str, str]:
        """Return the tip of each layer at the last merge, by the layer's name."""
        ...

    def merge(
        self, tasks: Sequence[Task], gone: Mapping[TaskKey, Gone], files: FilesState, now: float
    ) -> Merged:
        """Bring the tasks in, in one transaction with its events; only changed rows are written.

        Status and assignee are merged with what was set in the database since (``core.merge``).

        Args:
            tasks: All tasks that the files of this clone hold now.
            gone: Tasks of the database that the files no longer hold -> what became of them.
            files: What to remember of the files; replaces what this clone had recorded.
            now: The time of the events.
        """
        ...

    def parses(self, digests: Iterable[str]) -> dict[str, str]:
        """Return remembered parses (JSON) by digest; unknown digests are left out."""
        ...

    def remember_parses(self, parses: Mapping[str, str]) -> None:
        """Remember parses; forgets those that no merge has asked for in the last 1,000."""
        ...

    def board_ids(self, target: str) -> dict[str, str]:
        """Return what the board wanted remembered."""
        ...

    def remember_board(self, target: str, ids: Mapping[str, str]) -> None:
        """Record what the board wants remembered, and nothing else that was there before."""
        ...

    def events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return events with an id above ``after``, oldest first."""
        ...

    def twofold(self, since: float) -> list[Event]:
        """Return the events that tell of one id for two tasks, oldest first.

        Left out is what is older than ``since``, and what was settled: the task has got other words
        since then, or is over.
        """
        ...

    def begin_run(self, run: Run) -> int:
        """Record the start of a run and return its id.

        Nobody else in this clone runs for this target meanwhile: one of its runs that is still said
        to be ``running`` was cut off, and becomes ``interrupted``.
        """
        ...

    def end_run(self, run: Run) -> None:
        """Record the end of the run with that id; keeps the newest 200 runs of each target."""
        ...

    def runs(self, limit: int = 20) -> list[Run]:
        """Return the newest runs of all targets, newest first."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...
