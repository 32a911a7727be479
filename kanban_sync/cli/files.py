"""``kanban-sync files``: which task files are read, what is found in them, and edits of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kanban_sync.agents.entries import written_line
from kanban_sync.cli import found_files
from kanban_sync.cli.console import here, json_option, print_json, say
from kanban_sync.cli.places import TaskName, in_repository
from kanban_sync.cli.task_work import opened_work
from kanban_sync.core.model import Status

if TYPE_CHECKING:
    from kanban_sync.core.edits import Edited

STATUSES = [status.value for status in Status if status is not Status.ORPHANED]


@click.group("files", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """List the task files that are read, with their tasks and problems; or edit one."""
    if context.invoked_subcommand:
        return
    found_files.tell(as_json=as_json)


@command.command("set")
@click.argument("key", type=TaskName())
@click.option("--status", type=click.Choice(STATUSES), help="The status that the task is to have.")
@click.option("--assignee", metavar="NAME", help="Whom to assign the task to.")
@click.option("--unassign", is_flag=True, help="Assign the task to nobody.")
@json_option
def set_command(
    *, key: str, status: str | None, assignee: str | None, unassign: bool, as_json: bool
) -> None:
    """Set status or assignee of the task KEY in its file, in this work tree.

    KEY is the task's key, or path:line.
    """
    if assignee == "" or (assignee and unassign):
        raise click.UsageError("Give a name with --assignee, or --unassign, not both.")
    if not (status or assignee or unassign):
        raise click.UsageError("Nothing to set: give --status, --assignee or --unassign.")
    wanted = Status(status) if status else None
    _tell(here().editor().set(key, wanted, "" if unassign else assignee), as_json=as_json)


@command.command("add")
@click.argument("file")
@click.argument("title")
@click.option("--id", "own", metavar="ID", default="", help="The task's own id.")
@click.option("--under", metavar="HEADING", default="", help="The heading or group it goes below.")
@json_option
def add_command(*, file: str, title: str, own: str, under: str, as_json: bool) -> None:
    """Add a task called TITLE to FILE, behind the last one that is to do."""
    from kanban_sync.core.edits import AddTask

    clone = here()
    path = in_repository(clone, file)
    _tell(clone.editor().add(path, AddTask(title, own, under)), as_json=as_json)


@command.command("remove")
@click.argument("key", type=TaskName())
@json_option
def remove_command(*, key: str, as_json: bool) -> None:
    """Take the completed task KEY out of its TASKS.md v1.0, with all below it."""
    _tell(here().editor().remove(key), as_json=as_json)


@command.command("write")
@json_option
def write_command(*, as_json: bool) -> None:
    """Write into this work tree what the task database has and its files do not say yet.

    What was edited here and is not committed stays as it is, and is told.
    """
    with opened_work() as work:
        written = work.write_files()
    if as_json:
        print_json({"tasks": [each._asdict() for each in written]})
        return
    news = [each for each in written if each.change != "unchanged"]
    for each in news:
        say(written_line(each))
    if not news:
        say("nothing to write: where the files here say something else, it was edited here")


def _tell(edited: Edited, *, as_json: bool) -> None:
    if as_json:
        print_json(edited._asdict())
        return
    state = "" if edited.change == "removed" else f"  {edited.status}"
    whose = f"  {edited.assignee}" if edited.assignee and state else ""
    say(f"{edited.path}:{edited.line}: {edited.change} {edited.key}{state}{whose}")
