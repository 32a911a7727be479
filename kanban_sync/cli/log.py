"""``kanban-sync log``: the last runs; with ``-f`` it goes on as they happen."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from kanban_sync.cli.console import LARGEST, here, json_option, print_json, say

if TYPE_CHECKING:
    from kanban_sync.app import Clone
    from kanban_sync.core.ports import Run

POLL = 0.5
"""Seconds between two looks of ``-f``."""

AWAY = "the task database is away, and as long as it is its runs are not told"

LOOKED_AT = 200
"""How many runs ``-f`` looks at: one that takes long has many younger ones beside it."""


@click.command("log")
@click.option("-f", "--follow", is_flag=True, help="Go on as runs happen; ends with Ctrl-C.")
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1, LARGEST),
    default=20,
    show_default=True,
    help="How many runs to show.",
)
@json_option
def command(*, follow: bool, number: int, as_json: bool) -> None:
    """Show the last runs, newest last; with --json also where their full logs are."""
    clone = here()
    # Before what is shown, so that none ends unseen in between.
    before = clone.runs(LOOKED_AT) if follow else []
    runs = list(reversed(clone.runs(number)))
    if as_json and not follow:
        print_json({"runs": [asdict(run) for run in runs], "folder": str(clone.state.log)})
        return
    shown = [run for run in runs if not follow or run.result != "running"]
    for run in shown:
        _show(run)
    if not runs:
        is_away = clone.database.mode(clone.project_named()).name == "fallback"
        say(AWAY if is_away else "no run yet")
    if follow:
        ended = {run.id for run in before if run.result != "running"}
        _follow(clone, ended | {run.id for run in shown})


def _follow(clone: Clone, shown: set[int]) -> None:
    """Show each run once, when it has ended: a long one may end after younger ones."""
    while True:
        time.sleep(POLL)
        for run in reversed(clone.runs(LOOKED_AT)):
            if run.id not in shown and run.result != "running":
                _show(run)
                shown.add(run.id)


def _show(run: Run) -> None:
    when = datetime.fromtimestamp(run.started_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    counts = ", ".join(f"{count} {kind}" for kind, count in run.operations.items())
    say(f"{when}  {run.target:16}  {run.result:11}  {run.seconds:6.2f} s  {counts}".rstrip())
    for line in run.error.splitlines():
        say(f"    {line}")
