"""A change of a file is taken back, and nothing else."""

from __future__ import annotations

import pytest

from kanban_sync.core.splices import splice, taken_back

BEFORE = b"# Tasks\n\n- [ ] One\n- [ ] Two\n- [ ] Three\n"


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace(b"[ ] Two", b"[x] Two"),
        BEFORE.replace(b"- [ ] Two\n", b""),
        BEFORE.replace(b"- [ ] Two\n", b"- [ ] Two\n  - **Status**: done\n"),
        BEFORE.replace(b"- [ ] Three\n", b""),
        BEFORE.replace(b"- [ ] Three\n", b"- [x] Three"),
        b"New\n" + BEFORE,
    ],
)
def test_a_change_is_taken_back(after: bytes) -> None:
    assert taken_back(after, splice(BEFORE, after)) == BEFORE


def test_what_else_was_changed_stays() -> None:
    done = splice(BEFORE, BEFORE.replace(b"[ ] Two", b"[x] Two"))
    now = b"<!-- mine -->\n" + BEFORE.replace(b"[ ] Two", b"[x] Two") + b"- [ ] Four\n"
    assert taken_back(now, done) == b"<!-- mine -->\n" + BEFORE + b"- [ ] Four\n"
    # Also right beside it, if only on one side.
    for line in (b"One", b"Three"):
        beside = b"- [x] " + line
        now = BEFORE.replace(b"- [ ] " + line, beside)
        assert taken_back(now.replace(b"[ ] Two", b"[x] Two"), done) == now


def test_a_change_that_is_not_there_once_is_not_taken_back() -> None:
    done = splice(BEFORE, BEFORE.replace(b"[ ] Two", b"[x] Two"))
    assert taken_back(BEFORE, done) is None
    twice = b"- [ ] One\n- [x] Two\n- [ ] Three\n" * 2
    assert taken_back(twice, done) is None
    around = BEFORE.replace(b"[ ]", b"[x]")
    assert taken_back(around, done) is None
    # It was put in again by hand.
    cut = splice(BEFORE, BEFORE.replace(b"- [ ] Three\n", b""))
    assert taken_back(BEFORE, cut) is None
