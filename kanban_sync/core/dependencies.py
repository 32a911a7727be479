"""Which task a file means by a name, and which wait for one another so that none can begin."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from kanban_sync.core.model import Status, TaskKey
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.core.model import Task

Name = TypeVar("Name")


_COUNTED = frozenset({"", "Task", "Step", "Issue", "Story", "Ticket"})
"""What stands in front of numbers that a file gives its tasks in turn."""

CHANGES = "openspec"
"""The source of changes, each of which has an id within its root."""

BLOCKS = "Blocks"
"""The label of the value that lists, with commas, whom a task blocks; in any case of letters."""


LONGEST_WORD = 200
"""How many characters of a name are kept; indexes of databases take no more than some hundreds."""


class Names(Generic[Name]):
    """What tasks are called: by whom everywhere, and by whom only within their own file."""

    def __init__(self) -> None:
        """Begin without any."""
        self._in_file: defaultdict[str, dict[str, Name]] = defaultdict(dict)
        self.everywhere: dict[str, Name] = {}

    def of_file(self, path: str) -> dict[str, Name]:
        """Return the names that count within a file, to be added to by whoever adds many."""
        return self._in_file[path]

    def add(self, path: str, name: str, task: Name, *, is_id: bool) -> None:
        """Let a file have a name for a task; an id counts in other files too. The first counts."""
        self.of_file(path).setdefault(name, task)
        if is_id:
            self.everywhere.setdefault(name, task)

    def find(self, path: str, name: str) -> Name | None:
        """Return the task that a file calls so: its own, else another file's."""
        return self._in_file.get(path, {}).get(name) or self.everywhere.get(name)

    def ids(self) -> Collection[str]:
        """Return all names that count everywhere."""
        return self.everywhere.keys()


class Named(NamedTuple):
    """What has to be known of a task to find it by name, and what it waits for itself.

    ``number`` is what its file calls it, if its key does not say so: a number, or an id.
    ``blocks`` are those that wait for it since it says so.
    """

    key: TaskKey
    path: str
    number: str = ""
    depends_on: tuple[str, ...] = ()
    is_orphaned: bool = False
    blocks: tuple[str, ...] = ()

    @classmethod
    def of(cls, task: Task) -> Named:
        """Return what has to be known of a task."""
        is_orphaned, blocks = task.status is Status.ORPHANED, blocked_by(task.fields)
        return cls(task.key, task.path, task.number, task.depends_on, is_orphaned, blocks)


