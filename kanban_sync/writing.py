"""Writes what was set in the task database into the files of a work tree, where it is safe.

A value in a file is replaced only if it is one that the database knows of (what the file said when
both agreed last, or what the database itself had before), or one that a commit of this work tree
has: its branch may be behind. Whatever else stands there was edited and is not committed yet; its
commit brings it in, and both are merged then.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from kanban_sync.agents.task_files import Written
from kanban_sync.core.claims import is_change
from kanban_sync.core.errors import EditError
from kanban_sync.core.merge import filed_part, follows_from_name
from kanban_sync.core.model import Status
from kanban_sync.sources.openspec_edits import BOXES_ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from kanban_sync.core.merge import Filed, Kept
    from kanban_sync.core.model import Task

PLACE = re.compile(r"^\S+?:(?:\d+:)? ")

WRITE = "run 'kanban-sync files write'"
AGAIN = (", then try again", "; try again")
"""How errors end that pass: what was set is kept, and has only to be written."""

EDITED = "was edited here and is not committed"
UNMERGED = "was edited on this branch and is not merged"


class Files(Protocol):
    """The task files of one work tree."""

    def look(self, key: str) -> Task:
        """Return a task as it stands there."""
        ...

    def set(
        self,
        key: str,
        status: Status | None = None,
        assignee: str | None = None,
        word: str | None = None,
    ) -> Any:  # noqa: ANN401 - what was edited has path, line and change
        """Set the status of a task, its assignee, or both; ``word`` is what stood there before."""
        ...


class Commits(Protocol):
    """What commits of the work tree say of a task, None if nothing."""

    def last(self, key: str) -> Filed | None:
        """Return what its last one says."""
        ...

    def shared(self, key: str) -> Filed | None:
        """Return what the last one says that is also one of the branch that is read."""
        ...


def nothing(_key: str) -> Filed | None:
    """Say nothing of a task, where there are no commits."""
    return None


def no_marks() -> Sequence[Filed]:
    """Return what claims have written of a task that nobody ever claimed."""
    return ()


def bring(
    files: Files,
    kept: Kept,
    commits: Commits,
    marks: Callable[[], Sequence[Filed]] = no_marks,
) -> Written | None:
    """Write what was set elsewhere into the file of a task; None where that is not behind.

    What was edited on the branch of this work tree stays, whether it is committed or not. What the
    database had before (``marks``), as by a claim, was no person's doing.
    """
    task, key = kept.task, str(kept.task.key)
    left = _left_here(files, kept, marks)
    if not (kept.is_ahead or left or _is_behind(files, task, commits)):
        return None
    written = write(files, kept, left, commits.shared)
    if written.why != EDITED:
        return written
    here, last = files.look(key), commits.last(key)
    is_committed = last is not None and (here.status, here.assignee) == (last.status, last.assignee)
    return written._replace(why=UNMERGED) if is_committed else written


def _left_here(files: Files, kept: Kept, marks: Callable[[], Sequence[Filed]]) -> list[Filed]:
    """Return what the database had before, if that is all that the file of a task says."""
    try:
        here = files.look(str(kept.task.key))
    except EditError:
        return []
    claimed = [each for each in (here, kept.filed) if each is not None and _is_claimed(each)]
    if not claimed or _says(here, kept.task):
        return []
    said = (here.status, here.assignee)
    return [each for each in marks() if (each.status, each.assignee) == said]


def _is_claimed(said: Task | Filed) -> bool:
    return said.status is Status.IN_PROGRESS and bool(said.assignee)


def _is_behind(files: Files, task: Task, commits: Commits) -> bool:
    """Tell whether a task was changed elsewhere since the work tree's branch was there."""
    try:
        here = files.look(str(task.key))
    except EditError:
        return False
    if _says(here, task):
        return False
    shared = commits.shared(str(task.key))
    return shared is not None and not _says(shared, task)


def _says(said: Task | Filed, task: Task) -> bool:
    is_whose = task.status.is_over or said.assignee == task.assignee
    return said.status is task.status and is_whose


