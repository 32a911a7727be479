"""What is wrong with tasks that no single line shows: dependencies, ids of two files, legends."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from kanban_sync.core import deadlocks
from kanban_sync.core.dependencies import Names, names_of_number
from kanban_sync.core.findings import (
    CYCLE,
    DUPLICATE_ID,
    LEGEND,
    MISSPELT_DEPENDENCY,
    UNCLEAR_DEPENDENCY,
    UNKNOWN_DEPENDENCY,
)
from kanban_sync.core.model import Problem, plain_word
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kanban_sync.core.model import Document, ParsedTask

MOST_HINTS = 20
"""Unknown ids for which a similar one is sought: each is compared with all ids there are."""

LONGEST_MEANING = 40
"""Characters of a box's words that may say what its mark means."""


class File(NamedTuple):
    """A task file that was read.

    ``is_whole`` tells whether its ids count in the whole repository, ``gone_is_done`` whether an
    id that is found nowhere stands for a task that is done.
    """

    source: str
    path: str
    document: Document
    is_whole: bool = False
    gone_is_done: bool = False


class Place(NamedTuple):
    """A task that others may name: its file and its id."""

    path: str
    id: str


class Known:
    """The tasks of all files by the names that others call them."""

    def __init__(self, files: Sequence[File], others: Collection[str] = ()) -> None:
        """Collect the names.

        Args:
            files: All task files of the work tree.
            others: Names of what is no task of a file: OpenSpec changes.
        """
        self._names = Names[Place]()
        self._others = frozenset(others)
        self._similar: dict[str, set[str]] = {}
        for file in files:
            for top in file.document.tasks:
                for task in top.walk():
                    self._add(file.path, task)

    def _add(self, path: str, task: ParsedTask) -> None:
        if task.id:
            self._names.add(path, task.id, Place(path, task.id), is_id=True)
            self._similar.setdefault(_folded(task.id), set()).add(task.id)
        elif task.number:
            place = Place(path, f"{task.number} in line {task.line}")
            for number in names_of_number(task.number):
                self._names.add(path, number, place, is_id=False)

    def place(self, path: str, name: str) -> Place | None:
        """Return the task that a file calls so: its own, else another file's."""
        return self._names.find(path, name)

    def has(self, path: str, name: str) -> bool:
        """Tell whether there is anything that a file may call so."""
        return name in self._others or self.place(path, name) is not None

    def meant(self, name: str) -> str:
        """Return the one id that is spelt like this but for case and hyphens, '' if none is."""
        found = self._similar.get(_folded(name), ())
        return next(iter(found)) if len(found) == 1 else ""

    def like(self, name: str) -> str:
        """Return the id that is most like a name, '' if none is."""
        # Here, since few files name what is not there.
        import difflib  # noqa: PLC0415

        close = difflib.get_close_matches(
            name, [*self._names.ids(), *self._others], n=1, cutoff=0.8
        )
        return close[0] if close else ""


def _folded(name: str) -> str:
    """Return an id as it is compared: any case, any hyphens, ``T1`` like ``T-1``; not ``T-11``."""
    words = plain_word(name).split()
    apart = [
        " " if one[-1].isdigit() == other[0].isdigit() else "" for one, other in pairwise(words)
    ]
    return "".join(part for pair in zip(words, [*apart, ""], strict=True) for part in pair)


def waits_in_vain(files: Sequence[File], known: Known) -> bool:
    """Tell whether a task waits for an id that is found nowhere, whatever that means."""
    return any(
        not known.has(file.path, name)
        for file in files
        for task in all_tasks(file)
        for name in task.depends_on
    )


def unknown_dependencies(
    files: Sequence[File], known: Known, hints: int = MOST_HINTS
) -> Iterator[Problem]:
    """Yield dependencies on ids that are found nowhere.

    In v1.0 such an id is a task that is done, unless it is only spelt otherwise.

    Args:
        files: Those that wait.
        known: What they may wait for.
        hints: For how many of them a similar id is sought at most.
    """
    for file in files:
        for task in all_tasks(file):
            for name in task.depends_on:
                if known.has(file.path, name):
                    continue
                meant = known.meant(name)
                if file.gone_is_done:
                    if meant:
                        what = f"{name!r} is no task, so nothing is waited for; write {meant!r}."
                        yield _problem(file, task, MISSPELT_DEPENDENCY, what, name)
                    continue
                if not meant and hints:
                    hints -= 1
                    meant = known.like(name)
                hint = f"write {meant!r}, if you mean that, or" if meant else "mend the id, or"
                what = f"no task has the id {name!r}, so this one never becomes ready; {hint} take"
                yield _problem(file, task, UNKNOWN_DEPENDENCY, f"{what} it out.", name)


def unclear_dependencies(files: Sequence[File]) -> Iterator[Problem]:
    """Yield dependencies in words, of which nobody can tell which tasks they mean."""
    for file in files:
        every = [*all_tasks(file)]
        if not any(task.fields for task in every):
            continue
        # Here, since few files have such labels, and the table of them takes a while.
        from kanban_sync.sources.field_dependencies import names_of, unclear  # noqa: PLC0415

        names = {name for task in every for name in names_of(task)}
        for task in every:
            for words in unclear(task, names):
                what = f"{words!r} names no task of this file, so nothing is waited for; write"
                remedy = "ids alone, with commas between them."
                yield _problem(file, task, UNCLEAR_DEPENDENCY, f"{what} {remedy}", words)


def unknown_blocked(files: Sequence[File], known: Known) -> Iterator[Problem]:
    """Yield tasks that say they block others, where nobody is called so.

    In v1.0 such an id is a task that is done.
    """
    for file, task, names in _blocking(files):
        for name in () if file.gone_is_done else names:
            if not known.has(file.path, name):
                what = f"no task has the id {name!r}, so nothing is blocked; mend the id, or take"
                yield _problem(file, task, UNKNOWN_DEPENDENCY, f"{what} it out.", name)


