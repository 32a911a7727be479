"""Tasks that were born in the task database, and are written into a file later."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.agents.task_files import written_of
from kanban_sync.core.errors import EditError, KanbanSyncError, WorkError
from kanban_sync.core.merge import Kept, filed_part
from kanban_sync.core.model import Status, Task, TaskKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanban_sync.agents.task_files import Files, Written
    from kanban_sync.core.work import Entry, WorkStore

ONLY_A_TITLE = ("priority", "labels", "depends_on", "body")
"""What a file is not told of a new task: once it holds the task, it would say there is none."""

BORN_HERE = "db"
"""The source of tasks that stand in no file."""

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
KEY_LENGTH = 5
"""A new key is one of 28 million: two that are alike are refused by the database."""

MICROSECONDS = 1_000_000
"""In a second; the place of what stands in no file is when it was added."""

_NAMES = {"own": "id", "under": "heading", "tags": "tag", "needs": "id of what it waits for"}
"""What fields of a new task are called where they are not called so."""

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters stand for bytes of a command line that are no UTF-8."""

LONGEST = 500
"""Characters of an id, a tag and so on; what a file says may be longer where it can be kept."""


class NewTask(NamedTuple):
    """A task to be added: ``own`` is its id ('' makes one), ``under`` the heading it goes below."""

    title: str
    own: str = ""
    under: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    body: str = ""


def newborn(project: str, new: NewTask, now: float) -> Task:
    """Return a task that stands in no file, with a short key, behind those that were added before.

    Raises:
        WorkError: It has no title, or a word that is longer than every database can keep.
    """
    title = " ".join(new.title.split())
    if not title:
        raise WorkError("A task has a title; give one.")
    _check_length("id", [new.own])
    _check_length("priority", [new.priority])
    _check_length("tag", new.tags)
    _check_length("id of what it waits for", new.needs)
    name = new.own or "".join(secrets.choice(LETTERS) for _ in range(KEY_LENGTH))
    return Task(
        TaskKey(project, BORN_HERE, name),
        title,
        Status.TODO,
        body=new.body,
        labels=new.tags,
        priority=new.priority,
        depends_on=new.needs,
        position=int(now * MICROSECONDS),
    )


def check_text(new: NewTask) -> None:
    """Refuse what somebody typed, or a script made, in another encoding.

    Raises:
        WorkError: Something of the task is no UTF-8.
    """
    for name, said in new._asdict().items():
        for text in (said,) if isinstance(said, str) else said:
            if _HALVES.search(text):
                raise WorkError(
                    f"The {_NAMES.get(name, name)} of the task is no UTF-8: {text!r}; give it in"
                    " that encoding."
                )


def _check_length(what: str, words: Iterable[str]) -> None:
    longest = max(map(len, words), default=0)
    if longest > LONGEST:
        raise WorkError(
            f"The {what} of a task has {longest} characters; {LONGEST} are the most, shorten it."
        )


def is_born_here(kept: Kept) -> bool:
    """Tell whether a task was born in the database, is open, and stands in no file yet."""
    return kept.filed is None and not kept.task.path and not kept.task.status.is_over


def write_born(store: WorkStore, files: Files, path: str, key: TaskKey, now: float) -> Written:
    """Write a task into a file, and let it be the one that the file holds from then on."""
    entry = store.entry(key)
    if why := _why_not(entry, path):
        return written_of(entry.task, "left", why)
    try:
        new = _added(files, path, entry.task)
    except EditError as error:
        return written_of(entry.task, "left", str(error).splitlines()[0])
    try:
        entry = store.rename(key, new, now)
    except KanbanSyncError:
        # Only the file tells the key, so it is written first; refused is refused whole.
        files.take_back(path)
        raise
    said = files.write(Kept(entry.task, None), [filed_part(new)])
    return written_of(entry.task._replace(path=new.path, line=new.line), "added", said.why)


def _why_not(entry: Entry, path: str) -> str:
    """Return why a task stays in the database alone; '' if nothing speaks against a file."""
    if entry.claim is not None:
        return f"{entry.claim.agent} knows it by this key; it can be written once it is given back"
    names = [name.replace("_", " ") for name in ONLY_A_TITLE if getattr(entry.task, name)]
    if names:
        return f"only its title can be written to {path}, and its {', '.join(names)} would be lost"
    return ""


def _added(files: Files, path: str, task: Task) -> Task:
    """Add a task by the id that it has, where the file can hold that."""
    try:
        return files.add(path, task.title, task.key.name, "")
    except EditError:
        return files.add(path, task.title, "", "")
