"""``kanban-sync files``: which task files are read, and what is found in them."""

from __future__ import annotations

from pathlib import Path

import click

from kanban_sync.checkout import Checkout
from kanban_sync.cli.console import json_option, print_json, say


@click.command("files")
@json_option
def command(*, as_json: bool) -> None:
    """List the task files that are read, with their tasks and problems."""
    found = Checkout.at(Path.cwd()).files()
    if as_json:
        print_json({"files": found})
        return
    for each in found:
        more = f"  {each['status'] or each['dialect']}".rstrip()
        say(f"{each['source']:10} {each['path']}  {each['done']}/{each['tasks']}{more}")
        for problem in each["problems"]:
            say(f"           {problem}")
    if not found:
        say("no task files in the commit that is read; see 'kanban-sync status'")
