"""What a store holds, as one JSON text that people can read, both ways.

Each task, event and so on is one line of its own, in the order of their keys, and what a line does
not say is as it mostly is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.assignment import Leader
from kanban_sync.core.claims import Standing
from kanban_sync.core.dependencies import Edge
from kanban_sync.core.merge import Filed, Kept
from kanban_sync.core.missions import SOURCE, parts_of
from kanban_sync.core.model import Task, TaskKey, Version
from kanban_sync.core.offers import Offer
from kanban_sync.core.parts import with_loose
from kanban_sync.core.ports import Event, FilesState, Run
from kanban_sync.core.records import said_from_json, said_to_json, slot_from_json, slot_to_json
from kanban_sync.core.settled import Settled
from kanban_sync.core.work import Orchestrator
from kanban_sync.machine_time import Moment
from kanban_sync.stores.idle_rows import idle_of, idle_row
from kanban_sync.stores.memory_idle import IdleAgents
from kanban_sync.stores.memory_work import WorkContents
from kanban_sync.stores.rows import STATUSES
from kanban_sync.stores.shelf import Contents, Parted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FORMAT = 1
"""Raised whenever an older release could not read the text, or would lose a part of it."""

WHAT = "kanban-sync tasks"
"""By what a text is known to be one of these; with the counter it stands at its beginning."""

Row = dict[str, Any]


class Manifest(NamedTuple):
    """What one file says: of which project, which file it is, how often it was written, and what.

    ``id`` is made at random when a file is made, so that another one in its place is known.
    """

    project: str
    id: str
    counter: int
    contents: Contents


class NewerFormatError(ValueError):
    """The text was written by a newer release, with the format that it names."""

    def __init__(self, found: object) -> None:
        """Take the format."""
        super().__init__(f"format {found}")
        self.found = found


# --- Writing -------------------------------------------------------------------------------

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def to_text(manifest: Manifest) -> str:
    """Return the JSON text of a manifest."""
    project, id_, counter, has = manifest
    work = has.work
    head: Row = {
        "what": WHAT,
        "format": FORMAT,
        "counter": counter,
        "id": id_,
        "project": project,
        "said": has.said,
        "merges": has.merges,
        "first_token": work.first_number,
        "seen": dict(sorted(has.seen.items())),
        "lenient": sorted(work.lenient),
        "leader": plain(work.waiting.leader),
    }
    sections = {
        "tasks": map(_task_text, _by_key(has.tasks)),
        "work": (_keyed(key, plain(each)) for key, each in _by_key(work.standings)),
        # Loose ones follow from these and the tasks, and no older release could read them.
        "edges": (
            _edge_text(each)
            for _, edges in _by_key(work.edges)
            for each in edges
            if not each.is_loose
        ),
        "waiting": (
            _text([until, *idle_row("", idle)[1:]])
            for _, (idle, until) in sorted(work.waiting.idle.items())
        ),
        "orchestrators": (_text(plain(each)) for _, each in sorted(work.orchestrators.items())),
        "tips": (_text([clone, files.tips]) for clone, files in sorted(has.files.items())),
        "files": (
            f"[{_text(clone)}, {_text(slot)}, {slot_to_json(state)}]"
            for clone, files in sorted(has.files.items())
            for slot, state in files.slots.items()
        ),
        "parses": (_text([name, *each]) for name, each in sorted(has.parses.items())),
        "boards": (_text([target, dict(ids)]) for target, ids in sorted(has.boards.items())),
        "bases": _base_texts(has),
        "runs": (_text(_run_row(each, has)) for _, each in sorted(has.runs.items())),
        "events": (_text(each[1:]) for each in has.events),
    }
    if work.is_strict:
        head["is_strict"] = True
    if has.parted != Parted():
        head |= _parted_head(has.parted)
        sections["before"] = (
            _text([str(key), base and plain(base)]) for key, base in _by_key(has.parted.bases)
        )
    lines = [f"{_text(name)}: {_text(value)}" for name, value in head.items()]
    for name, rows in sections.items():
        text = ",\n".join(rows)
        lines.append(f"{_text(name)}: [\n{text}\n]" if text else f"{_text(name)}: []")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _parted_head(parted: Parted) -> Row:
    since, at = parted.since, parted.copied_at
    row = [parted.id, since.wall if since else 0.0, parted.copied, at.wall, parted.told]
    # Apart from the others, since a release that knows nothing of it reads these.
    clocks = [since[1:] if since else None, at[1:]]
    return {"parted": [*row, parted.ahead], "clocks": clocks, "origin": parted.origin}


def _text(value: object) -> str:
    return _ENCODER.encode(value)


def _by_key(found: Mapping[TaskKey, Any]) -> list[tuple[TaskKey, Any]]:
    return sorted(found.items(), key=lambda item: item[0])


def _keyed(key: TaskKey, row: Row) -> str:
    return _text({"key": str(key), **row})


def plain(value: Any) -> Row:  # noqa: ANN401 - any named tuple
    """Return what of a named tuple is not as it mostly is; keys without their project."""
    defaults = value._field_defaults
    return {
        name: str(each) if isinstance(each, TaskKey) else each
        for name, each in zip(value._fields, value, strict=True)
        if name not in defaults or each != defaults[name]
    }


def _task_text(item: tuple[TaskKey, Kept]) -> str:
    _, (task, filed) = item
    row = plain(task)
    if filed is not None:
        row["filed"] = plain(filed)
    return _text(row)


LEAST = 4
"""How much of an edge is written at least; what is not so is left out at the end."""


def _edge_text(edge: Edge) -> str:
    row = [str(edge.task), edge.name, edge.needs and str(edge.needs), *edge[3:-1]]
    while row[-1] is False and len(row) > LEAST:
        row.pop()
    return _text(row)


def _base_texts(has: Contents) -> Iterable[str]:
    for target, base in sorted(has.bases.items()):
        settled = has.settled.get(target, {})
        for key, said in _by_key(base):
            yield f"[{_text(target)}, {said_to_json(said)}, {_text(settled.get(key))}]"


def _run_row(run: Run, has: Contents) -> list[object]:
    return [
        run.id, has.runners[run.id], run.target, run.started_at, run.seconds, run.result,
        dict(run.operations), run.error,
    ]  # fmt: skip


# --- Reading -------------------------------------------------------------------------------


def from_text(text: str, project: str) -> Manifest:
    """Read back what ``to_text`` wrote of a project.

    Raises:
        NewerFormatError: It is of a newer release.
        ValueError: It is none of these texts, or not all of one, or of another project; also
            KeyError and TypeError.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("what") != WHAT:
        raise ValueError("it does not hold what kanban-sync writes")
    if data["format"] != FORMAT:
        raise NewerFormatError(data["format"])
    if data["project"] != project:
        raise ValueError(f"its tasks are those of the project {data['project']}")

    key_of = _keys_of(project)
    tasks = {each.task.key: each for each in (_kept(row, key_of) for row in data["tasks"])}
    bases, settled = _bases(data["bases"])
    runs = [_run(row) for row in data["runs"]]
    first = data["first_token"] + 1
    contents = Contents(
        tasks=tasks,
        files=_files(data),
        seen=data["seen"],
        said=data["said"],
        merges=data["merges"],
        parses={name: (parse, asked) for name, parse, asked in data["parses"]},
        bases=bases,
        settled=settled,
        boards=dict(data["boards"]),
        events=tuple([Event(n, *row) for n, row in enumerate(data["events"], first)]),
        runs={run.id: run for _, run in runs},
        runners={run.id: clone for clone, run in runs},
        work=_with_parts(_work(data, key_of), tasks),
        parted=_parted(data, key_of),
    )
    return Manifest(project, data["id"], data["counter"], contents)


