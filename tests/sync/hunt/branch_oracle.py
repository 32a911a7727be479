"""What a board has to show of branches: told from what was done, never from git."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Fields: TypeAlias = "Mapping[str, str]"
"""What is said of one task, by the name of what it is about."""

Tree: TypeAlias = "Mapping[str, Fields]"
"""All tasks of a commit, by their ids."""

Place: TypeAlias = "tuple[str, str]"
"""A task's id and the name of one of its fields."""


class Version(NamedTuple):
    """How new a value is."""

    time: int = 0
    commit: str = ""


NEVER = Version()


@dataclass(eq=False)
class Commit:
    """A commit: what it says, where it comes from, and since when its values are so."""

    parents: tuple[Commit, ...]
    time: int
    tree: Tree
    id: str = ""
    mark: int = 0
    _ancestors: frozenset[Commit] | None = None
    _versions: dict[Place, Version] | None = None
    _removed: dict[str, Version] = field(default_factory=dict)

    @property
    def ancestors(self) -> frozenset[Commit]:
        """All commits that it comes from, and itself."""
        if self._ancestors is None:
            every = (each.ancestors for each in self.parents)
            self._ancestors = reduce(frozenset.union, every, frozenset({self}))
        return self._ancestors

    @property
    def versions(self) -> Mapping[Place, Version]:
        """Since when each value is so: the newest commit that changed it."""
        if self._versions is None:
            self._removed = self._removals()
            self._versions = {
                (task, name): self._version(task, name)
                for task, fields in self.tree.items()
                for name in fields
            }
        return self._versions

    @property
    def removed(self) -> Mapping[str, Version]:
        """When each task was taken out that is not there any more."""
        _ = self.versions
        return self._removed

    def _version(self, task: str, name: str) -> Version:
        value = self.tree[task][name]
        former = [
            (each.versions[task, name], each.tree[task][name] == value)
            for each in self.parents
            if name in each.tree.get(task, {})
        ]
        former += [(each.removed[task], False) for each in self.parents if task in each.removed]
        newest = max((version for version, _ in former), default=NEVER)
        if (newest, True) in former:
            return newest
        return Version(max(self.time, newest.time + 1), self.id)

    def _removals(self) -> dict[str, Version]:
        removed: dict[str, Version] = {}
        for each in self.parents:
            for task, version in each.removed.items():
                removed[task] = max(version, removed.get(task, NEVER))
        for each in self.parents:
            for task, fields in each.tree.items():
                newest = max(each.versions[task, name] for name in fields)
                if task not in self.tree and removed.get(task, NEVER) <= newest:
                    removed[task] = Version(max(self.time, newest.time + 1), self.id)
        return {task: version for task, version in removed.items() if task not in self.tree}

    def last(self, name: Place) -> str | None:
        """Return a value, None where there is none."""
        return self.tree.get(name[0], {}).get(name[1])


def merge_bases(one: Commit, two: Commit) -> list[Commit]:
    """Return the last commits from which both come."""
    common = one.ancestors & two.ancestors
    older = {up for each in common for up in each.ancestors - {each}}
    return sorted(common - older, key=lambda each: (each.time, each.id))


View: TypeAlias = "Mapping[str, Mapping[str, tuple[Version, str]]]"
"""What all layers together say, value by value, and since when."""


def view(base: Commit, layers: Iterable[Commit]) -> View:
    """Merge all layers into the base layer, each against its own merge bases.

    The newest of the values that count wins: that of the base layer, and that of a layer if nobody
    has said it in the base layer since the merge base. Where the base layer is as the merge base
    was, only the layer has changed anything. A task that one took out is gone unless another one
    says something newer of it. One that the base layer lacks is as the layer has it that says the
    newest of it (of several, the one that has the newest of it), but for what others say that is
    newer still.
    """
    forked = [_Forked(base, layer) for layer in layers if layer not in base.ancestors]
    news = [new for each in forked if each.roots for new in each.news()]
    said = {task: _values(base, task, fields) for task, fields in base.tree.items()}
    for layer, _, task, _ in sorted(news, key=lambda new: new.age):
        if task not in base.tree:
            said[task] = _values(layer, task, layer.tree[task])
    told: dict[Place, list[tuple[Version, str]]] = {}
    for layer, roots, task, names in news:
        for name in (each for each in names if _counts(base, layer, (task, each), roots)):
            value = layer.versions[task, name], layer.tree[task][name]
            told.setdefault((task, name), []).append(value)
    for (task, name), values in told.items():
        if task in base.tree or max(values) > said[task][name]:
            said[task][name] = _newer(said[task][name], max(values))
    gone: dict[str, list[Version]] = {}
    for task, version in (each for its in forked if its.roots for each in its.taken_out()):
        gone.setdefault(task, []).append(version)
    return {
        task: values
        for task, values in said.items()
        if max(gone.get(task, [NEVER])) <= max(version for version, _ in values.values())
    }


class _News(NamedTuple):
    """What a layer says anew of a task, by the names of its fields."""

    layer: Commit
    roots: Sequence[Commit]
    task: str
    names: Sequence[str]

    @property
    def age(self) -> tuple[Version, Version]:
        """How new that is, and how new all is that the layer has of the task."""
        versions = {
            name: self.layer.versions[self.task, name] for name in self.layer.tree[self.task]
        }
        return max(versions[name] for name in self.names), max(versions.values())


