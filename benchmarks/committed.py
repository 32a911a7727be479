"""Repositories whose commits are timed, each with one kind of post-commit hook."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from measure import Subject

ROOT = Path(__file__).resolve().parents[1]
REFS = "%(if:notequals=*)%(HEAD)%(then)%(objectname) %(refname)%(end)"
PATHS = "TASKS.md openspec/changes roadmap.yaml .kanban-sync.yaml"

ONE_DIFF_TREE = f"""#!/bin/sh
git diff-tree -r --quiet --no-renames {{last}} HEAD -- {PATHS} >/dev/null 2>&1
exit 0
"""

# What the detached process stands for here: it ends at once, and says so.
ENDED = "import os; os.close(os.open({ended!r}, os.O_CREAT | os.O_WRONLY))\n"

DETACH = """\
import os
null = os.open("/dev/null", os.O_RDWR)
streams = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
os.posix_spawn({command!r}[0], {command!r}, os.environ, file_actions=streams, setsid=True)
"""


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which nobody's configuration slows git down or speeds it up."""
    config = home / "gitconfig"
    config.write_text("[user]\n\tname = b\n\temail = b@example.org\n[gc]\n\tauto = 0\n")
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PRE_COMMIT", "PYTHON"))
        and name not in {"CI", "KANBAN_SYNC"}
    }
    return {
        **clean,
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
    }


@dataclass(frozen=True)
class Timed:
    """A repository in which an empty commit is timed."""

    path: Path
    env: dict[str, str]

    @classmethod
    def make(cls, path: Path, env: dict[str, str], branches: int = 0) -> Timed:
        """Make one with two commits that differ in TASKS.md, and so many more branches."""
        repo = cls(path, env)
        path.mkdir()
        repo.git("init", "-q")
        for line in ("one", "two"):
            (path / "TASKS.md").write_text(f"- [ ] {line}\n")
            repo.git("add", ".")
            repo.git("commit", "-qm", line)
        lines = [f"create refs/heads/feature/number-{n} HEAD\n" for n in range(branches)]
        repo.git("update-ref", "--stdin", stdin="".join(lines))
        return repo

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        """Run git here."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.env,
            input=stdin,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def hook(self, text: str) -> None:
        """Put a post-commit hook in."""
        hook = self.path / ".git" / "hooks" / "post-commit"
        hook.write_text(text)
        hook.chmod(0o755)

    def one_diff_tree(self) -> None:
        """Put the floor in: a hook that asks git once and does nothing with the answer."""
        self.hook(ONE_DIFF_TREE.format(last=self.git("rev-parse", "HEAD")))

    def shim(self, python: str = sys.executable) -> None:
        """Put our shim in."""
        text = (ROOT / "hooks" / "post-commit").read_text()
        header = {"python": python, "hot": str(ROOT / "kanban_sync" / "hooks" / "hot.py")}
        for name, value in header.items():
            text = text.replace(f"\n{name}=\n", f"\n{name}={shlex.quote(value)}\n", 1)
        self.hook(text)

    def synced(self, last: str = "HEAD") -> None:
        """Leave behind what a sync of that commit leaves for the shim."""
        state = self.path / ".git" / "kanban-sync"
        (state / "seen").mkdir(parents=True)
        refs = self.git("for-each-ref", f"--format={REFS}", "refs/heads").rstrip("\n")
        commit = self.git("rev-parse", last)
        own = self.git("symbolic-ref", "HEAD")
        branches = [path for path in self.path.glob(".git/refs/heads/**/*") if path.is_file()]
        files = sum(not path.as_posix().endswith(own) for path in branches)
        told = f"last={commit}\nown={own}\nfiles={files}\nrefs='{refs}'\nset -- {PATHS}\n"
        notes = state / "seen" / "-"
        notes.write_text(told)
        # As if a while had passed since the branches were made.
        os.utime(notes, (time.time() + 1,) * 2)
        (state / "fresh").touch()
        os.utime(state / "fresh", (time.time() + 86_400,) * 2)

    def commit(self) -> None:
        """Commit nothing: what is timed."""
        command = ["git", "commit", "-q", "--allow-empty", "-m", "x"]
        subprocess.run(command, cwd=self.path, env=self.env, check=True, capture_output=True)

    def subject(self, child: Child | None = None) -> Subject:
        """Return the commit as a subject; where it starts a child, that one is waited for."""
        return Subject(self.commit, after=child.wait) if child else Subject(self.commit)


@dataclass(frozen=True)
class Child:
    """An environment whose `kanban_sync background` ends at once and says so."""

    python: str
    ended: Path

    @classmethod
    def make(cls, folder: Path) -> Child:
        """Make the environment: a link, a pyvenv.cfg and a package that stands in for ours."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        package = folder / "lib" / version / "site-packages" / "kanban_sync"
        package.mkdir(parents=True)
        child = cls(str(folder / "bin" / "python"), folder / "ended")
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(ENDED.format(ended=str(child.ended)))
        (folder / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n")
        (folder / "bin").mkdir()
        Path(child.python).symlink_to(f"{sys.base_prefix}/bin/{version}")
        return child

    def detaching_hook(self, folder: Path) -> str:
        """Return the floor: a hook that is nothing but a Python that detaches the same child."""
        command = [self.python, "-E", "-P", "-m", "kanban_sync", "background"]
        script = folder / "detach.py"
        script.write_text(DETACH.format(command=command))
        return f"#!/bin/sh\n{self.python} -I -S {script}\nexit 0\n"

    def wait(self) -> None:
        """Wait until the child has ended, so that it slows nothing that comes after it."""
        deadline = time.monotonic() + 30
        while not self.ended.exists():
            if time.monotonic() > deadline:
                message = f"The hook started nothing: {self.ended} was not written."
                raise RuntimeError(message)
            time.sleep(0.002)
        self.ended.unlink()
