"""Which group of a new file is which group of the old one."""

from __future__ import annotations

import time

import pytest

from kanban_sync.core.groups import BELOW, renamed


def tasks(*groups: str) -> list[tuple[str, str]]:
    """Return tasks from ``way > down: its texts``; a text is one word."""
    found = []
    for group in groups:
        name, _, texts = group.partition(": ")
        found += [("/" + name.replace(" > ", BELOW), text) for text in texts.split()]
    return found


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (["A: a"], ["B: a"], {"A": "B"}),
        (["A: a"], ["B: b"], {}),
        (["A > X: a"], ["B > X: b"], {"A > X": "B > X"}),
        (["A: a"], ["A now: a", "B > A: b"], {"A": "B > A"}),
        (["A > X: a", "A > Y: b"], ["B > X: a", "B > Y: b"], {"A > X": "B > X", "A > Y": "B > Y"}),
        (["A > B > X: a", "A > C > X: a"], ["Z > C > X: a"], {"A > C > X": "Z > C > X"}),
        (["Phase 1: a b", "Phase 2: a b"], ["Phase 2 (now): a b"], {"Phase 2": "Phase 2 (now)"}),
        (["Phase 1: a b", "Phase 2: a b c"], ["Phase 2 (now): a b"], {"Phase 2": "Phase 2 (now)"}),
        (["One: a", "Two: a"], ["Eins: a", "Zwei: a"], {"One": "Eins", "Two": "Zwei"}),
        (["One: a b c", "Other: d"], ["Others: a", "Server: a b c"], {"One": "Server"}),
        ([], ["A: a"], {}),
        (["A: a"], [], {}),
    ],
    ids=[
        "renamed", "another", "under-another-heading", "same-heading-first", "title-renamed",
        "nearest-way", "longer-name", "longer-name-before-texts", "order", "texts",
        "new", "gone",
    ],
)  # fmt: skip
def test_a_group_that_is_called_otherwise_is_found(
    old: list[str], new: list[str], names: dict[str, str]
) -> None:
    found = renamed(tasks(*old), tasks(*new))
    told = {name: now[1:].replace(BELOW, " > ") for name, now in found.items()}
    assert {name[1:].replace(BELOW, " > "): now for name, now in told.items()} == names


@pytest.mark.parametrize(("groups", "texts"), [(500, 1), (50, 20), (49, 500)])
def test_many_groups_are_compared_in_a_bounded_time(groups: int, texts: int) -> None:
    old, new = (
        [(f"/{sign} {group}", f"{text}") for group in range(groups) for text in range(texts)]
        for sign in ("one", "other")
    )
    begun = time.process_time()
    renamed(old, new)
    assert time.process_time() - begun < 5
