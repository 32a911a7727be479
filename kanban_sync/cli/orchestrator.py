"""``kanban-sync orchestrator``: processes that hand out tasks, and whether they are alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kanban_sync.agents.entries import orchestrator_data
from kanban_sync.cli.console import LARGEST, here, json_option, print_json, say, warn
from kanban_sync.core.silence import Hearing, life_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanban_sync.agents.work import Work
    from kanban_sync.core.work import Orchestrator

agents_option = click.option(
    "--agents", metavar="N", type=click.IntRange(0, LARGEST), help="How many agents it has."
)


@click.group("orchestrator")
def command() -> None:
    """Let processes be known that hand out tasks; one that falls silent loses its claims."""


@command.command("register")
@click.argument("instance")
@agents_option
@json_option
def register_command(*, instance: str, agents: int | None, as_json: bool) -> None:
    """Register the orchestrator INSTANCE; then a heartbeat is due every 20 seconds."""
    with here().work() as work:
        _tell_one(work, work.register(instance, agents or 0), as_json=as_json)


@command.command("heartbeat")
@click.argument("instance")
@agents_option
@json_option
def heartbeat_command(*, instance: str, agents: int | None, as_json: bool) -> None:
    """Say that the orchestrator INSTANCE is alive."""
    with here().work() as work:
        _tell_one(work, work.beat(instance, agents), as_json=as_json)
        work.reclaim(leases=False)


@command.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List the orchestrators that were ever registered."""
    with here().work(warn) as work:
        found, now, hearing = work.orchestrators(), work.time(), work.hearing()
    if as_json:
        all_data = [orchestrator_data(each, now, hearing) for each in found]
        print_json({"orchestrators": all_data})
        return
    say("\n".join(_lines(found, now, hearing)) or "no orchestrator was registered")


def _tell_one(work: Work, orchestrator: Orchestrator, *, as_json: bool) -> None:
    if as_json:
        # It was heard of just now.
        print_json(orchestrator_data(orchestrator, work.time(), Hearing()))
        return
    say("\n".join(_lines([orchestrator], work.time(), Hearing())))


def _lines(found: Sequence[Orchestrator], now: float, hearing: Hearing) -> list[str]:
    return [
        f"{each.instance_id}  {each.agent_count} agents  "
        f"{life_of(each.last_heartbeat, now, hearing)},"
        f" heard of {max(0, round(now - each.last_heartbeat))} s ago"
        for each in found
    ]
