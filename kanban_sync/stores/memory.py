"""A task store in memory, for dry runs and for tests; it forgets all when the process ends.

Whatever it holds is replaced, never changed: a method that raises leaves no trace.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.clones import voice_of
from kanban_sync.core.columns import digest
from kanban_sync.core.merge import as_filed
from kanban_sync.core.model import Status
from kanban_sync.core.ports import SATISFIED_BY, Event, FilesState, Merged, Run
from kanban_sync.core.renaming import under_keys_of_now, with_key
from kanban_sync.core.satisfying import is_strict
from kanban_sync.stores.changes import (
    TWOFOLD,
    check_project,
    check_tasks,
    compare,
    lenient_paths,
    roadmap_updated,
    said_anew,
)
from kanban_sync.stores.desk import Reach
from kanban_sync.stores.keeping import ASKED_NOTED, PARSES_KEPT, RUNS_KEPT
from kanban_sync.stores.memory_work import MemoryDesk
from kanban_sync.stores.shelf import MemoryShelf
from kanban_sync.stores.working import Working

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.board import Said
    from kanban_sync.core.lease import Leases
    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Gone
    from kanban_sync.core.settled import Settled
    from kanban_sync.core.work import Waiter
    from kanban_sync.stores.changes import News
    from kanban_sync.stores.desk import Desk
    from kanban_sync.stores.shelf import Contents, Shelf


class MemoryStore(Working):
    """The task database of one project, in memory."""

    leases: Leases | None = None

    def __init__(self, project: str, clone: str = "", shelf: Shelf | None = None) -> None:
        self._project = project
        self._clone = clone
        self._shelf = shelf or MemoryShelf()
        self._asked: set[str] = set()

    def of_clone(self, clone: str) -> MemoryStore:
        """Return the same database as another clone has it before it."""
        return MemoryStore(self._project, clone, self._shelf)

    @property
    def _has(self) -> Contents:
        return self._shelf.has

    @_has.setter
    def _has(self, contents: Contents) -> None:
        self._shelf.keep(contents)

    def tasks(self, of: Collection[TaskKey] | None = None) -> list[Task]:
        """Return all tasks, or some with all below them, by path, position and key."""
        every = {key: each.task for key, each in self._has.tasks.items()}
        if of is None:
            return _in_order(every.values())
        return _in_order(task for key, task in every.items() if _top(every, key) in of)

    def families(self) -> dict[TaskKey, str]:
        """Return a hash of each task that is below no other, and of all tasks below it."""
        every = {key: each.task for key, each in self._has.tasks.items()}
        found: dict[TaskKey, list[str]] = {}
        for key, task in every.items():
            if (top := _top(every, key)) is not None:
                found.setdefault(top, []).append(repr(task))
        return {key: digest(sorted(texts)) for key, texts in found.items()}

    def filed_tasks(self) -> list[Task]:
        """Return the tasks as their files had them at the last merge."""
        kept = self._has.tasks.values()
        return _in_order(as_filed(task, filed) for task, filed in kept if filed is not None)

    def ahead(self) -> list[Kept]:
        """Return the tasks of which the database has what their files do not say."""
        kept = self._has.tasks
        ahead = (each.task for each in kept.values() if each.is_ahead)
        return [kept[task.key] for task in _in_order(ahead) if task.status is not Status.ORPHANED]

    def tips(self) -> dict[str, str]:
        """Return the tip of each layer at this clone's last merge."""
        return dict(self._has.files.get(self._clone, FilesState()).tips)

    def files(self) -> FilesState:
        """Return what this clone's last merge recorded of its files."""
        has, clone = self._has, self._clone
        files = _copy(has.files.get(clone, FilesState()))
        is_shared = self._is_shared(has)
        has_news = is_shared and has.seen.get(clone) != has.said
        others = self._marks_of_others(has)
        return replace(files, is_shared=is_shared, has_news=has_news, marks_of_others=others)

    def merge(
        self, tasks: Sequence[Task], gone: Mapping[TaskKey, Gone], files: FilesState, now: float
    ) -> Merged:
        """Bring the tasks in, with their events."""
        check_tasks(self._project, tasks)
        said, files = files, _copy(files)
        with self._shelf.writing():
            has = self._has
            recorded = has.files.get(self._clone, FilesState())
            is_shared = self._is_shared(has)
            marks = (*_marks(files), *self._marks_of_others(has))
            strict = is_strict(marks)
            voice = voice_of(recorded, said, is_strict=strict) if is_shared else None
            pasts = has.work.pasts(said_anew(has.tasks, tasks), has.events)
            changes = compare(
                has.tasks, tasks, gone, voice, has.work.claims(), pasts, is_strict=strict
            )
            counts = not changes.merged.is_empty or files.slots != recorded.slots
            count = has.said + (is_shared and bool(changes.write or changes.over))
            written = {each.task.key: each for each in (*changes.write, *changes.over)}
            after = {**has.tasks, **written}
            news = changes.news
            if not changes.merged.is_empty or news:
                pending = sum(each.task.status is Status.TODO for each in after.values())
                news = (*news, roadmap_updated(changes, pending))
            merges = has.merges + counts
            self._has = replace(
                has,
                tasks=after,
                files={**has.files, self._clone: files},
                seen={**has.seen, self._clone: count},
                said=count,
                merges=merges,
                parses=self._noted(merges) if counts else has.parses,
                events=(*has.events, *_numbered(news, has.newest, now)),
                work=(
                    has.work.linked(after, lenient_paths(files), is_strict=strict)
                    if changes.relinks or changes.regroups or has.work.is_strict != strict
                    else has.work
                ).settled(after, changes.given_back),
            )
            return changes.merged

    def parses(self, digests: Iterable[str]) -> dict[str, str]:
        """Return remembered parses (JSON) by digest; unknown digests are left out."""
        has = self._has.parses
        found = {digest: has[digest][0] for digest in digests if digest in has}
        self._asked |= found.keys()
        return found

    def remember_parses(self, parses: Mapping[str, str]) -> None:
        """Remember parses; forgets those that no merge has asked for in the last 1,000."""
        with self._shelf.writing():
            has = self._has
            known = {**has.parses, **{each: (parses[each], has.merges) for each in parses}}
            oldest = has.merges - PARSES_KEPT - ASKED_NOTED
            kept = {digest: parse for digest, parse in known.items() if parse[1] > oldest}
            self._has = replace(has, parses=kept)

    def base(self, target: str, without: Collection[TaskKey] = ()) -> dict[TaskKey, Said]:
        """Return what was last agreed on with that board, but for some cards."""
        base = self._has.bases.get(target, {})
        return {key: said for key, said in base.items() if key not in without}

    def settled(self, target: str) -> dict[TaskKey, Settled]:
        """Return by what it is known of cards that nothing is to be done on them."""
        has = self._has
        base = has.bases.get(target, {})
        return {key: each for key, each in has.settled.get(target, {}).items() if key in base}

    def remember(
        self,
        target: str,
        said: Iterable[Said],
        settled: Mapping[TaskKey, Settled] | None = None,
        since: int | None = None,
    ) -> None:
        """Record bases (the key is the card's), replacing older ones."""
        new = {each.said.key: each for each in said}
        check_project(self._project, new)
        with self._shelf.writing():
            has = self._has
            new = under_keys_of_now(new, has.events_after(since) if since is not None else ())
            base = {**has.bases.get(target, {}), **new}
            before, now = has.settled.get(target, {}), settled or {}
            known = {key: each for key, each in before.items() if key not in new}
            known |= {key: each for key, each in now.items() if key in new}
            bases = {**has.bases, target: base}
            self._has = replace(has, bases=bases, settled={**has.settled, target: known})

    def forget(self, target: str, keys: Iterable[TaskKey]) -> None:
        """Forget the bases of these keys."""
        forgotten = set(keys)
        with self._shelf.writing():
            base = self.base(target, forgotten)
            self._has = replace(self._has, bases={**self._has.bases, target: base})

    def board_ids(self, target: str) -> dict[str, str]:
        """Return what the board wanted remembered."""
        return dict(self._has.boards.get(target, {}))

    def remember_board(self, target: str, ids: Mapping[str, str]) -> None:
        """Record what the board wants remembered, and nothing else that was there before."""
        new = dict(ids)
        with self._shelf.writing():
            self._has = replace(self._has, boards={**self._has.boards, target: new})

    def last_event(self) -> int:
        """Return the id of the newest event, 0 if there is none."""
        has = self._has
        return has.newest if has.events else 0

    def events(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return events with an id above ``after``, oldest first."""
        return list(self._has.events_after(after)[:limit])

    def twofold(self, since: float) -> list[Event]:
        """Return the events that tell of one id for two tasks, if nothing settled that."""
        over = {str(key) for key, each in self._has.tasks.items() if each.task.status.is_over}
        found: dict[str, Event] = {}
        for event in self._has.events:
            is_renamed = event.kind == "task_updated" and '"title"' in event.data
            if is_renamed or event.kind == "orphaned":
                found.pop(event.key, None)
            elif event.kind == "conflict" and json.loads(event.data)["field"] == TWOFOLD:
                found.pop(event.key, None)
                found[event.key] = event
        return [each for key, each in found.items() if each.at >= since and key not in over]

    def begin_run(self, run: Run) -> int:
        """Record the start of a run and return its id; one that never ended was interrupted."""
        with self._shelf.writing():
            number = max(self._has.runs, default=0) + 1
            kept = replace(run, id=number, operations=dict(run.operations))
            ended = {
                id_: replace(each, result="interrupted")
                for id_, each in self._has.runs.items()
                if each.target == run.target
                and each.result == "running"
                and self._has.runners[id_] == self._clone
            }
            runs = {**self._has.runs, **ended, number: kept}
            runners = {**self._has.runners, number: self._clone}
            self._has = replace(self._has, runs=runs, runners=runners)
            return number

    def end_run(self, run: Run) -> None:
        """Record the end of the run with that id; keeps the newest 200 runs of each target."""
        with self._shelf.writing():
            runs = dict(self._has.runs)
            if run.id in runs:
                runs[run.id] = replace(run, operations=dict(run.operations))
            same = sorted(number for number, each in runs.items() if each.target == run.target)
            for number in same[:-RUNS_KEPT]:
                del runs[number]
            self._has = replace(self._has, runs=runs)

    def runs(self, limit: int = 20) -> list[Run]:
        """Return the newest runs of all targets, newest first."""
        has = self._has.runs
        return [
            replace(has[number], operations=dict(has[number].operations))
            for number in sorted(has, reverse=True)[:limit]
        ]

    def waiter(self) -> Waiter:
        """Return what waits for events: every one of the project wakes it."""
        return self._shelf.waiter()

    def close(self) -> None:
        """Let go of it."""
        self._shelf.close()

    @contextmanager
    def _looking(self) -> Iterator[Desk]:
        yield self._desk()

    @contextmanager
    def _working(self, _reach: Reach = Reach.ONE) -> Iterator[Desk]:
        with self._shelf.writing():
            desk = self._desk()
            yield desk
            has = self._has
            # What was told of a task that has another key now is told of that one.
            before = [
                each._replace(key=desk.names.get(each.key, each.key)) if desk.names else each
                for each in has.events
            ]
            events = (*before, *_numbered(desk.news, has.newest, desk.now))
            bases = {target: _moved(each, desk.moved) for target, each in has.bases.items()}
            self._has = replace(has, tasks=desk.tasks, work=desk.work, events=events, bases=bases)

    def _marks_of_others(self, has: Contents) -> tuple[str, ...]:
        others = sorted(has.files.keys() - {self._clone})
        return tuple(mark for each in others for mark in _marks(has.files[each]))

    def _is_shared(self, has: Contents) -> bool:
        return bool(has.seen.keys() - {self._clone})

    def _desk(self) -> MemoryDesk:
        has = self._has
        return MemoryDesk(self._project, has.tasks, has.work, has.events)

    def _noted(self, merges: int) -> Mapping[str, tuple[str, int]]:
        """Return the parses, with this merge noted at those that were asked for."""
        parses = dict(self._has.parses)
        for name in self._asked & parses.keys():
            parse, asked = parses[name]
            if merges - asked >= ASKED_NOTED:
                parses[name] = (parse, merges)
        self._asked = set()
        return parses


def _top(tasks: Mapping[TaskKey, Task], key: TaskKey) -> TaskKey | None:
    """Return which task that is below no other a task is below; None where none is there."""
    for _ in range(len(tasks)):
        task = tasks.get(key)
        if task is None or task.parent is None:
            return None if task is None else key
        key = task.parent
    return None


def _moved(
    base: Mapping[TaskKey, Said], names: Mapping[TaskKey, TaskKey]
) -> Mapping[TaskKey, Said]:
    """Return a base where tasks have other keys by now; what is known of the new one stays."""
    moved = {old: new for old, new in names.items() if old in base and new not in base}
    if not moved:
        return base
    kept = {key: said for key, said in base.items() if key not in moved}
    return kept | {new: with_key(base[old], new) for old, new in moved.items()}


def _marks(files: FilesState) -> tuple[str, ...]:
    """Return what a clone recorded of its settings, if it did."""
    return (files.tips[SATISFIED_BY],) if SATISFIED_BY in files.tips else ()


def _copy(files: FilesState) -> FilesState:
    return FilesState(dict(files.tips), dict(files.slots))


def _numbered(news: Iterable[News], last: int, now: float) -> list[Event]:
    return [Event(last + n, now, *each) for n, each in enumerate(news, start=1)]


def _in_order(tasks: Iterable[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: (task.path, task.position, task.key))