class _Forked:
    """A layer beside the base layer, with all that was said in that since the merge bases."""

    def __init__(self, base: Commit, layer: Commit) -> None:
        self.base, self.layer, self.roots = base, layer, merge_bases(base, layer)
        self.before = reduce(
            frozenset.union, (each.ancestors for each in self.roots), frozenset[Commit]()
        )
        self.since = {*(base.ancestors - self.before), *self.roots}

    def news(self) -> Iterator[_News]:
        for task, fields in self.layer.tree.items():
            names = [
                name for name, value in fields.items() if value not in self._known((task, name))
            ]
            if names:
                yield _News(self.layer, self.roots, task, names)

    def _known(self, name: Place) -> set[str | None]:
        return _said_since(name, self.since, self.roots, self.before)

    def taken_out(self) -> Iterator[tuple[str, Version]]:
        """Yield what either side took out, and since when."""
        for task in set.intersection(*(set(each.tree) for each in self.roots)):
            if task not in self.base.tree:
                yield task, self.base.removed[task]
            elif task not in self.layer.tree and all(task in each.tree for each in self.since):
                yield task, self.layer.removed[task]


def _counts(base: Commit, layer: Commit, name: Place, roots: Iterable[Commit]) -> bool:
    """Whether what is new in a layer may count against what the base layer has."""
    if name not in base.versions or layer.versions[name] > base.versions[name]:
        return True
    return _is_unchanged(base, name, roots)


def _is_unchanged(base: Commit, name: Place, roots: Iterable[Commit]) -> bool:
    """Whether a value is as one of the merge bases has it."""
    value = base.last(name)
    return value is not None and value in {each.last(name) for each in roots}


def _newer(was: tuple[Version, str], now: tuple[Version, str]) -> tuple[Version, str]:
    """Return a value that counts in another one's place, with a version that is newer than its."""
    version, value = now
    return version._replace(time=max(version.time, was[0].time + (version < was[0]))), value


def _values(commit: Commit, task: str, fields: Fields) -> dict[str, tuple[Version, str]]:
    return {name: (commit.versions[task, name], value) for name, value in fields.items()}


def _said_since(
    name: Place, since: Iterable[Commit], roots: Iterable[Commit], before: Iterable[Commit]
) -> set[str | None]:
    """Return what the merge bases say, and what was said anew of a value since then.

    A commit that forked off before says nothing by what it has left as it was.
    """
    last: dict[str, Version] = {}
    for each in before:
        if name in each.versions:
            value = each.tree[name[0]][name[1]]
            last[value] = max(each.versions[name], last.get(value, NEVER))
    said = {each.last(name) for each in roots}
    for commit in since:
        told = commit.last(name)
        if told is None or commit.versions[name] > last.get(told, NEVER):
            said.add(told)
    return said


def never_unticked(commits: Iterable[Commit]) -> set[str]:
    """Return the tasks that one of these commits has ticked, and that none of them ever unticked.

    They are told without any merging: whatever the rules, these are to be ticked where they are.
    Of one that was added in two places, the one may be ticked and the other one not.
    """
    tips = list(commits)
    every = _histories(tips)
    unticked = {
        task
        for each in every
        for task, fields in each.tree.items()
        if fields.get("done") == " "
        and any(up.tree.get(task, {}).get("done") == "x" for up in each.ancestors)
    }
    added = Counter(
        task
        for each in every
        for task in each.tree
        if all(task not in up.tree for up in each.parents)
    )
    ticked = {task for each in tips for task, its in each.tree.items() if its.get("done") == "x"}
    return {task for task in ticked - unticked if added[task] == 1}


def taken_out(commits: Iterable[Commit]) -> set[str]:
    """Return the tasks that one of these commits, or what it comes from, took out of the file."""
    every = _histories(commits)
    return {
        task for each in every for up in each.parents for task in up.tree.keys() - each.tree.keys()
    }


def _histories(commits: Iterable[Commit]) -> frozenset[Commit]:
    return reduce(frozenset.union, (each.ancestors for each in commits))


# --- what commits are made of -------------------------------------------------------------------


def applied(tree: Tree, before: Tree, after: Tree) -> Tree:
    """Return a tree with the change that leads from one to another, as a cherry-pick does it."""
    made = {task: dict(fields) for task, fields in tree.items()}
    for task in before.keys() | after.keys():
        if task not in after:
            made.pop(task, None)
        elif task not in before:
            made.setdefault(task, {}).update(after[task])
        elif task in made:
            changed = {n: v for n, v in after[task].items() if before[task].get(n) != v}
            made[task].update(changed)
    return made


def merged(ours: Commit, theirs: Commit, *, keeps: bool) -> Tree:
    """Return the tree of a merge: field by field, the newer one where both changed it.

    ``keeps`` tells whether a task stays that one side took out and the other one changed.
    """
    root: Tree = next(iter(merge_bases(ours, theirs)), Commit((), 0, {})).tree
    made: dict[str, dict[str, str]] = {}
    for task in sorted(ours.tree.keys() | theirs.tree.keys()):
        sides = [side for side in (ours, theirs) if task in side.tree]
        if task in root and len(sides) == 1:
            if keeps and sides[0].tree[task] != root[task]:
                made[task] = dict(sides[0].tree[task])
            continue
        made[task] = {
            name: _merged_value(task, name, sides, root)
            for name in sorted({name for side in sides for name in side.tree[task]})
        }
    return made


def _merged_value(task: str, name: str, sides: Sequence[Commit], root: Tree) -> str:
    values = [(side, side.tree[task][name]) for side in sides if name in side.tree[task]]
    before = root.get(task, {}).get(name)
    changed = [(side, value) for side, value in values if value != before] or values
    return max(changed, key=lambda each: each[0].versions[task, name])[1]
