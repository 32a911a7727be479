"""``kanban-sync sync``: bring everything up to date, in the foreground unless told otherwise."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kanban_sync.cli.console import here, is_terminal, json_option, print_json, say, warn
from kanban_sync.cli.db import made_anew
from kanban_sync.core.errors import (
    BoardError,
    BoardUnreachableError,
    ConsentError,
    SettingsError,
    SetupError,
)
from kanban_sync.core.operations import Plan
from kanban_sync.core.plan_text import plan_data, plan_lines, plan_markdown
from kanban_sync.sync.background import detach
from kanban_sync.sync.consent import Target, named_target
from kanban_sync.sync.runner import Outcome
from kanban_sync.sync.session import Watcher
from kanban_sync.sync.watch_lock import watching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanban_sync.app import Clone
    from kanban_sync.config import Settings
    from kanban_sync.sync.report import SyncResult

FORMATS = ("text", "json", "markdown")

BAR_FROM = 20
"""A sync with fewer operations is over before a bar could be read."""


@click.command("sync")
@click.option("--project", help="Name of the Planka project, instead of the settings'.")
@click.option("--board", help="Name of the board, instead of the settings'.")
@click.option("--background", is_flag=True, help="Detach and return at once.")
@click.option("--dry-run", is_flag=True, help="Only show what the board would be told.")
@click.option(
    "--force",
    is_flag=True,
    help="Compare even without news, let go what is held, make what was deleted.",
)
@click.option("--wait", is_flag=True, help="Wait for a sync that is under way already.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="How to print what is planned or was done.",
)
@json_option
def command(  # noqa: PLR0913 - one parameter for each option
    *,
    project: str | None,
    board: str | None,
    background: bool,
    dry_run: bool,
    force: bool,
    wait: bool,
    form: str,
    as_json: bool,
) -> None:
    """Bring the task database and the board up to date.

    Exit code 0: done, or queued with a sync that is under way. 1: failed. 2: the board could not
    be reached; the task database is up to date and the rest is pending.
    """
    form = "json" if as_json else form
    if background and (dry_run or force or wait or form != "text"):
        raise click.UsageError("--background goes with --project and --board alone.")
    clone = here()
    anew = "" if background or dry_run else made_anew(clone)
    if anew:
        warn(anew)
    settings = _with_names(_settings(clone), project, board)
    if background:
        _detach(clone, named_target(settings) if project or board else None)
        return
    # Names on the command line are the user's own word for this run.
    target = named_target(settings) if project or board else _allowed(clone, settings)
    _name_what_is_not_read(clone, settings)
    if dry_run:
        _show(clone, target, settings, force=force, form=form)
        return
    result = _sync(clone, target, settings, force=force, wait=wait)
    is_held = _is_held(clone, result)
    _tell(result, form, is_held=is_held, is_anew=bool(anew))
    if is_held:
        text = (
            "so many cards would be moved or archived at once that they are held back; look at them"
            " with 'kanban-sync sync --dry-run', then run 'kanban-sync sync --force' if it is right"
        )
        raise BoardError(text)
    if result.outcome is Outcome.PENDING:
        text = "another clone of yours kept the board busy; the board is behind, try again"
        raise BoardUnreachableError(text)

    if any(problem.fatal for problem in result.report.problems):
        # They are told above, each with its file and line.
        raise click.exceptions.Exit(1)


def _is_held(clone: Clone, result: SyncResult) -> bool:
    """Whether something is held back, also where it was another process that held it."""
    plan, target = result.report.plan, result.target
    if plan is None and target is not None and result.outcome is Outcome.DONE:
        runs = (run for run in clone.runs(50) if run.target == target.id)
        return any(run.result == "held" for run in itertools.islice(runs, 1))
    return plan is not None and bool(plan.held)


def _settings(clone: Clone) -> Settings:
    """Return the settings; where they have problems, at least the task database goes on."""
    try:
        return clone.settings()
    except SettingsError:
        # What is committed may have the same ones.
        with contextlib.suppress(SettingsError):
            clone.refresh()
        raise


def _with_names(settings: Settings, project: str | None, board: str | None) -> Settings:
    if not project and not board:
        return settings
    settings = replace(
        settings,
        planka_project=project or settings.planka_project,
        planka_board=board or settings.planka_board,
    )
    if not settings.names_a_board:
        text = (
            "a project and a board are named, but something is missing: set PLANKA_URL, and give"
            " both --project and --board"
        )
        raise SetupError(text)
    return settings


def _allowed(clone: Clone, settings: Settings) -> Target | None:
    try:
        return clone.target(settings)
    except ConsentError:
        clone.sync(None, settings, Watcher())
        raise


def _name_what_is_not_read(clone: Clone, settings: Settings) -> None:
    if note := clone.unread_branch(settings):
        warn(note)
    if clone.settings_are_ahead():
        warn("the settings are those of this work tree; hooks go by what is committed")
    # What the watcher has read of the work tree goes on to count.
    paths = [] if watching(clone.state) else clone.uncommitted(settings)
    if paths:
        names = ", ".join(paths[:5]) + (" …" if len(paths) > len(paths[:5]) else "")
        warn(f"not committed, so not read: {names}")


def _show(
    clone: Clone, target: Target | None, settings: Settings, *, force: bool, form: str
) -> None:
    plan = clone.preview(target, settings, force=force)
    if plan is None:
        if form == "json":
            print_json({"board": None, "operations": []})
        else:
            say("no board is set up; the task database is up to date")
        return
    if form == "json":
        print_json({"board": str(target), **plan_data(plan)})
        return
    if form == "markdown":
        say("\n".join(plan_markdown(plan, str(target))))
        return
    lines = plan_lines(plan)
    cards = "1 card" if len(plan.writes) == 1 else f"{len(plan.writes)} cards"
    say(f"{target}: {cards} would change" if lines else f"{target}: no change")
    for line in lines:
        say(f"  {line}")


def _sync(
    clone: Clone, target: Target | None, settings: Settings, *, force: bool, wait: bool
) -> SyncResult:
    with _watched() as watcher:
        return clone.sync(target, settings, watcher, force=force, wait=wait)


@contextlib.contextmanager
def _watched() -> Iterator[Watcher]:
    """Show a bar while many operations are carried out, if a person is looking."""
    if not is_terminal():
        yield Watcher()
        return
    from rich.progress import Progress as Bar

    with Bar(transient=True) as bar:
        task = bar.add_task("writing to the board", visible=False)

        def on_step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total >= BAR_FROM)

        yield Watcher(on_step=on_step)


def _tell(result: SyncResult, form: str, *, is_held: bool, is_anew: bool) -> None:
    report = result.report
    merged = report.merged
    database = {
        "created": len(merged.created) if merged else 0,
        "updated": len(merged.updated) if merged else 0,
        "gone": len(merged.gone) if merged else 0,
    }
    data = {
        "outcome": "held" if is_held else result.outcome.value,
        "branch": report.branch,
        "commit": report.tip,
        "database": database,
        "board": plan_data(report.done) if report.done else None,
        "problems": [str(problem) for problem in report.problems],
    }
    if form == "json":
        print_json(data)
        return
    if result.outcome is Outcome.QUEUED:
        say("queued: a sync is under way and will see this request")
        return
    for problem in report.problems:
        warn(str(problem))
    counts = ", ".join(f"{count} {what}" for what, count in database.items() if count)
    # A monitor or a server may have brought the tasks in before.
    nothing = "made anew, and nothing is left to bring in" if is_anew else "nothing new"
    say(f"task database: {counts or nothing}")
    if result.target is not None:
        if form == "markdown":
            say("\n".join(plan_markdown(report.done or Plan(), str(result.target))))
            return
        lines = plan_lines(report.done) if report.done else []
        say(f"board {result.target}" if lines else f"board {result.target}: nothing new")
        for line in lines:
            say(f"  {line}")


def _detach(clone: Clone, named: Target | None) -> None:
    """Start a process that outlives this one and holds none of its streams."""
    options: list[str] = []
    if named is not None:
        options = ["--url", named.url, "--project", named.project, "--board", named.board]
    clone.request(named)
    detach(clone.state, options)
    say("queued: the sync goes on in the background; see 'kanban-sync log'")
