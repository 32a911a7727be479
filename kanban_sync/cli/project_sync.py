"""``kanban-project-sync``: the old program's contract, served by the new one.

Both names are required, the URL comes from the environment, and the exit codes are the same.
"""

from __future__ import annotations

import os
from typing import NoReturn

import click

from kanban_sync.cli.main import run
from kanban_sync.home import name_home


@click.command("kanban-project-sync")
@click.option("--project", required=True, help="Name of the Planka project.")
@click.option("--board", required=True, help="Name of the board.")
@click.option("--background", is_flag=True, help="Detach and return at once.")
def command(*, project: str, board: str, background: bool) -> None:
    """Bring one board of a project up to date with this repository."""
    from kanban_sync.cli.sync import command as sync

    arguments = ["--project", project, "--board", board]
    sync.main(args=[*arguments, *(["--background"] if background else [])], standalone_mode=False)


def main() -> NoReturn:
    """Run the program and end the process: 0 done or queued, 1 failed, 2 board unreachable."""
    name_home(os.environ)
    run(command)
