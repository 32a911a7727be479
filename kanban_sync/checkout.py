"""One clone of a repository on the side of git: where it lies, its settings, and its files."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from kanban_sync.buses import named_bus
from kanban_sync.config import SETTINGS_FILE, Settings
from kanban_sync.core.errors import OutOfReachError, SettingsError, SetupError
from kanban_sync.core.model import Problem
from kanban_sync.git import GitRepository, Place, forget_environment, locate
from kanban_sync.git_output import half_made, readable
from kanban_sync.sources import SOURCES
from kanban_sync.sync.branch_problems import noted
from kanban_sync.sync.freshness import noted_tips
from kanban_sync.sync.inventory import files_data, inventory
from kanban_sync.sync.reading import UNFINISHED, UNREAD
from kanban_sync.sync.satisfying import at_odds
from kanban_sync.sync.settings import RECORDED, of_commit, of_work_tree, record, recorded, used
from kanban_sync.sync.state_folder import StateFolder
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kanban_sync.core.bus import Bus
    from kanban_sync.git_work_trees import Edits
    from kanban_sync.sync.inventory import Found

STATE_FOLDER = "kanban-sync"

SHALLOW = (
    "this clone is shallow and has no settings, so its oldest commit, which names the project, is"
    " not known, and each card would be made a second time; fetch the whole history ('git fetch"
    " --unshallow'), or run 'kanban-sync init' in a whole clone and commit .kanban-sync.yaml"
)


def unheard(_text: str) -> None:
    """Hear nothing."""


class Checkout:
    """One clone of a repository, with its state folder; ``place`` is None in a hook's process."""

    def __init__(self, common_dir: Path, place: Place | None = None) -> None:
        """Bind to the common git folder; nothing is read yet."""
        self.common_dir = common_dir
        self.place = place
        self.state = StateFolder(common_dir / STATE_FOLDER)
        self.edits: Edits | None = None
        self.warn: Callable[[str], None] = unheard
        """Hears what whoever works here should know, in a line."""
        self.warn_of_settings: Callable[[str], None] = unheard
        """Hears, each time, that tasks are worked with by other settings than those there."""

    @classmethod
    def at(cls, path: Path) -> Self:
        """Find the clone around a folder.

        Raises:
            RepositoryError: There is none, or it is bare.
        """
        place = locate(path)
        forget_environment()
        return cls(place.common_dir, place)

    @classmethod
    def of_state(cls, state: Path) -> Self:
        """Return the clone to which a state folder belongs, for the process behind a hook."""
        forget_environment()
        return cls(state.parent)

    def again(self) -> Self:
        """Return the clone as it is by now, without a place if the work tree was removed.

        Raises:
            MovedCloneError: The clone itself was moved or removed.
        """
        self.state.check_there()
        if self.place is None:
            return self
        if self.place.top.is_dir() and self.place.git_dir.is_dir():
            found = type(self).at(self.place.top)
        else:
            # It may have been the working folder, and what is started from here needs one.
            os.chdir(self.common_dir)
            found = type(self)(self.common_dir)
        found.warn, found.warn_of_settings = self.warn, self.warn_of_settings
        return found

    @property
    def is_heard(self) -> bool:
        """Whether somebody hears what is to be known."""
        return self.warn is not unheard

    @cached_property
    def bus(self) -> Bus:
        """How the clone hears of others beside its task database, and they of it."""
        return named_bus(os.environ)

    def bus_data(self) -> dict[str, str] | None:
        """Return which Valkey is named and how it is, None if none is."""
        state = self.bus.state()
        return state._asdict() if state is not None else None

    def is_fresh(self) -> bool:
        """Tell whether the task database is known to have all that is committed."""
        git_dir = self.git_dir(self.worktree)
        return bool(noted_tips(self.state.seen, self.common_dir, git_dir, self.worktree))

    # --- settings -----------------------------------------------------------------------------

    def settings(self) -> Settings:
        """Return the settings for commands in the foreground.

        Those of the work tree; where it has no settings file, those that hooks use, so that a
        branch made before ``init`` is no other project.

        Raises:
            SettingsError: The settings file has problems; all of them are named.
        """
        noted = recorded(self.state)
        if self.place is None:
            return self.committed_settings()
        if os.path.lexists(self.place.top / SETTINGS_FILE) or noted == Settings():
            return of_work_tree(self.place.top, noted)
        return self.committed_settings()

    def readable_settings(self) -> tuple[Settings, tuple[str, ...]]:
        """Return the settings for commands that only look, and the problems of those in force.

        Where these cannot be read they are the ones that served last.
        """
        try:
            return self.settings(), ()
        except SettingsError as error:
            return used(self.state) or Settings(), error.problems

    def check_branch(self, settings: Settings, repository: GitRepository) -> None:
        """See whether the default branch that the settings name is there.

        Raises:
            SetupError: It is not.
        """
        if not repository.is_lacking:
            return
        name = settings.default_branch
        is_noted = not os.path.lexists(self.top / SETTINGS_FILE)
        is_noted = is_noted and recorded(self.state).default_branch == name
        where = self.state.path / RECORDED if is_noted else SETTINGS_FILE
        raise SetupError(
            f"git.default_branch in {where} names {name}, and this clone has no such branch, so"
            " nothing is synced. Fetch it with 'git remote set-branches --add origin"
            f" {shlex.quote(name)} && git fetch', or correct the setting and commit it"
        )

    def missing_branch(self, settings: Settings) -> str:
        """Return what ``check_branch`` has to say, '' if nothing."""
        repository = self.repository(settings, self.worktree)
        try:
            self.check_branch(settings, repository)
        except SetupError as error:
            return str(error)
        finally:
            repository.close()
        return ""

    def unread_branch(self, settings: Settings) -> str:
        """Return a line about the checked out branch if another one is read, '' if it is read."""
        if self.place is None or settings.branches == "current":
            return ""
        repository = self.repository(settings)
        read, _ = repository.branch()
        is_guess = repository.is_guessing
        reference, commit = repository.head_of(self.place.git_dir)
        repository.close()
        if is_guess and commit:
            return (
                f"nothing tells which branch is the default one, so {read} is read because it is"
                " checked out; set 'git: {default_branch: NAME}' in .kanban-sync.yaml"
            )
        if not reference and self.worktree == "-" and read and settings.branches == "live":
            return (
                f"no branch is checked out here, and {read} is what is read: what you commit has no"
                " say until it is on a branch (in a linked work tree it would)"
            )
        here = readable(reference.removeprefix("refs/heads/")) or commit[:12]
        is_layer = settings.liveness.covers(here) if reference else self.worktree != "-"
        is_live = settings.branches == "live" and is_layer
        if here == read or not read or is_live:
            return ""
        return (
            f"you are on {here}, and {read} is what is read: tasks arrive when they are merged (the"
            " settings git.branches and git.layers say so)"
        )

    def unreadable_branches(self, settings: Settings) -> tuple[Problem, ...]:
        """Return what keeps branches, and work trees without one, from having a say."""
        repository = self.repository(settings, self.worktree)
        unread: list[str] = []
        try:
            # Of what a partial clone lacks, whatever needs it tells.
            with contextlib.suppress(OutOfReachError):
                unread = repository.unreadable()
        finally:
            repository.close()
        damaged = [Problem(name, 0, UNREAD, fatal=True) for name in unread]
        return (*damaged, *(Problem(name, 0, UNFINISHED) for name in half_made(self.common_dir)))

    def branch_problems(self, settings: Settings) -> tuple[Problem, ...]:
        """Return what the last pass has found wrong in files of branches that are as they were.

        Settings that contradict each other as to branches come first.
        """
        found, odds = noted(self.state).problems, at_odds(settings)
        if not found:
            return odds
        repository = self.repository(settings, self.worktree)
        try:
            standing = repository.standing({each.layer: each.tip for each in found})
        finally:
            repository.close()
        return (*odds, *(each.told() for each in found if each.layer in standing))

    def guessed_branch(self, settings: Settings) -> str:
        """Return the branch that is read for want of a known default one, '' if one is known."""
        repository = self.repository(settings, self.worktree)
        try:
            name, commit = repository.branch()
            return name if repository.is_guessing and name != commit else ""
        finally:
            repository.close()

    def committed_settings(self) -> Settings:
        """Return the settings of the default branch's commit, else those that init recorded."""
        settings, repository = self.open_git(None)
        repository.close()
        return settings

    def settings_are_ahead(self) -> bool:
        """Whether the settings of this work tree are not those that hooks go by."""
        try:
            return self.settings() != self.committed_settings()
        except SettingsError:
            return True

    def record_settings(self, settings: Settings) -> None:
        """Record the settings for hooks that find none in the default branch."""
        self.state.make()
        record(self.state, settings)

    # --- what git holds -----------------------------------------------------------------------

    def git_dir(self, worktree: str) -> Path:
        """Return the git folder of a work tree by its name in requests."""
        if self.place is not None and worktree == self.place.worktree:
            return self.place.git_dir
        return self.common_dir if worktree == "-" else self.common_dir / "worktrees" / worktree

    def open_git(
        self, settings: Settings | None, worktree: str = "-"
    ) -> tuple[Settings, GitRepository]:
        """Open git at this moment, with the settings of that moment if none are given.

        Raises:
            SettingsError: The committed settings file has problems; all of them are named.
        """
        noted = recorded(self.state)
        repository = GitRepository(
            self.common_dir, default_branch=noted.default_branch, edits=self.edits
        )
        try:
            if repository.is_lacking:
                # It may be called otherwise by now: its own settings tell.
                repository.choose(default_branch="", current=None)
            chosen = of_commit(repository, noted) if settings is None else settings
        except BaseException:
            repository.close()
            raise
        repository.choose(
            default_branch=chosen.default_branch,
            current=self.git_dir(worktree) if chosen.branches == "current" else None,
            liveness=chosen.liveness._replace(now=time.time())
            if chosen.branches == "live"
            else None,
        )
        return chosen, repository

    def repository(self, settings: Settings, worktree: str = "-") -> GitRepository:
        """Open git at this moment."""
        return self.open_git(settings, worktree)[1]

    @property
    def is_shallow(self) -> bool:
        """Whether the clone holds only the newest part of the history."""
        return (self.common_dir / "shallow").exists()

    def check_depth(self, settings: Settings) -> None:
        """See whether the project can be known here.

        Raises:
            SetupError: Its oldest commit names it, and the clone is shallow.
        """
        if self.is_shallow and not settings.project_id:
            raise SetupError(SHALLOW)

    def project(self, settings: Settings, repository: GitRepository) -> str:
        """Return the project's id: from the settings, else the oldest root commit."""
        if settings.project_id:
            return settings.project_id
        _, commit = repository.branch()
        return repository.root(commit) if commit else ""

    def project_here(self, settings: Settings) -> str:
        """Return the project's id, for whoever has not opened git; '' before any commit."""
        if settings.project_id:
            return settings.project_id
        repository = self.repository(settings, self.worktree)
        try:
            return self.project(settings, repository)
        finally:
            repository.close()

    def project_named(self) -> str:
        """Return the same by the settings for commands that only look."""
        return self.project_here(self.readable_settings()[0])

    def oldest_commit(self) -> str:
        """Return the id of the oldest root commit, '' before any commit."""
        return self.project_here(replace(self.settings(), project_id=""))

    @property
    def worktree(self) -> str:
        """The name of this work tree in requests."""
        return self.place.worktree if self.place is not None else "-"

    @property
    def top(self) -> Path:
        """The top of the work tree, for commands in the foreground."""
        return self.place.top if self.place is not None else self.common_dir.parent

    def uncommitted(self, settings: Settings) -> list[str]:
        """Return watched files of this work tree that differ from its last commit."""
        repository = self.repository(settings)
        try:
            watched = pathspecs(SOURCES, settings.sources)
            return repository.uncommitted(self.top, self.git_dir(self.worktree), watched)
        finally:
            repository.close()

    def files(
        self, settings: Settings | None = None, held: Mapping[str, Sequence[str]] | None = None
    ) -> list[dict[str, Any]]:
        """Return what the sources find in the commit that is read, as plain data.

        ``held`` are the titles that files held at the last sync, by path.
        """
        return files_data(self.found(settings or self.settings(), held))

    def found(
        self, settings: Settings, held: Mapping[str, Sequence[str]] | None = None
    ) -> list[Found]:
        """Return what the sources find in the commit that is read; empty before any commit."""
        repository = self.repository(settings, self.worktree)
        try:
            _, commit = repository.branch()
            if not commit:
                return []
            return inventory(repository, commit, SOURCES, settings.sources, held or {})
        finally:
            repository.close()

    def problems(self, settings: Settings) -> tuple[Problem, ...]:
        """Return what is wrong with the files in the commit that is read."""
        try:
            return tuple(problem for each in self.found(settings) for problem in each.problems)
        except OutOfReachError as error:
            return (Problem("the task files", 0, str(error), fatal=True),)
