"""A clone with our shims in it, whose python and whose background process only record."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanban_sync.git import GitRepository, locate
from kanban_sync.hooks import HOOKS, hot_path, shims
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORDER = """\
#!/bin/sh
printf '%s\\n' "$*" >>{starts}
"""

BACKGROUND = """\
import json, os, pathlib, sys, time

here = pathlib.Path({folder!r})
fds = sorted(int(name) for name in os.listdir("/dev/fd"))
(here / "began.new").write_text(json.dumps(dict(
    argv=sys.argv[1:], cwd=os.getcwd(), env=dict(os.environ), executable=sys.executable,
    fds=[fd for fd in fds if os.path.exists(f"/dev/fd/{{fd}}")], pid=os.getpid(),
    sid=os.getsid(0), streams=[os.path.realpath(f"/dev/fd/{{fd}}") for fd in (0, 1, 2)],
)))
(here / "began.new").rename(here / "began")
deadline = time.monotonic() + 60
while not (here / "gate").exists() and time.monotonic() < deadline:
    time.sleep(0.01)
(here / "ended").write_text("")
"""


def until(come: Callable[[], bool]) -> None:
    """Wait for an event; fail when it does not come within half a minute."""
    deadline = time.monotonic() + 30
    while not come():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def shells() -> list[str]:
    """List the shells of this machine that serve somewhere as `sh`."""
    return [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]


def fill(text: str, **header: str) -> str:
    """Fill the header of a shim."""
    for name, value in header.items():
        text = text.replace(f"\n{name}=\n", f"\n{name}={shlex.quote(value)}\n", 1)
    return text


@dataclass(frozen=True)
class Clone(Repo):
    """A repository with shims whose python writes down how it was started."""

    starts_file: Path

    @classmethod
    def make(cls, folder: Path) -> Clone:
        """Make a clone with one commit, recording shims and no state folder."""
        repo = Repo.init(folder / "clone")
        clone = cls(repo.path, folder / "starts")
        clone.commit(**{"TASKS.md": "- [ ] one\n", "docs/a.md": "a\n"})
        recorder = folder / "python"
        recorder.write_text(RECORDER.format(starts=shlex.quote(str(clone.starts_file))))
        recorder.chmod(0o755)
        clone.put_shims(str(recorder))
        return clone

    @property
    def hooks(self) -> Path:
        """The hooks folder that git uses unless told otherwise."""
        return self.path / ".git" / "hooks"

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.path / ".git" / "kanban-sync"

    def put_shims(self, python: str, *, folder: Path | None = None, state: str = "") -> None:
        """Put the four shims in, started with this python."""
        text = fill((shims() / "post-commit").read_text(), python=python, hot=str(hot_path()))
        folder = folder or self.hooks
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            shim = folder / name
            shim.write_text(fill(text, state=state))
            shim.chmod(0o755)

    def synced(
        self,
        *pathspecs: str,
        tree: str = "-",
        work_tree: Path | None = None,
        default: str = "",
        old: bool = True,
    ) -> None:
        """Leave behind what a successful sync of everything leaves for the shims.

        By then it was a while since any branch moved, unless they are not to be ``old``.
        """
        state = StateFolder(self.state)
        state.make()
        place = locate(work_tree or self.path)
        before = time.time() - 60
        refs = (path for path in place.common_dir.glob("refs/**/*") if path.is_file())
        trees = place.common_dir / "worktrees"
        for path in [*refs, place.common_dir / "packed-refs", trees, *trees.glob("*/HEAD")] * old:
            os.utime(path, (before, before)) if path.exists() else None
        clone = GitRepository(place.common_dir, default_branch=default)
        own, commit = clone.head_of(place.git_dir)
        watched = pathspecs or ("TASKS.md",)
        state.write_seen(tree, commit, clone.branches(own), watched, "main=c1")
        state.mark_fresh()
        clone.close()

    def fire(
        self,
        hook: str,
        *arguments: str,
        shell: str = "sh",
        env: dict[str, str] | None = None,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run one hook as git would, from the top of the work tree."""
        return subprocess.run(
            [shell, f".git/hooks/{hook}", *arguments],
            cwd=self.path,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def starts(self) -> list[str]:
        """Return the arguments of each start of python."""
        return self.starts_file.read_text().splitlines() if self.starts_file.exists() else []

    def requests(self) -> list[str]:
        """Return the requests that were noted."""
        requests = self.state / "requests"
        return requests.read_text().splitlines() if requests.exists() else []


@dataclass(frozen=True)
class Background:
    """A virtualenv whose `kanban_sync background` notes what it was given and waits for `gate`."""

    folder: Path
    python: str

    @classmethod
    def make(cls, folder: Path) -> Background:
        """Make the virtualenv: a link, a pyvenv.cfg, and a package that stands in for ours."""
        environment = folder / "environment"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        package = environment / "lib" / version / "site-packages" / "kanban_sync"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "__main__.py").write_text(BACKGROUND.format(folder=str(folder)))
        base = f"{sys.base_prefix}/bin"
        (environment / "pyvenv.cfg").write_text(f"home = {base}\n")
        (environment / "bin").mkdir()
        (environment / "bin" / "python").symlink_to(f"{base}/{version}")
        return cls(folder, str(environment / "bin" / "python"))

    def open_gate(self) -> None:
        """Let the process end, and wait until it has."""
        (self.folder / "gate").write_text("")
        until(self.has_ended)

    def has_begun(self) -> bool:
        """Tell whether the process is under way."""
        return (self.folder / "began").exists()

    def has_ended(self) -> bool:
        """Tell whether the process came to its end undisturbed."""
        return (self.folder / "ended").exists()