def _keys_of(project: str) -> Callable[[str], TaskKey]:
    def key_of(name: str) -> TaskKey:
        source, _, own = name.partition(":")
        return TaskKey(project, source, own)

    return key_of


_OF_TASK: dict[str, Callable[[Any], Any]] = {
    "status": STATUSES.__getitem__,
    "labels": tuple,
    "depends_on": tuple,
    "fields": lambda rows: tuple([tuple(row) for row in rows]),
    "text_version": lambda row: Version(*row),
    "status_version": lambda row: Version(*row),
    "assignee_version": lambda row: Version(*row),
}

_OF_STANDING: dict[str, Callable[[Any], Any]] = {
    "status": STATUSES.__getitem__,
    "file_status": lambda word: word and STATUSES[word],
    "said": lambda word: word and STATUSES[word],
    "version": lambda row: Version(*row),
    "offer": lambda row: Offer(*row),
}


def _read(row: Row, how: Mapping[str, Callable[[Any], Any]]) -> Row:
    return {name: how[name](each) if name in how else each for name, each in row.items()}


def _kept(row: Row, key_of: Callable[[str], TaskKey]) -> Kept:
    filed = row.pop("filed", None)
    return Kept(_task(row, key_of), None if filed is None else _filed(**filed))


def task_of(row: Row, project: str) -> Task:
    """Read back the ``plain`` row of a task."""
    return _task(dict(row), _keys_of(project))


