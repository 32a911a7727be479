"""The layers of a repository at one moment, from a handful of git processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync import git_calls
from kanban_sync.core.errors import OutOfReachError, RepositoryError
from kanban_sync.core.liveness import OTHERS
from kanban_sync.core.ports import Fork, Layer
from kanban_sync.core.uncommitted import bare
from kanban_sync.git_branches import differences, digest, live_branches, unreadable
from kanban_sync.git_output import LINK, REGULAR, of_mode, parse_entries, parse_log

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.liveness import Liveness
    from kanban_sync.core.ports import Tree
    from kanban_sync.git_branches import Branch, Git


class Heads(NamedTuple):
    """The base layer's name and tip, and the tips of all branches that may be layers, by name."""

    name: str
    tip: str
    others: Mapping[str, str]
    liveness: Liveness


def find_layers(  # noqa: PLR0913 - what is there, what was there, and what to look at
    git: Git,
    heads: Heads,
    pathspecs: Sequence[str],
    since: Mapping[str, str],
    known: Mapping[str, str],
    cut: Collection[str],
    *,
    whole: bool,
) -> tuple[Layer, ...]:
    """Resolve the layers; only the base layer, and empty, where nothing has moved.

    Args:
        git: Runs git.
        heads: Where everything is.
        pathspecs: The watched paths.
        since: Where the layers were when they were read last; empty to read all of the history.
        known: Where they were at the last pass, whether what it read still counts or not.
        cut: The commits at which a shallow clone was cut: they seem to add every file.
        whole: Whether to tell everything though nothing has moved.
    """
    name, tip, others, liveness = heads
    last = since.get(name, "")
    mark = digest(tip, others) if others else ""
    if last == tip and since.get(OTHERS, "") == mark and not whole:
        return (Layer(name, tip, {}, (), last, others=mark, is_still=True),)
    unread: list[str] = []
    try:
        branches = live_branches(git, tip, others, known, liveness)
    except OutOfReachError:
        raise
    except RepositoryError:
        # One that cannot be read keeps no other from its say.
        unread = unreadable(git, tip, others)
        readable = {name: others[name] for name in others if name not in unread}
        branches = live_branches(git, tip, readable, known, liveness)
        # As if it were not there: once it can be read, the branches are others than these.
        mark = digest(tip, readable)
    entries = parse_entries(git(git_calls.entries(tip, pathspecs)))
    last = last if last and (last == tip or is_ancestor(git, last, tip)) else ""
    tips = [branch.tip for branch in branches]
    asked = [tip, *tips, f"^{last}"] if last else [tip, *tips]
    log = [
        entry
        for entry in (
            parse_log(git(git_calls.log(pathspecs), asked)) if tips or last != tip else ()
        )
        if bare(entry.commit) not in cut
    ]
    added = frozenset[str]().union(*(branch.own for branch in branches))
    tree, links = of_mode(REGULAR, entries), of_mode(LINK, entries)
    own = tuple(entry for entry in log if bare(entry.commit) not in added)
    base = Layer(name, tip, tree, own, last, links, mark, unread=tuple(unread))
    return (base, *_others(git, base, branches, log, pathspecs))


def is_ancestor(git: Git, commit: str, tip: str) -> bool:
    """Tell whether a commit is still there, and one of those from which another descends."""
    try:
        return git(git_calls.common(commit, tip)) == commit
    except RepositoryError:
        return False


def _others(
    git: Git,
    base: Layer,
    branches: Sequence[Branch],
    log: Sequence[LogEntry],
    pathspecs: Sequence[str],
) -> list[Layer]:
    forks = {fork.commit for branch in branches for fork in branch.forks}
    pairs = [(commit, base.tip) for commit in sorted(forks - {base.tip})]
    pairs += [(branch.tip, branch.forks[0].commit) for branch in branches]
    found = differences(git, pairs, pathspecs)
    changed = {commit: _files(entries) for commit, entries in found.items()}
    return [
        Layer(
            branch.name,
            branch.tip,
            {},
            tuple(entry for entry in log if bare(entry.commit) in branch.own),
            forks=tuple(
                Fork(fork.commit, changed.get(fork.commit, {}), fork.time) for fork in branch.forks
            ),
            changed=changed[branch.tip],
        )
        for branch in branches
        if changed.get(branch.tip)
    ]


def _files(entries: Sequence[tuple[str, str, str]]) -> Tree:
    """Return path -> blob id; '' for what is no file there."""
    return {path: blob if mode in REGULAR else "" for mode, path, blob in entries}
