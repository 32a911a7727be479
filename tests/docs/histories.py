"""Short histories of a repository, as the documents tell them: replayed with git, and synced.

A line is ``[@person] [branch:] deed``. What deeds there are, ``DEEDS`` says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.config import Settings
from kanban_sync.core.columns import LISTS
from kanban_sync.core.liveness import Liveness
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.engine import Engine
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.runner import Progress
from kanban_sync.sync.session import Doors, Session
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanban_sync.core.board import SeenCard

PROJECT = "p1"
TARGET = "0123456789abcdef"
START = 1_700_000_000
MINUTE = 60
DAY = 86400

PLAIN = "TASKS.md"
BLOCKS = "v1/TASKS.md"
ROADMAP = "roadmap.yaml"
CHANGES = "openspec/changes"
ARCHIVE = f"{CHANGES}/archive"
BOX = r"- \[[ x]\] (?:\d+\.\d+ )?"

_LINE = re.compile(r"(?:@(?P<person>\w+) )?(?:(?P<place>[\w/-]+): )?(?P<deed>.+)")


@dataclass
class Person:
    """Somebody's clone and its further work trees; ``skew`` is how wrong the clock goes."""

    repo: Repo
    trees: dict[str, Repo] = field(default_factory=dict)
    skew: int = 0

    def at(self, place: str) -> Repo:
        """Return the work tree that has a branch checked out; it is switched to if none has."""
        for name, tree in self.trees.items():
            if place in {name, tree.git("branch", "--show-current")}:
                return tree
        if place not in {"", "HEAD", self.repo.git("branch", "--show-current")}:
            self.repo.git("switch", "--quiet", place)
        return self.repo


