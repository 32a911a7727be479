"""``kanban-sync serve``: tasks and board by HTTP, for programs and for a page in the browser."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from kanban_sync.cli.console import here, json_option, print_json, say, warn
from kanban_sync.cli.http_door import door_options, opened, serve
from kanban_sync.cli.loading import Loading
from kanban_sync.doors.extras import GATEWAY, require
from kanban_sync.doors.running import noted
from kanban_sync.doors.tokens import Scope, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.app import Clone
    from kanban_sync.gateway.served import Served

LISTEN = "127.0.0.1:7464"


@click.group("serve", invoke_without_command=True)
@click.option(
    "--listen", metavar="HOST:PORT", default=LISTEN, help=f"Where; {LISTEN}. Port 0 takes any."
)
@door_options
@click.option("--monitor", "has_monitor", is_flag=True, help="Hand out tasks, too, as 'monitor'.")
@click.option("--print-openapi", is_flag=True, help="Print what there is as OpenAPI, and end.")
@click.pass_context
def command(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    listen: str,
    allow_remote: bool,
    hosts: tuple[str, ...],
    has_monitor: bool,
    print_openapi: bool,
) -> None:
    """Serve the tasks and the board of this clone by HTTP, until SIGTERM or Ctrl-C.

    A token is always asked for. Where there is none, the first one is made and shown once.
    """
    if context.invoked_subcommand is not None:
        return
    with Loading():
        require(GATEWAY)
        from kanban_sync.gateway.application import gateway, openapi_text
        from kanban_sync.gateway.news import News
        from kanban_sync.gateway.served import Served

    if print_openapi:
        served = Served(here())
        click.echo(openapi_text(served, Tokens(served.clone.state, served.project)))
        return
    with Loading():
        door = opened(listen, hosts, allow_remote=allow_remote)
        served = Served(here())
    tokens, news = Tokens(served.clone.state, served.project), News(served)
    with noted(served.clone.state, "serve", door.url), _monitoring(served, is_on=has_monitor):
        serve(gateway(served, news, tokens, door.called), door, tokens, served.name, news.end)


@contextmanager
def _monitoring(served: Served, *, is_on: bool) -> Iterator[None]:
    """Hand out tasks meanwhile, if that is asked for."""
    from kanban_sync.gateway.monitoring import Monitoring

    monitoring = Monitoring(served)
    if not is_on:
        yield
        return
    monitoring.start()
    try:
        yield
    finally:
        monitoring.end()


# --- tokens -----------------------------------------------------------------------------------


@command.group("token")
def token_command() -> None:
    """Make, list and take back the tokens by which programs and browsers come in."""


@token_command.command("add")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([each.value for each in Scope]),
    default=Scope.READ.value,
    help="What it is good for; read.",
)
@json_option
def add_command(*, name: str, scope: str, as_json: bool) -> None:
    """Make a token called NAME, and print it: nobody can be told of it again."""
    text = _tokens(here()).add(name, Scope(scope))
    if as_json:
        print_json({"name": name.strip(), "scope": scope, "token": text})
        return
    say(text)


@token_command.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List the tokens of this project; what they are is not kept, only a hash of it."""
    found = _tokens(here()).all()
    if as_json:
        kept = [{"name": each.name, "scope": each.scope, "made_at": each.made_at} for each in found]
        print_json({"tokens": kept})
        return
    for each in found:
        made = datetime.fromtimestamp(each.made_at).astimezone().strftime("%Y-%m-%d")
        say(f"{each.name}  {each.scope}  made {made}")
    if not found:
        say("there is none; 'kanban-sync serve' makes the first one")


@token_command.command("remove")
@click.argument("name")
def remove_command(*, name: str) -> None:
    """Take back the token NAME: who uses it is refused from now on."""
    _tokens(here()).remove(name)
    say(f"{name} is taken back")


def _tokens(clone: Clone) -> Tokens:
    with clone.work(warn) as work:
        return Tokens(clone.state, work.project)
