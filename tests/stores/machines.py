"""Machines with a clone each, which share a PostgreSQL that goes away from one and comes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import psycopg

from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.databases import task_database
from kanban_sync.databases.fallback import Fallback
from kanban_sync.stores.postgres import open_postgres
from kanban_sync.stores.postgres_exchange import Exchange
from kanban_sync.sync.state_folder import StateFolder
from postgres.door import Door

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from kanban_sync.core.work import Entry
    from stores.emptied import Emptied

PROJECT = "p1"
LEASE = 600.0
NAMES = ("a", "b", "c")
SOURCE = "tasks-md"


def key(name: str, source: str = SOURCE) -> TaskKey:
    return TaskKey(PROJECT, source, name)


class Machine:
    """A clone on a machine of its own, with its own way to the server, unless that is given."""

    def __init__(self, folder: Path, url: str, stack: ExitStack, door: Door | None = None) -> None:
        self.door = door or stack.enter_context(Door(url))
        self.state = StateFolder(folder)
        self.state.make()
        self.stack = stack
        found = task_database(
            folder / "tasks.db", {"KANBAN_SYNC_DATABASE_URL": self.door.url}, self.state
        )
        assert isinstance(found, Fallback)
        self.database = found

    def copied(self, folder: Path) -> Machine:
        """Copy the clone as it is, as ``cp -r`` does, onto the same machine."""
        shutil.copytree(self.state.path, folder)
        return Machine(folder, "", self.stack, self.door)

    def sync(self, *names: str) -> None:
        """Bring tasks in, as a pass does."""
        with closing(self.database.open(PROJECT)) as store:
            tasks = [Task(key(name), f"Task {name}", Status.TODO, path="T.md") for name in names]
            store.merge(tasks, {}, FilesState({"main": "c1"}), time.time())

    def work(self) -> Store:
        """Open what agents work on; closed when the test ends."""
        return self.stack.enter_context(closing(self.database.work(PROJECT)))

    def do(self, deed: Callable[[Store], Any]) -> Any:  # noqa: ANN401 - whatever comes of it
        """Do one thing, as a command does."""
        with closing(self.database.work(PROJECT)) as store:
            return deed(store)

    def claim(self, name: str, agent: str, source: str = SOURCE) -> int:
        """Claim a task and return the token."""
        which = key(name, source)
        entry: Entry = self.do(lambda store: store.claim(which, agent, time.time(), LEASE))
        assert entry.claim is not None
        return entry.claim.token

    def finish(
        self, name: str, token: int, status: Status = Status.DONE, source: str = SOURCE
    ) -> Entry:
        """End a claim."""
        which = key(name, source)
        entry: Entry = self.do(lambda store: store.finish(which, token, status, time.time()))
        return entry

    @property
    def mode(self) -> str:
        """On what work goes on."""
        return self.database.mode(PROJECT).name


def there(emptied: Emptied, name: str) -> Entry:
    """Return a task as the database has it."""
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        return store.entry(key(name))


def told(emptied: Emptied, kind: str) -> list[dict[str, Any]]:
    with closing(open_postgres(emptied.address, PROJECT)) as store:
        found = [each for each in store.events(limit=10_000) if each.kind == kind]
    return [{"key": each.key, **json.loads(each.data)} for each in found]


def die_at(step: int) -> None:
    """Be killed at a step: statements that are sent, or something that is done to a file."""
    left = step

    def counted(done: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it is
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return done(*arguments, **named)

        return count

    psycopg.Connection.execute = counted(psycopg.Connection.execute)  # type: ignore[method-assign]
    Exchange.send = counted(Exchange.send)  # type: ignore[method-assign]
    for name in ("open", "fsync", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
