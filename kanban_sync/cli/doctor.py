"""``kanban-sync doctor``: look for what keeps commits from reaching the board."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kanban_sync import doctor
from kanban_sync.cli.console import here, json_option, print_json, say
from kanban_sync.databases import (
    left_elsewhere,
    left_text,
    not_told_yet,
    refused_text,
    sharing,
)

if TYPE_CHECKING:
    from kanban_sync.app import Clone
    from kanban_sync.config import Settings
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.doctor.finding import Finding

WORDS = {True: "ok", False: "WRONG", None: "note"}


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> None:
    """Look for what keeps commits from reaching the board, or others out, and say the remedy.

    Nothing is changed. Exit code 1: something is wrong.
    """
    # Before the clone is opened, which takes what steers git out of the environment.
    environment = dict(os.environ)
    clone = here()
    findings = doctor.examine(_patient(clone, environment))
    is_well = all(finding.ok is not False for finding in findings)
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings], "ok": is_well})
    else:
        for finding in findings:
            _show(finding)
        say("nothing is wrong" if is_well else "what is WRONG has its remedy below it")
    if not is_well:
        raise click.exceptions.Exit(1)


def _patient(clone: Clone, environment: dict[str, str]) -> doctor.Patient:
    def project(settings: Settings) -> str:
        repository = clone.repository(settings, clone.worktree)
        try:
            return clone.project(settings, repository)
        finally:
            repository.close()

    def open_store(settings: Settings) -> TaskStore | None:
        return clone.database.look(project(settings))

    def apart(settings: Settings) -> tuple[str, str]:
        found = sharing(clone.database, project(settings), clone.state)
        return found.text, found.command

    return doctor.Patient(
        top=clone.top,
        git_dir=clone.git_dir(clone.worktree),
        state=clone.state,
        environment=environment,
        settings=clone.settings,
        committed=clone.committed_settings,
        open_store=open_store,
        database=lambda: clone.database.name,
        away=lambda settings: clone.database.mode(project(settings)).words(clone.database.name),
        left=lambda settings: left_text(
            left_elsewhere(clone.database, project(settings), clone.state)
        ),
        refused=lambda settings: refused_text(project(settings), clone.state),
        before=lambda: not_told_yet(clone.database, clone.state),
        apart=apart,
        bus=clone.bus.state,
        problems=lambda settings: clone.problems(settings) + clone.branch_problems(settings),
        missing_branch=clone.missing_branch,
        unreadable=clone.unreadable_branches,
        project=project,
    )


def _show(finding: Finding) -> None:
    first, *rest = finding.text.splitlines() or [""]
    say(f"{WORDS[finding.ok]:5}  {finding.name:18}  {first}")
    for line in rest:
        say(f"{'':27}{line}")
    if finding.remedy and not finding.ok:
        say(f"{'':27}-> {finding.remedy}")
