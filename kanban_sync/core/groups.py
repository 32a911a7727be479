"""Which group of the new file is which group of the old one, though it has another name now."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BELOW = "\n"
"""Stands between the headings of a way: none of them has a line end."""

COMPARED = 60
"""Characters at the end of a group's name that are compared."""

MOST_PAIRS = 2_500
"""Of more pairs than this, none is looked at for similar names: a file was written anew."""

MOST_TEXTS = 1_000_000
"""Texts against groups that are compared at most in one file."""


def renamed(old: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the new names of groups that are not called as they were, by their old names.

    No name stands on both sides.

    A group is the same if it alone has that heading, whatever stands above it; else the one that
    has tasks in common with it, and the most alike name.

    Args:
        old: For each task of the old file its group's name, the whole way down, and what it says.
        new: The same of the new file.
    """
    gone, come = _texts(old), _texts(new)
    found = _under_other_headings([*gone], [*come])
    for name, now in found.items():
        del gone[name], come[now]
    return found | _alike(gone, come)


def share(one: str, other: str) -> float:
    """Return the share of common characters of the ends of two names, 0 to 1."""
    return difflib.SequenceMatcher(None, one[-COMPARED:], other[-COMPARED:], autojunk=False).ratio()


def _texts(tasks: Iterable[tuple[str, str]]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for name, text in tasks:
        found.setdefault(name, Counter())[text] += 1
    return found


def _under_other_headings(gone: Sequence[str], come: Sequence[str]) -> dict[str, str]:
    """Return the groups that alone have the same headings at the end of their ways."""
    found: dict[str, str] = {}
    most = max((name.count(BELOW) for name in (*gone, *come)), default=0)
    for count in range(most, -1, -1) if gone and come else ():
        left = [name for name in gone if name not in found]
        taken = set(found.values())
        now = _alone([name for name in come if name not in taken], count)
        found |= {name: now[end] for end, name in _alone(left, count).items() if end in now}
    return found


def _end(name: str, count: int) -> str:
    """Return the last heading of a way, and as many as that above it."""
    return BELOW.join(name.removeprefix("/").rsplit(BELOW, count + 1)[-count - 1 :])


def _alone(names: Sequence[str], above: int) -> dict[str, str]:
    """Return the names by the ends of their ways, where no other of them has the same."""
    count = Counter(_end(name, above) for name in names)
    return {end: name for name in names if count[end := _end(name, above)] == 1}


def _alike(gone: Mapping[str, Counter[str]], come: Mapping[str, Counter[str]]) -> dict[str, str]:
    """Pair groups that have tasks in common, the most alike first, then in file order."""
    size = sum(map(len, gone.values())) * len(come) + sum(map(len, come.values())) * len(gone)
    if len(gone) * len(come) > MOST_PAIRS or size > MOST_TEXTS:
        return {}
    found = [
        (-2 * common / (texts.total() + others.total()) - _likeness(name, now), here, there)
        for here, (name, texts) in enumerate(gone.items())
        for there, (now, others) in enumerate(come.items())
        if (common := (texts & others).total())
    ]
    names, others_names = [*gone], [*come]
    pairs: dict[str, str] = {}
    taken: set[int] = set()
    for _, here, there in sorted(found):
        if names[here] not in pairs and there not in taken:
            pairs[names[here]] = others_names[there]
            taken.add(there)
    return pairs


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are; whoever renames a group often puts words behind its name."""
    short, long = sorted((one, other), key=len)
    is_longer = long.startswith(short) and not long[len(short) : len(short) + 1].isalnum()
    return 1.0 if is_longer else share(one, other)
