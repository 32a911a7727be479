"""Which task is meant by an id that its key does not tell."""

from __future__ import annotations

import pytest

from kanban_sync.agents.meant import key_meant
from kanban_sync.core.errors import UnknownTaskError, WorkError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.work import Entry
from kanban_sync.stores.memory import MemoryStore


def entry(name: str, number: str = "") -> Entry:
    return Entry(Task(TaskKey("p", "tasks-md", name), name, Status.TODO, number=number))


def meant(text: str, *every: Entry) -> str:
    return key_meant(text, every, MemoryStore("p"), None).name


def test_an_id_that_a_file_has_now_counts_as_one_that_a_key_tells() -> None:
    first, second = entry("al", "alx"), entry("bo", "al")
    assert meant("alx", first, second) == "al"
    assert meant("al", second) == "bo"
    with pytest.raises(
        WorkError, match=r"al stands for several tasks: tasks-md:al \(al\), tas.*bo"
    ):
        meant("al", first, second)


def test_an_id_that_two_files_have_now_is_refused() -> None:
    with pytest.raises(
        WorkError, match=r"alx stands for several tasks: tasks-md:al \(al\), tas.*bo"
    ):
        meant("alx", entry("al", "alx"), entry("bo", "alx"))


def test_an_id_that_is_spelt_alike_names_its_task() -> None:
    with pytest.raises(UnknownTaskError, match="did you mean tasks-md:bo"):
        meant("turn-kes", entry("bo", "turn-keys"))


def test_a_number_is_no_id() -> None:
    with pytest.raises(UnknownTaskError):
        meant("1", entry("al", "1"))
