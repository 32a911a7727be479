"""The composition root: opens the implementations, and is the one façade for all front doors."""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kanban_sync import git_credentials
from kanban_sync.boards.planka.credentials import credential_for
from kanban_sync.checkout import Checkout
from kanban_sync.core.errors import (
    BoardUnreachableError,
    ConsentError,
    KanbanSyncError,
    OutOfReachError,
    RepositoryError,
    SettingsError,
    StoreError,
)
from kanban_sync.databases import DATABASE_FILE, database_data, opened, task_database
from kanban_sync.sources import SOURCES
from kanban_sync.sync import requests
from kanban_sync.sync.background import is_waited_for
from kanban_sync.sync.consent import Target, allowed_target, named_target
from kanban_sync.sync.engine import Engine
from kanban_sync.sync.notices import advice, failure, surprise
from kanban_sync.sync.report import SyncResult
from kanban_sync.sync.requests import DATABASE, EVERY_TARGET, Cause, Request
from kanban_sync.sync.runner import Outcome, Patience, Progress, follow, retry_in_background, run
from kanban_sync.sync.session import Doors, Session, Watcher
from kanban_sync.sync.settings import note_used, used
from kanban_sync.sync.status import held_by, never_ready, reading_data, synced_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from kanban_sync.agents.work import Work
    from kanban_sync.boards.planka.credentials import Credential
    from kanban_sync.config import Settings
    from kanban_sync.core.model import Task
    from kanban_sync.core.operations import Plan
    from kanban_sync.core.ports import Board, Run, TaskStore
    from kanban_sync.databases import TaskDatabase
    from kanban_sync.editing import Editor
    from kanban_sync.git import GitRepository
    from kanban_sync.workplace import Board as Follower


