"""``kanban-sync init``: from a fresh clone to the first synced board."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kanban_sync import config, install
from kanban_sync.cli.agent_files import write_agent_files
from kanban_sync.cli.console import asked, confirmed, here, say, warn, yes_option
from kanban_sync.cli.install import tell
from kanban_sync.core.columns import storable
from kanban_sync.core.errors import BoardGoneError, SetupError, SignInError
from kanban_sync.core.plan_text import plan_lines
from kanban_sync.doctor import hook_findings
from kanban_sync.sync import consent
from kanban_sync.sync.runner import Outcome
from kanban_sync.sync.session import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.app import Clone
    from kanban_sync.config import Settings
    from kanban_sync.sync.consent import Target

TEMPLATE = """\
# Settings of kanban-sync; commit this file. Secrets do not belong here.

# Names this project for ever: on cards, in databases. Never change it.
project_id: {project_id}
{planka}
# Which files hold tasks; these are the defaults (globs as in git, ** crosses folders).
# sources:
#   tasks: ['**/TASKS.md', '**/_kanban.md', '.kiro/specs/*/tasks.md', 'specs/*/tasks.md',
#     '.specify/specs/*/tasks.md']
#   openspec: ['**/openspec']
#   roadmap: [roadmap.yaml, state/roadmap.yaml]
#   mission: ['**/.mosaic/orchestrator/mission.json']
#   exclude: []             # for instance ['tests/fixtures/**']
#   archived: skip          # or include: also make cards for changes archived long ago

# Which branches have a say: all live ones beside the default one, or less.
{git}
"""

GIT = """\
# git:
#   branches: live          # or default-only, or current (what is checked out)
#   default_branch: main    # found by itself if not set"""

GIT_BRANCH = """\
git:
  default_branch: {branch}  # it was checked out at init, and nothing else tells which it is
#   branches: live          # or default-only, or current (what is checked out)"""

PLANKA = """
# The board where people look; each user allows it once with 'kanban-sync allow'.
planka:
  url: {url}
  project: {project}
  board: {board}
"""

NO_PLANKA = """
# To show the tasks on a Planka board, fill this in and run 'kanban-sync allow'.
# planka:
#   url: https://planka.example.org
#   project: My project
#   board: My board
"""


@click.command("init")
@click.option("--url", help="URL of the Planka; without one only the task database is used.")
@click.option("--project", help="Name of the Planka project; the folder's name by default.")
@click.option("--board", help="Name of the board; 'Tasks' by default.")
@click.option("--no-hooks", is_flag=True, help="Do not install git hooks (pre-commit runs them).")
@click.option("--agents", is_flag=True, help="Also tell agents how: a skill, and AGENTS.md.")
@yes_option
def command(  # noqa: PLR0913 - one parameter for each option
    *,
    url: str | None,
    project: str | None,
    board: str | None,
    no_hooks: bool,
    agents: bool,
    yes: bool,
) -> None:
    """Set up this clone: settings, hooks, consent, and the first sync.

    Asks before it writes to a board. With --yes it asks nothing and takes every default; it works
    without a Planka too.
    """
    clone = here()
    settings = _settings(clone, url, project, board, yes=yes)
    _write_settings(clone, settings)
    clone.record_settings(settings)
    if agents:
        for name in write_agent_files(clone.top):
            say(f"wrote {name}; commit it, so that agents of all clones read it")
    if not no_hooks:
        tell(install.install(clone.top, clone.git_dir(clone.worktree)))
    _sync_files(clone, settings)
    target = consent.named_target(settings)
    if target is None:
        _end(clone, "the tasks follow. 'kanban-sync board' draws them", no_hooks=no_hooks)
    elif _first_board(clone, settings, target, yes=yes):
        _end(clone, f"{target} follows", no_hooks=no_hooks)


def _end(clone: Clone, follows: str, *, no_hooks: bool) -> None:
    """Say that all is ready, if hooks will fire indeed; else what is missing.

    Raises:
        SetupError: Hooks were to be installed, and are not.
    """
    findings = hook_findings(install.inspect(clone.top, clone.git_dir(clone.worktree)))
    missing = [each for each in findings if each.ok is False and each.name.startswith("hook ")]
    if not missing:
        say(f"ready: commit, and {follows}")
        return
    remedies = dict.fromkeys(each.remedy for each in missing)
    text = f"no git hook will start a sync yet. What to do: {'; '.join(remedies)}"
    if not no_hooks:
        raise SetupError(f"all but the hooks is set up: {text}")
    warn(text)


def _settings(
    clone: Clone, url: str | None, project: str | None, board: str | None, *, yes: bool
) -> Settings:
    """Return what is there already, with what is said now, and answers for the rest."""
    settings = clone.settings()
    if text := clone.missing_branch(settings):
        raise SetupError(text)
    settings = replace(
        settings,
        project_id=settings.project_id or _project_id(clone),
        planka_url=url or settings.planka_url,
        default_branch=settings.default_branch or clone.guessed_branch(settings),
    )
    if not settings.planka_url and not yes:
        answer = asked("URL of your Planka (empty for none)", "")
        settings = replace(settings, planka_url=answer.strip())
    if not settings.planka_url:
        return settings
    default_project = project or settings.planka_project or storable(clone.top.name)
    default_board = board or settings.planka_board or "Tasks"
    if not yes:
        default_project = project or asked("Project", default_project)
        default_board = board or asked("Board", default_board)
    return replace(settings, planka_project=default_project, planka_board=default_board)


