"""What is to be read of the events of a crew: what was done too early, and who waited in vain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.ports import Event

Span = tuple[float, float]


class Verdict(NamedTuple):
    """Keys of what went wrong, and how much of everything happened."""

    done_other_than_once: list[str]
    too_early: list[str]
    counts: dict[str, int]


def verdict(events: Iterable[Event], needs: Mapping[str, Sequence[str]]) -> Verdict:
    """Return what is wrong; ``needs`` are all tasks, and what each of them waits for."""
    done = dict.fromkeys(needs, 0)
    early: list[str] = []
    counts: dict[str, int] = {}
    for each in events:
        counts[each.kind] = counts.get(each.kind, 0) + 1
        if each.key not in needs:
            continue
        if is_done(each):
            done[each.key] += 1
        if (each.kind == "claimed" or is_done(each)) and not all(
            done[other] for other in needs[each.key]
        ):
            early.append(each.key)
    return Verdict([key for key, count in done.items() if count != 1], early, counts)


def is_done(event: Event) -> bool:
    """Tell whether it says that a task was completed."""
    return event.kind == "status_changed" and json.loads(event.data).get("new") == "done"


class Ready:
    """What anybody could have claimed, after each event.

    What is offered to somebody, or is claimed though nobody keeps it alive, is nobody's to claim.
    """

    def __init__(self, needs: Mapping[str, Sequence[str]]) -> None:
        self._left = {key: set(each) for key, each in needs.items()}
        self._held: set[str] = set()
        self._free = {key for key, each in needs.items() if not each}
        self._needed_by: dict[str, list[str]] = {}
        for key, each in needs.items():
            for other in each:
                self._needed_by.setdefault(other, []).append(key)

    def __bool__(self) -> bool:
        return bool(self._free - self._held)

    def take(self, event: Event) -> None:
        """Note what an event has changed."""
        key = event.key
        if event.kind in {"claimed", "task_offered"}:
            self._held.add(key)
        elif event.kind in {"released", "reclaimed"}:
            self._held.discard(key)
        elif is_done(event):
            self._free.discard(key)
            for other in self._needed_by.get(key, ()):
                self._left[other].discard(key)
                if not self._left[other]:
                    self._free.add(other)


def ready_spans(
    events: Iterable[Event], needs: Mapping[str, Sequence[str]], begin: float
) -> Iterator[Span]:
    """Yield from when until when there was something that anybody could have claimed.

    The numbers of the events say what came first: each tells the time by its own clock.
    """
    ready, since = Ready(needs), begin
    was_ready = bool(ready)
    for event in events:
        ready.take(event)
        is_ready = bool(ready)
        if was_ready and not is_ready:
            yield since, event.at
        elif is_ready and not was_ready:
            since = event.at
        was_ready = is_ready


def longest_in_vain(idle: Iterable[Span], ready: Sequence[Span], faults: Sequence[Span]) -> float:
    """Return for how many seconds somebody waited at most while work was ready, and no fault."""
    longest = 0.0
    for span in idle:
        for both in overlaps([span], ready):
            for begin, end in without(both, faults):
                longest = max(longest, end - begin)
    return longest


def overlaps(ones: Iterable[Span], others: Sequence[Span]) -> Iterator[Span]:
    """Yield what two lists of spans have in common."""
    for begin, end in ones:
        for first, last in others:
            if first < end and begin < last:
                yield max(begin, first), min(end, last)


def without(span: Span, faults: Sequence[Span]) -> Iterator[Span]:
    """Yield what is left of a span."""
    begin, end = span
    for first, last in sorted(faults):
        if last <= begin or first >= end:
            continue
        if first > begin:
            yield begin, first
        begin = max(begin, last)
    if begin < end:
        yield begin, end
