"""The order in which the exchanges were recorded, by whom, and what else was done in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from standin.recordings import Ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.standin.server import Standin

BOARD = "1912747847246152717"
PROJECT = "1912747845794923531"
BACKLOG = "1912747848529609745"
DONE = "1912747848957428755"
ARCHIVE = "1912747847304872975"
CARD = "1912747852002493461"
LABEL = "1912748573984818229"
ADMIN = "1912745486305985537"
BOT = "1912747364725031945"


class Stage:
    """A stand-in, the people who talk to it, and the ids learned so far."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.client = httpx.Client(base_url=standin.url)
        self.ids = Ids()
        self.secrets: dict[str, str] = {}
        self.actors: dict[str, dict[str, str]] = {
            "admin": {"X-Api-Key": standin.api_key},
            "nobody": {},
            "bad token": {"Authorization": "Bearer nonsense"},
            "bad key": {"X-Api-Key": "abcdefgh_nonsense"},
        }

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        actor: str = "admin",
    ) -> dict[str, Any]:
        """Do something of which there is no recording, with recorded ids, and return its item."""
        answer = self.send(method, path, body, actor)
        answer.raise_for_status()
        item: dict[str, Any] = answer.json()["item"]
        return item

    def send(
        self,
        method: str,
        path: str,
        body: object,
        actor: str,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request in which recorded ids are replaced."""
        return self.client.request(
            method,
            self.ids.translate(path),
            json=self.ids.translate_json(body) if body is not None else None,
            params=query,
            headers=self.actors[actor],
        )

    def make(self, recorded: str, path: str, body: object) -> None:
        """Make something whose id occurs in the recordings, but not its making."""
        self.ids.learn(recorded, self.request("POST", path, body)["id"])


@dataclass(frozen=True)
class Play:
    """One recorded exchange: who sent it, and the query, which was not recorded."""

    name: str
    actor: str = "admin"
    query: tuple[tuple[str, str], ...] = ()


def _log_in_for_good(stage: Stage) -> None:
    body = {"emailOrUsername": "demo", "password": "<password>"}
    token = stage.client.post("/api/access-tokens", json=body).json()["item"]
    stage.actors["token"] = {"Authorization": f"Bearer {token}"}
    body_with_cookie = {**body, "withHttpOnlyToken": True}
    with httpx.Client(base_url=stage.standin.url) as other:
        half = other.post("/api/access-tokens", json=body_with_cookie).json()["item"]
    stage.actors["token without cookie"] = {"Authorization": f"Bearer {half}"}
    stage.client.cookies.clear()
    admin = stage.client.get("/api/users/me", headers=stage.actors["token"]).json()["item"]
    stage.ids.learn(ADMIN, admin["id"])
    stage.request("PATCH", f"/api/users/{ADMIN}", {"apiKey": None}, actor="token")


def _use_new_key(stage: Stage) -> None:
    stage.actors["bad token and good key"] = {
        "Authorization": "Bearer nonsense",
        **stage.actors["admin"],
    }


def _give_bot_a_key(stage: Stage) -> None:
    path = stage.ids.translate(f"/api/users/{BOT}/api-key")
    answer = stage.client.post(path, headers=stage.actors["admin"])
    stage.actors["bot"] = {"X-Api-Key": answer.json()["included"]["apiKey"]}


def _make_backlog(stage: Stage) -> None:
    body = {"name": "Backlog", "type": "active", "position": 65536}
    stage.make(BACKLOG, f"/api/boards/{BOARD}/lists", body)


def _make_long_names(stage: Stage) -> None:
    for recorded, name in (
        ("1912747859124421665", "n" * 1024),
        ("1912747859787121699", "é" * 1024),
        ("1912747860265272357", "😀" * 512),
    ):
        body = {"name": name, "type": "project", "position": 655360}
        stage.make(recorded, f"/api/lists/{BACKLOG}/cards", body)


def _describe_card(stage: Stage) -> None:
    description = "<!-- osid:abc123 -->\n# T\n\n- [ ] x  \r\nCRLF\r\n"
    stage.request("PATCH", f"/api/cards/{CARD}", {"description": description})


def _make_form_card(stage: Stage) -> None:
    body = {"name": "form", "type": "project", "position": 123}
    stage.make("1912747885087163443", f"/api/lists/{BACKLOG}/cards", body)


def _reset_card(stage: Stage) -> None:
    stage.request("PATCH", f"/api/cards/{CARD}", {"name": "Card 1", "description": None})


def _label_card_again(stage: Stage) -> None:
    stage.request("POST", f"/api/cards/{CARD}/card-labels", {"labelId": LABEL})


def _make_linked_child(stage: Stage) -> None:
    body = {"name": "linked child", "type": "project", "position": 786432}
    stage.make("1912748585837921343", f"/api/lists/{BACKLOG}/cards", body)


def _close_linked_child(stage: Stage) -> None:
    body = {"listId": DONE, "position": 65536}
    stage.request("PATCH", "/api/cards/1912748585837921343", body)


def _make_second_board(stage: Stage) -> None:
    board = "1912748617798517846"
    stage.make(board, f"/api/projects/{PROJECT}/boards", {"name": "Board B", "position": 131072})
    body = {"name": "Elsewhere", "type": "active", "position": 65536}
    stage.make("1912748619081974874", f"/api/boards/{board}/lists", body)


def _move_back(stage: Stage) -> None:
    body = {"boardId": BOARD, "listId": BACKLOG, "position": 5}
    stage.request("PATCH", f"/api/cards/{CARD}", body)


def _make_shared_board(stage: Stage) -> None:
    board = stage.request(
        "POST",
        "/api/projects/1912748642200978539/boards",
        {"name": "Shared board", "position": 65536},
    )["id"]
    body = {"name": "Shared list", "type": "active", "position": 65536}
    stage.make("1912748643006284913", f"/api/boards/{board}/lists", body)
    key = stage.standin.state.add_user("second", role="admin")
    stage.actors["second admin"] = {"X-Api-Key": key}


def _fill_archive(stage: Stage) -> None:
    for number in range(100):
        body: dict[str, object] = {"name": f"arch {number:03}", "type": "project"}
        if number % 2:
            body["description"] = "needle"
        stage.request("POST", f"/api/lists/{ARCHIVE}/cards", body)


def _make_late_task(stage: Stage) -> None:
    body = {"name": "late", "position": 65536}
    task_list = stage.request("POST", f"/api/cards/{CARD}/task-lists", body)["id"]
    stage.make("1912764479934825769", f"/api/task-lists/{task_list}/tasks", body)


def _make_late_card(stage: Stage) -> None:
    card = "1912767071393941392"
    body = {"name": "late", "type": "project", "position": 2000000}
    stage.make(card, f"/api/lists/{BACKLOG}/cards", body)
    field = "customFieldGroupId:1912748596332069957:customFieldId:1912748600761254982"
    stage.request("PATCH", f"/api/cards/{card}/custom-field-values/{field}", {"content": "v"})


def _make_late_project(stage: Stage) -> None:
    project = "1912767070034986890"
    stage.make(project, "/api/projects", {"type": "private", "name": "Late"})
    stage.request("POST", f"/api/projects/{project}/boards", {"name": "Late", "position": 1})


def _plays(names: str, actor: str = "admin") -> tuple[Play, ...]:
    return tuple(Play(name, actor) for name in names.split())


SCRIPT: tuple[Play | Callable[[Stage], None], ...] = (
    *_plays("auth-01-login-terms-required auth-02-accept-bad-signature", "nobody"),
    *_plays("auth-03-accept-terms auth-04-login auth-05-login-unknown-user", "nobody"),
    *_plays("auth-06-login-bad-password auth-07-login-missing-field", "nobody"),
    Play("auth-08-no-credentials", "nobody"),
    Play("auth-09-bad-token", "bad token"),
    Play("auth-10-bad-apikey", "bad key"),
    Play("auth-11-login-httponly", "nobody"),
    _log_in_for_good,
    Play("auth-12-httponly-token-without-cookie", "token without cookie"),
    *_plays("auth-13-users-me auth-14-create-api-key", "token"),
    _use_new_key,
    Play("auth-15-logout-with-apikey"),
    Play("auth-16-bad-bearer-plus-good-key", "bad token and good key"),
    *_plays("auth-17-logout auth-18-after-logout", "token"),
    *_plays("auth-19-user-weak-password auth-20-user-create"),
    _give_bot_a_key,
    Play("auth-21-bot-apikey-without-terms", "bot"),
    Play("auth-22-bot-login-terms", "nobody"),
    *_plays("auth-23-bot-makes-own-key auth-24-users-index-as-boarduser", "bot"),
    Play("auth-25-bootstrap-anon", "nobody"),
    Play("auth-26-bootstrap-admin"),
    *_plays("p-01-create-missing-type p-02-create p-03-index p-04-show p-05-not-found"),
    *_plays("p-06-bad-id p-07-id-too-long b-01-create b-02-show-empty l-01-missing-type"),
    _make_backlog,
    *_plays("l-02-create-active l-02-create-closed l-03-create-archive-type"),
    *_plays("l-04-duplicate-name-and-position l-05-update l-06-bad-colour l-07-delete"),
    *_plays("l-08-show-archive-list c-01-missing-type c-02-missing-position c-03-null-position"),
    *_plays("c-04-create-min c-05-create-full c-06-create-duedate-null"),
    *_plays("c-07-create-duedate-date-only c-08-empty-name c-09-blank-name"),
    *_plays("c-10-empty-description c-11-bad-type c-12-neg-position c-13-string-position"),
    *_plays("c-14-unknown-fields c-15-name-1025"),
    _make_long_names,
    Play("c-16-newline-in-name"),
    _describe_card,
    *_plays("c-17-nul-byte c-18-patch-isClosed c-19-isDueCompleted-without-due"),
    *_plays("c-20-isDueCompleted c-21-clear-due c-22-empty-patch c-23-noop-patch"),
    *_plays("c-24-move-without-position c-25-move c-26-move-to-closed c-27-reopen c-28-archive"),
    *_plays("c-29-show-archived c-30-index-archive c-31-index-active l-09-show-active"),
    *_plays("c-32-edit-archived c-33-position-archived c-34-trash c-35-restore c-36-duplicate"),
    Play("c-37-create-in-archive"),
    _make_form_card,
    *_plays("c-38-delete c-39-delete-again c-40-patch-deleted c-41-get-deleted"),
    *_plays("c-42-move-to-missing-list c-43-put c-44-post-missing-list"),
    _reset_card,
    *_plays("lb-01-missing-colour lb-02-bad-colour lb-03-create lb-04-duplicate lb-05-nameless"),
    *_plays("lb-06-long lb-07-delete cl-01-add cl-02-add-again cl-03-remove cl-04-remove-again"),
    _label_card_again,
    *_plays("tl-01-create tl-02-too-long tl-03-missing-position t-01-create-completed"),
    *_plays("t-02-same-position t-03-no-name t-04-update tl-04-show"),
    _make_linked_child,
    *_plays("t-05-linked t-06-linked-complete"),
    _close_linked_child,
    *_plays("t-07-v1-style t-08-delete tl-05-delete cm-01-create cm-02-update cm-03-index"),
    *_plays("cm-04-delete ac-01-card ac-02-board cf-01-group-in-board cf-02-field"),
    *_plays("cf-03-value-set cf-04-value-set-again cf-05-value-empty cf-06-value-513"),
    *_plays("b-03-show-full c-45-show-full cf-07-base-group cf-08-base-field"),
    *_plays("cf-09-group-from-base cf-10-base-value c-46-duplicate-with-cf"),
    _make_second_board,
    Play("c-47-move-board"),
    _move_back,
    Play("at-01-link"),
    *_plays("r-01-nonmember-board r-02-nonmember-projects r-03-nonmember-patch", "bot"),
    Play("r-04-boarduser-creates-project", "bot"),
    *_plays("r-05-membership-viewer r-06-membership-again"),
    *_plays("r-07-viewer-patch r-08-viewer-post r-09-viewer-comment", "bot"),
    Play("r-10-membership-editor"),
    *_plays("r-11-editor-renames-board r-12-editor-creates-board r-13-editor-projects", "bot"),
    Play("p-08-create-shared"),
    _make_shared_board,
    *_plays("r-15-admin-nonmember-private r-16-admin-nonmember-shared-post", "second admin"),
    _fill_archive,
    Play("c-48-index-search", query=(("search", "needle"),)),
    Play("c-49-bad-before", query=(("before", '{"id": "1"}'),)),
    *_plays("l-10-move-cards l-11-move-cards-active l-12-clear-active l-14-clear-trash"),
    *_plays("m-01-card-membership m-02-again"),
    _make_late_task,
    Play("t-09-empty-name"),
    _make_late_card,
    *_plays("cl-05-missing-label cf-11-delete-swagger-path cf-12-delete-route-path"),
    _make_late_project,
    *_plays("p-09-delete-with-board e-01-unknown-route"),
)
