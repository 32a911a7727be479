"""What every store does with milestones and their tasks: inherit it beside the other suites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanban_sync.core.dependencies import Edge
from kanban_sync.core.errors import HeldError, NotReadyError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.order import Wanted
from kanban_sync.core.ports import FilesState, Gone
from kanban_sync.core.work import Waiting
from stores.made_up import NOW, PROJECT, key, task
from stores.work_contract import LEASE, WholeStore, fill, names

if TYPE_CHECKING:
    from collections.abc import Sequence


def milestone(name: str, **fields: Any) -> Task:  # noqa: ANN401 - any field of a task
    """Make a milestone whose tasks stand in ``docs/TASKS.md``."""
    whole = {"path": "mission.json", "fields": (("tasks_file", "docs/TASKS.md"),), **fields}
    made = task(name, title=f"Title {name}", **whole)
    return made._replace(key=TaskKey(PROJECT, "mission", name))


def of(name: str, own: str, **fields: Any) -> Task:  # noqa: ANN401 - any field of a task
    """Make a task of a milestone."""
    return task(own, group=f"{name}: more", path="docs/TASKS.md", **fields)


M1, M2 = milestone("M1"), milestone("M2")


def done(store: WholeStore, which: TaskKey, status: Status = Status.DONE) -> None:
    claim = store.claim(which, "ada", NOW, LEASE).claim
    assert claim
    store.finish(which, claim.token, status, NOW)


def without(store: WholeStore, gone: TaskKey, tasks: Sequence[Task]) -> None:
    """Merge tasks, and that another one is held by no file any more."""
    placed = [each._replace(position=n) for n, each in enumerate(tasks, 1)]
    store.merge(placed, {gone: Gone(Status.ORPHANED)}, FilesState(), NOW)


class MilestonesContract:
    """The suite. Each opened store is empty and of the project PROJECT."""

    def test_a_milestone_is_handed_out_once_its_tasks_are_done(self, store: WholeStore) -> None:
        fill(store, M1, M2, milestone("M3"), of("M1", "a"), of("M1", "b"), of("M2", "c"))
        assert names(store.ready(NOW)) == ["a", "b", "c", "M3"]
        waits = tuple(
            Waiting(f"tasks-md:{own}", key(own), Status.TODO, is_part=True) for own in "ab"
        )
        assert store.entry(M1.key).waits_for == waits
        assert [each.waits_for for each in store.entries() if each.key == M1.key] == [waits]
        with pytest.raises(NotReadyError, match=r"M1 waits for tasks-md:a \(todo\), tasks-md:b"):
            store.claim(M1.key, "ada", NOW, LEASE)
        done(store, key("a"))
        done(store, key("b"), Status.CANCELLED)
        assert names(store.ready(NOW)) == ["c", "M1", "M3"]
        done(store, M1.key)
        store.set_status(key("a"), Status.TODO, NOW, "ada")
        assert names(store.ready(NOW)) == ["a", "c", "M3"]

    @pytest.mark.parametrize("status", [Status.DONE, Status.REVIEW])
    def test_a_milestone_is_not_finished_before_its_tasks(
        self, store: WholeStore, status: Status
    ) -> None:
        fill(store, M1)
        claim = store.claim(M1.key, "ada", NOW, LEASE).claim
        assert claim
        # Its tasks came up only then.
        fill(store, M1, of("M1", "a", status=Status.BLOCKED), of("M1", "b", status=Status.DONE))
        last = store.last_event()
        said = r"M1 is a milestone, and of its tasks are open: tasks-md:a \(blocked\)\. Finish"
        with pytest.raises(NotReadyError, match=said):
            store.finish(M1.key, claim.token, status, NOW)
        with pytest.raises(NotReadyError, match=said):
            store.set_status(M1.key, status, NOW, "ada", force=True)
        assert store.last_event() == last
        store.set_status(key("a"), Status.DONE, NOW, "ada")
        assert store.finish(M1.key, claim.token, status, NOW).task.status is status

    def test_a_milestone_may_be_given_up_with_its_tasks_open(self, store: WholeStore) -> None:
        fill(store, M1, of("M1", "a"))
        assert store.set_status(M1.key, Status.CANCELLED, NOW, "ada").task.status.is_over
        # Files say what they say.
        fill(store, M1._replace(status=Status.DONE), of("M1", "a"))
        assert names(store.ready(NOW)) == ["a"]

    def test_of_many_tasks_the_first_are_named(self, store: WholeStore) -> None:
        fill(store, M1, *(of("M1", f"{n:02}") for n in range(11)))
        with pytest.raises(NotReadyError, match=r"tasks-md:07 \(todo\) and 3 more; claim"):
            store.claim(M1.key, "ada", NOW, LEASE)

    def test_what_no_file_holds_any_more_holds_no_milestone(self, store: WholeStore) -> None:
        tasks = (M1, of("M1", "a"), of("M1", "b", status=Status.DONE))
        fill(store, *tasks)
        without(store, key("a"), (M1, tasks[2]))
        assert names(store.ready(NOW)) == ["M1"]
        assert store.entry(M1.key).waits_for == ()
        fill(store, *tasks)
        assert names(store.ready(NOW)) == ["a"]
        without(store, M1.key, tasks[1:])
        fill(store, *tasks)
        assert names(store.ready(NOW)) == ["a"]

    def test_whose_a_task_is_follows_what_files_say(self, store: WholeStore) -> None:
        def waiting() -> list[str]:
            return [each.key.name for each in store.entries() if each.waits_for]

        fill(store, M1, M2, of("M1", "a"))
        assert waiting() == ["M1"]
        fill(store, M1, M2, of("M2", "a"))
        assert waiting() == ["M2"]
        fill(store, M1, M2, of("M2", "a", fields=(("milestone", "m1"),)))
        assert waiting() == ["M1"]
        fill(store, M1, M2._replace(title="M1: more"), of("", "a")._replace(group="M1: more"))
        assert waiting() == ["M1"]
        fill(store, M2, M1, of("Title M2", "a"))
        assert waiting() == ["M2"]
        fill(store, M1._replace(fields=()), M2._replace(fields=()), of("M2", "a"))
        assert waiting() == []
        store.add(task("new", group="M1", path="docs/TASKS.md"), NOW)
        fill(store, M1, M2, of("M2", "a"))
        assert waiting() == ["M1", "M2"]

    def test_a_milestone_whose_id_was_corrected_keeps_its_tasks(self, store: WholeStore) -> None:
        fill(store, M1, of("M1", "a"))
        corrected = M1._replace(number="M1b")
        fill(store, corrected, of("M1b", "a"))
        assert names(store.ready(NOW)) == ["a"]
        # Only the id changes, and with it whose the tasks are.
        fill(store, corrected, M2, of("M3", "a"))
        assert "M2" in names(store.ready(NOW))
        fill(store, corrected, M2._replace(number="M3"), of("M3", "a"))
        assert names(store.ready(NOW)) == ["a", "M1"]

    def test_its_tasks_come_in_the_order_in_which_others_wait_for_them(
        self, store: WholeStore
    ) -> None:
        fill(store, M1, of("M1", "a"), task("x"), of("M1", "b"), task("y", depends_on=("b",)))
        assert names(store.ready(NOW)) == ["b", "x", "a"]

    def test_a_task_may_wait_for_a_milestone(self, store: WholeStore) -> None:
        fill(store, M1, M2, of("M1", "a"), of("M2", "b", depends_on=("M1",)))
        for each in (key("a"), M1.key, key("b"), M2.key):
            assert names(store.ready(NOW)) == [each.name]
            done(store, each)

    def test_a_task_that_waits_for_its_own_milestone_does_not_hold_it(
        self, store: WholeStore
    ) -> None:
        fill(store, M1, of("M1", "a"), of("M1", "b", depends_on=("M1",)))
        for each in (key("a"), M1.key, key("b")):
            assert names(store.ready(NOW)) == [each.name]
            done(store, each)

    def test_a_milestone_that_has_begun_is_handed_out_once_its_tasks_are_done(
        self, store: WholeStore
    ) -> None:
        begun, own = M1._replace(status=Status.IN_PROGRESS), (of("M1", "a"), of("M1", "b"))
        # Nobody has tasks for this one: somebody is at it, as with any other task.
        alone = milestone("M3", status=Status.IN_PROGRESS)
        others = (task("x", status=Status.IN_PROGRESS), task("y", labels=("db",)))
        fill(store, begun, M2, alone, *own, of("M2", "c"), *others)
        done(store, key("a"))
        assert names(store.ready(NOW)) == ["y", "b", "c"]
        with pytest.raises(NotReadyError, match=r"M1 waits for tasks-md:b \(todo\); claim"):
            store.claim(M1.key, "ada", NOW, LEASE)
        done(store, key("b"))
        assert names(store.ready(NOW)) == ["y", "c", "M1"]
        for each in (alone.key, key("x")):
            with pytest.raises(NotReadyError, match="is in_progress, and what is to do is claimed"):
                store.claim(each, "ada", NOW, LEASE)
        # Without a label it suits whoever prefers others.
        rust = Wanted(prefers=frozenset({"rust"}))
        assert names(store.ready(NOW, rust)) == ["c", "M1", "y"]
        assert names(store.ready(NOW, Wanted(sources=frozenset({"mission"})))) == ["M1"]
        done(store, key("y"))
        done(store, key("c"))
        found = store.claim_next("ada", NOW, LEASE)
        assert found is not None
        assert found.claim is not None
        assert (found.key, found.task.status) == (M1.key, Status.IN_PROGRESS)
        assert (found.claim.agent, found.task.assignee) == ("ada", "ada")
        with pytest.raises(HeldError):
            store.claim(M1.key, "bob", NOW, LEASE)
        assert names(store.ready(NOW)) == ["M2"]
        assert names(store.ready(NOW + LEASE)) == ["M1", "M2"]
        store.release(M1.key, found.claim.token, NOW)
        assert names(store.ready(NOW)) == ["M1", "M2"]

    def test_a_milestone_that_has_begun_is_for_whom_its_file_names(self, store: WholeStore) -> None:
        begun = M1._replace(status=Status.IN_PROGRESS, assignee="eve")
        fill(store, begun, of("M1", "a", status=Status.DONE))
        assert store.ready(NOW, agent="ada") == []
        assert names(store.ready(NOW, agent="eve")) == ["M1"]
        with pytest.raises(NotReadyError, match="assigned to eve"):
            store.claim(M1.key, "ada", NOW, LEASE)
        store.assign(M1.key, "", NOW, "eve")
        assert store.claim(M1.key, "ada", NOW, LEASE).claim
        store.set_status(M1.key, Status.DONE, NOW, "ada")
        # A task that is open again makes the milestone wait.
        fill(store, M2._replace(status=Status.IN_PROGRESS), of("M2", "b", status=Status.DONE))
        assert names(store.ready(NOW)) == ["M2"]
        store.set_status(key("b"), Status.TODO, NOW, "ada")
        assert names(store.ready(NOW)) == ["b"]

    def test_below_a_milestone_are_its_tasks_and_its_steps(self, store: WholeStore) -> None:
        own = of("", "step")._replace(key=M1.key.child("step"), parent=M1.key, path=M1.path)
        below_a = task("a1", parent=key("a"), path="docs/TASKS.md")
        whose = (of("M1", "a"), below_a, of("M1", "b", status=Status.DONE))
        late = of("M1", "late", depends_on=("M1",))
        fill(store, M1, own, M2, *whose, of("M2", "c"), late, task("x", priority="P0"))
        asked = {each: Wanted(parent=each.key) for each in (M1, M2)}

        def ready(each: Task) -> list[str]:
            return names(store.ready(NOW, asked[each]))

        listed = [each.key.name for each in store.entries(asked[M1])]
        assert listed == ["a", "b", "late", own.key.name]
        assert (ready(M1), ready(M2)) == (["a"], ["c"])
        tagged = asked[M1]._replace(prefers=frozenset({"db"}))
        claimed = store.claim_next("ada", NOW, LEASE, tagged)
        assert claimed is not None
        assert claimed.key == key("a")
        assert claimed.claim is not None
        assert store.claim_next("bob", NOW, LEASE, asked[M1]) is None
        # A lease that ran out is free here, too.
        assert names(store.ready(NOW + LEASE, asked[M1], agent="bob")) == ["a"]
        store.finish(key("a"), claimed.claim.token, Status.DONE, NOW)
        assert ready(M1) == [own.key.name]
        done(store, own.key)
        done(store, M1.key)
        # What waits for its own milestone is of it all the same.
        assert ready(M1) == ["late"]
        store.set_status(key("b"), Status.TODO, NOW, "ada")
        assert ready(M1) == ["b", "late"]
        fill(store, M1, M2, of("M1", "c"))
        assert (ready(M1), ready(M2)) == (["c", "b", "late"], [])

    def test_a_milestone_that_names_its_task_waits_for_it_once(self, store: WholeStore) -> None:
        fill(store, M1._replace(depends_on=("a",)), of("M1", "a"), of("M1", "b"))
        assert store.edges() == [
            Edge(M1.key, "a", key("a"), is_part=True),
            Edge(M1.key, "tasks-md:b", key("b"), is_part=True),
        ]

    def test_a_milestone_waits_for_the_default_branch_where_all_tasks_do(
        self, store: WholeStore
    ) -> None:
        on_branch = of("M1", "a", status=Status.DONE, branch="one")
        fill(store, M1, on_branch, strict=True)
        assert store.ready(NOW) == []
        with pytest.raises(NotReadyError, match=r"a \(done, not yet on the default branch\)\. Fin"):
            store.set_status(M1.key, Status.DONE, NOW, "ada")
        fill(store, M1, on_branch._replace(branch=""), strict=True)
        assert names(store.ready(NOW)) == ["M1"]

    def test_a_task_born_in_the_database_joins_a_milestone_with_its_file(
        self, store: WholeStore
    ) -> None:
        fill(store, M1, of("M1", "a", status=Status.DONE))
        new = task("new", path="")
        store.add(new, NOW)
        assert names(store.ready(NOW)) == ["new", "M1"]
        store.rename(new.key, of("M1", "docs/TASKS.md/new"), NOW)
        assert names(store.ready(NOW)) == ["docs/TASKS.md/new"]
