"""``kanban-sync pause``: make the hooks of this clone do nothing."""

from __future__ import annotations

import click

from kanban_sync.cli.console import here, say


@click.command("pause")
def command() -> None:
    """Make the hooks of this clone do nothing."""
    clone = here()
    clone.state.make()
    clone.state.pause()
    say("paused: commits start nothing until 'kanban-sync resume'")
