"""Cards: made, changed, moved, closed, copied and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.standin import refusals
from kanban_sync.standin.access import Answer, Call, item, joined, readable, writable
from kanban_sync.standin.copies import copy_parts, take_along
from kanban_sync.standin.inputs import instant
from kanban_sync.standin.state import Record, now
from kanban_sync.standin.views import card_parts, subscribed

if TYPE_CHECKING:
    from kanban_sync.standin.state import State

_ENDLESS = frozenset({"archive", "trash"})
_PLAIN = ("type", "name", "description", "stopwatch", "coverAttachmentId")


def create_card(call: Call) -> Answer:
    """Make a card; in archive and trash it needs no position."""
    column = writable(call, "lists", call.values["listId"])
    values = call.values
    due = values.get("dueDate")
    position = _position(call, column, values)
    moment = now()
    card = call.state.insert(
        "cards",
        type=values["type"],
        position=position,
        name=values["name"],
        description=values.get("description"),
        dueDate=due and instant(due),
        isDueCompleted=bool(values.get("isDueCompleted")) if due else None,
        stopwatch=values.get("stopwatch"),
        commentsTotal=0,
        isClosed=column["type"] == "closed",
        listChangedAt=moment,
        boardId=column["boardId"],
        listId=column["id"],
        creatorUserId=call.user["id"],
        prevListId=None,
        coverAttachmentId=None,
    )
    record_action(call, "createCard", card, list=_named(column))
    return item(card)


def show_card(call: Call) -> Answer:
    """Show a card, archived ones too."""
    card = readable(call, "cards", call.values["id"])
    return item(subscribed(call, [card])[0], card_parts(call, [card]))


def update_card(call: Call) -> Answer:
    """Change or move a card; `updatedAt` moves even if nothing else does."""
    is_harmless = call.values.keys() <= {"id", "isSubscribed"}
    card = (joined if is_harmless else writable)(call, "cards", call.values["id"])
    source = _list(call.state, card)
    target = _target(call, card, source)
    if call.values.get("coverAttachmentId") is not None:
        # A cover is a file, and those are not taken.
        raise refusals.not_found("Cover attachment")
    changes = _changes(call.values, card)
    changes.update(_moved(call, card, source, target))
    board_before = _board(call.state, card)
    call.state.update(card, **changes)
    if "isSubscribed" in call.values:
        subscribe(call, card, is_subscribed=call.values["isSubscribed"])
    if target is not source and target["type"] not in _ENDLESS:
        close(call.state, card, is_closed=target["type"] == "closed")
    if card["boardId"] != board_before["id"]:
        take_along(call.state, card, board_before, _board(call.state, card))
    elif target is not source:
        record_move(call, card, source, target)
    return item(card)


def delete_card(call: Call) -> Answer:
    """Delete a card for good, without a stop in the trash."""
    card = writable(call, "cards", call.values["id"])
    if card["commentsTotal"]:
        # They are deleted first, one by one, and the card counts them.
        call.state.update(card, commentsTotal=0)
    call.state.remove("cards", card)
    for task in call.state.where("tasks", linkedCardId=card["id"]):
        call.state.update(task, linkedCardId=None)
    return item(card)


def duplicate_card(call: Call) -> Answer:
    """Copy a card into its list, with all that lies on it; an archived one is archived again."""
    card = writable(call, "cards", call.values["id"])
    column = _list(call.state, card)
    fields = {**card, "name": call.values.get("name") or f"{card['name']} (copy)"}
    for own in ("id", "createdAt", "updatedAt"):
        del fields[own]
    fields.update(
        position=_position(call, column, call.values),
        commentsTotal=0,
        listChangedAt=now(),
        creatorUserId=call.user["id"],
        coverAttachmentId=None,
    )
    copy = call.state.insert("cards", **fields)
    included = copy_parts(call, card, copy)
    record_action(call, "createCard", copy, list=_named(column))
    return item(copy, included)


def close(state: State, card: Record, *, is_closed: bool) -> None:
    """Mark a card as closed or open; the tasks that stand for it follow."""
    if card["isClosed"] == is_closed:
        return
    card["isClosed"] = is_closed
    for task in state.where("tasks", linkedCardId=card["id"]):
        state.update(task, isCompleted=is_closed)


def subscribe(call: Call, card: Record, *, is_subscribed: bool) -> None:
    """Let the user follow a card, or stop it."""
    mine = call.state.where("subscriptions", userId=call.user["id"], cardId=card["id"])
    if is_subscribed and not mine:
        call.state.insert("subscriptions", userId=call.user["id"], cardId=card["id"])
    for entry in [] if is_subscribed else mine:
        call.state.remove("subscriptions", entry)


def record_move(call: Call, card: Record, source: Record, target: Record) -> Record:
    """Write down that a card changed its list."""
    lists = {"toList": _named(target), "fromList": _named(source)}
    return record_action(call, "moveCard", card, **lists)


def record_action(call: Call, kind: str, card: Record, **data: object) -> Record:
    """Write down what the user did to a card."""
    return call.state.insert(
        "actions",
        type=kind,
        data={"card": {"name": card["name"]}, **data},
        boardId=card["boardId"],
        cardId=card["id"],
        userId=call.user["id"],
    )


def _named(column: Record) -> Record:
    return {name: column[name] for name in ("id", "name", "type")}


def _board(state: State, card: Record) -> Record:
    board = state.find("boards", card["boardId"])
    if board is None:
        raise refusals.broken()
    return board


def _list(state: State, card: Record) -> Record:
    column = state.find("lists", card["listId"])
    if column is None:
        raise refusals.broken()
    return column


def _target(call: Call, card: Record, source: Record) -> Record:
    values = call.values
    board_id = card["boardId"]
    if "boardId" in values and values["boardId"] != board_id:
        board_id = writable(call, "boards", values["boardId"])["id"]
        if "listId" not in values:
            raise refusals.unprocessable("List must be present")
    if values.get("listId", source["id"]) == source["id"]:
        return source
    target = call.state.find("lists", values["listId"])
    if target is None or target["boardId"] != board_id:
        raise refusals.not_found("List")
    return target


def _changes(values: dict[str, Any], card: Record) -> Record:
    changes: Record = {name: values[name] for name in _PLAIN if name in values}
    due = card["dueDate"]
    if "dueDate" in values:
        due = changes["dueDate"] = values["dueDate"] and instant(values["dueDate"])
    if due is None:
        changes["isDueCompleted"] = None
    else:
        completed = values.get("isDueCompleted", card["isDueCompleted"])
        changes["isDueCompleted"] = bool(completed)
    return changes


def _moved(call: Call, card: Record, source: Record, target: Record) -> Record:
    has_moved = target is not source
    changes: Record = {}
    is_cleared = "position" in call.values and call.values["position"] is None
    if target["type"] in _ENDLESS or is_cleared:
        changes["position"] = None
    elif has_moved or "position" in call.values:
        changes["position"] = _position(call, target, call.values, card)
    if has_moved:
        stays_on_board = target["boardId"] == source["boardId"]
        is_put_away = target["type"] in _ENDLESS and source["type"] != "trash" and stays_on_board
        changes.update(
            listId=target["id"],
            boardId=target["boardId"],
            listChangedAt=now(),
            prevListId=source["id"] if is_put_away else None,
        )
    return changes


def _position(
    call: Call,
    column: Record,
    values: dict[str, Any],
    moving: Record | None = None,
) -> float | None:
    if column["type"] in _ENDLESS:
        return None
    if "position" in values and values["position"] is None:
        raise refusals.broken()
    if "position" not in values:
        raise refusals.unprocessable("Position must be present")
    cards = call.state.where("cards", listId=column["id"])
    return call.state.place((card for card in cards if card is not moving), values["position"])
