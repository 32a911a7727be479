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
    ],
)
def test_a_free_position_is_kept_and_a_taken_one_gives_way(
    wanted: float,
    taken: list[float],
    stored: float,
) -> None:
    assert place(wanted, taken) == Placement(stored)


@pytest.mark.parametrize(
    ("wanted", "taken", "placement"),
    [
        (1, [1, 1.125, 5], Placement(2 * GAP, (GAP, 3 * GAP, 4 * GAP))),
        (HIGHEST + 1, [7], Placement(2 * GAP, (GAP,))),
        (HIGHEST, [HIGHEST], Placement(2 * GAP, (GAP,))),
    ],
)
def test_all_are_renumbered_where_no_room_is_left(
    wanted: float,
    taken: list[float],
    placement: Placement,
) -> None:
    assert place(wanted, taken) == placement


def test_whole_numbers_are_written_without_a_fraction() -> None:
    assert str(place(65536, [65536, 131072]).position) == "98304"
