"""Which edits each dialect takes, and with which reason it refuses the others."""

from __future__ import annotations

import pytest

from kanban_sync.core.edits import AddTask, Claim, Edit, Remove, SetStatus, Unclaim, is_so
from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Document, Status
from kanban_sync.sources import SOURCES

FILES = {
    "plain": ("tasks-md", "## A\n\n- [ ] one\n- [x] two\n  - Assignee: @bob\n"),
    "numbered": ("tasks-md", "## A\n\n- [ ] 1. one\n- [x] 2. two (@bob)\n"),
    "v1.0": ("tasks-md", "## A\n\n## P1\n\n- [ ] one\n- [ ] two (@bob)\n  - **ID**: two\n"),
    "kanban": ("tasks-md", "# A\n## To Do\n- one\n## Doing\n- three\n## Done\n- two (@bob)\n"),
    "headings": ("tasks-md", "## A\n### T-1: one\nStatus: todo\n### T-2: two ✅\nOwner: bob\n"),
    "table": (
        "tasks-md",
        "## A\n\n|id|title|status|agent|\n|-|-|-|-|\n|T-1|one|todo||\n|T-2|two|done|bob|\n",
    ),
    "roadmap": (
        "roadmap",
        "epics:\n- id: A\n  tasks:\n  - title: one\n  - {title: two, status: done, owner: bob}\n",
    ),
    "mission": (
        "mission",
        '{"name": "A", "milestones": [{"id": "1"}, {"id": "2", "state": "done", "owner": "bob"}]}',
    ),
    "OpenSpec": ("openspec", "## A\n\n- [ ] one\n- [x] two (@bob)\n"),
}
PATHS = {
    "tasks-md": "TASKS.md",
    "roadmap": "roadmap.yaml",
    "mission": ".mosaic/orchestrator/mission.json",
    "openspec": "openspec/changes/add-search/tasks.md",
}

FIRST, LAST = 0, -1

TAKEN = ""
LOST = "counts as"
BOXES_ALONE = "no place for anything else"

TABLE = {
    # dialect: done, undone, in progress, blocked, claim, unclaim, add, with an id, below A, remove
    "plain": ("", "", "", "", "", "", "", "", "", LOST),
    "numbered": ("", "", "", "", "", "", "", "", "", LOST),
    "v1.0": ("", "unassign it", "name its assignee", "no way to say", "", "", "", "", "", ""),
    "kanban": ("", "", "", "no column stands for", "", "", "", "", "", LOST),
    "headings": ("", "", "", "", "", "", "by its id", "", "by its id", LOST),
    "table": ("", "", "", "", "", "", "", "", "", LOST),
    "roadmap": ("", "", "", "", "", "", "", "", "", LOST),
    "mission": ("", "", "", "", "", "", "", "", "", LOST),
    "OpenSpec": (
        *("", "", "todo or done", "todo or done", BOXES_ALONE, "", "", "have no ids", ""),
        BOXES_ALONE,
    ),
}


def edits(last: int) -> list[Edit]:
    """Return what is asked of each file: of its first task, which is open, or its last one."""
    return [
        SetStatus(0, Status.DONE),
        SetStatus(last, Status.TODO),
        SetStatus(0, Status.IN_PROGRESS),
        SetStatus(0, Status.BLOCKED),
        Claim(0, "ada"),
        Unclaim(last),
        AddTask("new"),
        AddTask("new", "T-9"),
        AddTask("new", under="A"),
        Remove(0),
    ]


def is_done(before: Document, after: Document, edit: Edit) -> bool:
    """Tell whether a file says what was asked for."""
    more = len(after.tasks) - len(before.tasks)
    if isinstance(edit, AddTask):
        return more == 1
    is_over = isinstance(edit, SetStatus) and edit.status is Status.DONE
    if isinstance(edit, Remove) or (is_over and more):
        return more == -1 and before.dialect == "v1.0"
    if isinstance(edit, SetStatus):
        # In another column, it has another place.
        return sum(task.status is edit.status for task in after.tasks) > sum(
            task.status is edit.status for task in before.tasks
        )
    return is_so(after, edit)


@pytest.mark.parametrize("dialect", FILES)
def test_each_edit_is_made_or_refused_with_its_reason(dialect: str) -> None:
    name, text = FILES[dialect]
    source, path, data = SOURCES[name], PATHS[name], text.encode()
    before = source.parse(path, data)
    assert before.problems == ()
    assert before.dialect in {dialect, ""}
    last = sum(1 for top in before.tasks for _ in top.walk()) - 1

    said: list[str] = []
    for edit in edits(last):
        try:
            after = source.parse(path, source.edit(path, data, edit))
        except EditError as error:
            said.append(str(error))
        else:
            said.append("" if is_done(before, after, edit) else "nothing came of it")

    shown = [
        reason if reason and reason in each else each
        for each, reason in zip(said, TABLE[dialect], strict=True)
    ]
    assert tuple(shown) == TABLE[dialect]
