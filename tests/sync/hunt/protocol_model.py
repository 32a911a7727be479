"""A model of the request protocol, small enough to try every interleaving, kill and failure.

Each process commits, asks for a sync and does what `kanban_sync.sync.runner.run` does, one shared
step at a time. A rule of the protocol can be left out, to see that it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class At(Enum):
    """The step that a process does next."""

    COMMIT = auto()
    ASK = auto()
    TRY_LOCK = auto()
    ASK_THE_HOLDER = auto()
    LOOK = auto()
    BEGIN_PASS = auto()
    END_PASS = auto()
    MARK_DONE = auto()
    RELEASE = auto()
    LOOK_AGAIN = auto()
    RELEASE_AFTER_FAILURE = auto()
    LOOK_AFTER_FAILURE = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class Rules:
    """The three rules; the product keeps them all."""

    asks_before_trying: bool = True
    notes_end_before_pass: bool = True
    looks_after_release: bool = True


@dataclass(frozen=True, slots=True)
class Process:
    """One process: where it is, up to where it serves, and how many commits its pass has seen."""

    at: At = At.COMMIT
    noted: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """All that processes share, and what may still go wrong. ``tried`` counts commits seen."""

    processes: tuple[Process, ...]
    kills: int = 0
    failures: int = 0
    commits: int = 0
    requests: int = 0
    done: int = 0
    synced: int = 0
    tried: int = 0
    holder: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether every process has ended, by itself or not."""
        return all(process.at is At.OVER for process in self.processes)


def ends(world: World, rules: Rules) -> Iterator[World]:
    """Yield every world in which it can end."""
    seen, waiting = {world}, [world]
    while waiting:
        now = waiting.pop()
        if now.is_over:
            yield now
        for after in _next(now, rules):
            if after not in seen:
                seen.add(after)
                waiting.append(after)


def _next(world: World, rules: Rules) -> Iterator[World]:
    for number, process in enumerate(world.processes):
        if process.at is At.OVER:
            continue
        yield _step(world, number, rules)
        if process.at is At.END_PASS and world.failures:
            failed = _moved(world, number, At.RELEASE_AFTER_FAILURE)
            yield replace(failed, failures=world.failures - 1)
        if world.kills:
            holder = None if world.holder == number else world.holder
            killed = _moved(world, number, At.OVER)
            yield replace(killed, kills=world.kills - 1, holder=holder)


def _step(world: World, number: int, rules: Rules) -> World:  # noqa: C901, PLR0911, PLR0912
    me = world.processes[number]
    is_behind = world.requests > world.done
    match me.at:
        case At.COMMIT:
            after = At.ASK if rules.asks_before_trying else At.TRY_LOCK
            return replace(_moved(world, number, after), commits=world.commits + 1)
        case At.ASK:
            after = At.TRY_LOCK if rules.asks_before_trying else At.LOOK
            return replace(_moved(world, number, after), requests=world.requests + 1)
        case At.TRY_LOCK if world.holder is not None:
            return _moved(world, number, At.OVER if rules.asks_before_trying else At.ASK_THE_HOLDER)
        case At.TRY_LOCK:
            is_new = not rules.asks_before_trying and not me.noted
            return replace(_moved(world, number, At.ASK if is_new else At.LOOK), holder=number)
        case At.ASK_THE_HOLDER:
            return replace(_moved(world, number, At.OVER), requests=world.requests + 1)
        case At.LOOK:
            after = At.BEGIN_PASS if is_behind else At.RELEASE
            return _moved(world, number, after, noted=world.requests)
        case At.BEGIN_PASS:
            moved = _moved(world, number, At.END_PASS, seen=world.commits)
            return replace(moved, tried=max(world.tried, world.commits))
        case At.END_PASS:
            return replace(_moved(world, number, At.MARK_DONE), synced=me.seen)
        case At.MARK_DONE:
            upto = me.noted if rules.notes_end_before_pass else world.requests
            return replace(_moved(world, number, At.LOOK), done=upto)
        case At.RELEASE:
            after = At.LOOK_AGAIN if rules.looks_after_release else At.OVER
            return replace(_moved(world, number, after), holder=None)
        case At.RELEASE_AFTER_FAILURE:
            return replace(_moved(world, number, At.LOOK_AFTER_FAILURE), holder=None)
        case At.LOOK_AGAIN:
            return _moved(world, number, At.TRY_LOCK if is_behind else At.OVER)
        case At.LOOK_AFTER_FAILURE:
            is_newer = world.requests > me.noted
            return _moved(world, number, At.TRY_LOCK if is_newer else At.OVER)
        case At.OVER:
            return world


def _moved(
    world: World, number: int, at: At, *, noted: int | None = None, seen: int | None = None
) -> World:
    me = world.processes[number]
    if at is At.OVER:
        # What it knew is of no use any more; forgetting it makes more worlds equal.
        me = Process(At.OVER)
    else:
        me = Process(at, me.noted if noted is None else noted, me.seen if seen is None else seen)
    return replace(world, processes=(*world.processes[:number], me, *world.processes[number + 1 :]))
