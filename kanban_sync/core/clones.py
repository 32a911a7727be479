"""Whose word about a task counts where several clones keep their tasks in one database.

Each clone says what its own files say, and remembers what it said last. What it finds in the
database may be the word of another clone, which is ahead of it, or behind. Of a task's words, of
its status, and of its assignee, each by itself:

==================================  =======================================  ================
version, against the database's     this clone                               its word counts
==================================  =======================================  ================
newer                               whatever it said before                  yes
the same, or older                  said just what is there, and its file    yes: a reset, a
                                    is another since                         deleted branch
the same, or older                  said just that, and its file is as then  no: it is as was
the same, or older                  never said what is there                 no
==================================  =======================================  ================

A task's place has no version. Where the words have the same, the clone tells it whose file is
another since it spoke last. So nothing is written any more once no file changes, whoever comes
next: a version in the database only grows then.

A clone that does not hold a task has something to say of it only if it held it before, or if its
history tells which commit took it out. That commit's version stands against both of the task's; a
task of which nothing but a layer went away is gone with version 0. Whoever holds a task that is
gone brings it back if either of its versions is newer.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.assemble import Own
from kanban_sync.core.identity import similar
from kanban_sync.core.model import UNKNOWN, Status
from kanban_sync.core.ports import STRICT
from kanban_sync.core.slots import effective, slots_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kanban_sync.core.merge import Kept
    from kanban_sync.core.model import Task, TaskKey, Version
    from kanban_sync.core.ports import FilesState
    from kanban_sync.core.slots import SlotState

PLACE = ("parent", "number", "position", "path", "line", "branch")
"""What a commit may change of a task without giving it another version."""

UNIT = "="
"""Begins the name of a slot that stands for a unit: a change, or a file as a whole."""

CHANGES = "/changes/"
"""Stands in a slot between the folder of a source's root and the name of a change."""


class Record(NamedTuple):
    """What a clone has recorded of its files, task by task; a task is (source, name).

    ``versions`` are those that it knows of a task, its removal's among them; ``held`` are the
    tasks that are in its files.
    """

    versions: Mapping[tuple[str, str], frozenset[Version]]
    held: frozenset[tuple[str, str]]


class Voice(NamedTuple):
    """What a clone said last, and which files, as (source, path), are as they were then.

    ``heard_of`` are the commits that it has read since; ``turned_back`` are the versions of tasks
    that its default branch had then and has no more. It says it ``anew`` where it did not tell
    before what is done on a branch alone.
    """

    said: Mapping[tuple[str, str], frozenset[Version]]
    unmoved: frozenset[tuple[str, str]]
    heard_of: Collection[str] = ()
    turned_back: Mapping[tuple[str, str], frozenset[Version]] = MappingProxyType({})
    anew: bool = False

    def has_said(self, key: TaskKey, version: Version) -> bool:
        """Tell whether a version of a task is of this clone's last word about it."""
        return any(version in self.said.get(name, ()) for name in _said_of(key))

    def has_met(self, kept: Kept, task: Task) -> bool:
        """Tell whether this clone knows what the database has by the key of one of its tasks.

        It does if it had a task of that key before, or has read the commit. Where both say the
        same, or no new file says anything, there is nothing to be met.
        """
        there = kept.task
        is_same = (there.title, there.body) == (task.title, task.body)
        return (
            is_same
            or there.text_version in {UNKNOWN, task.text_version}
            or there.text_version.commit in self.heard_of
            or not self.moved(task)
            or any(name in self.said for name in _said_of(task.key))
        )

    def moved(self, task: Task) -> bool:
        """Tell whether a task's file is another one since this clone spoke last."""
        return (task.key.source, task.path) not in self.unmoved

    def counts(self, task: Task, version: Version, there: Version) -> bool:
        """Tell whether what this clone says with a version counts against what is there."""
        return version > there or (self.moved(task) and self.has_said(task.key, there))

    def counts_gone(self, kept: Kept, version: Version) -> bool:
        """Tell whether a task is gone because this clone says so, with that version."""
        there = newest(kept)
        return version > there or self.has_said(kept.task.key, there)

    def branch_of(self, kept: Kept, version: Version, branch: str) -> str:
        """Return on which branch alone a task is done, '' if the default branch says so, too.

        Of one version the default branch of a clone that has it says more than any branch of one
        that does not have it there yet, or no more.

        Args:
            kept: What the database has; it is done there.
            version: With which this clone says that it is done.
            branch: On which one it is so here.
        """
        there = kept.task.branch
        if kept.filed is None or kept.filed.version != version:
            return there
        names = _said_of(kept.task.key)
        is_new = self.anew or any(version in self.turned_back.get(name, ()) for name in names)
        return branch if not branch or (is_new and not there) else there


