"""A real git repository to run tests on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ISOLATED = "GIT_CONFIG_GLOBAL"


class NotIsolatedError(RuntimeError):
    """git would have read the configuration of whoever runs the tests."""


class GitError(AssertionError):
    """A git command that a test counted on has failed."""


@dataclass(frozen=True)
class Repo:
    """A work tree (or a bare repository) at `path`, driven by the real git."""

    path: Path

    @classmethod
    def init(cls, path: Path, *options: str) -> Repo:
        """Make an empty repository at `path`, which may exist; its branch is called main."""
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path)
        repo.git("init", "--quiet", *options)
        return repo

    def git(self, *args: str | Path, env: dict[str, str] | None = None, stdin: str = "") -> str:
        """Run git here and return what it printed, without the last line feed.

        `env` is added to the environment.

        Raises:
            GitError: git said no; the message holds the command and git's words.
        """
        if ISOLATED not in os.environ:
            message = (
                f"git was called while {ISOLATED} is not set: at import time, or from a test "
                "that has emptied the environment. Call it within a test, and keep the variable."
            )
            raise NotIsolatedError(message)
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            env={**os.environ, **(env or {})},
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr + done.stdout).decode(errors="replace").strip()
            message = f"git {' '.join(map(str, args))} in {self.path}: {said}"
            raise GitError(message)
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")

    def write(self, path: str, text: str) -> Path:
        """Write a file of the work tree, making its folders; line ends are kept as given."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        return file

    def commit(self, message: str | None = None, **files: str | None) -> str:
        """Write `files` (None deletes one), commit everything, and return the commit's id.

        Without any change in the work tree the commit is empty.
        """
        return self._commit(message, files, {})

    def commit_at(self, when: int, /, message: str | None = None, **files: str | None) -> str:
        """Commit as `commit` does, with both dates at `when`, in seconds since 1970."""
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"@{when} +0000")
        return self._commit(message, files, dates)

    def _commit(
        self, message: str | None, files: Mapping[str, str | None], env: dict[str, str]
    ) -> str:
        for path, text in files.items():
            if text is None:
                (self.path / path).unlink()
            else:
                self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message or "change", env=env)
        return self.git("rev-parse", "HEAD")
