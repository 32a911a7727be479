"""The writes to one card, in the order that makes a half-done one repairable.

The version field goes before the content, the card itself (title, description, list) in one
request, then labels and task lists. What is returned is what the server answered: it may store
another position or text than it was sent.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.answers import NotThereError
from kanban_sync.boards.planka.maker import Maker
from kanban_sync.boards.planka.reading import list_name
from kanban_sync.core.board import Said, SeenCard, SeenChecklist, SeenItem, Words
from kanban_sync.core.checklists import STEP
from kanban_sync.core.columns import Column
from kanban_sync.core.description import key_of, rewrite, words_around
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    AddLabel,
    DropChecklist,
    DropItem,
    Move,
    RemoveLabel,
    RenameChecklist,
    SetItem,
    SetText,
    SetTitle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanban_sync.boards.planka.client import Client
    from kanban_sync.core.board import Card, Stamp
    from kanban_sync.core.operations import Archive, Change, Create, Update


class CardWriter:
    """Writes one card and notes what the server made of it."""

    def __init__(
        self,
        client: Client,
        ids: Mapping[str, str],
        label_id: Callable[[str], str],
        label_ids: Callable[[str], list[str]],
    ) -> None:
        """Take the connection, the ids of the board's lists and field, and where labels are.

        Args:
            client: The connection.
            ids: Of lists and field, by name.
            label_id: Name of a label to put on -> its id.
            label_ids: Name of a label to take off -> the ids of all that bear it.
        """
        self._client = client
        self._maker = Maker(client)
        self._ids = ids
        self._label_id = label_id
        self._label_ids = label_ids
        self._endless = {ids[name] for name in ("archive", "trash") if name in ids}
        self._words: Words | None = None
        self._items: dict[str, str] = {}
        self._made: set[str] = set()
        self._lists: dict[str, SeenChecklist] = {}
        self._list_ids: dict[str, str] = {}
        self._lines: dict[str, tuple[str, SeenItem]] = {}

    def create(self, operation: Create) -> Said:
        """Make a card; the footer is part of the first request."""
        card = operation.card
        list_id = self._ids[list_name(card.column)]
        made = self._maker.card(list_id, card, operation.position)
        self._stamp(made["id"], operation.stamp)
        for name in sorted(card.labels):
            self._client.send(api.add_label(made["id"], self._label_id(name)))
        for number, checklist in enumerate(card.checklists, start=1):
            self._add_checklist(made["id"], AddChecklist(checklist.title, STEP * number))
            for place, item in enumerate(checklist.items, start=1):
                self._add_item(made["id"], AddItem(checklist.title, item, STEP * place))
        seen = self._seen(made, card.column, card.labels, operation.stamp)
        said = Said(made["id"], card, operation.stamp.mark, seen, dict(self._items))
        return replace(said, made=frozenset(self._made), words=Words())

    def update(self, operation: Update) -> Said:
        """Write the changes of one card; changes to the same thing share a request."""
        card, seen = operation.card, operation.seen
        self._start_from(operation.seen, operation.items)
        self._words = operation.words
        if operation.stamp is not None:
            self._stamp(seen.id, operation.stamp)
        after = self._change_card(card, seen, operation.changes)
        labels = self._change_labels(seen, operation.changes)
        for change in operation.changes:
            self._change_checklists(seen.id, change)
        self._change_items(seen.id, operation.changes)
        stamp = operation.stamp or seen.stamp
        after = replace(
            after,
            labels=labels,
            checklists=self._checklists(),
            stamp=stamp,
            archived=False,
            trashed=False,
            adrift=False,
        )
        said = Said(seen.id, card, operation.mark, after, dict(self._items))
        return replace(
            said,
            theirs=operation.theirs,
            made=operation.made | self._made,
            words=self._words,
        )

    def archive(self, operation: Archive) -> Said:
        """Put the card into the board's archive; the version field says that it was us."""
        card, seen = operation.card, operation.seen
        self._stamp(seen.id, operation.stamp)
        self._client.send(api.change_card(seen.id, {"listId": self._ids["archive"]}))
        if operation.keeps is not None:
            return operation.keeps
        # The archive has no order.
        after = replace(
            seen, column=Column.ARCHIVE, archived=True, position=0.0, stamp=operation.stamp
        )
        said = Said(seen.id, card, operation.stamp.mark, after, operation.items)
        return replace(said, archived=True, made=operation.made)

    def _stamp(self, card_id: str, stamp: Stamp) -> None:
        group, field = self._ids["group"], self._ids["field"]
        self._client.send(api.set_field(card_id, group, field, str(stamp)))

    def _start_from(self, seen: SeenCard, items: Mapping[str, str]) -> None:
        self._items = dict(items)
        for each in sorted(seen.checklists, key=lambda each: each.position):
            self._lists[each.id] = each._replace(items=())
            # A person may have made another list of this title: ours is the first.
            self._list_ids.setdefault(each.title, each.id)
            for line in each.items:
                self._lines[line.id] = (each.id, line)

    def _change_card(self, card: Card, seen: SeenCard, changes: tuple[Change, ...]) -> SeenCard:
        """Write the card itself, in one request.

        Before a description is written, the card is read once more: a person may have written
        since the board was read.
        """
        body: api.Json = {}
        put_away = False
        for change in changes:
            match change:
                case SetTitle():
                    body["name"] = change.text
                case SetText():
                    fresh = self._client.send(api.card(seen.id))["item"]
                    there = fresh["description"] or ""
                    body["description"] = rewrite(there, card.key, change)
                    self._words = words_around(there, card.key, change)
                    put_away = fresh["listId"] in self._endless and not seen.archived
                case Move():
                    body["listId"] = self._ids[list_name(change.column)]
                    body["position"] = change.position
                case _:
                    pass
        if put_away:
            # A person did so just now: moving it would take it out again.
            body.pop("listId", None)
            body.pop("position", None)
        if not body:
            return seen
        item = self._client.send(api.change_card(seen.id, body))["item"]
        after = seen
        # The answer is the whole card: of what others have just changed nothing was agreed on.
        if "name" in body:
            after = replace(after, title=item["name"])
        if "description" in body:
            description = item["description"] or ""
            after = replace(after, key=key_of(description), description=description)
        if "listId" in body:
            after = replace(after, column=card.column, position=item["position"] or 0.0)
        return after

    def _change_labels(self, seen: SeenCard, changes: tuple[Change, ...]) -> frozenset[str]:
        labels = set(seen.labels)
        for change in changes:
            if isinstance(change, AddLabel):
                self._client.send(api.add_label(seen.id, self._label_id(change.name)))
                labels.add(change.name)
            elif isinstance(change, RemoveLabel):
                self._remove_label(seen.id, change.name)
                labels.discard(change.name)
        return frozenset(labels)

    def _remove_label(self, card_id: str, name: str) -> None:
        for label in self._label_ids(name):
            # Not there: another of that name is, or somebody else took it off, as was wanted.
            with suppress(NotThereError):
                self._client.send(api.remove_label(card_id, label))

    def _change_checklists(self, card_id: str, change: Change) -> None:
        match change:
            case AddChecklist():
                self._add_checklist(card_id, change)
            case RenameChecklist():
                self._client.send(api.change_task_list(change.id, {"name": change.title}))
                self._lists[change.id] = self._lists[change.id]._replace(title=change.title)
                self._list_ids[change.title] = change.id
            case AddItem():
                self._add_item(card_id, change)
            case _:
                pass

    def _change_items(self, card_id: str, changes: tuple[Change, ...]) -> None:
        """Change lines, one request for each; then remove lines, and lists left empty."""
        bodies: dict[str, api.Json] = {}
        for change in changes:
            if isinstance(change, SetItem):
                bodies.setdefault(change.id, {}).update(self._item_body(change))
        for id_, body in bodies.items():
            made = self._client.send(api.change_task(id_, body))["item"]
            self._note_line({**self._line_before(id_), **{name: made[name] for name in body}})
        for change in changes:
            if isinstance(change, DropItem):
                self._drop(api.delete_task(change.id))
                self._lines.pop(change.id, None)
                self._items = {key: id_ for key, id_ in self._items.items() if id_ != change.id}
        empty = [change.id for change in changes if isinstance(change, DropChecklist)]
        in_use = self._in_use(card_id) if empty else set()
        for id_ in empty:
            if id_ not in in_use:
                self._drop(api.delete_task_list(id_))
                self._lists.pop(id_, None)

    def _in_use(self, card_id: str) -> set[str]:
        """Return the ids of task lists that hold a line: a person may have added one just now."""
        included = self._client.send(api.card(card_id))["included"]
        return {task["taskListId"] for task in included["tasks"]}

    def _item_body(self, change: SetItem) -> api.Json:
        body: api.Json = {}
        if change.text is not None:
            body["name"] = change.text
        if change.done is not None:
            body["isCompleted"] = change.done
        if change.checklist is not None:
            body["taskListId"] = change.place or self._list_ids[change.checklist]
        if change.position is not None:
            body["position"] = change.position
        return body

    def _drop(self, request: api.Request) -> None:
        try:
            self._client.send(request)
        except NotThereError:
            return  # Gone already: that is what was wanted.

    def _add_checklist(self, card_id: str, change: AddChecklist) -> None:
        made = self._maker.task_list(card_id, change.title, change.position, self._lists)
        self._lists[made["id"]] = SeenChecklist(made["id"], made["name"], made["position"])
        self._list_ids[change.title] = made["id"]
        self._made.add(made["id"])

    def _add_item(self, card_id: str, change: AddItem) -> None:
        task_list = change.place or self._list_ids[change.checklist]
        made = self._maker.task(card_id, task_list, change.item, change.position, self._lines)
        self._items[change.item.key] = made["id"]
        self._made.add(made["id"])
        self._note_line(made)

    def _note_line(self, made: api.Json) -> None:
        line = SeenItem(made["id"], made["name"], bool(made["isCompleted"]), made["position"])
        self._lines[made["id"]] = (made["taskListId"], line)

    def _line_before(self, line_id: str) -> api.Json:
        """Return a line as it was read: of what others have just changed nothing was agreed on."""
        holder, line = self._lines[line_id]
        words = {"name": line.text, "isCompleted": line.done, "position": line.position}
        return {"id": line_id, "taskListId": holder, **words}

    def _checklists(self) -> tuple[SeenChecklist, ...]:
        lists = []
        for each in sorted(self._lists.values(), key=lambda each: each.position):
            lines = [line for holder, line in self._lines.values() if holder == each.id]
            lines.sort(key=lambda line: line.position)
            lists.append(each._replace(items=tuple(lines)))
        return tuple(lists)

    def _seen(
        self, made: api.Json, column: Column, labels: frozenset[str], stamp: Stamp
    ) -> SeenCard:
        description = made["description"] or ""
        return SeenCard(
            id=made["id"],
            key=key_of(description),
            title=made["name"],
            description=description,
            column=column,
            labels=labels,
            checklists=self._checklists(),
            stamp=stamp,
            position=made["position"] or 0.0,
        )
