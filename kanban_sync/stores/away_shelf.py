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
import errno
import hashlib
import json
import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.claims import Claim, Standing
from kanban_sync.core.errors import StoreAwayError, StoreError, UnusableCopyError
from kanban_sync.core.merge import Kept
from kanban_sync.core.model import Status, TaskKey
from kanban_sync.core.spans import UNHEARD
from kanban_sync.core.work import Orchestrator
from kanban_sync.machine_time import Moment, moment
from kanban_sync.stores.absence import Absence
from kanban_sync.stores.copying import claimed_events
from kanban_sync.stores.flatfile import DamagedFileError, FileShelf
from kanban_sync.stores.flatfile_text import plain, task_of
from kanban_sync.stores.memory_work import MemoryDesk
from kanban_sync.stores.shelf import Parted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from kanban_sync.core.work import Entry
    from kanban_sync.stores.flatfile_text import Manifest
    from kanban_sync.stores.shelf import Contents

LARGEST_NOTES = 1 << 20
"""Bytes of notes, after which they begin a new file; the one before is kept until the next."""

ORCHESTRATOR = "orchestrator"
"""What is noted of, if it is no task."""

REFUSED = "refused-"
"""Stands before the name of a journal in that of the file which is kept of it."""


REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Make room on that disk"),
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM), "Make its folder writable for this user"
    ),
}
"""What to do where the copy cannot be written to, by the number of the error."""


