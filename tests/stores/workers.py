"""Processes that claim from one database, are killed, paused, and have clocks that jump.

They are forked from a small process without threads, which says as JSON what became of them. The
database is the path of a file, or a URL:
``python -m stores.workers <what> <argument>…``
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanban_sync.agents.monitor import Monitor, Times
from kanban_sync.agents.work import Work
from kanban_sync.core.assignment import Idle
from kanban_sync.core.errors import HeldError, LostClaimError
from kanban_sync.core.model import Status
from kanban_sync.core.order import Wanted
from kanban_sync.core.ports import FilesState
from kanban_sync.stores.flatfile import FlatStore, open_flatfile
from kanban_sync.stores.postgres import PostgresStore, open_postgres
from kanban_sync.stores.postgres_address import address_of
from kanban_sync.stores.sqlite import SqliteStore, open_sqlite
from kanban_sync.stores.work_rows import IS_WAITED_FOR, IS_WAITING
from stores.inside import connection
from stores.made_up import NOW, PROJECT, key, task

if TYPE_CHECKING:
    from collections.abc import Callable

    Store = SqliteStore | PostgresStore | FlatStore

LEASE = 0.4
PAUSE = 3 * LEASE
JUMPS = (0.0, 0.0, 0.0, -3600.0, 2 * LEASE)
"""By how much the clocks of workers are wrong, in seconds."""

OUT_OF_STEP = f"""
SELECT count(*) FROM tasks
 WHERE project = ? AND (waited_for <> ({IS_WAITED_FOR}) OR is_waiting <> ({IS_WAITING}))
"""  # noqa: S608 - ours


def main(what: str, *arguments: str) -> None:
    doings: dict[str, Callable[..., object]] = {"race": race, "chaos": chaos}
    sys.stdout.write(json.dumps(doings[what](*arguments)))


def opened(database: str) -> Store:
    if "://" in database:
        return open_postgres(address_of(database), PROJECT)
    if database.endswith(".json"):
        return open_flatfile(Path(database), PROJECT)
    return open_sqlite(Path(database), PROJECT)


# --- Racing --------------------------------------------------------------------------------


def race(database: str, processes: str, rounds: str) -> list[int]:
    """Let processes race for one task, again and again; return how many won each time."""
    with closing(opened(database)) as store:
        tasks = [task(f"{n}", labels=(f"{n}",)) for n in range(int(rounds))]
        store.merge(tasks, {}, FilesState(), NOW)
    ready, go, won = os.pipe(), [os.pipe() for _ in range(int(rounds))], os.pipe()
    children = [
        in_a_child(partial(racer, database, number, ready[1], go, won[1]))
        for number in range(int(processes))
    ]
    winners = []
    for start in go:
        for _ in children:
            os.read(ready[0], 1)
        os.close(start[1])
        winners.append([os.read(won[0], 1) for _ in children].count(b"1"))
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("a racer fell")
    return winners


def racer(database: str, number: int, ready: int, go: list[tuple[int, int]], won: int) -> None:
    for _, end in go:
        os.close(end)
    with closing(opened(database)) as store:
        for count, (start, _) in enumerate(go):
            os.write(ready, b".")
            os.read(start, 1)  # Returns when the last writing end is closed: in all at once.
            os.write(won, b"1" if wins(store, count, number) else b"0")


def wins(store: Store, count: int, number: int) -> bool:
    """Claim by key or by next, by turns; a loser by key is told who was faster."""
    if count % 2:
        wanted = Wanted(tags=frozenset({f"{count}"}))
        return store.claim_next(f"{number}", NOW, LEASE, wanted) is not None
    try:
        return store.claim(key(f"{count}"), f"{number}", NOW, LEASE).claim is not None
    except HeldError:
        return False


# --- Chaos ---------------------------------------------------------------------------------


def chaos(database: str, folder: str, processes: str, tasks: str, seed: str) -> dict[str, object]:
    """Let workers complete all tasks while they die, sleep too long, and read wrong clocks.

    A worker that is killed is followed by another one, as long as there is work.
    """
    count = int(tasks)
    with closing(opened(database)) as store:
        waits = (
            task(f"{n:05}", depends_on=(f"{n - 7:05}",) if n % 3 == 0 and n > 7 else ())
            for n in range(count)
        )
        store.merge(list(waits), {}, FilesState(), time.time())
    children: set[int] = set()
    killed = started = 0
    while not is_over(database) or children:
        while len(children) < int(processes) and not is_over(database):
            started += 1
            # Every third is a monitor.
            part = (
                partial(monitor, database)
                if started % 3 == 0
                else partial(worker, database, Path(folder))
            )
            children.add(in_a_child(partial(part, f"{seed}-{started}")))
        if children:
            child, status = os.wait()
            children.remove(child)
            killed += os.WIFSIGNALED(status)
            if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
                raise RuntimeError("a worker fell")
    return {"killed": killed, **found(database, Path(folder))}


def worker(database: str, folder: Path, seed: str) -> None:
    """Claim and finish tasks until none is left; which of them go wrong is the seed's."""
    pick = random.Random(seed)
    skew = pick.choice(JUMPS)
    late = folder / f"late-{seed}"
    with closing(opened(database)) as store:
        while True:
            if pick.random() < 0.3:
                # It waits, and may be offered a task while it claims one.
                now = time.time()
                store.note_idle(Idle(seed, since=now, seen=now), now)
            entry = store.claim_next(seed, time.time() + skew, LEASE + max(-skew, 0))
            if entry is None or entry.claim is None:
                if over(store):
                    return
                time.sleep(LEASE / 20)
                continue
            fate = pick.random()
            if fate < 0.05:
                die_somewhere(store, pick)
            elif fate < 0.08:
                time.sleep(PAUSE)
            try:
                if 0.08 < fate < 0.15:
                    lease = LEASE + max(-skew, 0)
                    store.extend(entry.key, entry.claim.token, time.time() + skew, lease)
                store.finish(entry.key, entry.claim.token, Status.DONE, time.time() + skew)
            except LostClaimError:
                with late.open("a") as file:
                    file.write(f"{entry.key.name} {entry.claim.token}\n")
            if fate > 0.95:
                skew = pick.choice(JUMPS)


