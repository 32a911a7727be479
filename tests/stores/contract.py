"""What every task store does, whatever it is kept in: inherit it and say how one is opened."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from kanban_sync.core.model import Status, Task, Version
from kanban_sync.core.ports import FilesState, Gone, Merged, Run
from kanban_sync.core.settled import Settled
from kanban_sync.stores import memory, sql
from stores.made_up import (
    FILES,
    NOW,
    PROJECT,
    SAID_LISTS,
    TASK_LISTS,
    key,
    said,
    state,
    task,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from kanban_sync.core.board import Said
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import TaskStore

NO_FILES = FilesState()
SOME_FILES = FilesState({"main": "c1"}, {"A": state("a", "b"), "B": state("c")})

# Each store is an executor of its own: that is what the suite is inherited for. An example makes
# a database, so there are fewer of them than where nothing is written.
inherited = settings(
    max_examples=max(25, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.differing_executors],
)


def merge(store: TaskStore, *tasks: Task, **gone: Status) -> Merged:
    """Merge with files that stay as they are."""
    over = {key(name): Gone(status) for name, status in gone.items()}
    return store.merge(tasks, over, store.files(), NOW)


def in_order(tasks: Sequence[Task]) -> list[Task]:
    return sorted(tasks, key=lambda each: (each.path, each.position, each.key))


def told(store: TaskStore, after: int = 0) -> list[tuple[str, str, Any]]:
    """Return what the events tell, those of a whole merge left out."""
    return [
        (event.kind, event.key, json.loads(event.data))
        for event in store.events(after)
        if event.kind != "roadmap_updated"
    ]


def everything(store: TaskStore) -> list[object]:
    """Return all that can be read of a store."""
    return [
        store.tasks(),
        store.filed_tasks(),
        store.files(),
        store.parses(("d1", "d2", "d3")),
        *(read(target) for read in _of_board(store) for target in ("t1", "t2")),
        store.last_event(),
        store.events(limit=10_000),
        store.runs(1000),
    ]


def _of_board(store: TaskStore) -> tuple[Callable[[str], object], ...]:
    return store.base, store.settled, store.board_ids


def fill(store: TaskStore, project: str) -> None:
    """Fill a store with the same of everything, but for the project in the keys."""
    mine = said("a")
    store.merge([task("a")._replace(key=key("a", project))], {}, SOME_FILES, NOW)
    store.remember_parses({"d1": project})
    store.remember(
        "t1",
        [replace(mine, said=replace(mine.said, key=key("a", project)))],
        {key("a", project): Settled("1", "drawn", "shown")},
    )
    store.remember_board("t1", {"project": project})
    number = store.begin_run(Run("t1", NOW))
    store.end_run(Run("t1", NOW, error=project, id=number))


def nothing_crosses(store: TaskStore, other: TaskStore) -> None:
    """Whatever is done to the project p2 of a database: PROJECT in it stays as it is."""
    fill(store, PROJECT)
    mine = everything(store)
    assert everything(other) == [[], [], NO_FILES, {}, {}, {}, {}, {}, {}, {}, 0, [], []]
    fill(other, "p2")
    other.merge([], {key("a", "p2"): Gone(Status.ORPHANED)}, NO_FILES, NOW)
    other.merge([], {key("a"): Gone(Status.ORPHANED)}, NO_FILES, NOW)
    other.forget("t1", [key("a"), key("a", "p2")])
    other.remember_board("t1", {})
    other.remember_parses({"d1": "not mine"})
    other.begin_run(Run("t1", NOW))
    for number in range(10):
        other.end_run(Run("t1", NOW, error="not mine", id=number))
    assert {each.key.project for each in other.tasks()} == {"p2"}
    assert everything(store) == mine


FAMILIES = (
    task("a"),
    task("a#1", parent=key("a")),
    task("a#1#1", parent=key("a#1")),
    task("a#1#1#1", parent=key("a#1#1")),
    task("a#2", parent=key("a")),
    task("b"),
    task("b#1", parent=key("b")),
)
"""Two tasks with others below them, as deep as they come."""


CHANGES: tuple[dict[str, Any], ...] = (
    {"title": "Other"},
    {"title": "Other\0"},
    {"title": "Other\0one"},
    {"status": Status.REVIEW},
    {"status": Status.DONE, "word": "x"},
    {"group": "Group"},
    {"number": "1"},
    {"body": "Why"},
    {"labels": ("one",)},
    {"labels": ("one", "two")},
    {"labels": ("one,two",)},
    {"assignee": "ada"},
    {"priority": "P1"},
    {"depends_on": ("b",)},
    {"fields": (("a", "b"),)},
    {"position": 7},
    {"path": "docs/TASKS.md"},
    {"line": 9},
    {"text_version": Version(1, "c")},
    {"text_version": Version(1, "d")},
    {"status_version": Version(2, "c")},
    {"assignee": "bob", "assignee_version": Version(3, "c")},
    {"branch": "feat"},
)


def _changed(whose: str, **change: Any) -> list[Task]:  # noqa: ANN401 - any field of a task
    return [each._replace(**change) if each.key.name == whose else each for each in FAMILIES]


def _top(parents: dict[TaskKey, TaskKey | None], of: TaskKey) -> TaskKey | None:
    """Return the task that is below no other and has this one below it, if there is one."""
    for _ in parents:
        if of not in parents:
            return None
        above = parents[of]
        if above is None:
            return of
        of = above
    return None


class TaskStoreContract(ABC):
    """The suite. Each opened store is empty and of the project PROJECT."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[TaskStore]:
        """Open a store, and close it after use."""

    @pytest.fixture
    def store(self) -> Iterator[TaskStore]:
        with self.opened() as store:
            yield store

    # --- Merging ------------------------------------------------------------------------

    def test_an_empty_store_has_an_empty_answer_to_everything(self, store: TaskStore) -> None:
        assert everything(store) == [[], [], FilesState(), {}, {}, {}, {}, {}, {}, {}, 0, [], []]

    @inherited
    @given(tasks=TASK_LISTS, files=FILES)
    def test_what_was_merged_is_read_back(self, tasks: list[Task], files: FilesState) -> None:
        with self.opened() as store:
            merged = store.merge(tasks, {}, files, NOW)
            assert merged == Merged(created=tuple(each.key for each in tasks))
            assert store.tasks() == store.filed_tasks() == in_order(tasks)
            assert store.files() == files
            assert store.tips() == files.tips
            assert store.ahead() == []

    @inherited
    @given(first=TASK_LISTS, then=TASK_LISTS, files=FILES)
    def test_a_second_merge_of_the_same_changes_nothing(
        self, first: list[Task], then: list[Task], files: FilesState
    ) -> None:
        with self.opened() as store:
            store.merge(first, {}, NO_FILES, NOW)
            store.merge(then, {}, files, NOW)
            before = everything(store)
            assert store.merge(then, {}, files, NOW + 1).is_empty
            assert everything(store) == before

    def test_merged_tells_created_updated_and_gone_in_the_order_given(
        self, store: TaskStore
    ) -> None:
        merge(store, task("a"), task("b"), task("c"), task("d"))
        merged = store.merge(
            [task("z"), task("b"), task("d", title="D"), task("a", title="A"), task("y")],
            {key("c"): Gone(Status.ORPHANED)},
            NO_FILES,
            NOW,
        )
        assert merged == Merged(
            created=(key("z"), key("y")), updated=(key("d"), key("a")), gone=(key("c"),)
        )

    @pytest.mark.parametrize(
        ("changed", "events"),
        [
            ({"title": "T"}, [("task_updated", {"fields": ["title"]})]),
            (
                {"labels": ("x",), "depends_on": ("b",), "parent": key("p")},
                [("task_updated", {"fields": ["parent", "labels", "depends_on"]})],
            ),
            ({"word": "Started"}, [("task_updated", {"fields": ["word"]})]),
            ({"text_version": Version(9, "c"), "assignee_version": Version(9, "c")}, []),
            (
                {"title": "T", "text_version": Version(9, "c")},
                [("task_updated", {"fields": ["title"]})],
            ),
            (
                {"status": Status.DONE, "word": "x", "status_version": Version(9, "c")},
                [("status_changed", {"old": "todo", "new": "done"})],
            ),
            (
                {"status": Status.DONE, "body": "B"},
                [
                    ("status_changed", {"old": "todo", "new": "done"}),
                    ("task_updated", {"fields": ["body"]}),
                ],
            ),
            ({"status": Status.ORPHANED}, [("orphaned", {"old": "todo"})]),
            ({"line": 9, "position": 4}, []),
        ],
    )
    def test_a_change_is_told_by_events_of_its_task(
        self, store: TaskStore, changed: dict[str, Any], events: list[tuple[str, Any]]
    ) -> None:
        merge(store, task("a"), task("b"))
        assert told(store) == [
            ("task_created", "tasks-md:a", {"status": "todo"}),
            ("task_created", "tasks-md:b", {"status": "todo"}),
        ]
        last = store.last_event()
        assert merge(store, task("a", **changed), task("b")) == Merged(updated=(key("a"),))
        assert told(store, last) == [(kind, "tasks-md:a", data) for kind, data in events]
        assert store.tasks()[-1 if "position" in changed else 0] == task("a", **changed)

    @pytest.mark.parametrize("name", [name for name in Task._fields if name != "key"])
    def test_a_change_of_any_field_is_noticed(self, store: TaskStore, name: str) -> None:
        others: dict[type, Any] = {
            str: "other",
            int: 7,
            tuple: (("other", "o"),) if name == "fields" else ("other",),
            Version: Version(7, "other"),
            type(None): key("other"),
            Status: Status.REVIEW,
        }
        merge(store, task("a"), task("b"))
        changed = task("a")._replace(**{name: others[type(getattr(task("a"), name))]})
        assert merge(store, changed, task("b")) == Merged(updated=(key("a"),))
        assert changed in store.tasks()

    def test_a_merge_that_changes_something_is_told_once_as_a_whole(self, store: TaskStore) -> None:
        merge(store, *(task(name) for name in "abcd"))
        last = store.last_event()
        store.merge(
            [task("a", title="A"), task("b", line=3), task("e"), task("f", status=Status.DONE)],
            {key("c"): Gone(Status.DONE)},
            NO_FILES,
            NOW + 1,
        )
        *_, whole = store.events(last)
        assert (whole.kind, whole.key, whole.at) == ("roadmap_updated", "", NOW + 1)
        assert json.loads(whole.data) == {
            "new": ["tasks-md:e", "tasks-md:f"],
            "new_count": 2,
            "changed": ["tasks-md:a"],
            "changed_count": 1,
            "gone": ["tasks-md:c"],
            "gone_count": 1,
            "moved": 1,
            "pending": 4,
        }

    def test_an_event_lists_no_more_than_200_keys_and_counts_the_rest(
        self, store: TaskStore
    ) -> None:
        merge(store, *(task(f"{n:03}") for n in range(201)))
        data = json.loads(store.events(limit=300)[-1].data)
        assert data["new"] == [f"tasks-md:{n:03}" for n in range(200)]
        assert data["new_count"] == 201

    def test_a_task_that_is_gone_knows_the_commit_that_took_it_out(self, store: TaskStore) -> None:
        merge(store, task("a", status_version=Version(5, "b")))
        taken_out = Version(9, "c")
        store.merge([], {key("a"): Gone(Status.DONE, taken_out)}, store.files(), NOW)
        assert [each.status_version for each in store.tasks()] == [taken_out]

    def test_a_task_that_is_gone_keeps_its_row_with_what_became_of_it(
        self, store: TaskStore
    ) -> None:
        merge(store, task("a"), task("b"), task("c"))
        merged = merge(store, task("a"), b=Status.ORPHANED, c=Status.DONE)
        assert merged == Merged(gone=(key("b"), key("c")))
        assert store.tasks() == [
            task("a"),
            task("b", status=Status.ORPHANED),
            task("c", status=Status.DONE),
        ]
        assert told(store)[-2:] == [
            ("orphaned", "tasks-md:b", {"old": "todo"}),
            ("status_changed", "tasks-md:c", {"old": "todo", "new": "done"}),
        ]
        assert merge(store, task("a"), b=Status.ORPHANED, c=Status.DONE).is_empty

    def test_a_task_that_comes_back_is_updated(self, store: TaskStore) -> None:
        merge(store, task("a"))
        merge(store, a=Status.ORPHANED)
        assert merge(store, task("a")) == Merged(updated=(key("a"),))
        assert store.tasks() == [task("a")]
        assert told(store)[-1] == (
            "status_changed",
            "tasks-md:a",
            {"old": "orphaned", "new": "todo"},
        )

    def test_gone_is_said_of_nothing_that_was_never_there_or_still_is(
        self, store: TaskStore
    ) -> None:
        merge(store, task("a"))
        assert merge(store, task("a"), a=Status.DONE, never=Status.DONE).is_empty
        assert merge(store, task("new"), new=Status.DONE) == Merged(created=(key("new"),))
        assert store.tasks() == [task("a"), task("new")]

    def test_a_task_of_which_nothing_is_said_stays_as_it_is(self, store: TaskStore) -> None:
        merge(store, task("a"), task("b"))
        assert merge(store, task("a")).is_empty
        assert store.tasks() == [task("a"), task("b")]

    def test_what_is_recorded_of_the_files_replaces_what_was(self, store: TaskStore) -> None:
        one = FilesState({"main": "1", "old": "1"}, {"A": state("a"), "B": state("b")})
        two = FilesState({"main": "2", "new": "1"}, {"A": state("a"), "C": state("c", "d")})
        store.merge([], {}, one, NOW)
        assert store.merge([], {}, two, NOW).is_empty
        assert store.files() == two
        assert store.last_event() == 0

    def test_what_a_store_holds_is_not_changed_from_outside(self, store: TaskStore) -> None:
        tips, slots, ids, operations = (
            {"main": "1"},
            {"A": state("a")},
            {"list": "1"},
            {"create": 1},
        )
        store.merge([], {}, FilesState(tips, slots), NOW)
        store.remember("t1", [said("a")])
        store.remember_board("t1", ids)
        store.begin_run(Run("t1", NOW, operations=operations))
        before = everything(store)
        for mine in (tips, slots, ids, operations):
            mine.clear()
        store.tasks().clear()
        store.base("t1").clear()
        store.board_ids("t1").clear()
        assert everything(store) == before

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            (task("b")._replace(key=key("b", "p2")), "not of project p1"),
            (task("a", path="docs/TASKS.md", line=7), "TASKS.md:3 and docs/TASKS.md:7"),
        ],
    )
    def test_a_merge_that_is_refused_leaves_no_trace(
        self, store: TaskStore, bad: Task, message: str
    ) -> None:
        merge(store, task("old"))
        before = everything(store)
        with pytest.raises(ValueError, match=message):
            store.merge([task("a", line=3), bad], {}, FilesState({"main": "1"}), NOW)
        assert everything(store) == before

    # --- Families -----------------------------------------------------------------------

    def test_the_hash_of_a_family_tells_of_any_change_in_it(self, store: TaskStore) -> None:
        for change in CHANGES:
            for whose in ("a", "a#1#1#1"):
                merge(store, *FAMILIES)
                before = store.families()
                assert set(before) == {key("a"), key("b")}
                merge(store, *_changed(whose, **change))
                after = store.families()
                assert after[key("a")] != before[key("a")], (whose, change)
                assert after[key("b")] == before[key("b")], (whose, change)

    def test_a_task_that_goes_to_another_family_changes_both(self, store: TaskStore) -> None:
        merge(store, *FAMILIES)
        before = store.families()
        merge(store, *_changed("a#1#1", parent=key("b")))
        between = store.families()
        assert not set(between.items()) & set(before.items())
        merge(store, *_changed("a", parent=key("b#1")))
        after = store.families()
        assert set(after) == {key("b")}
        assert after[key("b")] not in {before[key("b")], between[key("b")]}
        merge(store, *FAMILIES)
        assert store.families() == before

    def test_tasks_that_lie_below_one_another_in_a_circle_are_of_no_family(
        self, store: TaskStore
    ) -> None:
        merge(store, *_changed("a", parent=key("a#1#1")))
        assert set(store.families()) == {key("b")}
        assert store.tasks({key("a"), key("a#1")}) == []

    def test_a_task_that_is_over_changes_the_hash_of_its_family(self, store: TaskStore) -> None:
        merge(store, *FAMILIES)
        before = store.families()
        merge(store, *(each for each in FAMILIES if each.key.name != "b#1"),
              **{"b#1": Status.ORPHANED})  # fmt: skip
        after = store.families()
        assert after[key("a")] == before[key("a")]
        assert after[key("b")] != before[key("b")]

    @inherited
    @given(tasks=TASK_LISTS)
    def test_the_tasks_of_some_families_are_those_that_lie_below_them(
        self, tasks: list[Task]
    ) -> None:
        with self.opened() as store:
            merge(store, *tasks)
            every = store.tasks()
            parents = {each.key: each.parent for each in every}
            tops = {each.key: _top(parents, each.key) for each in every}
            families = store.families()
            assert set(families) == {each.key for each in every if each.parent is None}
            for some in (set(), set(families), set(list(families)[:2])):
                of = [each for each in every if tops[each.key] in some]
                assert store.tasks(some) == of

    # --- Events -------------------------------------------------------------------------

    def test_events_are_numbered_from_one_and_read_in_pages(self, store: TaskStore) -> None:
        merge(store, *(task(f"{n}") for n in range(5)))
        assert store.last_event() == 6
        pages = [store.events(after, limit=4) for after in (0, 4, 6)]
        assert [[event.id for event in page] for page in pages] == [[1, 2, 3, 4], [5, 6], []]
        assert {event.at for event in store.events()} == {NOW}

    # --- Parses -------------------------------------------------------------------------

    def test_parses_are_remembered_by_digest_and_replaced(self, store: TaskStore) -> None:
        store.remember_parses({"d1": "{}", "d2": "[1]"})
        store.remember_parses({"d2": "[2]"})
        assert store.parses(["d1", "d2", "d3"]) == {"d1": "{}", "d2": "[2]"}
        assert store.parses(iter(["d2"])) == {"d2": "[2]"}

    @pytest.fixture
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a parse be kept for a hundred merges: a thousand take long."""
        for module in (sql, memory):
            monkeypatch.setattr(module, "PARSES_KEPT", 100)
            monkeypatch.setattr(module, "ASKED_NOTED", 10)

    @pytest.mark.usefixtures("_soon")
    @pytest.mark.parametrize(
        ("merges", "kept"),
        [(100, {"asked", "never asked"}), (110, {"asked"})],
    )
    def test_a_parse_is_forgotten_when_no_merge_has_asked_for_it_for_long(
        self, store: TaskStore, merges: int, kept: set[str]
    ) -> None:
        store.remember_parses({"asked": "1", "never asked": "2"})
        for n in range(merges):
            store.parses(["asked"])
            store.merge([], {}, FilesState(slots={"A": state(f"{n}")}), NOW)
        store.remember_parses({})
        assert set(store.parses(["asked", "never asked"])) == kept

    @pytest.mark.usefixtures("_soon")
    def test_merges_that_change_nothing_do_not_age_a_parse(self, store: TaskStore) -> None:
        store.remember_parses({"d1": "1"})
        for n in range(110):
            store.merge([], {}, FilesState({"main": f"{n}"}), NOW)
        store.remember_parses({})
        assert store.parses(["d1"]) == {"d1": "1"}

    # --- Bases --------------------------------------------------------------------------

    @inherited
    @given(bases=SAID_LISTS)
    def test_a_base_is_read_back_as_it_was_said(self, bases: list[Said]) -> None:
        with self.opened() as store:
            store.remember("t1", bases)
            assert store.base("t1") == {each.said.key: each for each in bases}

    def test_a_base_is_of_one_target_replaced_by_key_and_forgotten_by_key(
        self, store: TaskStore
    ) -> None:
        store.remember("t1", [said("a"), said("b")])
        store.remember("t2", [said("a", mark="other")])
        store.remember("t1", [said("b", card_id="9")])
        store.forget("t1", [key("a"), key("never")])
        assert store.base("t1") == {key("b"): said("b", card_id="9")}
        assert store.base("t2") == {key("a"): said("a", mark="other")}

    def test_what_is_settled_lies_with_its_base_until_that_is_recorded_anew(
        self, store: TaskStore
    ) -> None:
        one, two = Settled("1", "drawn.1", "shown"), Settled("2", "drawn", "s")
        both = {key("a"): one, key("b"): two, key("of nothing that was said"): two}
        store.remember("t1", [said("a"), said("b")], both)
        store.remember("t2", [said("a")], {key("a"): two})
        assert store.settled("t1") == {key("a"): one, key("b"): two}
        store.remember("t1", [said("a")], {key("a"): two})
        store.remember("t1", [said("b")])
        assert store.settled("t1") == {key("a"): two}
        assert store.base("t1") == {key("a"): said("a"), key("b"): said("b")}
        store.forget("t1", [key("a")])
        store.remember("t1", [said("a")])
        assert store.settled("t1") == {}
        assert store.settled("t2") == {key("a"): two}

    def test_a_base_may_be_read_without_some_cards(self, store: TaskStore) -> None:
        store.remember("t1", [said("a"), said("b"), said("c")])
        without = {key("a"), key("c"), key("never")}
        assert store.base("t1", without) == {key("b"): said("b")}

    def test_bases_that_break_off_are_not_remembered_by_half(self, store: TaskStore) -> None:
        def breaks_off() -> Iterator[Said]:
            yield said("a")
            raise ConnectionError

        with pytest.raises(ConnectionError):
            store.remember("t1", breaks_off())
        stranger = said("b")
        stranger = replace(stranger, said=replace(stranger.said, key=key("b", "p2")))
        with pytest.raises(ValueError, match="p2"):
            store.remember("t1", [said("a"), stranger])
        assert store.base("t1") == {}

    def test_what_a_board_wants_remembered_replaces_what_was(self, store: TaskStore) -> None:
        store.remember_board("t1", {"list": "1", "label": "2"})
        store.remember_board("t2", {"list": "7"})
        store.remember_board("t1", {"label": "3"})
        assert store.board_ids("t1") == {"label": "3"}
        assert store.board_ids("t2") == {"list": "7"}

    def test_threads_may_write_at_once(self, store: TaskStore) -> None:
        names = [f"{n}" for n in range(40)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda name: store.remember("t1", [said(name)]), names))
        assert set(store.base("t1")) == {key(name) for name in names}

    # --- Runs ---------------------------------------------------------------------------

    def test_a_run_is_shown_as_it_began_and_then_as_it_ended(self, store: TaskStore) -> None:
        begun = Run("t1", NOW)
        number = store.begin_run(begun)
        assert store.runs() == [replace(begun, id=number)]
        ended = Run("t1", NOW, 1.5, "failed", {"create": 2, "archive": 1}, "no space", number)
        store.end_run(ended)
        assert store.runs() == [ended]

    def test_a_run_that_never_ended_was_interrupted_when_the_next_begins(
        self, store: TaskStore
    ) -> None:
        for target in ("t1", "t2", "t1"):
            store.begin_run(Run(target, NOW))
        results = [(run.target, run.result) for run in store.runs()]
        assert results == [("t1", "running"), ("t2", "running"), ("t1", "interrupted")]

    def test_the_newest_runs_come_first_whatever_their_target(self, store: TaskStore) -> None:
        numbers = [store.begin_run(Run(target, NOW)) for target in ("t1", "database", "t1")]
        assert [run.id for run in store.runs(2)] == [numbers[2], numbers[1]]

    def test_the_newest_200_runs_of_each_target_are_kept(self, store: TaskStore) -> None:
        other = store.begin_run(Run("t2", NOW))
        for n in range(205):
            number = store.begin_run(Run("t1", NOW + n))
            store.end_run(Run("t1", NOW + n, result="done", id=number))
        runs = store.runs(1000)
        assert [run.started_at for run in runs if run.target == "t1"] == [
            NOW + n for n in range(204, 4, -1)
        ]
        assert runs[-1].id == other

    def test_the_end_of_a_run_that_is_no_longer_known_changes_nothing(
        self, store: TaskStore
    ) -> None:
        number = store.begin_run(Run("t1", NOW))
        store.end_run(Run("t1", NOW, result="done", id=number + 1))
        assert store.runs() == [Run("t1", NOW, id=number)]