def _said_of(key: TaskKey) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return by what names a clone has recorded a task."""
    _, source, name = key
    return (source, name), (source, f"#{name.partition('#')[2]}")


def is_other(voice: Voice, kept: Kept, task: Task) -> bool:
    """Tell whether a clone brings another task by a key that the database has for one already.

    Two clones may give one new id to two tasks at once, before either has heard of the other. One
    that is merely behind has older words for the same task, and these are alike.
    """
    if kept.filed is None or kept.filed.status is Status.ORPHANED or voice.has_met(kept, task):
        return False
    is_newer = task.text_version > kept.task.text_version
    return is_newer or not similar(_words(kept.task), _words(task))


def _words(task: Task) -> str:
    """Return what a title says behind the id that two tasks have in common."""
    own = task.key.name.rpartition("/")[2].rpartition("#")[2]
    _, found, rest = task.title.partition(own)
    return rest.lstrip("*_`:.)] -") if found else task.title


def newest(kept: Kept) -> Version:
    """Return the newer version of the two parts of what files said last."""
    status = UNKNOWN if kept.filed is None else kept.filed.version
    return max(kept.task.text_version, status)


class Heard(NamedTuple):
    """What counts of a clone's word about a task; the rest of ``task`` is the database's."""

    task: Task
    has_status: bool


def hear(voice: Voice, kept: Kept, task: Task, *, is_strict: bool = False) -> Heard | None:
    """Return what counts of what a clone's files say of a task; None if nothing does.

    Where it is strict, who waits depends on the branch on which alone a task is done.
    """
    filed = kept.filed
    if filed is None:
        return Heard(task, has_status=True)
    if filed.status is Status.ORPHANED:
        version = max(task.text_version, task.status_version)
        return Heard(task, has_status=True) if voice.counts(task, version, filed.version) else None
    has_words = voice.counts(task, task.text_version, kept.task.text_version)
    has_status = voice.counts(task, task.status_version, filed.version)
    has_place = voice.moved(task) and task.text_version == kept.task.text_version
    has_assignee = voice.counts(task, task.assignee_version, kept.task.assignee_version)
    branch = _branch(voice, kept, task, has_status=has_status) if is_strict else None
    has_branch = branch not in {None, kept.task.branch}
    if not (has_words or has_status or has_place or has_assignee or has_branch):
        return None
    words = task if has_words else kept.task
    assigned = (
        (task.assignee, task.assignee_version)
        if has_assignee
        else (filed.assignee, kept.task.assignee_version)
    )
    words = words._replace(assignee=assigned[0], assignee_version=assigned[1])
    if has_place and not has_words:
        words = words._replace(**{name: getattr(task, name) for name in PLACE})
    status = (
        (task.status, task.word, task.status_version)
        if has_status
        else (filed.status, filed.word, filed.version)
    )
    said = words._replace(status=status[0], word=status[1], status_version=status[2])
    return Heard(said if branch is None else said._replace(branch=branch), has_status)


def _branch(voice: Voice, kept: Kept, task: Task, *, has_status: bool) -> str | None:
    """Return on which branch alone a task is done; None if it is not done."""
    filed = kept.filed
    if filed is None or not (task.status if has_status else filed.status).satisfies:
        return None
    if filed.status.satisfies and (filed.version == task.status_version or not has_status):
        return voice.branch_of(kept, task.status_version, task.branch)
    return task.branch


def voice_of(recorded: FilesState, files: FilesState, *, is_strict: bool = False) -> Voice:
    """Return what a clone may say: what it recorded the last time, and what it has read now.

    What its default branch has lost is found out only where it is strict.
    """
    lost: dict[tuple[str, str], frozenset[Version]] = {}
    if is_strict:
        lost = _turned_back(slots_of(recorded.slots).base, slots_of(files.slots).base)
    anew = bool(recorded.tips) and STRICT not in recorded.tips
    before, now = effective(recorded.slots), effective(files.slots)
    same = {slot for slot, state in now.items() if before.get(slot) == state}
    moved = {_file(slot, now[slot]) for slot in now.keys() - same}
    unmoved = {_file(slot, now[slot]) for slot in same}
    return Voice(record_of(before).versions, frozenset(unmoved - moved), files.commits, lost, anew)


def _turned_back(
    before: Mapping[str, SlotState], now: Mapping[str, SlotState]
) -> dict[tuple[str, str], frozenset[Version]]:
    were, are = record_of(before).versions, record_of(now).versions
    lost = {task: were[task] - are.get(task, frozenset()) for task in were}
    return {task: versions for task, versions in lost.items() if versions}


def _file(slot: str, state: SlotState) -> tuple[str, str]:
    return slot.partition(":")[0], state.path


def own_of(
    deleted: Mapping[str, Version], files: FilesState, unread: Mapping[str, SlotState]
) -> Own:
    """Return what a clone may say of tasks that its files do not hold.

    Args:
        deleted: The files that commits took away since the last pass.
        files: What was recorded at the last pass.
        unread: The states of what cannot be read now.
    """
    were = effective(files.slots)
    units = {slot for slot in were if slot.partition(":")[2].startswith(UNIT)}
    former = {state.path: state for slot, state in were.items() if slot not in units}
    own = Own(deleted, former=former, units={were[slot].path for slot in units})
    if not files.is_shared:
        return own
    return own._replace(held=record_of(were).held, unread=record_of(unread).held)


def record_of(slots: Mapping[str, SlotState]) -> Record:
    """Return what the states of a clone's slots tell of single tasks."""
    versions: dict[tuple[str, str], set[Version]] = {}
    held: set[tuple[str, str]] = set()
    units = _units(slots)
    for slot, state in slots.items():
        source, _, place = slot.partition(":")
        if place.startswith(UNIT):
            continue
        unit, prefix = _unit_of(units, source, place)
        tops = _tops(state)
        for task in state.tasks:
            for name in _names(state, place, unit, prefix, task.own, tops[task.own]):
                its = versions.setdefault((source, name), set())
                its |= {task.text_version, task.status_version}
                # Not to be taken for words of an age that nobody knows.
                its |= {task.assignee_version} - {UNKNOWN}
                if state.path:
                    held.add((source, name))
        for own, version in state.removed.items():
            for name in (*_names(state, place, unit, prefix, own, own), f"#{own}"):
                versions.setdefault((source, name), set()).add(version)
        if unit:
            if state.path:
                held.add((source, unit))
            its = versions.setdefault((source, unit), set())
            its |= {each.text_version for each in state.tasks}
            its |= {each.status_version for each in state.tasks}
            its |= {state.shape_version, *state.removed.values()}
    return Record({task: frozenset(each) for task, each in versions.items()}, frozenset(held))


