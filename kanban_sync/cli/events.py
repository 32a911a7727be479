"""``kanban-sync events``: what happened to tasks, and with ``--follow`` what happens."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from kanban_sync.agents.entries import event_data
from kanban_sync.agents.events import events_after
from kanban_sync.agents.waiting import follow_events
from kanban_sync.cli.console import here, json_option, print_json, say, warn
from kanban_sync.cli.task_options import LARGEST_NUMBER
from kanban_sync.core.printable import printable_json

if TYPE_CHECKING:
    from kanban_sync.core.ports import Event


@click.command("events")
@click.option("-f", "--follow", is_flag=True, help="Go on as things happen; ends with Ctrl-C.")
@click.option(
    "--since",
    metavar="N",
    type=click.IntRange(0, LARGEST_NUMBER),
    help="Only those with an id above N.",
)
@json_option
def command(*, follow: bool, since: int | None, as_json: bool) -> None:
    """Show what happened to tasks, oldest first; with --follow and without --since what happens."""
    with here().work(warn) as work:
        after = since if since is not None else work.last_event() if follow else 0
        found = [] if follow else list(events_after(work, after))
        if as_json and not follow:
            last = found[-1].id if found else min(after, work.last_event())
            events = [event_data(each, read(each)) for each in found]
            print_json({"events": events, "last": last})
            return
        for each in follow_events(work, after, warn) if follow else found:
            _tell(each, as_json=as_json)


def read(event: Event) -> Any:  # noqa: ANN401 - whatever JSON it holds
    """Return what an event's data says."""
    return json.loads(event.data or "{}")


def line_of_event(event: Event) -> str:
    """Return an event in one line."""
    when = datetime.fromtimestamp(event.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    said = read(event)
    words = [f"{name}={_short(value)}" for name, value in said.items()]
    return f"{event.id}  {when}  {event.kind}  {event.key or '-'}  {' '.join(words)}".rstrip()


def _short(value: object) -> str:
    return str(len(value)) if isinstance(value, list) and not value else _text(value)


def _text(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(text.split())


def _tell(event: Event, *, as_json: bool) -> None:
    if as_json:
        text = json.dumps(event_data(event, read(event)))
        click.echo(printable_json(text))
    else:
        say(line_of_event(event))
