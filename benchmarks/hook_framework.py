"""A commit through pre-commit: our entry beside a Python hook that does nothing.

Needs pre-commit in PATH or beside this Python, and a package index (both environments are built by
pre-commit, ours from a clone of this checkout).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from committed import ROOT, Timed, environment
from measure import Claim, main

FLOOR = "no-op python hook"

NO_OP = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "noop"
version = "1"
[project.scripts]
noop = "noop:main"
""",
    "noop.py": "def main():\n    return 0\n",
    ".pre-commit-hooks.yaml": """\
- id: noop
  name: noop
  entry: noop
  language: python
  stages: [post-commit]
  always_run: true
  pass_filenames: false
""",
}

CONFIGURATION = """\
repos:
- repo: {source}
  rev: v1
  hooks:
  - id: {hook}
"""


def program() -> str:
    """Find pre-commit."""
    beside = Path(sys.executable).with_name("pre-commit")
    found = str(beside) if beside.exists() else shutil.which("pre-commit")
    if found is None:
        sys.exit("pre-commit was not found. Install it beside this Python, and try again.")
    return found


def tagged(path: Path, env: dict[str, str], files: dict[str, str] | None) -> Path:
    """Make a repository with a tag, of these files or of this checkout as it is now."""
    repo = Timed.make(path, env)
    if files is None:
        checkout = Timed(ROOT, env)
        for name in checkout.git("ls-files", "-co", "--exclude-standard").splitlines():
            if (ROOT / name).exists():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, path / name, follow_symlinks=False)
    for name, text in (files or {}).items():
        (path / name).write_text(text)
    repo.git("add", "--all")
    repo.git("commit", "-qm", "all")
    repo.git("tag", "v1")
    return path


def hooked(path: Path, env: dict[str, str], source: Path, hook: str) -> Timed:
    """Make a repository whose post-commit hook is pre-commit's, with one hook configured."""
    repo = Timed.make(path, env)
    (path / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(source=source, hook=hook))
    repo.git("add", ".")
    repo.git("commit", "-qm", "hooks")
    command = [program(), "install", "-t", "post-commit", "--install-hooks"]
    built = subprocess.run(command, cwd=path, env=env, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        sys.exit(f"pre-commit could not build the environment of {hook}:\n{built.stdout}")
    return repo


def framework() -> None:
    """Measure a commit that touches no task, through pre-commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        floor = hooked(folder / "floor", env, tagged(folder / "noop", env, NO_OP), "noop")
        ours = hooked(folder / "ours", env, tagged(folder / "checkout", env, None), "kanban-sync")
        ours.synced()
        subjects = {
            "no hook": Timed.make(folder / "none", env).subject(),
            FLOOR: floor.subject(),
            "ours": ours.subject(),
        }
        main(__doc__, subjects, [Claim("ours", FLOOR, 1.3)], rounds=40)


if __name__ == "__main__":
    framework()
