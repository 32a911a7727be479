"""``kanban-sync prime``: the half page that an agent needs."""

from __future__ import annotations

import click

from kanban_sync.agents.instructions import PRIME
from kanban_sync.cli.console import say


@click.command("prime")
def command() -> None:
    """Print what an agent has to know to work on tasks."""
    say(PRIME.rstrip("\n"))
