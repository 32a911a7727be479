"""What was set in the task database is written into a file: in one piece where it can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from kanban_sync.core.errors import EditError
from kanban_sync.core.merge import Filed, Kept
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.writing import EDITED, UNMERGED, bring, write

HERE = Task(TaskKey("shop", "tasks-md", "a"), "A", Status.TODO, path="TASKS.md", line=3)
WANTED = HERE._replace(status=Status.BLOCKED, assignee="ada")

Call = tuple[Status | None, str | None]


@dataclass
class OneFile:
    """A file that says some parts of a task, and not others."""

    can: tuple[str, ...]
    calls: list[Call] = field(default_factory=list)

    def look(self, _key: str) -> Task:
        return HERE

    def set(
        self,
        _key: str,
        status: Status | None = None,
        assignee: str | None = None,
        _word: str | None = None,
    ) -> SimpleNamespace:
        for name, value in (("status", status), ("assignee", assignee)):
            if value is not None and name not in self.can:
                raise EditError(f"TASKS.md:3: no place for {name}")
        self.calls.append((status, assignee))
        return SimpleNamespace(change="changed")


@pytest.mark.parametrize(
    ("can", "calls", "change", "why"),
    [
        (("status", "assignee"), [(Status.BLOCKED, "ada")], "changed", ""),
        (("status",), [(Status.BLOCKED, None)], "changed", "no place for assignee"),
        (("assignee",), [(None, "ada")], "changed", "no place for status"),
        ((), [], "left", "no place for assignee"),
    ],
)
def test_a_file_is_written_once_as_far_as_it_can_say_it(
    can: tuple[str, ...], calls: list[Call], change: str, why: str
) -> None:
    file = OneFile(can)
    written = write(file, Kept(WANTED, Filed(Status.TODO)))
    assert (file.calls, written.change, written.why) == (calls, change, why)


TODO, BLOCKED, REVIEW, DONE = Status.TODO, Status.BLOCKED, Status.REVIEW, Status.DONE


@dataclass
class Branch:
    """What a work tree says in its file, in its last commit, and where its branch began."""

    here: Status
    committed: Status | None
    began: Status | None
    assignee: str = ""
    calls: list[Call] = field(default_factory=list)
    word: str = ""

    def look(self, _key: str) -> Task:
        return HERE._replace(status=self.here, assignee=self.assignee, word=self.word)

    def set(
        self,
        _key: str,
        status: Status | None = None,
        assignee: str | None = None,
        _word: str | None = None,
    ) -> SimpleNamespace:
        self.calls.append((status, assignee))
        return SimpleNamespace(change="changed")

    def last(self, _key: str) -> Filed | None:
        return None if self.committed is None else Filed(self.committed)

    def shared(self, _key: str) -> Filed | None:
        return None if self.began is None else Filed(self.began)


@pytest.mark.parametrize(
    ("here", "committed", "began", "filed", "change", "why"),
    [
        # The branch is behind what was read elsewhere.
        (TODO, TODO, TODO, DONE, "changed", ""),
        (TODO, TODO, TODO, REVIEW, "changed", ""),
        # It said something else, and may still be merged.
        (BLOCKED, BLOCKED, TODO, DONE, "left", UNMERGED),
        (BLOCKED, BLOCKED, TODO, REVIEW, "left", UNMERGED),
        (BLOCKED, TODO, TODO, DONE, "left", EDITED),
        # Nothing is known of how it began.
        (TODO, None, None, DONE, None, ""),
        (TODO, None, None, REVIEW, "left", EDITED),
        # Nothing was said elsewhere.
        (BLOCKED, BLOCKED, DONE, DONE, None, ""),
        (DONE, DONE, TODO, DONE, None, ""),
    ],
)
def test_what_was_set_elsewhere_comes_into_a_branch_that_is_behind(
    here: Status,
    committed: Status | None,
    began: Status | None,
    filed: Status,
    change: str | None,
    why: str,
) -> None:
    tree = Branch(here, committed, began)
    written = bring(tree, Kept(HERE._replace(status=DONE), Filed(filed)), tree)
    assert tree.calls == ([(DONE, None)] if change == "changed" else [])
    assert (written and (written.change, written.why)) == (change and (change, why))


@pytest.mark.parametrize(("committed", "calls"), [(BLOCKED, [(DONE, None)]), (TODO, [])])
def test_what_is_set_here_takes_the_place_of_what_is_committed_here(
    committed: Status, calls: list[Call]
) -> None:
    tree = Branch(BLOCKED, committed, None)
    write(tree, Kept(HERE._replace(status=DONE), Filed(REVIEW)), (), tree.last)
    assert tree.calls == calls


@pytest.mark.parametrize(
    ("marks", "change", "why"),
    [((), "left", EDITED), (("bob",), "left", EDITED), (("ada", "bob"), "changed", "")],
)
def test_what_a_claim_has_left_here_is_nobody_s_edit(
    marks: tuple[str, ...], change: str, why: str
) -> None:
    tree = Branch(Status.IN_PROGRESS, TODO, TODO, "ada")
    left = [Filed(Status.IN_PROGRESS, assignee=name) for name in marks]
    kept = Kept(HERE._replace(status=DONE, assignee="bob"), Filed(TODO))
    written = bring(tree, kept, tree, lambda: left)
    assert (written and (written.change, written.why)) == (change, why)
    # Whoever has not done it is named no more.
    assert tree.calls == ([(DONE, "bob")] if change == "changed" else [])


@pytest.mark.parametrize(("agent", "calls"), [("ada", [(None, "")]), ("bob", [])])
def test_what_a_claim_has_left_here_goes_also_where_nothing_else_was_set(
    agent: str, calls: list[Call]
) -> None:
    tree = Branch(Status.IN_PROGRESS, TODO, TODO, "ada")
    kept = Kept(HERE._replace(status=TODO, assignee=""), Filed(TODO))
    bring(tree, kept, tree, lambda: [Filed(Status.IN_PROGRESS, assignee=agent)])
    assert tree.calls == calls


@pytest.mark.parametrize(
    ("word", "wanted", "calls", "change", "why"),
    [
        ("", HERE._replace(status=DONE), [(DONE, None)], "changed", ""),
        ("", HERE._replace(assignee="bob"), [(None, "bob")], "changed", ""),
        ("wip", HERE._replace(status=DONE), [], "left", EDITED),
    ],
)
def test_a_task_that_has_begun_only_by_a_name_set_here_was_not_edited(
    word: str, wanted: Task, calls: list[Call], change: str, why: str
) -> None:
    tree = Branch(Status.IN_PROGRESS, TODO, TODO, "ada", word=word)
    written = write(tree, Kept(wanted, Filed(TODO)), [Filed(TODO, assignee="ada")])
    assert (tree.calls, written.change, written.why) == (calls, change, why)
