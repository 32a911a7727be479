"""A clone with two work trees and a task file of every dialect, beside the model of it."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.agents.born import NewTask
from kanban_sync.agents.work import ALONE
from kanban_sync.app import Clone
from kanban_sync.core.errors import EditError, WorkError
from kanban_sync.core.model import Status
from kanban_sync.databases import SqliteFile
from kanban_sync.sync.session import Watcher
from kanban_sync.sync.state_folder import StateFolder
from repos import GitError, Repo
from sync.hunt.by_hand import EVERY, PLAIN, UNUSED, Dialect, Told, name_in
from sync.hunt.killed import is_killed
from sync.hunt.two_way_model import Lost, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from kanban_sync.agents.work import Work
    from kanban_sync.core.model import Task
    from kanban_sync.databases import TaskDatabase

PROJECT = "shop"
GIT = "git: {default_branch: main, branches: default-only}"
SETTINGS = f"project_id: {PROJECT}\n{GIT}\nsources:\n  add_to: TASKS.md\n"
MAIN, SECOND = "one", "two"
CLAIMS, BRIEF = ("claim", "lapse"), 1e-6
"""An agent that claims a task, and one whose lease runs out at once."""
WORK = "SELECT source || ':' || name, agent, assignee_before FROM tasks WHERE token > 0"
KEPT = ("tasks", "tips", "slots", "projects", "events", "needs")
"""What of the database a sync without news has to leave as it is."""


def make_template(folder: Path) -> None:
    """Make the clone of which each world is a copy."""
    one = Repo.init(folder / MAIN)
    files = {path: text for each in EVERY for path, text in each.beside.items()}
    files |= {each.path: each.text for each in EVERY}
    one.commit("Begin", **{".kanban-sync.yaml": SETTINGS}, **files)
    one.git("branch", "feature")
    one.git("worktree", "add", "--quiet", "-b", "side", str(folder / SECOND))


class Deed(NamedTuple):
    """What an agent does to a task."""

    verb: str
    status: Status
    agent: str

    def carry_out(self, work: Work, key: str) -> None:
        """Do it, as the command line does."""
        if self.verb in CLAIMS:
            work.claim(key, self.agent, BRIEF if self.verb == "lapse" else ALONE)
        elif self.verb == "release":
            work.release(key, self.agent)
        elif self.verb == "done":
            work.finish(key, Status.DONE, self.agent)
        elif self.verb == "assign":
            work.set(key, self.agent, assignee=self.agent)
        else:
            work.set(key, self.agent, self.status, force=self.verb == "force")

    def ends(self, before: Told, agreed: list[Told]) -> set[Status]:
        """Return what a task may be afterwards."""
        return {
            "claim": {Status.IN_PROGRESS},
            "lapse": {Status.IN_PROGRESS},
            "release": {Status.TODO, *(each.status for each in agreed)},
            "done": {Status.DONE},
            "assign": {before.status},
        }.get(self.verb, {self.status})


class World:
    """The clone, what may be done in it, and what has to come of it."""

    def __init__(self, template: Path, folder: Path) -> None:
        shutil.copytree(template, folder, symlinks=True)
        self.folder = folder
        link = folder / MAIN / ".git/worktrees" / SECOND
        (link / "gitdir").write_text(f"{folder / SECOND / '.git'}\n")
        (folder / SECOND / ".git").write_text(f"gitdir: {link}\n")
        self.trees = {name: Repo(folder / name) for name in (MAIN, SECOND)}
        self.model = Model()
        self.keys: dict[str, str] = {}
        self.claimed: dict[str, list[Told]] = {}
        self.count = 0
        self.is_well = True
        self.holders: dict[str, str] = {}
        self._committed: tuple[str, dict[str, tuple[Dialect, Told]]] = ("", {})

    # --- looking ------------------------------------------------------------------------------

    def text(self, tree: str, dialect: Dialect) -> str:
        return (self.folder / tree / dialect.path).read_text(encoding="utf-8")

    def files(self, tree: str) -> dict[str, tuple[Dialect, Told]]:
        """Return what the files of a work tree say."""
        return _said({each: self.text(tree, each) for each in EVERY})

    def tip(self) -> str:
        """Return the commit of the default branch."""
        return (self.folder / MAIN / ".git/refs/heads/main").read_text().strip()

    def committed(self) -> dict[str, tuple[Dialect, Told]]:
        """Return what the default branch says."""
        tip = self.tip()
        if self._committed[0] != tip:
            self._committed = (tip, _said(self.committed_files(MAIN, tip)))
        return self._committed[1]

    def clone(self, tree: str) -> Clone:
        """Open the clone as each command does, from one of its work trees."""
        return Clone.at(self.folder / tree)

    def database(self) -> TaskDatabase:
        """Return the task database, as somebody sees it who only reads."""
        state = StateFolder(self.folder / MAIN / ".git/kanban-sync")
        return SqliteFile(state.path / "tasks.db", state)

    def tasks(self) -> dict[str, Task]:
        """Return the tasks of the database by name; none may be there twice."""
        found: dict[str, Task] = {}
        store = self.database().look(PROJECT)
        if store is None:
            return found
        with contextlib.closing(store):
            tasks = store.tasks()
        for task in tasks:
            name = name_in(task.title)
            if name:
                assert name not in found, f"{task.key} and {found[name].key} are one task"
                found[name] = task
        return found

    def _has_read(self) -> bool:
        """Whether the database says that it holds what the default branch says now."""
        store = self.database().look(PROJECT)
        if store is None:
            return False
        with contextlib.closing(store):
            return self.tip() in store.files().tips.values()

    # --- what git and people do ---------------------------------------------------------------

    def edit(self, tree: str, dialect: Dialect, change: Callable[[str], str]) -> None:
        place = self.folder / tree / dialect.path
        place.write_text(change(self.text(tree, dialect)), encoding="utf-8")

    def fresh_name(self) -> tuple[str, int]:
        """Return a name that no task has had, and a number."""
        self.count += 1
        return UNUSED[self.count - 1], 100 + self.count

    def git(self, tree: str, *arguments: str) -> bool:
        """Run git; tell whether it did as it was told."""
        try:
            self.trees[tree].git(*arguments)
        except GitError:
            return False
        return True

    def commit(self, tree: str) -> None:
        self.git(tree, "commit", "--quiet", "--all", "--message", "change")

    def merge(self, tree: str, other: str, side: str) -> None:
        """Merge a branch; where git cannot, or makes one task of two, one side is taken whole."""
        before = self.committed_files(tree, "HEAD")
        theirs = self.committed_files(tree, other)
        if self.git(tree, "merge", "--quiet", "--no-edit", "--no-commit", other) is False and (
            not (self._git_dir(tree) / "MERGE_HEAD").exists()
        ):
            return
        if not (self._git_dir(tree) / "MERGE_HEAD").exists():
            return
        for dialect in EVERY:
            if not _is_whole(dialect, self.text(tree, dialect), before, theirs):
                self.git(tree, "checkout", f"--{side}", "--", dialect.path)
                if not _is_whole(dialect, self.text(tree, dialect), before, theirs):
                    chosen = before if side == "ours" else theirs
                    self.edit(tree, dialect, lambda _, d=dialect, c=chosen: c[d])  # type: ignore[misc]
        self.trees[tree].git("commit", "--quiet", "--all", "--no-edit")

    def committed_files(self, tree: str, commit: str) -> dict[Dialect, str]:
        names = "".join(f"{commit}:{each.path}\n" for each in EVERY)
        rest = (self.trees[tree].git("cat-file", "--batch", stdin=names) + "\n").encode()
        texts: dict[Dialect, str] = {}
        for each in EVERY:
            head, _, rest = rest.partition(b"\n")
            size = int(head.split()[2])
            texts[each] = rest[:size].decode()
            rest = rest[size + 1 :]
        return texts

    def _git_dir(self, tree: str) -> Path:
        top = self.folder / MAIN / ".git"
        return top if tree == MAIN else top / "worktrees" / tree

    # --- what the program does ----------------------------------------------------------------

    @contextlib.contextmanager
    def _step(self) -> Iterator[None]:
        """Remember what went wrong: nothing that comes of it has to be looked at."""
        self.is_well = False
        yield
        self.is_well = True

    def sync(self, tree: str, killed_at: int | None = None) -> None:
        """Sync in the foreground, whole or until it is killed."""
        with self._step():
            self._sync(tree, killed_at)

    def _sync(self, tree: str, killed_at: int | None) -> None:
        before = self._bytes()

        def call() -> None:
            clone = self.clone(tree)
            clone.sync(None, clone.settings(), Watcher())

        assert self._is_killed(call, killed_at) or self._has_read()
        assert self._bytes() == before, "a sync wrote a task file"
        self.check()

    def write_files(self, tree: str, killed_at: int | None = None) -> None:
        """Write into a work tree what the database has, whole or until it is killed."""
        with self._step():
            self._write_files(tree, killed_at)

    def _write_files(self, tree: str, killed_at: int | None) -> None:
        before = self.files(tree)
        shared = self._shared(tree)

        def call() -> None:
            with self.clone(tree).work() as work:
                work.write_files()

        is_whole = not self._is_killed(call, killed_at)
        self.check()
        after = self.files(tree)
        for name, (_, told) in before.items():
            began = [shared[name][1]] if name in shared else []
            if name not in self.model.database or not (
                self.model.is_ahead(name) or self.model.is_behind(name, began)
            ):
                assert after[name][1] == told, name
                continue
            # What a claim has left there is no edit.
            left = [told] if told in self.claimed.get(name, []) else []
            known = [*self.model.known(name), *began, *left]
            self._check_written(name, told, after, known, is_whole=is_whole)

    def _shared(self, tree: str) -> dict[str, tuple[Dialect, Told]]:
        """Return what the last commit of a work tree says that the default branch has, too."""
        commit = self.trees[tree].git("merge-base", "HEAD", "main").strip()
        return _said(self.committed_files(tree, commit))

    def add(self, tree: str, name: str, killed_at: int | None = None) -> None:
        """Let an agent add a task, which is written into the file for new ones and not committed.

        Until somebody commits it, the database alone has it.
        """
        with self._step():
            self._add(tree, name, killed_at)

    def _add(self, tree: str, name: str, killed_at: int | None) -> None:
        before, is_there = self.text(tree, PLAIN), name in self.model.database

        def call() -> None:
            with contextlib.suppress(WorkError), self.clone(tree).work() as work:
                work.add(NewTask(name))

        is_whole = not self._is_killed(call, killed_at)
        if is_there:
            assert not is_whole or self.text(tree, PLAIN) == before, "refused, and written"
        elif name in self.tasks():
            self.model.dialects[name] = PLAIN
            self.model.database[name] = Told(Status.TODO)
            assert self.files(tree)[name][1] == Told(Status.TODO)
        else:
            assert not is_whole
        self.check()

    def _is_killed(self, call: Callable[[], object], killed_at: int | None) -> bool:
        """Run a call, whole or until it is killed; whatever it came to, what it read counts."""
        is_killed_now = killed_at is not None and is_killed(call, killed_at)
        if killed_at is None:
            call()
        if not is_killed_now or self._has_read():
            self.model.read(self.committed(), self._ended())
        return is_killed_now

    def _ended(self) -> dict[str, set[str]]:
        """Return who had claimed a task before the last deed, and had it no more."""
        return {
            name: {each.assignee for each in claims} - {self.holders.get(name, "")}
            for name, claims in self.claimed.items()
        }

    def _note_claims(self) -> None:
        """Note who has which task, and for whom those are that somebody had."""
        names = {key: name for name, key in self.keys.items()}
        place = self.folder / MAIN / ".git/kanban-sync/tasks.db"
        with contextlib.closing(sqlite3.connect(place)) as db:
            rows = db.execute(WORK).fetchall()
        found = [(names[key], *rest) for key, *rest in rows if key in names]
        self.holders = {name: agent for name, agent, _ in found if agent}
        self.model.before = {
            name: before for name, agent, before in found if before is not None and not agent
        }

    def set_in_file(self, tree: str, name: str, status: Status) -> None:
        """Let a person set a status in a file by the key that the database has."""
        with self._step():
            before, rows = self.files(tree), self._rows()
            try:
                said = self.clone(tree).editor().set(self.keys[name], status)
            except EditError:
                assert self.files(tree) == before
                return
            after = self.files(tree)
            assert {**before, name: None} == {**after, name: None}
            assert said.change == "removed" or after[name][1].status is status
            assert self._rows() == rows

    def work(self, tree: str, name: str, deed: Deed, killed_at: int | None = None) -> None:
        """Let an agent do something, as the command line does; or a part of it."""
        with self._step():
            self._work(tree, name, deed, killed_at)

    def _work(self, tree: str, name: str, deed: Deed, killed_at: int | None) -> None:
        files = self.files(tree)
        last = _said(self.committed_files(tree, "HEAD"))
        committed = [last[name][1]] if name in last else []
        key = self.keys[name]

        def call() -> None:
            with contextlib.suppress(WorkError), self.clone(tree).work() as work:
                deed.carry_out(work, key)

        is_whole = not self._is_killed(call, killed_at)
        before = self.model.database[name]
        task = self.tasks()[name]
        now = Told(task.status, task.assignee)
        agreed = self.model.known(name)
        wanted = deed.ends(before, agreed)
        assert now == before or now.status in wanted
        names = {each.assignee for each in agreed}
        assert now.assignee in {before.assignee, deed.agent, "", *names}
        self._note_claims()
        if deed.verb in CLAIMS and self.holders.get(name) == deed.agent:
            self.claimed.setdefault(name, []).append(Told(Status.IN_PROGRESS, deed.agent))
        self.model.database[name] = now
        self.check()
        after = self.files(tree)
        others = {each: said for each, said in files.items() if each != name}
        assert others == {each: said for each, said in after.items() if each != name}
        if name in files:
            known = [*agreed, before, *self.claimed.get(name, []), *committed]
            is_done = is_whole and now != before
            self._check_written(name, files[name][1], after, known, is_whole=is_done)

    def _check_written(
        self,
        name: str,
        before: Told,
        after: Mapping[str, tuple[Dialect, Told]],
        known: list[Told],
        *,
        is_whole: bool,
    ) -> None:
        """Check that a file says what the database has; or as before, where somebody edited it."""
        dialect, now = self.model.dialects[name], self.model.database[name]
        given = {each.assignee for each in [*known, now]}
        agreed = [each for each in self.model.known(name) if each.status is Status.TODO]
        if dialect.removes_done and agreed and before.assignee in given - {"", agreed[0].assignee}:
            # Its name alone says that it has begun.
            known = [*known, before]
        statuses, names = ({each[part] for each in known} for part in (0, 1))
        if name not in after:
            assert dialect.removes_done
            assert now.status is Status.DONE
            assert before.status in statuses
            return
        said = after[name][1]
        what = (name, before, said, now, known)
        if dialect.removes_done and before.assignee not in names:
            # Its status follows from whose it is.
            assert said == before, what
        elif before.status not in statuses:
            # Where a name in a file is a status, both are written as one.
            is_both = dialect.removes_done and said == now
            assert said.status is before.status or is_both, what
        elif is_whole and dialect.can_say(now):
            assert said.status is now.status, what

    # --- what has to be so --------------------------------------------------------------------

    def check(self) -> None:
        """Check that the database has what the model says, and told what was lost."""
        tasks = self.tasks()
        found = {name: Told(each.status, each.assignee) for name, each in tasks.items()}
        wanted = self.model.database
        wrong = {
            name: (found.get(name), wanted.get(name))
            for name in found.keys() | wanted.keys()
            if found.get(name) != wanted.get(name)
        }
        assert wrong == {}, f"the database, and what it has to have: {wrong}"
        for name, task in tasks.items():
            assert self.keys.setdefault(name, str(task.key)) == str(task.key)
        self._note_claims()
        over = {name for name in self.holders if self.model.database[name].status.is_over}
        assert over == set(), "a claim outlived its task"
        assert Counter(self.conflicts()) == Counter(self.model.lost)

    def conflicts(self) -> list[Lost]:
        names = {key: name for name, key in self.keys.items()}
        store = self.database().look(PROJECT)
        if store is None:
            return []
        with contextlib.closing(store):
            events = [each for each in store.events(0, 100_000) if each.kind == "conflict"]
        found = []
        for each in events:
            if each.key in names:
                data = json.loads(each.data)
                if data["field"] == "claim":
                    # A claim that ended with its task: no value was lost.
                    continue
                values = (data["field"], data["base"], data["file"], data["database"])
                found.append(Lost(names[each.key], *values))
        return found

    def check_converged(self) -> None:
        """Check that after a sync each way both say the same, and nothing is left to say."""
        self.commit(MAIN)
        self.git(MAIN, "switch", "--quiet", "main")
        self.sync(MAIN)
        self.write_files(MAIN)
        self.commit(MAIN)
        self.sync(MAIN)
        for name, (dialect, told) in self.files(MAIN).items():
            now = self.model.database[name]
            if dialect.can_say(now):
                assert told.status is now.status, name
                is_open = now.status not in {Status.DONE, Status.CANCELLED}
                assert not (dialect.assigns and is_open) or told.assignee == now.assignee, name
            else:
                assert self.model.is_ahead(name) or dialect.removes_done, name
        before = self._bytes(), self._rows()
        self.sync(MAIN)
        self.write_files(MAIN)
        self.sync(MAIN)
        assert (self._bytes(), self._rows()) == before

    def _bytes(self) -> dict[str, tuple[bytes, int]]:
        places = [self.folder / tree / each.path for tree in self.trees for each in EVERY]
        return {str(each): (each.read_bytes(), each.stat().st_mtime_ns) for each in places}

    def _rows(self) -> dict[str, list[tuple[object, ...]]]:
        place = self.folder / MAIN / ".git/kanban-sync/tasks.db"
        with contextlib.closing(sqlite3.connect(place)) as db:
            return {each: db.execute(f"SELECT * FROM {each}").fetchall() for each in KEPT}  # noqa: S608


def _said(texts: Mapping[Dialect, str]) -> dict[str, tuple[Dialect, Told]]:
    found: dict[str, tuple[Dialect, Told]] = {}
    for dialect, text in texts.items():
        for name, (told, _) in dialect.tasks(text).items():
            found[name] = (dialect, told)
    return found


def _is_whole(
    dialect: Dialect, text: str, ours: Mapping[Dialect, str], theirs: Mapping[Dialect, str]
) -> bool:
    """Tell whether a merge made a file that can be read, with each task once, and none lost."""
    try:
        found = dialect.tasks(text).keys()
        one, two = (dialect.tasks(each[dialect]).keys() for each in (ours, theirs))
    except AssertionError:
        return False
    return one & two <= found <= one | two
