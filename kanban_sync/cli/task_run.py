"""``kanban-sync task run``: one command as the work on a task, its claim kept alive beside it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from kanban_sync.agents.entries import NOTHING_READY, trouble
from kanban_sync.agents.heartbeat import BEATS, words_for
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.names import AGENT
from kanban_sync.agents.waiting import wait_for
from kanban_sync.agents.work import ATTENDED
from kanban_sync.cli.console import here, say, warn
from kanban_sync.cli.places import TaskName
from kanban_sync.cli.process_group import ProcessGroup
from kanban_sync.cli.task_options import (
    PROJECT_OF_RUN,
    TASK_OF_RUN,
    TOKEN_OF_RUN,
    Duration,
    agent_option,
    chosen,
    filters,
    ttl_option,
    wait_option,
)
from kanban_sync.cli.task_work import opened_work
from kanban_sync.core.endings import told_by_holder
from kanban_sync.core.errors import (
    KanbanSyncError,
    LostClaimError,
    RepositoryError,
    SetupError,
    StoreError,
)
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.agents.work import Done, Work
    from kanban_sync.app import Clone
    from kanban_sync.core.work import Entry

GRACE = 10.0
"""Seconds between asking a command to end and ending it."""

AGAIN = 2.0
"""Seconds at most until what the database could not take is tried again."""

PATIENCE = 3600.0
"""Seconds after which nothing is tried any more, since the database was there last."""

NOT_FOUND, NOT_RUNNABLE, KILLED = 127, 126, 128
"""The exit codes that shells have for it; to the last the signal's number is added."""


@click.command("run")
@click.option("--next", "is_next", is_flag=True, help="Claim what comes first.")
@agent_option
@ttl_option(ATTENDED)
@click.option(
    "--grace",
    type=Duration(),
    default=GRACE,
    metavar="TIME",
    help=f"How long the command may take to end when it has to; {GRACE:g} seconds.",
)
@filters
@wait_option
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[KEY] -- COMMAND...")
def run_command(  # noqa: PLR0913 - one parameter for each option
    *,
    is_next: bool,
    agent: str,
    ttl: float,
    grace: float,
    wait: float,
    words: tuple[str, ...],
    **wanted: object,
) -> int:
    """Claim the task KEY, run COMMAND, and complete the task if that ends with 0.

    The claim is kept alive while the command runs. If the command fails, the task is given back
    with the reason. Ends as the command does; with 3 if nothing is ready, with 4 if the claim is
    lost, and then the command is ended too, with all that it has started.
    """
    key, call = ("", words) if is_next else (words[0] if words else "", words[1:])
    if not call or not (key or is_next):
        raise click.UsageError("Give a KEY or --next, then -- and the command.")
    key = TaskName().convert(key, None, None)
    if wait and not is_next:
        raise click.UsageError("Only with --next can it wait for what is ready.")
    clone = here()
    with opened_work(clone, wait=wait) as work:
        if not wait:
            work.reclaim(leases=False)
        if is_next:
            asked = chosen(work, wanted)
            idle = Idleness(agent, asked)
            claim = partial(work.claim_next, agent, ttl, asked)
            done = wait_for(work, claim, wait, idle, warn)
        else:
            done = work.claim(key, agent, ttl)
    if done is None:
        say("nothing is ready")
        return NOTHING_READY
    _tell_trouble(done)
    # The work tree is opened anew once the command has ended: it may have committed.
    run = Run(done.entry, agent, ttl, ProcessGroup(grace), clone)
    with clone.again().work() as work:
        code = run.carry_out(work, call)
    return run.end(code)


def _tell_trouble(done: Done) -> None:
    """Tell what keeps the file from saying it; standard output is the command's."""
    for line in trouble(done.written):
        warn(line)


