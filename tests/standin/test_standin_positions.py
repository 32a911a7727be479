"""Which position is stored when one is sent."""

from __future__ import annotations

import pytest

from kanban_sync.standin.positions import GAP, HIGHEST, Placement, place


@pytest.mark.parametrize(
    ("wanted", "taken", "stored"),
    [
        (65536, [], 65536),
        (1, [65536], 1),
        (70000, [65536, 131072], 70000),
        (65536, [65536], 65536 + GAP),
        (65536, [65536, 131072], 98304),
        (70000, [5, 70000, 98304], 84152),
        (0, [], GAP),
        (0, [65536], 32768),
        (0, [32768, 65536], 16384),
        (0.5, [65536], 0.5),
        (1, [1, 2], 1.5),
        (0.125, [], 0.125),
        (7.125, [7], 7.125),
        (HIGHEST, [], HIGHEST),
    ],
)
def test_a_free_position_is_kept_and_a_taken_one_gives_way(
    wanted: float,
    taken: list[float],
    stored: float,
) -> None:
    assert place(wanted, taken) == Placement(stored, tuple(taken))


@pytest.mark.parametrize(
    ("wanted", "taken", "placement"),
    [
        # A crowd is found backwards from the wanted place ...
        (1.05, [1, 50000], Placement(25000.5, (1, 50000))),
        (5.2, [5, 5.1], Placement(5 + 2 * GAP, (5, 5 + GAP))),
        (0.05, [], Placement(GAP, ())),
        (0.2, [0.1], Placement(2 * GAP, (GAP,))),
        # ... and moved apart forwards, as far as it must.
        (1, [1, 1.125, 5], Placement(1 + GAP, (1, 1 + 2 * GAP, 1 + 3 * GAP))),
        (1, [1.05], Placement(1, (1 + GAP,))),
        (1, [1.05, 2], Placement(1, (1.5, 2))),
        (1, [1.05, 2, 3], Placement(1, (1.5, 2, 3))),
        (1, [1.05, 1.1, 9], Placement(1, (1 + GAP, 1 + 2 * GAP, 1 + 3 * GAP))),
        # What is crowded elsewhere stays.
        (70000, [5, 5.05, 80000, 80000.05], Placement(70000, (5, 5.05, 80000, 80000.05))),
    ],
)
def test_siblings_move_only_where_they_leave_no_room(
    wanted: float,
    taken: list[float],
    placement: Placement,
) -> None:
    assert place(wanted, taken) == placement


@pytest.mark.parametrize(
    ("wanted", "taken", "placement"),
    [
        (HIGHEST + 1, [7], Placement(2 * GAP, (GAP,))),
        (HIGHEST - 4, [5, HIGHEST - 4], Placement(3 * GAP, (GAP, 2 * GAP))),
        (HIGHEST - 4, [HIGHEST - 4], Placement(2 * GAP, (GAP,))),
        (HIGHEST - 4, [HIGHEST - 4, HIGHEST - 3.9], Placement(2 * GAP, (GAP, 3 * GAP))),
    ],
)
def test_all_are_renumbered_where_no_room_is_left_below_the_highest(
    wanted: float,
    taken: list[float],
    placement: Placement,
) -> None:
    assert place(wanted, taken) == placement


def test_whole_numbers_are_written_without_a_fraction() -> None:
    assert str(place(65536, [65536, 131072]).position) == "98304"
