"""Which branches are layers, and where they fork off: asked of git for all of them at once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kanban_sync import git_calls
from kanban_sync.core.ancestry import Reach, newest_of, reach
from kanban_sync.core.errors import OutOfReachError, RepositoryError
from kanban_sync.core.liveness import DAY
from kanban_sync.git_output import parse_commits, parse_differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.liveness import Liveness
    from kanban_sync.git_output import Commit

BEFORE = 30 * DAY
"""How much older than all places where branches fork off a commit between them may be."""


class Git(Protocol):
    """What runs a command of git with lines on its input, and returns what it prints."""

    def __call__(self, call: Sequence[str], lines: Iterable[str] = ()) -> str:
        """Run it."""
        ...


class Place(NamedTuple):
    """A commit and its time."""

    commit: str
    time: int


class Branch(NamedTuple):
    """A branch that adds commits to the base layer: its ``own``, and those it forks off from."""

    name: str
    tip: str
    own: frozenset[str]
    forks: tuple[Place, ...]


def digest(base: str, tips: Mapping[str, str]) -> str:
    """Return a hash of the base layer's tip and of all branches that may be layers."""
    text = "\n".join((base, *(f"{tip} {name}" for name, tip in sorted(tips.items()))))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def live_branches(
    git: Git,
    base: str,
    tips: Mapping[str, str],
    known: Mapping[str, str],
    liveness: Liveness,
) -> list[Branch]:
    """Return the branches that are layers, in the order of their names.

    Args:
        git: Runs git.
        base: The base layer's tip.
        tips: Where the branches are that may be layers.
        known: Where layers were at the last pass: one that only grew old since goes on to be one.
        liveness: How young a branch has to be.

    Returns:
        Those that hold a commit the base layer does not have, and have one in common with it. Of
        several at one commit the first is told.
    """
    first: dict[str, str] = {}
    for name, tip in sorted(tips.items()):
        first.setdefault(tip, name)
    if not first:
        return []
    output = git(git_calls.ADDED, (*first, f"^{base}"))
    added = parse_commits(output)
    parents = {commit: each.parents for commit, each in added.items() if not each.is_boundary}
    found: dict[str, Reach] = {}
    for tip, name in first.items():
        commit = added.get(tip)
        if commit is None or commit.is_boundary:
            continue
        is_known = any(known.get(each) == tip for each in tips if tips[each] == tip)
        if not (is_known or liveness.is_young(commit.time)):
            continue
        own = reach(tip, parents)
        if own.edges:
            found[name] = own
    forks = _forks(git, base, [each.edges for each in found.values()], added)
    return [
        Branch(name, tips[name], own.own, tuple(Place(fork, _time(added, fork)) for fork in each))
        for (name, own), each in zip(found.items(), forks, strict=True)
    ]


def unreadable(git: Git, base: str, tips: Mapping[str, str]) -> list[str]:
    """Return the names of branches whose commits git cannot read, asking once where it can.

    Where it cannot it says so of the first alone, so that each half is asked for again.

    Raises:
        OutOfReachError: This clone lacks commits on purpose, and cannot fetch them.
    """
    if not tips:
        return []
    try:
        git(git_calls.ADDED, (*dict.fromkeys(tips.values()), f"^{base}"))
    except OutOfReachError:
        raise
    except RepositoryError:
        names = sorted(tips)
        if len(names) == 1:
            return names
        middle = len(names) // 2
        halves = ({name: tips[name] for name in each} for each in (names[:middle], names[middle:]))
        return [name for half in halves for name in unreadable(git, base, half)]
    return []


def _time(added: Mapping[str, Commit], commit: str) -> int:
    return added[commit].time if commit in added else 0


def _forks(
    git: Git, base: str, edges: Sequence[tuple[str, ...]], added: Mapping[str, Commit]
) -> list[tuple[str, ...]]:
    """Return the merge bases among the commits that each branch is based on."""
    several = {commit for each in edges if len(each) > 1 for commit in each}
    if not several:
        return list(edges)
    times = [added[commit].time for commit in several if commit in added]
    call = git_calls.since(base, min(times, default=0) - BEFORE)
    parents = {commit: each.parents for commit, each in parse_commits(git(call)).items()}
    return [newest_of(each, parents) if len(each) > 1 else each for each in edges]


def differences(
    git: Git, pairs: Iterable[tuple[str, str]], pathspecs: Sequence[str]
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Return what differs from one commit to another: mode, path and blob id, '' where gone.

    Args:
        git: Runs git.
        pairs: The commit to look at, and the one with which to compare it.
        pathspecs: Where to look.

    Returns:
        The differences, by the first commit of each pair; none for an equal one.
    """
    lines = [f"{commit} {other}" for commit, other in dict.fromkeys(pairs)]
    return parse_differences(git(git_calls.differences(pathspecs), lines)) if lines else {}
