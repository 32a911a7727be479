"""What every store does for agents, whatever it is kept in: inherit it, say how one is opened."""

from __future__ import annotations

import json
import random
import string
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from kanban_sync.core.board import Card, Said
from kanban_sync.core.claims import Claim
from kanban_sync.core.columns import Column
from kanban_sync.core.dependencies import Edge, cycles
from kanban_sync.core.errors import (
    HeldError,
    LostClaimError,
    NotReadyError,
    UnknownTaskError,
    WorkError,
)
from kanban_sync.core.merge import SET_HERE
from kanban_sync.core.model import UNKNOWN, Status, Task, TaskKey, Version
from kanban_sync.core.order import Wanted
from kanban_sync.core.ports import SATISFIED_BY, FilesState, Gone, TaskStore
from kanban_sync.core.renaming import with_key
from kanban_sync.core.settled import Settled
from kanban_sync.core.work import Orchestrator, Waiting, WorkStore
from stores.made_up import NOW, PROJECT, key, state, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from kanban_sync.core.work import Entry

LEASE = 300.0

LATE = Version(int(NOW) + 900, "late")
"""Said after all that is done in the database."""


class WholeStore(TaskStore, WorkStore, Protocol):
    """Both halves of the task database."""


def change(name: str = "c") -> TaskKey:
    return TaskKey(PROJECT, "openspec", name)


def box(own: str, of: str = "c", **fields: Any) -> Task:  # noqa: ANN401 - any field of a task
    """Make a box of an OpenSpec change."""
    whole = {"path": f"openspec/changes/{of}/tasks.md", "number": own, **fields}
    return task(own, **whole)._replace(key=change(of).child(own), parent=change(of))


def proposal(name: str = "c", status: Status = Status.IN_PROGRESS) -> Task:
    made = task(name, status=status, path=f"openspec/changes/{name}")
    return made._replace(key=change(name))


def step(own: str, of: str, **fields: Any) -> Task:  # noqa: ANN401 - any field of a task
    """Make a sub-task."""
    return task(f"{of}#{own}", parent=key(of), **fields)


def base(whose: TaskKey, title: str = "Card") -> Said:
    card = Card(whose, title, "", Column.TODO, frozenset({"agent"}))
    return Said(f"id of {whose}", card, "mark")


def _blocked(own: str) -> Task:
    return task(own, status=Status.BLOCKED, assignee="ada")


def _done_by_bob(store: WholeStore) -> None:
    """Let somebody else finish what has run out, and commit that."""
    claim = store.claim(key("a"), "bob", NOW + LEASE + 1, LEASE).claim
    assert claim
    store.finish(key("a"), claim.token, Status.DONE, NOW + LEASE + 2)
    fill(store, task("a", status=Status.DONE, assignee="bob"), task("b"))


def fill(
    store: WholeStore,
    *tasks: Task,
    lenient: str = "",
    strict: bool = False,
    gone: dict[TaskKey, Gone] | None = None,
) -> None:
    """Merge tasks, in their order, with one file of v1.0 if named."""
    placed = [each._replace(position=each.position or n) for n, each in enumerate(tasks, 1)]
    slots = {lenient: state()} if lenient else {}
    for slot, each in slots.items():
        slots[slot] = each.__class__(each.blob, path=slot, gone_means_done=True)
    tips = {SATISFIED_BY: "default-branch"} if strict else {}
    store.merge(placed, gone or {}, FilesState(tips, slots), NOW)


def names(entries: list[Entry]) -> list[str]:
    return [entry.key.name for entry in entries]


def next_names(store: WorkStore, count: int, **wanted: Any) -> list[str]:  # noqa: ANN401 - any wish
    """Claim one after the other, and tell which came."""
    found = [store.claim_next("ada", NOW, LEASE, Wanted(**wanted)) for _ in range(count)]
    return [entry.key.name if entry else "" for entry in found]


def told(store: TaskStore, after: int) -> list[tuple[str, str, Any]]:
    return [
        (each.kind, each.key.partition(":")[2], json.loads(each.data))
        for each in store.events(after)
    ]


