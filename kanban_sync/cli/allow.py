"""``kanban-sync allow``: let the hooks of this clone write to the board that is named."""

from __future__ import annotations

import click

from kanban_sync.cli.console import confirmed, here, say, yes_option
from kanban_sync.core.errors import SetupError
from kanban_sync.sync import consent


@click.command("allow")
@yes_option
def command(*, yes: bool) -> None:
    """Let hooks of this clone write to the board that the repository names."""
    clone = here()
    settings = clone.settings()
    target = consent.named_target(settings)
    if target is None:
        text = (
            "no board is named: set planka.url, planka.project and planka.board in"
            " .kanban-sync.yaml, or PLANKA_URL in the environment"
        )
        raise SetupError(text)
    if not yes:
        confirmed(f"Let commits in this clone write to {target}?", abort=True)
    consent.allow(clone.state, target)
    clone.record_settings(settings)
    clone.request()
    say(f"allowed: {target}; 'kanban-sync sync' brings it up to date now")
