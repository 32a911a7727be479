"""``kanban-sync mcp``: the tools for models, by standard input and output, or by HTTP."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from kanban_sync.agents.names import AGENT, agent_name, checked_name
from kanban_sync.cli.console import here, warn
from kanban_sync.cli.http_door import door_options, opened, serve
from kanban_sync.cli.loading import Loading
from kanban_sync.doors.extras import MCP, require
from kanban_sync.doors.running import noted
from kanban_sync.doors.tokens import Tokens

LISTEN = "127.0.0.1:7465"


@click.command("mcp")
@click.option("--agent", metavar="NAME", default="", help=f"Who works; ${AGENT}, or one made up.")
@click.option(
    "--http",
    "listen",
    metavar="HOST:PORT",
    is_flag=False,
    flag_value=LISTEN,
    help=f"Serve by HTTP instead, any number of models; {LISTEN}.",
)
@door_options
def command(*, agent: str, listen: str | None, allow_remote: bool, hosts: tuple[str, ...]) -> None:
    """Serve one model by the Model Context Protocol, on standard input and output.

    It claims and finishes tasks under the name of the agent; its claims last as long as it runs.
    By HTTP each token is an agent of its own, and its claims last as long as it is used.
    """
    with Loading():
        require(MCP)
    if listen is not None:
        if agent:
            raise click.UsageError("By HTTP each token is an agent; leave --agent out.")
        _serve_all(listen, hosts, allow_remote=allow_remote)
        return
    if hosts or allow_remote:
        raise click.UsageError("--allow-host and --allow-remote are for --http.")
    with Loading():
        here()
        from kanban_sync.mcp.server import serve as serve_one
    serve_one(Path.cwd(), checked_name(agent or _own_name()))


def _serve_all(listen: str, hosts: tuple[str, ...], *, allow_remote: bool) -> None:
    with Loading():
        from kanban_sync.doors.gate import Gate, House, bugs_into, scopes_below
        from kanban_sync.mcp.many import Many
        from kanban_sync.mcp.server import http_app

        door = opened(listen, hosts, allow_remote=allow_remote, option="--http")
        clone, folder = here(), Path.cwd()
        with clone.work(warn) as work:
            tokens = Tokens(clone.state, work.project)
    many = Many(lambda agent: http_app(folder, agent), tokens)
    bugs = bugs_into(clone.state, "mcp")
    house = House(tokens, None, scopes_below({"/mcp"}, ()), door.called, bugs)
    what = f"{clone.top.name} for models, below /mcp,"
    with noted(clone.state, "mcp --http", door.url):
        serve(Gate(many, house), door, tokens, what, many.end)


def _own_name() -> str:
    """Return a name that no other session has: two of one name would be one to the database."""
    named = agent_name(os.environ)
    return named if os.environ.get(AGENT) else f"{named}-{secrets.token_hex(2)}"
