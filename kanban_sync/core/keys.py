"""What the tasks of a file are called in their keys: a name is given once and stays whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.core.identity import own_key, text_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.identity import Traits
    from kanban_sync.core.layers import SlotChange, SlotState
    from kanban_sync.core.model import Document

ELSEWHERE = "elsewhere"
"""In place of a text's hash: the key went to another slot with its task."""


def owns_of(
    traits: Sequence[Traits],
    before: Sequence[SlotState],
    matches: Sequence[Mapping[int, int]],
    taken: Mapping[str, str],
    avoided: Collection[str],
) -> list[str]:
    """Return the own keys: those of the first parent, then those of the others, then new ones.

    A task that comes back gets its old key: by an id of the file's own, or by its text. A number
    alone may stand for another task.
    """
    owns: dict[int, str] = {}
    given: set[str] = set()
    for state, pairs in zip(before, matches, strict=True):
        for index in sorted(pairs):
            own = state.tasks[pairs[index]].own
            if index not in owns and own not in given:
                owns[index] = own
                given.add(own)
    given.update(avoided)
    for index, each in enumerate(traits):
        if index not in owns:
            owns[index] = own_key(each, partial(_is_taken, each, given, taken))
            given.add(owns[index])
    return [owns[index] for index in range(len(traits))]


def _is_taken(traits: Traits, given: Collection[str], taken: Mapping[str, str], own: str) -> bool:
    """Whether a key stands for another task: one that is there, or was there with other words."""
    if own in given:
        return True
    return not traits.id and own in taken and taken[own] != text_hash(traits)


def gone_elsewhere(taken: Mapping[str, str]) -> Collection[str]:
    """Return the own keys that went to another slot with their tasks."""
    return [own for own, text in taken.items() if text == ELSEWHERE]


def prefixes_of(
    before: Sequence[SlotState],
    change: SlotChange,
    tasks: Iterable[tuple[str, Traits]],
    document: Document,
) -> Mapping[str, str]:
    """Return the prefixes of all own keys: the old ones stay, whatever became of the file."""
    known = {own: prefix for state in reversed(before) for own, prefix in state.prefixes.items()}
    given = {own for state in before for own, text in state.taken.items() if text != ELSEWHERE}
    if change.moved_from:
        known = dict.fromkeys(given, f"{change.moved_from}/") | known
    if document.has_unique_ids:
        known |= {own: "" for own, traits in tasks if traits.id and own not in given}
    return known


def roots_of(
    before: Sequence[SlotState],
    tops: Mapping[str, str],
    owns: Iterable[str],
    taken: Collection[str],
) -> Mapping[str, str]:
    """Return what tasks were born below, where they do not stand there now."""
    born: dict[str, str] = {}
    for state in reversed(before):
        born.update({**state.tops(), **state.roots})
    if not born and not tops:
        return {}
    now = {own: tops.get(own, "") for own in owns}
    kept = {own: root for own, root in born.items() if root != now.get(own, "")}
    return kept | {own: "" for own in tops if own in taken and own not in born}
