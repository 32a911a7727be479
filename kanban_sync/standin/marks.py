"""What people and tools attach to a card: labels, members, comments, links."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanban_sync.standin import refusals
from kanban_sync.standin.access import (
    Answer,
    Call,
    board_of,
    item,
    items,
    membership,
    readable,
    writable,
)
from kanban_sync.standin.cards import record_action, subscribe
from kanban_sync.standin.projects import newest_page
from kanban_sync.standin.views import users_view

if TYPE_CHECKING:
    from kanban_sync.standin.state import Record


def add_label(call: Call) -> Answer:
    """Put a label of the same board on a card, once."""
    card = writable(call, "cards", call.values["cardId"])
    label = call.state.find("labels", call.values["labelId"])
    if label is None or label["boardId"] != card["boardId"]:
        raise refusals.not_found("Label")
    mark = {"cardId": card["id"], "labelId": label["id"]}
    if call.state.where("cardLabels", **mark):
        raise refusals.conflict("Label already in card")
    return item(call.state.insert("cardLabels", **mark))


def remove_label(call: Call) -> Answer:
    """Take a label off a card."""
    card = writable(call, "cards", call.values["cardId"])
    marks = call.state.where("cardLabels", cardId=card["id"], labelId=call.values["labelId"])
    if not marks:
        raise refusals.absent("Label not in card")
    call.state.remove("cardLabels", marks[0])
    return item(marks[0])


def add_member(call: Call) -> Answer:
    """Make a member of the board a member of a card, once."""
    card = writable(call, "cards", call.values["cardId"])
    user = call.state.find("users", call.values["userId"])
    if user is None or not membership(call.state, card["boardId"], user["id"]):
        raise refusals.not_found("User")
    mark = {"cardId": card["id"], "userId": user["id"]}
    if call.state.where("cardMemberships", **mark):
        raise refusals.conflict("User already card member")
    record_action(call, "addMemberToCard", card, user={"id": user["id"], "name": user["name"]})
    return item(call.state.insert("cardMemberships", **mark))


def remove_member(call: Call) -> Answer:
    """Take a member off a card."""
    card = writable(call, "cards", call.values["cardId"])
    user_id = call.values["userId"]
    marks = call.state.where("cardMemberships", cardId=card["id"], userId=user_id)
    if not marks:
        raise refusals.absent("User not card member")
    call.state.remove("cardMemberships", marks[0])
    user = call.state.find("users", user_id) or {}
    named = {"id": user_id, "name": user.get("name")}
    record_action(call, "removeMemberFromCard", card, user=named)
    return item(marks[0])


def create_comment(call: Call) -> Answer:
    """Comment on a card, which counts as a change of the card."""
    card = readable(call, "cards", call.values["cardId"])
    _refuse_silent(call, card)
    comment = call.state.insert(
        "comments",
        text=call.values["text"],
        cardId=card["id"],
        userId=call.user["id"],
    )
    call.state.update(card, commentsTotal=card["commentsTotal"] + 1)
    if call.user["subscribeToCardWhenCommenting"]:
        subscribe(call, card, is_subscribed=True)
    return item(comment)


def list_comments(call: Call) -> Answer:
    """Show the comments of a card, newest first, a page at a time."""
    card = readable(call, "cards", call.values["cardId"])
    page = newest_page(call, call.state.where("comments", cardId=card["id"]))
    return items(page, {"users": users_view(call, (one["userId"] for one in page))})


def update_comment(call: Call) -> Answer:
    """Change a comment; only its author may."""
    comment = _own_comment(call)
    call.state.update(comment, text=call.values["text"])
    return item(comment)


def delete_comment(call: Call) -> Answer:
    """Delete a comment, which counts as a change of the card."""
    comment = _own_comment(call)
    call.state.remove("comments", comment)
    card = call.state.find("cards", comment["cardId"])
    if card:
        call.state.update(card, commentsTotal=card["commentsTotal"] - 1)
    return item(comment)


def create_attachment(call: Call) -> Answer:
    """Attach a link to a card; files are not taken."""
    card = writable(call, "cards", call.values["cardId"])
    if call.values["type"] == "file":
        raise refusals.unprocessable("No file was uploaded")
    if "url" not in call.values:
        raise refusals.unprocessable("Url must be present")
    url = call.values["url"]
    favicon = f"{call.origin}/favicons/{urlsplit(url).hostname}.png"
    attachment = call.state.insert(
        "attachments",
        type="link",
        data={"url": url, "faviconUrl": favicon},
        name=call.values["name"],
        cardId=card["id"],
        creatorUserId=call.user["id"],
    )
    return item(attachment)


def is_web_address(value: str) -> bool:
    """Tell whether a text is an address a link can lead to."""
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _own_comment(call: Call) -> Record:
    comment = readable(call, "comments", call.values["id"])
    if comment["userId"] != call.user["id"]:
        raise refusals.forbidden()
    return comment


def _refuse_silent(call: Call, card: Record) -> None:
    board = board_of(call.state, "cards", card)
    member = board and membership(call.state, board["id"], call.user["id"])
    if not member:
        raise refusals.not_found("Card")
    if member["role"] != "editor" and not member["canComment"]:
        raise refusals.forbidden()
