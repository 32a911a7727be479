"""The append-only file of requests, and up to where each target has served them.

A request is on file before anybody tries the run lock, and counts as done only after a pass that
began after it was read. So whatever is killed when, either somebody serves it or the file is
longer than what is marked done.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kanban_sync.core.errors import SetupError

if TYPE_CHECKING:
    from kanban_sync.sync.state_folder import StateFolder

EVERY_TARGET = "*"
DATABASE = "database"
"""The task database among the targets."""

MAIN_WORK_TREE = "-"
NO_FLAGS = "-"


class Cause(StrEnum):
    """Why a sync was asked for."""

    POST_COMMIT = "post-commit"
    POST_MERGE = "post-merge"
    POST_REWRITE = "post-rewrite"
    POST_CHECKOUT = "post-checkout"
    CLI = "cli"
    RETRY = "retry"
    UNREADABLE = "unreadable"
    """Never written: what stands for a line that was torn or that a newer release wrote."""


@dataclass(frozen=True, slots=True)
class Request:
    """One wish for a sync.

    ``target`` is a target id, ``database`` or ``*``; ``worktree`` is ``-`` for the main work tree,
    else the name of the linked one's admin folder; ``flags`` are words such as ``force``.
    """

    target: str
    cause: Cause
    worktree: str = MAIN_WORK_TREE
    flags: tuple[str, ...] = ()

    def concerns(self, target: str) -> bool:
        """Tell whether this target has to serve the request."""
        return self.target in {EVERY_TARGET, target}


@dataclass(frozen=True, slots=True)
class Batch:
    """The requests that a target has not served yet, and the offset at which they end."""

    requests: tuple[Request, ...]
    end: int


_UNREADABLE = Request(EVERY_TARGET, Cause.UNREADABLE)

# A folder of a work tree is named like a part of a ref: no blank, no slash, but any script.
_LINE = re.compile(
    r"(?P<target>\*|database|[0-9a-f]{16})"
    r" (?P<cause>post-commit|post-merge|post-rewrite|post-checkout|cli|retry)"
    r" (?P<worktree>[^\s/]+)"
    r" (?P<flags>-|[a-z]+(?:,[a-z]+)*)"
)


def append(state: StateFolder, request: Request) -> int:
    """Put a request on file, in one write, and return the offset at which it ends.

    Raises:
        SetupError: The file cannot be written, or the disk is full.
    """
    line = _line(request)
    if _parsed(line) != request:
        raise ValueError(f"no line of the requests file can hold {request}")
    data = f"{line}\n".encode(errors="surrogateescape")
    state.make()
    try:
        fd = os.open(state.requests, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(fd, data)
            # In append mode the position is the end of our own line, whoever else writes.
            end = os.lseek(fd, 0, os.SEEK_CUR)
        finally:
            os.close(fd)
    except OSError as error:
        raise _unusable(state, error.strerror) from error
    if written < len(data):
        raise _unusable(state, "the disk is full")
    return end


def read(state: StateFolder, target: str, start: int | None = None) -> Batch:
    """Read, in one go, the requests for this target behind ``start`` (what is done, if None).

    A line that nobody understands concerns every target: a sync too many costs little.
    """
    begin = done(state, target) if start is None else start
    try:
        with state.requests.open("rb") as file:
            file.seek(begin)
            data = file.read()
    except FileNotFoundError:
        return Batch((), 0)
    except OSError as error:
        raise _unusable(state, error.strerror) from error
    lines = data.decode(errors="surrogateescape").split("\n")
    found = (_parsed(line) or _UNREADABLE for line in lines if line)
    return Batch(tuple(one for one in found if one.concerns(target)), begin + len(data))


def pending(state: StateFolder, target: str) -> list[Request]:
    """Return the requests that this target has not served yet, oldest first."""
    return list(read(state, target).requests)


def waiting_since(state: StateFolder, target: str) -> float:
    """Return since when something has not reached a target, in seconds since 1970; 0 for nothing.

    Before anybody has begun to serve it, that is when it was asked for last.
    """
    if since := state.behind_since(target):
        return since
    try:
        return state.requests.stat().st_mtime if pending(state, target) else 0.0
    except FileNotFoundError:
        return 0.0


def size(state: StateFolder) -> int:
    """Return the offset at which the file of requests ends now."""
    try:
        return state.requests.stat().st_size
    except FileNotFoundError:
        return 0


def done(state: StateFolder, target: str) -> int:
    """Return the offset up to which the target is synced; 0 if that is not known.

    It is not known either if the file of requests is shorter: somebody has removed or cut it, and
    what stands in it now has been served by nobody.
    """
    try:
        offset = int(state.done(target).read_text(encoding="ascii"))
    except (OSError, ValueError):
        # Also one that another user left behind: it is replaced by the next that is written.
        return 0
    return offset if 0 <= offset <= size(state) else 0


def mark_done(state: StateFolder, target: str, offset: int) -> None:
    """Note that the target is synced up to this offset; it never moves backwards."""
    if offset > done(state, target):
        state.replace(state.done(target), f"{offset}\n")


def _line(request: Request) -> str:
    flags = ",".join(request.flags) or NO_FLAGS
    return f"{request.target} {request.cause} {request.worktree} {flags}"


def _parsed(line: str) -> Request | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    flags = found["flags"]
    words = () if flags == NO_FLAGS else tuple(flags.split(","))
    return Request(found["target"], Cause(found["cause"]), found["worktree"], words)


def _unusable(state: StateFolder, reason: str | None) -> SetupError:
    return SetupError(
        f"Cannot use {state.requests}: {reason}. Nothing can be synced from this clone until that "
        "file can be read and written; check its owner, its mode and the space on the disk."
    )