class WorkStoreContract(ABC):
    """The suite. Each opened store is empty and of the project PROJECT."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[WholeStore]:
        """Open a store, and close it after use."""

    @pytest.fixture
    def store(self) -> Iterator[WholeStore]:
        with self.opened() as store:
            yield store

    # --- Claiming -----------------------------------------------------------------------

    def test_a_claim_sets_all_at_once_and_is_told_by_one_event(self, store: WholeStore) -> None:
        fill(store, task("a"))
        last = store.last_event()
        entry = store.claim(key("a"), "ada", NOW, LEASE)
        assert entry.claim == Claim("ada", 1, NOW + LEASE)
        assert (entry.task.status, entry.task.assignee) == (Status.IN_PROGRESS, "ada")
        assert (entry.started_at, entry.attempts) == (NOW, 1)
        assert store.entry(key("a")) == entry
        assert store.tasks() == [entry.task]
        data = {"agent": "ada", "token": 1, "expires": NOW + LEASE, "old": "todo"}
        assert told(store, last) == [("claimed", "a", {**data, "new": "in_progress"})]
        assert {event.at for event in store.events(last)} == {NOW}

    def test_next_claims_what_ready_shows_first_and_none_when_nothing_is(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"), task("b"))
        assert names(store.ready(NOW)) == ["a", "b"]
        first = store.claim_next("ada", NOW, LEASE)
        assert first == store.entry(key("a"))
        assert names(store.ready(NOW)) == ["b"]
        assert next_names(store, 2) == ["b", ""]

    @pytest.mark.parametrize(
        ("agent", "advice"),
        [
            ("ada", "; go on with it, or claim another task"),
            ("bob", "; claim another task, or wait until ada gives it back or that time is over"),
        ],
    )
    def test_a_live_claim_is_never_given_again(
        self, store: WholeStore, agent: str, advice: str
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        before = store.last_event()
        with pytest.raises(HeldError, match="ada has tasks-md:a") as caught:
            store.claim(key("a"), agent, NOW + LEASE - 1, LEASE)
        assert advice in str(caught.value)
        assert (caught.value.agent, caught.value.expires) == ("ada", NOW + LEASE)
        assert store.claim_next(agent, NOW + LEASE - 1, LEASE) is None
        assert store.last_event() == before

    @pytest.mark.parametrize("by_key", [True, False])
    def test_a_claim_that_ran_out_is_free_without_anybody_taking_it_back(
        self, store: WholeStore, by_key: bool
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        last = store.last_event()
        later = NOW + LEASE
        assert names(store.ready(later, agent="bob")) == ["a"]
        entry = (
            store.claim(key("a"), "bob", later, LEASE)
            if by_key
            else store.claim_next("bob", later, LEASE)
        )
        assert entry is not None
        assert entry.claim == Claim("bob", 2, later + LEASE)
        assert entry.attempts == 2
        kinds = [(kind, data["agent"], data["token"]) for kind, _, data in told(store, last)]
        assert kinds == [("reclaimed", "ada", 1), ("claimed", "bob", 2)]

    def test_tokens_grow_and_are_never_given_twice(self, store: WholeStore) -> None:
        fill(store, task("a"))
        tokens = []
        for n in range(4):
            now = NOW + 1000 * n
            entry = store.claim(key("a"), "ada", now, LEASE)
            assert entry.claim
            tokens.append(entry.claim.token)
            if n % 2:
                store.release(key("a"), entry.claim.token, now)
        assert tokens == [1, 2, 3, 4]

    @pytest.mark.parametrize(
        ("status", "by_key", "by_next"),
        [
            (Status.BACKLOG, False, False),
            (Status.TODO, True, True),
            (Status.PLANNING, False, False),
            (Status.IN_PROGRESS, False, False),
            (Status.BLOCKED, False, False),
            (Status.REVIEW, False, False),
            (Status.DONE, False, False),
            (Status.FAILED, False, False),
            (Status.CANCELLED, False, False),
            (Status.ORPHANED, False, False),
        ],
    )
    def test_which_statuses_may_be_claimed(
        self, store: WholeStore, status: Status, by_key: bool, by_next: bool
    ) -> None:
        fill(store, task("a", status=status))
        assert bool(store.ready(NOW)) is by_next
        if by_key:
            assert store.claim(key("a"), "ada", NOW, LEASE).claim
        else:
            with pytest.raises(NotReadyError, match=f"tasks-md:a is {status}"):
                store.claim(key("a"), "ada", NOW, LEASE)
            assert store.claim_next("ada", NOW, LEASE) is None

    def test_what_is_assigned_is_for_that_agent_alone(self, store: WholeStore) -> None:
        fill(store, task("a", assignee="bob"))
        assert store.ready(NOW) == []
        assert store.claim_next("ada", NOW, LEASE) is None
        with pytest.raises(NotReadyError, match="assigned to bob"):
            store.claim(key("a"), "ada", NOW, LEASE)
        assert names(store.ready(NOW, agent="bob")) == ["a"]
        assert store.claim_next("bob", NOW, 1.0)
        assert store.claim_next("ada", NOW + 2, LEASE) is None
        assert store.claim_next("bob", NOW + 2, LEASE)

    @pytest.mark.parametrize(("agent", "lease"), [("", LEASE), (" ", LEASE), ("ada", 0.0)])
    def test_a_claim_without_an_agent_or_time_is_refused(
        self, store: WholeStore, agent: str, lease: float
    ) -> None:
        fill(store, task("a"))
        calls: tuple[Callable[[], object], ...] = (
            lambda: store.claim(key("a"), agent, NOW, lease),
            lambda: store.claim_next(agent, NOW, lease),
        )
        for claim in calls:
            with pytest.raises(WorkError):
                claim()
        assert store.entry(key("a")).claim is None

    # --- With a token -------------------------------------------------------------------

    def test_a_heartbeat_lets_the_claim_last_for_a_lease_whatever_a_clock_said_before(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        last = store.last_event()
        expires = [
            claim.expires
            for now in (NOW + 10, NOW + 86400, NOW + LEASE + 100)
            if (claim := store.extend(key("a"), 1, now, LEASE).claim)
        ]
        assert expires == [NOW + 10 + LEASE, NOW + 86400 + LEASE, NOW + 100 + 2 * LEASE]
        assert store.last_event() == last

    @pytest.mark.parametrize(
        "status",
        [Status.DONE, Status.BLOCKED, Status.FAILED, Status.REVIEW, Status.CANCELLED],
    )
    def test_finishing_ends_the_claim_and_says_how_it_went(
        self, store: WholeStore, status: Status
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        last = store.last_event()
        entry = store.finish(key("a"), 1, status, NOW + 1, "because")
        assert (entry.task.status, entry.claim, entry.reason) == (status, None, "because")
        assert entry.task.assignee == "ada"
        data = {"old": "in_progress", "new": status, "who": "ada", "token": 1, "reason": "because"}
        assert told(store, last) == [("status_changed", "a", data)]

    def test_a_claim_does_not_end_with_a_task_that_is_to_do(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        with pytest.raises(ValueError, match="todo"):
            store.finish(key("a"), 1, Status.TODO, NOW)

    def test_a_released_task_is_to_do_and_nobodys(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        last = store.last_event()
        entry = store.release(key("a"), 1, NOW + 1, "too big")
        assert (entry.task.status, entry.task.assignee) == (Status.TODO, "")
        assert (entry.claim, entry.reason) == (None, "too big")
        assert entry.attempts == 1
        data = {"agent": "ada", "token": 1, "old": "in_progress", "new": "todo"}
        assert told(store, last) == [("released", "a", {**data, "reason": "too big"})]

    @pytest.mark.parametrize(
        ("ends", "message"),
        [
            (lambda store: store.release(key("a"), 1, NOW), "nobody has it now"),
            (lambda store: store.reclaim(NOW + LEASE), "nobody has it now"),
            (lambda store: store.finish(key("a"), 1, Status.REVIEW, NOW), "nobody has it now"),
            (lambda store: store.finish(key("a"), 1, Status.DONE, NOW), "done already"),
            (
                lambda store: store.claim(key("a"), "bob", NOW + LEASE, LEASE),
                r"claimed by bob since \(token 2\)",
            ),
            (
                lambda store: store.set_status(key("a"), Status.DONE, NOW, "eve", force=True),
                "done already",
            ),
        ],
        ids=["released", "reclaimed", "in review", "done", "taken over", "overruled"],
    )
    def test_a_late_writer_is_refused_and_nothing_is_changed(
        self, store: WholeStore, ends: Callable[[WorkStore], object], message: str
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        ends(store)
        before = (store.entry(key("a")), store.last_event())
        calls: tuple[Callable[[], object], ...] = (
            lambda: store.extend(key("a"), 1, NOW, LEASE),
            lambda: store.finish(key("a"), 1, Status.DONE, NOW),
            lambda: store.release(key("a"), 1, NOW),
        )
        for write in calls:
            with pytest.raises(LostClaimError, match=message):
                write()
        assert (store.entry(key("a")), store.last_event()) == before

    def test_a_lost_claim_names_who_has_the_task_now(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.claim(key("a"), "bob", NOW + LEASE, LEASE)
        with pytest.raises(LostClaimError) as caught:
            store.finish(key("a"), 1, Status.DONE, NOW + LEASE)
        assert (caught.value.agent, caught.value.token) == ("bob", 2)

    def test_a_writer_whose_lease_ran_out_and_whom_nobody_replaced_is_not_late(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        assert store.claim_next("bob", NOW, LEASE)
        entry = store.finish(key("a"), 1, Status.DONE, NOW + 10 * LEASE)
        assert entry.task.status is Status.DONE

    # --- What the files said meanwhile --------------------------------------------------

    @pytest.mark.parametrize("said", ["backlog", "blocked", "review", "failed", "todo"])
    def test_a_task_given_back_rests_as_its_file_came_to_say(
        self, store: WholeStore, said: str
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        fill(store, task("a", status=Status(said), title="reworded"))
        assert store.release(key("a"), 1, NOW).task.status == said

    def test_a_task_reopened_against_its_file_does_not_fall_back_when_it_is_released(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a", status=Status.DONE))
        store.set_status(key("a"), Status.TODO, NOW, "eve")
        store.claim(key("a"), "ada", NOW, LEASE)
        assert store.release(key("a"), 1, NOW).task.status is Status.TODO

    def test_a_task_that_a_file_calls_begun_is_to_do_when_its_claim_ends(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a", status=Status.IN_PROGRESS, assignee="ada"))
        store.claim(key("a"), "ada", NOW, LEASE)
        assert store.release(key("a"), 1, NOW).task.status is Status.TODO

    @pytest.mark.parametrize("assignee", ["", "bob"])
    def test_what_is_in_progress_is_claimed_by_key_only_by_whom_it_is_assigned_to(
        self, store: WholeStore, assignee: str
    ) -> None:
        fill(store, task("a", status=Status.IN_PROGRESS, assignee=assignee))
        with pytest.raises(NotReadyError, match=r"is in_progress, .* set it to todo first"):
            store.claim(key("a"), "ada", NOW, LEASE)
        assert store.entry(key("a")).attempts == 0
        store.assign(key("a"), "ada", NOW, "eve")
        assert store.claim(key("a"), "ada", NOW, LEASE).claim
        later = NOW + LEASE + 1
        store.assign(key("a"), "", later, "ada")
        assert store.claim(key("a"), "bob", later, LEASE).claim

    def test_the_assignee_from_before_a_claim_comes_back(self, store: WholeStore) -> None:
        fill(store, task("a", assignee="ada"), task("b"))
        for name in ("a", "b"):
            store.claim(key(name), "ada", NOW, LEASE)
            store.finish(key(name), 1, Status.BLOCKED, NOW)
            store.set_status(key(name), Status.TODO, NOW, "eve")
        assert [each.assignee for each in store.tasks()] == ["ada", ""]

    def test_a_status_set_here_is_newer_than_the_files_and_has_its_word_only_if_it_is_the_same(
        self, store: WholeStore
    ) -> None:
        of_file = Version(int(NOW) + 50, "c")
        fill(store, task("a", word="pending", status_version=of_file))
        claimed = store.claim(key("a"), "ada", NOW, LEASE).task
        released = store.release(key("a"), 1, NOW + 100).task
        assert (claimed.word, claimed.status_version) == ("", Version(of_file.time + 1, SET_HERE))
        assert released.word == "pending"
        assert released.status_version == Version(int(NOW) + 100, SET_HERE)
        assert store.ahead() == []

    def test_a_file_that_says_otherwise_loses_against_a_claim_and_that_is_told(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        fill(store, task("a", status=Status.BACKLOG))
        entry = store.entry(key("a"))
        assert (entry.task.status, entry.task.assignee) == (Status.IN_PROGRESS, "ada")
        assert "conflict" in {event.kind for event in store.history(key("a"))}
        assert store.extend(key("a"), 1, NOW, LEASE).claim

    @pytest.mark.parametrize(
        ("becomes", "is_told"),
        [(Status.ORPHANED, True), (Status.CANCELLED, True), (Status.DONE, False)],
        ids=str,
    )
    def test_a_claim_of_a_task_taken_out_of_its_file_ends_and_that_is_told(
        self, store: WholeStore, becomes: Status, is_told: bool
    ) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        last = store.last_event()
        store.merge([task("b", position=2)], {key("a"): Gone(becomes)}, store.files(), NOW)
        assert store.entry(key("a")).claim is None
        conflict = {
            "field": "claim",
            "file": becomes,
            "database": "in_progress",
            "agent": "ada",
            "token": 1,
        }
        conflicts = [each for each in told(store, last) if each[0] == "conflict"]
        assert conflicts == ([("conflict", "a", conflict)] if is_told else [])
        with pytest.raises(LostClaimError):
            store.finish(key("a"), 1, Status.REVIEW, NOW)
        assert store.merge([task("b", position=2)], {}, store.files(), NOW).is_empty

    @pytest.mark.parametrize(
        ("ends", "status", "assignee"),
        [
            (lambda store: store.release(key("a"), 1, NOW), Status.TODO, ""),
            (lambda store: store.reclaim(NOW + LEASE + 1), Status.TODO, ""),
            (lambda store: store.finish(key("a"), 1, Status.BLOCKED, NOW), Status.BLOCKED, "ada"),
            (
                lambda store: store.set_status(key("a"), Status.TODO, NOW, "eve", force=True),
                Status.TODO,
                "",
            ),
            (_done_by_bob, Status.DONE, "bob"),
            (
                lambda store: store.claim(key("a"), "bob", NOW + LEASE + 1, LEASE),
                Status.IN_PROGRESS,
                "bob",
            ),
        ],
        ids=["released", "reclaimed", "blocked", "forced", "done", "claimed"],
    )
    def test_what_a_claim_that_is_over_has_written_is_no_edit_when_it_is_committed(
        self,
        store: WholeStore,
        ends: Callable[[WholeStore], object],
        status: Status,
        assignee: str,
    ) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        ends(store)
        last, claim = store.last_event(), store.entry(key("a")).claim
        late = task("a", status=Status.IN_PROGRESS, word="wip", assignee="ada", status_version=LATE)
        fill(store, late, task("b"))
        entry = store.entry(key("a"))
        assert (entry.task.status, entry.task.assignee) == (status, assignee)
        assert entry.claim == claim
        assert {"conflict", "status_changed"}.isdisjoint(kind for kind, _, _ in told(store, last))
        assert [each.task.key.name for each in store.ahead()] == ["a"]
        merged = store.last_event()
        fill(store, late, task("b"))
        assert store.last_event() == merged
        # What a person says afterwards counts.
        if status is Status.TODO:
            by_eve = late._replace(assignee="eve")
            fill(store, by_eve, task("b"))
            assert store.entry(key("a")).task.assignee == "eve"

    def test_what_a_file_opens_again_is_handed_out_again(self, store: WholeStore) -> None:
        fill(store, task("a"), task("b", assignee="ada"), task("c"))
        for name in ("a", "b", "c"):
            store.claim(key(name), "ada", NOW, LEASE)
        for name, status in (("a", Status.DONE), ("b", Status.DONE), ("c", Status.BLOCKED)):
            store.finish(key(name), 1, status, NOW)
        done = {"status": Status.DONE}
        fill(store, task("a", **done), task("b", assignee="ada", **done), _blocked("c"))
        fill(store, task("a"), task("b", assignee="ada"), task("c"))
        assert [each.assignee for each in store.tasks()] == ["", "ada", ""]
        assert names(store.ready(NOW, agent="zed")) == ["a", "c"]
        with pytest.raises(NotReadyError, match="assigned to ada"):
            store.claim(key("b"), "zed", NOW, LEASE)
        assert next_names(store, 4) == ["a", "b", "c", ""]
        assert store.release(key("a"), 2, NOW).task.assignee == ""

    def test_next_and_a_claim_by_key_agree_whom_a_task_is_for(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.finish(key("a"), 1, Status.DONE, NOW)
        fill(store, task("a", status=Status.DONE))
        # Somebody opens it, for somebody.
        fill(store, task("a", assignee="eve"))
        assert names(store.ready(NOW, agent="zed")) == []
        with pytest.raises(NotReadyError, match="assigned to eve"):
            store.claim(key("a"), "zed", NOW, LEASE)
        store.set_status(key("a"), Status.TODO, NOW, "zed")
        assert store.entry(key("a")).task.assignee == "eve"

    @pytest.mark.parametrize("is_gone", [True, False])
    def test_a_claim_that_was_over_with_its_task_does_not_come_back_with_it(
        self, store: WholeStore, *, is_gone: bool
    ) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        if is_gone:
            store.merge([], {key("a"): Gone(Status.ORPHANED)}, store.files(), NOW)
        else:
            for status in (Status.IN_PROGRESS, Status.DONE):
                fill(store, task("a", status=status, assignee="ada"), task("b"))
        with pytest.raises(LostClaimError, match=r"\(token 1\) is lost"):
            store.extend(key("a"), 1, NOW, LEASE)
        fill(store, task("a", text_version=LATE, status_version=LATE), task("b"))
        entry = store.entry(key("a"))
        assert (entry.task.status, entry.task.assignee, entry.claim) == (Status.TODO, "", None)
        writes: tuple[Callable[[], object], ...] = (
            lambda: store.extend(key("a"), 1, NOW, LEASE),
            lambda: store.finish(key("a"), 1, Status.DONE, NOW),
            lambda: store.set_status(key("a"), Status.DONE, NOW, "ada", in_time=True),
        )
        for write in writes:
            with pytest.raises(LostClaimError, match=r"\(token 1\) is lost"):
                write()
        assert names(store.ready(NOW, agent="zed")) == ["a", "b"]
        assert store.reclaim(NOW + LEASE + 1) == []
        taken = store.claim(key("a"), "zed", NOW, LEASE).claim
        assert taken == Claim("zed", 2, NOW + LEASE)

    def test_what_is_done_by_its_file_is_done_once_also_for_whoever_says_so(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.merge([], {key("a"): Gone(Status.DONE)}, FilesState(slots={}), NOW)
        last = store.last_event()
        store.set_status(key("a"), Status.DONE, NOW, "ada", "finished", in_time=True)
        store.set_status(key("a"), Status.DONE, NOW, "eve", "finished", force=True)
        assert told(store, last) == []

    def test_a_merge_that_says_nothing_new_leaves_a_claim_alone(self, store: WholeStore) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        before = store.entry(key("a"))
        fill(store, task("a"), task("b", title="B"))
        assert store.entry(key("a")) == before

    # --- Without a token ----------------------------------------------------------------

    def test_a_status_is_set_without_a_claim(self, store: WholeStore) -> None:
        fill(store, task("a"))
        last = store.last_event()
        entry = store.set_status(key("a"), Status.DONE, NOW, "eve", "trivial")
        assert (entry.task.status, entry.reason) == (Status.DONE, "trivial")
        data = {"old": "todo", "new": "done", "who": "eve", "reason": "trivial"}
        assert told(store, last) == [("status_changed", "a", data)]
        store.set_status(key("a"), Status.DONE, NOW + 1, "eve", "trivial")
        assert store.last_event() == last + 1

    def test_somebody_elses_live_claim_is_left_alone_unless_forced(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        calls: tuple[Callable[[], object], ...] = (
            lambda: store.set_status(key("a"), Status.DONE, NOW, "eve"),
            lambda: store.assign(key("a"), "eve", NOW, "eve"),
        )
        for write in calls:
            with pytest.raises(HeldError, match="ada has"):
                write()
        assert store.set_status(key("a"), Status.BACKLOG, NOW, "eve", force=True).claim is None
        with pytest.raises(LostClaimError):
            store.finish(key("a"), 1, Status.DONE, NOW)

    @pytest.mark.parametrize(
        ("ends", "message"),
        [
            (
                lambda store: store.set_status(key("a"), Status.DONE, NOW, "eve", force=True),
                "done already",
            ),
            (
                lambda store: store.set_status(key("a"), Status.TODO, NOW, "eve", force=True),
                "set to todo by eve",
            ),
            (lambda store: store.reclaim(NOW + LEASE), "taken back"),
        ],
        ids=["done", "opened", "reclaimed"],
    )
    def test_an_agent_whose_claim_others_ended_is_late_without_the_token_too(
        self, store: WholeStore, ends: Callable[[WholeStore], object], message: str
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        ends(store)
        before = (store.entry(key("a")), store.last_event())
        for status in (Status.BLOCKED, Status.DONE):
            with pytest.raises(LostClaimError, match=rf"\(token 1\) is lost.*{message}"):
                store.set_status(key("a"), status, NOW, "ada", in_time=True)
        assert (store.entry(key("a")), store.last_event()) == before
        reopened = store.set_status(key("a"), Status.BACKLOG, NOW, "eve", force=True)
        assert reopened.task.status is Status.BACKLOG

    def test_an_agent_whose_task_its_file_completed_may_only_say_that(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.merge([], {key("a"): Gone(Status.DONE)}, FilesState(slots={}), NOW)
        before = (store.entry(key("a")), store.last_event())
        with pytest.raises(LostClaimError, match="done already"):
            store.set_status(key("a"), Status.BLOCKED, NOW, "ada", in_time=True)
        assert (store.entry(key("a")), store.last_event()) == before
        said = store.set_status(key("a"), Status.DONE, NOW, "ada", in_time=True)
        assert (said.task.status, said.claim) == (Status.DONE, None)

    def test_what_is_over_is_only_said_again(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.finish(key("a"), 1, Status.DONE, NOW)
        before = (store.entry(key("a")), store.last_event())
        for who in ("ada", "eve"):
            store.set_status(key("a"), Status.DONE, NOW, who, in_time=True)
            with pytest.raises(LostClaimError, match="is done already"):
                store.set_status(key("a"), Status.REVIEW, NOW, who, in_time=True)
        assert (store.entry(key("a")), store.last_event()) == before

    def test_an_agent_may_end_its_own_claim_without_the_token(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        entry = store.set_status(key("a"), Status.DONE, NOW, "ada")
        assert (entry.task.status, entry.claim) == (Status.DONE, None)

    def test_nobody_makes_an_orphan(self, store: WholeStore) -> None:
        fill(store, task("a"))
        with pytest.raises(ValueError, match="orphaned"):
            store.set_status(key("a"), Status.ORPHANED, NOW, "eve")

    def test_assigning_is_told_and_keeps_others_away(self, store: WholeStore) -> None:
        fill(store, task("a"))
        last = store.last_event()
        assert store.assign(key("a"), "bob", NOW, "eve").task.assignee == "bob"
        assert store.claim_next("ada", NOW, LEASE) is None
        data = {"fields": ["assignee"], "old": "", "new": "bob"}
        assert told(store, last) == [("task_updated", "a", data)]
        store.assign(key("a"), "", NOW, "eve")
        assert store.claim_next("ada", NOW, LEASE)

    def test_status_and_assignee_are_set_together_or_not_at_all(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.claim(key("a"), "ada", NOW, LEASE)
        last = store.last_event()
        with pytest.raises(HeldError):
            store.set_status(key("a"), Status.BLOCKED, NOW, "eve", assignee="bob")
        assert store.last_event() == last
        entry = store.set_status(key("a"), Status.BLOCKED, NOW, "ada", assignee="bob")
        assert (entry.task.status, entry.task.assignee, entry.claim) == (
            Status.BLOCKED,
            "bob",
            None,
        )
        assert [kind for kind, *_ in told(store, last)] == ["status_changed", "task_updated"]

    def test_who_was_assigned_during_a_claim_is_whom_the_task_is_for_when_it_ran_out(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"), task("b"))
        for name, agent in (("a", "bob"), ("b", "")):
            store.claim(key(name), "ada", NOW, LEASE)
            store.assign(key(name), agent, NOW, "ada")
        later = NOW + LEASE
        assert names(store.ready(later, agent="eve")) == ["b"]
        assert names(store.ready(later, agent="bob")) == ["a", "b"]
        assert store.claim_next("eve", later, LEASE)
        assert store.claim_next("eve", later, LEASE) is None

    def test_a_task_can_be_born_in_the_database(self, store: WholeStore) -> None:
        fill(store, task("a"))
        last = store.last_event()
        born = task("b", path="", depends_on=("a",))
        entry = store.add(born, NOW)
        assert entry.task == born
        assert entry.waits_for == (Waiting("a", key("a"), Status.TODO),)
        assert told(store, last) == [("task_created", "b", {"status": "todo"})]
        assert next_names(store, 2) == ["a", ""]
        fill(store, task("a"))
        assert store.entry(key("b")) == entry._replace(
            waits_for=(Waiting("a", key("a"), Status.IN_PROGRESS),)
        )

    def test_a_task_that_a_file_comes_to_hold_goes_on_by_its_new_key(
        self, store: WholeStore
    ) -> None:
        born = TaskKey(PROJECT, "db", "abcde")
        fill(store, task("a"))
        store.add(task("Paint")._replace(key=born, title="Paint", path=""), NOW)
        waits = task("w")._replace(key=born._replace(name="w"), path="", depends_on=(str(born),))
        store.add(waits, NOW)
        store.claim(born, "ada", NOW, LEASE)
        store.release(born, 1, NOW, "lunch")
        store.assign(born, "bob", NOW, "eve")
        held = task("abcde", title="**abcde**: Paint", position=2, line=9)
        for target in ("t1", "t2"):
            store.remember(target, [base(born), base(key("a"))])
        store.remember("t2", [base(key("abcde"), title="its own")])
        entry = store.rename(born, held, NOW)
        assert store.base("t1") == {
            key("a"): base(key("a")),
            key("abcde"): with_key(base(born), key("abcde")),
        }
        assert store.base("t2")[key("abcde")].said.title == "its own"
        assert entry == store.entry(key("abcde"))
        assert entry.task._replace(status_version=UNKNOWN) == held._replace(assignee="bob")
        assert (entry.attempts, entry.reason) == (1, "lunch")
        assert [event.kind for event in store.history(key("abcde"))] == [
            "task_created",
            "claimed",
            "released",
            "task_updated",
            "task_updated",
        ]
        assert store.entry(waits.key).waits_for == (
            Waiting("tasks-md:abcde", key("abcde"), Status.TODO),
        )
        with pytest.raises(UnknownTaskError):
            store.entry(born)
        with pytest.raises(WorkError, match="tasks-md:a already"):
            store.rename(key("abcde"), task("a"), NOW)
        claimed = store.claim(key("abcde"), "bob", NOW, LEASE).claim
        assert claimed
        assert claimed.token == 2
        fill(store, task("a"), held)
        assert store.entry(key("abcde")).task.status is Status.IN_PROGRESS
        store.finish(key("abcde"), 2, Status.DONE, NOW)
        assert store.entry(waits.key).waits_for == ()

    def test_what_is_recorded_of_a_card_is_of_the_key_that_its_task_has_got_meanwhile(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"), task("b"))
        last = store.last_event()
        for old, new in (("a", "x"), ("x", "y")):
            store.rename(key(old), task(new), NOW)
        settled = Settled("1", "drawn", "shown")
        both = {key("a"): settled, key("b"): settled}
        store.remember("t1", [base(key("a")), base(key("b"))], both, last)
        moved = with_key(with_key(base(key("a")), key("x")), key("y"))
        assert store.base("t1") == {key("y"): moved, key("b"): base(key("b"))}
        assert store.settled("t1") == {key("b"): settled}
        store.remember("t2", [base(key("a"))], since=store.last_event())
        assert store.base("t2") == {key("a"): base(key("a"))}

    @pytest.mark.parametrize("bad", [task("a"), task("b", depends_on=("b",))])
    def test_a_task_that_is_there_or_waits_for_itself_is_not_added(
        self, store: WholeStore, bad: Task
    ) -> None:
        fill(store, task("a"))
        before = (store.tasks(), store.last_event())
        with pytest.raises(WorkError):
            store.add(bad, NOW)
        assert (store.tasks(), store.last_event()) == before

    # --- Bad keys -----------------------------------------------------------------------

    def test_an_unknown_key_is_an_error_that_names_those_that_are_near(
        self, store: WholeStore
    ) -> None:
        fill(store, task("rotate-keys"), task("other"))
        wrong = key("rotate-key")
        calls: tuple[Callable[[], object], ...] = (
            lambda: store.entry(wrong),
            lambda: store.history(wrong),
            lambda: store.claim(wrong, "ada", NOW, LEASE),
            lambda: store.extend(wrong, 1, NOW, LEASE),
            lambda: store.finish(wrong, 1, Status.DONE, NOW),
            lambda: store.release(wrong, 1, NOW),
            lambda: store.set_status(wrong, Status.DONE, NOW, "eve"),
            lambda: store.assign(wrong, "bob", NOW, "eve"),
        )
        for ask in calls:
            with pytest.raises(UnknownTaskError, match="did you mean tasks-md:rotate-keys") as err:
                ask()
            assert err.value.near == ("tasks-md:rotate-keys",)

    def test_a_key_of_another_project_is_unknown(self, store: WholeStore) -> None:
        fill(store, task("a"))
        with pytest.raises(UnknownTaskError):
            store.claim(key("a", "p2"), "ada", NOW, LEASE)
        assert store.entry(key("a")).claim is None

    # --- Order --------------------------------------------------------------------------

    def test_unblocking_work_comes_first_then_priority_then_the_place(
        self, store: WholeStore
    ) -> None:
        fill(
            store,
            task("late", path="b/TASKS.md"),
            task("second"),
            task("third"),
            task("low", priority="low"),
            task("urgent", priority="P0"),
            task("waits", priority="P0", depends_on=("needed",)),
            task("needed", priority="P3"),
        )
        assert next_names(store, 7) == [
            *("needed", "urgent", "second", "third", "late", "low", ""),
        ]

    def test_what_only_tasks_that_are_over_wait_for_unblocks_nothing(
        self, store: WholeStore
    ) -> None:
        fill(
            store,
            task("first"),
            task("needed"),
            task("waits", depends_on=("needed",)),
        )
        assert names(store.ready(NOW)) == ["needed", "first"]
        store.set_status(key("waits"), Status.CANCELLED, NOW, "eve")
        assert names(store.ready(NOW)) == ["first", "needed"]
        store.set_status(key("waits"), Status.TODO, NOW, "eve")
        assert names(store.ready(NOW)) == ["needed", "first"]
        fill(
            store,
            task("first"),
            task("needed"),
            task("waits", depends_on=("needed",), status=Status.DONE, word="x"),
        )
        assert names(store.ready(NOW)) == ["first", "needed"]

    @pytest.mark.parametrize(
        ("words", "rank"),
        [
            (("P0", "p0", "critical", "critic", "Urgent", "highest", "P0 - now"), 0),
            (("P1", "high", "High"), 1),
            (("P2", "medium", "normal", "", "whatever", "7", " - "), 2),
            (("P3", "low", "lowest", " P3"), 3),
        ],
    )
    def test_words_for_a_priority(
        self, store: WholeStore, words: tuple[str, ...], rank: int
    ) -> None:
        fill(store, *(task(f"{n}", priority=word) for n, word in enumerate(words)))
        for asked in range(4):
            found = store.ready(NOW, Wanted(priority=f"P{asked}"))
            assert len(found) == (len(words) if asked == rank else 0)

    # --- What is wanted -----------------------------------------------------------------

    def test_preferred_tags_come_first_with_the_untagged_and_the_rest_comes_too(
        self, store: WholeStore
    ) -> None:
        fill(
            store,
            task("web", labels=("web",), priority="P0"),
            task("any", priority="P3"),
            task("db", labels=("db", "sql"), priority="P1"),
        )
        wanted = Wanted(prefers=frozenset({"sql", "rust"}))
        assert names(store.ready(NOW, wanted)) == ["db", "any", "web"]
        assert names(store.ready(NOW, wanted, limit=2)) == ["db", "any"]
        assert next_names(store, 4, prefers=frozenset({"sql"})) == ["db", "any", "web", ""]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"tags": frozenset({"db"})}, ["db"]),
            ({"tags": frozenset({"web", "db"})}, ["db", "web"]),
            ({"priority": "high"}, ["db"]),
            ({"sources": frozenset({"roadmap"})}, ["road"]),
            ({"sources": frozenset({"tasks-md", "roadmap"})}, ["db", "web", "none", "road"]),
            ({"parent": key("web")}, ["web#1"]),
            ({"tags": frozenset({"db"}), "priority": "P3"}, []),
        ],
    )
    def test_what_is_not_wanted_is_left(
        self, store: WholeStore, wanted: dict[str, Any], found: list[str]
    ) -> None:
        fill(
            store,
            task("web", labels=("web",)),
            step("1", "web"),
            task("none"),
            task("db", labels=("db",), priority="P1"),
            task("x")._replace(key=TaskKey(PROJECT, "roadmap", "road")),
        )
        assert names(store.ready(NOW, Wanted(**wanted))) == found
        everywhere = {entry.key.name for entry in store.entries(Wanted(**wanted))}
        assert everywhere - {"web#1"} == {*found} - {"web#1"}
        assert next_names(store, len(found) + 1, **wanted) == [*found, ""]

    @pytest.mark.parametrize("asked", ["ui", "UI", "öl", "ÖL"])
    def test_a_tag_is_the_same_with_capital_letters_and_without(
        self, store: WholeStore, asked: str
    ) -> None:
        fill(store, task("api", labels=("API",)), task("page", labels=("Ui", "Öl")))
        tags = frozenset({asked})
        assert names(store.entries(Wanted(tags=tags))) == ["page"]
        assert names(store.ready(NOW, Wanted(tags=tags))) == ["page"]
        assert names(store.ready(NOW, Wanted(prefers=tags))) == ["page", "api"]
        assert next_names(store, 1, prefers=tags) == ["page"]
        assert next_names(store, 1, tags=tags) == [""]

    def test_a_task_born_in_the_database_is_found_by_its_tags(self, store: WholeStore) -> None:
        store.add(task("page", path="", labels=("Ui",)), NOW)
        assert names(store.ready(NOW, Wanted(tags=frozenset({"ui"})))) == ["page"]

    def test_a_task_may_wait_for_what_has_a_very_long_name(self, store: WholeStore) -> None:
        pick = random.Random(1)
        long = ["".join(pick.choices(string.ascii_letters, k=4000)) for _ in range(2)]
        long[1] = long[0][:2000] + long[1]
        fill(store, task("a", depends_on=(*long, "b")), task("b"))
        waits = {each.name for each in store.entry(key("a")).waits_for}
        assert [len(each) < 300 for each in waits] == [True] * 3
        assert store.entry(key("a")).task.depends_on == (*long, "b")
        assert names(store.ready(NOW)) == ["b"]
        fill(store, task("a", depends_on=("b",)), task("b"))
        assert {each.name for each in store.entry(key("a")).waits_for} == {"b"}

    def test_a_token_is_good_for_nobody_but_the_agent_that_has_the_claim(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"))
        claim = store.claim(key("a"), "bob", NOW, LEASE).claim
        assert claim is not None
        before = store.entry(key("a")), store.history(key("a"))
        tries: tuple[Callable[[str], Entry], ...] = (
            lambda who: store.extend(key("a"), claim.token, NOW + 1, 9 * LEASE, who=who),
            lambda who: store.finish(key("a"), claim.token, Status.DONE, NOW, who=who),
            lambda who: store.release(key("a"), claim.token, NOW, who=who),
        )
        for tried in tries:
            with pytest.raises(HeldError, match="token 1 is bob's, not eve's"):
                tried("eve")
            assert (store.entry(key("a")), store.history(key("a"))) == before
        store.extend(key("a"), claim.token, NOW, LEASE, who="bob")
        store.finish(key("a"), claim.token, Status.DONE, NOW, who="bob")

    def test_entries_are_all_tasks_or_those_of_a_status(self, store: WholeStore) -> None:
        fill(store, task("a"), task("b", status=Status.DONE), step("1", "b"))
        assert names(store.entries()) == ["a", "b", "b#1"]
        assert names(store.entries(statuses={Status.DONE})) == ["b"]

    # --- Changes and steps --------------------------------------------------------------

    def test_boxes_of_a_change_are_handed_out_and_steps_go_with_their_task(
        self, store: WholeStore
    ) -> None:
        fill(
            store,
            proposal(),
            box("1.1"),
            box("1.2"),
            box("deep")._replace(parent=change().child("1.2")),
            proposal("empty", Status.PLANNING),
            task("a"),
            step("1", "a"),
        )
        assert next_names(store, 4) == ["a", "c#1.1", "c#1.2", ""]

    @pytest.mark.parametrize("over", [Status.DONE, Status.CANCELLED, Status.ORPHANED])
    def test_what_stands_below_a_task_that_is_over_is_not_handed_out(
        self, store: WholeStore, over: Status
    ) -> None:
        deep = box("deep")._replace(parent=change().child("1"))
        fill(store, proposal(status=over), box("1"), deep, task("a", status=over), step("1", "a"))
        parents = (None, change(), change().child("1"), key("a"))
        for wanted in (Wanted(parent=parent) for parent in parents):
            assert store.ready(NOW, wanted) == []
            assert store.claim_next("ada", NOW, LEASE, wanted) is None
        for part, above in (
            (change().child("1"), change()),
            (change().child("deep"), change()),
            (key("a").child("1"), key("a")),
        ):
            with pytest.raises(NotReadyError, match=f"{part} is a part of {above}, .* {over}"):
                store.claim(part, "ada", NOW, LEASE)
        fill(store, proposal(), box("1"), deep, task("a"), step("1", "a"))
        assert names(store.ready(NOW)) == ["a", "c#1"]
        assert names(store.ready(NOW, Wanted(parent=change().child("1")))) == ["c#deep"]

    def test_a_change_is_claimed_by_key_with_its_boxes(self, store: WholeStore) -> None:
        fill(store, proposal(), box("1.1"), box("1.2"))
        entry = store.claim(change(), "ada", NOW, LEASE)
        assert store.claim_next("bob", NOW, LEASE) is None
        with pytest.raises(HeldError, match="ada has openspec:c,"):
            store.claim(change().child("1.1"), "bob", NOW, LEASE)
        with pytest.raises(HeldError, match="ada has openspec:c,"):
            store.set_status(change().child("1.1"), Status.DONE, NOW, "bob")
        assert store.claim_next("ada", NOW, LEASE)
        store.set_status(change().child("1.2"), Status.DONE, NOW, "ada")
        assert entry.claim
        store.set_status(change().child("1.1"), Status.DONE, NOW, "ada")
        assert store.entry(change()).claim == entry.claim
        assert store.release(change(), 1, NOW).task.status is Status.REVIEW

    @pytest.mark.parametrize("top", [change(), key("a")])
    def test_a_task_is_not_claimed_over_the_head_of_whoever_has_a_part_of_it(
        self, store: WholeStore, top: TaskKey
    ) -> None:
        fill(store, proposal(), box("1"), task("a"), step("1", "a"))
        part = top.child("1")
        store.claim(part, "ada", NOW, LEASE)
        with pytest.raises(HeldError, match=f"ada has {part}"):
            store.claim(top, "bob", NOW, LEASE)
        assert top not in [entry.key for entry in store.ready(NOW, agent="bob")]
        assert store.claim(top, "ada", NOW, LEASE).claim

    def test_next_hands_out_no_part_of_what_somebody_has_however_deep_it_is(
        self, store: WholeStore
    ) -> None:
        deep = task("a#1.1", parent=key("a").child("1"))
        fill(store, task("a"), step("1", "a"), deep, task("b"))
        below = Wanted(parent=key("a").child("1"))
        claim = store.claim(deep.key, "ada", NOW, LEASE).claim
        assert names(store.ready(NOW, agent="bob")) == ["b"]
        assert names(store.ready(NOW, agent="ada")) == ["a", "b"]
        assert names(store.ready(NOW + LEASE, agent="bob")) == ["a", "b"]
        found = store.claim_next("bob", NOW, LEASE)
        assert found
        assert found.key == key("b")
        assert claim
        store.release(deep.key, claim.token, NOW)

        store.claim(key("a"), "ada", NOW, LEASE)
        assert store.ready(NOW, below, agent="bob") == []
        assert store.claim_next("bob", NOW, LEASE, below) is None
        assert names(store.ready(NOW, below, agent="ada")) == ["a#1.1"]
        assert store.claim_next("bob", NOW + LEASE, LEASE, below)

    def test_next_hands_out_no_part_of_what_waits(self, store: WholeStore) -> None:
        deep = task("a#1.1", parent=key("a").child("1"))
        boxes = proposal(), box("1")
        first = task("first", fields=(("Blocks", "c"),))
        fill(store, first, task("a", depends_on=("first",)), step("1", "a"), deep, *boxes)
        parts = key("a").child("1"), deep.key, change().child("1")
        parents = key("a"), key("a").child("1"), change()
        for part, parent in zip(parts, parents, strict=True):
            with pytest.raises(NotReadyError, match=r"waits for (tasks-md:)?first "):
                store.claim(part, "ada", NOW, LEASE)
            assert store.ready(NOW, Wanted(parent=parent)) == []
            assert store.claim_next("ada", NOW, LEASE, Wanted(parent=parent)) is None
        assert names(store.ready(NOW)) == ["first"]
        store.set_status(key("first"), Status.DONE, NOW, "ada")
        assert names(store.ready(NOW)) == ["a", "c#1"]
        found = [store.claim_next("ada", NOW, LEASE, Wanted(parent=each)) for each in parents]
        assert [each.key for each in found if each] == [*parts]

    def test_a_change_follows_its_boxes_and_is_not_finished_by_hand(
        self, store: WholeStore
    ) -> None:
        fill(store, proposal(), box("1"), box("2"), box("gone", status=Status.ORPHANED))
        last = store.last_event()
        store.set_status(change().child("1"), Status.DONE, NOW, "eve")
        assert store.entry(change()).task.status is Status.IN_PROGRESS
        store.set_status(change().child("2"), Status.CANCELLED, NOW, "eve")
        assert store.entry(change()).task.status is Status.REVIEW
        store.set_status(change().child("1"), Status.TODO, NOW, "eve")
        assert store.entry(change()).task.status is Status.IN_PROGRESS
        moves = [data for _, name, data in told(store, last) if name == "c"]
        assert [(each["old"], each["new"]) for each in moves] == [
            ("in_progress", "review"),
            ("review", "in_progress"),
        ]
        store.claim(change(), "ada", NOW, LEASE)
        for status in (Status.DONE, Status.REVIEW):
            with pytest.raises(NotReadyError, match="archived"):
                store.finish(change(), 1, status, NOW)
        assert store.release(change(), 1, NOW).task.status is Status.IN_PROGRESS

    # --- Dependencies -------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("status", "is_ready"),
        [(status, status in {Status.DONE, Status.CANCELLED}) for status in Status],
    )
    def test_what_satisfies_a_dependency(
        self, store: WholeStore, status: Status, is_ready: bool
    ) -> None:
        fill(store, task("a", status=status), task("b", depends_on=("a",)))
        assert ("b" in names(store.ready(NOW))) is is_ready
        waits = store.entry(key("b")).waits_for
        assert waits == (() if is_ready else (Waiting("a", key("a"), status),))
        if is_ready:
            assert store.claim(key("b"), "ada", NOW, LEASE).claim
        else:
            with pytest.raises(NotReadyError, match=rf"waits for a \({status}\)"):
                store.claim(key("b"), "ada", NOW, LEASE)

    def test_whoever_claims_what_can_never_begin_is_told_which_line_to_mend(
        self, store: WholeStore
    ) -> None:
        fill(
            store,
            task("self", depends_on=("self",), line=3),
            task("a", depends_on=("b",), line=5),
            task("b", depends_on=("c",), line=7),
            task("c", depends_on=("a",), line=9),
            task("lost", depends_on=("a", "nobody"), line=11),
        )
        path = store.entry(key("a")).task.path
        for name, told in (
            ("self", rf"self waits for itself, so it can never begin; .* at {path}:3, or"),
            (
                "b",
                rf"b waits for tasks-md:c waits for tasks-md:a waits for .*b, .* at {path}:7, or",
            ),
            ("lost", rf"nobody \(no task has that id\); .* mend the id that .* at {path}:11"),
        ):
            with pytest.raises(NotReadyError, match=told):
                store.claim(key(name), "ada", NOW, LEASE)

    def test_finishing_lets_those_begin_who_waited(self, store: WholeStore) -> None:
        fill(store, task("b", depends_on=("a", "c")), task("a"), task("c"))
        for name in ("a", "c"):
            assert names(store.ready(NOW))[0] == name
            store.claim(key(name), "ada", NOW, LEASE)
            store.finish(key(name), 1, Status.DONE, NOW)
        assert names(store.ready(NOW)) == ["b"]

    @pytest.mark.parametrize(("lenient", "is_ready"), [("TASKS.md", True), ("", False)])
    def test_an_id_that_nobody_has_counts_as_done_in_v1_only(
        self, store: WholeStore, lenient: str, is_ready: bool
    ) -> None:
        fill(store, task("b", depends_on=("nobody",)), lenient=lenient)
        assert bool(store.ready(NOW)) is is_ready
        assert store.edges() == [Edge(key("b"), "nobody", None, bool(lenient))]
        waits = store.entry(key("b")).waits_for
        assert waits == (() if is_ready else (Waiting("nobody", None, None),))
        if not is_ready:
            with pytest.raises(NotReadyError, match="no task has that id"):
                store.claim(key("b"), "ada", NOW, LEASE)

    def test_what_is_done_on_a_branch_alone_satisfies_unless_the_default_branch_has_to(
        self, store: WholeStore
    ) -> None:
        waits, done = task("b", depends_on=("a",)), task("a", status=Status.DONE, branch="one")
        fill(store, waits, done)
        assert names(store.ready(NOW)) == ["b"]
        fill(store, waits, done, strict=True)
        assert store.ready(NOW) == []
        assert store.claim_next("ada", NOW, LEASE) is None
        assert store.edges() == [Edge(key("b"), "a", key("a"), is_strict=True)]
        assert store.entry(key("b")).waits_for == (Waiting("a", key("a"), Status.DONE),)
        with pytest.raises(NotReadyError, match=r"a \(done, not yet on the default branch\)"):
            store.claim(key("b"), "ada", NOW, LEASE)
        fill(store, waits, done._replace(branch=""), strict=True)
        assert names(store.ready(NOW)) == ["b"]
        fill(store, waits, done, strict=True)
        assert store.ready(NOW) == []
        fill(store, waits, done)
        assert names(store.ready(NOW)) == ["b"]
        assert store.edges() == [Edge(key("b"), "a", key("a"))]

    @pytest.mark.parametrize("first", [True, False])
    def test_where_the_default_branch_has_to_say_so_the_database_alone_does_not_satisfy(
        self, store: WholeStore, *, first: bool
    ) -> None:
        tasks = task("b", depends_on=("a",)), task("a"), task("c", depends_on=("d",))
        fill(store, *tasks, task("d", status=Status.DONE, branch="one"), strict=first)
        fill(store, *tasks, task("d", status=Status.DONE), strict=True)
        assert names(store.ready(NOW)) == ["a", "c"]
        store.claim(key("a"), "ada", NOW, LEASE)
        store.finish(key("a"), 1, Status.DONE, NOW)
        assert names(store.ready(NOW)) == ["c"]
        last = store.last_event()
        done = task("a", status=Status.DONE, assignee="ada")
        fill(store, tasks[0], done, tasks[2], task("d", status=Status.DONE), strict=True)
        assert names(store.ready(NOW)) == ["b", "c"]
        # Whoever waits for tasks hears of it.
        assert ("task_updated", "a", {"fields": ["file_status"]}) in told(store, last)

    def test_a_task_in_no_file_satisfies_though_the_default_branch_has_to_say_so(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"), strict=True)
        for name, needs in (("x", ()), ("y", ("tasks-md:x",))):
            store.add(task(name, path="", depends_on=needs), NOW)
        assert Edge(key("y"), "tasks-md:x", key("x"), is_strict=True) in store.edges()
        assert "y" not in names(store.ready(NOW))
        store.claim(key("x"), "ada", NOW, LEASE)
        store.finish(key("x"), 1, Status.DONE, NOW)
        assert "y" in names(store.ready(NOW))

    def test_what_a_branch_alone_took_out_satisfies_once_the_default_branch_did(
        self, store: WholeStore
    ) -> None:
        waits = task("b", depends_on=("a",), position=1)
        fill(store, waits, task("a"), strict=True)
        removed = Version(5, "5")
        for layer, ready in (("one", []), ("", ["b"])):
            gone = {key("a"): Gone(Status.DONE, removed, layer)}
            fill(store, waits, strict=True, gone=gone)
            assert names(store.ready(NOW)) == ready

    def test_dependencies_follow_what_is_merged(self, store: WholeStore) -> None:
        fill(store, task("b", depends_on=("a",)))
        assert store.ready(NOW) == []
        fill(store, task("b", depends_on=("a",)), task("a", status=Status.DONE))
        assert names(store.ready(NOW)) == ["b"]
        fill(store, task("b", depends_on=("c",)), task("a", status=Status.DONE), task("c"))
        assert names(store.ready(NOW)) == ["c"]
        fill(store, task("b"), task("a", status=Status.DONE), task("c"))
        assert names(store.ready(NOW)) == ["b", "c"]
        assert store.edges() == []

    def test_a_task_that_vanished_blocks_and_is_told(self, store: WholeStore) -> None:
        fill(store, task("b", depends_on=("a",)), task("a"))
        files = store.files()
        store.merge(
            [task("b", depends_on=("a",), position=1)], {key("a"): Gone(Status.ORPHANED)}, files, 1
        )
        assert store.ready(NOW) == []
        assert store.entry(key("b")).waits_for == (Waiting("a", key("a"), Status.ORPHANED),)

    def test_a_name_means_the_task_of_its_own_file_first(self, store: WholeStore) -> None:
        def numbered(path: str, own: str, **fields: Any) -> Task:  # noqa: ANN401 - any field
            return task(f"{path}/{own}", path=path, number=own, **fields)

        fill(
            store,
            numbered("a.md", "1.1"),
            numbered("a.md", "1.2", depends_on=("1.1", "Task-1.1", "x", "c")),
            numbered("b.md", "1.1"),
            numbered("b.md", "1.3", depends_on=("1.2",)),
            task("x", path="c.md"),
            proposal("c"),
        )
        found = {(edge.task.name, edge.name): edge.needs for edge in store.edges()}
        assert found == {
            ("a.md/1.2", "1.1"): key("a.md/1.1"),
            ("a.md/1.2", "Task-1.1"): key("a.md/1.1"),
            ("a.md/1.2", "x"): key("x"),
            ("a.md/1.2", "c"): change("c"),
            ("b.md/1.3", "1.2"): None,
        }

    def test_what_a_task_of_another_file_blocks_waits_for_it(self, store: WholeStore) -> None:
        blocks = task("a", path="a.md", fields=(("Blocks", "b, c"),))
        others = (task("b", path="b.md"), proposal("c"))
        fill(store, blocks, *others)
        assert names(store.ready(NOW)) == ["a"]
        assert store.entry(key("b")).waits_for == (Waiting("tasks-md:a", key("a"), Status.TODO),)
        assert [edge.needs for edge in store.edges()] == [key("a"), key("a")]
        with pytest.raises(NotReadyError, match="waits for tasks-md:a"):
            store.claim(key("b"), "ada", NOW, LEASE)

        fill(store, blocks._replace(fields=(("blocks", "nobody, c"),)), *others)
        assert names(store.ready(NOW)) == ["a", "b"]

        fill(store, blocks, *others)
        assert names(store.ready(NOW)) == ["a"]
        claimed = store.claim(key("a"), "ada", NOW, LEASE)
        store.finish(key("a"), claimed.attempts, Status.DONE, NOW)
        assert names(store.ready(NOW)) == ["b"]

    def test_a_task_that_vanished_blocks_nobody_by_its_word(self, store: WholeStore) -> None:
        fill(store, task("a", path="a.md", fields=(("Blocks", "b"),)), task("b", path="b.md"))
        vanished = {key("a"): Gone(Status.ORPHANED)}
        store.merge([task("b", path="b.md", position=2)], vanished, store.files(), NOW)
        assert names(store.ready(NOW)) == ["b"]
        assert store.edges() == []

    def test_a_circle_is_never_ready_and_can_be_found(self, store: WholeStore) -> None:
        fill(
            store,
            task("a", depends_on=("b",)),
            task("b", depends_on=("a",)),
            task("self", depends_on=("self",)),
        )
        assert store.ready(NOW) == []
        waits: dict[TaskKey, list[TaskKey]] = {}
        for edge in store.edges():
            waits.setdefault(edge.task, []).extend([edge.needs] if edge.needs else [])
        assert cycles(waits) == [[key("a"), key("b")], [key("self")]]

    def test_a_task_that_a_file_holds_goes_on_by_another_key_with_its_claim(
        self, store: WholeStore
    ) -> None:
        fill(store, task("a"), task("b", depends_on=("new",)))
        claim = store.claim(key("a"), "ada", NOW, LEASE).claim
        new = task("new", title="Reworded", position=1)
        entry = store.rename(key("a"), new, NOW)
        assert (entry.claim, entry.task.status) == (claim, Status.IN_PROGRESS)
        fill(store, new, task("b", depends_on=("new",)))
        assert store.entry(key("new")) == entry._replace(task=entry.task._replace(title="Reworded"))
        assert [each.title for each in store.filed_tasks()] == ["Reworded", "Task b"]
        assert names(store.entries()) == ["new", "b"]
        assert store.finish(key("new"), 1, Status.DONE, NOW).claim is None
        assert names(store.ready(NOW)) == ["b"]

    # --- Taking back --------------------------------------------------------------------

    def test_claims_that_ran_out_are_taken_back_once(self, store: WholeStore) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.claim(key("b"), "bob", NOW, 2 * LEASE)
        assert store.reclaim(NOW + LEASE - 1) == []
        last = store.last_event()
        (entry,) = store.reclaim(NOW + LEASE)
        assert (entry.key, entry.claim, entry.attempts) == (key("a"), None, 1)
        assert (entry.task.status, entry.task.assignee) == (Status.TODO, "")
        assert store.reclaim(NOW + LEASE) == []
        data = {"agent": "ada", "token": 1, "old": "in_progress", "new": "todo", "why": "lease"}
        assert told(store, last) == [("reclaimed", "a", data)]

    def test_an_orchestrator_that_fell_silent_loses_its_claims_once(
        self, store: WholeStore
    ) -> None:
        fill(store, *(task(name) for name in "abc"))
        store.register("o1", NOW - 100, 2)
        store.register("o2", NOW)
        for name, orchestrator in (("a", "o1"), ("b", "o2"), ("c", "")):
            store.claim(key(name), name, NOW, LEASE, orchestrator)
        store.beat("o2", NOW + 40)
        assert store.reclaim(NOW + 60) == []
        last = store.last_event()
        assert names(store.reclaim(NOW + 61)) == ["a"]
        assert store.reclaim(NOW + 61) == []
        (event,) = told(store, last)
        assert (event[0], event[2]["why"]) == ("reclaimed", "o1")
        with pytest.raises(LostClaimError):
            store.finish(key("a"), 1, Status.DONE, NOW + 61)

    def test_claims_of_one_second_tell_once_that_their_orchestrator_is_alive(
        self, store: WholeStore
    ) -> None:
        fill(store, *(task(name) for name in "abc"))
        store.register("o1", NOW)
        beats = []
        for later in (5, 5.5, 7):
            store.claim_next("ada", NOW + later, LEASE, orchestrator="o1")
            beats += [each.last_heartbeat - NOW for each in store.orchestrators()]
        assert beats == [5, 5, 7]

    def test_orchestrators_are_known_by_what_they_said_last(self, store: WholeStore) -> None:
        fill(store, task("a"))
        store.register("o2", NOW, 3)
        store.register("o1", NOW)
        assert store.beat("o2", NOW + 20, 4) == Orchestrator("o2", NOW, NOW + 20, 4)
        store.beat("o2", NOW + 86400)
        store.beat("o2", NOW + 20)
        store.claim_next("ada", NOW + 30, LEASE, orchestrator="o1")
        store.extend(key("a"), 1, NOW, LEASE)
        store.release(key("a"), 1, NOW)
        store.claim_next("ada", NOW + 10, LEASE, orchestrator="o1")
        assert store.orchestrators() == [
            Orchestrator("o1", NOW, NOW + 30, 0),
            Orchestrator("o2", NOW, NOW + 20, 4),
        ]
        assert store.register("o2", NOW + 50) == Orchestrator("o2", NOW + 50, NOW + 50, 0)
        with pytest.raises(WorkError, match="Nobody registered an orchestrator o3"):
            store.beat("o3", NOW)
        with pytest.raises(WorkError, match="register it"):
            store.claim(key("a"), "bob", NOW + 1000, LEASE, "o3")

    # --- History ------------------------------------------------------------------------

    def test_the_history_of_a_task_is_its_own_events(self, store: WholeStore) -> None:
        fill(store, task("a"), task("b"))
        store.claim(key("a"), "ada", NOW, LEASE)
        store.claim(key("b"), "bob", NOW, LEASE)
        store.release(key("a"), 1, NOW + 1)
        assert [(event.kind, event.at) for event in store.history(key("a"))] == [
            ("task_created", NOW),
            ("claimed", NOW),
            ("released", NOW + 1),
        ]

    # --- Waiting ------------------------------------------------------------------------

    def test_whoever_waits_wakes_when_something_is_committed(self, store: WholeStore) -> None:
        fill(store, task("a"), task("b"))
        with closing(store.waiter()) as waiter, ThreadPoolExecutor() as others:
            assert not waiter.wait(0)
            acts: list[Callable[[], object]] = [
                lambda: store.claim_next("ada", NOW, LEASE),
                lambda: fill(store, task("a"), task("b"), task("c")),
                lambda: store.set_status(key("c"), Status.REVIEW, NOW, "bob"),
            ]
            for act in acts:
                waited = others.submit(waiter.wait, 60)
                act()
                assert waited.result(30)

    def test_what_was_committed_before_the_wait_ends_it_at_once(self, store: WholeStore) -> None:
        fill(store, task("a"))
        with closing(store.waiter()) as waiter:
            store.claim_next("ada", NOW, LEASE)
            store.release(key("a"), 1, NOW)
            assert waiter.wait(60)
            # Each of the two wakes once at most, the second maybe a moment later.
            assert not (waiter.wait(0.1) and waiter.wait(0.1))

    def test_all_who_wait_are_woken(self, store: WholeStore) -> None:
        fill(store, task("a"))
        with ExitStack() as stack, ThreadPoolExecutor(max_workers=8) as others:
            waiters = [stack.enter_context(closing(store.waiter())) for _ in range(8)]
            woken = [others.submit(each.wait, 60) for each in waiters]
            store.claim_next("ada", NOW, LEASE)
            assert all(each.result(30) for each in woken)

    def test_whoever_looks_after_each_wait_sees_every_event(self, store: WholeStore) -> None:
        fill(store, *(task(name) for name in "abcdefgh"))
        seen: list[str] = []
        after = store.last_event()
        with closing(store.waiter()) as waiter, ThreadPoolExecutor() as others:
            made = others.submit(next_names, store, 8)
            while len(seen) < 8:
                found = store.events(after)
                seen += [each.key.rpartition("/")[2] for each in found if each.kind == "claimed"]
                after = found[-1].id if found else after
                assert found or waiter.wait(30)
            assert sorted(seen) == sorted(
                f"{key(name)}".rpartition("/")[2] for name in made.result()
            )
