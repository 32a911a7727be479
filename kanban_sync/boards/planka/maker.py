"""Makes things on a Planka, each of them once, also where the answer to the making got lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.reading import age_of, id_of
from kanban_sync.core.description import compose

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from kanban_sync.boards.planka.client import Client
    from kanban_sync.core.board import Card, Item


class Maker:
    """Makes one kind of thing with each method, and returns it as Planka has it.

    With each goes where to look for it. Of several that are found the oldest is taken, as every
    clone does. A thing inside a card is known by its words: ``known`` are the ids of those that
    were there before.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.made: set[str] = set()
        """The ids of what was made of a board itself: lists, labels, field and its group."""

    def project(self, name: str) -> api.Json:
        """Make a private project."""
        return self._client.make(
            api.create_project(name),
            lambda: _oldest(self._client.send(api.projects())["items"], name=name),
        )

    def board(self, project: str, name: str, position: float) -> api.Json:
        """Make a board in a project."""
        return self._client.make(
            api.create_board(project, name, position),
            lambda: _oldest(
                self._client.send(api.projects())["included"]["boards"],
                name=name,
                projectId=project,
            ),
        )

    def list(self, board: str, name: str, position: float, *, closed: bool) -> api.Json:
        """Make a list."""
        request = api.create_list(board, name, position, closed=closed)
        return self._noted(request, self._on_board(board, "lists", name=name))

    def label(self, board: str, name: str, color: str, position: float) -> api.Json:
        """Make a label."""
        request = api.create_label(board, name, color, position)
        return self._noted(request, self._on_board(board, "labels", name=name))

    def field_group(self, board: str, name: str) -> api.Json:
        """Make a group of custom fields."""
        request = api.create_field_group(board, name)
        look = self._on_board(board, "customFieldGroups", name=name, boardId=board)
        return self._noted(request, look)

    def field(self, board: str, group: str, name: str) -> api.Json:
        """Make a custom field in a group of the board."""
        request = api.create_field(group, name)
        look = self._on_board(board, "customFields", name=name, customFieldGroupId=group)
        return self._noted(request, look)

    def card(self, list_id: str, card: Card, position: float) -> api.Json:
        """Make a card with its footer, by which it is found again.

        It is found by all that was sent: people paste footers into cards of their own.
        """
        description = compose(card.text, card.key)

        def find() -> api.Json | None:
            included = self._client.send(api.cards_of_list(list_id))["included"]
            return _oldest(included["cards"], name=card.title, description=description)

        return self._client.make(api.create_card(list_id, card.title, description, position), find)

    def task_list(
        self, card_id: str, name: str, position: float, known: Collection[str]
    ) -> api.Json:
        """Make a task list on a card."""
        request = api.create_task_list(card_id, name, position)
        return self._client.make(request, self._on_card(card_id, "taskLists", known, name=name))

    def task(
        self, card_id: str, task_list: str, item: Item, position: float, known: Collection[str]
    ) -> api.Json:
        """Make a line in a task list of a card."""
        request = api.create_task(task_list, item.text, position, done=item.done)
        look = self._on_card(card_id, "tasks", known, name=item.text, taskListId=task_list)
        return self._client.make(request, look)

    def _noted(self, request: api.Request, find: Callable[[], api.Json | None]) -> api.Json:
        made = self._client.make(request, find)
        self.made.add(id_of(made))
        return made

    def _on_board(self, board: str, kind: str, **wanted: str) -> Callable[[], api.Json | None]:
        return lambda: _oldest(self._client.send(api.board(board))["included"][kind], **wanted)

    def _on_card(
        self, card_id: str, kind: str, known: Collection[str], **wanted: str
    ) -> Callable[[], api.Json | None]:
        def find() -> api.Json | None:
            things = self._client.send(api.card(card_id))["included"][kind]
            return _oldest((each for each in things if each["id"] not in known), **wanted)

        return find


def _oldest(things: Iterable[api.Json], **wanted: str) -> api.Json | None:
    """Return the first made of the things that have these values."""
    same = [each for each in things if all(each[name] == value for name, value in wanted.items())]
    return min(same, key=age_of, default=None)
