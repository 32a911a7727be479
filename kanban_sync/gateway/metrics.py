"""Numbers for a monitor, in the text format of Prometheus."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from kanban_sync import __version__
from kanban_sync.core.claims import LEASE
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.model import Status
from kanban_sync.sync.consent import allowed_target
from kanban_sync.sync.requests import DATABASE, waiting_since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.types import Scope

    from kanban_sync.core.assignment import Depth
    from kanban_sync.gateway.news import News
    from kanban_sync.gateway.served import Served
    from kanban_sync.gateway.snapshot import Snapshot, Snapshots

FORMAT = "text/plain; version=0.0.4"

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds, those that Prometheus's own clients have."""

METHODS = frozenset({"GET", "POST", "PATCH", "DELETE"})

API = "/api"

OTHER = "other"
"""Whatever is none of ours: who asks for much that is not there is to make no new series."""


class Counts:
    """What was answered so far; usable from any thread."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._within: Counter[tuple[str, float]] = Counter()
        self._seconds: dict[str, float] = {}
        self._began = time.time()

    def note(self, call: Scope, status: int, seconds: float) -> None:
        """Count an answer."""
        route = route_of(call)
        method = call["method"] if call["method"] in METHODS else OTHER
        bound = next((each for each in BUCKETS if seconds <= each), float("inf"))
        with self._lock:
            self._answers[method, route, status] += 1
            self._within[route, bound] += 1
            self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def lines(self) -> Iterator[str]:
        """Yield what was counted."""
        with self._lock:
            answers, within = dict(self._answers), dict(self._within)
            seconds = dict(self._seconds)
        yield from _told(
            "http_requests_total",
            "counter",
            "Requests that were answered.",
            (
                ({"method": method, "path": path, "status": str(status)}, count)
                for (method, path, status), count in sorted(answers.items())
            ),
        )
        yield from _told(
            "http_request_seconds",
            "histogram",
            "How long answers took; those of streams until they ended.",
            _histogram(within),
            "_bucket",
        )
        for route, total in sorted(seconds.items()):
            labels = _labels({"path": route})
            count = sum(each for (path, _), each in within.items() if path == route)
            yield f"kanban_sync_http_request_seconds_sum{labels} {total:g}"
            yield f"kanban_sync_http_request_seconds_count{labels} {count}"
        yield from _told(
            "start_time_seconds", "gauge", "When the server began.", [({}, self._began)]
        )


def route_of(call: Scope) -> str:
    """Return the path of the route that answered, as OpenAPI has it."""
    path = str(getattr(call.get("route"), "path", OTHER))
    is_below = call["path"].startswith(f"{API}/") and path not in {OTHER, call["path"]}
    return f"{API}{path}" if is_below and not path.startswith(API) else path


def metrics(served: Served, snapshots: Snapshots, news: News, counts: Counts) -> APIRouter:
    """Return the route by which a monitor reads the numbers."""
    router = APIRouter(tags=["server"])

    @router.get("/metrics", response_class=PlainTextResponse)
    def numbers() -> PlainTextResponse:
        """Tell numbers in the text format of Prometheus."""
        lines = [*_of_database(served, snapshots), *counts.lines()]
        lines += _told("listeners", "gauge", "Who waits for news.", [({}, news.count)])
        lines += _of_news(news)
        lines += lines_of_sync(served)
        lines += lines_of_connections(served)
        return PlainTextResponse("\n".join([*lines, ""]), media_type=FORMAT)

    return router


def _of_database(served: Served, snapshots: Snapshots) -> Iterator[str]:
    """Tell what is served, and what the task database knows; nothing of that where it cannot."""
    labels = {"project": served.project, "version": __version__}
    yield from _told("info", "gauge", "What is served.", [(labels, 1)])
    lines: list[str] = []
    is_up = False
    with suppress(KanbanSyncError):
        lines += [*_of_project(served, snapshots.get()), *_of_leader(served)]
        is_up = served.clone.database.mode(served.project).name != "fallback"
    text = "Whether the task database can be used; 0 too while a copy serves in its place."
    yield from _told("database_up", "gauge", text, [({}, is_up)])
    yield from lines


def _of_project(served: Served, found: Snapshot) -> Iterator[str]:
    entries, last = found.entries, found.last
    statuses = Counter(each.task.status for each in entries)
    yield from _told(
        "tasks",
        "gauge",
        "Tasks by status.",
        (({"status": each.value}, statuses[each]) for each in Status),
    )
    with served.looking() as work:
        now, depth = work.time(), work.assigning.depth()
    claims = [each.claim.expires > now for each in entries if each.claim is not None]
    states = (({"state": "live"}, sum(claims)), ({"state": "lapsed"}, len(claims) - sum(claims)))
    yield from _told("claims", "gauge", "Claims of tasks.", states)
    yield from _of_queue(depth, now)
    yield from _told("last_event", "gauge", "The number of the newest event.", [({}, last)])


def _of_queue(found: Depth, now: float) -> Iterator[str]:
    """Tell how much there is to hand out, and for how long already."""
    # Of some it is not known: they were changed last where a shallow clone begins.
    age = max(0.0, now - found.oldest)
    ages: list[tuple[dict[str, str], float]] = [({}, age)] if found.oldest else []
    depth: list[tuple[dict[str, str], float]] = [({}, found.ready)]
    yield from _told("ready_tasks", "gauge", "Tasks that anybody may claim now.", depth)
    text = "Seconds since the status of the oldest of them was set."
    yield from _told("oldest_ready_seconds", "gauge", text, ages)


def _of_leader(served: Served) -> Iterator[str]:
    """Tell who hands out tasks."""
    with served.looking() as work:
        leader, now = work.assigning.leader(), work.time()
    leads = [({"monitor": leader.monitor}, 1)] if leader.leads(now) else []
    yield from _told("monitor_leads", "gauge", "Which monitor hands out tasks.", leads)


def _of_news(news: News) -> Iterator[str]:
    """Tell what happened since the server began."""
    counts = news.counts
    reclaims = (({"why": why}, counts["reclaimed", why]) for why in (LEASE, "silence"))
    yield from _told("reclaims_total", "counter", "Claims that were taken back.", reclaims)
    for name, kind, text in (
        ("claims_total", "claimed", "Claims that were made."),
        ("offers_total", "task_offered", "Tasks that were offered by a monitor."),
    ):
        yield from _told(name, "counter", text, [({}, counts[kind, ""])])


def lines_of_sync(served: Served) -> Iterator[str]:
    """Tell for how long something has not reached the task database, or the board."""
    clone, now = served.clone, time.time()
    board, since = allowed_target(clone.state), clone.database.mode(served.project).since
    waiting = waiting_since(clone.state, board.id if board is not None else DATABASE)
    if not since and not clone.is_fresh():
        since = waiting
    behind = {"database": since} | ({"board": waiting} if board is not None else {})
    text = "Seconds since the oldest change has not reached it."
    ages = (({"target": name}, max(0.0, now - at) if at else 0) for name, at in behind.items())
    yield from _told("sync_lag_seconds", "gauge", text, ages)


def lines_of_connections(served: Served) -> Iterator[str]:
    """Tell how many connections this server has, where there is something to connect to."""
    clone = served.clone
    found = clone.database.connections()
    states = (({"state": use}, count) for use, count in found.items())
    text = "Connections to the server of the task database."
    yield from _told("database_connections", "gauge", text, states)
    buses = () if clone.bus.is_silent else (clone.bus,)
    counts: list[tuple[dict[str, str], float]] = [({}, each.connections()) for each in buses]
    yield from _told("valkey_connections", "gauge", "Connections to the Valkey.", counts)


def _histogram(within: Mapping[tuple[str, float], int]) -> Iterator[tuple[dict[str, str], float]]:
    for route in sorted({path for path, _ in within}):
        total = 0
        for bound in (*BUCKETS, float("inf")):
            total += within.get((route, bound), 0)
            name = "+Inf" if bound == float("inf") else f"{bound:g}"
            yield {"path": route, "le": name}, total


def _told(
    name: str,
    kind: str,
    text: str,
    values: Iterable[tuple[Mapping[str, str], float]],
    suffix: str = "",
) -> Iterator[str]:
    yield f"# HELP kanban_sync_{name} {text}"
    yield f"# TYPE kanban_sync_{name} {kind}"
    for labels, value in values:
        yield f"kanban_sync_{name}{suffix}{_labels(labels)} {value:.15g}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
