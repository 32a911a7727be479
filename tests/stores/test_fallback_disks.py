"""A PostgreSQL that is away, and a disk that is full or read-only: nothing is lost, all is told."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kanban_sync.core.errors import StoreError, UnusableCopyError
from kanban_sync.core.model import Status
from kanban_sync.databases.copies import Away, Copy
from kanban_sync.stores.away import AwayStore
from stores.filling import fill
from stores.machines import LEASE, NAMES, PROJECT, Machine, key, there, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kanban_sync.agents.work import Store
    from stores.emptied import Emptied

WRITES = ("open", "write", "pwrite", "fsync", "mkdir")
"""What needs room on a disk."""


@pytest.fixture
def small(emptied: Emptied, disk: Path) -> Iterator[Machine]:
    """A machine whose state folder lies on a disk of 1 MiB, and has a copy."""
    with ExitStack() as stack:
        machine = Machine(disk, emptied.url, stack)
        machine.sync(*NAMES)
        yield machine


def look(machine: Machine) -> None:
    """Do what reaches the database, if that can be."""
    machine.do(lambda store: store.ready(time.time()))


def beyond(disk: Path) -> None:
    """Leave no room for anything."""
    fill(disk)
    # What is no whole page is given out by some file systems all the same.
    with pytest.raises(OSError, match="No space left"):
        (disk / "more").write_bytes(b"x" * 4096)


def test_what_was_done_apart_is_taken_while_the_disk_is_full(
    small: Machine, emptied: Emptied, disk: Path
) -> None:
    small.door.shut()
    small.finish("a", small.claim("a", "ada"))
    beyond(disk)
    small.door.open()
    look(small)
    assert small.mode == "database"
    assert there(emptied, "a").task.status is Status.DONE
    # Nobody has to make room for work to go on with the database.
    token = small.claim("b", "ada")
    small.finish("b", token)
    assert len(told(emptied, "replayed")) == 1
    assert len(told(emptied, "claimed")) == 2


def test_where_the_server_goes_away_again_what_was_sent_is_kept_without_room_for_more(
    small: Machine, emptied: Emptied, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        small.door.shut()
        raise ConnectionError

    small.door.shut()
    token = small.claim("a", "ada")
    beyond(disk)
    small.door.open()
    with monkeypatch.context() as patch:
        patch.setattr("kanban_sync.stores.postgres.PostgresStore.replay", cut)
        with pytest.raises(ConnectionError):
            look(small)
    mode = small.database.mode(PROJECT)
    assert (mode.name, mode.entries) == ("fallback", 1)
    with pytest.raises(UnusableCopyError, match=r"nothing is lost\. Make room on that disk"):
        small.finish("a", token)
    (disk / "ballast").unlink()
    small.finish("a", token)
    beyond(disk)
    small.door.open()
    look(small)
    assert there(emptied, "a").task.status is Status.DONE
    assert len(told(emptied, "claimed")) == 1
    assert told(emptied, "conflict") == []


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_copy_with_which_work_cannot_go_on_is_told_with_what_helps(
    small: Machine, emptied: Emptied, disk: Path, how: str
) -> None:
    token = small.claim("a", "ada")
    if how == "full":
        beyond(disk)
    else:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    small.door.shut()
    helps = {"full": "Make room on that disk", "read-only": "Make its folder writable"}[how]
    for _ in range(2):
        with pytest.raises(UnusableCopyError, match=f"cannot be reached.*tasks-p1.json.*{helps}"):
            small.claim("b", "ada")
    # To look needs neither, and what was done since the copy was made is seen as well.
    store = small.database.look(PROJECT)
    assert isinstance(store, AwayStore)
    with closing(store):
        assert {each.key.name: each.assignee for each in store.tasks()}["a"] == "ada"
        with pytest.raises(StoreError, match="opened to be read only"):
            store.claim(key("b"), "ada", time.time(), LEASE)
    assert small.database.mode(PROJECT)[0::2] == ("fallback", 0)
    # Nor is anybody held up by what another outage has left, as long as nothing was done in it.
    copy = Copy(small.database.folder)
    if how == "read-only":
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        copy.write_marker(PROJECT, Away(time.time(), 0.0))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    # While it is there, work goes on with the database alone.
    small.door.open()
    small.finish("a", token)
    assert small.mode == "database"
    small.door.shut()
    if how == "full":
        (disk / "ballast").unlink()
    else:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert small.claim("b", "ada")
    small.door.open()
    look(small)
    assert [each["agent"] for each in told(emptied, "claimed")] == ["ada"] * 2
    assert told(emptied, "conflict") == []
    assert small.mode == "database"


@contextmanager
def full_after(writes: int, folder: Path) -> Iterator[list[str]]:
    """Let the disk of a folder be full after so many writes; give those that were refused."""
    left, refused = writes, list[str]()

    def counted(name: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it is
            nonlocal left
            if name == "open" and (
                not arguments[1] & os.O_CREAT
                or os.path.exists(arguments[0])  # noqa: PTH110 - it may be a number
                or not str(arguments[0]).startswith(str(folder))
            ):
                return done(*arguments, **named)
            left -= 1
            if left < 0:
                refused.append(name)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return done(*arguments, **named)

        return count

    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(os, name, counted(name, getattr(os, name)))
        yield refused


def given_back(token: int, name: str, store: Store) -> None:
    store.release(store.tasks()[NAMES.index(name)].key, token, time.time())


def test_at_whatever_write_the_disk_is_full_coming_back_is_done_once(
    one: Machine, emptied: Emptied
) -> None:
    step, refused = 0, ["not tried yet"]
    while refused:
        one.door.shut()
        one.do(partial(given_back, one.claim("a", "ada"), "a"))
        one.door.open()
        with full_after(step, one.state.path) as refused:
            look(one)
            assert one.mode == "database"
        step += 1
        assert len(told(emptied, "replayed")) == step
        assert len(told(emptied, "claimed")) == len(told(emptied, "released")) == step
        # There is a copy again, as soon as there is room for it.
        one.sync(*NAMES)
    assert step > 3


def test_at_whatever_write_the_disk_is_full_work_apart_is_done_or_refused_as_a_whole(
    one: Machine, emptied: Emptied
) -> None:
    step, refused = 0, ["not tried yet"]
    done = refusals = 0
    while refused:
        one.door.shut()
        with full_after(step, one.state.path) as refused:
            token, is_over = 0, False
            try:
                token = one.claim("a", "ada")
                one.do(partial(given_back, token, "a"))
                is_over = True
            except UnusableCopyError:
                refusals += 1
        done += token > 0
        if token and not is_over:
            one.do(partial(given_back, token, "a"))
        one.door.open()
        look(one)
        assert len(told(emptied, "claimed")) == len(told(emptied, "released")) == done
        assert one.mode == "database"
        step += 1
    assert refusals > 3
    assert told(emptied, "conflict") == []
