"""Takes back what two clones made of a board at the same time: the older one counts for both.

Only what this clone itself made just now, and what nobody uses, is taken back. No other clone can
use it: whoever sees it sees the older one too, and takes that.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.absent_cards import ENDLESS
from kanban_sync.boards.planka.answers import NotThereError
from kanban_sync.boards.planka.reading import age_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanban_sync.boards.planka.client import Client

REMOVALS = {
    "lists": api.delete_list,
    "labels": api.delete_label,
    "customFields": api.delete_field,
    "customFieldGroups": api.delete_field_group,
}
"""Kinds of things that a board has by name, in the order in which they are taken back."""


ROUNDS = 3
"""How often at most what is missing is made, until no other clone made something meanwhile."""


def take_back_board(client: Client, own: str, counts: str) -> None:
    """Remove a board that this clone made just now, if an older one counts and nothing is on it.

    Its project stays: a clone that found it there may be about to make its board in it.
    """
    if own == counts:
        return
    with suppress(NotThereError):
        parts = client.send(api.board(own))["included"]
        if not parts["cards"] and all(each["type"] in ENDLESS for each in parts["lists"]):
            client.send(api.delete_board(own))


def take_back(client: Client, made: Collection[str], included: api.Json) -> None:
    """Remove what was made twice from the board, and from what was read of it.

    Args:
        client: The connection.
        made: The ids of what this clone made.
        included: The parts of the board, read after the making.
    """
    for kind, removal in REMOVALS.items():
        taken = surplus(kind, made, included)
        for id_ in taken:
            with suppress(NotThereError):
                client.send(removal(id_))
        included[kind] = [each for each in included[kind] if each["id"] not in taken]


def surplus(kind: str, made: Collection[str], included: api.Json) -> list[str]:
    """Return the ids of what this clone made although there was an older one of that name."""
    used = _used(included)
    oldest: dict[tuple[object, ...], str] = {}
    found: list[str] = []
    for each in sorted(included[kind], key=age_of):
        # A card that came from another board has a group of its own, which is called the same.
        same = (each["name"], each.get("boardId"), each.get("customFieldGroupId"))
        id_ = each["id"]
        if oldest.setdefault(same, id_) != id_ and id_ in made and id_ not in used:
            found.append(id_)
    return found


def _used(included: api.Json) -> set[str]:
    """Return the ids of lists with cards, labels on cards, and fields of cards that are filled."""
    used = {card["listId"] for card in included["cards"]}
    used |= {link["labelId"] for link in included["cardLabels"]}
    for value in included["customFieldValues"]:
        used |= {value["customFieldId"], value["customFieldGroupId"]}
    return used
