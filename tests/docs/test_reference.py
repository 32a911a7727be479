"""The reference lists what there is: nothing is missing, nothing is made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import pytest

from docs.documents import TOP, document, table, words
from docs.reader import Reader
from forked import run_forked
from kanban_sync import config
from kanban_sync.agents.entries import NOTHING_READY
from kanban_sync.agents.names import AGENT
from kanban_sync.boards.planka.client import ALLOW_HTTP
from kanban_sync.boards.planka.credentials import VARIABLES
from kanban_sync.buses import VALKEY_URL
from kanban_sync.cli import project_sync
from kanban_sync.cli.demo_files import START
from kanban_sync.cli.init import GIT, TEMPLATE
from kanban_sync.cli.main import COMMANDS, cli
from kanban_sync.cli.process import INTERRUPTED
from kanban_sync.config import Settings
from kanban_sync.core.columns import AGENT_LABEL, LABELS, LISTS, STATUS_LABELS, Column
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.core.mapping import COLUMN_OF
from kanban_sync.core.model import Status
from kanban_sync.databases import DATABASE_URL, DIRECT_URL
from kanban_sync.sources.box_tasks import MARKS
from kanban_sync.standin.server import Standin
from kanban_sync.sync import requests
from kanban_sync.sync.state_folder import LOGS_KEPT, StateFolder
from repos import Repo
from system.synced_clone import processes_about, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {
    "db": ("replay", "status", "upgrade"),
    "files": ("set", "add", "remove", "write"),
    "mission": ("status",),
    "orchestrator": ("register", "heartbeat", "list"),
    "serve": ("token add", "token list", "token remove"),
    "task": (
        *("list", "show", "next", "claim", "start", "heartbeat", "done", "review", "block"),
        *("fail", "release", "set", "add", "history", "run"),
    ),
}
"""Commands that have commands of their own."""

PROGRAMS = {
    **{f"kanban-sync {name}": name for name, text in COMMANDS.items() if text},
    **{f"kanban-sync {name} {part}": f"{name} {part}" for name in PARTS for part in PARTS[name]},
    "kanban-project-sync": "",
}

# What only the demo and the stand-in read, what git and hook frameworks tell a hook, and what any
# login sets.
OTHERS = re.compile(r"PRE_COMMIT(_.*)?|GIT_.*|HOME|LOGNAME|USER|XDG_CONFIG_HOME")


def _command(name: str) -> click.Command:
    if not name:
        return project_sync.command
    found: click.Command | None = cli
    for part in name.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), part)
    assert found
    return found


class Synced(NamedTuple):
    """A clone that was set up, below somebody's home, and what that person has set."""

    home: Path
    repo: Repo
    environment: dict[str, str]
    reader: Reader

    @property
    def state(self) -> StateFolder:
        """The state folder."""
        return StateFolder(self.repo.path / ".git" / "kanban-sync")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory, _isolated: None) -> Iterator[Synced]:
    """A clone that was set up and has synced a commit with a board."""
    home = tmp_path_factory.mktemp("synced").resolve()
    repo = Repo.init(home / "bookshop")
    repo.commit("Begin", **START)
    with Standin() as server:
        given = {"PLANKA_URL": server.url, "PLANKA_API_KEY": server.api_key}
        with Reader(home, repo.path, given) as reader:
            code, said = reader.type(
                "kanban-sync init --yes && git add . && git commit -qm settings"
            )
            assert code == 0, said
            state = {"HOME": str(home), "XDG_STATE_HOME": str(home / ".local" / "state")}
            yield Synced(home, repo, {**given, **state}, reader)


def _keys(heading: str, number: int = 0) -> list[str]:
    """Return the keys in the first table below a heading of the page on JSON, or a later one."""
    parts = re.split(r"\n(?=\| key)", document("reference/json.md").section(heading))
    return [words(row[0])[0] for row in table(parts[number + 1])]


def _nested(heading: str, key: str) -> list[str]:
    """Return the keys that the description of a key names."""
    rows = table(document("reference/json.md").section(heading))
    (cell,) = (row[1] for row in rows if words(row[0]) == [key])
    return words(cell)


# --- commands -----------------------------------------------------------------------------------


def test_every_command_is_described() -> None:
    text = document("reference/commands.md").text
    assert sorted(re.findall(r"^## (.+)$", text, re.MULTILINE)) == sorted(PROGRAMS)


def test_every_part_of_a_command_is_listed() -> None:
    commands = {name: _command(name) for name in COMMANDS if name}
    groups = {name: each for name, each in commands.items() if isinstance(each, click.Group)}
    assert {name: set(_parts(each)) for name, each in groups.items()} == {
        name: set(parts) for name, parts in PARTS.items()
    }


def _parts(group: click.Group) -> Iterator[str]:
    """Yield the commands of a group, also those of groups in it."""
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from (f"{name} {part}" for part in _parts(each))
        else:
            yield name


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_is_described(program: str) -> None:
    rows = table(document("reference/commands.md").section(f"## {program}"))
    described = {
        (
            *(word.split()[0] for word in words(row[0])),
            *({"..."} if " " in row[0].split(",")[0] else ()),
        )
        for row in rows
    }
    options = [
        each for each in _command(PROGRAMS[program]).params if isinstance(each, click.Option)
    ]
    assert described == {
        (*option.opts, *(() if option.is_flag else ("...",))) for option in options
    }


