"""Whose word about a task counts: each row of the table, and what is known of each task."""

from __future__ import annotations

import pytest

from kanban_sync.core.clones import Voice, hear, record_of, voice_of
from kanban_sync.core.identity import Traits
from kanban_sync.core.merge import Filed, Kept
from kanban_sync.core.model import UNKNOWN, Status, Task, TaskKey, Version
from kanban_sync.core.ports import FilesState
from kanban_sync.core.slots import KeyedTask, SlotState

FILE = ("tasks-md", "TASKS.md")
ME = ("tasks-md", "a")
V2, V3, V4, V5, V9 = (Version(time, f"c{time}") for time in (2, 3, 4, 5, 9))


def task(text: Version, status: Version, word: str = "") -> Task:
    """A task whose title and status tell of which version they are."""
    return Task(
        TaskKey("p", *ME),
        f"title {text.time}{word}",
        Status.DONE if status.time % 2 else Status.TODO,
        f"{status.time}{word}",
        path=FILE[1],
        line=text.time,
        text_version=text,
        status_version=status,
    )


def kept(there: Task) -> Kept:
    return Kept(there, Filed(there.status, there.word, there.assignee, there.status_version))


def voice(*said: Version, moved: bool) -> Voice:
    return Voice({ME: frozenset(said)}, frozenset() if moved else frozenset({FILE}))


@pytest.mark.parametrize("part", ["text", "status"])
@pytest.mark.parametrize(
    ("mine", "said", "moved", "counts"),
    [
        # Newer than what is there, which is of version 3.
        (V4, (), True, True),
        (V4, (), False, True),
        (V4, (V3,), True, True),
        (V4, (V3,), False, True),
        # Older.
        (V2, (), True, False),
        (V2, (), False, False),
        (V2, (V2,), True, False),
        (V2, (V3,), True, True),
        (V2, (V3,), False, False),
        # The same version, with other content.
        (V3, (), True, False),
        (V3, (), False, False),
        (V3, (V3,), True, True),
        (V3, (V3,), False, False),
        # A commit that nobody knows the age of.
        (UNKNOWN, (), True, False),
        (UNKNOWN, (V3,), True, True),
    ],
)
def test_a_part_counts_if_it_is_newer_or_takes_back_our_own_last_word(
    part: str, mine: Version, said: tuple[Version, ...], moved: bool, counts: bool
) -> None:
    there = task(V3, V3)
    text, status = (mine, V9) if part == "text" else (V9, mine)
    # The other part is older than what is there of it, and never was ours.
    there = there._replace(
        text_version=V3 if part == "text" else Version(20, "c20"),
        status_version=V3 if part == "status" else Version(20, "c20"),
    )
    own = task(text, status, "!")
    heard = hear(voice(*said, moved=moved), kept(there), own)
    if counts:
        assert heard is not None
        told = heard.task.title if part == "text" else heard.task.word
        assert told == (own.title if part == "text" else own.word)
        assert heard.has_status == (part == "status")
    else:
        assert heard is None or heard.task._replace(line=there.line) == there


@pytest.mark.parametrize(
    ("mine", "said", "moved", "counts"),
    [
        pytest.param(UNKNOWN, (), True, False, id="never assigned here"),
        pytest.param(V2, (V2,), True, False, id="assigned here before"),
        pytest.param(V4, (), True, True, id="assigned here since"),
        pytest.param(UNKNOWN, (V3,), True, True, id="our own word, taken back"),
        pytest.param(V2, (V3,), False, False, id="our own word, and its file is as then"),
    ],
)
@pytest.mark.parametrize("words", [V2, V9], ids=["older words", "newer words"])
@pytest.mark.parametrize("agent", ["bob", "someone with a claim"])
def test_an_assignee_counts_by_its_own_version_whatever_the_words_have(
    mine: Version,
    said: tuple[Version, ...],
    moved: bool,
    counts: bool,
    words: Version,
    agent: str,
) -> None:
    there = task(V3, V3)._replace(assignee="bob", assignee_version=V3)
    there = there._replace(text_version=V5, status_version=V5)
    own = task(words, V2)._replace(assignee="eve", assignee_version=mine)
    its = Kept(there._replace(assignee=agent), kept(there).filed)
    heard = hear(voice(*said, moved=moved), its, own)
    told = there if heard is None else heard.task
    expected = own if counts else there
    assert (told.assignee, told.assignee_version) == (expected.assignee, expected.assignee_version)
    assert told.title == (own if words == V9 else there).title


