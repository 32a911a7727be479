"""What is next, told without git, without the settings and with few modules, where that is safe.

An agent asks this often, and git alone takes longer to start than the answer takes to be found. In
doubt there is no answer here: the command then goes the long way, which finds the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.agents.names import checked_name
from kanban_sync.core.errors import StoreError, WorkError
from kanban_sync.core.order import ANY
from kanban_sync.stores.sqlite_database import open_database
from kanban_sync.stores.sqlite_work import SqliteWork
from kanban_sync.stores.tips import tips_of
from kanban_sync.sync.clone_name import first_id
from kanban_sync.sync.freshness import noted_tips, tips_text
from kanban_sync.user_settings import may_be_set, start_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.work import Entry
    from kanban_sync.stores.sqlite_database import SqliteDatabase

DOUBTFUL = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "KANBAN_SYNC_DATABASE_URL",
)
"""What may lead to another repository, or to another database."""

STATE, DATABASE, SETTINGS = "kanban-sync", "tasks.db", ".kanban-sync.yaml"
CLONE, USED = "clone", "database-used"

_PROJECT = re.compile(rb"^project_id:[ \t]*(.*)$", re.MULTILINE)
_PLAIN = re.compile(rb"(?P<quote>[\"']?)(?P<id>[a-z0-9]+)(?P=quote)[ \t]*(?:#.*)?\r?")


class _Work(SqliteWork):
    """The half of the store that agents use, alone."""

    def __init__(self, database: SqliteDatabase, project: str) -> None:
        self._database = database
        self._project = project


class Tree(NamedTuple):
    """A work tree: its top, its git folder, and the common one of its clone."""

    top: Path
    git_dir: Path
    common_dir: Path


def next_task(folder: str, environment: Mapping[str, str], agent: str) -> list[Entry] | None:
    """Return what an agent would be handed out next: one task or none; None in doubt.

    Args:
        folder: Where the command was called.
        environment: The variables of the process.
        agent: Who asks.
    """
    if any(environment.get(name) for name in DOUBTFUL) or may_be_set(environment):
        return None
    try:
        tree = _tree(Path(folder), environment.get("GIT_CEILING_DIRECTORIES", ""))
        project = _project(tree.top) if tree is not None else ""
        if tree is None or not project:
            return None
        state = tree.common_dir / STATE
        name = "-" if tree.git_dir == tree.common_dir else tree.git_dir.name
        if _worked_elsewhere(state):
            return None
        noted = noted_tips(state / "seen", tree.common_dir, tree.git_dir, name)
        if not noted:
            return None
        return _ready(state, project, noted, checked_name(agent))
    except (OSError, ValueError, StoreError, WorkError):
        # Whatever it is, the long way says it better.
        return None


def _worked_elsewhere(state: Path) -> bool:
    """Tell whether the clone is to hear that its database is another one than before."""
    used = state / USED
    return not used.exists() or json.loads(used.read_text(encoding="ascii"))[0] != DATABASE


def _ready(state: Path, project: str, noted: str, agent: str) -> list[Entry] | None:
    now = time.time()
    clone = first_id((state / CLONE).read_text(encoding="ascii"))
    with contextlib.closing(open_database(state / DATABASE, read_only=True)) as database:
        with database.reading() as db:
            if tips_text(tips_of(db, project, clone)) != noted:
                return None
        work = _Work(database, project)
        # Raises where there is something to take back, since nothing can be written here.
        work.reclaim(now, leases=False)
        return work.ready(now, ANY, 1, agent)


def _tree(folder: Path, ceilings: str) -> Tree | None:
    """Find the work tree around a folder, as git does."""
    for top in (folder, *folder.parents):
        if str(top) in ceilings.split(os.pathsep):
            return None
        found = top / ".git"
        if found.is_dir():
            return Tree(top, found, found)
        if found.exists():
            return _linked(top, found)
    return None


def _linked(top: Path, file: Path) -> Tree | None:
    """Return a work tree that ``git worktree add`` has made."""
    said = file.read_text(encoding="utf-8")
    git_dir = (top / said.removeprefix("gitdir: ").rstrip("\n")).resolve()
    common = git_dir / "commondir"
    if not said.startswith("gitdir: ") or not common.is_file():
        return None
    common_dir = (git_dir / common.read_text(encoding="utf-8").rstrip("\n")).resolve()
    return Tree(top, git_dir, common_dir) if git_dir.parent.name == "worktrees" else None


def _project(top: Path) -> str:
    """Return the project's id if the settings say it in so many words, else ''."""
    path = top / SETTINGS
    data = b"" if path.is_symlink() else start_of(path)
    found = _PROJECT.findall(data)
    plain = _PLAIN.fullmatch(found[0]) if len(found) == 1 else None
    return plain["id"].decode() if plain else ""
