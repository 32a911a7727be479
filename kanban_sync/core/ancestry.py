"""Ancestry among commits, from the parents of each: what is a branch's own, and where it forks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    Parents: TypeAlias = Mapping[str, tuple[str, ...]]


class Reach(NamedTuple):
    """What a branch adds to others: its own commits, and the ``edges`` that these were based on."""

    own: frozenset[str]
    edges: tuple[str, ...]


def reach(tip: str, parents: Parents, *, without: Collection[str] = ()) -> Reach:
    """Return which commits of ``parents`` a tip descends from, and what lies right below them.

    Args:
        tip: Where to begin.
        parents: The parents of every commit that may be the branch's own.
        without: Commits among them that are others'.
    """
    own: set[str] = set()
    edges: dict[str, None] = {}
    waiting = [tip]
    while waiting:
        commit = waiting.pop()
        if commit in own:
            continue
        if commit not in parents or commit in without:
            edges[commit] = None
            continue
        own.add(commit)
        waiting += reversed(parents[commit])
    return Reach(frozenset(own), tuple(edges))


def newest_of(commits: Collection[str], parents: Parents) -> tuple[str, ...]:
    """Return those of some commits that are ancestors of none of the others, as git's merge bases.

    ``parents`` reaches from each of them down to all of the others.
    """
    older: set[str] = set()
    for commit in commits:
        if commit in older:
            continue
        below = (reach(each, parents) for each in parents.get(commit, ()))
        for each in below:
            older |= each.own
            older.update(each.edges)
    return tuple(commit for commit in commits if commit not in older)
