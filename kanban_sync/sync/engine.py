"""One pass: what the repository says goes into the task database, then onto the board.

Each step decides first, in pure functions, and writes afterwards. Whatever is interrupted is done
again by the next pass: the database merges in one transaction, and a board is always compared with
what it has, never with what was meant to be written.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from kanban_sync.core.drawing import DAY
from kanban_sync.core.errors import ConsentError, LostLeaseError, RefusedError, StoreError
from kanban_sync.core.links import NO_LINKS, links_of
from kanban_sync.core.operations import counts_of, drift_of, left_of, wants_another_look
from kanban_sync.core.plan_text import plan_lines
from kanban_sync.core.ports import Gone
from kanban_sync.sync.announcing import Announced
from kanban_sync.sync.applying import apply_all, refusal_lines
from kanban_sync.sync.board_lease import BoardLease, place_of
from kanban_sync.sync.branch_problems import is_noted, note
from kanban_sync.sync.drawing import Drawer
from kanban_sync.sync.freshness import tips_text
from kanban_sync.sync.locks import FairLock
from kanban_sync.sync.marks import MARKS, newer_than, with_mark
from kanban_sync.sync.other_keys import rename
from kanban_sync.sync.planning import is_another, plan_board
from kanban_sync.sync.reading import read_files
from kanban_sync.sync.recording import Recorded
from kanban_sync.sync.report import Report
from kanban_sync.sync.requests import DATABASE
from kanban_sync.sync.satisfying import asked
from kanban_sync.sync.state_folder import FULL_PASS_EVERY
from kanban_sync.sync.watched import SETTINGS_PATHSPECS, pathspecs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kanban_sync.core.errors import OutOfReachError
    from kanban_sync.core.mapping import Drawing
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Operation, Plan
    from kanban_sync.core.ports import Board, Merged, TaskStore
    from kanban_sync.sync.requests import Request
    from kanban_sync.sync.runner import Progress
    from kanban_sync.sync.session import Doors, Session
    from kanban_sync.sync.state_folder import StateFolder

SYNCED = "synced"
"""Under this name a board's remembered ids hold what it was last brought up to."""

NOT_ALLOWED = (
    "the repository names another board than you have allowed for this clone; run"
    " 'kanban-sync allow' if it is the right one"
)

LOOKED = "looked"
"""Beside it: the time (seconds) at which the board was read; others may have written since."""

MERGE_LOCK = "merge.flk"
MERGE_WAIT = 60.0
"""Seconds to wait for another pass of this clone to leave the task database."""


