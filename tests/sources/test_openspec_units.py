"""Which changes a tree holds: roots, archive, ids, slots, status."""

from __future__ import annotations

import pytest

from kanban_sync.core.model import Status
from kanban_sync.core.ports import SourceSettings, Unit
from kanban_sync.sources.openspec import OpenSpec

SETTINGS = SourceSettings()


def unread(blob: str) -> bytes:
    message = f"{blob} was read, although nothing depends on it"
    raise AssertionError(message)


def found(*paths: str, settings: SourceSettings = SETTINGS) -> list[Unit]:
    return OpenSpec().units({path: f"blob of {path}" for path in paths}, unread, settings)


def test_a_change_is_a_folder_with_its_tasks_and_its_words() -> None:
    (unit,) = found(
        "openspec/changes/add-search/tasks.md",
        "openspec/changes/add-search/proposal.md",
        "openspec/changes/add-search/specs/search/spec.md",
        "openspec/specs/search/spec.md",
        "openspec/project.md",
        "src/openspec.py",
    )

    assert (unit.name, unit.title, unit.path) == (
        "add-search",
        "add-search",
        "openspec/changes/add-search",
    )
    assert (unit.archived, unit.root, unit.prefix) == (False, "", "")
    assert [(file.path, file.is_text) for file in unit.files] == [
        ("openspec/changes/add-search/tasks.md", False),
        ("openspec/changes/add-search/proposal.md", True),
    ]
    assert unit.files[0].blob == "blob of openspec/changes/add-search/tasks.md"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("openspec/changes/a/.openspec.yaml", ["a"]),
        ("openspec/changes/a/notes/deep/b.md", ["a"]),
        ("openspec/changes/mobile/refresh-token/tasks.md", ["mobile"]),
        ("openspec/changes/Bad_Name/tasks.md", ["Bad_Name"]),
        ("openspec/changes/with space & ünïcode/tasks.md", ["with space & ünïcode"]),
        ("openspec/changes/Archive/tasks.md", ["Archive"]),
        ("openspec/changes/2025-02-02-dated/tasks.md", ["2025-02-02-dated"]),
        ("openspec/changes/.hidden/tasks.md", [".hidden"]),
        ("openspec/changes/README.md", []),
        ("openspec/changes/tasks.md", []),
        ("openspec/changes/archive/README.md", []),
        ("openspec/changes/archive/.trash/tasks.md", []),
        ("openspec/changes/archive/2025-02-02-done/tasks.md", ["done"]),
        ("openspec/changes/archive/undated/tasks.md", ["undated"]),
        ("openspec/changes/archive/2025-02-02-/tasks.md", ["2025-02-02-"]),
        ("openspec/changes/archive/2026-11-20-2025-02-02-dated/tasks.md", ["2025-02-02-dated"]),
        ("openspec/config.yaml", []),
        ("modules/api/openspec/changes/a/tasks.md", ["modules/api/a"]),
        ("OpenSpec/changes/a/tasks.md", []),
        ("my-openspec/changes/a/tasks.md", []),
        ("openspec/changes/a/example/openspec/changes/b/tasks.md", ["a"]),
        ("openspec/fixtures/openspec/changes/b/tasks.md", ["openspec/fixtures/b"]),
    ],
)
def test_what_is_a_change_and_what_it_is_called(path: str, names: list[str]) -> None:
    assert [unit.name for unit in found(path)] == names


def test_only_the_tasks_file_of_exactly_that_name_counts() -> None:
    (unit,) = found(
        "openspec/changes/a/TASKS.md",
        "openspec/changes/a/backend/tasks.md",
        "openspec/changes/a/docs/proposal.md",
    )

    assert unit.files == ()


@pytest.mark.parametrize(
    ("folders", "winner"),
    [
        (["archive/2025-01-01-a", "a"], "a"),
        (["archive/2025-01-01-a", "archive/2025-03-01-a", "archive/2025-02-01-a"], "2025-03-01-a"),
        (["archive/a", "archive/2025-01-01-a"], "2025-01-01-a"),
    ],
)
def test_an_id_that_occurs_twice_is_one_change(folders: list[str], winner: str) -> None:
    for order in (folders, folders[::-1]):
        (unit,) = found(*(f"openspec/changes/{folder}/tasks.md" for folder in order))

        assert (unit.name, unit.path.rpartition("/")[2]) == ("a", winner)
        assert [file.path for file in unit.files] == [f"{unit.path}/tasks.md"]


