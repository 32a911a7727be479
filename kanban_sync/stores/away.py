"""The tasks that one clone goes on with while the database is away: a copy of it, and a journal.

The copy is a JSON file, as ``flatfile`` keeps them. In the same file, written with each change,
lies how each task stood before it was touched. Beside it lies ``notes``: what this clone itself
has done in the database since the copy was made, a line for each deed, so that an agent is known
whose database goes away a moment after its claim. And ``sent`` is the file as it was when it was
tried last to write the journal into the database, until it is known that this was done. It is kept
as ``refused-….json`` if the database did not take something in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.apart import Apart, Journal, claimed_above
from kanban_sync.core.assignment import LEAD
from kanban_sync.core.claims import Claim, Standing, Told, claimed, first_number
from kanban_sync.core.errors import StoreAwayError, StoreError
from kanban_sync.core.merge import Kept
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.stores.copying import claimed_events
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.flatfile import DamagedFileError, FileShelf, FlatStore
from kanban_sync.stores.flatfile_text import plain, task_of
from kanban_sync.stores.memory_idle import NOBODY
from kanban_sync.stores.memory_work import MemoryDesk
from kanban_sync.stores.shelf import Parted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any, Never

    from kanban_sync.core.assignment import Leader
    from kanban_sync.core.claims import Outcome
    from kanban_sync.core.ports import Event, FilesState, Gone, Merged
    from kanban_sync.core.work import Entry
    from kanban_sync.stores.desk import Desk
    from kanban_sync.stores.shelf import Contents

LARGEST_NOTES = 1 << 20
"""Bytes of notes, after which they begin a new file; the one before is kept until the next."""

FOREIGN = 30 * 86400.0
"""Seconds for which a claim of another machine lasts here, where its heartbeats are not heard."""

REFUSED = "refused-"
"""Stands before the name of a journal in that of the file which is kept of it."""


class LeftError(StoreAwayError):
    """The database is back: what was done apart was taken over, and nothing is to be added."""


class AwayShelf(FileShelf):
    """The copy of one project's tasks, with what is noted beside it."""

    @property
    def notes(self) -> Path:
        """Where this clone notes what it has done in the database since the copy was made."""
        return self.path.with_suffix(".notes")

    def note(self, entry: Entry, now: float) -> None:
        """Note how a task stands after this clone has done something with it."""
        claim, task = entry.claim, plain(entry.task)
        said = {"attempts": entry.attempts, "reason": entry.reason, "started": entry.started_at}
        line = json.dumps({"at": now, "task": task, "claim": claim, **said}, ensure_ascii=False)
        # Whoever cannot note it has done it all the same.
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self.notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, f"{line}\n".encode("utf-8", "surrogatepass"))
                is_long = os.fstat(fd).st_size > LARGEST_NOTES
            finally:
                os.close(fd)
            if is_long:
                self.notes.replace(self._older_notes)

    def part(self, now: float) -> None:
        """Begin to work apart, from the copy and the notes; nothing where that has begun."""
        with self.writing():
            has = self.has
            if not has.parted.since:
                self.keep(parted(has, self._noted(has), now, self._project))

    def keep(self, contents: Contents) -> None:
        """Write the contents; what is changed apart with how it was before."""
        held = self.held
        if held.parted.since and contents.parted == held.parted:
            contents = journalled(held, contents, self._project)
        super().keep(contents)

    def rejoin(self, now: float) -> bool:
        """Work apart no more, as all of it is settled; tell whether that was so until now."""
        with self.writing():
            has = self.has
            if has.parted.since:
                # What was noted until now is in it.
                was = has.parted
                known = Parted(copied=was.copied, copied_at=now, ahead=was.ahead)
                self.keep(replace(has, parted=known))
            return bool(has.parted.since)

    def _bytes(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            # The database would refuse it, and with it all else that was done.
            around = text[max(0, error.start - 20) : error.end + 20]
            raise StoreError(
                f"The task database cannot keep {around!r}: it is not valid Unicode. Correct it."
            ) from error

    def put_copy(self, contents: Contents) -> None:
        """Let there be a new copy; not while work is done apart."""
        self.make()
        with self.writing():
            if not self.has.parted.since:
                self.keep(contents)
                self._older_notes.unlink(missing_ok=True)

    def put_damaged_aside(self) -> None:
        """Give a copy that cannot be read another name: the next one takes its place."""
        if self.path.exists():
            with self._alone():
                try:
                    self._refresh()
                except DamagedFileError:
                    self.path.replace(self.path.with_suffix(".damaged"))

    @property
    def sent(self) -> AwayShelf:
        """What was sent to the database, of which it is not known yet whether that has it."""
        return AwayShelf(self.path.with_suffix(".sent"), self._project)

    def put_refused_aside(self, journal: str) -> None:
        """Keep what the database did not take of a journal under another name."""
        self.path.replace(self.path.with_suffix(f".{REFUSED}{journal}.json"))

    @property
    def touched(self) -> int:
        """With how many tasks something was done that the database may not know."""
        keys, sent = set(self.has.parted.bases), self.sent
        # It goes as soon as the database has it.
        with contextlib.suppress(StoreError):
            keys |= sent.has.parted.bases.keys()
        return len(keys)

    def seal(self) -> AwayShelf | None:
        """Set aside what is to be sent, None if there is nothing: what is done later is not in it.

        A journal is taken once. What came to one that was taken already would be lost.
        """
        sent = self.sent
        with self.writing():
            has = self.has
            if not sent.path.exists():
                if not has.parted.id:
                    return None
                sent._write(self._held)  # noqa: SLF001 - a shelf as this one
            if has.parted.id == sent.has.parted.id:
                begun = replace(has.parted, id="", bases={}, told=len(has.events))
                self.keep(replace(has, parted=begun))
        return sent

    @property
    def _older_notes(self) -> Path:
        return self.path.with_suffix(".notes.old")

    def _noted(self, has: Contents) -> Iterator[dict[str, Any]]:
        for path in (self._older_notes, self.notes):
            try:
                lines = path.read_bytes().decode("utf-8", "surrogatepass").splitlines()
            except OSError:
                continue
            for line in lines:
                # The last one may have been cut short.
                with contextlib.suppress(ValueError, KeyError):
                    said = json.loads(line)
                    if said["at"] >= has.parted.copied_at:
                        yield said


def parted(has: Contents, notes: Iterable[Mapping[str, Any]], now: float, project: str) -> Contents:
    """Return the contents with which work goes on apart: the copy, and what was noted since.

    Leases and heartbeats are by the clock of the database.

    Claims of which nothing was noted are others', whose heartbeats are not heard: they last.
    """
    tasks, standings = dict(has.tasks), dict(has.work.standings)
    mine: set[TaskKey] = set()
    shared = now + has.parted.ahead
    for said in notes:
        key, kept, standing = _noted(said, tasks, standings, project)
        tasks[key], standings[key] = kept, standing
        mine.add(key)
    for key, each in standings.items():
        if each.agent and key not in mine:
            expires = max(each.expires, shared) + FOREIGN
            standings[key] = each._replace(expires=expires, orchestrator="")
    alive = {
        name: each._replace(last_heartbeat=max(each.last_heartbeat, shared))
        for name, each in has.work.orchestrators.items()
    }
    work = replace(has.work, standings=standings, orchestrators=alive)
    events = claimed_events(standings)
    return replace(
        has,
        tasks=tasks,
        work=work.linked(tasks) if tasks.keys() != has.tasks.keys() else work,
        events=events,
        parted=replace(has.parted, since=now, id="", told=len(events), bases={}),
    )


def _noted(
    said: Mapping[str, Any],
    tasks: Mapping[TaskKey, Kept],
    standings: Mapping[TaskKey, Standing],
    project: str,
) -> tuple[TaskKey, Kept, Standing]:
    """Return how a task stood after something was done with it in the database."""
    task = task_of(said["task"], project)
    before = tasks.get(task.key)
    filed = before.filed if before is not None else None
    old = standings.get(task.key, Standing(Status.TODO, None))
    new = old._replace(
        status=task.status,
        file_status=filed.status if filed else None,
        assignee=task.assignee,
        version=task.status_version,
        reason=said["reason"],
        started_at=said["started"],
    )
    if said["claim"] is None:
        new = new._replace(agent="", orchestrator="", expires=0.0)
    else:
        claim = Claim(*said["claim"])
        if claim.token != old.token:
            owner = before.task.assignee if before is not None else ""
            new = new._replace(before=owner, said=new.file_status)
        new = new._replace(**claim._asdict())
    return task.key, Kept(task, filed), new


class AwayStore(FlatStore):
    """The tasks of one project while the database is away; what is done is journalled."""

    _shelf: AwayShelf

    def journal(self) -> Journal:
        """Return what was done apart."""
        has = self._has
        since = self.clock(has.parted.since)
        desk = self._desk()
        told: dict[str, list[Told]] = {}
        for event in has.events[has.parted.told :]:
            told.setdefault(event.key, []).append(Told(event.kind, json.loads(event.data)))
        entries = []
        for key, base in sorted(has.parted.bases.items(), key=lambda item: item[0]):
            standing = desk.standing(key)
            if standing is not None:
                kept = has.tasks[key]
                entries.append(Apart(key, base, kept, standing, tuple(told.get(str(key), ()))))
        beating = [each for each in has.work.orchestrators.values() if each.last_heartbeat > since]
        return Journal(has.parted.id, since, tuple(entries), tuple(beating))

    def clock(self, now: float) -> float:
        """Return the time by the clock of the database, as far off as it was by the copy."""
        return now + self._has.parted.ahead

    def rename(self, key: TaskKey, task: Task, now: float) -> Entry:
        """Refuse: which file holds a task is the database's to know."""
        self._refuse("no task gets another key")

    def merge(
        self, tasks: Sequence[Task], gone: Mapping[TaskKey, Gone], files: FilesState, now: float
    ) -> Merged:
        """Refuse: what files say is brought into the database."""
        self._refuse("what was committed is not brought in")

    def events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return none after the newest that the copy knows: numbers are the database's to give.

        Whoever follows goes on from there once it is back.
        """
        if after < self._has.parted.copied:
            self._refuse("its events are not told")
        return []

    def history(self, key: TaskKey) -> list[Event]:
        """Return the events of one task that the copy knows; they have no numbers yet."""
        return [each._replace(id=0) for each in super().history(key)]

    def last_event(self) -> int:
        """Return the id of the newest event that the copy knows."""
        return self._has.parted.copied

    def leader(self) -> Leader:
        """Return nobody: who leads is the database's to say, and whoever waits looks by itself."""
        return NOBODY

    def lead(self, monitor: str, now: float, seconds: float = LEAD) -> Leader:
        """Let nobody lead: others may be with the database, where somebody does."""
        return NOBODY

    def step_down(self, monitor: str, token: int) -> None:
        """Do nothing: nobody leads."""

    def forget_idle(self, agent: str, now: float, *, keep_offer: bool = False) -> None:
        """Do nothing: nobody is known to wait, and what was offered in the database runs out."""

    def _refuse(self, what: str) -> Never:
        raise StoreAwayError(
            f"The task database is away, and as long as it is {what}; try again when its server"
            " answers."
        )

    def _claimed(
        self, standing: Standing, agent: str, now: float, lease: float, orchestrator: str
    ) -> Outcome:
        """Return a task with a new claim, its token above any that the database gives."""
        made = claimed(standing, agent, now, lease, orchestrator)
        return claimed_above(made, first_number(now))

    @contextlib.contextmanager
    def _working(self, reach: Reach = Reach.ONE) -> Iterator[Desk]:
        with self._shelf.writing():
            if not self._has.parted.since:
                raise LeftError("The task database is back; run the same command again.")
            with super()._working(reach) as desk:
                yield desk


def journalled(before: Contents, after: Contents, project: str) -> Contents:
    """Return the contents with how each task stood before it was touched for the first time."""
    was = before.parted
    touched = {key for key, each in after.tasks.items() if before.tasks.get(key) != each}
    standings = before.work.standings
    touched |= {key for key, each in after.work.standings.items() if standings.get(key) != each}
    touched -= was.bases.keys()
    if not touched:
        return after
    desk = MemoryDesk(project, before.tasks, before.work, before.events)
    bases = {**was.bases, **{key: desk.standing(key) for key in touched}}
    return replace(after, parted=replace(was, id=was.id or secrets.token_hex(8), bases=bases))
