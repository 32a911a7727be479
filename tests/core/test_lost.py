"""What may still come of lost requests is remembered for a while, and each of it once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.made import base_of, card, key, shown
from kanban_sync.core.board import Lost, Said
from kanban_sync.core.lost import LATEST, hash_of, is_late, of_line, without_expired
from kanban_sync.core.operations import Create, Update
from kanban_sync.core.precedence import stamp_made
from kanban_sync.core.sayings import about_to_say, ended

NOW = 1_800_000_000.0
MORE = card(Build=("one", "two"))
LINE = of_line("Build", "two")


def writing(base: Said | None, now: float) -> Said:
    update = Update(MORE, shown(card(Build=("one",))), (), None, "mark", {}, "changed")
    return about_to_say(update, base, now)


def test_what_was_asked_for_again_and_again_may_come_once_since_it_was_asked_last() -> None:
    base = base_of(card(Build=("one",)))
    for number in range(4):
        base = writing(base, NOW + number)
    assert base.lost == (Lost(LINE, NOW + 2),)


def test_what_is_known_to_be_over_leaves_nothing() -> None:
    begun = writing(base_of(card(Build=("one",))), NOW)
    assert begun.asked == NOW
    assert writing(ended(begun), NOW + 1).lost == ()
    create = Create(card(), 1.0, stamp_made(card(), "mark"), "new")
    made = about_to_say(create, None, NOW)
    assert about_to_say(create, ended(made), NOW + 1).lost == ()
    assert [each.hash for each in about_to_say(create, made, NOW + 1).lost] == [
        hash_of(shown(card()))
    ]


@pytest.mark.parametrize(
    ("later", "is_left"), [(0.0, True), (LATEST, True), (LATEST + 1, False), (-LATEST - 1, False)]
)
def test_what_may_come_is_forgotten_after_a_while(later: float, *, is_left: bool) -> None:
    begun = replace(writing(base_of(card()), NOW), lost=(Lost(LINE, NOW),))
    settled = base_of(card("b"))
    left = without_expired({key(): begun, key("b"): settled}, NOW + later)
    assert (bool(left[key()].lost), bool(left[key()].asked)) == (is_left, is_left)
    assert left[key("b")] is settled


def test_a_card_that_somebody_uses_is_not_late() -> None:
    bare = shown(card(), stamp=None, labels=frozenset())
    base = base_of(card(), lost=(Lost(hash_of(bare), NOW),))
    assert is_late(bare, base)
    assert not is_late(replace(bare, is_used=True), base)
