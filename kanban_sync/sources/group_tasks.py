"""Tasks in a file of named values: groups (epics, milestones, phases) and what lies in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeGuard

from kanban_sync.core.findings import DUPLICATE_ID, NO_TASK, SAID_TWICE, UNKNOWN_STATUS
from kanban_sync.core.limits import USUAL
from kanban_sync.core.model import ParsedTask, Problem, Status
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.markdown import NO_TEXT
from kanban_sync.sources.status_words import status_in
from kanban_sync.sources.task_values import NAME_OF, label_of_group, name_of_group, value_named
from kanban_sync.sources.tree import Mapping, Node, Scalar, Sequence, TooMuchError, Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kanban_sync.core.limits import Limits

CRITERIA = "Exit criteria"
"""The title of the task list that criteria become."""

DEEPEST = 16
"""How deep groups and sub-tasks are nested at most."""

BOMB = "refers to its own values again and again (an alias bomb?); write out what it has to say"

_LIKE_ID = re.compile(r"[0-9-]")
_INHERITED = ("domain", "priority")
_ONE_WAITED_FOR = ("task", "id", "task_id", "on", "depends_on", "key")
"""What an entry of a list of dependencies calls the task that is waited for."""

_ARCHIVES = frozenset({"archive", "archived"})
"""Groups that may list tasks at once; of any other a group without tasks is still a group."""


CRITERION = Scalar(0, "")
"""Stands for what a criterion was read from."""


LONGEST_TOLD = 2000
"""Characters that the groups around a task say at most, as each of their tasks tells it."""


class _Place(NamedTuple):
    """Where a task lies: its group, what it inherits, and the epics around the group.

    ``told`` is what the groups say of themselves besides, the outermost first.
    """

    group: str = ""
    inherited: tuple[tuple[str, str], ...] = ()
    above: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()


class TooManyError(Exception):
    """The file holds more than anybody writes; the text says what, and what to do."""


class Groups:
    """The reading of one file: what was found wrong, and which ids are taken."""

    def __init__(
        self,
        path: str,
        tasks_in: Collection[str],
        groups_in: Collection[str],
        fields: tuple[tuple[str, str], ...] = (),
        limits: Limits = USUAL,
    ) -> None:
        """Set out.

        Args:
            path: Where the file lies, for messages.
            tasks_in: Names under which tasks are listed.
            groups_in: Names under which groups are listed.
            fields: What every task is given besides.
            limits: How much is read.
        """
        self.path = path
        self.problems: list[Problem] = []
        self.nodes: list[Node] = []
        """What each task was read from, in their order, sub-tasks and criteria too."""
        self._tasks_in = tasks_in
        self._groups_in = groups_in
        self._fields = fields
        self._ids: dict[str, int] = {}
        self._unknown: set[str] = set()
        self._limits = limits
        self._left = limits.tasks
        self._writer = Writer(limits.text)
        self._written = self._writer.written

    def tasks(self, root: Mapping, group: str = "") -> tuple[ParsedTask, ...]:
        """Return the tasks of a file, groups first to last.

        Raises:
            TooManyError: There are more than the limits allow.
        """
        try:
            return tuple(self._in(root, _Place(group), 0))
        except TooMuchError:
            raise TooManyError(f"{BOMB}, or raise 'limits.file_size'") from None

    def _in(self, node: Mapping, place: _Place, depth: int) -> Iterator[ParsedTask]:
        _mind_depth(depth)
        for name, value in node.values.items():
            if name in self._tasks_in:
                for each in self._entries(value):
                    yield self._task(each, place, depth)
            elif name in self._groups_in:
                for each in [value] if self._is_group(value) else self._entries(value):
                    if name in _ARCHIVES and _is_task(each) and not self._is_group(each):
                        yield self._task(each, place, depth)
                    elif isinstance(each, Mapping):
                        yield from self._in(each, self._inside(each, name, place), depth + 1)
            elif self._groups_in and isinstance(value, Sequence):
                self._report_unread(name, value)

    def _is_group(self, node: Node) -> bool:
        """Tell whether a mapping lists tasks or groups itself, and is none of groups by name."""
        if not isinstance(node, Mapping):
            return False
        listed = (node.values.get(name) for name in (*self._tasks_in, *self._groups_in))
        return any(each is not None for each in listed)

    def _report_unread(self, name: str, node: Sequence) -> None:
        """Report entries that look like tasks where nobody looks for any."""
        found = _look_like_tasks(node)
        if found:
            text = f"the entries of {name!r} are not read, though they look like tasks; list them"
            self._report(found[0].line, NO_TASK, f"{text} under 'tasks'.", name)

    def _entries(self, node: Node) -> Iterator[Node]:
        """Yield the entries of a list; of a mapping its values, with its names as their ids."""
        if isinstance(node, Mapping):
            entries = (self._with_id(name, each) for name, each in node.values.items())
        elif isinstance(node, Sequence):
            entries = (each for each in node.items)
        else:
            return
        for each in entries:
            self._left -= 1
            if self._left < 0:
                what = f"holds more than {self._limits.tasks} tasks"
                raise TooManyError(f"{what}; split the file, or raise 'limits.tasks'")
            if isinstance(each, Sequence):
                text = "a list stands here, where a task ought to be; write a task, or take it out."
                self._report(each.line, NO_TASK, text)
            elif not isinstance(each, Scalar) or each.text:
                yield each

    def _task(self, node: Node, place: _Place, depth: int) -> ParsedTask:
        _mind_depth(depth)
        self._writer.spend(1)
        self.nodes.append((node.of if isinstance(node, Mapping) else None) or node)
        if not isinstance(node, Mapping):
            return ParsedTask(
                self._written(node) or NO_TEXT, Status.TODO, group=place.group, line=node.line
            )
        said: dict[str, Node] = {}
        others: list[tuple[str, str]] = []
        for name, value in node.values.items():
            meaning = NAME_OF.get(name, "")
            if meaning and meaning not in said:
                said[meaning] = value
            elif text := self._written(value):
                others.append((name, text))
        self._writer.spend(len(node.values))
        for name, text in place.inherited:
            if name == "priority":
                said.setdefault(name, Scalar(node.line, text))
            elif name not in node.values:
                others.append((name, text))
        self._report_twice(node)
        word = self._text(said, "status")
        status = self._status(word, node.line)
        task_id = self._id(self._text(said, "id"), node.line)
        depends_on, reasons = self._dependencies(said.get("depends_on"))
        children = [*self._criteria(said.get("criteria"), status)]
        self.nodes += [CRITERION] * len(children)
        steps = said.get("children")
        children += (
            [self._task(each, _Place(), depth + 1) for each in self._entries(steps)]
            if steps
            else []
        )
        return ParsedTask(
            title=self._text(said, "title") or task_id or NO_TEXT,
            status=status,
            word=word,
            id=task_id,
            group=place.group,
            body=self._text(said, "body").strip(),
            labels=self._listed(said.get("labels")),
            assignee=self._text(said, "assignee").removeprefix("@"),
            priority=self._text(said, "priority"),
            depends_on=depends_on,
            fields=(*reasons, *others, *place.above, *place.told, *self._fields),
            line=node.line,
            children=tuple(children),
        )

    def _status(self, word: str, line: int) -> Status:
        status = status_in(word) if word else Status.TODO
        if status is None and word not in self._unknown:
            self._unknown.add(word)
            choices = ", ".join(Status)
            text = f"nobody knows the status {word!r}; use one of {choices}."
            self._report(line, UNKNOWN_STATUS, text, word)
        return status or Status.TODO

    def _id(self, own: str, line: int) -> str:
        first = self._ids.get(own) if own else None
        if first is None:
            self._ids[own] = line
            return own
        twice = "is given twice by this line, or an alias ('*', '<<') of it; write it once."
        text = twice if first == line else f"is taken by line {first}; give it another one."
        self._report(line, DUPLICATE_ID, f"the id {own} {text}", own)
        return ""

    def _report_twice(self, node: Mapping) -> None:
        for line, name in node.twice:
            text = f"{name!r} is said twice, and what is said last counts; take one of them out."
            self._report(line, SAID_TWICE, text, name)

    def _report(self, line: int, code: str, message: str, word: str = "") -> None:
        self.problems.append(Problem(self.path, line, message, code=code, word=word))

    def _inside(self, node: Mapping, name: str, place: _Place) -> _Place:
        """Return the place inside a group; of several around a task, the innermost is its group."""
        inherited = dict(place.inherited)
        for each in _INHERITED:
            value = node.values.get(each)
            if value is not None and (text := self._written(value)):
                inherited[each] = text
        called = name_of_group(node)
        above = (*place.above, (_singular(name), place.group)) if place.group else place.above
        told = (*place.told, *self._told(node, name.removesuffix("s")))
        return _Place(called or place.group, tuple(inherited.items()), above, _fitted(told))

    def _told(self, node: Mapping, kind: str) -> Iterator[tuple[str, str]]:
        """Yield what a group says of itself that its tasks do not have from it already."""
        shown = {*_INHERITED, *self._tasks_in, *self._groups_in, label_of_group(node)}
        for name, value in node.values.items():
            if name in shown or (isinstance(value, Sequence) and _look_like_tasks(value)):
                continue
            if text := self._written(value).strip():
                yield f"{kind} {name}", text

    def _with_id(self, name: str, node: Node) -> Node:
        if not isinstance(node, Mapping):
            return Scalar(node.line, f"{name}: {self._written(node)}")
        if "id" in node.values:
            return node
        self._writer.spend(len(node.values))
        return Mapping(node.line, {"id": Scalar(node.line, name), **node.values}, node.twice, node)

    def _text(self, said: dict[str, Node], name: str) -> str:
        node = said.get(name)
        return "" if node is None else self._written(node).strip()

    def _listed(self, node: Node | None) -> tuple[str, ...]:
        """Return the texts of a list, or of a text with commas."""
        if node is None:
            return ()
        if isinstance(node, Sequence):
            texts: Iterable[str] = (self._written(each) for each in node.items)
        elif isinstance(node, Mapping):
            self._writer.spend(len(node.values))
            texts = node.values
        else:
            texts = node.text.split(",")
        return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))

    def _dependencies(
        self, node: Node | None
    ) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Return ids, and what a mapping says besides.

        A mapping names kinds (``depends_on: [T-1]``), or ids with a remark on each; beside kinds,
        what is not like an id is a remark on all of them.
        """
        if isinstance(node, Sequence):
            found = [self._dependency(each) for each in node.items]
            texts = (text.strip() for each, _ in found for text in each)
            told = (remark for _, remarks in found for remark in remarks)
            return tuple(dict.fromkeys(text for text in texts if text)), tuple(told)
        if not isinstance(node, Mapping):
            return self._listed(node), ()
        ids: list[str] = []
        remarks: list[tuple[str, str]] = []
        kinds = {name for name in node.values if NAME_OF.get(name) == "depends_on"}
        kinds |= node.values.keys() & {"tasks", "requires", "hard"}
        for name, value in node.values.items():
            if name in kinds:
                ids += self._listed(value)
            elif isinstance(value, Sequence) or (kinds and not _LIKE_ID.search(name)):
                remarks.append((name, self._written(value)))
            else:
                ids.append(name)
                remarks += [(name, text)] if (text := self._written(value)) else []
        return tuple(dict.fromkeys(ids)), tuple(remarks)

    def _dependency(self, node: Node) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Return the ids of an entry of a list (``task: A``), and what else it says."""
        if not isinstance(node, Mapping):
            return (self._written(node),), ()
        name = next((name for name in _ONE_WAITED_FOR if name in node.values), "")
        if not name:
            return self._dependencies(node)
        others = ((key, each) for key, each in node.values.items() if key != name)
        remarks = ((key, text) for key, each in others if (text := self._written(each)))
        return self._listed(node.values[name]), tuple(remarks)

    def _criteria(self, node: Node | None, status: Status) -> Iterator[ParsedTask]:
        """Yield exit criteria as lines below a task: met once the task is done."""
        if node is None:
            return
        items = node.items if isinstance(node, Sequence) else [node]
        met = Status.DONE if status is Status.DONE else Status.TODO
        for each in items:
            text = self._written(each)
            if text:
                yield ParsedTask(text, met, group=CRITERIA, line=each.line)


def _is_task(node: Node) -> TypeGuard[Mapping]:
    """Tell whether a node has what a task is called by."""
    return isinstance(node, Mapping) and bool(value_named(node, "id") or value_named(node, "title"))


def _look_like_tasks(node: Sequence) -> list[Mapping]:
    """Return the entries of a list that look like tasks."""
    return [each for each in node.items if _is_task(each) and value_named(each, "status")]


def _fitted(told: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return what groups say, cut where it is more than a card can hold beside its own words."""
    left = LONGEST_TOLD
    found: list[tuple[str, str]] = []
    for name, text in told:
        if left <= 0:
            break
        found.append((name, text if len(text) <= left else f"{text[:left]}…"))
        left -= len(text)
    return tuple(found)


def _singular(name: str) -> str:
    return "epic" if name in {"milestones", "phases"} else name.removesuffix("s")


def _mind_depth(depth: int) -> None:
    """End what goes deeper than groups and sub-tasks are.

    Raises:
        TooManyError: It is that deep.
    """
    if depth == DEEPEST:
        what = f"nests groups and sub-tasks more than {DEEPEST} deep"
        raise TooManyError(f"{what}; write them side by side")
