"""What a merge changes: the tasks that the database has against those that the files hold now.

Pure, and the same for every store. The events that come of it, with what their ``data`` holds:

=================== =========================================================================
``task_created``    ``status``
``status_changed``  ``old``, ``new``
``orphaned``        ``old``: what the status was
``task_updated``    ``fields``: the names of those that changed, status and versions left out;
                    ``file_status`` where those that need the task waited for its file
``conflict``        ``field`` with its values ``base``, ``file`` and ``database``, which won
``conflict``        ``field``: ``claim``, which the file won: it no longer holds the task that
                    ``agent`` had claimed with ``token``; ``file`` and ``database``: the statuses
``conflict``        ``field``: ``id``, which two clones gave to two tasks: ``file`` and
                    ``database`` are the words of both, ``won`` tells which are kept
``roadmap_updated`` one a merge: ``new``, ``changed``, ``gone``, each a list of at most 200 keys,
                    with ``new_count`` … for how many there were; ``moved``: how many tasks only
                    changed their place; ``pending``: how many tasks are to do now
=================== =========================================================================

Those that come of work on a task; times are in seconds since 1970:

=================== =========================================================================
``claimed``         ``agent``, ``token``, ``expires``, ``orchestrator`` if it has one, and ``old``
                    and ``new`` status
``released``        ``agent``, ``token``, ``old``, ``new``, ``reason`` if one was given
``reclaimed``       ``agent`` who lost it, ``token``, ``old``, ``new``; ``why``: ``lease``, or the
                    orchestrator that fell silent
``status_changed``  ``old``, ``new``; ``who`` said so; ``token`` if a claim ended, and ``reason``
``task_created``    ``status``, of a task that was born in the database
``task_updated``    ``fields``: ``["assignee"]``, with ``old`` and ``new``
=================== =========================================================================

Claiming, releasing and taking back change the status too, and have no second event for it. A
heartbeat has none.

A task that only moved within its file has no event of its own: one line put in at the top moves
all the others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.clones import Heard, hear, is_other
from kanban_sync.core.marks import UNCLAIMED
from kanban_sync.core.merge import (
    Filed,
    Kept,
    Merge,
    agreed_part,
    filed_part,
    gives_back,
    merge_task,
)
from kanban_sync.core.model import SATISFYING, Status, Task
from kanban_sync.core.ports import Merged
from kanban_sync.core.slots import effective
from kanban_sync.stores.relinking import is_met, kept_turns, regroups, relinks

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from kanban_sync.core.claims import Claim
    from kanban_sync.core.clones import Voice
    from kanban_sync.core.marks import Past
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.ports import FilesState, Gone

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

KEYS_TOLD = 200
"""How many keys an event lists before it only counts them."""

PLACE = frozenset({"position", "line"})
VERSIONS = frozenset({"text_version", "status_version", "assignee_version"})

TOLD = tuple(name for name in Task._fields if name not in PLACE | VERSIONS)
"""What others hear of: that a commit said the same again concerns the merge alone."""


TWOFOLD = "id"
"""What a conflict names as its field where one id stands for two tasks."""


class News(NamedTuple):
    """An event to be recorded: its kind, the key of its task ('' for all), and its JSON."""

    kind: str
    key: str
    data: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written, and what is to be told of it.

    ``write`` holds also those of which only the base moves, since the file has caught up.
    ``relinks`` tells whether other tasks may be meant by what tasks say they wait for, ``turned``
    are those that others may wait for no more, or again; ``given_back`` are those that a file
    opened again, and that are nobody's since. ``regroups`` tells whether tasks may belong to other
    milestones, if there are any.
    """

    merged: Merged
    write: tuple[Kept, ...]
    over: tuple[Kept, ...]
    news: tuple[News, ...]
    moved: int
    relinks: bool = False
    turned: tuple[TaskKey, ...] = ()
    given_back: tuple[TaskKey, ...] = ()
    regroups: bool = False


def check_tasks(project: str, tasks: Sequence[Task]) -> None:
    """Refuse tasks of another project, and two with one key: whoever merges them has a bug.

    Raises:
        ValueError: Naming the task, and where it stands.
    """
    keys = {task.key for task in tasks}
    check_project(project, keys)
    if len(keys) == len(tasks):
        return
    seen: dict[TaskKey, Task] = {}
    for task in tasks:
        if task.key in seen:
            other = seen[task.key]
            places = f"{other.path}:{other.line} and {task.path}:{task.line}"
            raise ValueError(f"two tasks have the key {task.key}: {places}")
        seen[task.key] = task


