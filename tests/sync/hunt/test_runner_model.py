"""The request protocol, with every interleaving, kill and failure of a few processes."""

from __future__ import annotations

import pytest

from sync.hunt.protocol_model import Process, Rules, World, ends


def world(processes: int, *, kills: int = 0, failures: int = 0) -> World:
    return World((Process(),) * processes, kills=kills, failures=failures)


def test_when_nothing_is_killed_everything_is_synced_in_the_end() -> None:
    found = list(ends(world(3), Rules()))

    assert found
    assert [end for end in found if end.synced < end.commits] == []


def test_what_a_kill_leaves_behind_can_be_seen_in_the_files() -> None:
    found = list(ends(world(3, kills=2), Rules()))
    behind = [end for end in found if end.synced < end.commits]

    assert behind
    # Somebody who was killed between committing and asking has left no request, but the next
    # hook sees that HEAD has moved.
    assert [end for end in behind if end.requests == end.done and end.requests == 3] == []


def test_a_failed_pass_leaves_its_requests_pending_and_no_later_one_untried() -> None:
    found = list(ends(world(3, failures=2), Rules()))
    behind = [end for end in found if end.synced < end.commits]

    assert behind
    assert [end for end in behind if end.requests == end.done] == []
    assert [end for end in found if end.tried < end.commits] == []


@pytest.mark.parametrize(
    "rules",
    [
        Rules(asks_before_trying=False),
        Rules(notes_end_before_pass=False),
        Rules(looks_after_release=False),
    ],
)
def test_without_any_one_of_the_rules_a_commit_is_lost(rules: Rules) -> None:
    assert any(end.synced < end.commits for end in ends(world(2), rules))
