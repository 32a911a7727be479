"""The demo's surroundings: a throw-away folder in which git and the hooks know no other."""

from __future__ import annotations

import os
import re
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import kanban_sync
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.sync import requests
from kanban_sync.sync.consent import allowed_target
from kanban_sync.sync.requests import DATABASE
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType, TracebackType

PATIENCE = 15.0
"""Seconds to wait for a sync that takes about one."""

LEAVING = 5.0
"""Seconds to wait at the end for processes that hooks have started."""

POLL = 0.01

# These would steer git, the hooks, or where their requests go.
STEERING = re.compile(
    r"GIT_.*|KANBAN_SYNC.*|PLANKA_.*|PRE_COMMIT.*|CI|XDG_.*|.*_PROXY", re.IGNORECASE
)

GIT_CONFIG = """\
[user]
    name = Ada
    email = ada@example.org
[init]
    defaultBranch = main
[advice]
    detachedHead = false
[gc]
    auto = 0
[maintenance]
    auto = false
"""


class InterruptedDemoError(KanbanSyncError):
    """Somebody wants the demo to end now."""

    exit_code = 130


class Stop:
    """Notes that the demo is to end, which then happens at a point where nothing is half done."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        """Note nothing yet."""
        self.is_asked = False

    def check(self) -> None:
        """Raise InterruptedDemoError if a signal has come."""
        if self.is_asked:
            raise InterruptedDemoError("the demo was stopped; nothing is left of it")

    def __enter__(self) -> Self:
        """Take the signals."""
        # What was ignored before, as under nohup, stays ignored.
        taken = (each for each in self.SIGNALS if signal.getsignal(each) != signal.SIG_IGN)
        self._former = {each: signal.signal(each, self._note) for each in taken}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for each, former in self._former.items():
            signal.signal(each, former)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked = True


class World:
    """A folder with a home, a repository and nothing else; gone when the context is left."""

    def __init__(self, stop: Stop, *, keep: bool) -> None:
        """Make the folder.

        Args:
            stop: Ends every wait.
            keep: Leave the folder behind.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="kanban-sync-demo-"))
        self.repository = self.folder / "bookshop"
        self.colleague = self.folder / "colleague"
        self.state = StateFolder(self.repository / ".git" / "kanban-sync")
        self.environment = _environment(os.environ, self.folder / "home")
        self._stop = stop
        self._keep = keep
        self._logs: set[str] = set()

    def __enter__(self) -> Self:
        """Make the home in which nobody's settings are."""
        home = self.folder / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(GIT_CONFIG, "utf-8")
        _bring_packages(home)
        self.repository.mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what hooks have started, then remove the folder."""
        deadline = time.monotonic() + LEAVING
        while not self.is_quiet() and time.monotonic() < deadline:
            time.sleep(POLL)
        if not self._keep:
            _remove(self.folder)

    # --- doing ----------------------------------------------------------------------------------

    def run(self, *call: str, folder: Path | None = None) -> float:
        """Run a command and return how many seconds it took.

        Raises:
            KanbanSyncError: It failed; with its words.
        """
        self._stop.check()
        began = time.monotonic()
        # In a session of its own Ctrl-C does not reach it: it ends, then the demo does.
        done = subprocess.run(
            call,
            cwd=folder or self.repository,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
        )
        took = time.monotonic() - began
        if done.returncode != 0:
            raise KanbanSyncError(f"'{' '.join(call)}' failed:\n{done.stdout.strip()}")
        return took

    def program(self, *arguments: str) -> float:
        """Run our own program in the repository, as the hooks will."""
        return self.run(sys.executable, "-E", "-P", "-m", "kanban_sync", *arguments)

    def commit(self, message: str, *, folder: Path | None = None) -> float:
        """Commit everything and return how many seconds ``git commit`` took."""
        self.run("git", "add", "--all", folder=folder)
        return self.run("git", "commit", "--quiet", "--message", message, folder=folder)

    def write(self, files: Mapping[str, str], *, folder: Path | None = None) -> None:
        """Write files of the work tree."""
        for name, text in files.items():
            path = (folder or self.repository) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def edit(self, name: str, old: str, new: str, *, folder: Path | None = None) -> None:
        """Replace a text that occurs once in a file of the work tree."""
        path = (folder or self.repository) / name
        text = path.read_text("utf-8")
        if text.count(old) != 1:
            raise KanbanSyncError(f"the demo's own {name} does not hold {old!r} once")
        path.write_text(text.replace(old, new), "utf-8")

    def tick(self, name: str, number: str, *, folder: Path | None = None) -> None:
        """Tick the box of a numbered task."""
        self.edit(name, f"- [ ] {number} ", f"- [x] {number} ", folder=folder)

    # --- waiting --------------------------------------------------------------------------------

    def requests(self) -> int:
        """Return how far the file of requests has grown."""
        return requests.size(self.state)

    def wait_until_synced(self) -> None:
        """Wait until every request of the hooks has been served.

        Raises:
            KanbanSyncError: That does not come; with what the sync had to say.
        """
        if not self._until(self._is_served):
            text = f"the sync behind the hook did not end within {PATIENCE:g} s{self.last_words()}"
            raise KanbanSyncError(text)

    def is_quiet(self) -> bool:
        """Tell whether every process that a hook has started has come up and done its work."""
        return self._is_served() and len(self._logs) >= self._starts()

    def last_words(self) -> str:
        """Return what the newest run wrote down, to go on after a message; '' if nothing."""
        files = [*sorted(self.state.log.glob("*.log")), self.state.log / "background.out"]
        for path in reversed(files):
            lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
            if lines:
                return f"; it said: {lines[-1]}"
        return ""

    def _until(self, come: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + PATIENCE
        while not come():
            self._stop.check()
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def _is_served(self) -> bool:
        # Noted while there are few: the older ones are removed.
        self._logs.update(path.name for path in self.state.log.glob("*.log"))
        target = allowed_target(self.state)
        return not requests.pending(self.state, target.id if target is not None else DATABASE)

    def _starts(self) -> int:
        """Return how many processes hooks have started: one for each request of theirs."""
        every = requests.read(self.state, requests.EVERY_TARGET, 0).requests
        return sum(each.cause is not requests.Cause.CLI for each in every)


def _environment(given: Mapping[str, str], home: Path) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if not STEERING.fullmatch(name)}
    folders = {
        f"XDG_{kind}_HOME": str(home / f".{kind.lower()}")
        for kind in ("CONFIG", "DATA", "STATE", "CACHE")
    }
    return {
        **kept,
        **folders,
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
    }


def _bring_packages(home: Path) -> None:
    """Let Python find this package where it was installed for one user, below the real home."""
    packages = Path(site.getusersitepackages())
    real = Path.home()
    ours = Path(kanban_sync.__file__)
    if ours.is_relative_to(packages) and packages.is_relative_to(real):
        link = home / packages.relative_to(real)
        link.parent.mkdir(parents=True)
        link.symlink_to(packages)


def _remove(folder: Path) -> None:
    """Remove a folder, also if a process that is about to end still writes into it."""
    deadline = time.monotonic() + LEAVING
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < deadline)
