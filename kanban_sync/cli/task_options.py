"""The options that commands for tasks share: who, for how long, and which tasks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kanban_sync.agents.born import BORN_HERE
from kanban_sync.agents.names import AGENT, agent_name
from kanban_sync.core.errors import WorkError
from kanban_sync.core.order import priority_problem
from kanban_sync.core.work import ANY, Wanted
from kanban_sync.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanban_sync.agents.work import Work

Command = TypeVar("Command", bound="Callable[..., Any]")

LARGEST_NUMBER = (1 << 63) - 1
"""The largest number of a claim or an event that every database takes."""

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """So many seconds, or ``90s``, ``30m``, ``2h``."""

    name = "duration"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click hands over what it has
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,6})([smh]?)", str(value).strip())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no duration such as 300, 90s, 30m or 2h.", param, ctx)
        return float(int(found[1]) * UNITS[found[2]])


agent_option = click.option(
    "--agent",
    metavar="NAME",
    default=lambda: agent_name(os.environ),
    help=f"Who works; ${AGENT}, or user-host.",
)
token_option = click.option(
    "--token",
    type=click.IntRange(0, LARGEST_NUMBER),
    default=0,
    metavar="N",
    help="That of the claim; by default one's own.",
)
PROJECT_OF_RUN = "KANBAN_SYNC_TASK_PROJECT"
TASK_OF_RUN, TOKEN_OF_RUN = "KANBAN_SYNC_TASK", "KANBAN_SYNC_TOKEN"
"""Where ``task run`` tells its command which task it works on, and by which claim."""


def token_of(work: Work, text: str, token: int, environment: Mapping[str, str]) -> int:
    """Return the token that was given, else that of the run in which this was called.

    The run's is for its own task alone, by whatever name that is called here.
    """
    said = environment.get(TOKEN_OF_RUN, "")
    if token or not re.fullmatch(r"[0-9]{1,18}", said):
        return token
    key = work.key(text)
    if key.project != environment.get(PROJECT_OF_RUN):
        return 0
    try:
        # A task that came into a file meanwhile has another key.
        return int(said) if work.key(environment.get(TASK_OF_RUN, "")) == key else 0
    except WorkError:
        return 0


reason_option = click.option("--reason", metavar="TEXT", default="", help="Why.")
orchestrator_option = click.option(
    "--orchestrator", metavar="ID", default="", help="The orchestrator that keeps the claim alive."
)


wait_option = click.option(
    "--wait",
    type=Duration(),
    default=0.0,
    metavar="TIME",
    help="How long to wait until something is ready; not at all.",
)


def ttl_option(default: float) -> Callable[[Command], Command]:
    """Return the option for the length of a lease."""
    text = f"How long the claim lasts unless it is extended; {default / 60:g} minutes."
    return click.option("--ttl", type=Duration(), default=default, metavar="TIME", help=text)


FILTERS = (
    click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only with one of these."),
    click.option("--prefer", metavar="TAG", multiple=True, help="First those with one of these."),
    click.option("--priority", metavar="PRIORITY", help="Only of this priority."),
    click.option("--source", "sources", metavar="SOURCE", multiple=True, help="Only from these."),
    click.option(
        "--parent", metavar="KEY", help="Only directly below this task, or for this milestone."
    ),
)

OPTIONS = {
    "tags": "--tag",
    "prefer": "--prefer",
    "priority": "--priority",
    "sources": "--source",
    "parent": "--parent",
}
"""What the filters are called where they are given."""

KNOWN_SOURCES = (*SOURCES, BORN_HERE)


def filters(command: Command) -> Command:
    """Add the options that tell which tasks are wanted."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


def chosen(work: Work, said: Mapping[str, Any]) -> Wanted:
    """Return which tasks the options ask for."""
    given = {name: value for name, value in said.items() if value not in {None, ()}}
    for name, value in given.items():
        for each in value if isinstance(value, tuple) else (value,):
            if problem := _problem(name, each):
                raise click.BadParameter(problem, param_hint=OPTIONS[name])
    if not given:
        return ANY
    return Wanted(
        frozenset(said["prefer"]),
        frozenset(said["tags"]),
        said["priority"] or "",
        frozenset(said["sources"]),
        work.key(said["parent"]) if said["parent"] else None,
    )


def _problem(name: str, value: str) -> str:
    """Return what is wrong with the value of a filter, which would let anything or nothing pass."""
    if name == "priority":
        return priority_problem(value)
    if name == "sources" and value not in KNOWN_SOURCES:
        return f"{value!r} is no source; {', '.join(KNOWN_SOURCES)} are."
    return "" if value.strip() else "it is blank; give a value, or leave the option out."