def test_the_changes_name_every_command() -> None:
    text = (TOP / "CHANGELOG.md").read_text()
    assert {name for name, what in COMMANDS.items() if what} <= set(words(text))


# --- settings and environment -------------------------------------------------------------------


def test_every_setting_is_described_with_its_default() -> None:
    rows = table(document("reference/settings.md").text)
    described = {words(row[0])[0]: words(row[1]) for row in rows}
    assert described == {".".join(path): _default(key.target) for path, key in config.KEYS.items()}


def _default(target: str) -> list[str]:
    value: Any = Settings()
    *parts, name = target.split(".")
    if parts in (["drawing", "lists"], ["drawing", "labels"], ["drawing", "statuses"]):
        names = {column.word: column.value for column in LISTS} | LABELS._asdict()
        return [names[name]] if name != config.ANY else []
    for part in (*parts, name):
        value = getattr(value, part) if part != config.ANY else value
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, int):
        return [str(value)] if value else []
    return list(value) if isinstance(value, tuple) else [value] if value else []


def test_the_file_that_init_writes_tells_the_defaults() -> None:
    text = TEMPLATE.format(project_id='"0"', planka="", git=GIT)
    marks = ("# sources:", "# git:", "#   ")
    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(marks)]
    told = config.parse("\n".join(lines).encode(), "template")
    assert told == Settings(default_branch="main")


def test_every_environment_variable_is_described() -> None:
    described = {words(row[0])[0] for row in table(document("reference/environment.md").text)}
    constants = {
        *config.ENVIRONMENT,
        *VARIABLES,
        ALLOW_HTTP,
        AGENT,
        DATABASE_URL,
        DIRECT_URL,
        VALKEY_URL,
    }
    assert described == constants | {name for name in _read() if not OTHERS.fullmatch(name)}


def _read() -> set[str]:
    """Return the variables that the program and its hooks read by name."""
    package = TOP / "kanban_sync"
    files = [
        path
        for path in package.rglob("*.py")
        if "standin" not in path.parts and not path.name.startswith("demo")
    ]
    python = re.compile(
        r'environ(?:ment)?(?:\.get\(|\[)"([A-Z_]+)"|"([A-Z_]+)" (?:not )?in os\.env'
    )
    names = {name for path in files for pair in python.findall(path.read_text()) for name in pair}
    shim = (TOP / "hooks" / "post-commit").read_text()
    return (names | set(re.findall(r"\$\{([A-Z_]+)-", shim))) - {""}


def test_every_exit_code_is_described() -> None:
    described = {int(row[0]) for row in table(document("reference/exit-codes.md").text)}
    codes = {each.exit_code for each in _all_errors(KanbanSyncError)}
    assert described == {0, *codes, NOTHING_READY, INTERRUPTED}


def _all_errors(error: type[KanbanSyncError]) -> Iterator[type[KanbanSyncError]]:
    yield error
    for each in error.__subclasses__():
        yield from _all_errors(each)


# --- statuses and dialects ----------------------------------------------------------------------


def test_the_table_of_statuses_is_the_one_that_is_used() -> None:
    rows = table(document("reference/statuses.md").text)
    described = {
        words(status)[0]: (column, words(label), ends) for status, column, label, ends in rows
    }
    assert described == {
        status.value: (
            "the board's archive"
            if COLUMN_OF[status] is Column.ARCHIVE
            else COLUMN_OF[status].value,
            [STATUS_LABELS[status]] if status in STATUS_LABELS else [],
            "yes" if status.satisfies else "no",
        )
        for status in Status
    }


def test_the_lists_and_the_label_are_named_in_order() -> None:
    text = document("reference/statuses.md").text
    assert f"in this order: {', '.join(column.value for column in LISTS)}." in text
    assert f"has the label `{AGENT_LABEL}`" in text


def test_every_mark_of_a_checkbox_is_described() -> None:
    rows = table(document("reference/tasks-md.md").section("## Marks"))
    described = {
        mark.strip("[]").strip(): words(status)[0]
        for marks, status in rows
        for mark in words(marks)
    }
    assert described == {mark: status.value for mark, status in MARKS.items()}


# --- JSON ---------------------------------------------------------------------------------------


def _asked(synced: Synced, arguments: str) -> dict[str, Any]:
    done = run_forked([*arguments.split(), "--json"], synced.repo.path, synced.environment)
    assert done.returncode == 0, done.stderr
    # The next one finds what was synced because of this one.
    until(lambda: not processes_about(str(synced.home)), "the end of the sync in the background")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("arguments", "heading"),
    [
        ("status", "## status"),
        ("board", "## board"),
        ("files", "## files"),
        ("db status", "## db status"),
        ("log", "## log"),
        ("sync", "## sync"),
        ("doctor", "## doctor"),
        ("check", "## check"),
        ("install", "## install and uninstall"),
        ("task show tidy-build-logs", "## A task"),
        ("task list", "## task list"),
        ("events", "## events"),
        ("monitor --once", "## monitor"),
        ("orchestrator list", "## orchestrator"),
        ("files write", "## files write"),
    ],
)
def test_every_key_is_described(synced: Synced, arguments: str, heading: str) -> None:
    only_elsewhere = {"state_removed"} if arguments == "install" else set()
    assert _asked(synced, arguments).keys() == set(_keys(heading)) - only_elsewhere


