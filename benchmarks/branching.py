"""A repository of many files and branches, and the bare git commands that reading it takes.

Half of the branches changed ``TASKS.md``, half an OpenSpec change; they fork off all along the
history of the default branch.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from kanban_sync import git_calls
from kanban_sync.git import GitRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

FILES = 50_000
CHANGES = 20
TASKS = 100
COMMITS = 40
"""How often the default branch ticked a task."""

EPOCH = 1_700_000_000


class Noted(GitRepository):
    """A repository that notes what it asks of git."""

    def __init__(self, path: Path) -> None:
        """Bind to a clone."""
        super().__init__(path)
        self.calls: list[tuple[Sequence[str], str]] = []
        self.blobs: dict[str, None] = {}

    def content(self, name: str) -> bytes:
        """Return the bytes of one object, and note its name."""
        self.blobs[name] = None
        return super().content(name)

    def _run(self, call: Sequence[str], lines: Iterable[str] = ()) -> str:
        said = "".join(f"{line}\n" for line in lines)
        self.calls.append((call, said))
        return super()._run(call, said.splitlines())

    def plumbing(self) -> list[tuple[Sequence[str], str]]:
        """Return all that was asked, contents last: commands with what they read."""
        names = "".join(f"{name}\n" for name in self.blobs)
        return [*self.calls, *([(git_calls.CONTENTS, names)] if names else [])]


def replay(path: Path, plumbing: Sequence[tuple[Sequence[str], str]]) -> None:
    """Ask git the same again, and read what it prints."""
    environment = {**os.environ, "GIT_DIR": str(path), "GIT_OPTIONAL_LOCKS": "0"}
    for call, said in plumbing:
        subprocess.run(
            call, input=said.encode(), cwd=path, env=environment, capture_output=True, check=False
        )


def make(path: Path, branches: int) -> None:
    """Make a bare repository with so many branches besides the default one."""
    git(path.parent, "init", "-q", "--bare", "-b", "main", str(path))
    git(path, "fast-import", "--quiet", said="".join(_history(branches)))
    # As a clone is: its objects come in one pack, its references in one file.
    git(path, "gc", "--quiet")


def git(path: Path, *arguments: str, said: str = "") -> str:
    """Run git there."""
    done = subprocess.run(
        ["git", *arguments], cwd=path, input=said, capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def _history(branches: int) -> Iterator[str]:
    files = {f"src/area-{n % 500}/file-{n}.txt": f"words of {n}\n" for n in range(FILES)}
    for number in range(CHANGES):
        folder = f"openspec/changes/change-{number:02}"
        files[f"{folder}/proposal.md"] = "## Why\n\nSomebody asked.\n\n## What Changes\n\n- a\n"
        files[f"{folder}/tasks.md"] = _change()
    files["TASKS.md"] = _tasks(0)
    yield _commit("main", "", EPOCH, files, ":1")
    for number in range(1, COMMITS):
        ticked = {"TASKS.md": _tasks(number)}
        yield _commit("main", "", EPOCH + number, ticked, f":{number + 1}")
    for number in range(branches):
        fork = number % COMMITS
        path, first, second = _work(number, fork)
        name, at = f"work/{number:03}", EPOCH + 1000 + 2 * number
        yield _commit(name, f":{fork + 1}", at, {path: first})
        yield _commit(name, "", at + 1, {path: second})


def _work(number: int, fork: int) -> tuple[str, str, str]:
    """Return which file a branch changes, and what it says after each of its two commits."""
    if number % 2:
        path = f"openspec/changes/change-{number // 2 % CHANGES:02}/tasks.md"
        line = number % 15
        ticked = _change().replace(f"[ ] 1.{line} ", f"[x] 1.{line} ")
        return path, ticked, ticked.replace(f"1.{line} Do", f"1.{line} Do, as {number} says,")
    line = COMMITS + number % (TASKS - COMMITS)
    ticked = _tasks(fork).replace(f"[ ] part {line} ", f"[x] part {line} ")
    return "TASKS.md", ticked, ticked.replace(f"part {line} ", f"part {line}, as {number} says, ")


def _tasks(done: int) -> str:
    lines = [f"- [{'x' if n < done else ' '}] part {n} of all the work\n" for n in range(TASKS)]
    return f"# Tasks\n\n{''.join(lines)}"


def _change() -> str:
    return "## 1. Work\n\n" + "".join(f"- [ ] 1.{n} Do this part well\n" for n in range(15))


def _commit(branch: str, parent: str, at: int, files: Mapping[str, str], mark: str = "") -> str:
    lines = [
        f"commit refs/heads/{branch}",
        *([f"mark {mark}"] if mark else []),
        f"committer b <b@example.org> {at} +0000",
        "data 1\nc",
        *([f"from {parent}"] if parent else []),
    ]
    for path, text in files.items():
        lines += [f"M 100644 inline {path}", f"data {len(text)}", text]
    return "\n".join(lines) + "\n"
