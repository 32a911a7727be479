"""``kanban-sync background``: what hooks start; it serves their requests and tells nobody."""

from __future__ import annotations

from pathlib import Path

import click

from kanban_sync.core.errors import SetupError
from kanban_sync.sync.consent import Target
from kanban_sync.sync.notices import failure
from kanban_sync.sync.state_folder import StateFolder
from kanban_sync.sync.watch_lock import is_served


@click.command("background", hidden=True)
@click.option("--state", required=True, type=click.Path(path_type=Path), help="State folder.")
@click.option("--url", default="", help="Server of a board that the user named for this once.")
@click.option("--project", default="", help="Its project.")
@click.option("--board", default="", help="Its name.")
def command(*, state: Path, url: str, project: str, board: str) -> None:
    """Serve the requests in a state folder, unless somebody watches who does."""
    named = Target(url, project, board) if url and project and board else None
    if named is None and is_served(StateFolder(state)):
        return
    from kanban_sync.app import Clone

    clone = Clone.of_state(state)
    try:
        clone.background(named=named)
    except SetupError as error:
        # Not even its log can be opened, and nobody sees this process's stderr.
        clone.state.notice(failure(str(error), named))
