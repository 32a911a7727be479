"""Every error that kanban-sync raises on purpose, by whose fault it is.

::

    KanbanSyncError                 exit code 1
    ├── SetupError                  the installation or the settings: the user can mend it
    │   ├── SettingsError           a settings file, all problems at once, with line numbers
    │   └── ConsentError            this clone was not told to use that target
    ├── RepositoryError             no repository, no commit yet, a bare one
    │   ├── MovedCloneError         the clone is no longer where it was
    │   └── MissingObjectError      a content that is not in this clone
    │       └── OutOfReachError     … and cannot be fetched either
    ├── EditError                   a task file stays as it is: what stands there forbids the edit
    ├── StoreError                  the task database: newer schema, no space, no right to write
    │   ├── StoreAwayError          … not to be had at the moment: its server is away, or it is busy
    │   │   ├── UnreachableStoreError   … its server does not answer, and nothing was sent to it
    │   │   ├── UnusableCopyError       … the copy that serves meanwhile cannot be written to
    │   │   └── UntoldError             … the copy that serves meanwhile does not tell that
    │   ├── UntakenError            … refuses what was to be written there, and nothing else
    │   ├── NewerStoreError         … made by a newer release than this one
    │   ├── LostDatabaseError       … gone, though this clone has worked with it
    │   └── OtherDatabaseError      … gone or another one since it was opened
    ├── WorkError                   a task cannot be worked on so; not a row was changed
    │   ├── UnknownTaskError        exit code 5: no task has that key
    │   │   └── UnknownMissionError … no mission is called so
    │   │       └── UnknownGroupError … no milestone, epic or domain is
    │   ├── NotReadyError           exit code 6: its status, or what it waits for, forbids a claim
    │   ├── HeldError               exit code 4: somebody else has claimed it
    │   ├── LostClaimError          exit code 4: the claim that this token stands for is no more
    │   └── LostLeadError           another monitor hands out the tasks by now
    ├── BoardError                  the board answered, but not as it should
    │   ├── SignInError             the key is missing, wrong or expired
    │   ├── RightsError             not a member of the board, or not an editor
    │   │   └── BoardGoneError      neither the board is there nor another of its name
    │   └── RefusedError            one card was refused; the others go on
    └── BoardUnreachableError       exit code 2: nobody answered, everything stays pending
        └── BoardHeldError          … since another clone writes to the board, and is not done
            └── LostLeaseError      … or was given it while our sync stood still

The text of an error is what the user reads: it names what happened, where, and what to do now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class KanbanSyncError(Exception):
    """Something that kanban-sync foresaw; its text is the message for the user."""

    exit_code = 1

    may_come = False
    """Whether the board may still do what it was asked for, long after it was given up."""


class SetupError(KanbanSyncError):
    """The installation or the settings do not fit; the user can mend it."""


class SettingsError(SetupError):
    """A settings file has problems; all of them are named at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Join the problems, one a line, each with its file and line."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ConsentError(SetupError):
    """The repository names a target that the user of this clone has not allowed."""


class RepositoryError(KanbanSyncError):
    """Git has no answer: no repository here, no commit yet, or a bare repository."""


class MovedCloneError(RepositoryError):
    """The clone was moved or removed since this began; maybe another one is in its place."""

    def __init__(self, path: object, *, is_other: bool) -> None:
        """Name where it was, and whether another one lies there."""
        there = "is another clone by now" if is_other else "is no longer there"
        one = "the one with which this began" if is_other else "the clone"
        super().__init__(
            f"{path} {there}: {one} was moved or removed; start this again where it is now, if it"
            " still is"
        )


class MissingObjectError(RepositoryError):
    """Git does not have a content that it knows of."""


class OutOfReachError(MissingObjectError):
    """A partial clone lacks a content, and its remote cannot be reached."""


class EditError(KanbanSyncError):
    """A task file cannot be changed as asked; not a byte of it was changed."""


class StoreError(KanbanSyncError):
    """The task database cannot be used as it is."""

    may_be_mended = True
    """Whether somebody may mend it, and those who wait for that go on as if nothing had been."""


class StoreAwayError(StoreError):
    """The task database is not to be had at the moment; the same may be tried again."""


class UnreachableStoreError(StoreAwayError):
    """The server of the task database does not answer; nothing was sent to it."""


class UnusableCopyError(StoreAwayError):
    """The copy that serves while the database is away, and its journal, cannot be written to."""


class UntoldError(StoreAwayError):
    """The copy that serves while the database is away does not tell what was asked for."""

    def __init__(self, what: str, as_of: float) -> None:
        """Take what goes on without it, and of when the copy is, in seconds since 1970."""
        super().__init__(
            f"The task database is away, and as long as it is {what}; try again when its server"
            " answers."
        )
        self.as_of = as_of


class UnwritableStoreError(StoreAwayError):
    """The server of the task database answers, but may only be read for now, or is full."""


class UntakenError(StoreError):
    """The database refuses what was to be written there; anything else it may take."""

    may_be_mended = False

    def __init__(self, message: str, reason: str) -> None:
        """Take the text, and why it refuses, without which database it is."""
        super().__init__(message)
        self.reason = reason


class NewerStoreError(StoreError):
    """The task database was made by a newer release: this process never understands it."""

    may_be_mended = False


