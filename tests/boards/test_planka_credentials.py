"""A credential goes to the server for which its owner gave it, and shows itself to nobody."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import replace

import pytest

from kanban_sync.boards.planka.credentials import (
    Credential,
    Keeper,
    Kind,
    api_key,
    credential_for,
    of_kept,
    renewal,
)
from kanban_sync.core.errors import SetupError, SignInError

HERE = "https://planka.example.org"
ELSEWHERE = "https://other.example.org"
KEY, TOKEN, PASSWORD = "12345678_thekey", "eyJ.the.token", "the password"

KEY_SET = {"PLANKA_API_KEY": KEY}
TOKEN_SET = {"PLANKA_TOKEN": TOKEN}
PASSWORD_SET = {"PLANKA_USERNAME": "bot", "PLANKA_PASSWORD": PASSWORD}
EVERY = {**KEY_SET, **TOKEN_SET, **PASSWORD_SET}


class Helper:
    """Stands for git's helper, and remembers for which servers it was asked."""

    def __init__(self, *, keeps: str = "") -> None:
        self.keeps = keeps
        self.asked: list[str] = []

    def __call__(self, url: str) -> str:
        self.asked.append(url)
        return self.keeps


@pytest.mark.parametrize(
    ("environment", "keeps", "kind", "secret", "keeper"),
    [
        (EVERY, f"api-key:{KEY}2", Kind.API_KEY, KEY, Keeper.ENVIRONMENT),
        ({**TOKEN_SET, **PASSWORD_SET}, f"api-key:{KEY}", Kind.TOKEN, TOKEN, Keeper.ENVIRONMENT),
        (PASSWORD_SET, f"api-key:{KEY}", Kind.API_KEY, KEY, Keeper.GIT),
        (PASSWORD_SET, f"token:{TOKEN}", Kind.TOKEN, TOKEN, Keeper.GIT),
        (PASSWORD_SET, "", Kind.PASSWORD, PASSWORD, Keeper.ENVIRONMENT),
        ({"PLANKA_API_KEY": f" {KEY}\n"}, "", Kind.API_KEY, KEY, Keeper.ENVIRONMENT),
        ({"PLANKA_API_KEY": " ", **TOKEN_SET}, "", Kind.TOKEN, TOKEN, Keeper.ENVIRONMENT),
    ],
)
def test_the_first_that_there_is_counts(
    environment: dict[str, str], keeps: str, kind: Kind, secret: str, keeper: Keeper
) -> None:
    helper = Helper(keeps=keeps)
    found = credential_for(HERE, {"PLANKA_URL": HERE, **environment}, helper)
    assert (found.kind, found.secret, found.keeper) == (kind, secret, keeper)
    asked = keeper is Keeper.GIT or kind is Kind.PASSWORD
    assert helper.asked == ([HERE] if asked else [])


@pytest.mark.parametrize(
    "named", ["", ELSEWHERE, f"{HERE}:8443", "http://planka.example.org", f"{HERE}.example.com"]
)
@pytest.mark.parametrize("environment", [KEY_SET, TOKEN_SET, PASSWORD_SET, EVERY])
def test_what_the_environment_gives_goes_to_its_own_origin_only(
    named: str, environment: dict[str, str]
) -> None:
    given = {"PLANKA_URL": named, **environment}
    with pytest.raises(SignInError, match="is not sent to") as caught:
        credential_for(HERE, given, Helper())
    assert not {KEY, TOKEN, PASSWORD} & set(str(caught.value).split())
    bound = credential_for(HERE, given, Helper(keeps=f"api-key:{KEY}"))
    assert bound.keeper is Keeper.GIT


@pytest.mark.parametrize("named", [f"{HERE}/", f"{HERE}:443/sub", "HTTPS://Planka.Example.ORG"])
def test_an_origin_may_be_written_in_many_ways(named: str) -> None:
    assert credential_for(HERE, {"PLANKA_URL": named, **KEY_SET}, Helper()).secret == KEY


