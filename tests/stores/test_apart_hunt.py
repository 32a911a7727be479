"""Random histories of work without the database: nothing is lost unheard, and one wins."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING

import pytest

from kanban_sync.stores.postgres import PostgresStore
from stores.apart_world import World
from stores.machines import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stores.emptied import Emptied

CLONES = 3
LENGTH = 25
SHORT = 2
"""Histories of the short form."""


def run(seed: str, emptied: Emptied, folder: Path, length: int) -> None:
    """Let one history happen, and check it."""
    random = Random(seed)
    folder.mkdir()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        emptied.empty()
        clones = tuple(Machine(folder / str(n), emptied.url, stack) for n in range(CLONES))
        world = World(clones, emptied, random)
        patch.setattr(time, "time", lambda: world.now)
        patch.setattr(PostgresStore, "clock", lambda _, now: now)
        try:
            for _ in range(length):
                world.step()
            world.check()
        except BaseException as error:
            error.add_note(f"seed {seed}\n" + "\n".join(world.log))
            raise


@pytest.mark.hunt
def test_whatever_befalls_those_apart_nothing_is_lost_unheard_and_one_wins(
    emptied: Emptied,
    tmp_path: Path,
    hunt_factor: int,
    record_property: Callable[[str, object], None],
) -> None:
    for number in range(SHORT * hunt_factor):
        seed = f"{number}" if hunt_factor == 1 else os.urandom(6).hex()
        record_property("case", f"{LENGTH} steps")
        run(seed, emptied, tmp_path / str(number), LENGTH)
