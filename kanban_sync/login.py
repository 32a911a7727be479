"""Binds a credential to a server once the server has taken it, and takes it back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync import git_credentials
from kanban_sync.boards.planka import api
from kanban_sync.boards.planka.client import ALLOW_HTTP, Client, Conduct, checked_url
from kanban_sync.boards.planka.credentials import (
    KEY_VARIABLE,
    URL_VARIABLE,
    Credential,
    Kind,
    credential_for,
    of_kept,
)
from kanban_sync.boards.planka.meeting import meet
from kanban_sync.boards.planka.sign_in import SignIn
from kanban_sync.core.errors import BoardError, KanbanSyncError, SetupError, SignInError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check(url: str, environment: Mapping[str, str]) -> str:
    """Return a URL in the one way to write it, if a credential can be bound to it at all.

    Raises:
        SetupError: The URL is none, no secret may go there, or git has no credential helper.
    """
    checked = checked_url(url, environment.get(ALLOW_HTTP, ""))
    if not git_credentials.has_helper(checked):
        text = (
            "git has no credential helper that could keep it, and kanban-sync keeps no secrets"
            " itself: nothing was stored. Set one, for instance 'git config --global"
            " credential.helper libsecret' (on macOS: osxkeychain; 'cache' forgets after a while,"
            f" 'store' writes a plain file), or set {URL_VARIABLE} and {KEY_VARIABLE} instead"
        )
        raise SetupError(text)
    return checked


def bind(url: str, given: Credential, environment: Mapping[str, str]) -> str:
    """Let a server take a credential, give it to git's helper, and return the account's name.

    A password is exchanged for a token, and only the token is kept.

    Raises:
        SignInError: The server does not accept it; nothing was stored.
        BoardError: The server answered, but not as a Planka does; nothing was stored.
        BoardUnreachableError: Nobody answered; nothing was stored.
        SetupError: The helper does not keep what it is given.
    """
    sign_in = SignIn(lambda: given)
    with Client(url, sign_in, _conduct(environment)) as client:
        meet(client)
        name = _account(client.send(api.me()))
        former = _kept(url)
        used = sign_in.credential(client.send)
        if not git_credentials.keep(url, used.kept):
            git_credentials.forget(url)
            text = (
                "git's credential helper took it, but does not give it back, so nothing is stored;"
                " see 'git config --get-all credential.helper'"
            )
            raise SetupError(text)
        sign_in.stay()
    if former is not None and former.secret != used.secret:
        _revoke(url, former, environment)
    return name


def unbind(url: str, environment: Mapping[str, str]) -> tuple[Credential | None, str]:
    """Let git's helper forget what was bound to a server, and revoke it there if it is a token.

    Returns:
        What was kept, None if nothing was; and why it may still be good, '' if it is not.

    Raises:
        SetupError: The helper does not forget it.
    """
    found = _kept(url)
    trouble = _revoke(url, found, environment) if found is not None else ""
    if not git_credentials.forget(url):
        text = (
            f"git's credential helper still gives what it keeps for {url}; remove the entry of the"
            f" user {git_credentials.USER} in it by hand"
        )
        raise SetupError(text)
    return found, trouble


def in_environment(url: str, environment: Mapping[str, str]) -> Credential | None:
    """Return what the environment binds to a server without git's helper, None if nothing."""
    try:
        return credential_for(url, environment, lambda _: "")
    except KanbanSyncError:
        return None


def _conduct(environment: Mapping[str, str]) -> Conduct:
    return Conduct(plain_hosts=environment.get(ALLOW_HTTP, ""))


def _kept(url: str) -> Credential | None:
    try:
        return of_kept(git_credentials.ask(url))
    except SetupError:
        # Whatever was put there by hand, it is no credential, and may be replaced.
        return None


def _revoke(url: str, credential: Credential, environment: Mapping[str, str]) -> str:
    """Revoke a token on its server; return why it may still be good, '' if it is not."""
    if credential.kind is not Kind.TOKEN:
        return ""
    try:
        with Client(url, SignIn(lambda: credential), _conduct(environment)) as client:
            client.send(api.sign_out())
    except SignInError:
        # It is not good any more, which is what was wanted.
        return ""
    except KanbanSyncError as error:
        return str(error)
    return ""


def _account(answer: api.Json) -> str:
    """Return the name of the account that asked.

    Raises:
        BoardError: It is no answer of a Planka.
    """
    account = answer.get("item")
    if not isinstance(account, dict) or not account.get("id"):
        raise BoardError("the server does not say whose credential it is: it is no Planka")
    return str(account.get("username") or account.get("email") or account.get("name"))
