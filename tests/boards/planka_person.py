"""Somebody who works on a Planka board, through the same API as its pages do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.answers import NotThereError
from kanban_sync.boards.planka.reading import list_name

if TYPE_CHECKING:
    from kanban_sync.boards.planka.board import PlankaBoard
    from kanban_sync.boards.planka.client import Client
    from kanban_sync.core.columns import Column

STEP = 65536.0


@dataclass
class PlankaPerson:
    client: Client
    board: PlankaBoard

    def adds(self, title: str, description: str, column: Column | None) -> str:
        body = {"type": "project", "name": title, "position": 7 * STEP}
        if description:
            body["description"] = description
        path = f"/api/lists/{self._list(column)}/cards"
        return self._made(api.Request("POST", path, body))

    def edits(self, card_id: str, *, title: str = "", description: str = "") -> None:
        changes = {"name": title, "description": description}
        self._patch(card_id, {name: value for name, value in changes.items() if value})

    def moves(self, card_id: str, column: Column | None) -> None:
        self._patch(card_id, {"listId": self._list(column), "position": 9 * STEP})

    def labels(self, card_id: str, name: str) -> None:
        label = self.board.ids.get(f"label {name}") or self._made(
            api.create_label(self.board.ids["board"], name, "egg-yellow", 9 * STEP)
        )
        self.client.send(api.add_label(card_id, label))

    def adds_item(self, card_id: str, title: str, text: str) -> None:
        lists = self.client.send(api.card(card_id))["included"]["taskLists"]
        ids = [each["id"] for each in lists if each["name"] == title]
        holder = ids[0] if ids else self._made(api.create_task_list(card_id, title, 9 * STEP))
        self.client.send(api.create_task(holder, text, 9 * STEP, done=False))

    def ticks(self, card_id: str, text: str, *, done: bool) -> None:
        for task in self.client.send(api.card(card_id))["included"]["tasks"]:
            if task["name"] == text:
                self.client.send(api.change_task(task["id"], {"isCompleted": done}))

    def ticks_item(self, line_id: str) -> None:
        self.client.send(api.change_task(line_id, {"isCompleted": True}))

    def renames_list(self, card_id: str, title: str, name: str) -> None:
        for each in self.client.send(api.card(card_id))["included"]["taskLists"]:
            if each["name"] == title:
                self.client.send(api.change_task_list(each["id"], {"name": name}))

    def unlabels(self, card_id: str, name: str) -> None:
        labels = self.client.send(api.board(self.board.ids["board"]))["included"]["labels"]
        for label in labels:
            if label["name"] == name:
                with suppress(NotThereError):
                    self.client.send(api.remove_label(card_id, label["id"]))

    def drops_list(self, card_id: str, title: str) -> None:
        for each in self.client.send(api.card(card_id))["included"]["taskLists"]:
            if each["name"] == title:
                self.client.send(api.delete_task_list(each["id"]))

    def trashes(self, card_id: str) -> None:
        self._patch(card_id, {"listId": self.board.ids["trash"]})

    def archives(self, card_id: str) -> None:
        self._patch(card_id, {"listId": self.board.ids["archive"]})

    def deletes(self, card_id: str) -> None:
        self.client.send(api.Request("DELETE", f"/api/cards/{card_id}"))

    def takes_away(self, card_id: str) -> None:
        other = self._made(api.create_board(self.board.ids["project"], "Elsewhere", STEP))
        target = self._made(api.create_list(other, "Inbox", STEP, closed=False))
        self._patch(card_id, {"boardId": other, "listId": target, "position": STEP})

    def copies(self, card_id: str) -> str:
        return self._made(
            api.Request("POST", f"/api/cards/{card_id}/duplicate", {"position": 9 * STEP})
        )

    def drops_column(self, column: Column) -> None:
        list_id = self.board.ids[list_name(column)]
        self.client.send(api.Request("DELETE", f"/api/lists/{list_id}"))

    def lists(self) -> tuple[str, ...]:
        lists = self.client.send(api.board(self.board.ids["board"]))["included"]["lists"]
        named = [each for each in lists if each["name"]]
        return tuple(each["name"] for each in sorted(named, key=lambda each: each["position"]))

    def clears_version(self, card_id: str) -> None:
        ids = self.board.ids
        place = f"customFieldGroupId:{ids['group']}:customFieldId:{ids['field']}"
        path = f"/api/cards/{card_id}/custom-field-values/{place}"
        self.client.send(api.Request("DELETE", path))

    def _list(self, column: Column | None) -> str:
        if column is not None:
            return self.board.ids[list_name(column)]
        return self._made(
            api.create_list(self.board.ids["board"], "Ideas", 20 * STEP, closed=False)
        )

    def _patch(self, card_id: str, changes: api.Json) -> None:
        self.client.send(api.change_card(card_id, changes))

    def _made(self, request: api.Request) -> str:
        return str(self.client.send(request)["item"]["id"])


def remove_project(client: Client, project: str) -> None:
    """Remove a project of a test with its boards."""
    answer = client.send(api.projects())
    for each in answer["included"]["boards"]:
        if each["projectId"] == project:
            client.send(api.Request("DELETE", f"/api/boards/{each['id']}"))
    client.send(api.Request("DELETE", f"/api/projects/{project}"))
