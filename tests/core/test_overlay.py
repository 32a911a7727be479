"""What layers say of single tasks, laid over what the base layer says."""

from __future__ import annotations

import pytest

from core.test_layers import PATH, commit, parse, walk
from kanban_sync.core.assemble import ReadFile
from kanban_sync.core.overlay import overlaid
from kanban_sync.core.sides import Former, Overlay, Side
from kanban_sync.core.units import TaskFile, Unit

SLOT = f"tasksmd:{PATH}"


Content = tuple[int, str]
"""What a file says from a time on; '' takes it away."""


def read(*contents: Content) -> ReadFile:
    """Return a file as it is at last."""
    before = ("", *(content for _, content in contents))
    steps = [
        commit(time, content, *filter(None, [old]))
        for (time, content), old in zip(contents, before, strict=False)
    ]
    file = TaskFile(PATH, before[-1], PATH)
    return ReadFile(file, parse(PATH, before[-1]), walk(*steps))


def side(*contents: Content) -> Side:
    its = read(*contents)
    return Side(Unit("tasksmd", "", "Tasks", PATH, (its.file,)), {SLOT: its})


def layer(name: str, fork: int, *contents: Content) -> Overlay:
    """Return a layer that forks off behind so many of its contents."""
    former = Former(PATH, {SLOT: read(*contents[:fork]).state})
    return Overlay(name, (former,), side(*contents))


def merged(base: Side, *layers: Overlay) -> dict[str, tuple[str, int, str]]:
    """Return status, its version's time, and the layer of each task, by its words."""
    state = overlaid(base, layers).files[SLOT].state
    return {
        task.traits.title: (task.status, task.status_version.time, task.branch)
        for task in state.tasks
    }


BEGUN = (1, "T1:a\nT2:b")
TICKED = "+T1:a\nT2:b"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ([], ("done", 3, "one")),
        ([(5, "T2:b"), (7, BEGUN[1])], ("done", 8, "one")),
        ([(5, ""), (7, BEGUN[1])], ("done", 8, "one")),
        ([(5, TICKED), (7, BEGUN[1])], ("todo", 7, "")),
        ([(5, "T1:a later\nT2:b"), (7, BEGUN[1])], ("done", 3, "one")),
    ],
    ids=["as it was", "line back", "file back", "ticked, and taken back", "words back"],
)
def test_a_tick_counts_where_the_base_layer_is_as_it_was_at_the_fork(
    base: list[Content], expected: tuple[str, int, str]
) -> None:
    found = merged(side(BEGUN, *base), layer("one", 1, BEGUN, (3, TICKED)))
    assert found["a"] == expected
    assert found["b"][0] == "todo"


def test_words_count_where_the_base_layer_took_back_its_own() -> None:
    reworded = (3, "T1:a now\nT2:b")
    base = side(BEGUN, (5, "T1:a later\nT2:b"), (7, BEGUN[1]))
    assert merged(base, layer("one", 1, BEGUN, reworded)).keys() == {"a now", "b"}


@pytest.mark.parametrize(
    ("time", "title", "version"), [(6, "a now", 8), (9, "a late", 9)], ids=["older", "newer"]
)
def test_of_layers_the_newest_counts_that_outweighs_the_base_layer(
    time: int, title: str, version: int
) -> None:
    """The base layer has other words than where ``late`` forks off, so the newer of both count."""
    ahead = (2, "T1:a then\nT2:b")
    base = side(BEGUN, ahead, (5, "T2:b"), (7, BEGUN[1]))
    late = layer("late", 2, BEGUN, ahead, (time, "T1:a late\nT2:b"))
    one = layer("one", 1, BEGUN, (3, "T1:a now\nT2:b"))
    for layers in ([late, one], [one, late]):
        (task, _) = overlaid(base, layers).files[SLOT].state.tasks
        assert (task.traits.title, task.text_version.time) == (title, version)
