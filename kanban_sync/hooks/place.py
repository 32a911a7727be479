"""Where the hooks of a repository lie, and who else may use that folder."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.core.errors import RepositoryError, SetupError
from kanban_sync.hooks.hot import clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class HooksPath:
    """A setting of core.hooksPath that is in force."""

    value: str
    scope: str

    @property
    def shared(self) -> bool:
        """Whether the setting leads every repository of this user to the same folder."""
        absolute = self.value.startswith(("/", "~"))
        return absolute and self.scope in {"global", "system"}

    @property
    def relative(self) -> bool:
        """Whether the setting leads to another folder in each work tree."""
        return not self.value.startswith(("/", "~", "%"))

    def __str__(self) -> str:
        """Return the setting with where it was made."""
        return f"{self.scope}: {self.value}"


@dataclass(frozen=True)
class HooksPlace:
    """Where git looks for the hooks of one repository."""

    top: Path
    common: Path
    folder: Path
    hooks_path: HooksPath | None

    @property
    def inside(self) -> bool:
        """Whether the hooks folder belongs to this repository alone."""
        if self.hooks_path is not None and self.hooks_path.shared:
            return False
        homes = [self.top, self.common]
        if self.common.name == ".git":
            homes.append(self.common.parent)
        folder = self.folder.resolve()
        return any(folder.is_relative_to(home.resolve()) for home in homes)

    @property
    def is_huskys(self) -> bool:
        """Whether husky writes the hooks folder, and runs the files beside it."""
        return self.folder.name == "_" and (self.folder / "h").is_file()

    @property
    def state(self) -> str:
        """What the shim has to know of the state folder, empty where it finds it by itself."""
        if not self.inside:
            return "shared"
        beside = self.folder.resolve().parent == self.common.resolve()
        return "" if beside else str(self.common / "kanban-sync")


def find_hooks(repo: Path, git_dir: Path | None = None) -> HooksPlace:
    """Ask git where the hooks of this repository lie.

    Args:
        repo: A folder of the work tree; its top, if ``git_dir`` is given.
        git_dir: The git folder, where git would not find it from the work tree.

    Raises:
        RepositoryError: There is no repository, or nobody commits in it.
    """
    named = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(repo)} if git_dir else {}
    bare, inside, common = _git(
        repo,
        named,
        "rev-parse",
        "--is-bare-repository",
        "--is-inside-work-tree",
        "--git-common-dir",
        # A line end may be part of the folder's name.
    ).split("\n", 2)
    if bare == "true" or inside != "true":
        raise RepositoryError(
            f"{repo} is no work tree of a git repository: nobody commits there. "
            "Go to a clone with files in it, and try again."
        )
    top = Path(_git(repo, named, "rev-parse", "--show-toplevel"))
    # From the top: git answers with a path relative to where it was asked.
    folder = top / _git(top, named, "rev-parse", "--git-path", "hooks")
    common_dir = Path(os.path.normpath(repo.absolute() / common))
    return HooksPlace(top, common_dir, folder, _hooks_path(top, named))


def _hooks_path(top: Path, named: Mapping[str, str]) -> HooksPath | None:
    setting = _git(top, named, "config", "--show-scope", "--get", "core.hooksPath", unset="")
    scope, _, value = setting.partition("\t")
    return HooksPath(value, scope) if setting else None


def _git(folder: Path, named: Mapping[str, str], *arguments: str, unset: str | None = None) -> str:
    """Ask git something about the repository of a folder, whatever the caller's GIT_DIR says."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env={**clean_environment(os.environ), **named},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        raise SetupError("git was not found in PATH. Install it, and try again.") from error
    if answer.returncode == 1 and unset is not None:
        return unset
    if answer.returncode != 0:
        raise RepositoryError(
            f"{folder}: git says “{answer.stderr.strip()}”. Go to a git repository, and try again."
        )
    return answer.stdout.removesuffix("\n")