def check_project(project: str, keys: Collection[TaskKey]) -> None:
    """Refuse keys of another project: whoever hands them over has a bug.

    Raises:
        ValueError: Naming the key.
    """
    if {key.project for key in keys} <= {project}:
        return
    key = next(key for key in keys if key.project != project)
    raise ValueError(f"{key} of project {key.project} is not of project {project}")


def said_anew(old: Mapping[TaskKey, Kept], new: Sequence[Task]) -> list[TaskKey]:
    """Return the tasks of which the files say another status or assignee than they did.

    Of these has to be known who claimed them.
    """
    found: list[TaskKey] = []
    for task in new if old else ():
        kept = old.get(task.key)
        if kept is not None and kept.filed is not None:
            filed = kept.filed
            if (filed.status, filed.assignee) != (task.status, task.assignee):
                found.append(task.key)
    return found


def compare(  # noqa: PLR0913 - what was, what is, and who speaks and works there
    old: Mapping[TaskKey, Kept],
    new: Sequence[Task],
    gone: Mapping[TaskKey, Gone],
    voice: Voice | None = None,
    claims: Mapping[TaskKey, Claim] | None = None,
    pasts: Mapping[TaskKey, Past] | None = None,
    *,
    is_strict: bool = False,
) -> Changes:
    """Return what becomes of the old tasks.

    Args:
        old: What the database has, at least of those in ``new`` and ``gone``.
        new: What the files hold now, at least what may have changed.
        gone: What the files no longer hold -> what became of it. Keys that the database never
            had, and those in ``new``, count for nothing.
        voice: What counts of this, where other clones speak, too.
        claims: Who has which of those that are gone.
        pasts: What is known of the claims of those that are ``said_anew``, if they had any.
        is_strict: Whether files of the default branch have to say that what is needed is done.
    """
    given_back: list[TaskKey] = []
    created: list[TaskKey] = []
    updated: list[TaskKey] = []
    write: list[Kept] = []
    news: list[News] = []
    moved = 0
    for task in new:
        kept = old.get(task.key) if old else None
        if kept is None:
            created.append(task.key)
            write.append(Kept(task, filed_part(task)))
            news.append(News("task_created", str(task.key), CREATED[task.status]))
            continue
        twofold = _twofold(voice, kept, task)
        heard = (
            Heard(task, has_status=True)
            if voice is None
            else hear(voice, kept, task, is_strict=is_strict)
        )
        if heard is None:
            news += twofold
            continue
        past = pasts.get(task.key, UNCLAIMED) if pasts else UNCLAIMED
        merged = _merged(kept, heard, past)
        filed = agreed_part(kept.filed or filed_part(heard.task), heard.task, kept.task)
        given_back += [task.key] if gives_back(kept.task, merged.task.status, past) else []
        news += [_news("conflict", task.key, **each._asdict()) for each in merged.conflicts]
        if merged.task != kept.task:
            updated.append(task.key)
            told = _told(kept.task, merged.task)
            moved += not told and any(
                getattr(merged.task, name) != getattr(kept.task, name) for name in PLACE
            )
            news += told
        news += twofold
        if merged.task != kept.task or filed != kept.filed:
            write.append(Kept(merged.task, filed))
            if is_strict and merged.task == kept.task and is_met(kept) != is_met(write[-1]):
                news.append(_news("task_updated", task.key, fields=("file_status",)))
    held = {task.key for task in new} if gone else ()
    if voice is not None:
        gone = {
            key: each
            for key, each in gone.items()
            if key in old and voice.counts_gone(old[key], each.version)
        }
    over = _over(old, held, gone, voice if is_strict else None)
    ended = [each for each in over if each.task != old[each.task.key].task]
    for each in ended:
        before = old[each.task.key].task
        news += _told(before, each.task)
        news += _claim_lost(before, each.task, (claims or {}).get(each.task.key))
    merged_keys = Merged(tuple(created), tuple(updated), tuple(each.task.key for each in ended))
    pairs = [(old[each.task.key].task, each.task) for each in write if each.task.key in old]
    is_relinked = bool(created or over) or any(relinks(*each) for each in pairs)
    is_regrouped = any(regroups(*each) for each in pairs)
    turned = tuple(
        each.task.key
        for each in (write if old else ())
        if each.task.key in old and kept_turns(old[each.task.key], each, is_strict=is_strict)
    )
    written = (tuple(write), tuple(over), tuple(news), moved)
    return Changes(merged_keys, *written, is_relinked, turned, tuple(given_back), is_regrouped)


