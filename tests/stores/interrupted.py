"""Ctrl-C just when a transaction has begun, and before anything is done in it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from stores.contract import SOME_FILES
from stores.inside import database
from stores.made_up import NOW, PROJECT, task

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from kanban_sync.stores.sql import SqlStore


def begun(store: SqlStore, which: str) -> Generator[Any, None, None]:
    """Begin a transaction whose block is never entered; it ends when nobody holds it any more."""
    begin = getattr(database(store), which)
    found: Generator[Any, None, None] = begin(*([PROJECT] if which == "writing" else [])).gen
    next(found)
    return found


def check_interrupted(opened: Callable[[], SqlStore], which: str) -> None:
    """See that others can go on, and that it harms nobody when it ends, however late."""
    with closing(opened()) as store:
        left = begun(store, which)
        assert store.tasks() == []
        store.merge([task("a")], {}, SOME_FILES, NOW)
        inside = database(store)
        with inside.writing(PROJECT) as db:
            db.execute("UPDATE tasks SET title = 'in between'", ())
            left.close()
        assert [each.title for each in store.tasks()] == ["in between"]
        left = begun(store, which)
    left.close()
    with closing(opened()) as store:
        assert [each.title for each in store.tasks()] == ["in between"]
