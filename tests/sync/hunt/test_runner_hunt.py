"""Nothing is lost and nothing overlaps, whatever is killed when: tried on real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kanban_sync

PACKAGE = Path(kanban_sync.__file__).parents[1]
TESTS = Path(__file__).parents[2]

# A process that is not scheduled for a while may let the other clone pass once more.
PASSES_WAITED = 3

pytestmark = pytest.mark.hunt


def hunt(program: str, *args: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name(program), *map(str, args)],
        env={**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{TESTS}"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def bursts(hunt_factor: int) -> int:
    return 100 if hunt_factor == 1 else 2000


def test_without_kills_every_commit_of_a_burst_is_synced(tmp_path: Path, bursts: int) -> None:
    assert hunt("bursts.py", "counter", "--bursts", bursts, tmp_path) == {
        "bursts": bursts,
        "kills": 0,
        "unsynced": 0,
        "unsynced_without_evidence": 0,
        "overlaps": 0,
        "lost_after_one_more": 0,
    }


def test_after_kills_one_more_trigger_of_any_kind_heals_everything(
    tmp_path: Path, bursts: int
) -> None:
    found = hunt("bursts.py", "counter", "--bursts", bursts, "--killed", 0.6, tmp_path)

    assert found["kills"] >= bursts / 4
    assert found["unsynced_without_evidence"] == 0
    assert found["overlaps"] == 0
    assert found["lost_after_one_more"] == 0


def test_the_hunt_finds_the_naive_protocol_losing_a_commit(tmp_path: Path) -> None:
    found = hunt("bursts.py", "naive", "--bursts", 3000, "--until-lost", tmp_path)

    assert found["kills"] == 0
    assert found["unsynced"] == 1


def test_two_busy_clones_of_one_user_take_turns_at_one_board(
    tmp_path: Path, hunt_factor: int
) -> None:
    found = hunt("board_race.py", "--commits", 30 if hunt_factor == 1 else 100, tmp_path)

    assert found["overlaps"] == 0
    assert found["lost"] == [0, 0]
    assert found["waits"] > 0
    assert found["longest_wait"] <= PASSES_WAITED
