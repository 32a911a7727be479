"""Which database is chosen, and what is said where its driver is missing."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kanban_sync.core.errors import SetupError, StoreError
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.ports import FilesState
from kanban_sync.databases import (
    DATABASE_URL,
    DIRECT_URL,
    Contents,
    Manifests,
    PostgresServer,
    SqliteFile,
    sharing,
    task_database,
)
from kanban_sync.stores.migrations import Migration, migrations
from kanban_sync.stores.sqlite_database import open_database
from kanban_sync.stores.summary import ProjectCounts
from kanban_sync.sync.neighbours import note
from kanban_sync.sync.state_folder import StateFolder

URL = "postgresql://ada@db/tasks"
OTHER = "postgresql://ada@db/other"
SHARED = "sqlite:///home/ada/our%20tasks.db"
FILE = Path("/state/tasks.db")


@pytest.fixture
def git_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own configuration of git."""
    file = tmp_path / "gitconfig"
    file.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    return file


@pytest.mark.parametrize(
    ("environment", "configured", "name"),
    [
        ({}, "", str(FILE)),
        ({DATABASE_URL: ""}, "", str(FILE)),
        ({DATABASE_URL: URL}, "", URL),
        ({}, f"[kanban-sync]\ndatabase = {OTHER}", OTHER),
        ({DATABASE_URL: URL}, f"[kanban-sync]\ndatabase = {OTHER}", URL),
        ({DATABASE_URL: SHARED}, f"[kanban-sync]\ndatabase = {OTHER}", SHARED),
        ({}, f"[kanban-sync]\ndatabase = {SHARED}", SHARED),
    ],
)
def test_the_environment_counts_before_the_configuration_and_that_before_the_file(
    git_says: Path, environment: dict[str, str], configured: str, name: str
) -> None:
    git_says.write_text(configured)
    database = task_database(FILE, environment)
    assert database.name == name
    assert isinstance(database, PostgresServer if name in {URL, OTHER} else SqliteFile)


@pytest.mark.parametrize(
    ("environment", "configured", "direct"),
    [
        ({}, f"database = {URL}", ""),
        ({}, f"database = {URL}\ndatabaseDirect = {OTHER}", OTHER),
        ({DIRECT_URL: OTHER}, f"database = {URL}\ndatabaseDirect = {URL}", OTHER),
        ({DATABASE_URL: URL, DIRECT_URL: OTHER}, "", OTHER),
        # It is the way to another database.
        ({DATABASE_URL: URL}, f"database = {OTHER}\ndatabaseDirect = {OTHER}", ""),
    ],
)
def test_the_way_past_a_pooler_is_that_of_the_database_which_is_named(
    git_says: Path, environment: dict[str, str], configured: str, direct: str
) -> None:
    git_says.write_text(f"[kanban-sync]\n{configured}")
    database = task_database(FILE, environment)
    assert isinstance(database, PostgresServer)
    past = database.address.direct
    assert (past.name if past else "") == direct


def test_the_url_of_a_file_has_its_whole_path(tmp_path: Path) -> None:
    database = task_database(FILE, {DATABASE_URL: SHARED})
    assert isinstance(database, SqliteFile)
    assert database.path == Path("/home/ada/our tasks.db")
    latin = task_database(FILE, {DATABASE_URL: "sqlite:///caf%E9.db"})
    assert latin.name == "sqlite:///caf%E9.db"
    for url in ("sqlite://", "sqlite://tasks.db", f"sqlite://{tmp_path}"):
        with pytest.raises(SetupError, match="its whole path has to follow"):
            task_database(FILE, {DATABASE_URL: url})


def test_a_configuration_that_git_cannot_read_is_told(git_says: Path) -> None:
    git_says.write_text("[kanban-sync\n")
    with pytest.raises(SetupError, match=r"cannot read your configuration: bad config line 1 .*"):
        task_database(FILE, {})


def test_a_driver_that_is_missing_is_told_with_what_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "kanban_sync.stores.postgres_address", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SetupError, match=r"pip install 'psycopg\[binary\]'"):
        task_database(FILE, {DATABASE_URL: URL})


# --- What a file holds -----------------------------------------------------------------------

STEPS = migrations("sqlite")
NEWEST = STEPS[-1].number


