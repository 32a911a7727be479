"""Keys and versions are functions of history."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.errors import MissingObjectError
from kanban_sync.core.following import WINDOW, follow
from kanban_sync.core.history import LogEntry, PathChange
from kanban_sync.core.model import UNKNOWN, Document, ParsedTask, Problem, Status, Version
from kanban_sync.core.moves import histories
from kanban_sync.core.slots import EMPTY, SlotChange, SlotState, past_status

PATH = "TASKS.md"


def parse(_path: str, blob: str) -> Document:
    """Read a content: one task a line, ``+`` ticked, ``T1:`` an id, ``>`` below the one before."""
    if blob.startswith("lost"):
        raise MissingObjectError(blob)
    if blob == "broken":
        return Document((), (Problem(PATH, 1, "broken", fatal=True),))
    tasks: list[ParsedTask] = []
    for text in blob.splitlines():
        status = Status.DONE if "+" in text else Status.TODO
        own, _, title = text.lstrip(">+").rpartition(":")
        number, _, rest = title.partition(" ")
        number = number if number[:1].isdigit() else ""
        task = ParsedTask(title, status, id=own, number=number)
        if text.startswith(">"):
            tasks[-1] = tasks[-1]._replace(children=(*tasks[-1].children, task))
        else:
            tasks.append(task)
        assert rest or not number
    return Document(tuple(tasks))


def commit(time: int, new: str, *old: str, name: str = "", path: str = PATH) -> SlotChange:
    return SlotChange(Version(time, name or f"c{time}"), old, new, path)


def walk(*changes: SlotChange, start: SlotState = EMPTY, end: str | None = None) -> SlotState:
    last = changes[-1].new if changes else start.blob
    final = SlotChange(UNKNOWN, (), last if end is None else end, PATH)
    return follow(start, changes, final, parse, lambda _document: False)


def keys(state: SlotState) -> list[str]:
    return [task.own for task in state.tasks]


def times(state: SlotState) -> list[tuple[int, int]]:
    return [(task.text_version.time, task.status_version.time) for task in state.tasks]


def test_a_new_file_gives_each_task_a_key_and_its_commit() -> None:
    state = walk(commit(5, "1.1 a\n1.2 b\nT1:c"))
    assert keys(state) == ["1.1", "1.2", "T1"]
    assert times(state) == [(5, 5)] * 3


def test_only_what_a_commit_changed_gets_its_version() -> None:
    before = "1.1 a\n1.2 b\n1.3 c"
    state = walk(commit(5, before), commit(6, "1.1 a\n+1.2 b\n1.3 c, too", before))
    assert times(state) == [(5, 5), (5, 6), (6, 5)]
    assert keys(state) == ["1.1", "1.2", "1.3"]


def test_a_tick_taken_off_again_is_newer_than_both() -> None:
    state = walk(commit(5, "1.1 a"), commit(6, "+1.1 a", "1.1 a"), commit(7, "1.1 a", "+1.1 a"))
    assert times(state) == [(5, 7)]


def test_reordering_gives_no_version() -> None:
    state = walk(commit(5, "1.1 a\n1.2 b"), commit(6, "1.2 b\n1.1 a", "1.1 a\n1.2 b"))
    assert keys(state) == ["1.2", "1.1"]
    assert times(state) == [(5, 5), (5, 5)]


def test_a_reworded_and_renumbered_task_keeps_its_key() -> None:
    reworded = "1.1 write the parser well"
    state = walk(
        commit(5, "1.1 write the parser"),
        commit(6, reworded, "1.1 write the parser"),
        commit(7, "2.7 write the parser well", reworded),
    )
    assert keys(state) == ["1.1"]


def test_a_commit_with_a_clock_behind_is_newer_than_what_it_changed() -> None:
    state = walk(commit(50, "1.1 a"), commit(6, "+1.1 a", "1.1 a"), commit(7, "1.1 a", "+1.1 a"))
    assert times(state) == [(50, 52)]


def test_two_tasks_alike_have_two_keys_for_ever() -> None:
    first = walk(commit(5, "same\nsame"))
    assert len(set(keys(first))) == 2
    state = walk(commit(5, "same\nsame"), commit(6, "same\n+same", "same\nsame"))
    assert keys(state) == keys(first)
    assert times(state) == [(5, 5), (5, 6)]


def test_the_number_of_a_removed_task_is_not_given_again() -> None:
    state = walk(
        commit(5, "1.1 a\n1.2 b"),
        commit(6, "1.1 a", "1.1 a\n1.2 b"),
        commit(7, "1.1 a\n1.2 quite different", "1.1 a"),
    )
    assert keys(state) == ["1.1", "1.2~2"]


def test_the_id_of_a_removed_task_is_the_same_task_when_it_comes_back() -> None:
    state = walk(
        commit(50, "T1:a\nT2:b"),
        commit(60, "T1:a", "T1:a\nT2:b"),
        commit(7, "T1:a\nT2:b", "T1:a"),
    )
    assert keys(state) == ["T1", "T2"]
    assert state.tasks[1].status_version == Version(61, "c7")
    assert state.shape_version == Version(60, "c60")


def test_a_task_that_comes_back_is_newer_than_it_ever_was_whatever_the_clocks_say() -> None:
    state = walk(
        commit(50, "T1:a\nT2:b"),
        commit(6, "T1:a", "T1:a\nT2:b"),
        commit(7, "T1:a\nT2:b", "T1:a"),
    )
    assert state.shape_version == Version(51, "c6")
    assert state.tasks[1].status_version == Version(52, "c7")


def test_an_id_that_is_given_twice_is_two_tasks() -> None:
    assert keys(walk(commit(5, "T1:a\nT1:b"))) == ["T1", "T1~2"]


def test_tasks_below_know_whose_they_are() -> None:
    state = walk(commit(5, "1.1 a\n>1.2 b\n1.3 c"))
    assert [(task.own, task.above) for task in state.tasks] == [
        ("1.1", ""),
        ("1.2", "1.1"),
        ("1.3", ""),
    ]


def test_a_removed_task_and_a_moved_file_are_told_by_the_shape() -> None:
    assert walk(commit(5, "1.1 a\n1.2 b")).shape_version.time == 5
    removed = walk(commit(5, "1.1 a\n1.2 b"), commit(6, "1.1 a", "1.1 a\n1.2 b"))
    assert removed.shape_version.time == 6
    added = walk(commit(5, "1.1 a"), commit(6, "1.1 a\n1.2 b", "1.1 a"))
    assert added.shape_version.time == 5
    moved = walk(commit(5, "1.1 a", path="old"), commit(6, "1.1 a", "1.1 a"))
    assert moved.shape_version.time == 6
    assert times(moved) == [(5, 5)]


def test_a_file_that_cannot_be_read_keeps_its_last_good_state() -> None:
    good = walk(commit(5, "1.1 a"))
    broken = walk(commit(5, "1.1 a"), commit(6, "broken", "1.1 a"))
    assert broken == replace(good, blob="broken", made=6, good="1.1 a")
    mended = walk(commit(5, "1.1 a"), commit(6, "broken", "1.1 a"), commit(7, "+1.1 a", "broken"))
    assert (keys(mended), times(mended)) == (["1.1"], [(5, 7)])


def test_where_a_file_has_lain_is_known_with_when_it_was_put_there_last() -> None:
    made, archived, back = commit(5, "a", path="x"), commit(60, "a", "a"), commit(7, "a", "a")
    back = replace(back, path="x", at=((PATH, 0),))
    archived = replace(archived, at=(("x", 0),))
    state = follow(EMPTY, (made, archived, back), None, parse, lambda _document: False)
    assert dict(state.places) == {PATH: 60, "x": 61}
    assert state.places_since(walk(made)) == {PATH, "x"}
    assert state.places_since(walk(made, archived)) == {"x"}


# --- merges ---------------------------------------------------------------------------------------

BASE = "1.1 a\n1.2 b"


def test_a_merge_keeps_the_versions_of_both_sides() -> None:
    state = walk(
        commit(5, BASE),
        commit(6, "+1.1 a\n1.2 b", BASE),
        commit(7, "1.1 a\n+1.2 b", BASE),
        commit(8, "+1.1 a\n+1.2 b", "+1.1 a\n1.2 b", "1.1 a\n+1.2 b"),
    )
    assert times(state) == [(5, 6), (5, 7)]


def test_of_two_sides_that_did_the_same_the_newer_counts() -> None:
    ticked = "+1.1 a\n1.2 b"
    state = walk(
        commit(5, BASE),
        commit(6, ticked, BASE),
        commit(9, "+1.1 a\n1.2 b\n1.3 c", BASE),
        commit(10, "+1.1 a\n1.2 b\n1.3 c\n1.4 d", ticked, "+1.1 a\n1.2 b\n1.3 c"),
    )
    assert times(state)[0] == (5, 9)


def test_a_merge_that_takes_the_older_of_two_values_is_newer_than_the_other() -> None:
    ticked, reworded = "+1.1 write it", "1.1 write it well"
    state = walk(
        commit(5, "1.1 write it"),
        commit(6, ticked, "1.1 write it"),
        commit(9, reworded, "1.1 write it"),
        commit(8, ticked, ticked, reworded),
    )
    assert times(state) == [(10, 6)]


def test_a_merge_that_decides_otherwise_is_newer_than_both() -> None:
    state = walk(
        commit(5, "1.1 write it"),
        commit(60, "1.1 write it now", "1.1 write it"),
        commit(70, "1.1 write it soon", "1.1 write it"),
        commit(8, "1.1 write it well", "1.1 write it now", "1.1 write it soon"),
    )
    assert times(state) == [(71, 5)]


def test_a_file_that_comes_back_says_all_anew_under_the_old_names() -> None:
    first = commit(1, "T1:a\nb")
    back = commit(3, "T1:a\nb")
    whole = walk(first, commit(2, "", first.new), back)
    assert keys(whole) == keys(walk(first))
    assert times(whole) == [(3, 3), (3, 3)]
    assert whole.shape_version.time == back.version.time
    gone = follow(EMPTY, (first, commit(2, "", first.new)), None, parse, lambda _document: False)
    assert gone.is_gone
    assert walk(back, start=gone) == whole


@pytest.mark.parametrize("times_of", [(9, 2, 3), (9, 9, 9)])
def test_a_file_that_comes_back_is_newer_than_it_ever_was(times_of: tuple[int, int, int]) -> None:
    made, deleted, returned = times_of
    state = walk(commit(made, "a"), commit(deleted, "", "a"), commit(returned, "a"))
    assert times(state) == [(11, 11)]


def test_a_value_that_a_task_has_had_since_is_known_however_often_it_had_it_before() -> None:
    ticks = [
        commit(time, "+a" if time % 2 else "a", "a" if time % 2 else "+a") for time in range(1, 201)
    ]
    fork = walk(commit(0, "a"), *ticks[:-2])
    (own,) = keys(fork)
    now = walk(commit(0, "a"), *ticks)
    assert now.since(own, fork.past[own]) == {past_status("todo"), past_status("done")}
    assert not now.since(own, now.past[own])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["a\nb\n+c"], set()),
        (["+a\nb", "a\nb"], {past_status("todo"), past_status("done")}),
    ],
    ids=["left as it was", "ticked and taken back"],
)
def test_a_merged_line_says_of_a_task_only_what_it_changed(line: list[str], said: set[str]) -> None:
    fork = walk(commit(0, "a\nb"), commit(1, "+a\nb", "a\nb"))
    before = ["a\nb", *line]
    changes = [
        commit(time, new, old) for time, (old, new) in enumerate(itertools.pairwise(before), 2)
    ]
    end = f"+{line[-1]}"
    merge = commit(9, end, "+a\nb", line[-1])
    now = walk(commit(0, "a\nb"), commit(1, "+a\nb", "a\nb"), *changes, merge)
    own = keys(fork)[0]
    assert now.since(own, fork.past[own]) == said


def test_what_a_task_said_before_it_was_taken_out_is_past() -> None:
    state = walk(commit(1, "a\nb"), commit(2, "+a\nb", "a\nb"), commit(3, "b", "+a\nb"))
    own = next(iter(state.removed))
    assert {past_status("todo"), past_status("done")} <= state.since(own, {})


def test_a_line_of_history_without_the_deletion_goes_on_from_what_was_there() -> None:
    state = walk(commit(1, "a\nb"), commit(2, "", "a\nb"), commit(3, "+a\nb", "a\nb"))
    assert times(state) == [(1, 3), (1, 1)]


@pytest.mark.parametrize("merged", ["1.3 foo\n1.4 bar", "1.4 bar\n1.3 foo"])
def test_in_a_merge_the_keys_of_the_first_side_stay(merged: str) -> None:
    """Both sides gave the key 1.3; which line stands first in the merge does not matter."""
    foo, bar = f"{BASE}\n1.3 foo", f"{BASE}\n1.3 bar"
    state = walk(
        commit(5, BASE),
        commit(6, foo, BASE),
        commit(7, bar, BASE),
        commit(8, f"{BASE}\n{merged}", foo, bar),
    )
    by_title = {task.traits.title: task.own for task in state.tasks}
    assert by_title["1.3 foo"] == "1.3"
    assert by_title["1.4 bar"] == "1.4"


# --- histories that were cut ----------------------------------------------------------------------


def test_what_was_last_changed_before_the_cut_has_an_unknown_version() -> None:
    before = "1.1 a\n1.2 b"
    state = walk(commit(6, "1.1 a\n+1.2 b", before))
    assert keys(state) == ["1.1", "1.2"]
    assert [task.status_version for task in state.tasks] == [UNKNOWN, Version(6, "c6")]
    assert {task.text_version for task in state.tasks} == {UNKNOWN}


def test_a_content_that_the_history_does_not_lead_to_has_an_unknown_version() -> None:
    state = walk(end="1.1 a")
    assert [task.text_version for task in state.tasks] == [UNKNOWN]
    state = walk(commit(5, "1.1 a\n1.2 b"), end="1.1 a\n+1.2 b")
    assert [task.status_version for task in state.tasks] == [Version(5, "c5"), UNKNOWN]


def test_at_and_below_a_content_that_is_not_there_versions_are_unknown() -> None:
    state = walk(
        commit(5, "lost 1"),
        commit(6, "1.1 a", "lost 1"),
        commit(7, "lost 2", "1.1 a"),
        commit(8, "1.1 a\n1.2 b", "lost 2"),
        commit(9, "1.1 a\n+1.2 b", "1.1 a\n1.2 b"),
    )
    assert times(state) == [(0, 0), (0, 9)]
    assert keys(state) == ["1.1", "1.2"]


def test_what_was_known_before_a_content_that_is_not_there_stays_known() -> None:
    start = walk(commit(5, "1.1 a\n1.2 b"))
    state = walk(commit(6, "lost", "1.1 a\n1.2 b"), commit(7, "1.1 a\n+1.2 b", "lost"), start=start)
    assert times(state) == [(5, 5), (5, 7)]


def test_a_content_before_the_window_that_is_not_there_is_no_obstacle() -> None:
    assert times(walk(commit(6, "1.1 a", "lost"))) == [(0, 0)]


def test_a_last_content_that_is_not_there_is_an_error() -> None:
    with pytest.raises(MissingObjectError):
        walk(commit(5, "1.1 a"), commit(6, "lost", "1.1 a"))


def test_of_a_long_history_only_the_newest_part_is_read() -> None:
    contents = [f"1.1 a\n1.2 b {number}" for number in range(WINDOW + 50)]
    changes = [
        commit(number + 1, new, *contents[max(0, number - 1) : number])
        for number, new in enumerate(contents)
    ]
    state = walk(*changes)
    assert state.tasks[0].text_version == UNKNOWN
    assert state.tasks[1].text_version.time == len(contents)


# --- laws -----------------------------------------------------------------------------------------

CONTENTS = st.lists(
    st.sampled_from(["1.1 write it", "+1.1 write it", "1.2 write it", "same", "T1:a", "+T1:b"]),
    max_size=5,
).map("\n".join)


@dataclass
class History:
    changes: list[SlotChange] = field(default_factory=list)

    def add(self, time: int, new: str) -> None:
        old = self.changes[-1].new if self.changes else ""
        if new != old:
            self.changes.append(commit(time, new, *([old] if self.changes else [])))


@given(st.lists(st.tuples(st.integers(1, 9), CONTENTS), min_size=1, max_size=8), st.data())
def test_a_walk_in_parts_is_the_walk_in_one(
    steps: list[tuple[int, str]], data: st.DataObject
) -> None:
    history = History()
    for number, (time, content) in enumerate(steps):
        history.add(time, f"{content}\nn{number}")
    whole = walk(*history.changes)
    cut = data.draw(st.integers(1, len(history.changes)))
    start = walk(*history.changes[:cut])
    assert walk(*history.changes[cut:], start=start) == whole


@given(st.lists(st.tuples(st.integers(1, 9), CONTENTS), min_size=1, max_size=8))
def test_keys_are_unique_and_versions_never_go_back(steps: list[tuple[int, str]]) -> None:
    history = History()
    state = EMPTY
    for time, content in steps:
        history.add(time, content or "none")
        former, state = state, walk(*history.changes)
        assert len(set(keys(state))) == len(state.tasks)
        before = {task.own: task for task in former.tasks}
        for task in state.tasks:
            if task.own in before:
                assert task.text_version >= before[task.own].text_version
                assert task.status_version >= before[task.own].status_version
                if task.status != before[task.own].status:
                    assert task.status_version.time > before[task.own].status_version.time


# --- logs -----------------------------------------------------------------------------------------


def test_a_log_is_sorted_by_slot_and_a_move_is_one_change() -> None:
    log = [
        LogEntry("c" * 40, 5, (PathChange("a/TASKS.md", (), "b1"), PathChange("x", (), "b9"))),
        LogEntry(
            "d" * 40,
            6,
            (PathChange("a/TASKS.md", ("b1",), ""), PathChange("b/TASKS.md", ("",), "b2")),
        ),
        LogEntry("e" * 40, 7, (PathChange("b/TASKS.md", ("b2",), ""),)),
    ]
    found = histories(log, lambda path: "slot" if path.endswith("TASKS.md") else None, None)
    assert found.changes == {
        "slot": [
            SlotChange(Version(5, "c" * 12), (), "b1", "a/TASKS.md"),
            SlotChange(Version(6, "d" * 12), ("b1",), "b2", "b/TASKS.md", at=(("a/TASKS.md", 0),)),
            SlotChange(Version(7, "e" * 12), ("b2",), "", "", at=(("b/TASKS.md", 0),)),
        ]
    }