def _merged(kept: Kept, heard: Heard, past: Past) -> Merge:
    """Merge what a file says with what is there."""
    merged = merge_task(kept.filed or filed_part(heard.task), heard.task, kept.task, past)
    if heard.has_status:
        return merged
    its = kept.task
    task = merged.task._replace(status=its.status, word=its.word, status_version=its.status_version)
    return merged._replace(task=task)


def _over(
    old: Mapping[TaskKey, Kept],
    held: Collection[TaskKey],
    gone: Mapping[TaskKey, Gone],
    voice: Voice | None,
) -> list[Kept]:
    """Return what is to be written of tasks that the files no longer hold.

    Where others speak, too, the voice decides whether a task is so on a branch alone.
    """
    over: list[Kept] = []
    for key, (status, version, branch) in gone.items():
        kept = old.get(key)
        if kept is None or key in held:
            continue
        before = kept.filed or filed_part(kept.task)
        layer = kept.task.branch if branch is None else branch
        is_known = before.status is status and before.version >= version
        if is_known and voice is not None:
            layer = voice.branch_of(kept, version, layer)
        if is_known and kept.task.branch == layer:
            continue
        filed = before if is_known else Filed(status, "", before.assignee, version)
        task = kept.task._replace(branch=layer)
        # What is over in the database stays so, but for a line taken out of what is still there.
        is_kept = kept.is_ahead and task.status in SATISFYING and task.parent not in held
        if not is_kept:
            # Whoever holds a task at the version with which it went here brings it back.
            is_gone = status is Status.ORPHANED
            newest = version if is_gone else max(version, task.status_version)
            task = task._replace(status=status, status_version=newest)
        over.append(Kept(task, filed))
    return over


def _twofold(voice: Voice | None, kept: Kept, task: Task) -> list[News]:
    """Return what is told of a task that has the key of another one, with the words of both."""
    if voice is None or not is_other(voice, kept, task):
        return []
    words = {"file": _words(task), "database": _words(kept.task)}
    won = "file" if voice.counts(task, task.text_version, kept.task.text_version) else "database"
    return [_news("conflict", task.key, field=TWOFOLD, **words, won=won)]


def _words(task: Task) -> str:
    return f"{task.title}\n\n{task.body}" if task.body else task.title


def _claim_lost(before: Task, after: Task, claim: Claim | None) -> list[News]:
    """Return what is told of a claim that ends since files no longer hold its task.

    What they completed counts as the word of whoever has the task, and takes nothing from him.
    """
    if claim is None or before.status.is_over or after.status is Status.DONE:
        return []
    values = {"file": after.status, "database": before.status}
    whose = {"agent": claim.agent, "token": claim.token}
    return [_news("conflict", after.key, field="claim", **values, **whose)]


def roadmap_updated(changes: Changes, pending: int) -> News:
    """Return the event that tells of the merge as a whole."""
    told = {news.key for news in changes.news}
    changed = [key for key in changes.merged.updated if str(key) in told]
    data: dict[str, object] = {}
    for name, keys in (
        ("new", changes.merged.created),
        ("changed", changed),
        ("gone", changes.merged.gone),
    ):
        data[name] = [str(key) for key in keys[:KEYS_TOLD]]
        data[f"{name}_count"] = len(keys)
    return News(
        "roadmap_updated", "", to_json({**data, "moved": changes.moved, "pending": pending})
    )


def lenient_paths(files: FilesState) -> frozenset[str]:
    """Return the files where a name that no task has stands for one that is done: those of v1.0."""
    states = effective(files.slots).values()
    return frozenset(state.path for state in states if state.gone_means_done)


def to_json(data: object) -> str:
    """Return data as one JSON text, without blanks."""
    return _ENCODER.encode(data)


def _told(before: Task, after: Task) -> list[News]:
    """Return the events of one task; none if it only moved."""
    different = {name for name in TOLD if getattr(before, name) != getattr(after, name)}
    told: list[News] = []
    if after.status is not before.status:
        different -= {"status", "word"}
        if after.status is Status.ORPHANED:
            told.append(_news("orphaned", after.key, old=before.status))
        else:
            told.append(_news("status_changed", after.key, old=before.status, new=after.status))
    if different:
        names = tuple(name for name in TOLD if name in different)
        told.append(_news("task_updated", after.key, fields=names))
    return told


CREATED = {status: to_json({"status": status}) for status in Status}


def _news(kind: str, key: TaskKey, **data: Hashable) -> News:
    return News(kind, str(key), _data(tuple(data.items())))


# Whole files of tasks are created at once, or change in the same way.
@lru_cache(maxsize=1024)
def _data(items: tuple[tuple[str, Hashable], ...]) -> str:
    return to_json(dict(items))
