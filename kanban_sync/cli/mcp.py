"""``kanban-sync mcp``: the tools for models, by standard input and output."""

from __future__ import annotations

import os
import secrets
from importlib.util import find_spec
from pathlib import Path

import click

from kanban_sync.agents.names import AGENT, agent_name, checked_name
from kanban_sync.cli.console import here
from kanban_sync.core.errors import SetupError


@click.command("mcp")
@click.option("--agent", metavar="NAME", default="", help=f"Who works; ${AGENT}, or one made up.")
def command(*, agent: str) -> None:
    """Serve one model by the Model Context Protocol, on standard input and output.

    It claims and finishes tasks under the name of the agent; its claims last as long as it runs.
    """
    if find_spec("mcp") is None:
        raise SetupError(
            "the Model Context Protocol needs a package that is not installed. Install it where"
            " kanban-sync is: pip install 'mcp>=2.3,<3', or pipx inject kanban-sync 'mcp>=2.3,<3'"
        )
    here()
    from kanban_sync.mcp.server import serve

    serve(Path.cwd(), checked_name(agent or _own_name()))


def _own_name() -> str:
    """Return a name that no other session has: two of one name would be one to the database."""
    named = agent_name(os.environ)
    return named if os.environ.get(AGENT) else f"{named}-{secrets.token_hex(2)}"
