"""``kanban-sync task run``: one command as the work on a task, its claim kept alive beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import click

from kanban_sync.agents.entries import NOTHING_READY
from kanban_sync.agents.names import AGENT
from kanban_sync.agents.work import ATTENDED
from kanban_sync.cli.console import here, say, warn
from kanban_sync.cli.task_options import (
    TASK_OF_RUN,
    TOKEN_OF_RUN,
    agent_option,
    chosen,
    filters,
    ttl_option,
)
from kanban_sync.core.claims import ENDS
from kanban_sync.core.errors import KanbanSyncError, LostClaimError
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from kanban_sync.agents.work import Work
    from kanban_sync.core.work import Entry

BEATS = 3
"""How many heartbeats are due within one lease: two may fail."""

GRACE = 10.0
"""Seconds between asking a command to end and ending it."""

PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1)

NOT_FOUND, NOT_RUNNABLE, KILLED = 127, 126, 128
"""The exit codes that shells have for it; to the last the signal's number is added."""


@click.command("run")
@click.option("--next", "is_next", is_flag=True, help="Claim what comes first.")
@agent_option
@ttl_option(ATTENDED)
@filters
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[KEY] -- COMMAND...")
def run_command(
    *, is_next: bool, agent: str, ttl: float, words: tuple[str, ...], **wanted: object
) -> int:
    """Claim the task KEY, run COMMAND, and complete the task if that ends with 0.

    The claim is kept alive while the command runs. If the command fails, the task is given back
    with the reason. Ends as the command does; with 3 if nothing is ready, with 4 if the claim is
    lost, and then the command is ended too.
    """
    key, call = ("", words) if is_next else (words[0] if words else "", words[1:])
    if not call or not (key or is_next):
        raise click.UsageError("Give a KEY or --next, then -- and the command.")
    with here().work() as work:
        work.reclaim(leases=False)
        done = (
            work.claim_next(agent, ttl, chosen(work, wanted))
            if is_next
            else work.claim(key, agent, ttl)
        )
    if done is None:
        say("nothing is ready")
        return NOTHING_READY
    # The work tree is opened anew once the command has ended: it may have committed.
    run = Run(done.entry, agent, ttl)
    with here().work() as work:
        code = run.carry_out(work, call)
    with here().work() as work:
        return run.end(work, code)


class Run:
    """The work of one command on a task that was claimed for it."""

    def __init__(self, entry: Entry, agent: str, lease: float) -> None:
        self._key = str(entry.key)
        self._entry = entry
        self._token = entry.claim.token if entry.claim else 0
        self._agent = agent
        self._lease = lease
        self._ended = threading.Event()
        self._lost = ""

    def carry_out(self, work: Work, call: Sequence[str]) -> int:
        """Run the command with a heartbeat beside it, and return its exit code."""
        environment = {
            **os.environ,
            AGENT: self._agent,
            TASK_OF_RUN: self._key,
            TOKEN_OF_RUN: str(self._token),
        }
        sys.stdout.flush()
        with _passing_on() as pass_to:
            try:
                process = subprocess.Popen(call, env=environment)
            except OSError as error:
                warn(f"{call[0]} cannot be run: {error.strerror}")
                return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
            pass_to(process)
            beat = threading.Thread(target=self._beat, args=(work, process), daemon=True)
            beat.start()
            code = process.wait()
            self._ended.set()
            beat.join()
        return KILLED - code if code < 0 else code

    def end(self, work: Work, code: int) -> int:
        """Complete the task or give it back, and return with what to end."""
        if self._lost:
            warn(f"{self._lost} The command was ended.")
            return LostClaimError.exit_code
        entry = work.show(self._key)
        if self._is_ended_by_command(entry):
            say(f"{self._key}  {entry.task.status.value}")
            return code
        try:
            if code == 0:
                done = work.finish(self._key, Status.DONE, self._agent, self._token)
            else:
                reason = f"the command ended with {code}"
                done = work.release(self._key, self._agent, self._token, reason)
        except LostClaimError as error:
            warn(str(error))
            return error.exit_code
        say(f"{self._key}  {done.entry.task.status.value}")
        return code

    def _beat(self, work: Work, process: subprocess.Popen[bytes]) -> None:
        """Extend the claim until the command ends; a lost claim ends the command."""
        while not self._ended.wait(self._lease / BEATS):
            try:
                work.extend(self._key, self._agent, self._token, self._lease)
            except LostClaimError as error:
                if self._is_ended_by_command(work.show(self._key)):
                    return
                self._lost = str(error)
                process.terminate()
                if not self._ended.wait(GRACE):
                    process.kill()
                return
            except KanbanSyncError as error:
                # The next one may come through; until then the lease lasts.
                warn(str(error))

    def _is_ended_by_command(self, entry: Entry) -> bool:
        """Tell whether the command itself has said how the task went."""
        return entry.claim is None and entry.attempts == self._token and entry.task.status in ENDS


@contextlib.contextmanager
def _passing_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass signals on to a process, also those that come before it is there."""
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if process is None:
            early.append(number)
        elif number != signal.SIGINT or not sys.stdin.isatty():
            # What is typed at a terminal has come to both.
            process.send_signal(number)

    def pass_to(new: subprocess.Popen[bytes]) -> None:
        nonlocal process
        process = new
        for number in early:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        yield pass_to
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
