"""How every command ends: what went wrong as one clear line, and the exit code."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from kanban_sync.cli.process import COLLECTED_AT, INTERRUPTED
from kanban_sync.core.errors import KanbanSyncError, MovedCloneError, WorkError
from kanban_sync.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

PLATFORMS = ("linux", "darwin")


class Unheard(io.TextIOWrapper):
    """What stands for a stream that the caller had closed: all goes nowhere."""


def check_heard() -> None:
    """Refuse to tell what has to be heard, where the caller had closed standard output.

    Raises:
        OSError: It was closed.
    """
    if isinstance(sys.stdout, Unheard):
        raise OSError(errno.EBADF, "standard output is closed")


def end_with(command: Callable[[], int]) -> NoReturn:
    """Run a command and end the process: 0 done or queued, 1 failed, 2 board unreachable."""
    if sys.platform not in PLATFORMS:
        end(f"kanban-sync runs on Linux and macOS, not on {sys.platform}", 1)
    _open_streams()
    gc.set_threshold(COLLECTED_AT)
    folder = working_folder()
    try:
        code = command()
        sys.stdout.flush()
    except KanbanSyncError as error:
        told = as_moved(folder, error)
        end(str(told), told.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        # What could not be printed is not to be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(0)
        where = f"{error.filename}: " if error.filename else ""
        end(f"{where}{error.strerror or error}", 1)
    sys.exit(code)


def working_folder() -> tuple[str, os.stat_result] | None:
    """Return where a command begins, and by what that folder is known; None if it is gone."""
    try:
        return os.getcwd(), os.stat(".")  # noqa: PTH109, PTH116 - pathlib takes a check too long
    except OSError:
        return None


def as_moved(folder: tuple[str, os.stat_result] | None, error: KanbanSyncError) -> KanbanSyncError:
    """Return why a command ended: with a folder that is moved anything may be amiss in it."""
    is_told = isinstance(error, WorkError | MovedCloneError)
    if folder is None or is_told or isinstance(error.__cause__, MovedCloneError):
        return error
    path, began = folder
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return MovedCloneError(path, is_other=False)
    return error if os.path.samestat(found, began) else MovedCloneError(path, is_other=True)


def end(text: str, code: int) -> NoReturn:
    """End the process with a message on stderr."""
    lines = printable(text).rstrip("\n").split("\n")
    sys.stderr.write("".join(f"kanban-sync: {line}\n" for line in lines))
    sys.exit(code)


def _open_streams() -> None:
    """Give Python streams that take every character, also where its caller had closed them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal cannot show is written out: no reason to show nothing at all.
            stream.reconfigure(errors="backslashreplace")
        elif stream is None:
            setattr(sys, name, Unheard(os.fdopen(os.open(os.devnull, os.O_WRONLY), "wb")))
