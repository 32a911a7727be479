"""A command with all that it starts: in a process group of its own, which is ended as a whole.

Where this program is in front at a terminal, the command takes its place there, as it would below
a shell: it may read what is typed, Ctrl-C reaches it and nobody else, and Ctrl-Z stops both.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""Signals that are passed on, and after which the command has to end."""

PASSED_ON = (*ENDING, signal.SIGUSR1)

GUARD = """
read -r group || exit
read -r _ && exit
kill -s TERM -- "-$group"
kill -s CONT -- "-$group"
left=$1
while [ "$left" -gt 0 ] && kill -s 0 -- "-$group"; do
    sleep 1
    left=$((left - 1))
done
kill -s KILL -- "-$group"
"""
"""Ends what is in a group once its other end of a pipe is closed without a word that all is over:
whoever is killed can do nothing any more, and others may take the task when its lease runs out."""

POLL = 0.05
"""Seconds between two looks whether what the command has started is gone."""


class ProcessGroup:
    """A command that was started, and whatever it starts.

    Signals that come before it is started are passed on once it is.
    """

    def __init__(self, grace: float) -> None:
        """Set out.

        Args:
            grace: Seconds between asking it to end and ending it.
        """
        self._grace = grace
        self._group = 0
        self._early: list[int] = []
        self._deadline: float | None = None
        self._terminal: int | None = None

    @contextlib.contextmanager
    def passing_on(self) -> Iterator[None]:
        """Pass on the signals that reach this process."""
        before = {number: signal.signal(number, self._pass_on) for number in PASSED_ON}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, call: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a command and return its exit code, below zero the signal that ended it.

        Raises:
            OSError: There is no such command.
        """
        # Who inherits that nobody waits for children would never hear how this one ended.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with _guard(self._grace) as watch_over, _terminal() as self._terminal:
            process = subprocess.Popen(
                call,
                env=environment,
                process_group=0,
                # Said from within, lest this process is killed between the beginning and the word.
                preexec_fn=lambda: watch_over(os.getpid()),  # noqa: PLW1509 - it takes no lock
            )
            self._group = process.pid
            self._lend_terminal()
            for number in self._early:
                self._pass_on(number, None)
            try:
                process.returncode = self._waited()
            finally:
                self._take_terminal()
            self._end_rest()
            self._group = 0
        return process.returncode

    def end(self) -> None:
        """Ask all of it to end, and end what is there still after the pause."""
        self._send(signal.SIGTERM)
        self._expect_end()

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if not self._group:
            self._early.append(number)
            return
        self._send(number)
        if number in ENDING:
            self._expect_end()

    def _expect_end(self) -> None:
        # What is stopped would not hear of it.
        self._send(signal.SIGCONT)
        if self._deadline is None:
            self._deadline = time.monotonic() + self._grace
            timer = threading.Timer(self._grace, self._send, [signal.SIGKILL])
            timer.daemon = True
            timer.start()

    def _end_rest(self) -> None:
        """Let nothing go on that the command has started, if it was to end."""
        if self._deadline is None:
            return
        while time.monotonic() < self._deadline and self._send(0):
            time.sleep(POLL)
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> bool:
        """Send a signal to all of it; False if nobody is left."""
        if self._group:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)
                return True
        return False

    def _waited(self) -> int:
        """Wait for the end of the command, and be stopped when it is."""
        while True:
            _, status = os.waitpid(self._group, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                return os.waitstatus_to_exitcode(status)
            if self._terminal is not None:
                self._take_terminal()
                # A shell that waits for us hears of it, and lets us go on one day.
                os.killpg(0, signal.SIGTSTP)
                # Where nobody waits for us nothing stops us, and the command may stop again.
                time.sleep(POLL)
                self._lend_terminal()

    def _lend_terminal(self) -> None:
        """Let the command be in front, if this program is."""
        if self._terminal is not None:
            with contextlib.suppress(OSError):
                if os.tcgetpgrp(self._terminal) == os.getpgrp():
                    os.tcsetpgrp(self._terminal, self._group)
            # It may have been stopped for reading before it was in front.
            self._send(signal.SIGCONT)

    def _take_terminal(self) -> None:
        """Be in front again, if the command was."""
        if self._terminal is None:
            return
        # Who is not in front is stopped for wanting to be, unless he does not hear of it.
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            if os.tcgetpgrp(self._terminal) == self._group:
                os.tcsetpgrp(self._terminal, os.getpgrp())
        signal.signal(signal.SIGTTOU, before)


@contextlib.contextmanager
def _guard(grace: float) -> Iterator[Callable[[int], None]]:
    """Let another process end a group, which it is told, if this one is killed."""
    try:
        guard = subprocess.Popen(
            ("/bin/sh", "-c", GUARD, "guard", str(math.ceil(grace))),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        # Without one, all but that goes well.
        yield lambda _group: None
        return

    def say(line: object) -> None:
        with contextlib.suppress(OSError):
            os.write(told, f"{line}\n".encode())

    with guard:
        told = guard.stdin.fileno() if guard.stdin else -1
        yield say
        say("over")


@contextlib.contextmanager
def _terminal() -> Iterator[int | None]:
    """Open the terminal that this program belongs to; None if there is none."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield terminal
    finally:
        os.close(terminal)
