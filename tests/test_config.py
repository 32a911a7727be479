"""Settings: what may be said, which word wins, and every mistake at once with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync import config, settings_text
from kanban_sync.config import Settings
from kanban_sync.core.columns import Column
from kanban_sync.core.errors import SettingsError, SetupError
from kanban_sync.core.limits import Limits
from kanban_sync.core.mapping import Drawing
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources.markdown_dialects import DIALECTS as MARKDOWN_DIALECTS
from kanban_sync.sync.consent import Target, allowed_target
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from pathlib import Path

FULL = b"""\
# a comment
project_id: 4f2a9c
planka:
  url: https://planka.example.org
  project: "My project"
  board: Tasks
git:
  default_branch: trunk
  branches: current
sources:
  tasks: [TODO.md]
  openspec:
    - specs/openspec
  exclude: [tests/**]
  archived: include
limits: {file_size: 2, tasks: 100}
check: {ticked: error, legend: off}
drift: keep
satisfied_by: default-branch
board:
  lists:
    backlog: Ideas
    todo: Next
    in_progress: Doing
    done: "Done, really"
  labels: {agent: bot}
  statuses:
    blocked: review
    "?": planning
    "a.b.": backlog
  cards: section
  archive_done_after: 30
  links: https://code.example.org/{branch}/{path}
"""


def test_every_setting_is_read() -> None:
    assert config.parse(FULL, "f") == Settings(
        project_id="4f2a9c",
        planka_url="https://planka.example.org",
        planka_project="My project",
        planka_board="Tasks",
        default_branch="trunk",
        branches="current",
        archived="include",
        check=(("ticked", "error"), ("legend", "off")),
        drift="keep",
        satisfied_by="default-branch",
        sources=SourceSettings(
            ("TODO.md",),
            ("specs/openspec",),
            ("tests/**",),
            limits=Limits(file_size=2, tasks=100),
        ),
        drawing=Drawing(
            lists=(
                ("backlog", "Ideas"),
                ("todo", "Next"),
                ("in_progress", "Doing"),
                ("done", "Done, really"),
            ),
            labels=(("agent", "bot"),),
            statuses=(("blocked", "review"), ("?", "planning"), ("a.b.", "backlog")),
            cards="section",
            archive_done_after=30,
        ),
        links="https://code.example.org/{branch}/{path}",
    )


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    text = b"""\
project_id: Not-An-Id
planka: nonsense
git:
  branches: all
  defualt_branch: main
sources:
  exclude: tests
unknown: 1
"""
    with pytest.raises(SettingsError) as caught:
        config.parse(text, ".kanban-sync.yaml")
    assert [problem.split(": ", 1)[0] for problem in caught.value.problems] == [
        ".kanban-sync.yaml:1",
        ".kanban-sync.yaml:2",
        ".kanban-sync.yaml:4",
        ".kanban-sync.yaml:5",
        ".kanban-sync.yaml:7",
        ".kanban-sync.yaml:8",
    ]
    assert "did you mean git.default_branch?" in caught.value.problems[3]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "lists: {inprogres: x}",
            "lists.inprogres is not a setting; did you mean board.lists.in_p",
        ),
        ("list: {todo: x}", "list is not a setting; did you mean board.lists"),
        ("lists: nonsense", "lists has to hold settings below it"),
        ("lists: {todo: [a]}", "lists.todo has to be a text of at most 128 characters"),
        (f"lists: {{todo: {'x' * 129}}}", "lists.todo has to be a text of at most 128 characters"),
        ("lists: {done: Review}", "lists.done is the list of done and of review; cards in Done"),
        ("lists: {review: Done}", "lists.review is the list of done and of review; cards in Done"),
        ("labels: {agents: x}", "labels.agents is not a setting; did you mean board.labels.agent?"),
        ("labels: {agent: blocked}", "labels.agent is the label blocked, too"),
        ("labels: {agent: x, failed: x}", "labels.agent is the label failed, too"),
        (
            "statuses: {blocked: Review}",
            "statuses.blocked has to be one of backlog, todo, planning",
        ),
        ("statuses: {orphaned: done}", "statuses.orphaned has to be left out"),
        ("cards: sections", "cards has to be one of task, section"),
        ("archive_done_after: 0", "archive_done_after has to be a whole number of days"),
        ("archive_done_after: 1.5", "archive_done_after has to be a whole number of days"),
        (
            f"archive_done_after: {'9' * 5000}",
            "archive_done_after has to be a whole number of days",
        ),
        ("links: github", "links has to be 'none', or an address with {path} in it"),
        ("links: 'https://me:token@x/{path}'", "links has to be 'none', or an address with {path}"),
        ("links: https://x/", "links has to be 'none', or an address with {path} in it"),
        ("links: javascript:{path}", "links has to be 'none', or an address with {path} in it"),
        ("links: 'https://x/{path})'", "links has to be 'none', or an address with {path} in it"),
    ],
)
def test_what_the_board_cannot_be_is_told_with_its_line(line: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        config.parse(f"# a comment\nboard:\n  {line}\n".encode(), "f")
    assert any(problem.startswith(f"f:3: board.{told}") for problem in caught.value.problems)


def test_lists_and_labels_may_change_their_names_with_one_another() -> None:
    settings = config.parse(
        b"board: {lists: {done: Review, review: Done}, labels: {agent: failed, failed: agent}}", "f"
    )
    assert settings.drawing.layout.lists[Column.REVIEW] == "Done"
    assert settings.drawing.layout.labels == ("failed", "blocked", "agent")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: [\nb: }", "f:2: "),
        (b"\xff\xfe", "f:1: is not UTF-8 text"),
        (b"- a\n- b\n", "f:1: has to hold 'key: value' lines"),
        (b"just words\n", "f:1: has to hold 'key: value' lines"),
        (b"#" * (settings_text.SIZE_LIMIT + 1), "f:1: is larger than"),
        (b"project_id:\n", "f:1: project_id has to be"),
        (b"planka:\n  url: [a]\n", "f:2: planka.url has to be the address"),
        (b"project_id: a\nproject_id: b\n", "f:2: project_id stands in line 1 already"),
        (b"project_id: [b, {c: d}]\n", "f:1: project_id has to be"),
        (b"planka:\n  url: 'http://[::1'\n", "f:2: planka.url has to be the address"),
        (b"planka:\n  url: a\nproject_id: " + b"[" * 20_000, "f:3: is nested deeper"),
        (b"planka:\n  url: " + b"{a: " * 10_000, "f:2: is nested deeper"),
        (b"- " * 20_000, "f:1: is nested deeper"),
        (b'sources:\n  tasks: ["\\ud83d"]\n', "f:2: holds half a character"),
    ],
)
def test_a_file_that_is_no_settings_file_is_told_where(data: bytes, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        config.parse(data, "f")
    assert any(problem.startswith(told) for problem in caught.value.problems)


@pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"planka:\n", b"---\n"])
def test_a_file_that_says_nothing_leaves_the_defaults(data: bytes) -> None:
    assert config.parse(data, "f") == Settings()


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_settings_error(data: bytes) -> None:
    problems: tuple[str, ...] = ()
    try:
        config.parse(data, "f")
    except SettingsError as error:
        problems = error.problems
    assert all(problem.startswith("f:") for problem in problems)


def test_the_environment_wins_over_the_file_and_that_over_project_yaml() -> None:
    files = {
        "project.yaml": b"planka:\n  project: Old\n  board: Old board\nother: [1, 2]\n",
        ".kanban-sync.yaml": b"planka:\n  project: File\n  url: https://file.example.org\n",
    }
    settings = config.load(files.get, {"PLANKA_URL": "https://env.example.org"})
    assert settings.planka_url == "https://env.example.org"
    assert settings.planka_project == "File"
    assert settings.planka_board == "Old board"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PLANKA_BOARD", "\udcff", r"PLANKA_BOARD or --board: '\udcff' is no text in UTF-8"),
        ("PLANKA_PROJECT", "a\udcff", r"PLANKA_PROJECT or --project: 'a\udcff' is no text"),
        ("PLANKA_BOARD", " ", "PLANKA_BOARD: it is blank"),
        ("PLANKA_PROJECT", "\t", "PLANKA_PROJECT: it is blank"),
        ("PLANKA_URL", " ", "PLANKA_URL: it is blank"),
    ],
)  # fmt: skip
def test_a_variable_that_holds_no_name_is_told_and_not_passed_over(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        config.load({".kanban-sync.yaml": FULL}.get, {name: value})
    assert says in str(caught.value)


def test_a_broken_project_yaml_of_others_is_not_our_problem() -> None:
    settings = config.load({"project.yaml": b"planka: [\n"}.get, {})
    assert settings == Settings()


def test_a_project_yaml_of_others_that_is_nested_without_end_is_not_our_problem() -> None:
    assert config.load({"project.yaml": b"a: " + b"[" * 20_000}.get, {}) == Settings()


def test_a_project_yaml_of_others_may_be_nested_as_deep_as_people_write() -> None:
    below = b"a: " + b"[" * 30 + b"]" * 30 + b"\nplanka: {board: B}\n"
    assert config.load({"project.yaml": below}.get, {}).planka_board == "B"


def test_settings_come_back_from_their_record_as_they_were() -> None:
    settings = config.parse(FULL, "f")
    assert config.from_json(config.to_json(settings)) == settings


def test_a_record_of_a_newer_release_is_read_as_far_as_it_is_known() -> None:
    plain = {**config.to_json(Settings(project_id="a1")), "something": "new"}
    assert config.from_json(plain).project_id == "a1"


@pytest.mark.parametrize(
    ("url", "project", "board", "names"),
    [
        ("https://x", "P", "B", True),
        ("", "P", "B", False),
        ("https://x", "", "B", False),
        ("https://x", "P", "", False),
    ],
)
def test_a_board_needs_url_project_and_name(
    url: str, project: str, board: str, names: bool
) -> None:
    settings = Settings(planka_url=url, planka_project=project, planka_board=board)
    assert settings.names_a_board is names


def test_the_dialect_of_files_can_be_fixed() -> None:
    said = b"""sources:
  roadmap: [plan.yaml]
  mission: [mission.json]
  dialects:
    docs/BOARD.md: kanban
    'specs/*/tasks.md': numbered
"""
    settings = config.parse(said, "f")
    assert settings.sources.roadmap == ("plan.yaml",)
    assert settings.sources.mission == ("mission.json",)
    assert settings.sources.dialects == (
        ("docs/BOARD.md", "kanban"),
        ("specs/*/tasks.md", "numbered"),
    )
    assert config.from_json(config.to_json(settings)) == settings


def test_a_dialect_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(SettingsError) as told:
        config.parse(b"sources:\n  dialects:\n    a.md: cobol\n", "f")
    (problem,) = told.value.problems
    assert problem.startswith("f:3: sources.dialects.a.md has to be one of v1.0, numbered")


def test_the_dialects_of_the_settings_are_those_that_are_read() -> None:
    assert set(config.DIALECTS) == set(MARKDOWN_DIALECTS)


@pytest.mark.parametrize("name", ["refs/heads/main", "origin/main", "", "[main]", "HEAD"])
def test_a_default_branch_is_named_without_what_git_puts_before_it(name: str) -> None:
    with pytest.raises(SettingsError, match=r"f:2: git.default_branch has to be the name of a br"):
        config.parse(f"git:\n  default_branch: {name}\n".encode(), "f")
    assert (
        config.parse(b"git: {default_branch: fix/origin/x}", "f").default_branch == "fix/origin/x"
    )


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("limits: {tasks: 0}", "limits.tasks has to be a number from 1 to 10000000"),
        ("limits: {tasks: many}", "limits.tasks has to be a number from 1 to 10000000"),
        ("limits: {tasks: -1}", "limits.tasks has to be a number from 1 to 10000000"),
        ("limits: {depth: 1000}", "limits.depth has to be a number from 1 to 200"),
        ("limits: {tasks: [1]}", "limits.tasks has to be a number from 1 to 10000000"),
        ("limits: {task: 1}", "limits.task is not a setting; did you mean limits.tasks?"),
        ("check: {ticked: fatal}", "check.ticked has to be one of error, warning, off"),
        (
            "check: {unknown-statuses: off}",
            (
                "check.unknown-statuses is nothing that 'kanban-sync check' finds; did you mean"
                " unknown-status?"
            ),
        ),
        ("check: off", "check has to hold settings below it"),
    ],
)
def test_limits_and_levels_that_make_no_sense_are_mistakes(said: str, wanted: str) -> None:
    with pytest.raises(SettingsError) as told:
        config.parse(said.encode(), "f")
    assert told.value.problems == (f"f:1: {wanted}",)


SECRET_URLS = (
    "https://bob:hunter2@planka.example.org",
    "bob:hunter2@planka",
    "http://a/x:hunter2@b",
)


@pytest.mark.parametrize("url", SECRET_URLS)
def test_a_url_with_a_password_is_refused_wherever_it_is_read_and_never_shown(url: str) -> None:
    told: list[str] = []
    for read in (
        lambda: config.parse(f"planka:\n  url: {url}\n".encode(), "f"),
        lambda: config.from_environment(Settings(), {"PLANKA_URL": url}),
        lambda: replace(Settings(), planka_url=url),
        lambda: Target(url, "Project", "Board"),
    ):
        with pytest.raises(SetupError) as caught:
            read()
        told.append(str(caught.value))
    assert all("a user name or password" in each and "hunter2" not in each for each in told)


@pytest.mark.parametrize("url", SECRET_URLS)
def test_a_password_that_was_recorded_once_is_not_read_back(url: str, tmp_path: Path) -> None:
    plain = {**config.to_json(Settings(project_id="a")), "planka_url": url}
    assert config.from_json(plain) == Settings(project_id="a")
    (tmp_path / "consent.json").write_text(json.dumps({"url": url, "project": "P", "board": "B"}))
    assert allowed_target(StateFolder(tmp_path)) is None


def test_a_target_never_shows_a_password_whatever_happens() -> None:
    target = Target("https://planka.example.org", "Project", "Board")
    object.__setattr__(target, "url", SECRET_URLS[0])
    assert str(target) == "Project / Board at https://…@planka.example.org"
