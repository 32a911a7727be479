"""What people are told of cards that were left alone: by title, and many of one kind as one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.operations import Note, Remember

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_sync.core.board import Card, Said
    from kanban_sync.core.operations import Operation

SHOWN = 5
"""How many notes that say the same are shown one by one."""


def is_left_deleted(decision: Operation | Note | None, base: Said | None) -> bool:
    """Whether what was decided leaves a card away that a person deleted."""
    if isinstance(decision, Remember):
        return decision.said.deleted
    return decision is None and base is not None and base.deleted


def deleted_notes(count: int) -> list[Note]:
    """Return the one note on all cards that people deleted, none where there is no such card."""
    cards = "1 card was" if count == 1 else f"{count} cards were"
    again = "it again" if count == 1 else "them again"
    text = f"{cards} deleted on the board; 'kanban-sync sync --force' makes {again}"
    return [Note("", text)] if count else []


def titled(notes: Sequence[Note], desired: Sequence[Card]) -> tuple[Note, ...]:
    """Return the notes with the titles of the tasks that they are about."""
    if not notes:
        return ()
    titles = {str(card.key): card.title for card in desired}
    return tuple(replace(note, title=titles.get(note.key, "")) for note in notes)


def summed_up(notes: Iterable[Note]) -> list[Note]:
    """Return the notes with many that say the same summed up in one after the first."""
    by_text: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        by_text[note.text].append(note)
    told: list[Note] = []
    for text, same in by_text.items():
        told += same[:SHOWN]
        if more := len(same) - SHOWN:
            told += [Note("", f"and {more} more: {text}")] if more > 0 else []
    return told
