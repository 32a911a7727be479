"""Who is asking: keys, tokens, passwords and the terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from kanban_sync.standin.credentials import SIGNATURE, sign
from kanban_sync.standin.server import Standin
from standin.rooms import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "correct horse"
LOGIN = "/api/access-tokens"
ACCEPT = "/api/access-tokens/accept-terms"
ME = "/api/users/me"


@dataclass(frozen=True)
class Visitor:
    """Somebody with a password, a key and a client that sends neither."""

    standin: Standin
    client: httpx.Client
    key: str

    def log_in(self, name: str = "mia", password: str = PASSWORD, **more: object) -> httpx.Response:
        return self.client.post(LOGIN, json={"emailOrUsername": name, "password": password, **more})

    def accept(self, pending: str, signature: str | None = None) -> httpx.Response:
        signature = signature or sign(self.standin.state.credentials.terms)
        return self.client.post(ACCEPT, json={"pendingToken": pending, "signature": signature})

    def token(self, *, http_only: bool = False) -> str:
        """Log in, accepting the terms if asked to."""
        answer = self.log_in(withHttpOnlyToken=http_only)
        if answer.status_code == 403:
            answer = self.accept(answer.json()["pendingToken"])
        return str(answer.raise_for_status().json()["item"])

    def status(self, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(ME, headers=named).status_code

    @property
    def user(self) -> dict[str, object]:
        return self.standin.state.where("users", username="mia")[0]


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Standin() as standin, httpx.Client(base_url=standin.url) as client:
        key = standin.state.add_user("mia", password=PASSWORD)
        yield Visitor(standin, client, key)


# --- Passwords -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mia", "MIA", "mia@demo.demo", "Mia@Demo.demo"])
def test_the_first_login_is_held_back_until_the_terms_are_accepted(
    visitor: Visitor,
    name: str,
) -> None:
    held_back = visitor.log_in(name)
    terms = visitor.client.get("/api/terms").json()["item"]
    accepted = visitor.accept(held_back.json()["pendingToken"], terms["signature"])

    assert held_back.status_code == 403
    assert held_back.headers["x-exit"] == "termsAcceptanceRequired"
    assert held_back.json()["step"] == "accept-terms"
    assert visitor.status(Authorization=f"Bearer {accepted.json()['item']}") == 200
    assert visitor.log_in().status_code == 200


@pytest.mark.parametrize(("name", "password"), [("nosuch", PASSWORD), ("mia", "wrong")])
@pytest.mark.parametrize("is_told", [False, True])
def test_a_refused_login_tells_what_was_wrong_only_if_the_server_is_set_so(
    visitor: Visitor,
    name: str,
    password: str,
    is_told: bool,
) -> None:
    visitor.standin.state.credentials.tells_what_was_wrong = is_told
    answer = visitor.log_in(name, password)

    half = "password" if name == "mia" else "email or username"
    assert answer.status_code == 401
    assert answer.json() == {
        "code": "E_UNAUTHORIZED",
        "message": f"Invalid {half if is_told else 'credentials'}",
    }


@pytest.mark.parametrize("name", ["ab", "two words", "a@b", "_x_", "x" * 33, 12])
def test_what_can_be_no_name_is_refused_before_it_is_looked_up(
    visitor: Visitor,
    name: str,
) -> None:
    answer = visitor.log_in(name)

    problem = f"Invalid \"emailOrUsername\":\n  · Value ('{name}') failed custom validation."
    assert (answer.status_code, answer.json()["problems"]) == (400, [problem])


def test_a_user_of_single_sign_on_has_no_password(visitor: Visitor) -> None:
    visitor.user["isSsoUser"] = True

    answer = visitor.log_in()

    assert (answer.status_code, answer.headers["x-exit"]) == (403, "useSingleSignOn")
    assert "pendingToken" not in answer.json()


def test_a_new_password_ends_the_sessions_and_not_the_key(visitor: Visitor) -> None:
    token = visitor.token()

    visitor.standin.state.credentials.set_password(str(visitor.user["id"]), "another")

    assert visitor.status(Authorization=f"Bearer {token}") == 401
    assert visitor.status(X_Api_Key=visitor.key) == 200
    assert visitor.log_in().status_code == 401
    assert visitor.log_in(password="another").status_code == 200


# --- Terms ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pending", "signature", "status", "way_out"),
    [
        ("x", SIGNATURE, 401, "invalidPendingToken"),
        (None, "0" * 64, 403, "invalidSignature"),
        (None, "0" * 63, 400, "error"),
    ],
)
def test_terms_are_accepted_with_the_right_token_and_signature_only(
    visitor: Visitor,
    pending: str | None,
    signature: str,
    status: int,
    way_out: str,
) -> None:
    asked = visitor.log_in().json()["pendingToken"]

    answer = visitor.accept(pending or asked, signature)

    assert (answer.status_code, answer.headers["x-exit"]) == (status, way_out)
    assert visitor.log_in().status_code == 403


def test_a_pending_token_serves_once_and_is_no_bearer(visitor: Visitor) -> None:
    pending = visitor.log_in().json()["pendingToken"]

    assert visitor.status(Authorization=f"Bearer {pending}") == 401
    assert visitor.accept(pending).status_code == 200
    assert visitor.accept(pending).status_code == 401


def test_new_terms_hold_back_the_next_login_and_no_running_session(visitor: Visitor) -> None:
    token = visitor.token()

    visitor.standin.state.credentials.terms = "Be kinder."

    assert visitor.client.get("/api/terms").json()["item"]["signature"] == sign("Be kinder.")
    assert visitor.log_in().status_code == 403
    assert visitor.status(Authorization=f"Bearer {token}") == 200


@pytest.mark.parametrize(("asked", "shown"), [("de-DE", "de-DE"), ("xx", "en-US"), ("", "en-US")])
def test_the_terms_have_one_signature_in_all_languages(
    visitor: Visitor,
    asked: str,
    shown: str,
) -> None:
    terms = visitor.client.get("/api/terms", params={"language": asked} if asked else {})

    assert terms.json()["item"]["language"] == shown
    assert terms.json()["item"]["signature"] == SIGNATURE


# --- Tokens and keys -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer nonsense", 401),
        ("Bearer  nonsense", 401),
        ("bearer nonsense", 200),
        ("Bearer", 200),
        ("Token nonsense", 200),
        ("Basic eDp5", 200),
    ],
)
def test_a_bearer_hides_the_key_and_nothing_else_does(
    visitor: Visitor,
    authorization: str,
    status: int,
) -> None:
    assert visitor.status(Authorization=authorization, X_Api_Key=visitor.key) == status


def test_a_good_bearer_counts_and_not_the_key_beside_it(visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {visitor.token()}", "X-Api-Key": "abcdefgh_nonsense"}

    assert visitor.client.get(ME, headers=headers).json()["item"]["username"] == "mia"


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer  {}", "Token {}", "{}"])
def test_a_token_in_another_form_is_none(visitor: Visitor, form: str) -> None:
    assert visitor.status(Authorization=form.format(visitor.token())) == 401


def test_a_key_is_no_token_and_a_token_no_key(visitor: Visitor) -> None:
    assert visitor.status(Authorization=f"Bearer {visitor.key}") == 401
    assert visitor.status(X_Api_Key=visitor.token()) == 401


def test_a_key_needs_no_login_and_no_terms(visitor: Visitor) -> None:
    assert visitor.status(X_Api_Key=visitor.key) == 200


def test_a_logout_ends_its_own_session_only(visitor: Visitor) -> None:
    first, second = visitor.token(), visitor.token()

    answer = visitor.client.delete(f"{LOGIN}/me", headers={"Authorization": f"Bearer {first}"})

    assert (answer.status_code, answer.json()) == (200, {"item": first})
    assert visitor.status(Authorization=f"Bearer {first}") == 401
    assert visitor.status(Authorization=f"Bearer {second}") == 200


def test_a_key_cannot_be_logged_out(visitor: Visitor) -> None:
    answer = visitor.client.delete(f"{LOGIN}/me", headers={"X-Api-Key": visitor.key})

    assert (answer.status_code, answer.json()) == (404, {"code": "E_NOT_FOUND"})


@pytest.mark.parametrize("is_first", [True, False])
def test_an_http_only_token_needs_its_cookie(visitor: Visitor, is_first: bool) -> None:
    if not is_first:
        visitor.token()
    token = visitor.token(http_only=True)

    bearer = {"Authorization": f"Bearer {token}"}
    cookie = {"Cookie": f"httpOnlyToken={visitor.client.cookies['httpOnlyToken']}"}
    visitor.client.cookies.clear()

    assert visitor.client.get(ME, headers=bearer).status_code == 401
    assert visitor.client.get(ME, headers={**bearer, **cookie}).status_code == 200
    answer = visitor.client.delete(f"{LOGIN}/me", headers={**bearer, **cookie})
    assert answer.headers["set-cookie"].startswith("httpOnlyToken=; ")


def test_a_deactivated_user_is_a_stranger_at_once_and_until_he_is_back(visitor: Visitor) -> None:
    token, user = visitor.token(), visitor.user
    admin = {"X-Api-Key": visitor.standin.api_key}

    def tried() -> tuple[int, int, int]:
        bearer = visitor.status(Authorization=f"Bearer {token}")
        return bearer, visitor.status(X_Api_Key=visitor.key), visitor.log_in().status_code

    path = f"/api/users/{user['id']}"
    visitor.client.patch(path, json={"isDeactivated": True}, headers=admin).raise_for_status()
    while_away = tried()
    visitor.client.patch(path, json={"isDeactivated": False}, headers=admin).raise_for_status()

    assert (while_away, tried()) == ((401, 401, 401), (200, 200, 200))


def test_a_new_key_makes_the_old_one_worthless(visitor: Visitor) -> None:
    with Room.open(visitor.standin) as room:
        path = f"/api/users/{visitor.user['id']}"
        renewed = room.owner.send("POST", f"{path}/api-key").json()["included"]["apiKey"]

        assert visitor.status(X_Api_Key=visitor.key) == 401
        assert visitor.status(X_Api_Key=renewed) == 200
        room.owner.patch(path, apiKey=None)
        assert visitor.status(X_Api_Key=renewed) == 401
        assert room.owner.send("PATCH", path, {"apiKey": "mine"}).status_code == 400
