"""What a model can do with the tasks of one clone; arguments and answers are plain data.

The docstrings of the methods named in ``TOOLS`` are what a model reads to choose among them.

Each call looks whether commits are newer than the last sync and brings them in first; nothing is
kept between two calls that could be old, but the claims of the session.
"""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from kanban_sync.agents.born import NewTask
from kanban_sync.agents.entries import done_data, entry_data, event_data
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.waiting import given_back_unheard, wait_for
from kanban_sync.app import Clone
from kanban_sync.core.drawing import cards_of
from kanban_sync.core.errors import BoardUnreachableError, WorkError
from kanban_sync.core.model import Status
from kanban_sync.doors.once import Once
from kanban_sync.mcp.narrowing import narrowed
from kanban_sync.mcp.wording import brief, status_called, tagged
from kanban_sync.sync.session import Watcher
from kanban_sync.workplace import working_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kanban_sync.agents.work import Done, Work
    from kanban_sync.core.order import Wanted
    from kanban_sync.mcp.held import HeldClaims

MOST = 20
"""How many tasks ``plan_next`` hands out at most."""

LISTED = 200
"""How many tasks a list has at most; the others are counted."""

EVERY = 10_000_000
"""More tasks than there are."""

LONGEST_WAIT = 50.0
"""Seconds that a claim waits at most: many programs give a call up after 60."""

CLAIM = "Call claim_task with one of these keys before you begin."
LOOK = "Nothing can be claimed now; call list_tasks to see what is open, or plan_next later."
WAIT = "Nothing came up; call claim_task again to wait on."
FINISH = "Do it, commit, and call complete_task; or release_task with the reason."
MORE = "Commit its file, if it changed, and call plan_next for more."
"""What a model does next."""

AFTERWARDS = "what you say of tasks still counts in the task database, and no file is written."
"""What a model hears once its work tree is gone."""

ENDS = (Status.DONE, Status.REVIEW, Status.BLOCKED, Status.FAILED, Status.CANCELLED)
"""How work on a task may end."""

TOOLS = (
    "plan_next",
    "claim_task",
    "heartbeat",
    "complete_task",
    "release_task",
    "list_tasks",
    "get_task",
    "plan_update",
    "add_task",
    "sync_now",
    "board_status",
)
"""The methods of ``Tools`` that are offered, those first that are called most."""


