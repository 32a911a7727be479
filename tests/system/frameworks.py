"""pre-commit and prek, each with an environment that it has built from this checkout."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from system.synced_clone import SyncedClone

ROOT = Path(__file__).parents[2]

STAGES = ("post-commit", "post-merge", "post-rewrite", "post-checkout")

CONFIGURATION = """\
repos:
- repo: {source}
  rev: {rev}
  hooks:
  - id: kanban-sync
"""

HOMES = {"pre-commit": "PRE_COMMIT_HOME", "prek": "PREK_HOME"}

# Read before the tests are cut off from their surroundings: how packages are got here.
_NETWORK = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
}


@dataclass(frozen=True)
class Framework:
    """A hook framework, and where it keeps the environments that it builds."""

    name: str
    home: Path
    source: str
    rev: str

    @classmethod
    def built(cls, name: str, folder: Path) -> Framework:
        """Build the environment of our hook, once for all test processes that share a folder."""
        with FileLock(folder / f"{name}.flk"):
            source = folder / f"{name}-source"
            if not source.exists():
                _tagged_clone(source)
            rev = Repo(source).git("rev-parse", "v1")
            framework = cls(name, folder / f"{name}-home", f"file://{source}", rev)
            mark = folder / f"{name}-built"
            if not mark.exists():
                framework.build(folder / f"{name}-trial")
                mark.touch()
        return framework

    @property
    def environment(self) -> dict[str, str]:
        """What the framework needs in the environment of git."""
        return {HOMES[self.name]: str(self.home)}

    def build(self, trial: Path) -> None:
        """Have the environment built, which needs the package index."""
        repo = Repo.init(trial)
        repo.commit("hooks", **{".pre-commit-config.yaml": self.configuration})
        self._call(trial, "install", "--install-hooks", "-t", "post-commit", env=_index())

    def install(self, clone: SyncedClone) -> None:
        """Let the framework run our hook in a clone, in place of git itself."""
        clone.run("uninstall").check_returncode()
        clone.write(".pre-commit-config.yaml", self.configuration)
        clone.git("add", ".pre-commit-config.yaml")
        clone.quietly("commit", "-qm", "hooks")
        types = [word for stage in STAGES for word in ("-t", stage)]
        self._call(clone.path, "install", *types)

    def install_check(self, clone: SyncedClone) -> None:
        """Let the framework also check what is committed."""
        clone.write(".pre-commit-config.yaml", f"{self.configuration}  - id: kanban-sync-check\n")
        clone.quietly("commit", "-qam", "check")
        self._call(clone.path, "install", "-t", "pre-commit")

    @property
    def configuration(self) -> str:
        """The file that both frameworks read."""
        return CONFIGURATION.format(source=self.source, rev=self.rev)

    def _call(self, cwd: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        beside = Path(sys.executable).with_name(self.name)
        program = str(beside) if beside.exists() else shutil.which(self.name)
        assert program, f"{self.name} is not installed"
        done = subprocess.run(
            [program, *arguments],
            cwd=cwd,
            env={**os.environ, **self.environment, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _tagged_clone(path: Path) -> None:
    """Make a repository of this checkout as it is now, with a tag."""
    repo = Repo.init(path)
    listed = Repo(ROOT).git("ls-files", "-z", "-co", "--exclude-standard")
    for name in listed.split("\0"):
        source = ROOT / name
        if name.startswith(("tests/", "benchmarks/")) or not (name and os.path.lexists(source)):
            continue
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, path / name, follow_symlinks=False)
    repo.commit("all")
    repo.git("tag", "v1")


def _index() -> dict[str, str]:
    """Return how to get packages here: as the user of this machine has set it."""
    # As pip takes them: all indexes are equal.
    settings = {**_NETWORK, **_pip_settings(), "UV_INDEX_STRATEGY": "unsafe-best-match"}
    # What a hook loads is compiled when it does. To pip, "0" says that there is to be no compiling.
    settings["PIP_NO_COMPILE"] = "0"
    for pip, uv in _UV.items():
        value = os.environ.get(pip) or settings.get(pip)
        if value:
            settings[uv] = value
    return settings


def _pip_settings() -> dict[str, str]:
    """Return pip's settings of the user, whose home the tests do not see."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    call = [sys.executable, "-m", "pip", "config", "list"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    done = subprocess.run(
        call, env={**env, "HOME": str(home)}, capture_output=True, text=True, check=False
    )
    settings: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in {"global", "install"}:
            words = value.strip("'\"").replace("\\n", " ").split()
            settings[f"PIP_{key.upper().replace('-', '_')}"] = " ".join(words)
    return settings