@dataclass
class Habit:
    """When people sync: the board that comes of it, and each clone's task database.

    With ``after_each_line`` whoever did something syncs at once, as hooks see to it; else only
    where a history says so.
    """

    name: str
    after_each_line: bool
    board: MemoryBoard = field(default_factory=MemoryBoard)
    stores: dict[str, MemoryStore] = field(default_factory=dict)

    def sync(self, repo: Repo, now: int) -> None:
        """Do one pass in a clone."""
        common = repo.path / ".git"
        liveness = Liveness(now=now)
        store = self.stores.setdefault(repo.path.name, MemoryStore(PROJECT))
        doors = Doors(
            open_session=lambda _: Session(
                Settings(project_id=PROJECT),
                PROJECT,
                GitRepository(common, liveness=liveness),
                store,
            ),
            open_board=lambda _: self.board,
            sources=SOURCES,
            now=lambda: now,
        )
        engine = Engine(StateFolder(common / self.name), common, TARGET, doors, Progress())
        served = [Request(TARGET, Cause.CLI, "-")]
        engine.database(served)
        engine.board(served)

    def drawn(self) -> str:
        """Draw the board: the lists that hold cards, side by side, each in the order of titles."""
        cards = [card for card in self.board.cards.values() if not card.archived]
        cards.sort(key=lambda card: card.title)
        columns = [
            [column.value, "─" * len(column.value), *lines]
            for column in LISTS
            if (lines := [line for card in cards if card.column is column for line in _lines(card)])
        ]
        widths = [max(map(len, column)) for column in columns]
        rows = zip_longest(*columns, fillvalue="")
        return "\n".join(
            "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )


class World:
    """All clones of a repository, and the board that they share, synced in one habit or another."""

    def __init__(self, folder: Path) -> None:
        """Begin with an empty repository of one person, and boards without cards."""
        self.folder = folder
        self.habits = (
            Habit("always", after_each_line=True),
            Habit("seldom", after_each_line=False),
        )
        self.clock = START
        self.people = {"": Person(Repo.init(folder / "ours"))}
        self._who = self.people[""]
        self._tree = self._who.repo
        self._place = ""

    # --- the history --------------------------------------------------------------------------

    def replay(self, history: str) -> None:
        """Do what a history says; all sync where it has an empty line, and twice at its end."""
        for line in history.splitlines():
            if not line.strip():
                self._sync_all()
                continue
            self.do(line)
            for habit in self.habits:
                if habit.after_each_line:
                    habit.sync(self._who.repo, self.clock)
        for _ in range(2):
            self._sync_all()

    def _sync_all(self) -> None:
        for person in self.people.values():
            for habit in self.habits:
                habit.sync(person.repo, self.clock)

    def do(self, line: str) -> None:
        """Do what one line says, a minute after the last one."""
        said = _parsed(line)
        self.clock += MINUTE
        self._who = self.people[said["person"]]
        self._place = said["place"]
        is_there = deed_of(line) not in BEGINNINGS
        self._tree = self._who.at(self._place) if is_there else self._who.repo
        self._deed(said["deed"])

    def _deed(self, said: str) -> None:
        phrase, values = _matched(said)
        DEEDS[phrase](self, *values)

    def _git(self, *args: str | Path) -> str:
        when = f"@{self.clock + self._who.skew} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "GIT_EDITOR": "true"}
        return self._tree.git(*args, env=dates)

    def _commit(self, *options: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "change", *options)

    # --- what a commit changes ----------------------------------------------------------------

    def _append(self, path: str, begin: str, text: str) -> None:
        file = self._tree.path / path
        before = file.read_text() if file.exists() else begin
        self._tree.write(path, before + text)

    def add(self, titles: str) -> None:
        self._append(PLAIN, "# Tasks\n", "".join(f"\n- [ ] {title}\n" for title in _list(titles)))
        self._commit()

    def add_blocks(self, titles: str) -> None:
        blocks = (f"\n- [ ] {title}\n  - **ID**: {title}\n" for title in _list(titles))
        self._append(BLOCKS, "# Tasks\n\n## P1\n", "".join(blocks))
        self._commit()

    def add_roadmap(self, titles: str) -> None:
        tasks = (f"  - id: {each}\n    title: {each}\n    status: open\n" for each in _list(titles))
        self._append(ROADMAP, "tasks:\n", "".join(tasks))
        self._commit()

    def add_change(self, change: str, titles: str) -> None:
        numbered = enumerate(_list(titles), 1)
        text = "".join(f"\n- [ ] 1.{number} {title}\n" for number, title in numbered)
        self._append(f"{CHANGES}/{change}/tasks.md", "## 1. Work\n", text)
        self._commit()

    def _edit(self, title: str, pattern: str, to: str) -> None:
        """Replace what a pattern finds in the one file that has the task."""
        for path in self._git("ls-files").splitlines():
            if (self._tree.path / path).is_file():
                text = (self._tree.path / path).read_text()
                new, count = re.subn(pattern, to, text, flags=re.MULTILINE)
                if count:
                    self._tree.write(path, new)
                    return
        message = f"no {title} at {self._git('status', '--branch', '--short')}"
        raise AssertionError(message)

    def tick(self, title: str) -> None:
        self._mark(title, " ", "x")

    def untick(self, title: str) -> None:
        self._mark(title, "x", " ")

    def _mark(self, title: str, old: str, new: str) -> None:
        words = {" ": "open", "x": "done"}
        line = rf"(- \[){old}(\] (?:\d+\.\d+ )?{title}$)"
        entry = rf"(title: {title}\n    status: ){words[old]}()$"
        try:
            self._edit(title, line, rf"\g<1>{new}\g<2>")
        except AssertionError:
            self._edit(title, entry, rf"\g<1>{words[new]}\g<2>")
        self._commit()

    def reword(self, old: str, new: str) -> None:
        self._edit(old, rf"^({BOX}){old}$", rf"\g<1>{new}")
        self._commit()

    def remove(self, title: str) -> None:
        self._edit(title, rf"^{BOX}{title}\n(?:  .*\n)*\n?", "")
        self._commit()

    def remove_change(self, change: str) -> None:
        self._git("rm", "--quiet", "-r", f"{CHANGES}/{change}")
        self._commit()

    def archive(self, change: str) -> None:
        self.move(f"{CHANGES}/{change}", f"{ARCHIVE}/2026-01-01-{change}")

    def unarchive(self, change: str) -> None:
        self.move(f"{ARCHIVE}/2026-01-01-{change}", f"{CHANGES}/{change}")

    def rename_change(self, old: str, new: str) -> None:
        self.move(f"{CHANGES}/{old}", f"{CHANGES}/{new}")

    def move(self, old: str, new: str) -> None:
        (self._tree.path / new).parent.mkdir(parents=True, exist_ok=True)
        self._git("mv", old, new)
        self._commit()

    def break_file(self, path: str) -> None:
        self._tree.write(path, "tasks: [\n" if path == ROADMAP else "")
        self._commit()

    # --- what git does ------------------------------------------------------------------------

    def begin(self, commit: str) -> None:
        self._git("switch", "--quiet", "--create", self._place, commit)

    def orphan(self) -> None:
        self._git("switch", "--quiet", "--orphan", self._place)

    def amend(self, deed: str) -> None:
        self._deed(deed)
        self._git("reset", "--quiet", "--soft", "HEAD~1")
        self._commit("--amend")

    def merge(self, name: str) -> None:
        self._git("merge", "--quiet", "--no-edit", "-X", "find-renames=30%", name)

    def merge_unrelated(self, name: str) -> None:
        self._git("merge", "--quiet", "--no-edit", "--allow-unrelated-histories", name)

    def squash(self, name: str) -> None:
        self._git("merge", "--quiet", "--squash", name)
        self._commit()

    def rebase(self, onto: str) -> None:
        self._git("rebase", "--quiet", onto)

    def pick(self, commit: str) -> None:
        self._git("cherry-pick", commit)

    def revert(self, commit: str) -> None:
        self._git("revert", "--no-edit", commit)

    def reset(self, commit: str) -> None:
        self._git("reset", "--quiet", "--hard", commit)

    def switch(self, name: str) -> None:
        self._git("switch", "--quiet", name)

    def detach(self, commit: str) -> None:
        self._git("switch", "--quiet", "--detach", commit)

    def delete(self, name: str) -> None:
        if self._git("branch", "--show-current") == name:
            self._git("switch", "--quiet", "main")
        self._git("branch", "--quiet", "-D", name)

    def rename(self, old: str, new: str) -> None:
        self._git("branch", "--move", old, new)

    def work_tree(self, name: str, commit: str) -> None:
        self._git("worktree", "add", "--quiet", "--detach", self.folder / name, commit)
        self._who.trees[name] = Repo(self.folder / name)

    def work_tree_of(self, name: str, branch: str) -> None:
        self._git("worktree", "add", "--quiet", self.folder / name, branch)
        self._who.trees[name] = Repo(self.folder / name)

    def remove_work_tree(self, name: str) -> None:
        del self._who.trees[name]
        self._git("worktree", "remove", "--force", self.folder / name)

    def add_submodule(self, name: str, titles: str) -> None:
        tree, self._tree = self._tree, Repo.init(self.folder / name)
        self.add(titles)
        self._tree = tree
        self._git("submodule", "--quiet", "add", self.folder / name, name)
        self._commit()

    # --- several clones -----------------------------------------------------------------------

    @property
    def _origin(self) -> str:
        return f"file://{self.folder}/origin"

    def publish(self) -> None:
        origin = Repo.init(self.folder / "origin", "--bare")
        origin.git("config", "uploadpack.allowFilter", "true")
        self._git("remote", "add", "origin", self._origin)
        self._git("push", "--quiet", "--set-upstream", "origin", "main")
        self._git("remote", "set-head", "origin", "main")

    def clone(self, name: str, *options: str) -> None:
        self._git("clone", "--quiet", *options, self._origin, self.folder / name)
        self._who = self.people[name] = Person(Repo(self.folder / name))

    def shallow_clone(self, name: str) -> None:
        self.clone(name, "--depth", "1")

    def partial_clone(self, name: str) -> None:
        self.clone(name, "--filter", "blob:none")

    def slow_clock(self) -> None:
        self._who.skew = -60 * MINUTE

    def fetch(self) -> None:
        self._git("fetch", "--quiet", "--prune", "origin")

    def pull(self) -> None:
        self._git("pull", "--quiet", "--no-rebase", "--no-edit")

    def pull_rebase(self) -> None:
        self._git("pull", "--quiet", "--rebase")

    def push(self) -> None:
        self._git("push", "--quiet", "--set-upstream", "origin", "HEAD")

    def force_push(self) -> None:
        self._git("push", "--quiet", "--force", "--set-upstream", "origin", "HEAD")

    def wait(self, days: str) -> None:
        self.clock += int(days) * DAY


def deed_of(line: str) -> str:
    """Return the phrase of ``DEEDS`` that a line of a history follows."""
    return _matched(_parsed(line)["deed"])[0]


def _parsed(line: str) -> dict[str, str]:
    found = _LINE.fullmatch(line)
    assert found, line
    return found.groupdict("")


def _matched(said: str) -> tuple[str, tuple[str, ...]]:
    for phrase, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(said):
            return phrase, found.groups()
    message = f"no such deed: {said}"
    raise AssertionError(message)


def _lines(card: SeenCard) -> list[str]:
    items = [item for each in card.checklists for item in each.items]
    return [card.title, *(f"  {'☑' if item.done else '☐'} {item.text}" for item in items)]


def _list(titles: str) -> list[str]:
    return titles.split(", ")


DEEDS: dict[str, Callable[..., None]] = {
    "from <commit>": World.begin,
    "orphan": World.orphan,
    "add change <change>: <tasks>": World.add_change,
    "add blocks <tasks>": World.add_blocks,
    "add to roadmap <tasks>": World.add_roadmap,
    "add submodule <name>: <tasks>": World.add_submodule,
    "add work tree <name> of <branch>": World.work_tree_of,
    "add work tree <name> at <commit>": World.work_tree,
    "remove work tree <name>": World.remove_work_tree,
    "add <tasks>": World.add,
    "tick <task>": World.tick,
    "untick <task>": World.untick,
    "reword <task> -> <words>": World.reword,
    "remove change <change>": World.remove_change,
    "remove <task>": World.remove,
    "archive <change>": World.archive,
    "unarchive <change>": World.unarchive,
    "rename change <change> -> <name>": World.rename_change,
    "move <file> -> <file>": World.move,
    "break <file>": World.break_file,
    "amend with <deed>": World.amend,
    "merge unrelated <branch>": World.merge_unrelated,
    "merge <branch>": World.merge,
    "squash <branch>": World.squash,
    "rebase onto <branch>": World.rebase,
    "pick <commit>": World.pick,
    "revert <commit>": World.revert,
    "reset to <commit>": World.reset,
    "switch to <branch>": World.switch,
    "detach at <commit>": World.detach,
    "delete <branch>": World.delete,
    "rename <branch> -> <branch>": World.rename,
    "publish": World.publish,
    "shallow clone for <person>": World.shallow_clone,
    "partial clone for <person>": World.partial_clone,
    "clone for <person>": World.clone,
    "clock an hour slow": World.slow_clock,
    "fetch": World.fetch,
    "pull --rebase": World.pull_rebase,
    "pull": World.pull,
    "push --force": World.force_push,
    "push": World.push,
    "<number> days later": World.wait,
}

BEGINNINGS = {"from <commit>", "orphan"}
"""Deeds that make the branch at which they happen."""

_PATTERNS = {phrase: re.compile(re.sub(r"<\w+>", "(.+)", phrase)) for phrase in DEEDS}