class Tools:
    """The tools of one session. Usable from any thread.

    Raises:
        KanbanSyncError: From any method; nothing was changed.
    """

    def __init__(
        self,
        folder: Path,
        agent: str,
        held: HeldClaims,
        *,
        is_here: bool = True,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        """Set out.

        Args:
            folder: A folder in the clone.
            agent: The name under which tasks are claimed.
            held: The claims of the session.
            is_here: Whether the agent works in that folder; else no file is written.
            go_on: Raises something, in the thread of a call, once nobody waits for its answer.
        """
        self._folder = folder
        self._is_here = is_here
        self._agent = agent
        self._held = held
        self._go_on = go_on
        self._at: Clone | None = None
        self._lock_of_clone = threading.Lock()
        self._once: Once[dict[str, Any]] = Once()

    # --- looking --------------------------------------------------------------------------------

    def plan_next(  # noqa: PLR0913 - what a model may ask for
        self,
        limit: int = 5,
        status: str = "",
        epic: str = "",
        milestone: str = "",
        domain: str = "",
        tags: list[str] | None = None,
        minimal: bool = False,  # noqa: FBT001, FBT002 - the protocol names all arguments
    ) -> dict[str, Any]:
        """Return what to do next, first what comes first: what others wait for, then by priority.

        Without a status only tasks that can be claimed now. Ask again whenever you need work: new
        commits are brought in before the answer.

        Args:
            limit: How many at most, 1 to 20.
            status: Only tasks with this status, as todo, in_progress, blocked, review or done.
            epic: Only tasks of this epic.
            milestone: Only tasks of the milestone with this key, id or title.
            domain: Only tasks of this domain.
            tags: Only tasks with one of these tags.
            minimal: true for key, title, status, priority, tags and place alone.
        """
        if not 1 <= limit <= MOST:
            raise WorkError(f"limit is 1 to {MOST}, not {limit}.")
        wanted = tagged(tags)
        with self.work() as work:
            # What is narrowed may come late in the order.
            most = EVERY if epic or milestone or domain else LISTED
            found = (
                work.tasks(wanted, [status_called(status)])
                if status
                else work.next(self._agent, wanted, most)
            )
            for kind, which in (("epic", epic), ("milestone", milestone), ("domain", domain)):
                found = narrowed(work, found, kind, which)
        chosen = [entry_data(each) for each in found[:limit]]
        then = "" if status else CLAIM if chosen else LOOK
        tasks = brief(chosen) if minimal else chosen
        return self.answer(tasks=tasks, of=len(found), yours=self._held.keys(), next=then)

    def list_tasks(
        self,
        statuses: list[str] | None = None,
        tags: list[str] | None = None,
        parent: str = "",
    ) -> dict[str, Any]:
        """List tasks in the order of their files; those that are over only if asked for.

        Args:
            statuses: Only tasks with one of these statuses.
            tags: Only tasks with one of these tags.
            parent: Only tasks directly below the one with this key, or for it if it is a milestone.
        """
        with self.work() as work:
            wanted = tagged(tags)._replace(parent=work.key(parent) if parent else None)
            found = work.tasks(wanted, [status_called(each) for each in statuses or ()])
        shown = brief([entry_data(each) for each in found[:LISTED]])
        return self.answer(tasks=shown, of=len(found))

    def get_task(self, key: str) -> dict[str, Any]:
        """Return all of one task: its words, what it waits for, who has it, and its history.

        Args:
            key: That of the task, its id alone, or path:line.
        """
        with self.work() as work:
            entry, history = work.show(key), work.history(key)
        events = [event_data(each, json.loads(each.data or "{}")) for each in history]
        return self.answer(task=entry_data(entry), history=events)

    # --- working --------------------------------------------------------------------------------

    def claim_task(
        self, key: str = "", tags: list[str] | None = None, wait: float = 0
    ) -> dict[str, Any]:
        """Claim a task before you work on it, so that nobody else does.

        The claim is kept alive as long as this session lasts.

        Args:
            key: That of the task, as plan_next tells it; without one, what comes first.
            tags: Without a key: only a task with one of these tags.
            wait: Without a key: for how many seconds to wait until something is ready, 0 to 50.
        """
        if not 0 <= wait <= LONGEST_WAIT:
            raise WorkError(f"wait is 0 to {LONGEST_WAIT:g} seconds, not {wait:g}.")
        if key and wait:
            raise WorkError("Only without a key can it wait for what is ready.")
        with self.work() as work:
            work.reclaim(leases=False)
            done = self._held.start(work, key) if key else self._claimed(work, tagged(tags), wait)
        if done is None:
            return self.answer(task=None, next=WAIT if wait else LOOK)
        self._held.hold(done.entry)
        return self._done(done, FINISH)

    def _claimed(self, work: Work, wanted: Wanted, wait: float) -> Done | None:
        """Claim what comes first, as soon as something is ready."""

        def claim() -> Done | None:
            self._go_on()
            return work.claim_next(self._agent, self._held.lease, wanted)

        idle = Idleness(self._agent, wanted)
        done = wait_for(work, claim, wait, idle, self._held.note)
        if done is not None:
            with given_back_unheard(work, done):
                self._go_on()
        return done

    def heartbeat(self) -> dict[str, Any]:
        """Keep your claims alive, and hear whether one was lost or its task has changed.

        The server does so by itself; call it to hear at once.
        """
        with self.work() as work:
            self._held.beat(work)
        return self.answer(yours=self._held.keys())

    def complete_task(self, key: str, status: str = "done", reason: str = "") -> dict[str, Any]:
        """Say how your work on a task ended; its file is changed with it, commit that too.

        Args:
            key: That of the task.
            status: done, review (somebody has to look), blocked, failed or cancelled.
            reason: Why; give one unless it is done.
        """
        how = status_called(status)
        if how not in ENDS:
            raise WorkError(f"{status} is no end of work; one of {', '.join(ENDS)} is.")
        with self.work() as work:
            token = self._held.token(str(work.key(key)))
            done = work.finish(key, how, self._agent, token, reason)
        self._held.let_go(str(done.entry.key))
        return self._done(done, MORE)

    def release_task(self, key: str, reason: str = "") -> dict[str, Any]:
        """Give a task that you claimed back, so that others can do it.

        Args:
            key: That of the task.
            reason: Why.
        """
        with self.work() as work:
            token = self._held.token(str(work.key(key)))
            done = work.release(key, self._agent, token, reason)
        self._held.let_go(str(done.entry.key))
        return self._done(done, MORE)

    def plan_update(
        self,
        key: str,
        status: str = "",
        assignee: str | None = None,
        reason: str = "",
        idempotency_key: str = "",
    ) -> dict[str, Any]:
        """Set status or assignee of a task that nobody else has claimed.

        For your own work use claim_task and complete_task.

        Args:
            key: That of the task.
            status: The new status: backlog, todo, planning, in_progress, blocked, review, done,
                failed or cancelled.
            assignee: Who is to do it; an empty name for anybody.
            reason: Why.
            idempotency_key: Any text of yours; the same one twice changes something once.
        """
        if not status and assignee is None:
            raise WorkError("Nothing to set: give a status, an assignee, or both.")

        def update() -> dict[str, Any]:
            new = status_called(status) if status else None
            with self.work() as work:
                done = work.set(key, self._agent, new, assignee, reason)
            if done.entry.claim is None:
                self._held.let_go(str(done.entry.key))
            return self._done(done, "")

        return self._once.answer(
            self._agent, idempotency_key, ("update", key, status, assignee, reason), update
        )

    def add_task(
        self, title: str, under: str = "", body: str = "", idempotency_key: str = ""
    ) -> dict[str, Any]:
        """Add a task that you found while working.

        Args:
            title: What is to be done, in one line.
            under: The heading of the file below which it is written, where new tasks go to a file.
            body: More about it, where new tasks go to the database alone.
            idempotency_key: Any text of yours; the same one twice adds it once.
        """

        def add() -> dict[str, Any]:
            with self.work() as work:
                done = work.add(NewTask(title, under=under, body=body))
            return self._done(done, "")

        return self._once.answer(self._agent, idempotency_key, ("add", title, under, body), add)

    # --- the board ------------------------------------------------------------------------------

    def sync_now(self) -> dict[str, Any]:
        """Bring task database and board up to date with what is committed; commits do so anyway."""
        clone = self._clone()
        settings = clone.settings()
        try:
            result = clone.sync(clone.target(settings), settings, Watcher())
        except BoardUnreachableError as error:
            return self.answer(outcome="unreachable", problem=str(error))
        return self.answer(outcome=result.outcome.value)

    def board_status(self) -> dict[str, Any]:
        """Return the columns of the board with their cards, and what was synced when."""
        clone = self._clone()
        with self.work():
            drawing = working_settings(clone).drawing
        cards = cards_of(clone.tasks(), drawing, time.time())
        lists = [
            {
                "name": name,
                "cards": [str(card.key) for card in cards if card.column is column][:LISTED],
                "of": sum(card.column is column for card in cards),
            }
            for column, name in drawing.layout.lists.items()
        ]
        return self.answer(lists=lists, status=clone.status())

    # --- inside ---------------------------------------------------------------------------------

    def work(self) -> AbstractContextManager[Work]:
        """Open the work on tasks, with all that is committed, also after the work tree is gone."""
        return self._clone().work()

    def _clone(self) -> Clone:
        with self._lock_of_clone:
            before = self._at
            now = self._at = self._found() if before is None else before.again()
        if before is not None and before.place is not None and now.place is None:
            self._held.note(f"The work tree {before.top} was removed: {AFTERWARDS}")
        return now

    def _found(self) -> Clone:
        found = Clone.at(self._folder)
        clone = found if self._is_here else Clone(found.common_dir)
        clone.warn_of_settings = cache(self._held.note)
        return clone

    def _done(self, done: Done, then: str) -> dict[str, Any]:
        return self.answer(task=done_data(done), next=then)

    def answer(self, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Return an answer, with what happened to the claims of the session meanwhile."""
        said = {name: value for name, value in data.items() if name != "next" or value}
        notes = self._held.notes()
        return {**said, "notes": notes} if notes else said
