"""Which card on the board is which task's.

By id in the base; else by a footer of this project (the smallest id counts for every clone); else,
only for a card without any footer, by a title that is unique among our labelled cards and among
the tasks that have no card (boards made by the tool's predecessor).

People paste footers. A card whose id is remembered stays its task's, whatever footers stand on it,
and one whose version field names a task is no other task's. Only cards that a clone made have that
field (and copies of them, whose ids are larger): without it an older card is no twin of ours.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanban_sync.core.columns import Column
from kanban_sync.core.description import compose, key_of, task_mark
from kanban_sync.core.lost import is_late
from kanban_sync.core.operations import Note
from kanban_sync.core.precedence import is_unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.board import BoardState, Card, Said, SeenCard
    from kanban_sync.core.model import TaskKey


@dataclass(frozen=True, slots=True)
class Found:
    """The cards of our tasks by key, and what people should know of the others.

    ``twins`` are younger cards that the base knows as ours: made here while another clone made
    one of its own. ``late`` are cards that this clone asked for, and made again.
    """

    cards: Mapping[TaskKey, SeenCard]
    twins: Mapping[TaskKey, SeenCard]
    late: Mapping[TaskKey, SeenCard]
    notes: tuple[Note, ...]


def each_its_own(base: Mapping[TaskKey, Said], actual: BoardState) -> dict[TaskKey, Said]:
    """Return the base without what takes one card for two tasks': its footer tells whose it is."""
    names = {seen.id: seen.key for seen in actual.cards}
    owners: dict[str, TaskKey] = {}
    for key, said in base.items():
        if said.card_id not in owners or names.get(said.card_id) == key:
            owners[said.card_id] = key
    return {
        key: said for key, said in base.items() if not said.card_id or owners[said.card_id] == key
    }


def find_cards(
    desired: Sequence[Card],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    project: str,
) -> Found:
    """Find the card of each desired task; cards with another project's footer are strangers'."""
    by_key = _by_task(desired, actual, base, project)
    found: dict[TaskKey, SeenCard] = {}
    twins: dict[TaskKey, SeenCard] = {}
    late: dict[TaskKey, SeenCard] = {}
    notes: list[Note] = []
    for card in desired:
        candidates = by_key.get(card.key)
        if not candidates:
            continue
        known = base.get(card.key)
        counts = found[card.key] = _choose(candidates, known)
        for other in candidates:
            if other is counts or other.archived:
                continue
            if known is not None and other.id == known.card_id and not counts.archived:
                twins[card.key] = other
            elif known is not None and is_late(other, known):
                late[card.key] = other
            else:
                kind = "is a copy" if _is_made(other, known) else "has the footer"
                text = f"card {other.id} {kind} of card {counts.id}; left alone"
                notes.append(Note(str(card.key), text))
    adopted, passed_over = _adopt(desired, actual, base, found)
    return Found(found | adopted, twins, late, (*notes, *passed_over))


def doubtful_cards(
    desired: Sequence[Card],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    mark: str,
    *,
    force: bool,
) -> list[str]:
    """Return the ids of cards put away long ago that may be gone by now, where that matters.

    A reading believes the base in that. It matters once the task has changed, or if it is forced.
    """
    away = {seen.id: seen for seen in actual.cards if seen.archived}
    return [
        said.card_id
        for card in desired
        if (said := base.get(card.key)) is not None
        and away.get(said.card_id) is said.seen is not None
        and card.column is not Column.ARCHIVE
        and (force or not is_unchanged(card, said, mark))
    ]


def asked_again(actual: BoardState, answered: BoardState) -> BoardState:
    """Return what a reading told, with what was heard of some of its cards afterwards."""
    asked = {card.id for card in answered.cards} | answered.gone | answered.elsewhere
    kept = (card for card in actual.cards if card.id not in asked)
    return replace(
        actual,
        cards=(*kept, *answered.cards),
        gone=actual.gone | answered.gone,
        elsewhere=actual.elsewhere | answered.elsewhere,
    )


