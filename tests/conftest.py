"""Isolation from whoever runs the tests; what continuous integration asks of a run."""

from __future__ import annotations

import gc
import os
import pwd
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import hypothesis
import pytest

from postgres import server as postgres_server

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


TESTS = Path(__file__).parent

# These would steer git, the program under test, or where its requests go.
STEERING = re.compile(r"GIT_.*|KANBAN_SYNC.*|PLANKA_.*|CI|XDG_.*|.*_PROXY", re.IGNORECASE)

KEPT = ("PYTEST_", "GIT_PYTHON_REFRESH")

GIT_CONFIG = """\
[user]
    name = Test Person
    email = person@example.org
[init]
    defaultBranch = main
[commit]
    gpgsign = false
[gc]
    auto = 0
[maintenance]
    auto = false
[protocol "file"]
    allow = always
"""

# Under continuous integration nothing may be left out unseen.
UNDER_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}

# name, as in pytest.mark.needs(name) -> (what it is, the variable that says where it is)
SERVERS = {"planka": ("a real Planka", "KANBAN_SYNC_TEST_PLANKA_URL")}
ADDRESSES = {
    name: os.environ[variable]
    for name, (_, variable) in SERVERS.items()
    if os.environ.get(variable)
}

HUNT_FACTOR = 50

# Asserts in modules that tests share explain themselves too.
pytest.register_assert_rewrite(
    *(file.stem for file in TESTS.glob("*.py") if not file.stem.startswith(("test_", "conftest"))),
    *(f"{file.parent.name}.{file.stem}" for file in TESTS.glob("*/*contract*.py")),
)


# --- Isolation -----------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the person, the machine or the checkout reaches a test.

    The working folder is an empty one, so a git that was not told where to run says so
    instead of finding the checkout.
    """
    home = tmp_path_factory.mktemp("home")
    nowhere = tmp_path_factory.mktemp("nowhere")
    git_config = home / ".gitconfig"
    git_config.write_text(GIT_CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if STEERING.fullmatch(name)]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        patch.setenv("GIT_CONFIG_GLOBAL", str(git_config))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp()))
        patch.setenv("GIT_TERMINAL_PROMPT", "0")
        patch.chdir(nowhere)
        yield


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(_isolated: None) -> Iterator[None]:
    """A test that changes the environment or the working folder for others is an error."""
    before = surroundings()
    yield
    after = surroundings()
    changed = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    if changed:
        os.chdir(before["the working folder"])
        pytest.fail(f"left behind, use monkeypatch instead: {', '.join(changed)}", pytrace=False)


def surroundings() -> dict[str, str]:
    """Return the environment, without what pytest keeps in it, and the working folder.

    Nor does the variable count that GitPython is loaded with, by whichever test comes first.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(KEPT)}
    return {**kept, "the working folder": str(Path.cwd())}


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user has no home: nothing names one, and nobody knows this user's number."""

    def unknown(number: int) -> NoReturn:
        message = f"no user {number}"
        raise KeyError(message)

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)


# --- Collecting ----------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no cycles among all tests and modules: they stay, and each look takes a while."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# --- Hunts ---------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hunt-long", action="store_true", help="let the hunts go on for long")


def pytest_configure(config: pytest.Config) -> None:
    begin_run(config)
    # The short form gives the same verdict for the same commit; only the long one is random.
    long = config.getoption("--hunt-long")
    hypothesis.settings.register_profile(
        "hunt",
        database=None,
        deadline=None,
        derandomize=not long,
        max_examples=100 * HUNT_FACTOR if long else 100,
        print_blob=True,
    )
    hypothesis.settings.load_profile("hunt")


@pytest.fixture(scope="session")
def hunt_factor(request: pytest.FixtureRequest) -> int:
    """How many times its short length a hunt is to last."""
    return HUNT_FACTOR if request.config.getoption("--hunt-long") else 1


CASE = "case"
"""Under this name a hunt records, with record_property, the cases that it tried."""


def cases_of(terminalreporter: pytest.TerminalReporter) -> list[tuple[str, int]]:
    """Return the cases that the hunts tried, and how often."""
    cases: dict[str, int] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, case in getattr(report, "user_properties", ()):
                if name == CASE and report.when == "call":
                    cases[case] = cases.get(case, 0) + 1
    return sorted(cases.items())


# --- Servers that may be absent ------------------------------------------------------------


@pytest.fixture
def planka_url() -> str:
    """The address of the real Planka, for tests marked `needs("planka")`."""
    return ADDRESSES["planka"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [
        item
        for item in items
        if all(mark.args[0] in ADDRESSES for mark in item.iter_markers("needs"))
    ]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, object, object]:
    result = yield
    for case, count in cases_of(terminalreporter):
        terminalreporter.write_line(f"{count:5}  {case}")
    absent = [
        f"{what} ({variable})"
        for name, (what, variable) in SERVERS.items()
        if name not in ADDRESSES
    ]
    if absent:
        terminalreporter.write_line(f"Not collected, no address given: {', '.join(absent)}.")
    return result


# --- PostgreSQL ----------------------------------------------------------------------------

PG_FOLDER = pytest.StashKey[str]()
PG_RUN = pytest.StashKey[postgres_server.TestRun]()
PG_URL = os.environ.get(postgres_server.VARIABLE)


def begin_run(config: pytest.Config) -> None:
    """Note where the server of this run lies; the process that began the run answers for it."""
    worker: dict[str, str] | None = getattr(config, "workerinput", None)
    if worker is None:
        config.stash[PG_RUN] = postgres_server.TestRun()
    folder = worker[PG] if worker else str(config.stash[PG_RUN].folder)
    config.stash[PG_FOLDER] = folder


PG = "postgres"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist tells no types
    node.workerinput[PG] = node.config.stash[PG_FOLDER]


def pytest_unconfigure(config: pytest.Config) -> None:
    if PG_RUN in config.stash:
        config.stash[PG_RUN].end()


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest, _isolated: None) -> Iterator[str]:
    """The URL of a database on a real PostgreSQL that this process alone uses."""
    server = PG_URL or postgres_server.server(Path(request.config.stash[PG_FOLDER]))
    worker = os.environ.get("PYTEST_XDIST_WORKER", "only")
    with postgres_server.database(server, f"kanban_test_{worker}_{os.getpid()}") as url:
        yield url


@pytest.fixture(autouse=True)
def _long_there(request: pytest.FixtureRequest) -> Iterator[None]:
    """The server of the tests is as one that was started long before them."""
    if "postgres_url" not in request.fixturenames:
        yield
        return
    from postgres.long_there import started  # noqa: PLC0415 - with the store, by whoever needs it

    with pytest.MonkeyPatch.context() as patch:
        started(patch, 0.0)
        yield


# --- Skipping fails under CI ---------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_if_skipped(report)
    return report


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Under CI, turn what was skipped into a failure that tells why it was skipped."""
    if UNDER_CI and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        # An expected failure is skipped too; pytest would not count it as failed.
        vars(report).pop("wasxfail", None)
        report.outcome = "failed"
        report.longrepr = f"CI allows no skipped test: {report.nodeid}: {reason}"
