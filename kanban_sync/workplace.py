"""Where work is done in one clone: its database, fresh; the caller's files; the board behind."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.agents.telling import telling
from kanban_sync.agents.work import Store, Work
from kanban_sync.committed import Commits
from kanban_sync.core.edits import AddTask
from kanban_sync.core.errors import (
    EditError,
    RepositoryError,
    SettingsError,
    SetupError,
    StoreError,
    UnknownTaskError,
    UnreachableStoreError,
)
from kanban_sync.core.model import TaskKey
from kanban_sync.core.splices import splice
from kanban_sync.databases import notes_here, notes_in_use, told_of_another
from kanban_sync.databases.ports import closed_if_wrong
from kanban_sync.databases.taking_back import Taken, held_back, said_there, take_back
from kanban_sync.databases.written import NOTHING, Note, Said
from kanban_sync.editing import open_editor
from kanban_sync.snapshots import Snapshots
from kanban_sync.sync import requests
from kanban_sync.sync.background import detach, is_off
from kanban_sync.sync.consent import allowed_target
from kanban_sync.sync.freshness import noted_tips, tips_text
from kanban_sync.sync.requests import EVERY_TARGET, Cause, Request
from kanban_sync.sync.settings import served_last
from kanban_sync.work_tree import WorkTree
from kanban_sync.writing import bring, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kanban_sync.agents.task_files import Written
    from kanban_sync.checkout import Checkout
    from kanban_sync.config import Settings
    from kanban_sync.core.merge import Filed, Kept
    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import TaskStore
    from kanban_sync.databases import TaskDatabase
    from kanban_sync.databases.written import Notes
    from kanban_sync.editing import Editor


class Files:
    """The task files of the caller's work tree, opened when there is something to write."""

    def __init__(
        self, checkout: Checkout, settings: Settings, store: Store, database: TaskDatabase
    ) -> None:
        self._checkout = checkout
        self._settings = settings
        self._store = store
        self._database = database
        self._notes: tuple[Notes, int] | None = None
        """Where to note what is written, None while the database is there."""
        self._editor: Editor | None = None
        self._snapshots = Snapshots(checkout, settings)
        self._commits = Commits(checkout, settings, store, self._snapshots)

    @property
    def editor(self) -> Editor:
        """What finds and edits tasks, by the keys that the database has."""
        if self._editor is None:
            checkout, settings = self._checkout, self._settings
            repository = checkout.repository(settings, checkout.worktree)
            try:
                self._editor = open_editor(
                    checkout, settings, repository, self._store, self._snapshots
                )
            finally:
                repository.close()
        return self._editor

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from writing meanwhile, and see what they have written."""
        self._checkout.state.check_there()
        with self.editor.alone():
            project = self._checkout.project_here(self._settings)
            self._notes = notes_in_use(self._database, project, self._store)
            yield

    def write(self, kept: Kept, before: Sequence[Filed] = ()) -> Written:
        """Write status and assignee of a task, where that is safe."""
        with self._noted(str(kept.task.key)):
            return write(self.editor, kept, before, self._commits.last)

    def bring(self, kept: Kept, marks: Callable[[], Sequence[Filed]]) -> Written | None:
        """Write what was set elsewhere; None where the work tree is not behind."""
        with self._noted(str(kept.task.key)):
            return bring(self.editor, kept, self._commits, marks)

    def take_out_vain(self) -> Taken:
        """Take out what was written here while the database was away, and is in vain."""
        worktree = self._checkout.worktree
        found = notes_here(self._database, worktree)
        # Where the files cannot be read, it waits.
        with contextlib.suppress(EditError, RepositoryError):
            if found:
                with self.alone():
                    if self.editor.is_alone:
                        return take_back(found, worktree, self.editor, self)
        return held_back(found, worktree)

    def committed(self, key: str) -> Said:
        """Return what the last commit says of a task."""
        last = self._commits.last(key)
        return NOTHING if last is None else Said(last.status.value, last.assignee, last.word)

    def title(self, key: str) -> str:
        """Return what the database calls a task, '' if it has none of that key."""
        source, _, name = key.partition(":")
        project = self._checkout.project_here(self._settings)
        with contextlib.suppress(UnknownTaskError):
            return self._store.entry(TaskKey(project, source, name)).task.title
        return ""

    @contextlib.contextmanager
    def _noted(self, key: str = "") -> Iterator[None]:
        """Note what is written while the database is away: it may come to be in vain.

        Without a key it is a task that is added.
        """
        editor, hears = self.editor, self.editor.before_write
        if self._notes is not None:
            editor.before_write = partial(self._note, *self._notes, key)
        try:
            yield
        finally:
            editor.before_write = hears

    def _note(  # noqa: PLR0913 - where to note it, and what
        self, notes: Notes, newest: int, key: str, path: str, before: bytes, after: bytes
    ) -> None:
        """Note what is to be written, before that: so nothing stands there that nobody knows of."""
        editor, done = self.editor, splice(before, after)
        was, known = said_there(editor, key), {each.key for each in editor.tasks()}
        with editor.as_if(path, after):
            new = [str(each.key) for each in editor.tasks() if each.key not in known]
            key = key or next(iter(new), "")
            said = said_there(editor, key)
            title = editor.look(key).title if new else ""
        note = Note(self._checkout.worktree, key, path, was, said, done, newest, title)
        try:
            notes.add(note)
        except OSError as error:
            raise EditError(
                f"{path}: what is written while the database is away cannot be noted in"
                f" {notes.copy.parent} ({error.strerror}); see to that, then try again"
            ) from error

    def add(self, path: str, title: str, own: str, under: str) -> Task:
        """Add a task to a file, and return it with the key that it has from now on."""
        with self.alone(), self._noted():
            added = self.editor.add(path, AddTask(title, own, under))
        return self.editor.look(f"{added.path}:{added.line}")

    def tasks(self) -> list[Task]:
        """Return the tasks as they stand in the files now, by the keys that the database has.

        None where the files cannot be read: what is known of them without them does then.
        """
        with contextlib.suppress(EditError, RepositoryError):
            return self.editor.tasks()
        return []

    def has(self, path: str) -> bool:
        """Tell whether a file is there that can be read."""
        return self._tree.is_file(path)

    @property
    def _tree(self) -> WorkTree:
        checkout = self._checkout
        return WorkTree(checkout.top, checkout.git_dir(checkout.worktree))

    def look_again(self) -> None:
        """Forget what stood in the files: there may be commits since."""
        checkout, settings = self._checkout, self._settings
        self._editor = None
        self._snapshots = Snapshots(checkout, settings)
        self._commits = Commits(checkout, settings, self._store, self._snapshots)

    def take_back(self, path: str) -> None:
        """Take out again what was added to a file last."""
        self.editor.take_back(path)


class Board:
    """The board that is to follow, once a command: asked at once, served by another process."""

    def __init__(self, checkout: Checkout) -> None:
        """Begin with nothing asked for."""
        self._checkout = checkout
        self._is_asked = False

    def ask(self) -> None:
        """Leave a request; whatever happens to this process, the next hook hears of it."""
        state = self._checkout.state
        if self._is_asked or allowed_target(state) is None:
            return
        state.check_there()
        self._is_asked = True
        state.mark_pending()
        requests.append(state, Request(EVERY_TARGET, Cause.CLI, self._checkout.worktree))

    def follow(self) -> None:
        """Let another process serve the request, if there is one; nobody waits for it."""
        state = self._checkout.state
        if self._is_asked and state.is_there and not is_off(state):
            detach(state)


def working_settings(checkout: Checkout) -> Settings:
    """Return the settings for work on tasks: where they are bad, those that served last.

    Raises:
        SettingsError: They have problems, and no others ever served.
    """
    try:
        return checkout.settings()
    except SettingsError as error:
        return served_last(checkout.state, error, checkout.warn_of_settings)


@contextlib.contextmanager
def open_work(  # noqa: PLR0913 - the clone, its database, and for whom
    checkout: Checkout,
    database: TaskDatabase,
    refresh: Callable[[], None],
    to_look: Callable[[str], None] | None = None,
    board: Board | None = None,
    *,
    has_to_write: bool = False,
) -> Iterator[Work]:
    """Open what agents and people do with the tasks of a clone.

    Args:
        checkout: The clone, and the work tree from which it is called.
        database: The task database of the clone.
        refresh: Brings what was committed into the task database.
        to_look: For those who only look, also where nothing may be written; then it hears what
            they do not see.
        board: What is asked to follow; one that follows at the end if None.
        has_to_write: Whether it is not enough for those who only look if it can be read.

    Raises:
        KanbanSyncError: What is committed cannot be read, or the database cannot be used.
    """
    worktree = checkout.worktree
    git_dir = checkout.git_dir(worktree)
    noted = noted_tips(checkout.state.seen, checkout.common_dir, git_dir, worktree)
    if not noted and not database.tries_later():
        _refresh(checkout, refresh, to_look)
    settings = working_settings(checkout)
    board = board or Board(checkout)
    project = checkout.project_here(settings)
    looks = to_look is not None
    may_read = looks and not has_to_write
    tell = to_look or checkout.warn
    store = _opened(database, project, tell, may_read=may_read)
    with closed_if_wrong(store):
        away = database.mode(project).words(database.name)
        if away:
            tell(away)
    if not away and noted and _is_another(store, noted):
        # It is another database than the last pass brought up to date, or an older copy.
        _refresh(checkout, refresh, to_look)
        store = _opened(database, project, tell, may_read=may_read)
    with closed_if_wrong(store):
        _warn_of_another(checkout, database, project, looks=looks)
    told: set[str] = set()

    def tell_once(text: str) -> None:
        if to_look is not None and text not in told:
            told.add(text)
            to_look(text)

    def catch_up() -> None:
        checkout.state.check_there()
        seen = noted_tips(checkout.state.seen, checkout.common_dir, git_dir, worktree)
        if not seen and not database.tries_later():
            _refresh(checkout, refresh, tell_once if looks else None)
            if files is not None:
                files.look_again()
        _take_out_vain(files, tell)

    with contextlib.closing(store):
        files = Files(checkout, settings, store, database) if checkout.place is not None else None
        heard = telling(store, project, checkout.bus)
        ask, add_to = board.ask, settings.add_to
        work = Work(heard, project, time.time, files, ask, catch_up, add_to, checkout.bus)
        try:
            _take_out_vain(files, tell)
            if to_look is not None:
                # Where it may not be written, whoever claims takes back what is to be taken back.
                with contextlib.suppress(StoreError):
                    work.reclaim(leases=False)
            yield work
        finally:
            # What was done before something went wrong is to be seen, too.
            board.follow()


def taken_out(opens: type[Checkout], top: Path, database: TaskDatabase, worktree: str) -> Taken:
    """Take out of a work tree what was written there apart in vain, as its next command would.

    Args:
        opens: What finds the clone around a folder.
        top: The folder of the work tree.
        database: That of the clone, which was reached.
        worktree: Its name.
    """
    found = notes_here(database, worktree)
    if not found:
        return Taken()
    try:
        checkout = opens.at(top)
        settings = working_settings(checkout)
        with contextlib.closing(_workable(database.open(checkout.project_here(settings)))) as store:
            return Files(checkout, settings, store, database).take_out_vain()
    except (RepositoryError, SettingsError):
        return held_back(found, worktree)


def _take_out_vain(files: Files | None, tell: Callable[[str], None]) -> None:
    """Take out of the work tree what was written there apart in vain, and tell it."""
    for line in files.take_out_vain().told if files is not None else ():
        tell(line)


def _warn_of_another(
    checkout: Checkout, database: TaskDatabase, project: str, *, looks: bool
) -> None:
    """Tell whoever changes something, and hears it, of a database that is not the one before."""
    if looks or not checkout.is_heard:
        return
    for line in told_of_another(database, project, checkout.state):
        checkout.warn(line)


def _is_another(store: Store, noted: str) -> bool:
    """Whether a database has not what was noted of it; it is closed then."""
    with closed_if_wrong(store):
        is_another = tips_text(store.tips()) != noted
    if is_another:
        store.close()
    return is_another


def _refresh(
    checkout: Checkout, refresh: Callable[[], None], to_look: Callable[[str], None] | None
) -> None:
    try:
        refresh()
    except SettingsError as error:
        served_last(checkout.state, error, checkout.warn_of_settings)
    except (StoreError, SetupError) as error:
        if to_look is None and not isinstance(error, UnreachableStoreError):
            raise  # Whether work goes on without the server is for whoever opens it to say.
        if to_look is None:
            return
        to_look(f"What was committed since the last sync is not seen: {error}")


def _opened(
    database: TaskDatabase, project: str, to_tell: Callable[[str], None], *, may_read: bool
) -> Store:
    """Open the database to write; for those who only look, to read where it has to be."""
    try:
        return _workable(database.work(project, to_tell))
    except UnreachableStoreError:
        raise  # Who comes just as it is there would have it to read alone, and for good.
    except StoreError:
        found = database.look(project) if may_read else None
        if found is None:
            raise
        return _workable(found)


def _workable(store: TaskStore) -> Store:
    """Return a database in which tasks can be claimed."""
    if isinstance(store, Store):
        return store
    store.close()
    raise SetupError(
        "this kind of task database cannot hand out tasks yet; unset KANBAN_SYNC_DATABASE_URL and"
        " git's kanban-sync.database to work with the one in the clone"
    )
