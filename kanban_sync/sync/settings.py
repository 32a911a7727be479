"""Which settings hold for a clone: those of the work tree, of a commit, or as init noted them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kanban_sync import config

if TYPE_CHECKING:
    from pathlib import Path

    from kanban_sync.config import Settings
    from kanban_sync.sync.state_folder import StateFolder

RECORDED = "settings.json"


class Commits(Protocol):
    """Where committed files come from."""

    def branch(self) -> tuple[str, str]:
        """Return the name and commit of the branch that is read."""
        ...

    def file_at(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of a file of a commit, None if the commit has none."""
        ...


def of_work_tree(top: Path, noted: Settings) -> Settings:
    """Return the settings of a work tree; the project id may also be the one that init noted.

    Raises:
        SettingsError: The settings file has problems; all of them are named.
    """

    def read(name: str) -> bytes | None:
        path = top / name
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None

    return _with_project(config.load(read), noted)


def of_commit(commits: Commits, noted: Settings) -> Settings:
    """Return the settings of the default branch's commit, else those that init noted.

    Raises:
        SettingsError: The settings file has problems; all of them are named.
    """
    _, commit = commits.branch()
    if not commit or commits.file_at(commit, config.SETTINGS_FILE) is None:
        return config.from_environment(noted, os.environ)
    settings = config.load(lambda name: commits.file_at(commit, name))
    return _with_project(settings, noted)


def recorded(state: StateFolder) -> Settings:
    """Return what init recorded in the state folder, the defaults if it never ran."""
    try:
        text = (state.path / RECORDED).read_text("utf-8")
        return config.from_json(json.loads(text))
    except (OSError, ValueError, TypeError, AttributeError):
        return config.Settings()


def record(state: StateFolder, settings: Settings) -> None:
    """Record the settings for hooks that find none in the default branch."""
    text = json.dumps(config.to_json(settings), indent=1)
    state.replace(state.path / RECORDED, f"{text}\n")


def _with_project(settings: Settings, noted: Settings) -> Settings:
    return replace(settings, project_id=settings.project_id or noted.project_id)