class Clone(Checkout):
    """One clone with its task database and its board."""

    # --- opening ------------------------------------------------------------------------------

    @cached_property
    def database(self) -> TaskDatabase:
        """The task database that the user has named, else the file in the state folder.

        Raises:
            SetupError: What is named is none.
        """
        return task_database(self.state.path / DATABASE_FILE, os.environ, self.state)

    def session(self, settings: Settings | None, worktree: str = "-") -> Session:
        """Open what one pass works with; without settings, with those that are committed.

        Where the committed ones have problems, those that served last do for the task database:
        with any others its tasks would seem to vanish. The session then knows the problems.

        Raises:
            RepositoryError: There is no commit yet.
            SettingsError: The committed settings file has problems, and no others ever served.
            OutOfReachError: The same, where this clone lacks them.
            SetupError: The settings name a default branch that this clone does not have.
        """
        problem: KanbanSyncError | None = None
        try:
            chosen, repository = self.open_git(settings, worktree)
        except (SettingsError, OutOfReachError) as error:
            last = used(self.state)
            if last is None:
                raise
            chosen, repository = self.open_git(last, worktree)
            problem = error
        try:
            self.check_branch(chosen, repository)
            project = self._known_project(chosen, repository)
            note_used(self.state, chosen)
            store = opened(self.database, project, self.state)
            if not self.bus.is_silent:
                from kanban_sync.agents.telling import telling  # A hook's process does no work.

                store = telling(store, project, self.bus)
            return Session(chosen, project, repository, store, problem)
        except BaseException:
            repository.close()
            raise

    def _known_project(self, settings: Settings, repository: GitRepository) -> str:
        if project := self.project(settings, repository):
            return project
        raise RepositoryError("there is no commit yet; commit something that is to be synced")

    def board(self, target: Target, session: Session, on_answer: Callable[[], None]) -> Board:
        """Connect to a board; its first request looks for what the user has bound to that server.

        Raises:
            SetupError: The URL is none, or no secret may go there.
        """
        from kanban_sync.boards.planka.board import PlankaBoard  # The database needs no HTTP.
        from kanban_sync.boards.planka.client import ALLOW_HTTP, Client, Conduct
        from kanban_sync.boards.planka.sign_in import SignIn

        sign_in = SignIn(lambda: self.credential(target))
        conduct = Conduct(plain_hosts=os.environ.get(ALLOW_HTTP, ""))
        client = Client(target.url, sign_in, conduct, on_answer, session.may_write)
        ids, layout = session.store.board_ids(target.id), session.settings.drawing.layout
        return PlankaBoard(client, target.project, target.board, ids, layout)

    def credential(self, target: Target) -> Credential:
        """Return what the user has bound to a board's server; the server is not asked.

        Raises:
            SignInError: There is none for that server.
        """
        return credential_for(target.url, os.environ, git_credentials.ask)

    def forget_board(self, target: Target, settings: Settings) -> None:
        """Forget what was said on a board that is gone, so that it is made anew under its name."""
        session = self.session(settings)
        with contextlib.closing(session.clone), contextlib.closing(session.store) as store:
            store.forget(target.id, list(store.base(target.id)))
            store.remember_board(target.id, {})

    # --- looking --------------------------------------------------------------------------------

    def tasks(self) -> list[Task]:
        """Return all tasks of the database."""
        with self._reading(self.readable_settings()[0]) as (_, store):
            return store.tasks() if store is not None else []

    def runs(self, limit: int) -> list[Run]:
        """Return the newest runs, newest first."""
        with self._reading(self.readable_settings()[0]) as (_, store):
            return store.runs(limit) if store is not None else []

    def status(self) -> dict[str, Any]:
        """Return the state of the clone as plain data, with stable keys."""
        settings, problems = self.readable_settings()
        away: list[str] = []
        with self._reading(settings, away) as (repository, store):
            try:
                files = self.files(settings, held_by(store))
            except OutOfReachError as error:
                files, problems = [], (*problems, str(error))
            return {
                **reading_data(settings, problems, repository.branch()),
                **synced_data(self.state, settings, store),
                "checked_out": self.missing_branch(settings) or self.unread_branch(settings),
                "unreadable": [str(each) for each in self.unreadable_branches(settings)],
                "branch_problems": [str(each) for each in self.branch_problems(settings)],
                **database_data(self.database, self.project(settings, repository), self.state),
                "database_problem": "".join(away),
                "valkey": self.bus_data(),
                "files": files,
                "uncommitted": self.uncommitted(settings),
            }

    def editor(self) -> Editor:
        """Return what edits tasks in this work tree, by the keys that they have by now."""
        # Loaded here: a hook's process never edits.
        from kanban_sync.editing import open_editor

        settings = self.settings()
        with self._reading(settings) as (repository, store):
            return open_editor(self, settings, repository, store)

    def work(
        self, to_look: Callable[[str], None] | None = None, follower: Follower | None = None
    ) -> AbstractContextManager[Work]:
        """Open the work on tasks, with all that is committed; `open_work` tells of the others."""
        from kanban_sync.workplace import open_work  # A hook's process does none.

        return open_work(self, self.database, self.refresh, to_look, follower)

    @contextlib.contextmanager
    def _reading(
        self, settings: Settings, away: list[str] | None = None
    ) -> Iterator[tuple[GitRepository, TaskStore | None]]:
        """Open git and, if there is one, the task database, for reading; `away` takes why not."""
        repository = self.repository(settings, self.worktree)
        store: TaskStore | None = None
        try:
            try:
                store = self.database.look(self.project(settings, repository))
            except StoreError as error:
                if away is None:
                    raise
                away.append(str(error))
            yield repository, store
        finally:
            if store is not None:
                store.close()
            repository.close()

    # --- syncing ------------------------------------------------------------------------------

    def engine(
        self,
        target: Target | None,
        settings: Settings | None,
        watcher: Watcher,
        progress: Progress,
        *,
        is_named: bool = False,
    ) -> Engine:
        """Put together what brings a target up to date.

        Args:
            target: The board; None stands for the database alone.
            settings: Those to use; None stands for what is committed at the moment of each pass.
            watcher: Who wants to hear of it.
            progress: What the parts of a pass tick.
            is_named: Whether the user named the board for this once, whatever is committed.
        """

        def open_board(session: Session) -> Board | None:
            named = named_target(session.settings)
            is_asked_for = settings is not None or is_named
            if target is None or not (is_asked_for or named in {None, target}):
                # The repository has come to name another board, which nobody has allowed yet.
                return None
            self.check_depth(session.settings)
            return self.board(target, session, lambda: progress.tick("writing to the board"))

        doors = Doors(
            open_session=lambda worktree: self.session(settings, worktree),
            open_board=open_board,
            sources=SOURCES,
            on_step=watcher.on_step,
            log=watcher.log,
        )
        name = DATABASE if target is None else target.id
        engine = Engine(self.state, self.common_dir, name, doors, progress)
        engine.serves_hooks = name == self._served_by_hooks()
        return engine

    def target(self, settings: Settings) -> Target | None:
        """Return the board that this clone may write to, None for the database alone.

        Raises:
            ConsentError: The settings name a board that the user has not allowed.
        """
        named = named_target(settings)
        if named is None or named == allowed_target(self.state):
            return named
        raise ConsentError(
            f"the repository names the board {named}, which you have not allowed for this clone;"
            " the task database is up to date. Run 'kanban-sync allow' if it is the right one"
        )

    def sync(
        self,
        target: Target | None,
        settings: Settings,
        watcher: Watcher,
        *,
        force: bool = False,
        wait: bool = False,
    ) -> SyncResult:
        """Sync in the foreground; if another process is at it, leave the request with it.

        Raises:
            KanbanSyncError: As the runner says; what was not done is pending.
        """
        name = target.id if target is not None else DATABASE
        self.state.make()
        patience = Patience(debounce=0.0)
        engine = self.engine(target, settings, watcher, Progress())
        engine.force = force

        def attempt() -> Outcome:
            return run(self.state, name, engine, patience=patience, board_lock=target is not None)

        try:
            with contextlib.closing(engine):
                offset = self._ask(name)
                outcome = attempt()
                # Nobody else forces for us: if somebody is at it, we come after.
                while force and target is not None and engine.report.plan is None:
                    time.sleep(patience.poll)
                    self._ask(name)
                    outcome = attempt()
                if outcome is Outcome.QUEUED and wait:
                    outcome = follow(self.state, name, offset, attempt, patience=patience)
        except KanbanSyncError as error:
            if name == self._served_by_hooks():
                self.state.renew_notice(failure(str(error), None))
            raise
        finally:
            if name != self._served_by_hooks():
                # No hook would ever serve it, so none has to be woken for it.
                self.state.mark_caught_up(name)
        if outcome is Outcome.DONE:
            self.state.notice("")
            # Files that did not change were not read, and may be as bad as they were.
            with self._reading(settings) as (_, store):
                on_branches = dict.fromkeys(self.branch_problems(settings))
                read = [each for each in engine.report.problems if each not in on_branches]
                found = read or self.problems(settings)
                engine.report.problems = (*found, *on_branches, *never_ready(store))
        return SyncResult(outcome, engine.report, target)

    def _ask(self, name: str) -> int:
        """Leave a request; whatever happens to this process, the next hook hears of it."""
        self.state.mark_pending()
        return requests.append(self.state, Request(name, Cause.CLI, self.worktree))

    def _served_by_hooks(self) -> str:
        target = allowed_target(self.state)
        return target.id if target is not None else DATABASE

    def request(self, target: Target | None = None) -> None:
        """Leave a request for a board that the user named, or for every target of this clone."""
        self.state.make()
        self._ask(target.id if target is not None else EVERY_TARGET)

    def refresh(self) -> None:
        """Bring what was committed since the last pass into the task database.

        Raises:
            KanbanSyncError: It cannot be read or written; what was synced before is there.
        """
        with contextlib.closing(self.engine(None, None, Watcher(), Progress())) as engine:
            engine.database([Request(DATABASE, Cause.CLI, self.worktree)])

    def preview(self, target: Target | None, settings: Settings, *, force: bool) -> Plan | None:
        """Return what a sync would tell the board; the database is brought up to date first."""
        progress = Progress()
        engine = self.engine(target, settings, Watcher(), progress)
        with contextlib.closing(engine):
            engine.force = force
            engine.serves_hooks = False
            engine.database([Request(DATABASE, Cause.CLI, self.worktree)])
            return engine.preview()

    def background(self, watcher: Watcher | None = None, named: Target | None = None) -> None:
        """Serve the requests of hooks; whatever happens is logged, and told by the next hook.

        Args:
            watcher: Who wants to hear of it; the log, if None.
            named: A board that the user named for this once, instead of that of the hooks.
        """
        target = named or allowed_target(self.state)
        name = target.id if target is not None else DATABASE
        with self.state.open_log(name) as log:
            heard = watcher or Watcher(log=lambda text: print(text, file=log))
            try:
                self._serve(target, name, heard, named)
            except KanbanSyncError as error:
                self._tell_failure(error, heard, named)
                # Settings that cannot be read end it before the runner could say so.
                self.state.mark_behind(name)
            except Exception as error:  # noqa: BLE001 - a bug: nobody sees this process's stderr
                heard.log(traceback.format_exc())
                self.state.notice(surprise(error, self.state.log))
                self.state.mark_behind(name)
            finally:
                if name != self._served_by_hooks():
                    self.state.mark_caught_up(name)

    def _serve(self, target: Target | None, id_: str, heard: Watcher, named: Target | None) -> None:
        def attempt() -> Outcome:
            engine = self.engine(target, None, heard, Progress(), is_named=named is not None)
            with contextlib.closing(engine):
                locks = target is not None
                outcome = run(self.state, id_, engine, patience=Patience(), board_lock=locks)
                if outcome is Outcome.QUEUED:
                    # Whoever is at it may be waiting for a slow board; agents need not.
                    engine.database(requests.pending(self.state, id_))
                if outcome is Outcome.DONE:
                    self.state.notice(advice(engine.report))
                return outcome

        try:
            outcome = attempt()
        except BoardUnreachableError as error:
            self._tell_failure(error, heard, named)
            outcome = Outcome.PENDING
        if outcome is Outcome.PENDING and not is_waited_for(os.environ):
            retry_in_background(self.state, id_, attempt, patience=Patience())

    def _tell_failure(self, error: KanbanSyncError, heard: Watcher, named: Target | None) -> None:
        heard.log(str(error))
        self.state.notice(failure(str(error), named))
