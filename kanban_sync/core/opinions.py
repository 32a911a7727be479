"""What a layer says of single tasks that the commits from which it forks off did not say."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.listing import flatten
from kanban_sync.core.model import UNKNOWN, ParsedTask, Version
from kanban_sync.core.slots import EMPTY, SlotState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kanban_sync.core.assemble import ReadFile
    from kanban_sync.core.slots import KeyedTask, Past


class Line(NamedTuple):
    """A task of a file, without what stands below it, and all that is known of it."""

    task: ParsedTask
    keyed: KeyedTask

    @property
    def newest(self) -> Version:
        """The newer version of the two parts of it."""
        return max(self.keyed.text_version, self.keyed.status_version)


class Opinion(NamedTuple):
    """What a layer says of a task, by its own key.

    ``line`` is the task as the layer has it; None where it took it out, with the version ``gone``,
    and ``is_done`` if that completed it. A value counts only with ``has_text`` or ``has_status``.
    ``behind`` is the task that stands before a new one among its neighbours; ``past`` are the
    values that the task had had before the layer forked off. ``prefix`` is what stands in front of
    the own key in the name, None where that is the path. ``former`` is the task as the layer's
    forks had it.
    """

    layer: str
    own: str
    line: Line | None
    has_text: bool = False
    has_status: bool = False
    behind: str = ""
    gone: Version = UNKNOWN
    is_done: bool = False
    past: Past = MappingProxyType({})
    prefix: str | None = None
    former: Sequence[KeyedTask] = ()

    @property
    def newest(self) -> Version:
        """The newest version of what it says."""
        if self.line is None:
            return self.gone
        keyed = self.line.keyed
        text = keyed.text_version if self.has_text else UNKNOWN
        return max(text, keyed.status_version if self.has_status else UNKNOWN)


def lines_of(read: ReadFile) -> list[Line]:
    """Return the tasks of a file one after the other."""
    return [
        Line(task._replace(children=()), keyed)
        for (task, _, _), keyed in zip(flatten(read.document.tasks), read.state.tasks, strict=True)
    ]


def opinions_of(
    layer: str,
    forks: Sequence[SlotState],
    side: ReadFile | None,
    gone: Version,
    past: Mapping[str, Past],
) -> Iterator[Opinion]:
    """Yield what a layer says of the tasks of one file.

    A value that one of the forks had already is none that the layer has set.

    Args:
        layer: Its name.
        forks: The file as each of the forks had it; ``EMPTY`` where there was none.
        side: The file as the layer has it, None if there is none.
        gone: The version with which the layer took a file away.
        past: The values that its tasks had had before the layer forked off.
    """
    had = [{task.own: task for task in fork.tasks} for fork in forks]
    last: dict[str, str] = {}
    state = side.state if side is not None else EMPTY
    for line in lines_of(side) if side is not None else ():
        keyed = line.keyed
        former = [tasks[keyed.own] for tasks in had if keyed.own in tasks]
        behind = last.get(keyed.above, "")
        last[keyed.above] = keyed.own
        has_text = all(each.text != keyed.text for each in former)
        has_status = all(each.status != keyed.status for each in former)
        if has_text or has_status:
            yield Opinion(
                *(layer, keyed.own, line, has_text, has_status, behind),
                past=past.get(keyed.own, {}),
                prefix=state.prefixes.get(keyed.own),
                former=former,
            )
    there = {each.own for each in (*state.tasks, *state.hidden)}
    for own in had[0]:
        if own not in there and all(own in tasks for tasks in had):
            yield Opinion(
                layer,
                own,
                None,
                gone=max(gone, state.removed.get(own, UNKNOWN)),
                is_done=own in state.completed,
                past=past.get(own, {}),
            )
