"""Versions on random histories with merges of all kinds, beside a model that knows each commit."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.following import follow
from kanban_sync.core.history import LogEntry, PathChange
from kanban_sync.core.model import UNKNOWN, Document, ParsedTask, Status
from kanban_sync.core.moves import histories
from kanban_sync.core.slots import EMPTY, SlotChange
from sync.hunt.branch_oracle import Commit, Version, merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.slots import SlotState
    from sync.hunt.branch_oracle import Tree

PATH = "TASKS.md"


def blob_of(tree: Tree) -> str:
    """Return a content as its own id: one that is the same again has the same id."""
    lines = (f"{task}:{its['done']}{its['text']}" for task, its in sorted(tree.items()))
    return "|".join(lines) if tree else ""


def parse(_path: str, blob: str) -> Document:
    tasks = []
    for line in blob.split("|"):
        own, _, rest = line.partition(":")
        status = Status.DONE if rest[0] == "x" else Status.TODO
        tasks.append(ParsedTask(rest[1:], status, id=own))
    return Document(tuple(tasks), has_unique_ids=True)


def grown(rnd: random.Random, *, merges: Sequence[str]) -> list[Commit]:
    """Return commits on some lines, oldest first, each line merged into the last commit."""
    start = {f"T{n}": {"done": " ", "text": "a"} for n in range(3)}
    commits = [Commit((), 1, start, f"{1:012x}")]
    heads = [commits[0]] * 3

    def add(line: int, parents: tuple[Commit, ...], tree: Tree) -> None:
        commit = Commit(parents, rnd.randrange(1, 60), tree, f"{len(commits) + 1:012x}")
        commits.append(commit)
        heads[line] = commit

    def join(line: int, other: int) -> None:
        ours, theirs = heads[line], heads[other]
        if theirs in ours.ancestors:
            return
        kind = rnd.choice(merges)
        trees = {"ours": ours.tree, "theirs": theirs.tree}
        add(line, (ours, theirs), trees.get(kind) or merged(ours, theirs, keeps=True))

    for _ in range(rnd.randrange(4, 25)):
        line = rnd.randrange(3)
        if rnd.random() < 0.35:
            join(line, rnd.randrange(3))
            continue
        tree: dict[str, Mapping[str, str]] = dict(heads[line].tree)
        task = rnd.choice(sorted(tree))
        name = rnd.choice(("done", "done", "text"))
        value = rnd.choice(" x") if name == "done" else rnd.choice("abc")
        tree[task] = {**tree[task], name: value}
        add(line, (heads[line],), tree)
    join(0, 1)
    join(0, 2)
    known = heads[0].ancestors
    return [each for each in commits if each in known]


def log_of(commits: Sequence[Commit]) -> list[LogEntry]:
    log = []
    for each in commits:
        olds, new = tuple(blob_of(up.tree) for up in each.parents), blob_of(each.tree)
        is_changed = any(old != new for old in olds or ("",))
        changes = (PathChange(PATH, olds, new),) if is_changed else ()
        log.append(LogEntry(each.id, each.time, changes, tuple(up.id for up in each.parents)))
    return log


def followed(log: Sequence[LogEntry], end: str) -> SlotState:
    found = histories(log, lambda path: path, None)
    last = SlotChange(UNKNOWN, (), end, PATH)
    changes = found.changes[PATH]
    return follow(EMPTY, changes, last, parse, lambda _: False, descent=found.descent)


@pytest.mark.parametrize("merges", [("clean",), ("clean", "ours", "theirs")])
def test_each_version_is_that_of_the_newest_commit_that_changed_the_value(
    merges: tuple[str, ...],
) -> None:
    for seed in range(60):
        commits = grown(random.Random(seed), merges=merges)
        state = followed(log_of(commits), blob_of(commits[-1].tree))
        assert versions_of(state) == due_of(commits[-1]), seed


def versions_of(state: SlotState) -> dict[tuple[str, str], Version]:
    found = {}
    for task in state.tasks:
        found[task.own, "done"] = Version(task.status_version.time, task.status_version.commit)
        found[task.own, "text"] = Version(task.text_version.time, task.text_version.commit)
    return found


def due_of(commit: Commit) -> dict[tuple[str, str], Version]:
    return dict(commit.versions)