def write(
    files: Files,
    kept: Kept,
    before: Sequence[Filed] = (),
    committed: Callable[[str], Filed | None] = nothing,
) -> Written:
    """Write status and assignee of one task into its file.

    Args:
        files: The work tree.
        kept: The task as the database has it, with what its file said last.
        before: What else the file may say, since the database had it.
        committed: What else it may say, since a commit says it; asked where that matters.
    """
    task = kept.task
    known = [*before, *([kept.filed] if kept.filed is not None else [])]
    try:
        here = files.look(str(task.key))
    except EditError as error:
        why = _why_not_there(kept, error)
        return _written(task, task, "left" if why else "unchanged", why)
    if not _is_known(here, [*known, filed_part(task)]):
        said = committed(str(task.key))
        known += [said] if said is not None else []
    reasons: list[str] = []
    whose = {each.assignee for each in known}
    # Who did what is over need not be named, but whoever did not is to be named no more.
    names = not task.status.is_over or _is_left(here, before)
    assigns = names and _may_write(here.assignee, task.assignee, whose, reasons)
    sets = _may_write(
        _status_said(here, kept, known), task.status, {each.status for each in known}, reasons
    )
    status, assignee = task.status if sets else None, task.assignee if assigns else None
    # Both at once: nobody sees the one without the other. Some files can say but one of them.
    change = _set(files, kept, [] if sets and assigns else reasons, status, assignee)
    if sets and assigns and not change:
        first = _set(files, kept, reasons, None, assignee)
        change = _set(files, kept, reasons, status, None) or first
    return _written(task, here, change or ("left" if reasons else "unchanged"), reasons)


def _is_left(here: Task, before: Sequence[Filed]) -> bool:
    """Tell whether a file names an agent as a claim has written it there."""
    claims = {each.assignee for each in before if _is_claimed(each)}
    return _is_claimed(here) and here.assignee in claims


def _is_known(here: Task, known: Collection[Filed]) -> bool:
    return here.status in {each.status for each in known} and here.assignee in {
        each.assignee for each in known
    }


def _status_said(here: Task, kept: Kept, known: Collection[Filed]) -> Status:
    """Return the status that a file says of its own."""
    names = {kept.task.assignee, *(each.assignee for each in known)}
    filed = kept.filed
    if filed is not None and follows_from_name(filed, here, names):
        return filed.status
    return here.status


def _may_write(here: str, wanted: str, known: Collection[str], reasons: list[str]) -> bool:
    if here == wanted:
        return False
    if here not in known:
        reasons.append(EDITED)
        return False
    return True


def _set(
    files: Files,
    kept: Kept,
    reasons: list[str],
    status: Status | None,
    assignee: str | None,
) -> str:
    """Set one of both, or both; return what was done, '' if nothing."""
    if status is None and assignee is None:
        return ""
    try:
        filed = kept.filed
        word = filed.word if filed is not None and filed.status is status else None
        change = str(files.set(str(kept.task.key), status, assignee, word).change)
    except EditError as error:
        reasons.append(_reason(error))
        return ""
    return change if change != "unchanged" else ""


def _why_not_there(kept: Kept, error: EditError) -> list[str]:
    """Return why no file of the work tree says anything of a task; empty where none has to."""
    task = kept.task
    unread = [each for each in str(error).splitlines()[1:] if each.startswith(f"{task.path}:")]
    if task.path and unread:
        return [f"{unread[0].partition('. ')[0]}, then {WRITE}"]
    # A task of the database stands in no file. Where a line was taken out, nothing says otherwise.
    if (kept.filed is None and not task.path) or task.status.is_over:
        return []
    if is_change(task.key.source, task.parent):
        return [BOXES_ALONE] if kept.is_ahead else []
    return ["no task file of this work tree holds it"]


def _reason(error: EditError) -> str:
    """Return the reason without the place, which is told beside it."""
    text = PLACE.sub("", str(error).splitlines()[0], count=1)
    again = next((each for each in AGAIN if text.endswith(each)), "")
    return f"{text.removesuffix(again)}, then {WRITE}" if again else text


def _written(task: Task, here: Task, change: str, reasons: Sequence[str]) -> Written:
    return Written(
        str(task.key),
        here.path,
        here.line,
        change,
        task.title,
        task.status.value,
        task.assignee,
        # What else there is follows mostly from the first.
        next(iter(reasons), ""),
    )