def test_every_key_inside_is_described(synced: Synced) -> None:
    status = _asked(synced, "status")
    assert list(status["target"]) == _nested("## status", "target")
    assert ["database", *status["last_run"]["database"]] == _nested("## status", "last_run")
    assert list(status["files"][0]) == _nested("## files", "files")
    lists = _asked(synced, "board")["lists"]
    assert list(lists[0]) == _nested("## board", "lists")
    card = next(card for each in lists for card in each["cards"])
    assert list(card) == _keys("## board", 1)
    assert set(_asked(synced, "log")["runs"][0]) == set(_nested("## log", "runs"))
    there = _asked(synced, "db status")["projects"]
    assert list(there[0]) == _nested("## db status", "projects")
    edited = _asked(synced, "files set TASKS.md:5 --status todo")
    assert list(edited) == _keys("## files set, files add, files remove")
    synced_data = _asked(synced, "sync --force")
    assert list(synced_data["database"]) == _nested("## sync", "database")
    assert list(synced_data["board"]) == _nested("## sync", "board")
    dry = _asked(synced, "sync --dry-run")
    assert set(dry) == {"board", *_nested("## sync", "board")}
    claimed = _asked(synced, "task claim --next")
    assert list(claimed) == [*_keys("## A task"), *_keys("## A task", 1)]
    assert _keys("## A task", 1) == ["file"]
    assert list(claimed["file"]) == ["path", "line", "change", "why"]
    assert list(_asked(synced, "events")["events"][0]) == _nested("## events", "events")
    registered = _asked(synced, "orchestrator register one")
    assert list(registered) == _nested("## orchestrator", "orchestrators")
    assert list(_asked(synced, "doctor")["findings"][0]) == _nested("## doctor", "findings")


# --- the state folder ---------------------------------------------------------------------------


def test_every_file_of_the_state_folder_is_described(
    synced: Synced,
) -> None:
    state = synced.state
    rows = table(document("reference/state-folder.md").text)
    patterns = {words(name)[0]: when for name, when, _ in rows}
    files = [path.relative_to(state.path) for path in state.path.rglob("*") if path.is_file()]
    for file in files:
        assert any(_fits(pattern, file) for pattern in patterns), f"{file} is not described"
    for pattern, when in patterns.items():
        if when == "always":
            assert any(_fits(pattern, file) for file in files), f"there is no {pattern}"


def _fits(pattern: str, file: Path) -> bool:
    parts = re.split(r"<[a-z]+>", pattern)
    return re.fullmatch(r"[^/]+".join(map(re.escape, parts)), file.as_posix()) is not None


def test_names_in_the_state_folder_are_those_that_the_program_uses() -> None:
    text = document("reference/state-folder.md").text
    described = {words(name)[0] for name, *_ in table(text)}
    state = StateFolder(Path("state"))
    for path in (
        *(state.requests, state.notice_file, state.pending, state.fresh, state.paused),
        *(state.run_lock("<target>"), state.retry_lock("<target>"), state.done("<target>")),
    ):
        assert path.name in described
    assert f"the logs of the last {LOGS_KEPT} syncs" in text


def test_the_locks_in_the_home_are_described(synced: Synced) -> None:
    text = document("reference/state-folder.md").section("## In your home")
    folder = text.split("`")[1]
    _, said = synced.reader.type(f"ls {folder}")
    described = [pattern for pattern in words(text) if pattern.startswith("<target>")]
    names = [Path(name) for name in said.split()]
    assert len(names) == len(described)
    assert all(any(_fits(pattern, name) for pattern in described) for name in names)


def test_lines_that_are_shown_as_requests_are_understood(tmp_path: Path) -> None:
    (block,) = document("reference/state-folder.md").blocks()
    state = StateFolder(tmp_path)
    state.requests.write_text(block.text)
    for line, wanted in zip(block.text.splitlines(), _requests(state), strict=True):
        target, cause, worktree, flags = line.split()
        assert wanted == (target, cause, worktree, flags)
    section = document("reference/state-folder.md").section("## A request")
    causes = set(words(section.rpartition("Causes are")[2]))
    assert causes == {*requests.Cause} - {requests.Cause.UNREADABLE}


def _requests(state: StateFolder) -> list[tuple[str, str, str, str]]:
    """Read every line, whatever target it is for, as the program reads it."""
    found: list[tuple[str, str, str, str]] = []
    lines = state.requests.read_text().splitlines()
    for line in lines:
        state.requests.write_text(f"{line}\n")
        (one,) = requests.read(state, line.split()[0], 0).requests
        found.append((one.target, one.cause.value, one.worktree, ",".join(one.flags) or "-"))
    return found
