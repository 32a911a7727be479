"""``kanban-sync uninstall``: take the git hooks out."""

from __future__ import annotations

import shutil

import click

from kanban_sync import install
from kanban_sync.cli.console import here, json_option, print_json, say
from kanban_sync.cli.install import force_option, report_data, tell


@click.command("uninstall")
@force_option
@click.option("--state", is_flag=True, help="Also remove the state folder with the task database.")
@json_option
def command(*, force: bool, state: bool, as_json: bool) -> None:
    """Take the git hooks out and put back what was there before."""
    clone = here()
    report = install.uninstall(clone.top, force=force)
    if state:
        shutil.rmtree(clone.state.path, ignore_errors=True)
    if as_json:
        print_json({**report_data(report), "state_removed": state})
        return
    tell(report)
    if state:
        say(f"removed {clone.state.path}")
