"""What people and agents do with branches, each deed as a function of a world and two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.hunt.branch_oracle import applied, merged
from sync.hunt.branch_world import ACTIVE, ARCHIVED, CHANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sync.hunt.branch_oracle import Commit, Tree
    from sync.hunt.branch_world import Checkout, World

    Deed = Callable[[World, Checkout, int, int], object]

LINES = ("T1", "T2", "T3", "T4")
BOXES = (*LINES, "c1#1", "c1#2")
WORDS = ("figs", "nuts", "limes", "dates", "grapes")


def _branches(clone: Checkout, *, here: bool = False) -> list[str]:
    """Return the branches of a clone but for the one that is checked out."""
    return sorted(name for name in clone.heads if here or name != clone.on)


def edited(tree: Tree, kind: str, x: int) -> Tree:
    """Return a tree with one change, the same tree where there is nothing to change."""
    made = {task: dict(fields) for task, fields in tree.items()}
    box = BOXES[x % len(BOXES)]
    line = LINES[x % len(LINES)]
    match kind:
        case "tick" if box in made:
            made[box]["done"] = "x"
        case "untick" if box in made:
            made[box]["done"] = " "
        case "reword" if line in made:
            made[line]["text"] = WORDS[x % len(WORDS)]
        case "add" if line not in made:
            made[line] = {"text": WORDS[x % len(WORDS)], "done": " "}
        case "remove":
            made.pop(line, None)
        case "archive":
            made[CHANGE]["place"] = ARCHIVED
        case "unarchive":
            made[CHANGE]["place"] = ACTIVE
        case _:
            pass
    return made


KINDS = ("tick", "untick", "reword", "add", "remove", "archive", "unarchive")


def commit(world: World, clone: Checkout, x: int, y: int) -> None:
    """Change something and commit it."""
    tree = edited(clone.tip.tree, KINDS[y % len(KINDS)], x)
    if tree != clone.tip.tree:
        clone.heads[clone.on] = world.commit(tree, (clone.tip,), clone.skew)


def tick(world: World, clone: Checkout, x: int, y: int) -> None:
    """Tick or untick a box, which happens most."""
    commit(world, clone, x, y % 2)


def amend(world: World, clone: Checkout, x: int, y: int) -> None:
    """Change the last commit."""
    if clone.tip.parents:
        tree = edited(clone.tip.tree, KINDS[y % len(KINDS)], x)
        clone.heads[clone.on] = world.commit(tree, clone.tip.parents, clone.skew)


def branch(_world: World, clone: Checkout, x: int, _y: int) -> None:
    """Begin a branch here and switch to it."""
    name = f"b{x % 3}"
    if name not in clone.heads:
        clone.heads[name] = clone.tip
    clone.on = name


def switch(_world: World, clone: Checkout, x: int, _y: int) -> None:
    """Switch to another branch."""
    names = _branches(clone, here=True)
    clone.on = names[x % len(names)]


def merge(world: World, clone: Checkout, x: int, y: int) -> None:
    """Merge another branch, or fast-forward to it."""
    names = _branches(clone)
    if names:
        _merge(world, clone, clone.heads[names[x % len(names)]], y)


def _merge(world: World, clone: Checkout, theirs: Commit, y: int) -> None:
    ours = clone.tip
    if theirs in ours.ancestors:
        return
    if ours in theirs.ancestors and y % 2:
        clone.heads[clone.on] = theirs
        return
    tree = merged(ours, theirs, keeps=y % 3 > 0)
    clone.heads[clone.on] = world.commit(tree, (ours, theirs), clone.skew)


def squash(world: World, clone: Checkout, x: int, y: int) -> None:
    """Merge another branch into one commit, and leave it lying about."""
    names = _branches(clone)
    if names:
        theirs = clone.heads[names[x % len(names)]]
        if theirs not in clone.tip.ancestors:
            tree = merged(clone.tip, theirs, keeps=y % 2 > 0)
            clone.heads[clone.on] = world.commit(tree, (clone.tip,), clone.skew)


def rebase(world: World, clone: Checkout, x: int, _y: int) -> None:
    """Rebase the branch onto another one, or onto what was fetched."""
    names = _branches(clone)
    onto = clone.heads[names[x % len(names)]] if names and x % 2 else clone.fetched
    tip, made = clone.tip, onto
    if onto in tip.ancestors:
        return
    own: list[Commit] = []
    while tip not in onto.ancestors and tip.parents:
        own.append(tip)
        tip = tip.parents[0]
    for each in reversed(own):
        if len(each.parents) == 1:
            made = _picked(world, clone, made, each)
    clone.heads[clone.on] = made


def _picked(world: World, clone: Checkout, onto: Commit, picked: Commit) -> Commit:
    tree = applied(onto.tree, picked.parents[0].tree, picked.tree)
    return world.commit(tree, (onto,), clone.skew) if tree != onto.tree else onto


def cherry_pick(world: World, clone: Checkout, x: int, _y: int) -> None:
    """Pick the last commit of another branch."""
    names = _branches(clone)
    if names:
        picked = clone.heads[names[x % len(names)]]
        if picked.parents:
            clone.heads[clone.on] = _picked(world, clone, clone.tip, picked)


def reset(_world: World, clone: Checkout, _x: int, _y: int) -> None:
    """Take the last commit off the branch."""
    if clone.tip.parents:
        clone.heads[clone.on] = clone.tip.parents[0]


def delete(_world: World, clone: Checkout, x: int, _y: int) -> None:
    """Delete another branch, merged or not."""
    names = [name for name in _branches(clone) if name != "main"]
    if names:
        del clone.heads[names[x % len(names)]]


def worktree(world: World, clone: Checkout, x: int, y: int) -> None:
    """Add a linked work tree with a detached HEAD, or commit in the one that is there."""
    if not clone.trees:
        clone.trees.append(clone.tip)
    tree = edited(clone.trees[0].tree, KINDS[y % len(KINDS)], x)
    if tree != clone.trees[0].tree:
        clone.trees[0] = world.commit(tree, (clone.trees[0],), clone.skew)


def push(world: World, clone: Checkout, _x: int, _y: int) -> None:
    """Push the default branch, which is refused where others have pushed."""
    if world.origin in clone.heads["main"].ancestors:
        world.origin = clone.fetched = clone.heads["main"]


def force(world: World, clone: Checkout, _x: int, _y: int) -> None:
    """Push the default branch whatever others have pushed."""
    world.origin = clone.fetched = clone.heads["main"]


def fetch(world: World, clone: Checkout, _x: int, _y: int) -> None:
    """Fetch."""
    clone.fetched = world.origin


def pull(world: World, clone: Checkout, _x: int, y: int) -> None:
    """Fetch, and merge into the default branch."""
    clone.fetched = world.origin
    on, clone.on = clone.on, "main"
    _merge(world, clone, world.origin, 3 * y + 1)
    clone.on = on


def sync(world: World, clone: Checkout, _x: int, _y: int) -> None:
    """Bring the board up to date, as a hook does that was not skipped."""
    world.sync(clone)


def rest(_world: World, _clone: Checkout, _x: int, _y: int) -> None:
    """Do nothing; what fails is told with this in place of what did not matter."""


DEEDS: Mapping[str, Deed] = {
    deed.__name__: deed
    for deed in (
        *(
            rest,
            tick,
            commit,
            sync,
            branch,
            switch,
            merge,
            squash,
            rebase,
            cherry_pick,
            amend,
            reset,
        ),
        *(delete, worktree, push, pull, fetch, force),
    )
}
