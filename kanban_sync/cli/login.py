"""``kanban-sync login``: bind a credential to a server, with git's helper as its keeper."""

from __future__ import annotations

import os
import sys

import click

from kanban_sync.cli.console import say, warn
from kanban_sync.core.errors import SetupError


@click.command("login")
@click.argument("url")
@click.option("--token", "is_token", is_flag=True, help="It is an access token, not an API key.")
@click.option("--user", help="Sign in with the password of this user; only a token is kept.")
def command(*, url: str, is_token: bool, user: str | None) -> None:
    """Bind an API key to the server at URL, with git's credential helper as its keeper.

    The key is asked for without being shown, or read from stdin; it is never an argument. The
    server has to accept it first. From then on every clone of yours uses it for that server, and
    for no other.
    """
    from kanban_sync import login
    from kanban_sync.boards.planka.credentials import Credential, Keeper, Kind, api_key

    if is_token and user:
        raise click.UsageError("--token and --user do not go together.")
    environment, person = dict(os.environ), Keeper.PERSON
    url = login.check(url, environment)
    if user:
        given = Credential(Kind.PASSWORD, _asked_for(f"Password of {user}"), user, person)
    elif is_token:
        given = Credential(Kind.TOKEN, _asked_for("Access token").strip(), keeper=person)
    else:
        given = api_key(_asked_for("API key"), person)
    name = login.bind(url, given, environment)
    kept = Kind.TOKEN if given.kind is Kind.PASSWORD else given.kind
    say(f"{url} knows you as {name}; git's credential helper keeps the {kept.words}")
    other = login.in_environment(url, environment)
    if other is not None and other.kind is not Kind.PASSWORD:
        warn(f"{other} is set in this environment, and goes before what was stored now")


def _asked_for(what: str) -> str:
    """Return what a person types unseen, or the first line of stdin.

    Raises:
        SetupError: There is nothing.
    """
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret.strip():
        raise SetupError(f"nothing was given on stdin, where this was expected: {what}")
    return secret
