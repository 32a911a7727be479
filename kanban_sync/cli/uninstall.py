"""``kanban-sync uninstall``: take the git hooks out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kanban_sync import install
from kanban_sync.cli.console import here, json_option, print_json, say
from kanban_sync.cli.install import force_option, report_data, tell
from kanban_sync.core.errors import KanbanSyncError, SetupError
from kanban_sync.databases import (
    LEFT_REMEDY,
    Mode,
    left_elsewhere,
    left_of_all,
    left_text,
    refused_files,
)

if TYPE_CHECKING:
    from kanban_sync.app import Clone

NAMED = 5
"""How many tasks are named that would be lost."""


@click.command("uninstall")
@force_option
@click.option("--state", is_flag=True, help="Also remove the state folder with the task database.")
@json_option
def command(*, force: bool, state: bool, as_json: bool) -> None:
    """Take the git hooks out and put back what was there before.

    Ends with 1 if something of the state folder could not be removed.
    """
    clone = here()
    if state and not force and (only_here := _only_here(clone)):
        raise SetupError(
            f"the task database in {clone.state.path} has what nothing else has:"
            f" {', '.join(only_here[:NAMED])}{' …' if only_here[NAMED:] else ''}. Finish or release"
            " what is claimed, write the rest with 'kanban-sync files write' and commit it; or"
            " give --force to lose it"
        )
    if state and not force and (found := _not_written_yet(clone)):
        text, remedy = found
        raise SetupError(
            f"{text}; until then {clone.state.path} alone has it. To keep it, {remedy}; or give"
            " --force to lose what was done"
        )
    if state and not force and (refused := refused_files(clone.state)):
        raise SetupError(
            f"{', '.join(map(str, refused))} {'has' if len(refused) == 1 else 'have'} what a"
            " database did not take of what was done while it was away, and nothing else has it."
            " Do again what is missed of it, and remove it; or give --force to lose it"
        )
    report = install.uninstall(clone.top, clone.git_dir(clone.worktree), force=force)
    left = _remove(clone.state.path) if state else []
    if as_json:
        print_json({**report_data(report), "state_removed": state and not left})
    else:
        tell(report)
        if state and not left:
            say(f"removed {clone.state.path}")
    if left:
        paths = ", ".join(str(path) for path in left)
        raise SetupError(f"could not remove {paths}; remove {clone.state.path} by hand")


def _only_here(clone: Clone) -> list[str]:
    """Return the tasks that are claimed, or of which files do not say all; none in a database away.

    One elsewhere is not removed.
    """
    is_file = clone.database.kind in {"sqlite", "file"}
    if not is_file or not Path(clone.database.name).is_relative_to(clone.state.path):
        return []
    try:
        with clone.work(lambda _: None) as work:
            alone = [each for each in work.tasks() if each.claim or not each.task.path]
        keys = [str(each.key) for each in alone]
        return [*dict.fromkeys([*keys, *clone.status()["ahead"]])]
    except KanbanSyncError:
        # It cannot be read: there is nothing in it that would be missed.
        return []


def _not_written_yet(clone: Clone) -> tuple[str, str] | None:
    """Tell of what was done while the database was away and what helps, None if nothing was."""
    try:
        project = clone.project_named()
        mode = clone.database.mode(project)
        left = left_elsewhere(clone.database, project, clone.state)
    except KanbanSyncError:
        left, mode = left_of_all(clone.state), Mode("database")
    if mode.entries != 0:
        return mode.words(clone.database.name), "run 'kanban-sync task list' once it answers"
    return (left_text(left), LEFT_REMEDY) if left else None


def _remove(folder: Path) -> list[Path]:
    """Remove a folder as far as that goes; return what is left, without the folders around it."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_symlink() and not folder.exists():
        return []
    there = {folder} if folder.is_symlink() else {folder, *folder.rglob("*")}
    return sorted(there - {path.parent for path in there})