def monitor(database: str, seed: str) -> None:
    """Hand out tasks until none is left, or until it dies or has slept too long for a while."""
    pick = random.Random(seed)
    with closing(opened(database)) as store:
        work = Work(store, PROJECT, time.time, None, lambda: None, lambda: None)
        hands = Monitor(work, seed, Times(LEASE, LEASE / 3, LEASE))
        for _ in range(pick.randrange(20, 200)):
            fate = pick.random()
            if fate < 0.03:
                die_somewhere(store, pick)
            elif fate < 0.05:
                time.sleep(PAUSE)
            hands.round()
            if over(store):
                return
            time.sleep(LEASE / 40)
        hands.end()


def die_somewhere(store: Store, pick: random.Random) -> None:
    """Be killed at one of the next statements, or now."""
    left = pick.randrange(8)

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if isinstance(store, SqliteStore):
        connection(store).set_trace_callback(count)
    elif isinstance(store, FlatStore):
        steps(count)
    else:
        counted(store, count)


def steps(count: Callable[[str], None]) -> None:
    """Count what is done for each writing of the file: it is on the disk, then it has its name."""
    for name in ("open", "fsync", "rename", "replace"):
        done = getattr(os, name)

        def step(*arguments: Any, done: Any = done, **named: Any) -> Any:  # noqa: ANN401
            count("")
            return done(*arguments, **named)

        setattr(os, name, step)


def counted(store: PostgresStore, count: Callable[[str], None]) -> None:
    """Count the journeys to the server, on their way there and back."""
    exchange = store._database._exchange  # noqa: SLF001 - where they pass
    sent = exchange.send

    def send(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever is sent
        count("")
        found = sent(*arguments, **named)
        count("")
        return found

    exchange.send = send  # type: ignore[method-assign]


def over(store: Store) -> bool:
    return all(each.status is Status.DONE for each in store.tasks())


def is_over(database: str) -> bool:
    with closing(opened(database)) as store:
        return over(store)


def found(database: str, folder: Path) -> dict[str, object]:
    """Return what is to be read of the database afterwards."""
    with closing(opened(database)) as store:
        events = store.events(limit=10**6)
        statuses = [each.status.value for each in store.tasks()]
        out_of_step, integrity = condition(store)
    completed: dict[str, int] = {}
    tokens: dict[str, list[int]] = {}
    for event in events:
        data = json.loads(event.data)
        if event.kind == "status_changed" and data["new"] == "done":
            completed[event.key] = completed.get(event.key, 0) + 1
        if event.kind == "claimed":
            tokens.setdefault(event.key, []).append(data["token"])
    late = [line for each in folder.glob("late-*") for line in each.read_text().splitlines()]
    return {
        "open": sum(status != "done" for status in statuses),
        "completed other than once": sum(count != 1 for count in completed.values()),
        "completed": len(completed),
        "tokens out of order": sum(
            each != list(range(1, len(each) + 1)) for each in tokens.values()
        ),
        "reclaimed": sum(event.kind == "reclaimed" for event in events),
        "late": len(late),
        "offered": sum(event.kind == "task_offered" for event in events),
        "out of step": out_of_step,
        "integrity": integrity,
    }


def condition(store: Store) -> tuple[int, str]:
    """Tell of how many tasks it is wrongly noted who waits, and whether the database is whole."""
    if isinstance(store, FlatStore):
        return 0, "ok"
    with store._database.reading() as db:  # noqa: SLF001 - what no store tells
        ((out_of_step,),) = db.execute(OUT_OF_STEP, (PROJECT,))
        if isinstance(store, PostgresStore):
            return out_of_step, "ok"
        ((integrity,),) = db.execute("PRAGMA integrity_check")
        return out_of_step, integrity


def in_a_child(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told by the parent
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(1)
    return child


if __name__ == "__main__":
    main(*sys.argv[1:])
