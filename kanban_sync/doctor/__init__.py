"""What keeps commits from reaching the board: one finding for each thing that has to be right."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanban_sync.core.errors import KanbanSyncError, SettingsError, SetupError
from kanban_sync.databases import LEFT_REMEDY
from kanban_sync.doctor.board import board_findings
from kanban_sync.doctor.bus import bus_findings
from kanban_sync.doctor.database import look_into
from kanban_sync.doctor.doors import door_findings
from kanban_sync.doctor.finding import Finding
from kanban_sync.doctor.pooler import pooler_findings
from kanban_sync.install import Condition, inspect
from kanban_sync.sync import requests
from kanban_sync.sync.consent import RENAMED_REMEDY, allowed_target, named_target, renamed
from kanban_sync.sync.locks import ELSEWHERE, board_lock_path
from kanban_sync.sync.requests import DATABASE
from kanban_sync.sync.satisfying import at_odds
from kanban_sync.sync.watch_lock import watching
from kanban_sync.sync.writable import barred, barred_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kanban_sync.config import Settings
    from kanban_sync.core.bus import State
    from kanban_sync.core.model import Problem
    from kanban_sync.core.ports import Run, TaskStore
    from kanban_sync.core.unwritable import Unwritable
    from kanban_sync.install import HookReport
    from kanban_sync.sync.consent import Target
    from kanban_sync.sync.state_folder import StateFolder
    from kanban_sync.sync.watch_lock import Watch

OLDEST_GIT = (2, 26)
"""The first that tells where a setting comes from (``git config --show-scope``)."""

NOT_CURRENT = {
    Condition.MISSING: "is not installed",
    Condition.FOREIGN: "is some other program's, and does not call kanban-sync",
    Condition.STALE: "is of another release of kanban-sync, or was edited",
    Condition.PYTHON_MISSING: "starts a Python, or a kanban-sync in it, that is no longer there",
    Condition.MOVED: "starts another installation of kanban-sync than this one",
    Condition.ELSEWHERE: "starts another installation of kanban-sync than this one, which works",
}


@dataclass(frozen=True, slots=True)
class Patient:
    """One clone to be examined.

    ``settings`` are those of the work tree and ``committed`` those that hooks go by; both may
    raise SettingsError. ``open_store`` opens the task database for reading, None if there is none;
    ``database`` names it, ``away`` tells if it is, ``left`` what waits for one that is named no
    more, ``refused`` where lies what was not taken, ``before`` that another one was used, and
    ``apart`` tells of clones that use another one.
    ``bus`` asks the Valkey that is named how it is. ``project`` tells the id of the project.
    """

    top: Path
    git_dir: Path
    state: StateFolder
    environment: Mapping[str, str]
    settings: Callable[[], Settings]
    committed: Callable[[], Settings]
    open_store: Callable[[Settings], TaskStore | None]
    database: Callable[[], str]
    away: Callable[[Settings], str]
    left: Callable[[Settings], str]
    refused: Callable[[Settings], str]
    before: Callable[[], str]
    apart: Callable[[Settings], tuple[str, str]]
    bus: Callable[[], State | None]
    problems: Callable[[Settings], Sequence[Problem]]
    missing_branch: Callable[[Settings], str]
    unreadable: Callable[[Settings], Sequence[Problem]]
    project: Callable[[Settings], str]


def examine(patient: Patient) -> list[Finding]:
    """Look at everything, in the order in which a commit comes by it."""
    git = git_finding(_git_version())
    findings = [platform_finding(), git]
    if git.ok:
        findings += hook_findings(inspect(patient.top, patient.git_dir))
    findings += silence_findings(patient.environment, is_paused=patient.state.is_paused)
    findings.append(state_finding(patient.state.path))
    findings += watch_findings(watching(patient.state))
    mine, problems = _read(patient.settings)
    theirs, their_problems = _read(patient.committed)
    settings = theirs or mine
    odds = at_odds(settings) if settings is not None else ()
    findings += settings_findings(problems, their_problems, odds)
    if settings is None:
        return findings
    findings += branch_findings(patient.missing_branch(settings))
    findings += say_findings(patient.unreadable(settings))
    findings += door_findings(patient.state, lambda: patient.project(settings))
    named, allowed = named_target(settings), allowed_target(patient.state)
    draft = named_target(mine) if mine is not None else named
    findings.append(consent_finding(named, allowed, draft))
    target = allowed if named in {None, allowed} else None
    runs, ids, database, others, waiting = look_into(
        lambda: patient.open_store(settings),
        patient.database,
        lambda: patient.away(settings),
        target,
    )
    findings += [*file_findings(patient.problems(settings)), database]
    findings += [*bus_findings(patient.bus()), *waiting_findings(waiting)]
    findings += left_findings(patient.left(settings))
    findings += refused_findings(patient.refused(settings))
    findings += before_findings(patient.before())
    if database.ok is not False:
        findings += sharing_findings(*patient.apart(settings))
        findings += pooler_findings(lambda: patient.open_store(settings))
    findings += others
    if target is not None:
        findings.append(board_lock_finding(target))
        findings += board_findings(target, patient.environment, ids)
        if text := renamed(target, ids):
            findings.append(Finding("board name", ok=None, text=text, remedy=RENAMED_REMEDY))
    findings += run_findings(runs, target)
    findings.append(_pending_finding(patient.state, target))
    return findings


# --- the machine --------------------------------------------------------------------------------


def platform_finding() -> Finding:
    """Name the platform; on others than these the program says so and ends before."""
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("platform", ok=True, text=f"{sys.platform}, Python {python} ({sys.executable})")


def git_finding(version: str) -> Finding:
    """Judge what ``git --version`` said, '' if there is no git."""
    found = re.search(r"(\d+)\.(\d+)", version)
    oldest = ".".join(map(str, OLDEST_GIT))
    remedy = f"install git {oldest} or newer"
    if found is None:
        return Finding("git", ok=False, text="git was not found in PATH", remedy=remedy)
    if (int(found[1]), int(found[2])) < OLDEST_GIT:
        return Finding("git", ok=False, text=f"{version} is too old", remedy=remedy)
    return Finding("git", ok=True, text=version)


def _git_version() -> str:
    try:
        answer = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip()


# --- hooks --------------------------------------------------------------------------------------


def hook_findings(report: HookReport) -> list[Finding]:
    """Judge the hooks, the folder in which git looks for them, and which program comes first."""
    findings: list[Finding] = []
    setting = report.hooks_path
    if setting is not None:
        text = f"core.hooksPath ({setting.scope}: {setting.value}) is in force: {report.folder}"
        remedy = "if nobody wants that, 'git config --unset core.hooksPath' where it is set"
        findings.append(Finding("hooks folder", ok=None, text=text, remedy=remedy))
    for hook in report.hooks:
        name = f"hook {hook.name}"
        if hook.condition is Condition.CURRENT:
            findings.append(Finding(name, ok=True, text=str(hook.path)))
        elif hook.name in report.framework_stages:
            text = f"run by pre-commit or prek ({hook.path})"
            findings.append(Finding(name, ok=True, text=text))
        elif hook.name in report.framework_stages_missing:
            text = "is named in the configuration of pre-commit or prek, but not installed"
            remedy = f"pre-commit install --hook-type {hook.name}  (or 'prek install' likewise)"
            findings.append(Finding(name, ok=False, text=text, remedy=remedy))
        else:
            text = f"{hook.path} {NOT_CURRENT[hook.condition]}"
            ok = None if hook.condition is Condition.ELSEWHERE else False
            findings.append(Finding(name, ok=ok, text=text, remedy=report.remedy))
    if report.other_program is not None:
        text = f"{report.other_program} comes first in PATH and is not this program"
        remedy = "remove it, or put this program's folder before it in PATH"
        findings.append(Finding("program", ok=False, text=text, remedy=remedy))
    return findings


def silence_findings(environment: Mapping[str, str], *, is_paused: bool) -> list[Finding]:
    """Judge what makes hooks do nothing, or do it otherwise."""
    findings: list[Finding] = []
    if is_paused:
        text, remedy = "hooks do nothing until they are resumed", "kanban-sync resume"
        findings.append(Finding("paused", ok=False, text=text, remedy=remedy))
    if environment.get("KANBAN_SYNC") == "0":
        text = "KANBAN_SYNC=0 in this environment makes hooks do nothing"
        findings.append(Finding("environment", ok=False, text=text, remedy="unset KANBAN_SYNC"))
    return findings


def state_finding(folder: Path) -> Finding:
    """Judge whether the state folder, or where it will be made, may be written."""
    return _judged("state folder", folder, barred_state(folder))


def lock_finding(lock: Path) -> Finding:
    """Judge whether the lock may be taken without which nothing is written to the board."""
    files = sorted(lock.parent.glob(f"{lock.stem}.*"))
    found = _judged("board lock", lock.parent, barred(lock.parent, files))
    return found if found.ok else replace(found, remedy=f"{found.remedy}, or {ELSEWHERE}")


def board_lock_finding(target: Target) -> Finding:
    """Judge whether there is a place for the lock of a board, and whether it may be taken."""
    try:
        return lock_finding(board_lock_path(target.id))
    except SetupError as error:
        return Finding("board lock", ok=False, text=str(error), remedy=ELSEWHERE)


def _judged(name: str, folder: Path, found: Unwritable | None) -> Finding:
    if found is None:
        return Finding(name, ok=True, text=str(folder))
    return Finding(name, ok=False, text=found.problem, remedy=found.remedy)


def watch_findings(watch: Watch | None) -> list[Finding]:
    """Judge the process that watches, if there is one."""
    if watch is None:
        return []
    if watch.is_alive:
        return [Finding("watch", ok=True, text=f"{watch} ({watch.mode})")]
    text = f"{watch} has said nothing for {watch.silent:.0f} s, so hooks do without it"
    remedy = f"let it go on (kill -CONT {watch.pid}), or end it (kill -KILL {watch.pid})"
    return [Finding("watch", ok=False, text=text, remedy=remedy)]


# --- settings and consent -----------------------------------------------------------------------


def settings_findings(
    problems: Sequence[str], committed: Sequence[str], odds: Sequence[Problem] = ()
) -> list[Finding]:
    """Judge the settings file of the work tree, and the committed one that hooks go by.

    Where they only contradict each other (``odds``), commits are synced all the same.
    """
    if problems:
        remedy = "correct these lines and commit the file"
        return [Finding("settings", ok=False, text="\n".join(problems), remedy=remedy)]
    if committed:
        text = "the committed file, which hooks go by, has problems: " + "\n".join(committed)
        remedy = "commit the corrected file on the default branch"
        return [Finding("settings", ok=False, text=text, remedy=remedy)]
    if odds:
        remedy = "correct the settings and commit them"
        return [Finding("settings", ok=None, text="\n".join(map(str, odds)), remedy=remedy)]
    return [Finding("settings", ok=True, text="no problem")]


def branch_findings(missing: str) -> list[Finding]:
    """Judge whether the default branch that the settings name is in this clone."""
    remedy = "fetch that branch, or correct the setting and commit it"
    return [Finding("branch", ok=False, text=missing, remedy=remedy)] if missing else []


def say_findings(unreadable: Sequence[Problem]) -> list[Finding]:
    """Judge what keeps branches from having a say; what is not damaged may just be under way."""
    return [
        Finding("branch", ok=False if each.fatal else None, text=str(each)) for each in unreadable
    ]


def consent_finding(named: Target | None, allowed: Target | None, draft: Target | None) -> Finding:
    """Judge whether hooks may write to the board.

    Args:
        named: What the settings name that hooks go by.
        allowed: What the user of this clone has allowed.
        draft: What the work tree's settings name.
    """
    wanted = named or allowed or draft
    if wanted is None:
        text = "no board is named: the task database alone is kept up to date"
        return Finding("consent", ok=None, text=text, remedy="kanban-sync init --url <URL>")
    if wanted != allowed:
        text = f"{wanted} is named, but you have not allowed it for this clone"
        return Finding("consent", ok=False, text=text, remedy="kanban-sync allow")
    if draft not in {None, wanted}:
        text = f"hooks write to {wanted}; the work tree's settings name {draft}"
        remedy = "commit .kanban-sync.yaml on the default branch, then 'kanban-sync allow'"
        return Finding("consent", ok=None, text=text, remedy=remedy)
    return Finding("consent", ok=True, text=str(wanted))


def _read(load: Callable[[], Settings]) -> tuple[Settings | None, tuple[str, ...]]:
    try:
        return load(), ()
    except SettingsError as error:
        return None, error.problems


# --- database and runs --------------------------------------------------------------------------


def left_findings(text: str) -> list[Finding]:
    """Judge whether anything that was done waits for a database that is named no more."""
    return [Finding("left behind", ok=False, text=text, remedy=LEFT_REMEDY)] if text else []


def refused_findings(text: str) -> list[Finding]:
    """Tell where lies what was done while the database was away, and it did not take."""
    remedy = "do again what is missed ('kanban-sync events' tells what, and why), and remove it"
    return [Finding("refused", ok=None, text=text, remedy=remedy)] if text else []


def before_findings(text: str) -> list[Finding]:
    """Tell that the clone works with another database than before, until a command has told it."""
    return [Finding("database before", ok=None, text=text)] if text else []


def sharing_findings(apart: str, command: str) -> list[Finding]:
    """Judge whether the clones of the project on this machine share a task database."""
    remedy = f"{command}, then 'kanban-sync sync' in each of these clones"
    return [Finding("clones", ok=None, text=apart, remedy=remedy)] if apart else []


def file_findings(problems: Sequence[Problem]) -> list[Finding]:
    """Judge task files that cannot be read, whose tasks stay as they were."""
    text = "\n".join(str(problem) for problem in problems if problem.fatal)
    remedy = "do what is said there and commit it"
    return [Finding("files", ok=False, text=text, remedy=remedy)] if text else []


def waiting_findings(problems: Sequence[Problem]) -> list[Finding]:
    """Tell which tasks can never begin; commits are synced all the same."""
    text = "\n".join(map(str, problems))
    remedy = "do what is said there and commit it"
    return [Finding("dependencies", ok=None, text=text, remedy=remedy)] if text else []


def run_findings(runs: Sequence[Run], target: Target | None) -> list[Finding]:
    """Judge the newest run of the task database and of the board; ``runs`` are newest first."""
    findings: list[Finding] = []
    for name, id_ in (("database", DATABASE), ("board", target.id if target else "")):
        last = next((run for run in runs if run.target == id_), None)
        if last is not None:
            findings.append(_run_finding(f"last run ({name})", last))
    return findings


def _run_finding(name: str, run: Run) -> Finding:
    if run.result == "done":
        return Finding(name, ok=True, text=f"done in {run.seconds:.1f} s")
    if run.result == "running":
        text = "is under way, or was cut off"
        return Finding(name, ok=None, text=text, remedy="kanban-sync sync --wait")
    said = f"{run.result}: {run.error}".rstrip(": ")
    if run.result == "held":
        remedy = "look with 'kanban-sync sync --dry-run', then 'kanban-sync sync --force'"
        return Finding(name, ok=False, text=said, remedy=remedy)
    return Finding(name, ok=False, text=said, remedy="kanban-sync sync")


def _pending_finding(state: StateFolder, target: Target | None) -> Finding:
    try:
        count = len(requests.pending(state, target.id if target is not None else DATABASE))
    except KanbanSyncError as error:
        remedy = "put the state folder right first"
        return Finding("pending", ok=False, text=str(error), remedy=remedy)
    if count:
        text = f"{count} requests wait for a sync, which may be under way"
        return Finding("pending", ok=None, text=text, remedy="kanban-sync sync --wait")
    return Finding("pending", ok=True, text="nothing waits for a sync")
