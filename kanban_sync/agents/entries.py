"""Tasks as those read them who work on them: as plain data with stable keys, and in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.core.silence import Hearing, Life, life_of
from kanban_sync.core.spans import left
from kanban_sync.core.uncommitted import is_layer
from kanban_sync.core.work import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.agents.task_files import Written
    from kanban_sync.agents.work import Done
    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import Event
    from kanban_sync.core.work import Entry, Orchestrator

NOTHING_READY = 3
"""The exit code where no task can be claimed now."""

NOTHING = "nothing is ready; 'kanban-sync task list' tells what is open and what it waits for"


def entry_data(entry: Entry) -> dict[str, Any]:
    """Return one task; ``token``, ``agent`` and ``expires`` are null where nobody has it."""
    task, claim = entry.task, entry.claim
    return {
        "key": str(task.key),
        "title": task.title,
        "status": task.status.value,
        "source": task.key.source,
        "token": claim.token if claim else None,
        "agent": claim.agent if claim else None,
        "expires": claim.expires if claim else None,
        "path": task.path,
        "line": task.line,
        "assignee": task.assignee,
        "priority": task.priority,
        "tags": list(task.labels),
        "parent": str(task.parent) if task.parent else None,
        "group": task.group,
        "branch": task.branch,
        "depends_on": list(task.depends_on),
        "waits_for": [
            {
                "name": each.name,
                "key": str(each.key) if each.key else None,
                "status": each.status.value if each.status else None,
            }
            for each in entry.waits_for
        ],
        "attempts": entry.attempts,
        "reason": entry.reason,
        "started_at": entry.started_at or None,
        "body": task.body,
        "fields": _fields(task),
    }


def _fields(task: Task) -> dict[str, str]:
    """Return the values of a task by their labels; one that is given twice has both."""
    found: dict[str, str] = {}
    for label, value in task.fields:
        found[label] = f"{found[label]}; {value}" if label in found else value
    return found


def done_data(done: Done) -> dict[str, Any]:
    """Return a task, and below ``file`` what became of it in its file."""
    return {**entry_data(done.entry), "file": written_data(done.written) if done.written else None}


def written_data(written: Written) -> dict[str, Any]:
    """Return what became of a task in its file."""
    return {
        "path": written.path,
        "line": written.line,
        "change": written.change,
        "why": written.why,
    }


def event_data(event: Event, read: Any) -> dict[str, Any]:  # noqa: ANN401 - its JSON
    """Return an event; ``read`` is what its data says."""
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "key": event.key or None,
        "data": read,
    }


def orchestrator_data(orchestrator: Orchestrator, now: float, hearing: Hearing) -> dict[str, Any]:
    """Return an orchestrator, and whether it is alive as far as is known."""
    life = life_of(orchestrator.last_heartbeat, now, hearing)
    return {**orchestrator._asdict(), "alive": life is not Life.SILENT}


def line_of(entry: Entry) -> str:
    """Return a task in one line."""
    task = entry.task
    words = [str(task.key), task.status.value]
    if entry.claim is not None:
        words[1] += f" ({entry.claim.agent})"
    elif task.assignee:
        words[1] += f" (for {task.assignee})"
    words += [task.priority] if task.priority else []
    words.append(task.title)
    if entry.waits_for:
        words.append(f"[waits for {named(entry.waits_for, states=False)}]")
    return "  ".join(words)


def lines_of(entry: Entry, now: float) -> Iterator[str]:
    """Yield all that an agent has to know of a task."""
    task = entry.task
    yield f"{task.key}  {_state(entry, now)}"
    yield task.title
    yield from _place(entry)
    if task.group and task.group != task.priority:
        yield f"group: {task.group}"
    if task.branch:
        yield task.branch if is_layer(task.branch) else f"on branch: {task.branch}"
    if entry.reason:
        yield f"said last: {entry.reason}"
    if task.depends_on:
        yield f"depends on: {', '.join(task.depends_on)}"
    for name, value in task.fields:
        yield f"{name}: {value}"
    if task.body:
        yield ""
        yield task.body


def claim_lines(done: Done, now: float) -> Iterator[str]:
    """Yield what an agent has to know of a task that it has claimed."""
    yield f"{done.entry.key}  {_state(done.entry, now)}"
    yield done.entry.task.title
    yield from _place(done.entry)
    yield from trouble(done.written)


def done_lines(done: Done) -> Iterator[str]:
    """Yield how a task stands after something was done."""
    entry, written = done.entry, done.written
    words = [str(entry.key), entry.task.status.value]
    if entry.task.assignee and not entry.task.status.is_over:
        words[1] += f" ({entry.task.assignee})"
    if written is not None and written.change not in {"unchanged", "left"}:
        words.append(f"{_at(written.path, written.line)} {written.change}")
    yield "  ".join(words)
    yield from trouble(written)


def written_line(written: Written) -> str:
    """Return in one line what became of a task in its file."""
    where = _at(written.path, written.line) if written.path else "no file"
    whose = f"  {written.assignee}" if written.assignee else ""
    why = f"  ({written.why})" if written.why else ""
    return f"{where}: {written.change} {written.key}  {written.status}{whose}{why}"


def _at(path: str, line: int) -> str:
    """Return where a task stands; a change is a folder."""
    return f"{path}:{line}" if line else path


def _state(entry: Entry, now: float) -> str:
    status, claim = entry.task.status.value, entry.claim
    if claim is None:
        if entry.offer.agent and entry.offer.until > now and not entry.task.status.is_over:
            return f"{status}  offered to {entry.offer.agent} for {entry.offer.until - now:.0f} s"
        link = "by" if entry.task.status.is_over else "for"
        return f"{status}  {link} {entry.task.assignee}" if entry.task.assignee else status
    lease = left(claim.expires, now) if claim.expires > now else "lease ran out"
    return f"{status}  {claim.agent} {lease}, token {claim.token}"


def _place(entry: Entry) -> Iterator[str]:
    task = entry.task
    words = [_at(task.path, task.line)] if task.path else []
    words += [task.priority] if task.priority else []
    words += [f"#{tag}" for tag in task.labels]
    if words:
        yield "  ".join(words)
    if entry.waits_for:
        yield f"waits for: {named(entry.waits_for)}"


def trouble(written: Written | None) -> Iterator[str]:
    """Tell what keeps a file from saying it."""
    if written is not None and written.why:
        yield f"the database is ahead of the file: {written.why}"