class LostDatabaseError(StoreError):
    """The task database is gone or empty, though this clone has worked with it."""

    def __init__(self, name: str, alone: int = 0, copy: object = "", apart: str = "") -> None:
        """Name it, what is lost with it, and how to go on.

        Args:
            name: Of the database.
            alone: How many tasks stood in it and in no file, as far as a copy knows.
            copy: Where that lies.
            apart: With how many tasks, in words, something was done while it was away; '' if none.
        """
        count = "1 task that stands" if alone == 1 else f"{alone} tasks that stand"
        known = f" {count} in no file did, as the copy {copy} has it." if alone else ""
        waits = (
            f" What was done with {apart} while it was away is not lost: it waits in this clone,"
            " and `kanban-sync db replay` writes it, once the database is there again."
        )
        waits = waits if apart else ""
        super().__init__(
            f"The task database {name} is gone or empty, and this clone has worked with it: lost"
            " with it are who has claimed what, the history, what was ahead of the files, and tasks"
            f" that stood in it alone.{known} Put it back from a backup, or run `kanban-sync sync`"
            " yourself: that makes it anew from the repository, without such tasks, and whoever"
            f" works on a task has to claim it anew.{waits}"
        )


class OtherDatabaseError(StoreError):
    """The task database is another one, or none, since it was opened; nothing was written."""

    may_be_mended = False

    def __init__(self, path: object, *, has_folder: bool = True) -> None:
        """Name it; ``has_folder`` tells whether the folder in which it lay is there still."""
        gone = (
            "was removed or replaced since it was opened here, and who has claimed what may be"
            " another now. Nothing was written; run the same command again."
        )
        moved = (
            "is no longer there, nor is its folder: that was moved or removed. Nothing was written;"
            " start again where it is now, if it still is."
        )
        super().__init__(f"The task database {path} {gone if has_folder else moved}")


class WorkError(KanbanSyncError):
    """A task cannot be worked on as asked; nothing in the database was changed."""


class UnknownTaskError(WorkError):
    """No task has that key; ``near`` are those that are spelt like it."""

    exit_code = 5

    def __init__(self, key: str, near: Sequence[str] = (), copied: str = "") -> None:
        """Name the key, and those that may have been meant.

        ``copied`` tells of when the copy is in which it was looked for, '' for the database itself.
        """
        meant = f"did you mean {' or '.join(near)}?" if near else "`kanban-sync task list` has all."
        where = (
            f"the copy of the task database of {copied}, with which work goes on while that is"
            " away. The database itself may have it, or get it from what was committed since: ask"
            " again when its server answers"
            if copied
            else "the task database"
        )
        super().__init__(f"There is no task {key} in {where}; {meant}")
        self.near = tuple(near)


class UnknownMissionError(UnknownTaskError):
    """No mission has that name, id or file; ``near`` are the names that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Name what was asked for, and all that there are."""
        there = f"there are: {', '.join(known)}." if known else "none is read here."
        WorkError.__init__(self, f"No mission is called {name}; {there}")
        self.near = tuple(known)


class UnknownGroupError(UnknownMissionError):
    """No milestone, epic or domain is called so; ``near`` are those that there are."""

    def __init__(self, name: str, known: Sequence[str], kind: str = "milestone") -> None:
        """Name what was asked for, and all that there are."""
        there = f"there are: {', '.join(known)}." if known else "none is read here."
        WorkError.__init__(self, f"No {kind} is called {name}; {there}")
        self.near = tuple(known)


class NotReadyError(WorkError):
    """A task cannot be claimed now: it is over, waits for others, or is planned for later."""

    exit_code = 6


class HeldError(WorkError):
    """Somebody has claimed the task, and the claim is alive: ``agent``, until ``expires``."""

    exit_code = 4

    def __init__(self, message: str, agent: str, expires: float) -> None:
        """Take the text, and who has the task until when, in seconds since 1970."""
        super().__init__(message)
        self.agent = agent
        self.expires = expires


class LostClaimError(WorkError):
    """The claim is no more: ``agent`` has the task now ('' for nobody), with ``token``."""

    exit_code = 4

    def __init__(self, message: str, agent: str, token: int) -> None:
        """Take the text, who has the task now, and the newest token."""
        super().__init__(message)
        self.agent = agent
        self.token = token


class LostLeadError(WorkError):
    """A monitor stood still for so long that another one hands out the tasks by now."""


class BoardError(KanbanSyncError):
    """The board answered, but not as a board should."""


class SignInError(BoardError):
    """The board does not know the credential, or there is none for its origin."""


class RightsError(BoardError):
    """The account may not do this: not a member of the board, or not an editor."""


class BoardGoneError(RightsError):
    """The board is gone, or the account no longer sees it: an answer does not tell which."""


class RefusedError(BoardError):
    """The board refused one operation as invalid; the others are not concerned."""


class BoardUnreachableError(KanbanSyncError):
    """Nobody answered at the board's address; what was to be written stays pending."""

    exit_code = 2


class BoardHeldError(BoardUnreachableError):
    """Another clone, at ``place``, writes to the board, and nobody else may meanwhile."""

    def __init__(self, message: str, place: str) -> None:
        """Take the text, and where that clone lies ('' if it has ended since)."""
        super().__init__(message)
        self.place = place


class LostLeaseError(BoardHeldError):
    """Another clone was given the board while this sync stood still; it writes nothing more."""


def told_of(error: Exception) -> str:
    """Return what is told of an error that ended something which goes on by itself."""
    if isinstance(error, KanbanSyncError):
        return str(error)
    return f"{type(error).__name__}: {error} - which is a bug; please report it."
