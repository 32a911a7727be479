"""``kanban-sync task``: what is to do, who does it, and how it went; for agents and for people."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kanban_sync.agents.born import NewTask
from kanban_sync.agents.entries import (
    NOTHING,
    NOTHING_READY,
    claim_lines,
    done_data,
    done_lines,
    entry_data,
    event_data,
    line_of,
    lines_of,
)
from kanban_sync.agents.heartbeat import words_for
from kanban_sync.agents.idleness import Idleness
from kanban_sync.agents.waiting import follow_ready, given_back_unheard, wait_for
from kanban_sync.agents.work import ALONE
from kanban_sync.cli.console import (
    LARGEST,
    here,
    json_option,
    print_json,
    say,
    warn,
    warn_of_another_database,
)
from kanban_sync.cli.ending import check_heard
from kanban_sync.cli.places import TaskName
from kanban_sync.cli.task_options import (
    agent_option,
    chosen,
    filters,
    orchestrator_option,
    reason_option,
    token_of,
    token_option,
    ttl_option,
    wait_option,
)
from kanban_sync.cli.task_run import run_command
from kanban_sync.cli.task_work import opened_work
from kanban_sync.core.model import Status
from kanban_sync.core.order import priority_problem
from kanban_sync.core.printable import printable_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.agents.waiting import Change
    from kanban_sync.agents.work import Done, Work
    from kanban_sync.core.work import Entry

SETTABLE = [status.value for status in Status if status is not Status.ORPHANED]


@click.group("task")
def command() -> None:
    """Work on tasks: list, claim and finish them."""


command.add_command(run_command)


# --- looking ----------------------------------------------------------------------------------


@command.command("list")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(SETTABLE), help="Only these."
)
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@filters
@json_option
def list_command(
    *, statuses: tuple[str, ...], every: bool, as_json: bool, **wanted: object
) -> None:
    """List open tasks in the order of their files, with who has them."""
    shown = list(Status) if every else [Status(each) for each in statuses]
    with opened_work(looks=True) as work:
        found = work.tasks(chosen(work, wanted), shown)
        _tell_all(found, "no task is open", as_json=as_json)


@command.command("show")
@click.argument("key", type=TaskName())
@json_option
def show_command(*, key: str, as_json: bool) -> None:
    """Show all of the task KEY."""
    with opened_work(looks=True) as work:
        entry = work.show(key)
        if as_json:
            print_json(entry_data(entry))
            return
        say("\n".join(lines_of(entry, work.time())))


@command.command("next")
@filters
@agent_option
@click.option(
    "-n", "--number", type=click.IntRange(1, LARGEST), help="List so many instead of the first."
)
@wait_option
@click.option(
    "-f", "--follow", is_flag=True, help="List them again whenever they change; Ctrl-C ends it."
)
@json_option
def next_command(
    *, agent: str, number: int | None, wait: float, follow: bool, as_json: bool, **wanted: object
) -> None:
    """Show what would be claimed next. Ends with 3 if nothing is ready."""
    clone = here()
    with opened_work(clone, looks=True, wait=wait) as work:
        # Only now, since one that is new has just been made.
        warn_of_another_database(clone, work.project)
        asked = chosen(work, wanted)

        def look() -> list[Entry]:
            return work.next(agent, asked, number or 1)

        if follow:
            for change in follow_ready(work, look, warn):
                _tell_change(change, as_json=as_json)
        found = wait_for(work, look, wait, Idleness(agent, asked), warn) or []
    if number is not None or not as_json:
        _tell_all(found, NOTHING, as_json=as_json)
    else:
        print_json(entry_data(found[0]) if found else None)
    _end_if_nothing(found)


@command.command("history")
@click.argument("key", type=TaskName())
@json_option
def history_command(*, key: str, as_json: bool) -> None:
    """Show what happened to the task KEY, oldest first."""
    from kanban_sync.cli.events import line_of_event, read

    with opened_work(looks=True) as work:
        events = work.history(key)
    if as_json:
        print_json({"events": [event_data(each, read(each)) for each in events]})
        return
    for each in events:
        say(line_of_event(each))
    if not events:
        warn("nothing was done to it since; what happened before, the database alone can tell")


# --- claims -----------------------------------------------------------------------------------


@command.command("claim")
@click.argument("key", type=TaskName(), required=False)
@click.option("--next", "is_next", is_flag=True, help="Claim what comes first.")
@agent_option
@ttl_option(ALONE)
@filters
@orchestrator_option
@wait_option
@json_option
def claim_command(  # noqa: PLR0913 - one parameter for each option
    *,
    key: str | None,
    is_next: bool,
    agent: str,
    ttl: float,
    orchestrator: str,
    wait: float,
    as_json: bool,
    **wanted: object,
) -> None:
    """Claim the task KEY, or with --next the first that is ready.

    Ends with 3 if nothing is ready, 4 if somebody else has it, 6 if it cannot be claimed now.
    """
    if (key is None) is not is_next:
        raise click.UsageError("Give a KEY, or --next.")
    if wait and key is not None:
        raise click.UsageError("Only with --next can it wait for what is ready.")
    with opened_work(wait=wait) as work:
        if not wait:
            work.reclaim(leases=False)
        if key is None:
            asked = chosen(work, wanted)
            idle = Idleness(agent, asked, orchestrator)
            claim = partial(work.claim_next, agent, ttl, asked, orchestrator)
            done = wait_for(work, claim, wait, idle, warn)
        else:
            done = work.claim(key, agent, ttl, orchestrator)
        if done is not None:
            with given_back_unheard(work, done):
                check_heard()
                _tell_claim(work, done, as_json=as_json)
            return
    if as_json:
        print_json(None)
    else:
        say(NOTHING)
    raise click.exceptions.Exit(NOTHING_READY)


@command.command("start")
@click.argument("key", type=TaskName())
@agent_option
@ttl_option(ALONE)
@json_option
def start_command(*, key: str, agent: str, ttl: float, as_json: bool) -> None:
    """Claim the task KEY, or go on with one's own claim of it."""
    with opened_work() as work:
        _tell_claim(work, work.start(key, agent, ttl), as_json=as_json)


