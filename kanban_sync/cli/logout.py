"""``kanban-sync logout``: take back what ``login`` has bound to a server."""

from __future__ import annotations

import os

import click

from kanban_sync.cli.console import say, warn


@click.command("logout")
@click.argument("url")
def command(*, url: str) -> None:
    """Let git's credential helper forget what is bound to the server at URL.

    A token is revoked on the server too. An API key stays in force until an admin deletes it.
    """
    from kanban_sync import login
    from kanban_sync.boards.planka.client import ALLOW_HTTP, checked_url
    from kanban_sync.boards.planka.credentials import Kind

    environment = dict(os.environ)
    url = checked_url(url, environment.get(ALLOW_HTTP, ""))
    found, trouble = login.unbind(url, environment)
    if found is None:
        say(f"git's credential helper keeps nothing for {url}")
    elif trouble:
        say(f"forgotten: {found} for {url}")
        warn(f"it could not be revoked on the server, where it stays in force: {trouble}")
    elif found.kind is Kind.TOKEN:
        say(f"forgotten, and revoked on the server: {found} for {url}")
    else:
        say(f"forgotten: {found} for {url}; an admin of the Planka can delete the key itself")
    other = login.in_environment(url, environment)
    if other is not None:
        warn(f"{other} is set in this environment, and still opens {url}")
