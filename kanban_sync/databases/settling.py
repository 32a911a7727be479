"""What waits in a copy is written into a database that answers, and the copy is as it was before.

Whoever is killed on the way leaves all of it, or some that is known to have been written: the next
one goes on from there.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.errors import (
    StoreAwayError,
    StoreError,
    UnusableCopyError,
    UnwritableStoreError,
)
from kanban_sync.core.journal import Into
from kanban_sync.databases.lost import Sent, note_lost
from kanban_sync.machine_time import moment
from kanban_sync.stores.away import AwayStore
from kanban_sync.stores.away_shelf import AwayShelf

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.core.journal import Journal
    from kanban_sync.databases.copies import Copy
    from kanban_sync.stores.postgres import PostgresStore
    from kanban_sync.stores.replaying import Replayed
    from kanban_sync.stores.shelf import Parted


class Reached(NamedTuple):
    """A database that answers, for a project: its own copy, what it is called, and the clone."""

    store: PostgresStore
    project: str
    copy: Copy
    name: str
    clone: str


def settle(copy: Copy, into: Reached, left: str = "") -> bool:
    """Write all that waits in a copy, and tell whether that was anything.

    If it is of another project or database, ``left`` is how the project was called then.

    Raises:
        StoreError: It is not taken, and waits on.
    """
    store, called, was_sent = into.store, left or into.project, False
    away = copy.away(called)
    with contextlib.closing(copy.shelf(called)) as shelf:
        if away is not None and not away.parted:
            shelf.put_damaged_aside()
        with shelf.alone():
            # First what was sent before, and nobody heard whether it was taken.
            # Whoever was killed on the way may have written it before.
            is_sent_again = shelf.sent.path.exists()
            while (sent := shelf.seal(for_good=left != "")) is not None:
                before = sent.has.parted.copied if is_sent_again else store.last_event()
                after = min(sent.has.parted.copied, before)
                if left:
                    # The numbers of its events say nothing of those of another database.
                    before = store.last_event()
                    after = 0 if is_sent_again else before
                was_sent, is_sent_again = True, False
                journal = AwayStore(called, into.clone, sent).journal().of(into.project)
                if left:
                    journal = journal._replace(into=_into(into, called, sent.has.parted))
                refused = _replay(journal, into, None if left else copy).refused
                note_lost(shelf, Sent(sent, journal.id, into.clone), store, (after, before))
                if refused:
                    sent.put_refused_aside(journal.id, copy.shelf(into.project).path)
                else:
                    sent.path.unlink()
            has_parted = shelf.rejoin(moment())
            copy.marker(called).unlink(missing_ok=True)
    if has_parted:
        _copy_anew(into)
    return was_sent


def _into(into: Reached, called: str, parted: Parted) -> Into:
    """Tell which database is reached that is not the one for which a copy waits."""
    first = into.store.events(limit=1)
    is_restored = bool(first) and first[0].at == parted.origin and called == into.project
    return Into.RESTORED if is_restored else Into.OTHER


def end_absences(folder: Path) -> None:
    """Forget that work goes on with copies that are gone: whoever wrote them elsewhere was killed.

    Args:
        folder: That of all copies of a clone.
    """
    for marker in sorted(folder.glob("*/*.away")):
        path = marker.with_suffix(".json")
        with contextlib.closing(AwayShelf(path, path.stem)) as shelf:
            if not shelf.is_there:
                with shelf.alone():
                    marker.unlink(missing_ok=True)


def _copy_anew(into: Reached) -> None:
    """Copy the database, once for all who come back: none of them waits for it."""
    copied = into.store.copied()
    with (
        contextlib.suppress(UnusableCopyError),
        contextlib.closing(into.copy.shelf(into.project)) as shelf,
    ):
        shelf.put_copy(copied)


def _replay(journal: Journal, into: Reached, copy: Copy | None) -> Replayed:
    """Write a journal; if it is refused, that is said beside the copy, where one is named."""
    try:
        return into.store.replay(journal, into.store.clock(time.time()))
    except StoreError as error:
        refuses = isinstance(error, UnwritableStoreError)
        if copy is not None and (refuses or not isinstance(error, StoreAwayError)):
            copy.note_refused(into.project, into.name)
        raise