class Run:
    """The work of one command on a task that was claimed for it."""

    def __init__(
        self, entry: Entry, agent: str, lease: float, group: ProcessGroup, clone: Clone
    ) -> None:
        self._clone = clone
        self._project, self._key = entry.key.project, str(entry.key)
        self._token = entry.claim.token if entry.claim else 0
        self._agent = agent
        self._lease = lease
        self._group = group
        self._ended = threading.Event()
        self._beaten = time.monotonic()
        self._lost = ""
        self._changed: tuple[str, ...] = ()
        self._warned = ""

    def carry_out(self, work: Work, call: Sequence[str]) -> int:
        """Run the command with a heartbeat beside it, and return its exit code."""
        environment = {
            **os.environ,
            AGENT: self._agent,
            PROJECT_OF_RUN: self._project,
            TASK_OF_RUN: self._key,
            TOKEN_OF_RUN: str(self._token),
        }
        sys.stdout.flush()
        beat = threading.Thread(target=self._keep, args=(work,), daemon=True)
        with self._group.passing_on():
            beat.start()
            try:
                code = self._group.run(call, environment)
            except OSError as error:
                warn(f"{call[0]} cannot be run: {error.strerror}")
                code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
            finally:
                self._ended.set()
            beat.join()
        return KILLED - code if code < 0 else code

    def end(self, code: int) -> int:
        """Complete the task or give it back, and return with what to end.

        While the database cannot be used it is tried again, as long as the lease lasts.
        """
        if self._lost:
            warn(f"{self._lost} The command was ended.")
            return LostClaimError.exit_code
        while True:
            try:
                # Its work tree may have been removed; the task database is elsewhere.
                clone = self._clone.again()
                with clone.work() as work:
                    return self._end(work, code, is_here=clone.place is not None)
            except (SetupError, RepositoryError) as error:
                raise SetupError(self._left(error, code)) from error
            except StoreError as error:
                is_over = time.monotonic() > self._beaten + self._lease
                if is_over or not error.may_be_mended:
                    raise StoreError(self._left(error, code)) from error
                self._warn(f"{error} What became of {self._key} is told as soon as it is there.")
                time.sleep(self._pause())

    def _left(self, error: KanbanSyncError, code: int) -> str:
        """Return what is to be done where the task can neither be completed nor given back."""
        said = str(error).removesuffix(".")
        return (
            f"{said}. The command ended with {code}, and {self._key} is still claimed by"
            f" {self._agent}; then run `kanban-sync task {'release' if code else 'done'}"
            f" {self._key} --agent {self._agent} --token {self._token}`."
        )

    def _end(self, work: Work, code: int, *, is_here: bool) -> int:
        try:
            if code == 0:
                done = work.finish(self._key, Status.DONE, self._agent, self._token)
            else:
                reason = f"the command ended with {code}"
                done = work.release(self._key, self._agent, self._token, reason)
        except LostClaimError as error:
            said = self._told(work)
            if said is None:
                warn(str(error))
                return error.exit_code
            say(f"{self._key}  {said}")
            return code
        say(f"{self._key}  {done.entry.task.status.value}")
        _tell_trouble(done)
        if not is_here:
            warn(f"the work tree {self._clone.top} was removed, so no file was written")
        return code

    def _keep(self, work: Work) -> None:
        """Extend the claim until the command ends; a lost claim ends the command."""
        pause = self._lease / BEATS
        is_broken = False
        with contextlib.ExitStack() as opened:
            while not self._ended.wait(pause):
                pause = self._lease / BEATS
                try:
                    if is_broken:
                        # The file of the database may be another one by now.
                        opened.close()
                        work = opened.enter_context(self._clone.again().work())
                    entry = work.extend(self._key, self._agent, self._token, self._lease)
                    is_broken = False
                    self._beaten, self._warned = time.monotonic(), ""
                    self._tell_changed(work.changed(entry))
                except LostClaimError as error:
                    self._give_up(work, error)
                    return
                except KanbanSyncError as error:
                    # The next one may come through: a claim is good until somebody else has one.
                    is_broken = True
                    self._warn(str(error))
                    if time.monotonic() > self._beaten + PATIENCE:
                        return
                    pause = self._pause()

    def _tell_changed(self, fields: tuple[str, ...]) -> None:
        """Say once what of the task is no more as it was claimed."""
        if fields != self._changed:
            self._changed = fields
            warn(f"{self._key} {words_for(self._key, fields)}")

    def _give_up(self, work: Work, error: LostClaimError) -> None:
        """End the command, unless it has said itself how the task went."""
        try:
            is_lost = self._told(work) is None
        except KanbanSyncError:
            is_lost = True
        if is_lost:
            self._lost = str(error)
            self._group.end()

    def _warn(self, text: str) -> None:
        """Say once what is tried again and again."""
        if text != self._warned:
            self._warned = text
            warn(text)

    def _pause(self) -> float:
        return min(self._lease / BEATS, AGAIN)

    def _told(self, work: Work) -> Status | None:
        """Return what the command itself has said of the task, None if others took it."""
        return told_by_holder(work.history(self._key), self._agent, self._token)
