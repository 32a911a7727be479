"""``kanban-sync monitor``: offer what is ready to agents that wait, and take back lost claims."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from kanban_sync.agents.monitor import LOOK, Monitor, own_name, round_data, round_lines
from kanban_sync.agents.waiting import Outage, follow
from kanban_sync.cli.console import (
    here,
    json_option,
    print_json,
    say,
    warn,
    warn_of_another_database,
)
from kanban_sync.cli.stopping import Stop, Stopped
from kanban_sync.core.errors import StoreError
from kanban_sync.core.printable import printable_json
from kanban_sync.workplace import Board, open_work

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanban_sync.agents.monitor import Round
    from kanban_sync.app import Clone


@click.command("monitor")
@click.option("--once", is_flag=True, help="Do what is to be done now, and end.")
@json_option
def command(*, once: bool, as_json: bool) -> None:
    """Offer what is ready to agents that wait, and take back lost claims, until it is stopped.

    Any number of monitors may run; one leads, and another one takes over when it ends or dies.
    """
    clone = here()
    if once:
        _once(clone, as_json=as_json)
        return
    stop = Stop()
    with suppress(Stopped), stop.heard():
        go_on(clone, lambda: stop.is_asked, as_json=as_json)
    if not as_json:
        say("stopped")


class _Following(Board):
    """The board that is to follow at once, each time that something was taken back."""

    def ask(self) -> None:
        """Leave a request, and let it be served."""
        one = Board(self._checkout)
        one.ask()
        one.follow()

    def follow(self) -> None:
        """Do nothing: what was asked for is served already."""


def _once(clone: Clone, *, as_json: bool) -> None:
    with clone.work() as work:
        monitor = Monitor(work)
        done = monitor.round()
        done = done._replace(idle=monitor.waiting(done))
        monitor.end()
        depth, now = work.assigning.depth(), work.time()
    age = max(0, round(now - depth.oldest)) if depth.oldest else None
    if as_json:
        data = round_data(done, monitor.name)
        print_json({**data, "ready": depth.ready, "oldest_ready_age": age})
        return
    for line in round_lines(done):
        say(line)
    if not done.leads:
        say(f"stood by: {done.leader or 'nobody'} leads")
    waited = f", the oldest to do for {age} s" if age is not None else ""
    agents = "1 agent waits, " if done.idle == 1 else f"{done.idle} agents wait, "
    tasks = "1 task is ready" if depth.ready == 1 else f"{depth.ready} tasks are ready"
    say(f"{agents if done.idle is not None else ''}{tasks}{waited}")


def go_on(clone: Clone, is_stopped: Callable[[], bool], *, as_json: bool) -> None:
    """Hand out tasks until it is to end; ``is_stopped`` is asked after each round.

    Raises:
        KanbanSyncError: It cannot begin, or no waiting mends what is wrong.
    """
    outage, name, tell = Outage(warn), own_name(), _each_once()
    before: Round | None = None
    while not is_stopped():
        if not _is_there(clone):
            clone = clone.again()
        opened = partial(open_work, clone, clone.database, clone.refresh, tell, _Following(clone))
        with outage.waited_for(), opened(has_to_write=True) as work:
            warn_of_another_database(clone, work.project)
            monitor = Monitor(work, name)
            try:
                for done in follow(work, monitor.round, LOOK):
                    outage.is_over()
                    _tell(done, before, name, as_json=as_json)
                    before = done
                    if is_stopped() or not _is_there(clone):
                        break
            finally:
                # Another one leads at once, where this can still be said.
                with suppress(StoreError):
                    monitor.end()


def _is_there(clone: Clone) -> bool:
    """Tell whether nobody has moved a clone, nor the work tree from which it is looked at."""
    return clone.state.is_there and (clone.place is None or clone.place.top.is_dir())


def _each_once() -> Callable[[str], None]:
    """Return what warns of something, unless it has done so just before: it is tried often."""
    told: list[str] = [""]

    def tell(text: str) -> None:
        if text != told[-1]:
            told[:] = [text]
            warn(text)

    return tell


def _tell(done: Round, before: Round | None, name: str, *, as_json: bool) -> None:
    """Tell of a round in which something was done, or somebody else leads than before."""
    is_other = before is None or (done.leads, done.leader) != (before.leads, before.leader)
    if as_json:
        if is_other or done.offered or done.reclaimed:
            click.echo(printable_json(json.dumps(round_data(done, name))))
        return
    if is_other:
        say(f"{name} leads" if done.leads else f"standing by: {done.leader or 'nobody'} leads")
    for line in round_lines(done):
        say(line)
