"""The links through which a chained hook runs: there it bears its own name, beside its neighbours.

Hooks look at the name under which they run to know which hook they are, and beside it for files
that they share. A chained hook lies in the hooks folder as ``<name>.before-kanban-sync``; the
folder ``before-kanban-sync`` there, which git passes over, has a link to it under its own name, and
one to each file that lies in the hooks folder besides.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kanban_sync.hooks import HOOKS

if TYPE_CHECKING:
    from pathlib import Path

CHAINED = ".before-kanban-sync"
"""What is put behind the name of a foreign hook, which our shim then runs first."""

LINKS = "before-kanban-sync"
"""The folder of the links, which holds nothing else."""


def link(folder: Path) -> tuple[Path, ...]:
    """Give each hook that is chained in a hooks folder its links; return the folder if changed."""
    chained = {name: name + CHAINED for name in HOOKS if os.path.lexists(folder / (name + CHAINED))}
    return _fit(folder, {**_neighbours(folder), **chained} if chained else {})


def unlink(folder: Path) -> tuple[Path, ...]:
    """Remove all links of a hooks folder; return their folder if it is gone now."""
    return _fit(folder, {})


def _neighbours(folder: Path) -> dict[str, str]:
    """Return what else lies in a hooks folder, without what others or we have no use for."""
    names = (path.name for path in folder.iterdir())
    unused = (".sample", CHAINED)
    return {
        each: each for each in names if each not in {*HOOKS, LINKS} and not each.endswith(unused)
    }


def _fit(folder: Path, wanted: dict[str, str]) -> tuple[Path, ...]:
    links = folder / LINKS
    held = {path for path in links.iterdir() if path.is_symlink()} if links.is_dir() else set()
    # From the links' folder to what lies in the hooks folder, wherever that is moved to.
    targets = {links / name: f"../{target}" for name, target in wanted.items()}
    wrong = {path for path in held if str(path.readlink()) != targets.get(path)}
    missing = targets.keys() - (held - wrong)
    for path in wrong:
        path.unlink()
    for path in missing:
        links.mkdir(exist_ok=True)
        path.symlink_to(targets[path])
    if not wanted and held and not any(links.iterdir()):
        links.rmdir()
    return (links,) if wrong or missing else ()
