"""``kanban-sync background``: what hooks start; it serves their requests and tells nobody."""

from __future__ import annotations

from pathlib import Path

import click

from kanban_sync.app import Clone


@click.command("background", hidden=True)
@click.option("--state", required=True, type=click.Path(path_type=Path), help="State folder.")
def command(*, state: Path) -> None:
    """Serve the requests in a state folder."""
    Clone.of_state(state).background()
