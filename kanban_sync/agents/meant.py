"""Which task is meant by what somebody wrote who gave no key: a name, an id, a place in a file."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kanban_sync.agents.former_keys import keys_by_now
from kanban_sync.core.called import several
from kanban_sync.core.dependencies import bare_name, id_now
from kanban_sync.core.errors import UnknownTaskError, UntoldError
from kanban_sync.core.spans import when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.agents.task_files import Files
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.core.work import Entry

NEAR = 3
"""How many keys are named that are spelt like one that nobody has."""


def key_meant(text: str, every: Sequence[Entry], store: TaskStore, files: Files | None) -> TaskKey:
    """Return the key that is meant by a name or id, ``path:line``, or a former key.

    An id that a file gives a task whose key does not tell it counts as what its key tells does: of
    two tasks of which one was called so before, and the other one is now, either may be meant.

    Args:
        text: What was written; no key that a task has now.
        every: All tasks of the project.
        store: Where former keys are looked for.
        files: The caller's work tree, whose lines count; None where there is none.

    Raises:
        UnknownTaskError: No task is called so.
        WorkError: Several are.
    """
    there = _at(text, every, files)
    found = [each.key for each in every if each.key.name == text or each.key in there]
    found = found or [each.key for each in every if bare_name(each.task) == text]
    found += [each.key for each in every if id_now(each.task) == text and each.key not in found]
    copied = ""
    try:
        found = found or keys_by_now(store, text, [each.key for each in every])
    except UntoldError as error:
        copied = when(error.as_of)
    if len(found) == 1:
        return found[0]
    if found:
        raise several(text, [each.task for each in every if each.key in found])
    raise UnknownTaskError(text, _near(text, every), copied)


def _at(text: str, every: Sequence[Entry], files: Files | None) -> set[TaskKey]:
    """Return the tasks that stand at a place: in the work tree, if that has the file."""
    path, _, line = text.rpartition(":")
    if not (path and line.isdecimal()):
        return set()
    if files is None or not files.has(path):
        return {each.key for each in every if f"{each.task.path}:{each.task.line}" == text}
    places = ((task.key, f"{task.path}:{task.line}") for task in files.tasks())
    return {key for key, place in places if place == text}


def _near(text: str, every: Sequence[Entry]) -> list[str]:
    """Return the keys of tasks whose names are spelt like one."""
    names = {
        name: str(each.key)
        for each in every
        for name in (str(each.key), each.key.name, bare_name(each.task), id_now(each.task))
    }
    ends = (f"/{text}".casefold(), f"#{text}".casefold())
    near = [name for name in names if name.casefold().endswith(ends)]
    near += difflib.get_close_matches(text, names, NEAR)
    return list(dict.fromkeys(names[name] for name in near))[:NEAR]