def blocked_by(fields: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the names of those whom a task blocks, as its values tell."""
    return tuple(
        name
        for label, value in fields
        if label.capitalize() == BLOCKS
        for name in value.split(", ")
    )


class Edge(NamedTuple):
    """That a task waits for what its file calls ``name``, or for what says that it blocks it.

    ``needs`` is None where nobody is called so; ``lenient`` tells that this is as good as done: in
    v1.0 a task that is done is removed. ``is_strict`` tells that files of the default branch have
    to say that it is done. ``is_part`` tells that the task is a milestone and the other one is of
    it, which holds it no more once files hold that one no more; ``is_loose`` that it is of it, too,
    but does not hold it: it waits for the milestone itself.
    """

    task: TaskKey
    name: str
    needs: TaskKey | None
    lenient: bool = False
    is_strict: bool = False
    is_part: bool = False
    is_loose: bool = False


def edges(
    tasks: Sequence[Named], lenient: Collection[str], *, is_strict: bool = False
) -> Iterator[Edge]:
    """Yield what the tasks wait for, each name once.

    Args:
        tasks: All tasks of a project.
        lenient: The paths of files in which a name that nobody has stands for a task that is done.
        is_strict: Whether the default branch's files have to say that what is needed is done.
    """
    if not any(task.depends_on or task.blocks for task in tasks):
        return
    names = Names[TaskKey]()
    for is_orphaned in (False, True):
        _add([task for task in tasks if task.is_orphaned is is_orphaned], names)
    # A task that stands in no file names others by their whole keys.
    whole: dict[str, TaskKey] = {}
    if any(task.depends_on and not task.path for task in tasks):
        whole = {str(task.key): task.key for task in tasks}
    blocking = _blocking(tasks, names)
    for task in tasks:
        needed = task.depends_on
        told: list[Edge] = []
        for name in dict.fromkeys(needed) if len(needed) > 1 else needed:
            needs = None if task.path else whole.get(name)
            needs = needs or names.find(task.path, name)
            told.append(Edge(task.key, kept_name(name), needs, task.path in lenient, is_strict))
        yield from told
        if task.key in blocking:
            for each in _of_blocked(task, blocking[task.key], told):
                yield each._replace(is_strict=is_strict)


def _blocking(tasks: Sequence[Named], names: Names[TaskKey]) -> dict[TaskKey, list[Named]]:
    """Return for each task those that say they block it; what vanished says nothing any more."""
    found: dict[TaskKey, list[Named]] = {}
    for task in tasks:
        for name in () if task.is_orphaned else task.blocks:
            blocked = names.find(task.path, name)
            if blocked is not None:
                found.setdefault(blocked, []).append(task)
    return found


def _of_blocked(task: Named, blocking: Iterable[Named], told: Iterable[Edge]) -> Iterator[Edge]:
    """Yield what a task waits for besides what it says itself, by whole keys: others say so."""
    known = {edge.needs for edge in told}
    for each in dict.fromkeys(each.key for each in blocking):
        if each not in known:
            yield Edge(task.key, kept_name(str(each)), each)


def kept_name(name: str) -> str:
    """Return a name as it is kept: the beginning of a long one, told from others that begin so."""
    if len(name) <= LONGEST_WORD:
        return name
    import hashlib  # noqa: PLC0415 - few names are that long

    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{name[:LONGEST_WORD]}… ({len(name)} characters, {digest})"


def _add(tasks: Sequence[Named], names: Names[TaskKey]) -> None:
    """Add what tasks are called now, then what their keys tell: it may be an old number."""
    called = [names_of_number(task.number) for task in tasks]
    for (key, path, number, *_), numbers in zip(tasks, called, strict=True):
        here = names.of_file(path)
        for name in numbers:
            here.setdefault(name, key)
        if number and not numbers:
            names.add(path, number, key, is_id=True)
    for (key, path, *_), numbers in zip(tasks, called, strict=True):
        name = own_name(key, path)
        names.of_file(path).setdefault(name, key)
        if not numbers:
            names.everywhere.setdefault(name, key)
    for key, *_ in tasks:
        # The name of a change of a root below the top begins with that of its folder.
        if key.source == CHANGES and "#" not in key.name:
            names.everywhere.setdefault(key.name.rpartition("/")[2], key)


# The same few numbers return in file after file.
@lru_cache(maxsize=4096)
def names_of_number(number: str) -> tuple[str, ...]:
    """Return what others in a file call a task by its number, the shortest name first.

    ``1`` and ``Task-1`` are the same, ``Story-1`` is not; none where it is no number but an id.
    """
    word, _, rest = number.rpartition("-")
    if not rest[:1].isdigit() or word not in _COUNTED:
        return ()
    return (rest, f"Task-{rest}") if word in {"", "Task"} else (number,)


def own_name(key: TaskKey, path: str) -> str:
    """Return what a task is called within its file."""
    top, _, own = key.name.rpartition("#")
    name = own if top else key.name
    return name.removeprefix(f"{path}/")


def bare_name(task: Task) -> str:
    """Return the id alone by which people call a task; its whole key where it has but a number."""
    own = own_name(task.key, task.path)
    return str(task.key) if own == task.number else own


def id_now(task: Task) -> str:
    """Return the id that a task has now in its file; its whole key where that tells it, if any."""
    is_id = task.number and not names_of_number(task.number)
    return task.number if is_id else str(task.key)


def cycles(waits_for: Mapping[Name, Sequence[Name]]) -> list[list[Name]]:
    """Return one circle of each knot of tasks that wait for one another, in the mapping's order.

    Each begins with its first task; a task that waits for itself is a circle of one. Names that
    have no entry wait for nobody.
    """
    order = {name: index for index, name in enumerate(waits_for)}
    found = [sorted(knot, key=order.__getitem__) for knot in knots(waits_for)]
    return [_circle(waits_for, knot) for knot in sorted(found, key=lambda knot: order[knot[0]])]


def knots(waits_for: Mapping[Name, Sequence[Name]]) -> Iterator[list[Name]]:
    """Yield the sets of tasks that all wait for one another, or one that waits for itself."""
    return _Search(waits_for).knots()


class _Search(Generic[Name]):
    """Tarjan's search for names that all lead to one another, without recursion."""

    def __init__(self, waits_for: Mapping[Name, Sequence[Name]]) -> None:
        self._waits_for = waits_for
        self._index: dict[Name, int] = {}
        self._low: dict[Name, int] = {}
        self._path: list[Name] = []
        self._at: dict[Name, int] = {}
        self._work: list[tuple[Name, Iterator[Name]]] = []

    def knots(self) -> Iterator[list[Name]]:
        """Yield the sets of names that wait for one another."""
        for start in self._waits_for:
            if start not in self._index:
                self._enter(start)
            while self._work:
                following = self._next()
                if following is not None:
                    self._enter(following)
                elif knot := self._leave():
                    yield knot

    def _enter(self, name: Name) -> None:
        self._index[name] = self._low[name] = len(self._index)
        self._at[name] = len(self._path)
        self._path.append(name)
        waits_for = self._waits_for
        self._work.append((name, (each for each in waits_for[name] if each in waits_for)))

    def _next(self) -> Name | None:
        """Return the next name that nobody has seen, None where there is none."""
        name, rest = self._work[-1]
        for other in rest:
            if other not in self._index:
                return other
            if other in self._at:
                self._low[name] = min(self._low[name], self._index[other])
        return None

    def _leave(self) -> list[Name]:
        """Leave the innermost name; return its knot if it is the first of one."""
        name, _ = self._work.pop()
        if self._work:
            above = self._work[-1][0]
            self._low[above] = min(self._low[above], self._low[name])
        if self._low[name] != self._index[name]:
            return []
        start = self._at[name]
        knot = self._path[start:]
        del self._path[start:]
        for each in knot:
            del self._at[each]
        return knot if len(knot) > 1 or name in self._waits_for[name] else []


def _circle(waits_for: Mapping[Name, Sequence[Name]], knot: Collection[Name]) -> list[Name]:
    """Return the shortest way from a knot's first name back to it."""
    first, inside = next(iter(knot)), set(knot)
    came_from: dict[Name, Name] = {}
    waiting = [first]
    for name in waiting:
        for other in waits_for[name]:
            if other == first:
                return _way(came_from, name)
            if other in inside and other not in came_from:
                came_from[other] = name
                waiting.append(other)
    return list(knot)


def _way(came_from: Mapping[Name, Name], last: Name) -> list[Name]:
    way = [last]
    while way[-1] in came_from:
        way.append(came_from[way[-1]])
    return way[::-1]
