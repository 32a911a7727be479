"""A client gets in once, only when it has to, and leaves nothing behind."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from boards.canned import Canned, CannedServer
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.answers import Answer
from kanban_sync.boards.planka.client import Client, Conduct
from kanban_sync.boards.planka.credentials import Credential, Keeper, Kind
from kanban_sync.boards.planka.sign_in import SignIn
from kanban_sync.core.errors import BoardError, KanbanSyncError, SetupError, SignInError
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = Conduct(timeout=5.0, pause=0.001, tries=1)
PASSWORD = 'correct "horse" ü'
SIGN_IN = ("POST", "/api/access-tokens")
SIGN_OUT = ("DELETE", "/api/access-tokens/me")
# Read here, since the tests themselves run without the variables of whoever runs them.
REAL_KEY = os.environ.get("KANBAN_SYNC_TEST_PLANKA_API_KEY", "")


@pytest.fixture
def server() -> Iterator[Standin]:
    with Standin() as standin:
        yield standin


def add_robot(server: Standin, *, has_accepted: bool = True) -> Credential:
    """Make a user who may sign in with a password."""
    state = server.state
    with state.lock:
        user = state.insert_user("robot", "Robot", role="boardUser")
        state.credentials.set_password(user["id"], PASSWORD)
        if has_accepted:
            state.credentials.accept(state.credentials.ask_for_terms(user["id"]))
    return Credential(Kind.PASSWORD, PASSWORD, "robot")


class Owner:
    """Gives a credential, and counts how often it is asked for."""

    def __init__(self, given: Credential) -> None:
        self.given = given
        self.asked = 0

    def __call__(self) -> Credential:
        self.asked += 1
        return self.given


def nobody() -> Credential:
    raise SignInError("there is no key")


# --- when -----------------------------------------------------------------------------------------


def test_nobody_is_asked_before_a_request_needs_it_nor_twice(server: Standin) -> None:
    owner = Owner(Credential(Kind.API_KEY, server.api_key))
    with Client(server.url, SignIn(owner), QUICK) as client:
        client.send(api.bootstrap())
        assert owner.asked == 0
        with ThreadPoolExecutor(4) as pool:
            names = [
                answer["item"]["username"]
                for answer in pool.map(lambda _: client.send(api.me()), range(8))
            ]
    assert owner.asked == 1
    assert set(names) == {"demo"}


def test_without_a_credential_there_is_no_request(server: Standin) -> None:
    with (
        Client(server.url, SignIn(nobody), QUICK) as client,
        pytest.raises(SignInError, match="there is no key"),
    ):
        client.send(api.projects())
    assert server.requests == []


def test_a_request_that_needs_no_credential_gets_none() -> None:
    key = Credential(Kind.API_KEY, "k")
    with CannedServer(Canned()) as canned, Client(canned.url, SignIn(lambda: key)) as client:
        client.send(api.me())
        client.send(api.bootstrap())
    [(_, _, first), (_, _, second)] = canned.seen
    assert first["x-api-key"] == "k"
    assert "x-api-key" not in second


# --- each kind ------------------------------------------------------------------------------------


def test_a_token_is_a_bearer_and_stays_in_force(server: Standin) -> None:
    robot = add_robot(server)
    with Client(server.url, SignIn(nobody)) as client:
        token = client.send(api.sign_in(robot.user, robot.secret))["item"]
    for _ in range(2):
        with Client(server.url, SignIn(lambda: Credential(Kind.TOKEN, token))) as client:
            assert client.send(api.me())["item"]["username"] == "robot"
    assert SIGN_OUT not in server.requests


def test_a_password_signs_in_once_and_out_at_the_end(server: Standin) -> None:
    sign_in = SignIn(Owner(add_robot(server)))
    with Client(server.url, sign_in, QUICK) as client:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: client.send(api.me()), range(8)))
        token = sign_in.credential(client.send).secret
        assert server.state.credentials.by_token(token, None)
    assert server.requests.count(SIGN_IN) == 1
    assert server.requests.count(SIGN_OUT) == 1
    assert server.requests[-1] == SIGN_OUT
    assert server.state.credentials.by_token(token, None) is None


def test_a_password_that_was_not_needed_is_not_used(server: Standin) -> None:
    with Client(server.url, SignIn(Owner(add_robot(server)))) as client:
        client.send(api.bootstrap())
    assert server.requests == [("GET", "/api/bootstrap")]


def test_a_server_that_is_gone_at_the_end_keeps_nobody_waiting() -> None:
    with Standin() as gone:
        robot = add_robot(gone)
        client = Client(gone.url, SignIn(lambda: robot), Conduct(timeout=5.0, pause=60.0))
        client.send(api.me())
    client.close()
    client.close()


# --- refusals -------------------------------------------------------------------------------------


def test_terms_are_explained_and_never_accepted(server: Standin) -> None:
    robot = add_robot(server, has_accepted=False)
    with (
        Client(server.url, SignIn(lambda: robot), QUICK) as client,
        pytest.raises(SignInError, match=r"web browser.*read the terms and accept them"),
    ):
        client.send(api.me())
    assert server.requests == [SIGN_IN]


@pytest.mark.parametrize("user", ["robot", "somebody"])
def test_a_wrong_password_is_told_with_the_servers_words(server: Standin, user: str) -> None:
    add_robot(server)
    wrong = Credential(Kind.PASSWORD, "no", user)
    with (
        Client(server.url, SignIn(lambda: wrong), QUICK) as client,
        pytest.raises(SignInError, match="does not accept the credential: Invalid"),
    ):
        client.send(api.me())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Credential(Kind.API_KEY, "gone"), "PLANKA_API_KEY"),
        (Credential(Kind.TOKEN, "gone"), "PLANKA_TOKEN"),
        (Credential(Kind.TOKEN, "gone", keeper=Keeper.GIT), "kanban-sync login http://127.0.0.1"),
    ],
)
def test_a_credential_that_is_not_good_any_more_is_named(
    server: Standin, given: Credential, says: str
) -> None:
    with (
        Client(server.url, SignIn(lambda: given), QUICK) as client,
        pytest.raises(SignInError, match=says) as caught,
    ):
        client.send(api.me())
    assert "gone" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"item": None}, {"item": ""}, {"item": {"token": "x"}}])
def test_a_server_that_gives_no_token_is_no_planka(body: dict[str, object]) -> None:
    robot = Credential(Kind.PASSWORD, PASSWORD, "robot")
    with (
        CannedServer(Canned(body=json.dumps(body).encode())) as canned,
        Client(canned.url, SignIn(lambda: robot), QUICK) as client,
        pytest.raises(BoardError, match="gave no token"),
    ):
        client.send(api.me())
    assert [path for _, path, _ in canned.seen] == ["/api/access-tokens"]


# --- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.API_KEY, Kind.TOKEN])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 418, 422])
def test_a_server_that_repeats_a_secret_is_not_quoted(status: int, kind: Kind) -> None:
    given = Credential(kind, "s3cret")
    body = json.dumps({"message": "what is s3cret?", "problems": ["s3cret"]}).encode()
    answer = Canned(status, body, headers={"Location": "/s3cret"})
    with (
        CannedServer(answer) as canned,
        Client(canned.url, SignIn(lambda: given), QUICK) as client,
        pytest.raises(KanbanSyncError) as caught,
    ):
        client.send(api.me())
    assert "s3cret" not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}"


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422, 500])
def test_a_server_that_repeats_a_password_is_not_quoted(status: int) -> None:
    body = json.dumps({"message": f"Invalid {PASSWORD}"}).encode()
    robot = Credential(Kind.PASSWORD, PASSWORD, "robot")
    answer = Canned(status, body, headers={"Location": "/horse"})
    with (
        CannedServer(answer) as canned,
        Client(canned.url, SignIn(lambda: robot), QUICK) as client,
        pytest.raises(KanbanSyncError) as caught,
    ):
        client.send(api.me())
    assert "correct" not in str(caught.value)


def test_a_request_shows_neither_password_nor_body() -> None:
    request = api.sign_in("robot", PASSWORD)
    assert "correct" not in f"{request}{request!r}"
    assert "horse" not in repr(Answer(200, {}, PASSWORD.encode()))


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "names", "may"),
    [
        ("http://nas", "", False),
        ("http://nas", "nas", True),
        ("http://NAS:3000", "other, Nas ", True),
        ("http://nas:3000", "nas:3000", True),
        ("http://nas:3001", "nas:3000", False),
        ("http://nas", "nas:80", True),
        ("http://nas.example.org", "nas", False),
        ("http://nas", "nas.example.org", False),
        ("http://10.0.0.7:3000", "10.0.0.7:3000", True),
        ("http://[fd00::7]:3000", "[fd00::7]:3000", True),
        ("http://[fd00::7]:3000", "[fd00::7]", True),
        ("http://nas", "*", False),
        ("ftp://nas", "nas", False),
        ("http://me@nas", "nas", False),
    ],
)
def test_plain_http_goes_only_where_it_is_allowed_by_name(url: str, names: str, may: bool) -> None:
    conduct = Conduct(plain_hosts=names)
    if may:
        Client(url, "k", conduct).close()
        return
    with pytest.raises(SetupError):
        Client(url, "k", conduct)


def test_whoever_wants_plain_http_is_told_how_to_allow_it() -> None:
    with pytest.raises(SetupError, match="set KANBAN_SYNC_ALLOW_HTTP=nas in your environment"):
        Client("http://nas:3000", "k")


# --- the real one ---------------------------------------------------------------------------------


@pytest.mark.needs("planka")
def test_a_real_planka_knows_the_owner_of_a_key(planka_url: str) -> None:
    owner = Owner(Credential(Kind.API_KEY, REAL_KEY))
    with Client(planka_url, SignIn(owner), QUICK) as client:
        assert client.send(api.bootstrap())["item"]["version"]
        assert client.send(api.me())["item"]["username"]
    assert owner.asked == 1


@pytest.mark.needs("planka")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Credential(Kind.PASSWORD, "wrong", "nobody.at.all"), "Invalid"),
        (Credential(Kind.PASSWORD, "wrong", "no name at all"), "Invalid"),
        (Credential(Kind.TOKEN, "made-up"), "PLANKA_TOKEN"),
        (Credential(Kind.API_KEY, "12345678_made-up"), "PLANKA_API_KEY"),
    ],
)
def test_a_real_planka_refuses_what_is_made_up(
    planka_url: str, given: Credential, says: str
) -> None:
    with (
        Client(planka_url, SignIn(Owner(given)), QUICK) as client,
        pytest.raises(SignInError, match=says),
    ):
        client.send(api.me())
