"""A program that throws bursts of commits at a protocol and counts what is lost.

A repository is played by a file that grows by one byte with each commit, a board by a file that
holds how many commits a pass has seen. Processes, locks, requests and kills are real.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.sync import requests, runner
from kanban_sync.sync.locks import RunLock
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BURST = 3
TARGET = "0123456789abcdef"
MOMENT = 0.001
PATIENCE = runner.Patience(debounce=MOMENT, rebase=0, board_lock=60, deadline=60, poll=MOMENT)

# A killed process loses its locks from the highest file descriptor down. The detector has to go
# before the run lock, or each kill would look like an overlap.
HIGH = 500


@dataclass
class Findings:
    """What happened: bursts that ended unsynced, and whether anything told so."""

    bursts: int = 0
    kills: int = 0
    unsynced: int = 0
    unsynced_without_evidence: int = 0
    overlaps: int = 0
    lost_after_one_more: int = 0


class World:
    """A repository, a board and a state folder, all made of files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = StateFolder(path / "kanban-sync")
        self.naive_lock = path / "naive.flk"
        self.naive_pending = path / "naive-pending"
        self._commits = path / "commits"
        self._synced = path / "synced"
        self._overlaps = path / "overlaps"
        for file in (self._commits, self._synced, self._overlaps):
            file.touch()

    def commit(self) -> None:
        """Do what is to be synced."""
        _append(self._commits)

    @property
    def commits(self) -> int:
        """How many commits there are."""
        return self._commits.stat().st_size

    @property
    def synced(self) -> int:
        """How many of them the last pass has seen."""
        return int(self._synced.read_text() or 0)

    @property
    def overlaps(self) -> int:
        """How many passes ran beside another."""
        return self._overlaps.stat().st_size

    @property
    def is_told(self) -> bool:
        """Whether what is not synced can be seen in the files, or was never asked for."""
        try:
            asked = self.state.requests.read_bytes().count(b"\n")
        except FileNotFoundError:
            asked = 0
        return bool(requests.pending(self.state, TARGET)) or asked < self.commits

    def sync(self) -> None:
        """One pass: see the commits, take a while, and write what was seen."""
        fd = os.open(self.path / "detector", os.O_RDWR | os.O_CREAT)
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)
        os.close(fd)
        try:
            fcntl.flock(high, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _append(self._overlaps)
        seen = self.commits
        time.sleep(random.random() * 2 * MOMENT)
        new = self._synced.with_suffix(f".{os.getpid()}")
        new.write_text(str(seen))
        new.replace(self._synced)
        os.close(high)


class Passes:
    """The pass of the world, as the runner wants it."""

    def __init__(self, world: World) -> None:
        self.progress = runner.Progress()
        self._world = world

    def is_rebasing(self, _served: Sequence[Request]) -> bool:
        return False

    def database(self, _served: Sequence[Request]) -> None:
        pass

    def board(self, _served: Sequence[Request]) -> None:
        self._world.sync()


def counter(world: World) -> None:
    """The protocol of the product."""
    requests.append(world.state, Request("*", Cause.POST_COMMIT))
    lock = random.random() < 0.5
    runner.run(world.state, TARGET, Passes(world), patience=PATIENCE, board_lock=lock)


def naive(world: World) -> None:
    """Try the lock; if it is taken, leave a note; the holder goes on while there is a note."""
    with RunLock(world.naive_lock) as lock:
        if not lock.acquire():
            hesitate()
            world.naive_pending.touch()
            return
        while True:
            world.naive_pending.unlink(missing_ok=True)
            world.sync()
            hesitate()
            if not world.naive_pending.exists():
                break


PROTOCOLS: dict[str, Callable[[World], None]] = {"counter": counter, "naive": naive}


def hesitate() -> None:
    """Be held up for a moment now and then, as any process can be between any two steps."""
    if random.random() < 0.3:
        time.sleep(random.random() * MOMENT)


def make_hesitant() -> None:
    """Let every step of the runner's protocol be followed by a moment of hesitation."""
    for owner, name in (
        (RunLock, "acquire"),
        (RunLock, "release"),
        (requests, "append"),
        (requests, "read"),
        (requests, "mark_done"),
    ):
        setattr(owner, name, _hesitant(getattr(owner, name)))


def _hesitant(step: Callable[..., object]) -> Callable[..., object]:
    def act(*args: object) -> object:
        hesitate()
        answer = step(*args)
        hesitate()
        return answer

    return act


def start(work: Callable[[], None]) -> int:
    """Run something in a process of its own and return its id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        random.seed()
        work()
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(code)


def reap(pids: Sequence[int]) -> None:
    """Wait for processes; one that ended by itself has to have ended well."""
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status):
            raise SystemExit("a process of the burst has failed, see above")


def burst(protocol: str, world: World, share: float, found: Findings) -> None:
    """Let three processes commit at nearly the same time, and kill some of them."""

    def work() -> None:
        time.sleep(random.random() * 3 * MOMENT)
        world.commit()
        hesitate()
        PROTOCOLS[protocol](world)

    pids = [start(work) for _ in range(BURST)]
    if random.random() < share:
        for pid in random.sample(pids, random.choice([1, 1, 2])):
            time.sleep(random.random() * 5 * MOMENT)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                found.kills += 1
    reap(pids)

    found.bursts += 1
    if world.synced < world.commits:
        found.unsynced += 1
        found.unsynced_without_evidence += not world.is_told
    reap([start(work)])
    found.lost_after_one_more += world.synced < world.commits
    found.overlaps += world.overlaps


def _append(path: Path) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(fd, b".")
    os.close(fd)


def main() -> None:
    """Throw the bursts and print what was found, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bursts", type=int, required=True)
    parser.add_argument("--killed", type=float, default=0.0, help="share of bursts with kills")
    parser.add_argument("--until-lost", action="store_true")
    args = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = str(args.folder / "user")
    make_hesitant()
    found = Findings()
    for _ in range(args.bursts):
        place = args.folder / "burst"
        place.mkdir()
        burst(args.protocol, World(place), args.killed, found)
        shutil.rmtree(place)
        if args.until_lost and found.unsynced:
            break
    sys.stdout.write(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
