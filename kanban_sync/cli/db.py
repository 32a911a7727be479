"""``kanban-sync db``: which task database this clone uses, what it holds, and its upgrade."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from kanban_sync.cli.console import here, json_option, print_json, say
from kanban_sync.databases import in_tasks, take_left, told_of_another, told_once

if TYPE_CHECKING:
    from kanban_sync.app import Clone
    from kanban_sync.databases import Contents


@click.group("db")
def command() -> None:
    """Tell of the task database, or upgrade it."""


@command.command("status")
@json_option
def status_command(*, as_json: bool) -> None:
    """Tell which database it is, which schema it has, and what is in it of this project."""
    clone = here()
    database = clone.database
    contents = database.contents(clone.project_here(clone.readable_settings()[0]))
    if as_json:
        projects = [each._asdict() for each in contents.projects]
        known = {"schema": contents.schema, "newest_schema": contents.newest}
        print_json(
            {"database": database.name, "kind": database.kind, **known, "projects": projects}
        )
        return
    say(f"database   {database.name}  ({database.kind})")
    say(f"schema     {_schema(contents)}")
    for each in contents.projects:
        say(f"project    {each.project}  {each.tasks} tasks, {each.events} events")


@command.command("upgrade")
def upgrade_command() -> None:
    """Bring the schema of the database up to date; older releases cannot use it any more then."""
    clone = here()
    database = clone.database
    if text := made_anew(clone):
        say(text)
    before = database.contents()
    copy = database.upgrade()
    if before.schema == before.newest:
        say(f"{database.name} is up to date: schema {before.newest}")
        return
    if not before.schema:
        say(f"made {database.name}: schema {before.newest}")
        return
    say(f"upgraded {database.name} from schema {before.schema} to {before.newest}")
    if copy:
        say(f"what was before is kept in {copy}")


@command.command("replay")
def replay_command() -> None:
    """Write what was done while other databases were away into the one that is named now."""
    clone = here()
    project = clone.project_named()
    taken = take_left(clone.database, project, clone.state)
    if taken:
        # Whoever has this done knows that it is another one than before.
        told_of_another(clone.database, project, clone.state)
    for each in taken:
        count = in_tasks(each.tasks)
        say(f"compared what was done with {count} while {each.database} was away, and wrote it")
    if not taken:
        say("nothing waits for another database or project")
    if text := told_once(clone.database):
        say(text)


def made_anew(clone: Clone) -> str:
    """Make the database if one is missed there; return what is told of that, '' if none was made.

    Its numbers begin with the second that it is made in, so that second is over when this returns:
    one that is lost at once, and made once more, begins above them.
    """
    database, now = clone.database, time.time()
    if not database.make_anew(now, clone.project_named):
        return ""
    time.sleep(1 - now % 1)
    return (
        f"{database.name} was gone and is made anew from the repository: claims, the history, what"
        " was ahead of the files, and tasks that stand in no file are lost; whoever works on a task"
        " has to claim it anew"
    )


def _schema(contents: Contents) -> str:
    if not contents.schema:
        return "none yet; the first sync makes it"
    if contents.schema > contents.newest:
        return f"{contents.schema}; this release knows {contents.newest}: upgrade kanban-sync here"
    if contents.schema < contents.newest:
        return (
            f"{contents.schema}; this release needs {contents.newest}: run 'kanban-sync db upgrade'"
        )
    return f"{contents.schema}, up to date"
