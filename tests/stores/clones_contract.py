"""What every task store does where several clones share it: inherit it and say how it is opened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from kanban_sync.core.identity import Traits
from kanban_sync.core.model import UNKNOWN, Status, Task, Version
from kanban_sync.core.ports import SATISFIED_BY, STRICT, FilesState, Gone, Run
from kanban_sync.core.slots import KeyedTask, SlotState
from stores.contract import told
from stores.made_up import NOW, key, task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import Merged, TaskStore
    from stores.work_contract import WholeStore

Both: TypeAlias = "Sequence[WholeStore]"

ASKED = "default-branch:5:c5"
OLD, MIDDLE, NEW = (Version(time, f"c{time}") for time in (3, 5, 7))


def files(*tasks: Task, blob: str = "") -> FilesState:
    """Return what a clone records whose one file holds these tasks."""
    keyed = tuple(
        KeyedTask(
            each.key.name,
            "",
            Traits("", "", "", each.title),
            each.status,
            each.title,
            each.text_version,
            each.status_version,
            each.assignee,
            each.assignee_version,
        )
        for each in tasks
    )
    prefixes = {each.key.name: "" for each in tasks}
    state = SlotState(blob or repr(keyed), "TASKS.md", keyed, prefixes=prefixes)
    return FilesState({"main": state.blob}, {"tasks-md:TASKS.md": state})


def says(store: TaskStore, *tasks: Task, gone: Version | None = None) -> Merged:
    """Let a clone merge what its file says, and, with a version, that the task a is gone."""
    over = {} if gone is None else {key("a"): Gone(Status.ORPHANED, gone)}
    return store.merge(tasks, over, files(*tasks), NOW)


def asks(
    store: TaskStore,
    mark: str,
    *tasks: Task,
    gone: Mapping[TaskKey, Gone] | None = None,
    removed: Version | None = None,
) -> Merged:
    """Let a clone merge what its file and its settings say; a task that is gone is a."""
    said = files(*tasks)
    tips = {**said.tips, STRICT: "1", **({SATISFIED_BY: mark} if mark else {})}
    slots = {
        slot: replace(state, removed={"a": removed}, prefixes={**state.prefixes, "a": ""})
        if gone and removed
        else state
        for slot, state in said.slots.items()
    }
    return store.merge(tasks, gone or {}, FilesState(tips, slots), NOW)


def at(version: Version, title: str = "", status: Status = Status.TODO) -> Task:
    words = title or f"said at {version.time}"
    return task("a", title=words, status=status, text_version=version, status_version=version)


class ClonesContract(ABC):
    """The suite. The stores are one empty database as several clones have it before them."""

    @abstractmethod
    def opened_for(self, *clones: str) -> AbstractContextManager[Sequence[WholeStore]]:
        """Open a store for each clone, and close them after use."""

    @pytest.fixture
    def both(self) -> Iterator[Sequence[WholeStore]]:
        with self.opened_for("one", "two") as stores:
            yield stores

    def test_each_clone_has_recorded_its_own_files(self, both: Both) -> None:
        one, two = both
        says(one, at(OLD))
        assert (one.files(), two.files().slots) == (files(at(OLD)), {})
        says(two, at(NEW))
        assert [each.files().slots for each in both] == [files(at(v)).slots for v in (OLD, NEW)]
        assert [each.files().is_shared for each in both] == [True, True]

    def test_a_clone_is_told_once_that_another_one_has_spoken(self, both: Both) -> None:
        one, two = both
        says(one, at(OLD))
        says(two, at(NEW))
        assert [each.files().has_news for each in both] == [True, False]
        says(one, at(OLD))
        assert [each.files().has_news for each in both] == [False, False]

    @pytest.mark.parametrize("last", ["newer", "older"])
    def test_the_newer_word_counts_whoever_comes_last(self, both: Both, last: str) -> None:
        one, two = both if last == "newer" else reversed(both)
        versions = (OLD, NEW) if last == "newer" else (NEW, OLD)
        says(one, at(versions[0]))
        says(two, at(versions[1]))
        assert one.tasks() == one.filed_tasks() == [at(NEW)]
        before = one.last_event()
        assert says(one, at(versions[0])).is_empty
        assert says(two, at(versions[1])).is_empty
        assert (one.last_event(), one.tasks()) == (before, [at(NEW)])

    @pytest.mark.parametrize("last", ["newer", "older"])
    def test_one_new_id_for_two_tasks_is_told_with_the_words_of_both(
        self, both: Both, last: str
    ) -> None:
        first, second = both
        versions = (OLD, NEW) if last == "newer" else (NEW, OLD)
        for store in both:
            says(store, task("b"))
        figs = at(versions[0], "Dry the figs")
        says(first, task("b"), figs)
        before = first.last_event()
        rivets = at(versions[1], "Weld 9 rivets")._replace(body="All of them.")
        says(second, task("b"), rivets)
        won, kept = ("file", rivets) if last == "newer" else ("database", figs)
        words = {"file": "Weld 9 rivets\n\nAll of them.", "database": "Dry the figs"}
        conflicts = [each for each in told(first, before) if each[0] == "conflict"]
        assert conflicts == [("conflict", "tasks-md:a", {"field": "id", **words, "won": won})]
        assert first.entry(key("a")).task.title == kept.title
        assert [event.key for event in first.twofold(NOW)] == ["tasks-md:a"]
        assert first.twofold(NOW + 1) == []
        for store, held in zip(both, (figs, rivets), strict=True):
            last_told = store.last_event()
            says(store, task("b"), held)
            assert store.last_event() == last_told
        # It is settled by the next words.
        says(second, task("b"), at(Version(9, "c9"), "Press the figs"))
        assert first.twofold(NOW) == []

    @pytest.mark.parametrize("commits", [{"c3"}, set[str]()])
    def test_a_task_that_others_have_reworded_is_no_other_one(
        self, both: Both, commits: set[str]
    ) -> None:
        first, second = both
        for store in both:
            says(store, task("b"))
        figs, more = at(OLD, "Dry the figs"), at(NEW, "Press all grapes")
        says(first, task("b"), figs if commits else figs._replace(text_version=NEW))
        before = first.last_event()
        said = more if commits else at(OLD, "Dry figs")
        seen = replace(files(task("b"), said), commits=frozenset(commits))
        second.merge([task("b"), said], {}, seen, NOW)
        assert "conflict" not in [kind for kind, *_ in told(first, before)]
        assert first.twofold(NOW) == []

    def test_words_and_status_count_each_by_itself(self, both: Both) -> None:
        one, two = both
        says(one, at(MIDDLE)._replace(status=Status.DONE, status_version=NEW))
        says(two, at(MIDDLE)._replace(title="reworded", text_version=NEW))
        both_parts = task(
            "a", title="reworded", status=Status.DONE, text_version=NEW, status_version=NEW
        )
        assert one.tasks() == one.filed_tasks() == [both_parts]

    def test_a_clone_that_rewords_a_task_leaves_it_to_whom_another_one_gave_it(
        self, both: Both
    ) -> None:
        one, two = both
        for store in both:
            says(store, at(OLD))
        bob = at(MIDDLE)._replace(assignee="bob", assignee_version=MIDDLE)
        says(one, bob)
        says(two, at(NEW))
        expected = at(NEW)._replace(assignee="bob", assignee_version=MIDDLE)
        assert one.tasks() == one.filed_tasks() == [expected]
        says(one, bob)
        assert one.tasks() == [expected]
        last = Version(9, "c9")
        says(two, at(last)._replace(assignee_version=last))
        assert one.tasks()[0].assignee == ""

    def test_a_clone_takes_back_what_it_said_last(self, both: Both) -> None:
        one, two = both
        says(two, at(OLD))
        says(one, at(NEW))
        says(two, at(OLD))
        assert one.tasks() == [at(NEW)]
        says(one, at(OLD))
        assert one.tasks() == [at(OLD)]

    def test_what_another_one_still_holds_is_not_taken_back_for_long(self, both: Both) -> None:
        one, two = both
        says(one, at(NEW))
        says(two, at(NEW))
        says(one, at(OLD))
        assert (two.tasks(), two.files().has_news) == ([at(OLD)], True)
        says(two, at(NEW))
        says(one, at(OLD))
        assert one.tasks() == [at(NEW)]

    def test_the_same_word_of_another_clone_writes_nothing(self, both: Both) -> None:
        one, two = both
        says(one, at(OLD))
        before = one.events(), one.filed_tasks()
        assert says(two, at(OLD)).is_empty
        assert (one.events(), one.filed_tasks(), one.files().has_news) == (*before, False)

    def test_one_version_read_otherwise_by_another_release_stays(self, both: Both) -> None:
        one, two = both
        says(one, at(OLD, "as one reads it"))
        for _ in range(2):
            assert says(two, at(OLD, "as two reads it")).is_empty
            assert says(one, at(OLD, "as one reads it")).is_empty
        assert one.tasks() == [at(OLD, "as one reads it")]

    def test_a_status_set_in_the_database_has_no_conflict_with_an_older_file(
        self, both: Both
    ) -> None:
        one, two = both
        says(two, at(OLD))
        says(one, at(NEW, status=Status.IN_PROGRESS))
        one.set_status(key("a"), Status.DONE, NOW, "ada")
        before = one.last_event()
        says(two, at(MIDDLE, status=Status.BLOCKED))
        says(two, at(MIDDLE, status=Status.REVIEW))
        assert (one.tasks()[0].status, told(one, before)) == (Status.DONE, [])
        says(two, at(Version(9, "c9"), status=Status.REVIEW))
        assert one.tasks()[0].status is Status.DONE
        assert [kind for kind, *_ in told(one, before)] == ["conflict", "task_updated"]

    @pytest.mark.parametrize(
        ("version", "there", "is_gone"),
        [
            pytest.param(NEW, MIDDLE, True, id="removed after the last word"),
            pytest.param(OLD, MIDDLE, False, id="removed before it was edited elsewhere"),
            pytest.param(UNKNOWN, MIDDLE, False, id="only a layer went away, edited elsewhere"),
            pytest.param(UNKNOWN, OLD, True, id="only a layer went away, with its last word"),
        ],
    )
    def test_a_task_is_gone_when_its_removal_is_newer_or_its_last_word_was_ours(
        self, both: Both, version: Version, there: Version, is_gone: bool
    ) -> None:
        one, two = both
        says(one, at(OLD))
        says(two, at(there))
        says(one, gone=version)
        assert (one.tasks()[0].status is Status.ORPHANED) == is_gone

    @pytest.mark.parametrize(
        ("held", "comes_back"),
        [(NEW, True), (MIDDLE, False), (OLD, False)],
    )
    def test_who_holds_a_task_that_is_newer_than_its_removal_brings_it_back(
        self, both: Both, held: Version, comes_back: bool
    ) -> None:
        one, two = both
        says(one, at(OLD))
        says(one, gone=MIDDLE)
        says(two, at(held))
        says(one)
        assert (one.tasks()[0].status is Status.TODO) == comes_back

    def test_a_removal_that_was_taken_back_is_none(self, both: Both) -> None:
        one, two = both
        says(two, at(OLD))
        says(one, at(OLD))
        one.merge((), {key("a"): Gone(Status.ORPHANED, MIDDLE)}, _without(MIDDLE), NOW)
        assert one.tasks()[0].status is Status.ORPHANED
        says(one, at(OLD))
        assert one.tasks()[0].status is Status.TODO

    def test_a_clone_that_is_behind_does_not_lift_what_newer_settings_ask_for(
        self, both: Both
    ) -> None:
        one, two = both
        done = task("a", status=Status.DONE, status_version=NEW, branch="f")
        waiting = [task(name, depends_on=("a",)) for name in "bcd"]
        asks(one, ASKED, done, waiting[0])
        for mark, count in (("", 2), ("any-branch:4:c4", 3)):
            asks(two, mark, done, *waiting[:count])
            assert two.files().marks_of_others == (ASKED,)
            assert one.ready(NOW) == two.ready(NOW) == []
        two.add(task("x", path="", depends_on=("a",)), NOW)
        assert two.ready(NOW) == []
        last = two.last_event()
        asks(one, ASKED, done, *waiting)
        assert one.last_event() == last
        asks(two, "any-branch:6:c6", done, *waiting)
        assert {each.key.name for each in one.ready(NOW)} == {"b", "c", "d", "x"}
        asks(one, ASKED, done, *waiting, task("e", depends_on=("a",)))
        assert "e" in {each.key.name for each in one.ready(NOW)}

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_what_the_default_branch_of_one_calls_done_no_branch_of_another_takes_back(
        self, both: Both, *, is_gone: bool
    ) -> None:
        one, two = both
        waits, done = task("b", depends_on=("a",)), at(NEW, "a", Status.DONE)

        def say(store: TaskStore, layer: str, title: str = "") -> int:
            beside = task("c", title=title, text_version=Version(len(title), title))
            tasks = (waits, beside) if is_gone else (waits, beside, done._replace(branch=layer))
            over = {key("a"): Gone(Status.DONE, NEW, layer)} if is_gone else {}
            asks(store, ASKED, *tasks, gone=over, removed=NEW)
            return store.last_event()

        for store in both:
            asks(store, ASKED, waits, task("c"), at(OLD, "a"))
        for store in both:
            say(store, "f")
        assert one.ready(NOW) == [one.entry(key("c"))]
        last = say(one, "")
        assert {each.key.name for each in one.ready(NOW)} == {"b", "c"}
        assert [say(two, "f"), say(one, ""), say(two, "f")] == [last] * 3
        say(two, "f", "words")
        assert {each.key.name for each in one.ready(NOW)} == {"b", "c"}

    def test_only_runs_of_the_same_clone_were_interrupted(self, both: Both) -> None:
        for store in both:
            store.begin_run(Run("t1", NOW))
        assert [run.result for run in both[0].runs()] == ["running", "running"]
        both[0].begin_run(Run("t1", NOW))
        assert [run.result for run in both[0].runs()] == ["running", "running", "interrupted"]

    def test_what_a_claim_has_written_is_no_edit_in_a_clone_that_is_late(self, both: Both) -> None:
        one, two = both
        begun = at(OLD, "words", Status.TODO)._replace(text_version=OLD)
        for store in both:
            says(store, begun)
        one.claim(key("a"), "ada", NOW, 60.0)
        two.claim(key("a"), "bob", NOW + 61, 60.0)
        two.finish(key("a"), 2, Status.DONE, NOW + 62)
        done = begun._replace(status=Status.DONE, status_version=MIDDLE)
        says(two, done)
        late = begun._replace(status=Status.IN_PROGRESS, word="wip", assignee="ada")
        late = late._replace(status_version=NEW)
        for store, said in ((one, late), (two, done), (one, late), (two, done)):
            says(store, said._replace(assignee_version=said.status_version))
            assert one.entry(key("a")).task.status is Status.DONE
        assert "conflict" not in {kind for kind, _, _ in told(one, 0)}
        assert [each.task.key for each in one.ahead()] == [key("a")]
        last = one.last_event()
        for store, said in ((one, late), (two, done)):
            says(store, said._replace(assignee_version=said.status_version))
        assert one.last_event() == last


def _without(version: Version) -> FilesState:
    state = SlotState("empty", "TASKS.md", prefixes={"a": ""}, removed={"a": version})
    return FilesState({"main": "empty"}, {"tasks-md:TASKS.md": state})
