"""Who is offered what: as tables, and as laws that hold for all who wait and all that is ready."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.assignment import Idle, Leader, Market, assign, led
from kanban_sync.core.model import TaskKey
from kanban_sync.core.order import ANY, Wanted

PYTHON, ONLY_DB = Wanted(prefers=frozenset({"python"})), Wanted(tags=frozenset({"db"}))
WISHES = (ANY, PYTHON, ONLY_DB)


def key(name: str) -> TaskKey:
    return TaskKey("p", "tasks", name)


def market(
    idle: list[Idle], ready: dict[Wanted, str], load: dict[str, tuple[int, int]] | None = None
) -> Market:
    return Market(idle, {each: [key(k) for k in keys] for each, keys in ready.items()}, load or {})


def said(found: Market) -> dict[str, str]:
    return {each.agent: each.key.name for each in assign(found)}


def test_the_first_task_is_for_who_has_waited_longest() -> None:
    idle = [Idle("late", since=2), Idle("early", since=1), Idle("last", since=3)]
    assert said(market(idle, {ANY: "ab"})) == {"early": "a", "late": "b"}


def test_each_agent_has_the_first_of_what_it_wants() -> None:
    idle = [Idle("any", since=1), Idle("python", PYTHON, since=2)]
    assert said(market(idle, {ANY: "abc", PYTHON: "cab"})) == {"any": "a", "python": "c"}


def test_who_takes_certain_tasks_only_chooses_before_those_who_take_any() -> None:
    idle = [Idle("any", since=1), Idle("db", ONLY_DB, since=2)]
    assert said(market(idle, {ANY: "ab", ONLY_DB: "a"})) == {"any": "b", "db": "a"}


@pytest.mark.parametrize(
    ("load", "first"),
    [
        ({"o1": (1, 4), "o2": (1, 8)}, "o2"),
        ({"o1": (1, 4), "o2": (4, 8)}, "o1"),
        ({"o1": (0, 4), "o2": (0, 8)}, "o1"),
        ({"o1": (1, 0), "o2": (1, 2)}, "o2"),
    ],
    ids=["fewer each", "more in all", "waits longest", "no agents told"],
)
def test_work_goes_where_there_is_least_for_each_agent(
    load: dict[str, tuple[int, int]], first: str
) -> None:
    idle = [Idle("x", ANY, "o1", 1), Idle("y", ANY, "o2", 2)]
    assert said(market(idle, {ANY: "a"}, load)) == {{"o1": "x", "o2": "y"}[first]: "a"}


def test_what_is_handed_out_counts_as_load_at_once() -> None:
    idle = [Idle(f"{o}{n}", ANY, o, n) for o in ("o1", "o2") for n in range(3)]
    found = said(market(idle, {ANY: "abc"}, {"o1": (0, 2), "o2": (0, 4)}))
    assert sorted(found) == ["o10", "o20", "o21"]


wishes = st.sampled_from(WISHES)
agents = st.lists(
    st.builds(
        Idle,
        st.sampled_from("abcdefgh"),
        wishes,
        st.sampled_from(["", "o1", "o2"]),
        st.integers(0, 3).map(float),
    ),
    unique_by=lambda each: each.agent,
)
lines = st.lists(st.integers(0, 9).map(lambda n: key(f"t{n}")), unique=True)
loads = st.dictionaries(
    st.sampled_from(["o1", "o2"]), st.tuples(st.integers(0, 5), st.integers(0, 5))
)


@given(agents, st.fixed_dictionaries(dict.fromkeys(WISHES, lines)), loads)
def test_nobody_has_two_no_task_goes_to_two_and_nobody_is_left_over_for_whom_there_is_one(
    idle: list[Idle], ready: dict[Wanted, list[TaskKey]], load: dict[str, tuple[int, int]]
) -> None:
    found = assign(Market(idle, ready, load))
    served = {each.agent: each.key for each in found}
    assert len(found) == len(served) == len(set(served.values()))
    for each in idle:
        wanted = ready[each.wanted]
        if each.agent in served:
            assert served[each.agent] in wanted
        else:
            assert set(wanted) <= set(served.values())


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 15)), max_size=30))
def test_nobody_leads_beside_another_and_each_new_leader_has_a_higher_token(
    asked: list[tuple[str, int]],
) -> None:
    found, now = Leader(), 0.0
    for monitor, later in asked:
        now += later
        before, found = found, led(found, monitor, now, 10)
        if before.leads(now) and monitor != before.monitor:
            assert found == before
        else:
            assert (found.monitor, found.expires) == (monitor, now + 10)
            assert found.token == before.token + (monitor != before.monitor)
