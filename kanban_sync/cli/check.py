"""``kanban-sync check``: tells what is wrong with task files before they are committed."""

from __future__ import annotations

import os

import click

from kanban_sync.check.show import run
from kanban_sync.cli.console import json_option


@click.command("check")
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@json_option
def command(files: tuple[str, ...], *, fix: bool, as_json: bool) -> int:
    """Tell what is wrong with task files as they lie here, before they are committed.

    Without FILES all task files of the work tree are checked. Ends with 1 if there are errors.
    """
    return run(os.getcwd(), files, fix=fix, as_json=as_json)