def _by_task(
    desired: Sequence[Card], actual: BoardState, base: Mapping[TaskKey, Said], project: str
) -> dict[TaskKey, list[SeenCard]]:
    """Sort the cards by the one task that each may be of, the oldest first."""
    owners = {said.card_id: key for key, said in base.items() if said.card_id}
    begun = _begun_before(base)
    marks: dict[str, TaskKey] = {}
    found: dict[TaskKey, list[SeenCard]] = {}
    for seen in sorted(actual.cards, key=age):
        key = owners.get(seen.id)
        if key is None and begun:
            key = begun.get((seen.title, *seen.description.split()))
        if key is None and seen.key is not None and seen.key.project == project:
            named = seen.stamp.task if seen.stamp is not None else ""
            # Only once there is a card that this clone does not know: hashing all keys takes long.
            if named and not marks:
                marks = {task_mark(each): each for each in (*base, *(card.key for card in desired))}
            key = marks.get(named) if named else seen.key
        if key is not None:
            found.setdefault(key, []).append(seen)
    return found


def _begun_before(base: Mapping[TaskKey, Said]) -> dict[tuple[str, ...], TaskKey]:
    """Return by the words of cards whose they are, if they were begun under another key.

    Those are cards of which nobody knows whether they were made, and whose tasks got another key
    since: what was said then ends in the footer with the former one (``renaming.with_key``).
    """
    return {
        (each.title, *each.text.split()): key
        for key, said in base.items()
        if not said.card_id
        for each in said.all_said
        if key_of(each.text) not in {None, key}
    }


def _choose(candidates: Sequence[SeenCard], known: Said | None) -> SeenCard:
    """Return which card counts: what we remember, unless a clone made an older one."""
    if len(candidates) == 1:
        # So it is with nearly all of them.
        return candidates[0]
    remembered = next(
        (seen for seen in candidates if known is not None and seen.id == known.card_id), None
    )
    if remembered is not None:
        older = candidates[: candidates.index(remembered)]
        made = (seen for seen in older if _is_made(seen, known) and not seen.archived)
        return next(made, remembered)
    # One that we put away gives way to one that is there; a person's archiving counts.
    return min(
        candidates,
        key=lambda seen: (archived_by_us(seen, known), not _is_made(seen, known), age(seen)),
    )


def _is_made(seen: SeenCard, known: Said | None) -> bool:
    """Whether a clone made the card, or began to: the version field comes after the footer."""
    if seen.stamp is not None:
        return True
    if known is None or known.card_id:
        return False
    begun = compose(known.said.text, known.said.key)
    return seen.title == known.said.title and seen.description.split() == begun.split()


def _adopt(
    desired: Sequence[Card],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    found: Mapping[TaskKey, SeenCard],
) -> tuple[dict[TaskKey, SeenCard], list[Note]]:
    """Pair tasks without a card with labelled cards without a footer, by unique exact title.

    Where several have one title, there is a note on what was passed over.
    """
    known = {said.card_id for said in base.values()}
    without = [
        card
        for card in desired
        if card.key not in found and card.key not in base and card.column is not Column.ARCHIVE
    ]
    agents = {card.names.agent for card in without}
    free = [
        seen
        for seen in actual.cards
        if seen.key is None and seen.id not in known and not seen.archived and agents & seen.labels
    ]
    wanted = Counter(card.title for card in without)
    offered = Counter(seen.title for seen in free)
    by_title = {seen.title: seen for seen in free}
    pairs = [(card, by_title[card.title]) for card in without if card.title in by_title]
    unique = [
        (card, seen) for card, seen in pairs if wanted[card.title] == 1 and offered[card.title] == 1
    ]
    doubtful = [
        Note(str(card.key), _passed_over(offered[card.title], card))
        for card, _ in pairs
        if wanted[card.title] > 1 or offered[card.title] > 1
    ]
    return {card.key: seen for card, seen in unique}, doubtful


def _passed_over(count: int, card: Card) -> str:
    """Return why cards that may be a task's were not taken over."""
    cards = "1 card has" if count == 1 else f"{count} cards have"
    why = "several tasks are called so" if count == 1 else "none is taken over"
    return (
        f"{cards} its title, the label {card.names.agent} and no line of ours; {why}, so it gets a"
        " new one. Archive what is not needed"
    )


def archived_by_us(seen: SeenCard, base: Said | None) -> bool:
    """Whether a card is in the archive by our own doing, in this clone or another, or nobody's."""
    marked = seen.stamp is not None and seen.stamp.archived
    return seen.archived and (marked or seen.adrift or (base is not None and base.archived))


def age(card: SeenCard) -> tuple[int, str]:
    """Return what cards are sorted by, the oldest first.

    Ids grow with time; they are numbers in text, so the shorter one is the older.
    """
    return (len(card.id), card.id)