def _project_id(clone: Clone) -> str:
    """Return the id under which tasks were synced before there were settings: the oldest commit's.

    Under another id the tasks would be others, and the board would get each card a second time.
    Two people who set up their clones at the same time come to the same id, too. Where the oldest
    commit is not known, the id is made up.
    """
    if clone.is_shallow:
        warn(
            "this clone is shallow, so the project gets an id that nobody else would come to;"
            " commit .kanban-sync.yaml before another clone is set up"
        )
        return secrets.token_hex(6)
    tasks = clone.tasks()
    if tasks:
        return tasks[0].key.project
    return clone.oldest_commit() or secrets.token_hex(6)


def _write_settings(clone: Clone, settings: Settings) -> None:
    """Write the settings file if there is none; a file that exists is only ever added to."""
    path = clone.top / config.SETTINGS_FILE
    if path.is_file():
        _complete(path, settings)
        return
    planka = _planka_part(settings) if settings.names_a_board else NO_PLANKA
    branch = settings.default_branch
    git = GIT_BRANCH.format(branch=_quoted(branch)) if branch else GIT
    text = TEMPLATE.format(project_id=_quoted(settings.project_id), planka=planka, git=git)
    path.write_text(text, "utf-8")
    say(f"wrote {path.name}; commit it, so that all clones use the same project id")


def _planka_part(settings: Settings) -> str:
    return PLANKA.format(
        url=_quoted(settings.planka_url),
        project=_quoted(settings.planka_project),
        board=_quoted(settings.planka_board),
    )


def _complete(path: Path, settings: Settings) -> None:
    """Add to a settings file what it does not say; what it says stays."""
    data = path.read_bytes()
    said = config.parse(data, path.name)
    named = consent.named_target(settings)
    added: list[str] = []
    if not said.project_id:
        added.append(f"project_id: {_quoted(settings.project_id)}\n")
    if named is not None and not (said.planka_url or said.planka_project or said.planka_board):
        added.append(_planka_part(settings))
    elif named is not None and _differs(said, settings):
        text = (
            f"{path.name} names another board than {named}; nothing was changed. Change it under"
            " 'planka:' and run 'kanban-sync init' again, or leave the names away"
        )
        raise SetupError(text)
    if added:
        gap = b"" if not data or data.endswith(b"\n") else b"\n"
        path.write_bytes(data + gap + "".join(added).encode())
        say(f"added to {path.name}: {', '.join(_first_word(each) for each in added)}; commit it")


def _differs(said: Settings, wanted: Settings) -> bool:
    """Whether the file names another project or board; its URL may be set by the environment."""
    pairs = (
        (said.planka_project, wanted.planka_project),
        (said.planka_board, wanted.planka_board),
    )
    return any(one and one != other for one, other in pairs)


def _first_word(part: str) -> str:
    lines = (line for line in part.splitlines() if line and not line.startswith("#"))
    return next(lines).partition(":")[0]


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar, in quotes wherever it might be read as something else."""
    if text.replace("-", "").isalpha() and text.lower() not in {"null", "true", "false", "yes"}:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sync_files(clone: Clone, settings: Settings) -> None:
    found = clone.files(settings)
    for each in found:
        say(f"found {each['path']}: {each['done']}/{each['tasks']} tasks done ({each['source']})")
        for problem in each["problems"]:
            warn(problem)
    if not found:
        say("found no task files in the commit that is read: TASKS.md or openspec/ will be noticed")
    if note := clone.unread_branch(settings):
        warn(note)
    clone.sync(None, settings, Watcher())


def _first_board(clone: Clone, settings: Settings, target: Target, *, yes: bool) -> bool:
    """Show what the board would be told, write after a yes, and tell whether it was written."""
    try:
        clone.credential(target)
    except SignInError as error:
        warn(f"{error}. Then run 'kanban-sync allow' and 'kanban-sync sync'")
        return False
    try:
        plan = clone.preview(target, settings, force=False)
    except BoardGoneError as error:
        warn(f"{error}. What was said on it is forgotten now, and it is made anew")
        if not yes and not confirmed("Make the board anew?"):
            return False
        clone.forget_board(target, settings)
        plan = clone.preview(target, settings, force=False)
    say(f"first sync of {target}:")
    if plan is not None and f"board {target.board}" in plan.missing:
        say(
            f"  no board {target.board!r} in a project {target.project!r} that this account can"
            " see: it will be made. If there is one under another name, set that name instead"
        )
    for line in plan_lines(plan) if plan else []:
        say(f"  {line}")
    if not yes and not confirmed("Write this to the board, now and after each commit?"):
        say("nothing was written to the board; 'kanban-sync allow' lets the hooks do it later")
        return False
    consent.allow(clone.state, target)
    result = clone.sync(target, settings, Watcher(), wait=True)
    if result.outcome is not Outcome.DONE:
        warn("the board was busy and is not up to date yet; run 'kanban-sync sync'")
    return True