class LeftError(StoreAwayError):
    """The database is back: what was done apart was taken over, and nothing is to be added."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The task database is back; run the same command again.")


class AwayShelf(FileShelf):
    """The copy of one project's tasks, with what is noted beside it."""

    @property
    def has(self) -> Contents:
        """What work goes on with; for whoever only reads, as it would if that began now."""
        has = super().has
        if not self._read_only or has.parted.since is not None:
            return has
        now = moment()
        return parted(has, self._noted(has), now, self._project)

    @property
    def notes(self) -> Path:
        """Where this clone notes what it has done in the database since the copy was made."""
        return self.path.with_suffix(".notes")

    def note(self, found: Entry | Orchestrator, now: Moment) -> None:
        """Note how a task or an orchestrator is after this clone has done something with it."""
        said = {"at": now.wall, "clock": now[1:], **_said_of(found)}
        # It begins a line, since one before it may have been cut short on a full disk.
        line = "\n" + json.dumps(said, ensure_ascii=False)
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

    def write_beside(self, path: Path, said: bytes) -> None:
        """Write a small file; where there is no room, that it is there has to do."""
        with self._told():
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Over what it said, lest it says nothing where the disk is full by now.
            with contextlib.suppress(OSError):
                os.pwrite(fd, said, 0)
                os.ftruncate(fd, len(said))
        finally:
            os.close(fd)

    @property
    def is_there(self) -> bool:
        """Whether there is a copy, or all of it was sent."""
        return self.path.exists() or self.sent.path.exists()

    def check_readable(self) -> None:
        """Refuse a copy that is damaged, before anything is said of it."""
        if self.is_there:
            _ = (self if self.path.exists() else self.sent).has

    def part(self, now: Moment) -> None:
        """Begin to work apart, from the copy and the notes; nothing where that has begun."""
        with self.alone():
            sent = self.sent
            if not self.path.exists() and sent.path.exists():
                self._write(begun_anew(sent._read_whole()))  # noqa: SLF001 - a shelf as this one
            with self.writing():
                has = self.has
                if has.parted.since is None:
                    self.keep(parted(has, self._noted(has), now, self._project))

    def keep(self, contents: Contents) -> None:
        """Write the contents; what is changed apart with how it was before."""
        held = self.held
        if held.parted.since is not None and contents.parted == held.parted:
            contents = journalled(held, contents, self._project)
        super().keep(contents)

    @property
    def absence(self) -> Absence:
        """Until when a database of this clone was away: by a new name it may be this one."""
        return Absence(self.path.parents[1] / self.path.with_suffix(".back").name)

    def rejoin(self, now: Moment) -> bool:
        """Work apart no more, as all of it is settled; tell whether that was so until now."""
        with self.alone():
            self.absence.note()
            if not self.path.exists():
                return True
            with self.writing():
                has, was = self.has, self.has.parted
                # What was noted until now is in it.
                ahead = was.there(now) - now.wall
                known = Parted(copied=was.copied, copied_at=now, ahead=ahead)
                if was.since is not None:
                    try:
                        self.keep(replace(has, parted=known))
                    except UnusableCopyError:
                        # A new one is made once there is room for it.
                        with self._told():
                            self.path.unlink()
                return was.since is not None

    def _bytes(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            # The database would refuse it, and with it all else that was done.
            around = text[max(0, error.start - 20) : error.end + 20]
            raise StoreError(
                f"The task database cannot keep {around!r}: it is not valid Unicode. Correct it."
            ) from error

    def _other(self) -> StoreError:
        return LeftError()

    def _unusable(self, error: OSError) -> StoreError:
        remedy = REMEDIES.get(error.errno or 0, "See to what is said there")
        return UnusableCopyError(
            f"{self.path}, the copy of the task database with which work goes on while its server"
            f" does not answer, cannot be written to ({error.strerror}). Nothing was changed by"
            f" this, and nothing is lost. {remedy}, and try again."
        )

    def put_copy(self, contents: Contents) -> None:
        """Let there be a new copy; not while work is done apart, or waits to be written there."""
        with self._told():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.alone():
            if self.path.exists():
                with self.writing():
                    if self.has.parted.since is not None:
                        return
                    self.keep(contents)
            elif self.sent.path.exists():
                return
            else:
                held = self._held
                id_ = held.id or secrets.token_hex(8)
                self._write(held._replace(id=id_, counter=held.counter + 1, contents=contents))
            self._older_notes.unlink(missing_ok=True)

    def put_damaged_aside(self) -> None:
        """Give a copy that cannot be read another name: the next one takes its place."""
        if self.path.exists():
            with self.alone():
                try:
                    self._refresh()
                except DamagedFileError:
                    self.path.replace(self.path.with_suffix(".damaged"))

    @property
    def sent(self) -> AwayShelf:
        """What was sent to the database, of which it is not known yet whether that has it."""
        return AwayShelf(self.path.with_suffix(".sent"), self._project)

    def put_refused_aside(self, journal: str, copy: Path) -> None:
        """Keep what the database did not take of a journal beside a copy, under another name."""
        self.path.replace(copy.with_suffix(f".{REFUSED}{journal}.json"))

    @property
    def touched(self) -> int | None:
        """With how many tasks something was done that the database may not know.

        None where nobody can tell, since a file cannot be read.
        """
        keys: set[TaskKey] = set()
        for each in (self, self.sent):
            try:
                keys |= each.has.parted.bases.keys()
            except StoreError:
                # What was sent goes as soon as the database has it.
                if each.path.exists():
                    return None
        return len(keys)

    def digest(self) -> str:
        """Return by what the file is told apart from others; one that was sent stays as it is."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def seal(self, *, for_good: bool = False) -> AwayShelf | None:
        """Set aside what is to be sent, None if there is nothing: what is done later is not in it.

        A journal is taken once. What came to one that was taken already would be lost. So the copy
        itself is set aside, which needs no room on the disk, and work apart would go on with a new
        one; without room for that there is none until what was sent is taken. Sent ``for_good``,
        to another database, there is none at all: it has what its own database never gets.
        """
        sent = self.sent
        with self.alone():
            if not self.path.exists():
                return sent if sent.path.exists() else None
            with self.writing():
                mine = self.has.parted.id
                if sent.path.exists() and sent.has.parted.id != mine:
                    if for_good and not mine:
                        self.path.unlink()
                    return sent
                if not mine:
                    return None
                with self._told():
                    self.path.replace(sent.path)
                if not for_good:
                    with contextlib.suppress(UnusableCopyError):
                        self._write(begun_anew(self._held))
        return sent

    def _read_whole(self) -> Manifest:
        self._refresh()
        return self._held

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
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    said = json.loads(line)
                    # One of an older release tells nothing of the other clock.
                    noted = Moment(said["at"], *said.get("clock", ()))
                    if has.parted.copied_at.until(noted) >= 0:
                        yield said


def begun_anew(whole: Manifest) -> Manifest:
    """Return a copy with which work apart goes on once its journal was set aside."""
    has = whole.contents
    known = replace(has.parted, id="", bases={}, told=len(has.events))
    return whole._replace(counter=whole.counter + 1, contents=replace(has, parted=known))


def parted(
    has: Contents, notes: Iterable[Mapping[str, Any]], now: Moment, project: str
) -> Contents:
    """Return the contents with which work goes on apart: the copy, and what was noted since.

    Leases and heartbeats are by the clock of the database.

    Claims of which nothing was noted are others', whose heartbeats are not heard: they last.
    """
    tasks, standings = dict(has.tasks), dict(has.work.standings)
    mine: set[TaskKey] = set()
    shared = has.parted.there(now)
    orchestrators = dict(has.work.orchestrators)
    for said in notes:
        if ORCHESTRATOR in said:
            known = Orchestrator(**said[ORCHESTRATOR])
            orchestrators[known.instance_id] = known
            continue
        key, kept, standing = _noted(said, tasks, standings, project)
        tasks[key], standings[key] = kept, standing
        mine.add(key)
    for key, each in standings.items():
        if each.agent and key not in mine:
            standings[key] = each._replace(expires=UNHEARD, orchestrator="")
    alive = {
        name: each._replace(last_heartbeat=max(each.last_heartbeat, shared))
        for name, each in orchestrators.items()
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


def _said_of(found: Entry | Orchestrator) -> dict[str, Any]:
    if isinstance(found, Orchestrator):
        return {ORCHESTRATOR: plain(found)}
    said = {"attempts": found.attempts, "reason": found.reason, "started": found.started_at}
    return {"task": plain(found.task), "claim": found.claim, **said}


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


def journalled(before: Contents, after: Contents, project: str) -> Contents:
    """Return the contents with how each task stood before it was touched for the first time.

    There is a journal also where only an orchestrator was heard of.
    """
    was = before.parted
    touched = {key for key, each in after.tasks.items() if before.tasks.get(key) != each}
    standings = before.work.standings
    touched |= {key for key, each in after.work.standings.items() if standings.get(key) != each}
    touched -= was.bases.keys()
    if not touched and (was.id or before.work.orchestrators == after.work.orchestrators):
        return after
    desk = MemoryDesk(project, before.tasks, before.work, before.events)
    bases = {**was.bases, **{key: desk.standing(key) for key in touched}}
    return replace(after, parted=replace(was, id=was.id or secrets.token_hex(8), bases=bases))