def test_a_file_that_is_not_there_holds_nothing_and_is_not_made(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "tasks.db")
    assert file.contents() == Contents(0, NEWEST)
    assert file.look("p1") is None
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_of_a_file_says_where_its_copy_lies(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "tasks.db")
    open_database(file.path, steps=STEPS[:1]).close()
    assert file.contents() == Contents(1, NEWEST)
    copy = Path(file.upgrade())
    assert copy.parent == tmp_path
    assert SqliteFile(copy).contents() == Contents(1, NEWEST)
    assert file.contents() == Contents(NEWEST, NEWEST)
    assert file.upgrade() == ""


def test_of_a_file_that_projects_share_is_told_what_one_of_them_has(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "tasks.db")
    for project, count in (("p2", 2), ("p1", 1)):
        with closing(file.open(project)) as store:
            keys = [TaskKey(project, "tasks-md", f"{number}") for number in range(count)]
            tasks = [Task(key, "Title", Status.TODO) for key in keys]
            store.merge(tasks, {}, FilesState(), 1.0)
    assert file.contents("p2").projects == (ProjectCounts("p2", 2, 3),)
    assert file.contents("p3").projects == (ProjectCounts("p3", 0, 0),)


def test_a_newer_file_is_told_and_not_read(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "tasks.db")
    later = Migration(99, "ALTER TABLE tasks ADD COLUMN extra TEXT;")
    open_database(file.path, steps=(*STEPS, later)).close()
    assert file.contents() == Contents(99, NEWEST)
    with pytest.raises(StoreError, match="newer kanban-sync"):
        file.upgrade()


def test_a_file_is_the_same_database_whatever_path_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    one, two = (SqliteFile(tmp_path / each / "tasks.db") for each in ("there", "link"))
    assert one.identity() == ""
    one.open("p1").close()
    assert one.identity() == two.identity() != ""
    folders = [Manifests(tmp_path / each).identity() for each in ("there", "link", "elsewhere")]
    assert len(set(folders)) == len({*folders[1:]}) == 2


@pytest.mark.parametrize(
    ("mine", "said", "theirs", "noted", "are_apart"),
    [
        pytest.param(URL, "7/5/9", f"{URL}2", "8/5/9", True, id="two servers"),
        pytest.param(URL, "7/5/9", OTHER, "7/6/9", True, id="two databases of a server"),
        pytest.param(URL, "7/5/9", "postgresql://bob@::1/tasks", "7/5/9", False, id="one"),
        pytest.param(URL, "", OTHER, "7/5/9", False, id="nobody knows which it is here"),
        pytest.param(URL, "7/5/9", OTHER, "", False, id="nor which it is there"),
        pytest.param(URL, "7/5/9", OTHER, "7/5/8", False, id="noted before it was restored"),
        pytest.param(URL, "7/5/9", f"{URL}?host=h", "7/4/8", False, id="or was made anew"),
        pytest.param(URL, "", str(FILE), "", True, id="a server and a file"),
        pytest.param(str(FILE), "", "/there/tasks.db", "1/5", True, id="two files"),
    ],
)
def test_only_clones_of_which_it_is_known_are_told_to_be_apart(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mine: str,
    said: str,
    theirs: str,
    noted: str,
    are_apart: bool,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    here, there = (StateFolder(tmp_path / each) for each in ("here", "there"))
    there.make()
    there.clone_id()
    note("p1", there.path, theirs, known=noted)
    database: Any = SimpleNamespace(name=mine, known_identity=lambda: said)
    found = sharing(database, "p1", here)
    assert [each.database for each in found.apart] == [theirs] * are_apart


def test_a_clone_is_not_told_to_be_apart_that_did_not_sync_since_another_left_their_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    here, there = (StateFolder(tmp_path / each) for each in ("here", "there"))
    moved, other = "postgresql://ada@new/tasks", OTHER
    for state, name in ((here, URL), (there, other)):
        state.make()
        state.clone_id()
        note("p1", state.path, name, known="7/5/9")

    def apart(name: str, said: str, state: StateFolder) -> list[str]:
        database: Any = SimpleNamespace(name=name, known_identity=lambda: said)
        return [each.database for each in sharing(database, "p1", state).apart]

    # It was restored into another server: first a command learns of it, then a sync.
    assert apart(moved, "8/5/9", here) == []
    note("p1", here.path, moved, known="8/5/9")
    assert apart(moved, "8/5/9", here) == apart(other, "7/5/9", there) == []
    # The other one did not move along, as its next sync shows, or did.
    note("p1", there.path, other, known="7/5/9")
    assert apart(moved, "8/5/9", here) == [other]
    assert apart(other, "7/5/9", there) == [moved]
    note("p1", there.path, other, known="8/5/9")
    assert apart(moved, "8/5/9", here) == apart(other, "8/5/9", there) == []