@command.command("heartbeat")
@click.argument("key", type=TaskName())
@agent_option
@token_option
@ttl_option(ALONE)
@json_option
def heartbeat_command(*, key: str, agent: str, token: int, ttl: float, as_json: bool) -> None:
    """Let the claim of the task KEY last for a lease from now on, and hear what of it changed."""
    with opened_work() as work:
        entry = work.extend(key, agent, token_of(work, key, token, os.environ), ttl)
        changed = work.changed(entry)
        if as_json:
            print_json({**entry_data(entry), "changed": changed})
            return
        say(next(lines_of(entry, work.time())))
        if changed:
            say(words_for(str(entry.key), changed))


@command.command("release")
@click.argument("key", type=TaskName())
@agent_option
@token_option
@reason_option
@json_option
def release_command(*, key: str, agent: str, token: int, reason: str, as_json: bool) -> None:
    """Give the task KEY back: it is to do again."""
    with opened_work() as work:
        _tell_done(
            work.release(key, agent, token_of(work, key, token, os.environ), reason),
            as_json=as_json,
        )


def _finishing(name: str, status: Status, text: str) -> None:
    """Make the command that ends work on a task with a status."""

    @command.command(name, help=text)
    @click.argument("key", type=TaskName())
    @agent_option
    @token_option
    @reason_option
    @json_option
    def finish(*, key: str, agent: str, token: int, reason: str, as_json: bool) -> None:
        with opened_work() as work:
            _tell_done(
                work.finish(key, status, agent, token_of(work, key, token, os.environ), reason),
                as_json=as_json,
            )


_finishing("done", Status.DONE, "Say that the task KEY is done.")
_finishing("review", Status.REVIEW, "Say that the task KEY is done, and is to be looked at.")
_finishing("block", Status.BLOCKED, "Say that the task KEY cannot go on, and why.")
_finishing("fail", Status.FAILED, "Say that the task KEY went wrong, and why.")


# --- setting ----------------------------------------------------------------------------------


@command.command("set")
@click.argument("key", type=TaskName())
@click.option("--status", type=click.Choice(SETTABLE), help="The status that it is to have.")
@click.option("--assignee", metavar="NAME", help="Whom to assign it to.")
@click.option("--unassign", is_flag=True, help="Assign it to nobody.")
@click.option("--force", is_flag=True, help="Also against the claim of somebody else.")
@agent_option
@reason_option
@json_option
def set_command(  # noqa: PLR0913 - one parameter for each option
    *,
    key: str,
    status: str | None,
    assignee: str | None,
    unassign: bool,
    force: bool,
    agent: str,
    reason: str,
    as_json: bool,
) -> None:
    """Set status or assignee of the task KEY."""
    if assignee == "" or (assignee and unassign):
        raise click.UsageError("Give a name with --assignee, or --unassign, not both.")
    if not (status or assignee or unassign):
        raise click.UsageError("Nothing to set: give --status, --assignee or --unassign.")
    whom = "" if unassign else assignee.removeprefix("@") if assignee else None
    with opened_work() as work:
        wanted = Status(status) if status else None
        _tell_done(work.set(key, agent, wanted, whom, reason, force=force), as_json=as_json)


@command.command("add")
@click.argument("title")
@click.option("--id", "own", metavar="ID", default="", help="Its own id, instead of a short one.")
@click.option("--under", metavar="HEADING", default="", help="The heading it goes below.")
@click.option("--priority", metavar="PRIORITY", default="", help="As P0 … P3, or high.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A tag; may be repeated.")
@click.option("--needs", metavar="ID", multiple=True, help="What it waits for; may be repeated.")
@click.option("--body", metavar="TEXT", default="", help="What is to be done.")
@json_option
def add_command(*, as_json: bool, **said: Any) -> None:  # noqa: ANN401 - what NewTask holds
    """Add a task called TITLE, and print its key.

    It is written to the file that the setting sources.add_to names. Without one it stands in the
    task database alone.
    """
    if said["priority"] and (problem := priority_problem(said["priority"])):
        raise click.BadParameter(problem, param_hint="--priority")
    with opened_work() as work:
        _tell_done(work.add(NewTask(**said)), as_json=as_json)


# --- telling ----------------------------------------------------------------------------------


def _tell_all(found: list[Entry], nothing: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"tasks": [entry_data(each) for each in found]})
        return
    say("\n".join(map(line_of, found)) or nothing)


def _tell_change(change: Change, *, as_json: bool) -> None:
    """Tell what is ready from now on; as JSON in one line."""
    tasks = [entry_data(each) for each in change.ready]
    if as_json:
        click.echo(printable_json(json.dumps({"tasks": tasks, "changed": change.changed})))
        return
    say("\n".join(map(line_of, change.ready)) or NOTHING)
    say("")


def _tell_claim(work: Work, done: Done, *, as_json: bool) -> None:
    _tell(done, lambda: claim_lines(done, work.time()), as_json=as_json)


def _tell_done(done: Done, *, as_json: bool) -> None:
    _tell(done, lambda: done_lines(done), as_json=as_json)


def _tell(done: Done, lines: Callable[[], Any], *, as_json: bool) -> None:
    if as_json:
        print_json(done_data(done))
        return
    say("\n".join(lines()))


def _end_if_nothing(found: list[Entry]) -> None:
    if not found:
        raise click.exceptions.Exit(NOTHING_READY)
