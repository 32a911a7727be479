"""Which keys only cards know: those of tasks whose first words this clone cannot see.

A task without an id is called after its first words, or its first number, for ever. Where the
history was cut (a shallow clone) nobody knows what they were, only what stands there now. But the
task's card bears its key. So the cards are read as an older file would be: whose title a task has,
its key it has, too. Where only its words are like a card's, and others know more, the task is left
to them: better no card for a while than two for ever.

A clone that knows when a task got its words knows its key as well.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.columns import Column
from kanban_sync.core.description import task_mark
from kanban_sync.core.finding import age
from kanban_sync.core.identity import Traits, is_of_words, match
from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.operations import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence

    from kanban_sync.core.board import BoardState, Card, Said, SeenCard
    from kanban_sync.core.model import Task, TaskKey

LEFT = (
    "this clone does not see how its task began, and card {} ({}) may be its: left to clones that"
    " have the whole history; 'git fetch --unshallow' gets it"
)


class Keyed(NamedTuple):
    """The cards with the keys that they have on the board, without those left to others."""

    cards: Sequence[Card]
    notes: tuple[Note, ...] = ()


def keyed_by_cards(  # noqa: PLR0913 - three sides, their tasks, whose cards, who is left out
    desired: Sequence[Card],
    tasks: Iterable[Task],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    project: str,
    left: Collection[TaskKey] = (),
) -> Keyed:
    """Give tasks whose keys this clone can only guess those that their cards have.

    Args:
        desired: The cards as they ought to be.
        tasks: The tasks of which they were drawn.
        actual: What one reading of the board told.
        base: What this clone last agreed on: a task that is there is called so.
        project: The id of our project.
        left: The keys of cards with which there is nothing to do; they are left out of all this.
    """
    own = {card.key for card in desired}.union(left)
    free = [card for card in desired if card.key not in base and card.column is not Column.ARCHIVE]
    if not any(map(_is_unsure, free)) and (not free or base.keys() <= own):
        return Keyed(desired)
    of_files = {task.key for task in tasks if task.key.name.startswith(f"{task.path}/")}
    free = [card for card in free if card.key in of_files]
    unsure = [card for card in free if _is_unsure(card)]
    shown = _proven(actual, project)
    open_to_all = _without(shown, own.difference(card.key for card in unsure))
    keys = _by_title(unsure, open_to_all, _file)
    # A file that was moved before has its old name in the keys of its tasks.
    alone = [card for card in unsure if card.key not in keys and card.key not in shown]
    keys |= _by_title(alone, _without(shown, own | {*keys.values()}), lambda key: key.source)
    alone = [card for card in free if card.key not in keys and card.key not in shown]
    notes: dict[TaskKey, str] = {}
    for card, key in _by_words(alone, _without(shown, own | {*keys.values()})):
        seen = shown[key]
        if key in base or (_is_unsure(card) and _is_guessed(seen)):
            keys[card.key] = key
        elif _is_unsure(card):
            notes[card.key] = LEFT.format(seen.id, seen.title)
    taken = {*keys.values()}
    for card in unsure:
        if card.key in taken and card.key not in keys:
            notes[card.key] = LEFT.format(shown[card.key].id, shown[card.key].title)
    return Keyed(
        [
            replace(card, key=keys[card.key]) if card.key in keys else card
            for card in desired
            if card.key not in notes
        ],
        tuple(Note(str(key), text) for key, text in notes.items()),
    )


def _is_unsure(card: Card) -> bool:
    """Whether a card may have had other words before those that this clone sees."""
    return card.version.text == UNKNOWN


def _is_guessed(seen: SeenCard) -> bool:
    """Whether nobody who wrote a card's words has seen when they came."""
    return seen.stamp is not None and seen.stamp.version.text == UNKNOWN


def _proven(actual: BoardState, project: str) -> dict[TaskKey, SeenCard]:
    """Return the cards that clones made for tasks of this project, by the keys on them."""
    found: dict[TaskKey, SeenCard] = {}
    # Of several the oldest one counts.
    for seen in sorted(actual.cards, key=age, reverse=True):
        key, stamp = seen.key, seen.stamp
        if key is None or stamp is None or seen.archived or key.project != project:
            continue
        if stamp.task == task_mark(key):
            found[key] = seen
    return found


def _without(
    shown: Mapping[TaskKey, SeenCard], keys: Container[TaskKey]
) -> dict[TaskKey, SeenCard]:
    return {key: seen for key, seen in shown.items() if key not in keys}


def _file(key: TaskKey) -> str:
    """Return the file that stands in a task's key."""
    return f"{key.source}:{key.name.rpartition('/')[0]}"


def _by_title(
    cards: Sequence[Card], shown: Mapping[TaskKey, SeenCard], place: Callable[[TaskKey], str]
) -> dict[TaskKey, TaskKey]:
    """Return the keys of cards on the board for cards that alone in their place have their title.

    One that has its own card, with its own title, is its own.
    """
    wanted = Counter((place(card.key), card.title) for card in cards)
    there = Counter((place(key), seen.title) for key, seen in shown.items())
    keys = {(place(key), seen.title): key for key, seen in shown.items()}
    return {
        card.key: keys[words]
        for card in cards
        if wanted[words := (place(card.key), card.title)] == there[words] == 1
    }


def _by_words(
    cards: Sequence[Card], shown: Mapping[TaskKey, SeenCard]
) -> list[tuple[Card, TaskKey]]:
    """Return cards with the keys of those on the board that have similar words, file by file.

    What is called after an id or a number is told by that alone.
    """
    found: list[tuple[Card, TaskKey]] = []
    new: dict[str, list[Card]] = {}
    for card in cards:
        if _is_of_words(card.key):
            new.setdefault(_file(card.key), []).append(card)
    old: dict[str, list[TaskKey]] = {}
    for key in shown:
        if _is_of_words(key):
            old.setdefault(_file(key), []).append(key)
    for file in new.keys() & old.keys():
        here, there = new[file], old[file]
        pairs = match(
            [_traits(shown[key].title) for key in there], [_traits(card.title) for card in here]
        )
        found += [(here[index], there[former]) for index, former in pairs.items()]
    return found


def _is_of_words(key: TaskKey) -> bool:
    return is_of_words(key.name.rpartition("/")[2])


def _traits(title: str) -> Traits:
    return Traits("", "", "", title)
