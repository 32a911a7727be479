"""``kanban-sync mission``: how far the missions of a repository are."""

from __future__ import annotations

import click

from kanban_sync.agents.missions import NO_MISSION, mission_lines, missions_data
from kanban_sync.cli.console import here, json_option, print_json, say, warn


@click.group("mission")
def command() -> None:
    """Tell how far missions are, by their milestones and the tasks for each."""


@command.command("status")
@click.argument("name", default="")
@json_option
def status_command(*, name: str, as_json: bool) -> None:
    """Show each milestone: how many of its tasks are done, who works on what, what is ready.

    NAME is that of one mission, its id, or its file.
    """
    with here().work(warn) as work:
        found = missions_data(work, name)
    if as_json:
        print_json({"missions": found})
        return
    say("\n".join(line for each in found for line in mission_lines(each)) or NO_MISSION)