def _units(slots: Mapping[str, SlotState]) -> set[tuple[str, str]]:
    """Return the changes, by source and name; also those whose files are gone."""
    found: set[tuple[str, str]] = set()
    for slot, state in slots.items():
        source, _, name = slot.partition(":")
        if name.startswith(UNIT) and name != f"{UNIT}{state.path}":
            found.add((source, name.removeprefix(UNIT)))
    return found


def _unit_of(units: Collection[tuple[str, str]], source: str, place: str) -> tuple[str, str]:
    """Return the change that a slot belongs to, and what tells the slot's lines from others'."""
    root, _, rest = place.partition(CHANGES)
    name, _, inside = rest.partition("/")
    above = root.rpartition("/")[0]
    unit = f"{above}/{name}" if above else name
    if not inside or (source, unit) not in units:
        return "", ""
    return unit, "" if inside == "tasks.md" else f"{inside}/"


def _tops(state: SlotState) -> dict[str, str]:
    """Return the own key of the task at the top above each task, or the task's itself."""
    tops: dict[str, str] = {}
    for task in state.tasks:
        tops[task.own] = tops.get(task.above, task.above) if task.above else task.own
    return tops


def _names(  # noqa: PLR0913 - all that a name is made of
    state: SlotState, place: str, unit: str, prefix: str, own: str, top: str
) -> Iterator[str]:
    """Yield the names that a task may have in its key."""
    if unit:
        yield f"{unit}#{prefix}{own}"
        return
    path = state.path or place
    name = state.prefixes.get(top, f"{path}/") + top
    below = "" if own == top else f"#{own}"
    yield f"{name}{below}"
    # So is a task called whose id another file has given before.
    yield f"{path}/{name}{below}"
