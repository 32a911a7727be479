"""Which settings hold for a clone: those of the work tree, of a commit, or as init noted them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kanban_sync import config
from kanban_sync.core.errors import SettingsError
from kanban_sync.sync.watched import SETTINGS_PATHSPECS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kanban_sync.config import Settings
    from kanban_sync.sync.state_folder import StateFolder

RECORDED = "settings.json"
USED = "settings-used.json"

NO_FILE = f"{config.SETTINGS_FILE}:1: is a link or a folder, which is not read; put a file there"

MISTAKEN = (
    "correct that, and commit it if it is committed; until then tasks are worked with by the"
    " settings that served last"
)


class Commits(Protocol):
    """Where committed files come from."""

    def branch(self) -> tuple[str, str]:
        """Return the name and commit of the branch that is read."""
        ...

    def file_at(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of a file of a commit, None if the commit has none."""
        ...

    def tree(self, commit: str, pathspecs: Sequence[str]) -> dict[str, str]:
        """Return the files of a commit, links left out: path -> blob id."""
        ...


def of_work_tree(top: Path, noted: Settings) -> Settings:
    """Return the settings of a work tree; the project id may also be the one that init noted.

    Raises:
        SettingsError: The settings file has problems; all of them are named.
    """

    def read(name: str) -> bytes | None:
        path = top / name
        if path.is_file() and not path.is_symlink():
            return path.read_bytes()
        if name == config.SETTINGS_FILE and os.path.lexists(path):
            raise SettingsError([NO_FILE])
        return None

    return _with_project(config.load(read), noted)


def of_commit(commits: Commits, noted: Settings) -> Settings:
    """Return the settings of the default branch's commit, else those that init noted.

    Raises:
        SettingsError: The settings file has problems; all of them are named.
    """
    _, commit = commits.branch()
    if not commit or commits.file_at(commit, config.SETTINGS_FILE) is None:
        return config.from_environment(noted, os.environ)
    try:
        settings = config.load(lambda name: commits.file_at(commit, name))
    except SettingsError as error:
        if config.SETTINGS_FILE not in commits.tree(commit, SETTINGS_PATHSPECS):
            raise SettingsError([NO_FILE]) from error
        raise
    return _with_project(settings, noted)


def recorded(state: StateFolder) -> Settings:
    """Return what init recorded in the state folder, the defaults if it never ran."""
    return _kept(state.path / RECORDED) or config.Settings()


def record(state: StateFolder, settings: Settings) -> None:
    """Record the settings for hooks that find none in the default branch."""
    state.replace(state.path / RECORDED, _written(settings))


def used(state: StateFolder) -> Settings | None:
    """Return the settings by which the task database was last read, None if it never was."""
    return _kept(state.path / USED) or _kept(state.path / RECORDED)


def served_last(state: StateFolder, error: SettingsError, tell: Callable[[str], None]) -> Settings:
    """Return the settings that do for bad ones in work on tasks, and tell of these.

    Raises:
        SettingsError: The one given: none ever served.
    """
    last = used(state)
    if last is None:
        raise error
    tell(f"{error}; {MISTAKEN}")
    return last


def note_used(state: StateFolder, settings: Settings) -> None:
    """Note the settings by which the task database is read, unless they are noted already."""
    if _kept(state.path / USED) != settings:
        state.replace(state.path / USED, _written(settings))


def _kept(path: Path) -> Settings | None:
    try:
        return config.from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _written(settings: Settings) -> str:
    return json.dumps(config.to_json(settings), indent=1) + "\n"


def _with_project(settings: Settings, noted: Settings) -> Settings:
    return replace(settings, project_id=settings.project_id or noted.project_id)
