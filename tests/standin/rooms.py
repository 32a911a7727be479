"""A board on a stand-in and the people around it, driven by plain HTTP."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.standin.server import Standin

STEP = 65536

# Making one takes longer than most of the tests.
_TLS = httpx.create_ssl_context()


@dataclass(frozen=True)
class Person:
    """Somebody with an API key."""

    client: httpx.Client

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Send a request as it is."""
        return self.client.request(method, path, json=body)

    def get(self, path: str) -> dict[str, Any]:
        """Return the whole answer to a request that has to succeed."""
        answer: dict[str, Any] = self.client.get(path).raise_for_status().json()
        return answer

    def post(self, path: str, **body: object) -> dict[str, Any]:
        """Make something and return it."""
        return _item(self.client.post(path, json=body))

    def patch(self, path: str, **body: object) -> dict[str, Any]:
        """Change something and return it."""
        return _item(self.client.patch(path, json=body))


@dataclass(frozen=True)
class Room:
    """A project with one board of two lists, and its manager."""

    standin: Standin
    owner: Person
    project: str
    board: str
    todo: str
    done: str
    clients: ExitStack

    @classmethod
    @contextmanager
    def open(cls, standin: Standin, *, project_type: str = "private") -> Iterator[Room]:
        """Make the board through the first administrator."""
        with ExitStack() as clients:
            yield cls._furnished(standin, clients, project_type)

    @classmethod
    def _furnished(cls, standin: Standin, clients: ExitStack, project_type: str) -> Room:
        owner = _person(standin, clients, standin.api_key)
        project = owner.post("/api/projects", type=project_type, name="Project")["id"]
        board = owner.post(f"/api/projects/{project}/boards", name="Board", position=STEP)["id"]
        path = f"/api/boards/{board}/lists"
        todo = owner.post(path, type="active", name="To Do", position=STEP)["id"]
        done = owner.post(path, type="closed", name="Done", position=2 * STEP)["id"]
        return cls(standin, owner, project, board, todo, done, clients)

    def card(self, name: str = "card", position: float = STEP, **more: object) -> dict[str, Any]:
        """Make a card in the active list and return it."""
        path = f"/api/lists/{self.todo}/cards"
        return self.owner.post(path, type="project", name=name, position=position, **more)

    def put_away(self, kind: str) -> str:
        """Return the id of the archive or the trash."""
        lists = self.read()["lists"]
        return str(next(one["id"] for one in lists if one["type"] == kind))

    def read(self) -> dict[str, list[dict[str, Any]]]:
        """Return what lies on the board."""
        included: dict[str, list[dict[str, Any]]]
        included = self.owner.get(f"/api/boards/{self.board}")["included"]
        return included

    def label(self, name: str, *, board: str | None = None) -> str:
        """Make a label and return its id."""
        path = f"/api/boards/{board or self.board}/labels"
        made = self.owner.post(path, name=name, color="navy-blue", position=STEP)
        return str(made["id"])

    def field(self, group: str, *names: str, board: str | None = None) -> tuple[str, str]:
        """Make a custom field group and fields; return the ids of the group and the first field."""
        path = f"/api/boards/{board or self.board}/custom-field-groups"
        group_id = self.owner.post(path, name=group, position=STEP)["id"]
        path = f"/api/custom-field-groups/{group_id}/custom-fields"
        made = [self.owner.post(path, name=name, position=STEP)["id"] for name in names]
        return group_id, next(iter(made), "")

    def other_board(self, *, in_new_project: bool = False) -> OtherBoard:
        """Make another board, in the same project or in one of its own."""
        project = self.project
        if in_new_project:
            project = self.owner.post("/api/projects", type="private", name="Other")["id"]
        path = f"/api/projects/{project}/boards"
        board = self.owner.post(path, name="Other", position=2 * STEP)["id"]
        path = f"/api/boards/{board}/lists"
        column = self.owner.post(path, type="active", name="Other", position=STEP)["id"]
        return OtherBoard(self.owner, board, column)

    def person(self, key: str) -> Person:
        """Return the user with this API key."""
        return _person(self.standin, self.clients, key)

    def join(self, name: str, role: str | None = None, *, user_role: str = "boardUser") -> Person:
        """Make a user, and a member of the board if a role is given."""
        key = self.standin.state.add_user(name, role=user_role)
        person = self.person(key)
        if role:
            user = person.get("/api/users/me")["item"]["id"]
            path = f"/api/boards/{self.board}/board-memberships"
            self.owner.post(path, userId=user, role=role)
        return person


@dataclass(frozen=True)
class OtherBoard:
    """A board with one list, to which cards may go."""

    owner: Person
    board: str
    column: str

    def take(self, card: str) -> None:
        """Move a card here, given its path."""
        self.owner.patch(card, boardId=self.board, listId=self.column, position=STEP)


def _item(answer: httpx.Response) -> dict[str, Any]:
    item: dict[str, Any] = answer.raise_for_status().json()["item"]
    return item


def _person(standin: Standin, clients: ExitStack, key: str) -> Person:
    client = httpx.Client(base_url=standin.url, headers={"X-Api-Key": key}, verify=_TLS)
    return Person(clients.enter_context(client))
