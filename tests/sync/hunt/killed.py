"""Runs a call in a process of its own that is killed before one of its writes, whichever it is."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

CALLS = {
    "posix": {"replace", "unlink", "fsync"},
    "sqlite3": {"execute", "executemany"},
    "_io": {"write"},
}
"""What is counted, by the module it is of."""

LONGEST = 60.0
"""Seconds after which such a process hangs."""

KILLED = -signal.SIGKILL


def is_killed(call: Callable[[], object], write: int) -> bool:
    """Run a call; tell whether it came to this write, by its number, and was killed before it.

    Nothing is put in order in the process that is killed; what it had open is left to the system.
    """
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        # The threads of those who run the tests hold nothing that is needed here.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _run(call, write, write_end)
    os.close(write_end)
    code = _code_of(pid)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        said = pipe.read()
    assert code in {0, KILLED}, said or code
    return code == KILLED


def _run(call: Callable[[], object], write: int, pipe: int) -> None:
    """Run the call and end this process."""
    left = write

    def count(_frame: FrameType, event: str, what: object) -> None:
        nonlocal left
        if event == "c_call" and _is_write(what):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        threading.setprofile(count)
        sys.setprofile(count)
        call()
    except BaseException:  # noqa: BLE001 - the other process is to tell
        sys.setprofile(None)
        os.write(pipe, traceback.format_exc().encode())
        os._exit(1)
    sys.setprofile(None)
    os._exit(0)


def _is_write(what: object) -> bool:
    name = getattr(what, "__name__", "")
    owner = getattr(what, "__module__", None) or type(getattr(what, "__self__", None)).__module__
    return name in CALLS.get(str(owner), ())


def _code_of(pid: int) -> int:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    message = f"it was not over after {LONGEST:g} s"
    raise AssertionError(message)
