"""``kanban-sync resume``: let paused hooks work again."""

from __future__ import annotations

import click

from kanban_sync.cli.console import here, say


@click.command("resume")
def command() -> None:
    """Let paused hooks work again; the next commit brings everything up to date."""
    clone = here()
    clone.state.make()
    clone.state.resume()
    say("resumed: the next commit, or 'kanban-sync sync', brings everything up to date")