def test_what_is_missing_is_told_with_the_way_to_mend_it() -> None:
    with pytest.raises(SignInError, match=f"no key for {HERE}: run 'kanban-sync login {HERE}'"):
        credential_for(HERE, {}, Helper())
    given = {"PLANKA_URL": HERE, "PLANKA_PASSWORD": PASSWORD}
    with pytest.raises(SignInError, match="PLANKA_PASSWORD is set without PLANKA_USERNAME"):
        credential_for(HERE, given, Helper())


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://me:secret@planka.example.org", {}),
        (HERE, {**KEY_SET, "PLANKA_URL": "https://me:secret@planka.example.org"}),
    ],
)
def test_no_credential_is_looked_for_where_a_url_holds_one(
    url: str, environment: dict[str, str]
) -> None:
    with pytest.raises(SetupError) as caught:
        credential_for(url, environment, Helper())
    assert "planka.example.org" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("odd", ["https://a..b", "https://[::1", "https://a.example.org:port"])
@pytest.mark.parametrize("is_named", [True, False])
def test_nothing_is_bound_to_a_url_that_is_none(odd: str, is_named: bool) -> None:
    environment = {**KEY_SET, "PLANKA_URL": odd if is_named else HERE}
    with pytest.raises(SetupError) as caught:
        credential_for(HERE if is_named else odd, environment, Helper())
    assert odd in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "hunter2", "a forge's token", "ghp_abc", "password:x", "api-key:", ":x", "other:x"]
)
def test_a_helper_that_gives_something_else_is_not_believed(text: str) -> None:
    assert of_kept(text) is None


@pytest.mark.parametrize("kind", [Kind.API_KEY, Kind.TOKEN])
def test_what_is_kept_is_what_comes_back(kind: Kind) -> None:
    given = Credential(kind, "with:a-colon")
    assert of_kept(given.kept) == replace(given, keeper=Keeper.GIT)


@pytest.mark.parametrize(
    ("credential", "headers"),
    [
        (Credential(Kind.API_KEY, KEY), {"X-Api-Key": KEY}),
        (Credential(Kind.TOKEN, TOKEN), {"Authorization": f"Bearer {TOKEN}"}),
        (Credential(Kind.PASSWORD, PASSWORD, "bot"), {}),
    ],
)
def test_each_kind_has_its_header(credential: Credential, headers: dict[str, str]) -> None:
    assert credential.headers == headers


@pytest.mark.parametrize("keeper", Keeper)
@pytest.mark.parametrize("kind", Kind)
def test_a_credential_never_shows_its_secret(kind: Kind, keeper: Keeper) -> None:
    credential = Credential(kind, "s3cret", "bot", keeper)
    shown = f"{credential}{credential!r}{renewal(HERE, credential)}"
    assert "s3cret" not in shown
    assert "s3cret" in pickle.dumps(credential).decode("latin-1")


@pytest.mark.parametrize("key", [f"{KEY}\nX-Other: 1", f"{KEY}\u00e9", f"{KEY}\0", f"a {KEY}"])
def test_a_key_that_is_none_is_refused_without_telling_it(key: str) -> None:
    for kind in (Kind.API_KEY, Kind.TOKEN):
        with pytest.raises(SetupError) as caught:
            Credential(kind, key)
        assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_password_that_is_no_text_is_refused_without_telling_it() -> None:
    with pytest.raises(SetupError) as caught:
        Credential(Kind.PASSWORD, f"{PASSWORD}\udcff", "bot")
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("around", ["\n", "\r\n", " ", "\t"])
def test_blanks_around_a_key_do_not_matter(around: str) -> None:
    assert api_key(f"{around}{KEY}{around}").secret == KEY


@pytest.mark.parametrize(
    ("credential", "says"),
    [
        (Credential(Kind.API_KEY, KEY), "PLANKA_API_KEY"),
        (Credential(Kind.TOKEN, TOKEN), "PLANKA_TOKEN"),
        (Credential(Kind.PASSWORD, PASSWORD), "PLANKA_USERNAME and PLANKA_PASSWORD"),
        (Credential(Kind.API_KEY, KEY, keeper=Keeper.GIT), f"kanban-sync login {HERE}"),
        (Credential(Kind.API_KEY, KEY, keeper=Keeper.PERSON), f"kanban-sync login {HERE}"),
    ],
)
def test_what_to_do_depends_on_who_gave_it(credential: Credential, says: str) -> None:
    assert says in renewal(HERE, credential)