@pytest.mark.parametrize(
    ("text", "moved", "line"), [(V3, True, 7), (V3, False, 1), (V2, True, 1), (V4, False, 7)]
)
def test_a_place_is_told_with_newer_words_or_by_whoever_moved_last(
    text: Version, moved: bool, line: int
) -> None:
    there = task(V3, V3)._replace(line=1)
    heard = hear(voice(moved=moved), kept(there), task(text, V3)._replace(line=7))
    assert (heard.task if heard else there).line == line


def test_a_task_that_no_file_has_held_is_taken_as_a_file_has_it() -> None:
    own = task(UNKNOWN, UNKNOWN)
    heard = hear(voice(moved=False), Kept(task(V9, V9), None), own)
    assert heard is not None
    assert heard.task == own


@pytest.mark.parametrize(
    ("text", "status", "said", "comes_back"),
    [
        (V4, V2, (), True),
        (V2, V4, (), True),
        (V3, V3, (), False),
        (V2, V2, (), False),
        (V2, V2, (V3,), True),
    ],
)
def test_one_that_is_gone_comes_back_whole_or_not_at_all(
    text: Version, status: Version, said: tuple[Version, ...], comes_back: bool
) -> None:
    gone = Kept(task(V2, V2)._replace(status=Status.ORPHANED), Filed(Status.ORPHANED, version=V3))
    own = task(text, status)
    heard = hear(voice(*said, moved=True), gone, own)
    assert (heard is not None and heard.task == own and heard.has_status) == comes_back


@pytest.mark.parametrize(
    ("version", "said", "counts"),
    [
        (V4, (), True),
        (V3, (), False),
        (UNKNOWN, (), False),
        (UNKNOWN, (V3,), True),
        (V2, (V2,), False),
    ],
)
def test_a_task_is_gone_if_that_is_newer_or_was_the_last_word(
    version: Version, said: tuple[Version, ...], counts: bool
) -> None:
    assert voice(*said, moved=True).counts_gone(kept(task(V2, V3)), version) == counts


# --- What is known of each task ------------------------------------------------------------


def keyed(own: str, version: Version, above: str = "") -> KeyedTask:
    return KeyedTask(own, above, Traits("", "", "", own), "todo", "", version, V2)


def slots() -> dict[str, SlotState]:
    return {
        "tasks-md:TASKS.md": SlotState(
            "b1",
            "TASKS.md",
            (keyed("a", V3), keyed("b", V4, above="a"), keyed("id-1", V5)),
            prefixes={"id-1": ""},
            removed={"c": V9},
        ),
        "tasks-md:=TASKS.md": SlotState("h1", "TASKS.md"),
        "tasks-md:old.md": SlotState("b2", "", (keyed("gone", V3),)),
        "openspec:=add-x": SlotState("h2", "openspec/changes/archive/2026-01-01-add-x"),
        "openspec:openspec/changes/add-x/tasks.md": SlotState(
            "b3",
            "openspec/changes/archive/2026-01-01-add-x/tasks.md",
            (keyed("1.1", V3),),
            shape_version=V9,
        ),
    }


def test_the_states_of_slots_tell_which_tasks_are_held_with_their_versions() -> None:
    record = record_of(slots())
    plain = {name for source, name in record.held if source == "tasks-md"}
    assert plain >= {"TASKS.md/a", "TASKS.md/a#b", "id-1"}
    assert not plain & {"old.md/gone", "/gone", "TASKS.md/c"}
    assert {name for source, name in record.held if source == "openspec"} == {
        "add-x",
        "add-x#1.1",
    }
    assert record.versions["tasks-md", "TASKS.md/a#b"] == {V4, V2}
    assert record.versions["tasks-md", "TASKS.md/c"] == {V9}
    assert record.versions["tasks-md", "old.md/gone"] == {V3, V2}
    assert record.versions["openspec", "add-x"] == {V9, V3, V2}


def test_a_removal_below_another_task_is_known_by_its_own_key() -> None:
    own = voice_of(FilesState(slots=slots()), FilesState())
    assert own.has_said(TaskKey("p", "tasks-md", "TASKS.md/a#c"), V9)
    assert not own.has_said(TaskKey("p", "tasks-md", "TASKS.md/a#d"), V9)


def test_a_file_is_another_one_if_its_state_or_its_units_is() -> None:
    now = slots()
    now["tasks-md:TASKS.md"] = SlotState("b9", "TASKS.md")
    own = voice_of(FilesState(slots=slots()), FilesState(slots=now))
    change = Task(TaskKey("p", "openspec", "add-x"), "", Status.TODO)
    folder = "openspec/changes/archive/2026-01-01-add-x"
    moved = [
        own.moved(task(V2, V2)),
        own.moved(change._replace(path=folder)),
        own.moved(change._replace(path=f"{folder}/tasks.md")),
        own.moved(change._replace(path="new.md")),
    ]
    assert moved == [True, False, False, True]
