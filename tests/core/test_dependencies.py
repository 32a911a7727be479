"""Circles of dependencies: each knot is found once, whatever its size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.dependencies import Named, cycles, edges, names_of_number
from kanban_sync.core.model import TaskKey


@pytest.mark.parametrize(
    ("waits_for", "found"),
    [
        ({}, []),
        ({"a": "b", "b": ""}, []),
        ({"a": "b"}, []),
        ({"a": "a"}, ["a"]),
        ({"a": "b", "b": "a"}, ["ab"]),
        ({"b": "a", "a": "b"}, ["ba"]),
        ({"a": "bc", "b": "c", "c": "d", "d": ""}, []),
        ({"a": "b", "b": "c", "c": "b"}, ["bc"]),
        ({"a": "bc", "b": "d", "c": "a", "d": "a"}, ["ac"]),
        ({"a": "b", "b": "a", "c": "d", "d": "c", "e": "ac"}, ["ab", "cd"]),
    ],
)
def test_circles_are_found(waits_for: dict[str, str], found: list[str]) -> None:
    assert ["".join(circle) for circle in cycles(waits_for)] == found


def test_a_long_chain_is_no_matter_of_depth() -> None:
    chain = {number: [number + 1] for number in range(100_000)}
    assert cycles(chain) == []
    chain[99_999] = [0]
    assert [len(circle) for circle in cycles(chain)] == [100_000]


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3)))
def test_a_name_is_in_a_knot_if_it_waits_for_itself_at_the_end(
    waits_for: dict[str, list[str]],
) -> None:
    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for other in waits_for.get(waiting.pop(), []):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return seen

    knots = {
        frozenset(other for other in waits_for if other in reached(name) and name in reached(other))
        for name in waits_for
        if name in reached(name)
    }
    found = cycles(waits_for)
    assert len(found) == len(knots)
    for circle in found:
        assert sum(set(circle) <= knot for knot in knots) == 1
        following = [*circle[1:], circle[0]]
        assert all(other in waits_for[name] for name, other in zip(circle, following, strict=True))


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("1.2", ("1.2", "Task-1.2")),
        ("Task-1", ("1", "Task-1")),
        ("Story-2", ("Story-2",)),
        ("T-1", ()),
        ("buy", ()),
        ("", ()),
    ],
)
def test_a_task_is_called_by_its_number_with_a_word_in_front_or_without(
    number: str, names: tuple[str, ...]
) -> None:
    assert names_of_number(number) == names


def test_an_id_that_the_key_does_not_tell_is_found_in_every_file() -> None:
    moved = Named(TaskKey("p", "s", "a.md/0f71"), "b.md", "buy")
    waits = Named(TaskKey("p", "s", "pay"), "c.md", "", ("buy",))
    assert [edge.needs for edge in edges([moved, waits], ())] == [moved.key]


def test_what_others_say_they_block_waits_for_each_of_them_once() -> None:
    def named(name: str, path: str = "", blocks: tuple[str, ...] = ()) -> Named:
        return Named(TaskKey("p", "s", name), path or f"{name}.md", blocks=blocks)

    waits = named("x")._replace(depends_on=("a", "gone"))
    tasks = [
        waits,
        named("a", blocks=("x", "x", "nobody")),
        named("b", blocks=("x",)),
        named("deep/b", path="deep", blocks=("x",)),
        named("left", blocks=("x",))._replace(is_orphaned=True),
    ]
    found = [(edge.name, edge.needs and edge.needs.name) for edge in edges(tasks, ())]
    assert found == [("a", "a"), ("gone", None), ("s:b", "b"), ("s:deep/b", "deep/b")]


@pytest.mark.parametrize("name", ["services/api/add-x", "add-x"])
def test_a_change_of_a_root_below_the_top_is_found_by_its_id_alone(name: str) -> None:
    change = Named(TaskKey("p", "openspec", "services/api/add-x"), "services/api/openspec")
    waits = Named(TaskKey("p", "s", "a"), "a.md", depends_on=(name,))
    blocks = Named(TaskKey("p", "s", "b"), "b.md", blocks=(name,))
    assert [edge.needs for edge in edges([waits, change, blocks], ())] == [change.key, blocks.key]
