"""The lease of a board: the right to write to it, where several machines share a task database.

The *holder* of a lease is the one clone that may write to the board. A lease ends by itself, unless
it is renewed, so a machine that crashed keeps nobody from the board for long. Each time the board
is given to somebody its *token* grows; whoever comes with an older one is refused.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from kanban_sync.core.errors import BoardHeldError, LostLeaseError

LEASE = 60.0
"""Seconds for which a board is given to a clone, from each renewal on."""


class Holder(NamedTuple):
    """Who may write to a board: a clone, where it lies, and for how many seconds to come."""

    clone: str
    place: str
    left: float


class Taken(NamedTuple):
    """What came of an attempt to take a lease: who has it (None: it is ours now).

    After a lapse, who had it before never gave it up, and may yet send what it was about to.
    """

    other: Holder | None = None
    after_lapse: bool = False


class Leases(Protocol):
    """The leases of boards in a task database, as one clone sees them.

    They are kept by the clock of the database, so the clocks of the machines do not matter. A board
    is told by its target id.

    Raises:
        StoreError: From any method, if the database cannot be used.
    """

    def take(self, target: str, place: str, seconds: float = LEASE) -> Taken:
        """Take the lease of a board, if nobody has it.

        What this clone left behind at the same place when it was killed is taken over at once.
        """
        ...

    def renew(self, target: str, seconds: float = LEASE) -> None:
        """Let the lease last for so long from now on, also if it ran out and nobody took it.

        Raises:
            LostLeaseError: Somebody else was given the board.
        """
        ...

    def give_up(self, target: str) -> None:
        """Let others have the board, if it is ours still."""
        ...

    def other_holder(self, target: str) -> Holder | None:
        """Return which other clone may write to a board now, None if there is none."""
        ...


def held_elsewhere(holder: Holder, waited: float) -> BoardHeldError:
    """Return the error of whoever did not get the board in time."""
    return BoardHeldError(
        f"Another clone is writing to the board, and did not end within {waited:.0f} s:"
        f" {named(holder)}. The task database is up to date, and the board follows with the next"
        " sync: run kanban-sync sync to try again.",
        holder.place,
    )


def lost(holder: Holder | None) -> LostLeaseError:
    """Return the error of whoever comes with an old token; the holder is None if it ended since."""
    who = "another clone was given it, and has ended since" if holder is None else named(holder)
    return LostLeaseError(
        "This sync stood still for so long that it lost the right to write to the board:"
        f" {who}. Nothing more is written; what is missing stays pending: run kanban-sync sync to"
        " try again.",
        "" if holder is None else holder.place,
    )


def named(holder: Holder) -> str:
    """Return who may write to a board, and until when unless it goes on, in words."""
    return f"{holder.place} has it for another {max(holder.left, 0):.0f} s, and may go on"
