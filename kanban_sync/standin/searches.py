"""Which cards of a list a search finds, after the rules of PostgreSQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.standin.access import Call
    from kanban_sync.standin.state import Record

_BETWEEN_WORDS = re.compile(r"[ ,;]+")


def found(call: Call, column: Record, cards: list[Record]) -> list[Record]:
    """Keep the cards that a request asks for.

    All words have to be in the name, or all in the description. Labels and people that do not
    belong to the board are ignored, which leaves nothing if there are no others.
    """
    if "search" in call.values:
        is_hit = _matcher(call.values["search"])
        cards = [card for card in cards if is_hit(card["name"]) or is_hit(card["description"])]
    board = column["boardId"]
    if "labelIds" in call.values:
        there = {label["id"] for label in call.state.where("labels", boardId=board)}
        wanted = there & set(call.values["labelIds"].split(","))
        cards = _marked(cards, call.state.among("cardLabels", "labelId", wanted))
    if "userIds" in call.values:
        members = call.state.where("boardMemberships", boardId=board)
        wanted = {one["userId"] for one in members} & set(call.values["userIds"].split(","))
        cards = _marked(cards, [*_on_cards(call, wanted), *_on_tasks(call, wanted)])
    return cards


def _marked(cards: list[Record], marks: list[Record]) -> list[Record]:
    marked = {mark["cardId"] for mark in marks}
    return [card for card in cards if card["id"] in marked]


def _on_cards(call: Call, user_ids: set[str]) -> list[Record]:
    return call.state.among("cardMemberships", "userId", user_ids)


def _on_tasks(call: Call, user_ids: set[str]) -> list[Record]:
    tasks = call.state.among("tasks", "assigneeUserId", user_ids)
    task_lists = {task["taskListId"] for task in tasks}
    return call.state.among("taskLists", "id", task_lists)


def _matcher(search: str) -> Callable[[str | None], bool]:
    if search.startswith("/"):
        return _by_pattern(search[1:])
    patterns = [_like(word) for word in _BETWEEN_WORDS.split(search) if word]
    if not patterns:
        return lambda _text: True
    return lambda text: text is not None and all(one.fullmatch(text) for one in patterns)


def _by_pattern(pattern: str) -> Callable[[str | None], bool]:
    try:
        compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    except re.error:
        return lambda _text: False
    return lambda text: text is not None and compiled.search(text) is not None


def _like(word: str) -> re.Pattern[str]:
    """Translate a word as ILIKE reads it between two `%`: a backslash takes what follows as is."""
    parts = []
    characters = iter(f"%{word}%")
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