def blocks_in_vain(files: Sequence[File], known: Known) -> bool:
    """Tell whether a task says that it blocks one that is found nowhere."""
    return any(
        not known.has(file.path, name) for file, _, names in _blocking(files) for name in names
    )


def _blocking(files: Sequence[File]) -> Iterator[tuple[File, ParsedTask, tuple[str, ...]]]:
    """Yield the tasks that say they block others, with the ids of those."""
    with_fields = ((file, task) for file in files for task in all_tasks(file) if task.fields)
    for file, task in with_fields:
        # Here, since few files have such labels, and the table of them takes a while.
        from kanban_sync.sources.field_dependencies import blocked_by  # noqa: PLC0415

        names = blocked_by(task)
        if names:
            yield file, task, names


def circles(files: Sequence[File], known: Known, checked: Collection[str]) -> Iterator[Problem]:
    """Yield tasks that wait for one another, at the first of them that is checked."""
    first: dict[Place, ParsedTask] = {}
    parents: dict[Place, Place] = {}
    for file in files:
        for task in all_tasks(file):
            place = place_of(file, task)
            if first.setdefault(place, task) is task:
                parents |= {place_of(file, part): place for part in task.children}
    statuses = {place: task.status for place, task in first.items()}
    for circle, whole in deadlocks.circles(statuses, parents, waits_for(files, known)):
        at = next((each for each in circle if each.path in checked), None)
        if at is None:
            continue
        turned = circle[circle.index(at) :] + circle[: circle.index(at)]
        at = whole or at
        names = [each.id if each.path == at.path else f"{each.id} ({each.path})" for each in turned]
        way = deadlocks.way(names) if whole is None else deadlocks.of_part(whole.id, *names)
        which = "one of these dependencies" if len(names) > 1 else "this dependency"
        what = f"{way}; take {which} out."
        yield Problem(at.path, first[at].line, what, code=CYCLE, word=at.id)


def waits_for(files: Sequence[File], known: Known) -> dict[Place, list[Place]]:
    """Return whom tasks wait for: as they say themselves, and as those say that block them."""
    found: dict[Place, list[Place]] = {}
    for file in files:
        for task in all_tasks(file):
            if task.depends_on:
                named = (known.place(file.path, name) for name in task.depends_on)
                found[place_of(file, task)] = [each for each in named if each]
    for file, task, said in _blocking(files):
        for name in said:
            blocked = known.place(file.path, name)
            if blocked:
                found.setdefault(blocked, []).append(place_of(file, task))
    return found


def place_of(file: File, task: ParsedTask) -> Place:
    """Return what a task is called in a message; most are known by it."""
    own = task.id or (f"{task.number} in line {task.line}" if task.number else "")
    return Place(file.path, own or f"the task in line {task.line}")


def ids_of_two_files(files: Sequence[File], checked: Collection[str]) -> Iterator[Problem]:
    """Yield ids that count in the whole repository and are given in two files."""
    taken: dict[tuple[str, str], tuple[File, ParsedTask]] = {}
    for file in files:
        for task in file.document.tasks if file.is_whole else ():
            first, other = taken.setdefault((file.source, task.id), (file, task))
            if not task.id or first.path == file.path:
                continue
            here, there = ((file, task), (first, other))
            if file.path not in checked:
                here, there = there, here
            if here[0].path in checked:
                where = f"{there[0].path}:{there[1].line}"
                what = f"the id {task.id} is also given in {where}; give one of them another one."
                yield _problem(*here, DUPLICATE_ID, what, task.id)


def legends(files: Sequence[File]) -> Iterator[Problem]:
    """Yield boxes that only say what marks mean: ``- [ ] not started``, ``- [x] done``."""
    for file in files:
        run: list[ParsedTask] = []
        for task in file.document.tasks:
            if len(task.title) > LONGEST_MEANING or task.children or task.number or task.id:
                continue
            if run and task.line != run[-1].line + 1:
                yield from _legend(file, run)
                run = []
            run.append(task)
        yield from _legend(file, run)


def _legend(file: File, run: Sequence[ParsedTask]) -> Iterator[Problem]:
    """Yield the problem of short boxes in adjacent lines, if they explain several marks."""
    if len({task.word.lower() for task in run}) <= 1:
        return
    # Here, since few files have such boxes, and the tables of words take a while.
    from kanban_sync.sources.box_tasks import MARKS  # noqa: PLC0415
    from kanban_sync.sources.status_words import status_in  # noqa: PLC0415

    found = [task for task in run if MARKS.get(task.word) is (status_in(_meaning(task)) or "")]
    if len({task.word.lower() for task in found}) <= 1:
        return
    remedy = (
        "write them without boxes: OpenSpec counts boxes wherever they stand"
        if file.source == "openspec"
        else "put them below a heading 'Legend'"
    )
    what = f"these {len(found)} boxes say what marks mean, and are taken for tasks; {remedy}."
    yield _problem(file, found[0], LEGEND, what)


def _meaning(task: ParsedTask) -> str:
    words = task.title
    for sign in "=:—–(,/":  # noqa: RUF001
        words = words.partition(sign)[0]
    return words.strip("*_`- ")


def all_tasks(file: File) -> Iterator[ParsedTask]:
    """Yield the tasks of a file, each before those below it."""
    for top in file.document.tasks:
        yield from top.walk()


def _problem(file: File, task: ParsedTask, code: str, message: str, word: str = "") -> Problem:
    return Problem(file.path, task.line, message, code=code, word=word)
