"""Clones of one repository that share a database, and what may happen between them, at random."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.core.ports import FilesState, Gone, SourceSettings
from kanban_sync.core.satisfying import Asked, is_strict
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.reading import read_files
from repos import GitError, Repo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kanban_sync.core.liveness import Liveness
    from kanban_sync.core.model import Task, TaskKey

PROJECT = "p1"
CHANGE = "openspec/changes/one/tasks.md"
LINES = {
    "TASKS.md": ("# Tasks", "", "- [ ] apples", "- [ ] pears", "- [ ] plums", "  - [ ] stones"),
    "v1/TASKS.md": (
        *("# Tasks", "", "## P1", ""),
        *("- [ ] Mend the roof", "  - **ID**: roof", "", "- [ ] Paint", "  - **ID**: paint", ""),
    ),
    CHANGE: ("## 1. Do", "", "- [ ] 1.1 dig", "- [ ] 1.2 sow", "- [x] 1.3 reap"),
}
WORDS = ("figs", "nuts", "limes", "dates", "grapes")


@dataclass
class Clone:
    """A clone with the database as it has it before it."""

    repo: Repo
    store: MemoryStore
    mark: str = ""
    liveness: Liveness | None = None

    def sync(self) -> None:
        """Bring what its files say into the database, as a pass does."""
        git = GitRepository(self.repo.path / ".git", liveness=self.liveness)
        try:
            known, files = self.store.filed_tasks, self.store.files()
            asked = Asked(self.mark, is_strict((self.mark, *files.marks_of_others)))
            reading = read_files(
                git, git, SOURCES, SourceSettings(), PROJECT, known, files, asked=asked
            )
        finally:
            git.close()
        if reading is not None and reading.is_new:
            gone = {
                task.key: Gone(task.status, task.status_version, task.branch)
                for task in reading.gone
            }
            self.store.merge(reading.tasks, gone, reading.files, 0.0)

    def has(self, path: str) -> bool:
        return (self.repo.path / path).exists()

    def lines(self, path: str) -> list[str]:
        return (self.repo.path / path).read_text().splitlines()


@dataclass
class Team:
    """Clones of one bare repository; the clock goes on with each commit, and is skewed in each."""

    folder: Path
    seed: int
    names: str = "abc"
    rewrites: bool = False
    clones: dict[str, Clone] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=lambda: MemoryStore(PROJECT, "nobody"))
    done: list[str] = field(default_factory=list)
    clock: int = 1_700_000_000

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.origin = Repo.init(self.folder / "origin", "--bare")
        first = Repo.init(self.folder / "first")
        for path, lines in LINES.items():
            first.write(path, "\n".join((*lines, "")))
        first.commit_at(self.clock, "first")
        first.git("push", "--quiet", str(self.origin.path), "main")
        for name in self.names:
            self.clones[name] = self.cloned(name)

    def cloned(self, name: str) -> Clone:
        self.origin.git("clone", "--quiet", str(self.origin.path), str(self.folder / name))
        return Clone(Repo(self.folder / name), self.store.of_clone(name))

    def play(self, steps: int) -> None:
        """Do something in some clone, again and again."""
        chances: dict[Callable[[str, Clone], None], int] = {
            self.commit: 5,
            self.sync: 5,
            self.push: 3,
            self.pull: 3,
            self.reset: 1,
            self.visit: 0 if self.rewrites else 1,
            self.force: 1 if self.rewrites else 0,
        }
        for _ in range(steps):
            (step,) = self.random.choices(list(chances), list(chances.values()))
            name = self.random.choice(self.names)
            self.done.append(f"{step.__name__} {name}")
            step(name, self.clones[name])

    # --- What may happen --------------------------------------------------------------------

    def commit(self, name: str, clone: Clone) -> None:
        paths = [path for path in LINES if clone.has(path)]
        if not paths or self.random.random() < 0.05:
            path = self.random.choice(list(LINES))
            clone.repo.write(path, "\n".join((*LINES[path], "")))
        else:
            path = self.random.choice(paths)
            if self.random.random() < 0.05:
                (clone.repo.path / path).unlink()
            else:
                lines = self.edited(path, clone.lines(path))
                clone.repo.write(path, "\n".join((*lines, "")))
        self.done[-1] += f" {path}"
        self.clock += self.random.choice((0, 1, 60))
        clone.repo.commit_at(self.clock + self.names.index(name) * 30, f"{name} {path}")

    def edited(self, path: str, lines: list[str]) -> list[str]:
        """Tick, reword, add, remove, move, or only write something between the lines."""
        boxes = [n for n, line in enumerate(lines) if line.startswith(("- [", "  - ["))]
        kind = self.random.choice(("tick", "tick", "word", "add", "remove", "move", "prose"))
        self.done[-1] += f" {kind}"
        at = self.random.choice(boxes) if boxes else len(lines)
        block = 3 if path.startswith("v1") else 1
        if kind == "tick" and boxes:
            ticked = lines[at].replace("[ ]", "[x]", 1)
            lines[at] = ticked if ticked != lines[at] else lines[at].replace("[x]", "[ ]", 1)
        elif kind == "word" and boxes:
            lines[at] += f" {self.random.choice(WORDS)}"
        elif kind == "remove" and boxes:
            del lines[at : at + block]
        elif kind == "move" and boxes:
            moved = lines[at : at + block]
            del lines[at : at + block]
            lines += moved
        elif kind == "prose":
            lines.insert(2, "Some words.")
            lines.insert(3, "")
        else:
            new = self.random.choice(WORDS)
            number = self.random.randrange(4, 9)
            text = {"TASKS.md": f"- [ ] {new}", CHANGE: f"- [ ] 1.{number} {new}"}
            lines.append(text.get(path, f"- [ ] {new}\n  - **ID**: {new}\n"))
        return lines

    def sync(self, _name: str, clone: Clone) -> None:
        clone.sync()

    def push(self, _name: str, clone: Clone) -> None:
        try:
            clone.repo.git("push", "--quiet", "origin", "main")
        except GitError:
            self.done[-1] += " refused"

    def force(self, _name: str, clone: Clone) -> None:
        clone.repo.git("push", "--quiet", "--force", "origin", "main")

    def pull(self, name: str, clone: Clone) -> None:
        self.clock += 1
        now = f"@{self.clock + self.names.index(name) * 30} +0000"
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), now)
        how = self.random.choice(("--rebase", "--no-rebase"))
        self.done[-1] += f" {how}"
        try:
            clone.repo.git("pull", "--quiet", how, "-X", "theirs", "origin", "main", env=dates)
        except GitError:
            self.done[-1] += " conflict"
            self.start_over(clone)

    def start_over(self, clone: Clone) -> None:
        """Give up all that was not pushed."""
        for what in ("rebase", "merge"):
            try:
                clone.repo.git(what, "--abort")
            except GitError:
                continue
        clone.repo.git("fetch", "--quiet", "origin")
        clone.repo.git("reset", "--quiet", "--hard", "origin/main")

    def reset(self, _name: str, clone: Clone) -> None:
        if int(clone.repo.git("rev-list", "--count", "HEAD")) > 1:
            clone.repo.git("reset", "--quiet", "--hard", "HEAD~1")

    def visit(self, _name: str, _clone: Clone) -> None:
        """Let a new clone sync once, and never come back."""
        self.cloned(f"visitor{len(self.done)}").sync()

    # --- What comes of it -------------------------------------------------------------------

    def settle(self) -> None:
        """Let every clone have what was pushed, and sync twice."""
        for clone in self.clones.values():
            self.start_over(clone)
        for _ in range(2):
            self.sync_all()

    def sync_all(self) -> None:
        names = list(self.names)
        self.random.shuffle(names)
        for name in names:
            self.clones[name].sync()

    def fresh(self) -> list[Task]:
        """Return what a clone by itself says that comes to know of it all only now."""
        clone = self.cloned("fresh")
        clone.store = MemoryStore(PROJECT, "fresh")
        # Who shares a database tells the version of a change's status, too.
        clone.store.of_clone("other").merge([], {}, FilesState(), 0.0)
        clone.sync()
        return clone.store.filed_tasks()

    def filed(self) -> list[Task]:
        """Return what files say, of the tasks that are in some."""
        return self.store.filed_tasks()


def _is_over(task: Task, there: Mapping[TaskKey, Task]) -> bool:
    """Whether a task is over, or what it stands below was done when it was taken out."""
    if task.status in {Status.ORPHANED, Status.DONE}:
        return True
    return task.parent is not None and there[task.parent].status is Status.DONE


def differences(team: Team) -> list[str]:
    """Return in what the database differs from what a fresh clone says."""
    fresh = {task.key: task for task in team.fresh()}
    there = {task.key: task for task in team.filed()}
    found = [f"not there: {key}" for key in fresh.keys() - there.keys()]
    for key, task in there.items():
        if key in fresh and fresh[key] != task:
            fields = [n for n in task._fields if getattr(task, n) != getattr(fresh[key], n)]
            told = [(n, getattr(task, n), getattr(fresh[key], n)) for n in fields]
            found.append(f"{key}: {told}")
        elif key not in fresh and not _is_over(task, there):
            found.append(f"still there: {key} {task.status} {task.text_version}")
    return found