class Engine:
    """The parts of a pass over one target, as the runner calls them."""

    def __init__(
        self, state: StateFolder, common_dir: Path, target: str, doors: Doors, progress: Progress
    ) -> None:
        """Bind to a clone and a target; nothing is opened yet.

        ``force`` may be set to compare even without news, and to let go what the guard holds.
        ``serves_hooks`` is to be unset where the target that hooks ask for stays behind: what such
        a pass has seen is news to them all the same.
        """
        self.force = False
        self.serves_hooks = True
        self.progress = progress
        self.report = Report()
        self._state = state
        self._common_dir = common_dir
        self._target = target
        self._doors = doors
        self._session: Session | None = None
        self._tips: Mapping[str, str] = {}
        self._lacking: OutOfReachError | None = None

    def is_rebasing(self, served: Sequence[Request]) -> bool:
        """Tell whether a rebase is under way in a work tree that asked."""
        return any(
            (self._git_dir(name) / folder).is_dir()
            for name in _worktrees(served)
            for folder in ("rebase-merge", "rebase-apply")
        )

    def _recorded(self, store: TaskStore, target: str) -> Recorded:
        return Recorded(store, target, self._doors.now, self._doors.log)

    # --- the task database --------------------------------------------------------------------

    def database(self, served: Sequence[Request]) -> None:
        """Bring the task database up to date; without a change of the files it reads nothing.

        Raises:
            SettingsError: It is up to date, by the settings of before: those of now have problems.
            OutOfReachError: The same, where this clone lacks the settings of now.
        """
        self._state.make()
        # Git is asked inside: of two passes the later one has seen the newer commits.
        with FairLock(self._state.path / MERGE_LOCK) as lock:
            if not lock.acquire(MERGE_WAIT):
                raise StoreError(
                    "another process has been writing to the task database for"
                    f" {MERGE_WAIT:g} s; what is missing stays pending, try again"
                )
            self.close()
            session = self._session = self._doors.open_session(_worktrees(served)[-1])
            try:
                with self._recorded(session.store, DATABASE) as recorded:
                    merged = self._merge(session)
                    recorded.count(merged.counts if merged is not None else {})
                    recorded.lack(self._lacking)
                    if session.problem is not None:
                        raise session.problem
                if self.serves_hooks:
                    self._note_seen(session, served)
            finally:
                session.clone.close()

    def _merge(self, session: Session) -> Merged | None:
        files = session.store.files()
        self._tips = files.tips
        known = cache(session.store.filed_tasks)
        reading = read_files(
            session.clone,
            session.clone,
            self._doors.sources,
            session.settings.sources,
            session.project,
            known,
            files,
            with_archive=session.settings.archived == "include",
            asked=asked(session, files),
            parses=session.store,
            anew=not is_noted(self._state, files.tips),
        )
        self._lacking = reading.lacking if reading is not None else None
        if reading is None:
            return None
        self.report.branch, self.report.tip = reading.branch, reading.tip
        if not reading.is_new:
            return None
        self.report.problems = reading.problems
        for problem in reading.problems:
            self._doors.log(str(problem))
        self.progress.tick("writing to the task database")
        reading = rename(session, self._doors.sources, known(), files, reading, self._doors.now())
        # First: if the merge fails, the next pass reads everything anew, and so notes it again.
        note(self._state, reading.files.tips, reading.on_branches)
        merged = session.store.merge(
            reading.tasks,
            {
                task.key: Gone(task.status, task.status_version, task.branch)
                for task in reading.gone
            },
            reading.files,
            self._doors.now(),
        )
        self._tips = reading.files.tips
        self.report.merged = merged
        return merged

    def _note_seen(self, session: Session, served: Sequence[Request]) -> None:
        """Write down for the shim what this pass has seen of each work tree that asked."""
        watched = (
            *pathspecs(self._doors.sources, session.settings.sources),
            *SETTINGS_PATHSPECS,
        )
        for name in _worktrees(served):
            git_dir = self._git_dir(name)
            if not git_dir.is_dir():
                continue
            reference, commit = session.clone.head_of(git_dir)
            branches = session.clone.branches(reference)
            self._state.write_seen(name, commit, branches, watched, tips_text(self._tips))

    def _git_dir(self, worktree: str) -> Path:
        return self._common_dir if worktree == "-" else self._common_dir / "worktrees" / worktree

    # --- the board ----------------------------------------------------------------------------

    def board(self, served: Sequence[Request]) -> None:  # noqa: ARG002 - what changed tells it all
        """Bring the board up to date with the database; without news it is not even asked.

        Raises:
            BoardUnreachableError: Nobody answered; what was not written is still due.
            KanbanSyncError: Some operations were refused, or the board cannot be written at all.
            OutOfReachError: It is as far as this clone can tell; what it lacks is still due.
        """
        with self._kept_session() as session:
            self._sync_board(session)
        if self._lacking is not None:
            raise self._lacking
        self._state.mark_fresh()

    def preview(self) -> Plan | None:
        """Return what the board would be told, without writing to it; None without a board."""
        with self._kept_session() as session, self._opened(session) as board:
            if board is None:
                return None
            found = self._plan(session, board, self._new_drawer(session))
            return replace(found, waits=self._is_synced(session))

    @contextlib.contextmanager
    def _kept_session(self) -> Iterator[Session]:
        """Yield what the database part has left open, and close it afterwards."""
        session, self._session = self._session, None
        if session is None:
            raise RuntimeError("the board part of a pass comes after its database part")
        try:
            yield session
        finally:
            session.store.close()

    @contextlib.contextmanager
    def _opened(self, session: Session) -> Iterator[Board | None]:
        board = self._doors.open_board(session)
        try:
            yield board
        finally:
            if board is not None:
                board.close()

    def close(self) -> None:
        """Close what a pass without a board part has left open."""
        if self._session is not None:
            self._session.store.close()
            self._session = None

    def _sync_board(self, session: Session) -> None:
        store = session.store
        if self._target == DATABASE:
            return
        with self._recorded(store, self._target) as recorded:
            if self._is_synced(session):
                return
            lease = BoardLease(store.leases, self._target, place_of(self._common_dir))
            try:
                with lease:
                    if lease.acquire(lambda: self._is_synced(session), self._wait):
                        self._bring_up(replace(session, may_write=lease.check), lease, recorded)
            except LostLeaseError:
                # What was just being sent may have come after what others wrote.
                with contextlib.suppress(StoreError):
                    ids = store.board_ids(self._target)
                    store.remember_board(self._target, {**ids, SYNCED: ""})
                raise

    def _bring_up(self, session: Session, lease: BoardLease, recorded: Recorded) -> None:
        """Compare with the board, and write what it lacks; nobody else writes there meanwhile."""
        store, news = session.store, self._news(session)
        # Opened no sooner: whoever had the lease before may have made what the board remembers.
        with self._opened(session) as board:
            if board is None:
                raise ConsentError(NOT_ALLOWED)
            drawer = self._new_drawer(session)
            found = self._plan(session, board, drawer)
            done: list[Operation] = []
            self._note_mark(store, board, drawer.mark)
            try:
                self._write(session, board, found, drawer, done)
            finally:
                recorded.count({**counts_of(done), **drift_of(done, found), **left_of(done, found)})
                self._tell(found, done)
            drawer.note_settled(found)
            # What is held back is planned, and told, again the next time; after a making the
            # board is looked at once more, and where somebody else may yet have written.
            is_open = bool(found.held) or any(map(wants_another_look, done)) or lease.after_lapse
            synced = {SYNCED: "" if is_open else news, LOOKED: str(int(self._doors.now()))}
            store.remember_board(self._target, {**board.ids, **synced})
            self._state.note_drawn(self._target, drawer.mark)
        if found.held:
            recorded.held(found)

    def _note_mark(self, store: TaskStore, board: Board, mark: str) -> None:
        """Remember with the board, before anything is written, that it is drawn with a mark."""
        ids = store.board_ids(self._target)
        marks = board.ids[MARKS] = with_mark(mark, self._state.drawn(self._target), ids)
        if ids.get(MARKS) != marks:
            store.remember_board(self._target, {**ids, MARKS: marks})

    def _wait(self) -> None:
        self.progress.tick("waiting for another clone to give up the board")

    def _tell(self, found: Plan, done: Sequence[Operation]) -> None:
        """Keep what was carried out, and tell it as the plan was told."""
        self.report.done = replace(found, operations=tuple(done))
        for line in plan_lines(self.report.done):
            self._doors.log(line)

    def _is_synced(self, session: Session) -> bool:
        """Whether nothing is new since the board was looked at lately, and nothing is forced."""
        ids = session.store.board_ids(self._target)
        is_known = seen_lately(ids.get(LOOKED, ""), self._doors.now())
        return ids.get(SYNCED) == self._news(session) and is_known and not self.force

    def _news(self, session: Session) -> str:
        """Return what the board depends on, apart from what people do there."""
        drawing = session.settings.drawing
        parts = [str(session.store.last_event()), drawing.mark, session.settings.links]
        parts += ["keep"] if session.settings.drift == "keep" else []
        # Cards that are put away for their age are looked for once a day.
        days = drawing.archive_done_after
        parts += [f"{int(self._doors.now() // DAY)}/{days}"] if days else []
        return " ".join(part for part in parts if part)

    def _new_drawer(self, session: Session) -> Drawer:
        """Return what draws cards, with links to where the default branch is to be seen."""

        def drawing() -> Drawing:
            said = session.settings.links
            links = links_of(*(("", "") if said == NO_LINKS else session.clone.published()), said)
            return replace(session.settings.drawing, links=links)

        return Drawer(session.store, self._target, drawing, self._doors.now())

    def _plan(self, session: Session, board: Board, drawer: Drawer) -> Plan:
        self.progress.tick("reading the board")
        ids, last = session.store.board_ids(self._target), self._state.drawn(self._target)
        found = plan_board(
            board,
            drawer.draw,
            session.project,
            foreign=lambda mark: newer_than(mark, last, ids),
            force=self.force,
            keep_drift=session.settings.drift == "keep",
        )
        found = replace(found, layout=session.settings.drawing.layout)
        self.report.plan = found
        return found

    def _write(
        self,
        session: Session,
        board: Board,
        found: Plan,
        drawer: Drawer,
        carried_out: list[Operation],
    ) -> None:
        """Make what is missing, then carry out the operations, recording them as they are done."""
        store, target = session.store, self._target
        if is_another(board, store.board_ids(target)):
            # First: once the new ids are remembered, nothing tells that the base is of another.
            store.forget(target, list(drawer.base))
            drawer.base = {}
        if found.missing:
            self.progress.tick("making lists and labels")
            board.prepare()
            store.remember_board(target, {**store.board_ids(target), **board.ids})
        refused: dict[TaskKey, str] = {}
        sayings = Announced(
            store, target, drawer.base, self._doors.now, drawer.settled, drawer.since
        )
        steps = apply_all(board, sayings.each(found.operations), refused, sayings.asked)
        with sayings, contextlib.closing(steps) as waves:
            for wave in waves:
                carried_out += (operation for operation, _ in wave)
                self.progress.tick("writing to the board")
                self._doors.on_step(len(carried_out), len(found.operations))
                sayings.record(wave)
        if refused:
            raise RefusedError("\n".join(refusal_lines(refused, store.tasks())))


def seen_lately(looked: str, now: float) -> bool:
    """Whether a board was read so short a time ago that it need not be, as long as nothing is new.

    What others wrote there is no news of ours. A clock that was set back tells nothing.
    """
    return looked.isdecimal() and 0 <= int(now) - int(looked) < FULL_PASS_EVERY


def _worktrees(served: Sequence[Request]) -> list[str]:
    """Return the work trees that asked, each once; the main one if nobody said."""
    return list(dict.fromkeys(request.worktree for request in served)) or ["-"]
