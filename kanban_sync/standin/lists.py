"""The columns of a board, and its labels."""

from __future__ import annotations

from kanban_sync.standin import refusals
from kanban_sync.standin.access import Answer, Call, item, items, readable, writable
from kanban_sync.standin.cards import close, record_move
from kanban_sync.standin.projects import PAGE
from kanban_sync.standin.searches import found
from kanban_sync.standin.state import Record, in_order, now
from kanban_sync.standin.views import card_parts, subscribed

_ENDLESS = frozenset({"archive", "trash"})


def create_list(call: Call) -> Answer:
    """Make a list; two may have one name."""
    board = writable(call, "boards", call.values["boardId"])
    siblings = call.state.where("lists", boardId=board["id"])
    column = call.state.insert(
        "lists",
        type=call.values["type"],
        position=call.state.place(siblings, call.values["position"]),
        name=call.values["name"],
        color=None,
        boardId=board["id"],
    )
    return item(column)


def show_list(call: Call) -> Answer:
    """Show a list with all its cards; archive and trash are not shown like this."""
    column = readable(call, "lists", call.values["id"])
    if column["type"] in _ENDLESS:
        raise refusals.not_found("List")
    cards = in_order(call.state.where("cards", listId=column["id"]))
    return item(column, {**card_parts(call, cards), "cards": subscribed(call, cards)})


def update_list(call: Call) -> Answer:
    """Change a list; its type decides whether its cards are closed."""
    column = _ordinary(call)
    names = ("name", "type", "color")
    changes = {name: call.values[name] for name in names if name in call.values}
    if "position" in call.values:
        siblings = [
            one for one in call.state.where("lists", boardId=column["boardId"]) if one is not column
        ]
        changes["position"] = call.state.place(siblings, call.values["position"])
    has_turned = changes.get("type", column["type"]) != column["type"]
    call.state.update(column, **changes)
    if has_turned:
        for card in call.state.where("cards", listId=column["id"]):
            call.state.update(card)
            close(call.state, card, is_closed=column["type"] == "closed")
    return item(column)


def delete_list(call: Call) -> Answer:
    """Delete a list; its cards go to the trash."""
    column = _ordinary(call)
    trash = next(iter(call.state.where("lists", boardId=column["boardId"], type="trash")))
    cards = call.state.where("cards", listId=column["id"])
    for card in cards:
        call.state.update(
            card,
            listId=trash["id"],
            position=None,
            prevListId=None,
            listChangedAt=now(),
        )
    call.state.remove("lists", column)
    return item(column, {"cards": cards})


def list_cards(call: Call) -> Answer:
    """Show the 50 cards that came into a list last, or any 50 of those that a search finds."""
    column = readable(call, "lists", call.values["listId"])
    cards = call.state.where("cards", listId=column["id"])
    if not {"search", "labelIds", "userIds"} & call.values.keys():
        cards.sort(key=lambda card: (card["listChangedAt"], int(card["id"])), reverse=True)
    cards = found(call, column, cards)[:PAGE]
    return items(subscribed(call, cards), card_parts(call, cards))


def move_cards(call: Call) -> Answer:
    """Archive all cards of a closed list."""
    column = writable(call, "lists", call.values["id"])
    if column["type"] != "closed":
        raise refusals.forbidden()
    target = call.state.find("lists", call.values["listId"])
    if target is None or (target["boardId"], target["type"]) != (column["boardId"], "archive"):
        raise refusals.not_found("List")
    cards = call.state.where("cards", listId=column["id"])
    actions = []
    for card in cards:
        call.state.update(
            card,
            listId=target["id"],
            position=None,
            prevListId=column["id"],
            listChangedAt=now(),
        )
        action = record_move(call, card, column, target)
        named = {name: value for name, value in action["data"].items() if name != "card"}
        actions.append({**action, "boardId": None, "data": named})
    return item(column, {"cards": cards, "actions": actions})


def clear_list(call: Call) -> Answer:
    """Delete for good what lies in the trash."""
    column = writable(call, "lists", call.values["id"])
    if column["type"] != "trash":
        raise refusals.forbidden()
    for card in call.state.where("cards", listId=column["id"]):
        call.state.remove("cards", card)
    return item(column)


def create_label(call: Call) -> Answer:
    """Make a label; two may have one name."""
    board = writable(call, "boards", call.values["boardId"])
    siblings = call.state.where("labels", boardId=board["id"])
    label = call.state.insert(
        "labels",
        position=call.state.place(siblings, call.values["position"]),
        name=call.values.get("name"),
        color=call.values["color"],
        boardId=board["id"],
    )
    return item(label)


def update_label(call: Call) -> Answer:
    """Rename or recolour a label."""
    label = writable(call, "labels", call.values["id"])
    changes = {name: call.values[name] for name in ("name", "color") if name in call.values}
    call.state.update(label, **changes)
    return item(label)


def delete_label(call: Call) -> Answer:
    """Delete a label from the board and from each card."""
    label = writable(call, "labels", call.values["id"])
    call.state.remove("labels", label)
    return item(label)


def _ordinary(call: Call) -> Record:
    column = writable(call, "lists", call.values["id"])
    if column["type"] in _ENDLESS:
        raise refusals.forbidden()
    return column
