"""``kanban-sync install``: put the git hooks in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kanban_sync import install
from kanban_sync.cli.console import here, json_option, print_json, say, warn

if TYPE_CHECKING:
    from kanban_sync.install import InstallReport

force_option = click.option(
    "--force", is_flag=True, help="Also write into a hooks folder that other repositories use."
)


@click.command("install")
@force_option
@json_option
def command(*, force: bool, as_json: bool) -> None:
    """Put the git hooks in; hooks that are there already are chained.

    Ends with 1 if nothing was installed, since the hooks folder is not this repository's alone.
    """
    clone = here()
    report = install.install(clone.top, clone.git_dir(clone.worktree), force=force)
    if as_json:
        print_json(report_data(report))
    else:
        tell(report)
    if report.refused:
        raise click.exceptions.Exit(1)


def report_data(report: InstallReport) -> dict[str, object]:
    """Return a report as plain data."""
    return {
        "folder": str(report.folder),
        "hooks_path": str(report.hooks_path.value) if report.hooks_path else None,
        "written": [str(path) for path in report.written],
        "chained": [str(path) for path in report.chained],
        "removed": [str(path) for path in report.removed],
        "restored": [str(path) for path in report.restored],
        "advice": list(report.advice),
        "refused": report.refused,
    }


def tell(report: InstallReport) -> None:
    """Print what was done to which file."""
    done = False
    for what, paths in (
        ("wrote", report.written),
        ("kept the former hook as", report.chained),
        ("removed", report.removed),
        ("restored", report.restored),
    ):
        for path in paths:
            say(f"{what} {path}")
            done = True
    for text in report.advice:
        warn(text)
    if not done and not report.advice:
        say(f"nothing to do in {report.folder}")
