"""What is wrong in task files of live branches, told as long as a branch is where it was.

A pass without news reads no file. So what the last one with news has found is kept in the state
folder, with where each branch was then.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import Problem
from kanban_sync.sync.parsing import hash_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.sync.state_folder import StateFolder

FILE = "branch-problems.json"


class BranchProblem(NamedTuple):
    """A problem in a file of a layer, with the layer's name and tip."""

    layer: str
    tip: str
    problem: Problem

    def told(self) -> Problem:
        """Return the problem with the layer in its message."""
        return self.problem._replace(message=f"on {self.layer}: {self.problem.message}")


class Noted(NamedTuple):
    """What a pass has noted: a hash of all tips that it has read, and the problems."""

    of: str = ""
    problems: tuple[BranchProblem, ...] = ()


def beyond(base: Sequence[Problem], found: Iterable[BranchProblem]) -> tuple[BranchProblem, ...]:
    """Return the problems that layers have and the base layer, as it was read, has not.

    What keeps a file from being read is told of each layer that has it.
    """
    there = Counter(map(_kind, base))
    met: dict[str, Counter[tuple[str, str, str]]] = {}
    own: list[BranchProblem] = []
    for each in found:
        kinds, kind = met.setdefault(each.layer, Counter()), _kind(each.problem)
        kinds[kind] += 1
        if each.problem.fatal or kinds[kind] > there[kind]:
            own.append(each)
    return tuple(own)


def _kind(problem: Problem) -> tuple[str, str, str]:
    """Return what is the same of a problem wherever in its file it stands."""
    return problem.path, problem.code, problem.word or problem.message


def note(state: StateFolder, tips: Mapping[str, str], problems: Iterable[BranchProblem]) -> None:
    """Note what a pass has found that has read all layers at these tips."""
    text = json.dumps({"of": _hash(tips), "problems": [_row(each) for each in problems]}, indent=1)
    state.replace(state.path / FILE, f"{text}\n")


def noted(state: StateFolder) -> Noted:
    """Return what was noted last, nothing where that cannot be read."""
    try:
        data = json.loads((state.path / FILE).read_text("ascii"))
        rows = ((layer, tip, Problem(*problem)) for layer, tip, *problem in data["problems"])
        return Noted(str(data["of"]), tuple(BranchProblem(*row) for row in rows))
    except (OSError, ValueError, TypeError, KeyError):
        return Noted()


def is_noted(state: StateFolder, tips: Mapping[str, str]) -> bool:
    """Tell whether what was noted last is of these tips."""
    return noted(state).of == _hash(tips)


def _hash(tips: Mapping[str, str]) -> str:
    return hash_of(sorted(tips.items()))


def _row(each: BranchProblem) -> list[object]:
    return [each.layer, each.tip, *each.problem]
