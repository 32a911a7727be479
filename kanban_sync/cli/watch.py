"""``kanban-sync watch``: bring up what changes in work trees and branches, as it changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kanban_sync.cli.console import here, say
from kanban_sync.cli.stopping import Stop, Stopped
from kanban_sync.watch.kept_running import LAUNCHD, SYSTEMD
from kanban_sync.watch.pace import Times

if TYPE_CHECKING:
    from kanban_sync.app import Clone

AUTO = "auto"
SECONDS = click.FloatRange(0.01, 86400)
USUAL = Times()


@click.command("watch")
@click.option("--once", is_flag=True, help="Do one full pass, and end.")
@click.option("--poll", "is_polling", is_flag=True, help="Look again and again, listen to nobody.")
@click.option("--settle", type=SECONDS, default=USUAL.settle, metavar="SECONDS", show_default=True,
              help="How long a file has to stay the same before it is read.")  # fmt: skip
@click.option("--look", type=SECONDS, default=USUAL.look, metavar="SECONDS", show_default=True,
              help="How often a file is looked at meanwhile.")  # fmt: skip
@click.option("--debounce", type=SECONDS, default=USUAL.debounce, metavar="SECONDS",
              show_default=True,
              help="How long nothing may change before the board is told.")  # fmt: skip
@click.option("--longest", type=SECONDS, default=USUAL.longest, metavar="SECONDS",
              show_default=True, help="How long the board waits at most.")  # fmt: skip
@click.option("--every", type=SECONDS, default=USUAL.safety, metavar="SECONDS", show_default=True,
              help="How often all is looked through, whatever was heard.")  # fmt: skip
@click.option("--poll-every", type=SECONDS, default=USUAL.poll, metavar="SECONDS",
              show_default=True, help="How often files are looked at with --poll.")  # fmt: skip
@click.option("--print-service", "service", type=click.Choice((AUTO, SYSTEMD, LAUNCHD)),
              is_flag=False, flag_value=AUTO, metavar="KIND",
              help="Print what keeps a watcher running, for systemd or launchd.")  # fmt: skip
def command(  # noqa: PLR0913 - one parameter for each option
    *,
    once: bool,
    is_polling: bool,
    settle: float,
    look: float,
    debounce: float,
    longest: float,
    every: float,
    poll_every: float,
    service: str | None,
) -> int:
    """Bring up what changes in work trees and branches, as it changes, until it is stopped.

    What is edited counts before it is committed. Hooks leave their requests to it meanwhile.
    """
    clone = here()
    if service is not None:
        say(_service(clone, service).rstrip("\n"))
        return 0
    from kanban_sync.watch.loop import Chosen, Watching

    times = Times(settle, look, debounce, longest, every, poll_every)
    watching = Watching(clone, Chosen(times, is_polling), _tell)
    if once:
        return watching.once()
    stop = Stop()
    try:
        with stop.heard():
            watching.go_on(lambda: stop.is_asked)
    except Stopped:
        pass
    say("stopped")
    return 0


def _tell(text: str) -> None:
    if text:
        say(text)


def _service(clone: Clone, kind: str) -> str:
    from kanban_sync.watch.kept_running import agent, unit

    call = [sys.executable, "-E", "-P", "-m", "kanban_sync", "watch"]
    if kind == AUTO:
        kind = LAUNCHD if sys.platform == "darwin" else SYSTEMD
    return (agent if kind == LAUNCHD else unit)(clone.top, call)
