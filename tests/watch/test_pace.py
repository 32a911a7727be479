"""When the database is due and when the board: a table of small histories, and a law for any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.watch.pace import Due, Pace, Times

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 40
STEP = 0.1
NOTHING, DATABASE, BOTH = (
    Due(database=False, board=False),
    Due(database=True, board=False),
    Due(database=True, board=True),
)


def played(writes: Sequence[float], until: float = SECONDS, safety: float = 1e9) -> list[str]:
    """Let a file be written at moments, and return when what was done."""
    pace = Pace(Times(safety=safety), safety)
    done: list[str] = []
    moments = [round(each * STEP, 1) for each in range(round(until / STEP))]
    for now in moments:
        if now in writes:
            pace.touched(["a"], now)
        written = len([each for each in writes if each <= now])
        pace.looked({"a": (written,)}, now)
        due = pace.due(now)
        if due.database:
            pace.read(now)
            done.append(f"database {now:g}")
        if due.board:
            pace.told()
            done.append(f"board {now:g}")
    return done


@pytest.mark.parametrize(
    ("writes", "done"),
    [
        # Settled half a second after the last write; the board two seconds after it.
        ([1.0], ["database 1.5", "database 3", "board 3"]),
        ([1.0, 1.3], ["database 1.8", "database 3.3", "board 3.3"]),
        # Two changes that each settle are one for the board.
        ([1.0, 2.0], ["database 1.5", "database 2.5", "database 4", "board 4"]),
        # Whoever never stops is read after ten seconds all the same, and once more at the end.
        (
            [round(1 + each * 0.4, 1) for each in range(40)],
            [
                *("database 11", "board 11", "database 17.1"),
                *("database 18.6", "board 18.6"),
            ],
        ),
        ([], []),
    ],
)
def test_a_file_settles_before_it_is_read_and_the_board_waits_for_quiet(
    writes: list[float], done: list[str]
) -> None:
    assert played(writes) == done


def test_a_file_that_goes_on_keeps_others_waiting_for_a_moment_only() -> None:
    pace = Pace(Times(), 1e9)
    pace.touched(["a", "b"], 0.0)
    for tenth in range(20):
        now = tenth / 10
        pace.looked({"a": (1,), "b": (tenth,)}, now)
        if pace.due(now).database:
            assert (now, pace.unsettled(now)) == (1.0, ["b"])
            return
    pytest.fail("it was never due")


def test_without_any_change_all_is_looked_through_now_and_then() -> None:
    assert [each for each in played([], 150, 60) if "board" in each] == ["board 60", "board 120"]


def test_a_start_and_what_was_missed_are_due_at_once() -> None:
    pace = Pace(Times(), 5.0)
    assert (pace.due(5.0), pace.wait(5.0)) == (BOTH, 0.0)
    pace.read(5.0)
    pace.told()
    assert (pace.due(6.0), pace.wait(6.0)) == (NOTHING, 59.0)
    pace.missed(7.0)
    assert pace.due(7.0) == BOTH

    # What is missed while a pass goes on is not in it.
    pace.read(8.0)
    pace.missed(8.1)
    pace.told()
    assert pace.due(8.1) == BOTH


def test_what_failed_is_tried_again_after_growing_pauses_and_never_forgotten() -> None:
    pace = Pace(Times(), 0.0)
    now, tried = 0.0, list[float]()
    while len(tried) < 8:
        now += pace.wait(now)
        assert pace.due(now) == BOTH
        tried.append(now)
        pace.read_failed(now)
    assert tried == [0, 1, 3, 8, 23, 83, 143, 203]
    now += pace.wait(now)
    pace.read(now)
    pace.told()
    assert pace.due(now) == NOTHING


def test_a_board_that_is_away_keeps_nobody_from_the_database() -> None:
    pace = Pace(Times(), 0.0)
    pace.read(0.0)
    pace.told_failed(0.0)
    pace.touched(["a"], 0.1)
    pace.looked({"a": (1,)}, 0.1)
    pace.looked({"a": (1,)}, 0.6)
    assert pace.due(0.6) == DATABASE


def test_whoever_stood_still_finds_a_file_settled_only_where_it_is_as_it_was() -> None:
    pace = Pace(Times(), 1e9)
    for name in ("a", "b"):
        pace.touched([name], 0.0)
    pace.looked({"a": (1,), "b": (1,)}, 0.1)
    pace.looked({"a": (1,), "b": (2,)}, 9999.0)
    assert list(pace.waiting) == ["b"]


# What happens after a while: files are touched, written without a word, or a pass fails.
EVENTS = st.tuples(
    st.floats(0.0, 4.0),
    st.sampled_from(("touched", "touched", "written", "database fails", "board fails")),
    st.sampled_from("abc"),
)


@given(st.lists(EVENTS, max_size=25))
def test_nothing_seen_is_lost_and_the_board_hears_of_it_in_time(  # noqa: C901 - a world
    events: list[tuple[float, str, str]],
) -> None:
    times = Times(safety=1e6)
    pace = Pace(times, 1e6)
    now, at = 0.0, 0.0
    coming = list[tuple[float, str, str]]()
    for pause, what, name in events:
        at += pause
        coming.append((at, what, name))
    stamps = dict.fromkeys("abc", 0)
    in_database, on_board = dict(stamps), dict(stamps)
    seen: dict[str, float] = {}
    fails = {"database": 0, "board": 0}
    has_failed = False

    while coming or pace.untold is not None or pace.is_owed:
        step = min(pace.wait(now), coming[0][0] - now if coming else 1e9)
        now += max(step, 0.0)
        while coming and coming[0][0] <= now:
            _, what, name = coming.pop(0)
            part = what.partition(" ")[0]
            if part in fails:
                fails[part] += 1
                continue
            # What is written without a word is found in the next look, if anybody looks.
            if what == "touched" or name in pace.waiting:
                stamps[name] += 1
                pace.touched([name] if what == "touched" else [], now)
                seen.setdefault(name, now)
        pace.looked({name: (stamps[name],) for name in pace.waiting}, now)
        due = pace.due(now)
        if due.database and fails["database"]:
            fails["database"] -= 1
            has_failed = True
            pace.read_failed(now)
            continue
        if due.database:
            held = {name: in_database[name] for name in pace.unsettled(now)}
            in_database = stamps | held
            pace.read(now)
        if due.board and fails["board"]:
            fails["board"] -= 1
            has_failed = True
            pace.told_failed(now)
            continue
        if due.board:
            on_board = dict(in_database)
            pace.told()
            if not has_failed:
                assert all(now - each <= times.longest + 1e-6 for each in seen.values())
            seen = {name: seen[name] for name in seen if on_board[name] != stamps[name]}
        assert due.database or pace.wait(now) > 0
        assert now < 1000

    assert in_database == on_board == stamps