def _task(row: Row, key_of: Callable[[str], TaskKey]) -> Task:
    parent = row.pop("parent", None)
    key = key_of(row.pop("key"))
    return Task(key=key, parent=parent and key_of(parent), **_read(row, _OF_TASK))


def _filed(status: str, version: tuple[int, str] = (0, ""), **words: str) -> Filed:
    return Filed(STATUSES[status], version=Version(*version), **words)


def _work(data: Row, key_of: Callable[[str], TaskKey]) -> WorkContents:
    edges: dict[TaskKey, tuple[Edge, ...]] = {}
    for key, name, needs, *how in data["edges"]:
        edge = Edge(key_of(key), name, needs and key_of(needs), *how)
        edges[edge.task] = (*edges.get(edge.task, ()), edge)
    return WorkContents(
        standings={
            key_of(row.pop("key")): Standing(**_read(row, _OF_STANDING)) for row in data["work"]
        },
        edges=edges,
        lenient=frozenset(data["lenient"]),
        is_strict=data.get("is_strict", False),
        orchestrators={row["instance_id"]: Orchestrator(**row) for row in data["orchestrators"]},
        first_number=data["first_token"],
        waiting=IdleAgents(
            Leader(**data["leader"]),
            {row[0]: (idle_of(tuple(row)), until) for until, *row in data["waiting"]},
        ),
    )


def _with_parts(work: WorkContents, tasks: Mapping[TaskKey, Kept]) -> WorkContents:
    """Return what a text does not tell: which tasks are of milestones that do not wait for them.

    One of an older release does not tell either that milestones wait for their tasks.
    """
    if not any(key.source == SOURCE for key in tasks):
        return work
    told = [edge for edges in work.edges.values() for edge in edges]
    if not any(edge.is_part for edge in told):
        return work.linked(tasks)
    every = (kept.task for kept in tasks.values())
    placed = sorted(every, key=attrgetter("path", "position", "key"))
    found: dict[TaskKey, tuple[Edge, ...]] = {}
    for edge in with_loose(told, parts_of(placed)):
        found[edge.task] = (*found.get(edge.task, ()), edge)
    return replace(work, edges=found)


def _parted(data: Row, key_of: Callable[[str], TaskKey]) -> Parted:
    if "parted" not in data:
        return Parted()
    bases: dict[TaskKey, Standing | None] = {
        key_of(name): base and Standing(**_read(base, _OF_STANDING))
        for name, base in data["before"]
    }
    id_, since, copied, copied_at, told, *ahead = data["parted"]
    # A copy of an older release does not say how far ahead, nor tell of the other clock.
    by_since, by_copied = data.get("clocks", (None, ()))
    return Parted(
        id_,
        Moment(since, *(by_since or ())) if since else None,
        copied,
        Moment(copied_at, *by_copied),
        told,
        bases,
        ahead[0] if ahead else 0.0,
        data.get("origin", 0.0),
    )


def _files(data: Row) -> dict[str, FilesState]:
    slots: dict[str, dict[str, Any]] = {clone: {} for clone, _ in data["tips"]}
    for clone, slot, state in data["files"]:
        slots[clone][slot] = slot_from_json(_text(state))
    return {clone: FilesState(tips, slots[clone]) for clone, tips in data["tips"]}


def _bases(rows: list[Any]) -> tuple[dict[str, dict[TaskKey, Any]], dict[str, Any]]:
    bases: dict[str, dict[TaskKey, Any]] = {}
    settled: dict[str, dict[TaskKey, Settled]] = {}
    for target, said, known in rows:
        base = said_from_json(_text(said))
        bases.setdefault(target, {})[base.said.key] = base
        if known is not None:
            settled.setdefault(target, {})[base.said.key] = Settled(*known)
    return bases, settled


def _run(row: list[Any]) -> tuple[str, Run]:
    number, clone, target, started_at, seconds, result, operations, error = row
    return clone, Run(target, started_at, seconds, result, operations, error, number)