def test_files_are_put_together_wherever_they_stand_in_the_tree() -> None:
    paths = [
        "openspec/changes/a/tasks.md",
        "openspec/changes/a/openspec/changes/b/tasks.md",
        "openspec/changes/archive/2025-01-01-a/proposal.md",
        "openspec/changes/a/fixture/x.md",
        "openspec/changes/a.b/tasks.md",
        "openspec/changes/a/proposal.md",
    ]
    settings = SETTINGS._replace(exclude=("openspec/changes/a/fixture",))

    units = found(*paths, settings=settings)

    assert [unit.name for unit in units] == ["a", "a.b"]
    assert [file.path for file in units[0].files] == [paths[0], paths[5]]


def test_an_archive_move_keeps_name_and_slots() -> None:
    (before,) = found("api/openspec/changes/a/tasks.md", "api/openspec/changes/a/proposal.md")
    (after,) = found(
        "api/openspec/changes/archive/2025-01-01-a/tasks.md",
        "api/openspec/changes/archive/2025-01-01-a/proposal.md",
    )

    assert before.name == after.name == "api/a"
    assert (before.archived, after.archived) == (False, True)
    assert [file.slot for file in before.files] == [file.slot for file in after.files]


def test_the_slot_of_every_path_is_the_one_its_unit_names() -> None:
    paths = [
        "openspec/changes/a/tasks.md",
        "openspec/changes/archive/2025-01-01-b/proposal.md",
        "x/openspec/changes/archive/c/tasks.md",
    ]
    source = OpenSpec()

    slots = {file.path: file.slot for unit in found(*paths) for file in unit.files}

    assert slots == {path: source.slot(path, SETTINGS) for path in paths}


def test_no_two_files_share_a_slot() -> None:
    """A change `a` with a folder `b`, and a change `b` of a root below `a`, look much alike."""
    paths = ["openspec/changes/a/b/tasks.md", "a/openspec/changes/b/tasks.md", "a/b/tasks.md"]

    assert len({OpenSpec().slot(path, SETTINGS) for path in paths}) == len(paths)


def test_several_roots_are_told_apart_by_where_they_lie() -> None:
    units = found("openspec/changes/a/tasks.md", "modules/x/openspec/changes/a/tasks.md")

    assert [(unit.root, unit.name) for unit in units] == [("modules/x", "modules/x/a"), ("", "a")]


@pytest.mark.parametrize(
    ("exclude", "names"),
    [
        ((), ["a", "test/fixtures/b"]),
        (("test",), ["a"]),
        (("test/fixtures",), ["a"]),
        (("**/fixtures",), ["a"]),
        (("test/fixtures/openspec/changes/b/**",), ["a"]),
        (("openspec",), ["test/fixtures/b"]),
        (("**/b/tasks.md",), ["a"]),
    ],
)
def test_excluded_folders_hold_no_changes(exclude: tuple[str, ...], names: list[str]) -> None:
    settings = SourceSettings(exclude=exclude)
    paths = ["openspec/changes/a/tasks.md", "test/fixtures/openspec/changes/b/tasks.md"]

    assert [unit.name for unit in found(*paths, settings=settings)] == names


def test_only_the_folders_named_in_the_settings_are_roots() -> None:
    settings = SourceSettings(openspec=("modules/*/openspec",))
    paths = ["openspec/changes/a/tasks.md", "modules/x/openspec/changes/b/tasks.md"]

    assert [unit.name for unit in found(*paths, settings=settings)] == ["modules/x/b"]


TODO, DONE, CANCELLED = Status.TODO, Status.DONE, Status.CANCELLED


@pytest.mark.parametrize(
    ("archived", "statuses", "status"),
    [
        (False, [], Status.PLANNING),
        (False, [TODO, TODO], Status.IN_PROGRESS),
        (False, [TODO, DONE], Status.IN_PROGRESS),
        (False, [DONE, DONE], Status.REVIEW),
        (False, [DONE, CANCELLED], Status.REVIEW),
        (True, [], Status.DONE),
        (True, [TODO, DONE], Status.DONE),
    ],
)
def test_the_status_of_a_change_follows_from_its_tasks_and_its_place(
    archived: bool, statuses: list[Status], status: Status
) -> None:
    unit = Unit("openspec", "a", "a", "openspec/changes/a", (), archived=archived)

    assert OpenSpec().status_of_unit(unit, statuses) is status


def test_a_removed_line_was_not_completed() -> None:
    document = OpenSpec().parse("openspec/changes/a/tasks.md", b"- [x] a\n")

    assert not OpenSpec().gone_means_done(document)
