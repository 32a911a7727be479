"""Which files a check looks at, and against what it judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanban_sync.check import task_files, unread
from kanban_sync.check.judge import check
from kanban_sync.check.show import MOST_SHOWN, run
from kanban_sync.core.errors import KanbanSyncError, SettingsError
from kanban_sync.core.limits import USUAL
from kanban_sync.sources.tasks_md import TasksMd
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

TWICE = "- [ ] T-1: a\n- [ ] T-1: b\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.init(tmp_path / "work")


def found(repo: Repo, *names: str, folder: str = ".") -> list[str]:
    """Return path, line and code of what is found."""
    result = check(str(repo.path / folder), names)
    return [f"{problem.path}:{problem.line} {problem.code}" for problem, _ in result.findings]


def put(repo: Repo, **files: str) -> None:
    for path, text in files.items():
        repo.write(path, text)
    repo.git("add", "-A")


def test_only_the_files_that_are_named_are_judged(repo: Repo) -> None:
    put(repo, **{"TASKS.md": TWICE, "a/TASKS.md": TWICE, "a/b/TASKS.md": TWICE, "notes.md": TWICE})
    assert found(repo, "a/TASKS.md") == ["a/TASKS.md:2 duplicate-id"]
    assert found(repo, "../TASKS.md", folder="a") == ["TASKS.md:2 duplicate-id"]
    assert found(repo, str(repo.path / "TASKS.md")) == ["TASKS.md:2 duplicate-id"]
    assert found(repo, "a") == ["a/TASKS.md:2 duplicate-id", "a/b/TASKS.md:2 duplicate-id"]
    assert found(repo, "notes.md") == []
    assert len(found(repo)) == len(found(repo, ".")) == 3


def test_files_that_were_never_added_are_judged_too(repo: Repo) -> None:
    repo.write(".gitignore", "ignored/\n")
    repo.write("TASKS.md", TWICE)
    repo.write("ignored/TASKS.md", TWICE)
    assert found(repo) == ["TASKS.md:2 duplicate-id"]
    assert found(repo, "TASKS.md") == ["TASKS.md:2 duplicate-id"]


def test_what_lies_in_the_work_tree_is_judged_and_not_what_is_staged(repo: Repo) -> None:
    put(repo, **{"TASKS.md": TWICE, "gone/TASKS.md": TWICE})
    repo.write("TASKS.md", "- [ ] T-1: a\n")
    (repo.path / "gone" / "TASKS.md").unlink()
    assert found(repo) == []


def test_the_settings_say_which_files_and_what_is_an_error(repo: Repo) -> None:
    said = "sources: {tasks: [PLAN.md], exclude: [old]}\ncheck: {duplicate-id: warning}\n"
    put(repo, **{"TASKS.md": TWICE, "PLAN.md": TWICE, ".kanban-sync.yaml": said})
    result = check(str(repo.path))
    assert [each.line() for each in result.findings] == [
        "PLAN.md:2: [duplicate-id] the id T-1 is taken by line 1; give it another one. (warning)"
    ]
    assert result.errors == 0
    put(repo, **{".kanban-sync.yaml": said.replace("warning", "off")})
    assert found(repo) == []
    put(repo, **{".kanban-sync.yaml": "sources: 1\n"})
    with pytest.raises(SettingsError, match=r"\.kanban-sync\.yaml:1: sources"):
        check(str(repo.path))


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("# check: {duplicate-id: off}\nproject_id: a1\n", 1),
        ("git: {default_branch: main} # it was checked out\n", 1),
        ('{"check": {"duplicate-id": "off"}}', 0),
        ('"\\x63heck": {duplicate-id: off}\n', 0),
        ("sources:\n  exclude: [TASKS.md]\n", 0),
        ("? check\n: {duplicate-id: off}\n", 0),
    ],
)
def test_settings_count_however_they_are_written(repo: Repo, said: str, count: int) -> None:
    put(repo, **{"TASKS.md": TWICE, ".kanban-sync.yaml": said})
    assert len(found(repo)) == count


def test_what_init_noted_holds_where_the_work_tree_has_no_settings(repo: Repo) -> None:
    put(repo, **{"TASKS.md": TWICE, "PLAN.md": TWICE})
    noted = repo.path / ".git" / "kanban-sync" / "settings.json"
    noted.parent.mkdir()
    noted.write_text('{"sources": {"tasks": ["PLAN.md"]}}')
    assert found(repo) == ["PLAN.md:2 duplicate-id"]
    noted.write_text("{")
    assert found(repo) == ["TASKS.md:2 duplicate-id"]


@pytest.mark.parametrize(
    ("name", "told"), [("none.md", "no such file"), ("../beside.md", "outside")]
)
def test_a_name_that_is_no_file_here_is_told(repo: Repo, name: str, told: str) -> None:
    (repo.path.parent / "beside.md").write_text("")
    with pytest.raises(KanbanSyncError, match=told):
        check(str(repo.path), [name])


def test_without_a_work_tree_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KanbanSyncError, match="run this inside a work tree"):
        check(str(tmp_path))


# --- ids and dependencies across files ----------------------------------------------------------

V1 = "## P1\n\n- [ ] {title}\n  - **ID**: {id}\n  - **Blocked by**: {by}\n"


def test_an_id_is_unknown_only_if_no_watched_file_has_it(repo: Repo) -> None:
    put(
        repo,
        **{
            "a/TASKS.md": "- [ ] A-1: a (depends on B-1, C-1, add-search, M1, Z-1)\n",
            "b/TASKS.md": "- [ ] B-1: b\n",
            "roadmap.yaml": "tasks: [{id: C-1}]\n",
            ".mosaic/orchestrator/mission.json": '{"milestones": [{"id": "M1"}]}',
            "openspec/changes/add-search/tasks.md": "- [ ] 1.1 a\n",
            "notes.md": "- [ ] Z-1: not watched\n",
        },
    )
    assert found(repo, "a/TASKS.md") == ["a/TASKS.md:1 unknown-dependency"]
    (finding,) = check(str(repo.path)).findings
    assert finding.problem.word == "Z-1"


def test_a_circle_through_a_file_that_nobody_asked_about_is_found(repo: Repo) -> None:
    put(
        repo,
        **{
            "TASKS.md": V1.format(title="a", id="a-a", by="R-1"),
            "roadmap.yaml": "tasks: [{id: R-1, dependencies: [a-a]}]\n",
        },
    )
    assert found(repo, "TASKS.md") == ["TASKS.md:3 dependency-cycle"]
    assert found(repo, "roadmap.yaml") == ["roadmap.yaml:1 dependency-cycle"]


def test_what_describes_changes_is_judged_by_itself(repo: Repo) -> None:
    schema, described = "openspec/schemas/a/schema.yaml", "openspec/changes/b/.openspec.yaml"
    put(repo, **{schema: "name: a\n", described: "schema: 1\n", "openspec/changes/b/x.md": ""})
    assert found(repo, schema) == [f"{schema}:0 openspec-schema"]
    assert found(repo, described) == [f"{described}:0 openspec-metadata"]
    assert found(repo, "openspec/changes/b/x.md") == []
    assert len(found(repo)) == 2


def test_a_number_counts_in_its_own_file(repo: Repo) -> None:
    put(
        repo,
        **{
            "a/TASKS.md": "- [ ] 1.1 a\n- [ ] 2 b (depends on 1.1)\n- [ ] 3 c (depends on 9.9)\n",
            "b/TASKS.md": "- [ ] 9.9 b\n",
        },
    )
    assert found(repo) == ["a/TASKS.md:3 unknown-dependency"]


def test_in_v1_an_id_that_is_found_nowhere_is_a_task_that_was_completed(repo: Repo) -> None:
    put(repo, **{"TASKS.md": V1.format(title="a", id="a-a", by="gone, b-b")})
    put(repo, **{"x/TASKS.md": V1.format(title="b", id="b-b", by="A_A")})
    assert found(repo) == ["x/TASKS.md:3 misspelt-dependency"]


def test_ids_of_the_whole_repository_are_told_at_the_file_that_is_checked(repo: Repo) -> None:
    text = V1.format(title="a", id="same", by="-")
    put(repo, **{"a/TASKS.md": text, "b/TASKS.md": text, "roadmap.yaml": "tasks: [{id: same}]\n"})
    assert found(repo) == ["b/TASKS.md:3 duplicate-id"]
    assert found(repo, "a/TASKS.md") == ["a/TASKS.md:3 duplicate-id"]
    assert found(repo, "roadmap.yaml") == []


def test_ids_of_plain_files_count_in_their_file_alone(repo: Repo) -> None:
    put(repo, **{"a/TASKS.md": "- [ ] T-1: a\n", "b/TASKS.md": "- [ ] T-1: a\n"})
    assert found(repo) == []


def test_a_circle_through_several_files_is_told_at_the_one_that_is_checked(repo: Repo) -> None:
    put(
        repo,
        **{
            "a/TASKS.md": "- [ ] A-1: a (depends on B-1)\n",
            "b/TASKS.md": "- [ ] x\n- [ ] B-1: b (depends on A-1)\n",
            "c/TASKS.md": "- [ ] C-1: c (depends on A-1)\n",
        },
    )
    assert found(repo) == ["a/TASKS.md:1 dependency-cycle"]
    (finding,) = check(str(repo.path), ["b/TASKS.md"]).findings
    assert finding.line() == (
        "b/TASKS.md:2: [dependency-cycle] B-1 waits for A-1 (a/TASKS.md) waits for B-1, so none"
        " of them can begin; take one of these dependencies out."
    )
    assert found(repo, "c/TASKS.md") == []


# --- OpenSpec -----------------------------------------------------------------------------------


def test_numbers_are_unique_in_a_change_and_free_outside_numbered_groups(repo: Repo) -> None:
    schema = (
        "name: parts\nversion: 1\nartifacts: [{id: tasks, generates: 'parts/*.md',"
        " description: d, template: t, requires: []}]\n"
        "apply: {requires: [tasks], tracks: 'parts/*.md'}\n"
    )
    put(
        repo,
        **{
            "openspec/schemas/parts/schema.yaml": schema,
            "openspec/changes/one/.openspec.yaml": "schema: parts\n",
            "openspec/changes/one/parts/a.md": "## 01. A\n- [ ] 1.1 a\n## Notes\n- [ ] 9.9 b\n",
            "openspec/changes/one/parts/b.md": "## 1. A\n- [ ] 1.1 a\n- [ ] 1.2 a\n- [ ] 7 a\n",
            "openspec/changes/two/tasks.md": "## 1. A\n- [ ] 1.1 a\n### x\n- [ ] 2.1 b\n",
            "openspec/changes/archive/2026-01-01-old/tasks.md": "## 1. A\n- [ ] 3.1 a\n",
        },
    )
    assert found(repo) == [
        "openspec/changes/one/parts/b.md:2 openspec-duplicate",
        "openspec/changes/two/tasks.md:4 openspec-group",
    ]
    assert found(repo, "openspec/changes/one/parts/a.md") == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- a\n- b\n", [1]),
        ("1. a\n", [1]),
        ("---\ntags:\n- a\n---\n\n```\n- a\n```\n<!--\n- a\n-->\n    - a\n* b\n", [13]),
        ("words\n", []),
        ("", []),
        ("- a\n- [ ] b\n", []),
        ("<<<<<<< HEAD\n- a\n", []),
    ],
)
def test_a_list_without_any_box_is_told_where_it_begins(
    repo: Repo, text: str, lines: list[int]
) -> None:
    path = "openspec/changes/one/tasks.md"
    put(repo, **{path: text})
    told = [each for each in found(repo) if not each.endswith(" conflict")]
    assert told == [f"{path}:{line} openspec-no-boxes" for line in lines]


@pytest.mark.parametrize(
    ("files", "is_told"),
    [
        (["mobile/one/tasks.md"], True),
        (["mobile/ios/one/specs/a/spec.md", "mobile/.keep/x"], True),
        (["mobile/ios/old/one/proposal.md"], True),
        (["mobile/a/b/c/d/proposal.md"], False),
        (["mobile/one/tasks.md", "mobile/README.md"], False),
        (["mobile/one/tasks.md", "mobile/specs/a/spec.md"], False),
        (["mobile/notes/words.md"], False),
        (["archive/mobile/one/tasks.md"], False),
    ],
)
def test_a_folder_that_wraps_changes_is_told(repo: Repo, files: list[str], is_told: bool) -> None:
    put(repo, **{f"openspec/changes/{each}": "- [ ] a\n" for each in files})
    assert found(repo) == (["openspec/changes/mobile:0 openspec-nested"] if is_told else [])


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("schema: spec-driven\ncreated: 2026-01-02\n", ""),
        ("schema: own\n", ""),
        ("schema: spec-driven\ncreated: today\n", "0"),
        ("created: 2026-01-02\n", "0"),
        ("schema: a: b\n", "1"),
        ("schema: x\ngoal: 'open\n", "3"),
    ],
)
def test_metadata_that_openspec_refuses_is_told(repo: Repo, text: str, where: str) -> None:
    path = "openspec/changes/one/.openspec.yaml"
    put(repo, **{path: text, "openspec/changes/one/tasks.md": "- [ ] a\n"})
    assert found(repo) == ([f"{path}:{where} openspec-metadata"] if where else [])


# --- legends ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- [ ] todo\n- [x] done\n", 1),
        ("- [ ] Not started\n- [~] **In progress**: begun\n- [x] Done (merged)\n", 1),
        ("# Marks\n\n- [ ] Write it\n- [ ] open\n- [!] blocked\n", 4),
        ("- [ ] done\n- [x] todo\n", 0),
        ("- [x] done\n- [x] finished\n", 0),
        ("- [ ] todo\n\n- [x] done\n", 0),
        ("- [ ] Write it\n- [x] Print it\n", 0),
        ("- [ ] todo\n  - [ ] a\n- [x] done\n", 0),
        ("## Legend\n- [ ] todo\n- [x] done\n", 0),
        ("> - [ ] todo\n> - [x] done\n", 0),
        ("Legend:\n- [ ] todo\n- [x] done\n\n- [ ] Real\n- [ ] Review\n", 6),
    ],
)
def test_boxes_that_explain_marks_are_told(repo: Repo, text: str, line: int) -> None:
    put(repo, **{"TASKS.md": text})
    assert found(repo) == ([f"TASKS.md:{line} legend"] if line else [])


# --- what lies there is no file -----------------------------------------------------------------


def test_links_are_not_followed(repo: Repo) -> None:
    secret = repo.path.parent / "secret.md"
    secret.write_text(TWICE)
    put(repo, **{"docs/TASKS.md": "- [ ] a\n"})
    (repo.path / "TASKS.md").symlink_to("docs/TASKS.md")
    (repo.path / "out").mkdir()
    (repo.path / "out" / "TASKS.md").symlink_to(secret)
    (repo.path / "into").symlink_to(repo.path.parent)
    repo.git("add", "-A")
    assert found(repo) == ["out/TASKS.md:0 symbolic-link"]
    (repo.path.parent / "TASKS.md").write_text(TWICE)
    assert found(repo, "into/TASKS.md") == []


def test_a_folder_that_became_a_link_is_not_followed(repo: Repo) -> None:
    put(repo, **{"docs/TASKS.md": "- [ ] a\n"})
    (repo.path / "docs").rename(repo.path.parent / "elsewhere")
    (repo.path.parent / "elsewhere" / "TASKS.md").write_text(TWICE)
    (repo.path / "docs").symlink_to(repo.path.parent / "elsewhere")
    assert found(repo) == found(repo, "docs/TASKS.md") == []


def test_a_way_through_links_leads_to_the_same_files(repo: Repo) -> None:
    put(repo, **{"docs/TASKS.md": TWICE})
    way = repo.path.parent / "way"
    way.symlink_to(repo.path)
    assert found(repo, str(way / "docs" / "TASKS.md")) == ["docs/TASKS.md:2 duplicate-id"]
    result = check(str(way / "docs"), ["TASKS.md"])
    assert [finding.problem.path for finding in result.findings] == ["docs/TASKS.md"]


def test_a_linked_work_tree_is_checked_with_what_init_noted(repo: Repo) -> None:
    put(repo, **{"PLAN.md": TWICE, "TASKS.md": TWICE})
    repo.git("commit", "-qm", "plan")
    repo.git("worktree", "add", "-q", "../linked")
    noted = repo.path / ".git" / "kanban-sync" / "settings.json"
    noted.parent.mkdir()
    noted.write_text('{"sources": {"tasks": ["PLAN.md"]}}')
    result = check(str(repo.path.parent / "linked"))
    assert [finding.problem.path for finding in result.findings] == ["PLAN.md"]


def test_a_file_that_cannot_be_opened_is_unreadable(repo: Repo) -> None:
    repo.write("TASKS.md", TWICE)
    files = task_files.Files(str(repo.path), ["TASKS.md"], USUAL)
    (repo.path / "TASKS.md").unlink()
    assert files.read("TASKS.md") == b""
    problem = files.problems["TASKS.md"]
    assert (problem.code, problem.fatal) == ("unreadable", True)


def test_a_file_that_is_far_too_large_is_not_even_read(repo: Repo) -> None:
    path = repo.write("TASKS.md", "")
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert found(repo) == ["TASKS.md:0 too-large"]


def test_names_that_no_shell_likes_are_judged(repo: Repo) -> None:
    name = 'it\'s "here" $(x) ü\n/TASKS.md'
    put(repo, **{name: TWICE})
    assert found(repo) == found(repo, name) == [f"{name}:2 duplicate-id"]


def test_what_tasks_block_is_judged_as_what_they_wait_for_is(repo: Repo) -> None:
    circle = "- [ ] T-1: a\n  - Blocks: T-2\n- [ ] T-2: b\n  - Blocks: T-1\n"
    put(repo, **{"TASKS.md": circle})
    assert found(repo, "TASKS.md") == ["TASKS.md:1 dependency-cycle"]

    twice = "- [ ] T-1: a (depends on T-2)\n  - Blocks: T-2\n- [ ] T-2: b\n"
    put(repo, **{"TASKS.md": twice})
    assert found(repo, "TASKS.md") == ["TASKS.md:1 dependency-cycle"]


def test_what_is_blocked_from_another_file_is_judged_as_what_waits_is(repo: Repo) -> None:
    elsewhere = "- [ ] T-1: a\n  - Blocks: R1\n- [ ] b\n  - Blocks: add-login, R9\n"
    put(repo, **{"TASKS.md": elsewhere, "roadmap.yaml": "tasks:\n- id: R1\n"})
    put(repo, **{"openspec/changes/add-login/tasks.md": "- [ ] 1.1 a\n"})
    for names in ((), ("TASKS.md",)):
        (only,) = check(str(repo.path), names).findings
        what = "no task has the id 'R9', so nothing is blocked; mend the id, or take it out."
        assert only.line() == f"TASKS.md:3: [unknown-dependency] {what}"

    put(repo, **{"roadmap.yaml": "tasks:\n- {id: R1, blocks: R2}\n- {id: R2, blocks: T-1}\n"})
    put(repo, **{"TASKS.md": "- [ ] T-1: a\n  - Blocks: R1\n"})
    (only,) = check(str(repo.path)).findings
    way = "R2 waits for R1 waits for T-1 (TASKS.md) waits for R2"
    assert only.line().startswith(f"roadmap.yaml:3: [dependency-cycle] {way}, ")


def test_a_circle_through_a_task_that_is_over_is_none(repo: Repo) -> None:
    second = "- [ ] A-2: b (depends on A-1)\n"
    put(repo, **{"TASKS.md": "- [x] A-1: a (depends on A-2)\n" + second})
    assert found(repo) == []
    put(repo, **{"TASKS.md": "- [ ] A-1: a (depends on A-2)\n" + second})
    assert found(repo) == ["TASKS.md:1 dependency-cycle"]


def test_a_circle_through_parts_is_told_as_sync_tells_it(repo: Repo) -> None:
    own = "- [ ] D-1: a (depends on D-1a)\n  - [ ] D-1a: part\n"
    two = (
        "- [ ] A-1: a (depends on B-1a)\n  - [ ] A-1a: part\n"
        "- [ ] B-1: b (depends on A-1a)\n  - [ ] B-1a: part\n"
    )
    put(repo, **{"TASKS.md": own})
    (only,) = check(str(repo.path)).findings
    way = "D-1 waits for D-1a, which is a part of it, so neither can begin"
    assert only.line() == f"TASKS.md:1: [dependency-cycle] {way}; take this dependency out."
    put(repo, **{"TASKS.md": two})
    (only,) = check(str(repo.path)).findings
    assert "A-1a waits for B-1a waits for A-1a, so none" in only.line()


def test_a_task_that_waits_for_its_own_milestone_is_told_where_it_says_so(repo: Repo) -> None:
    mission = '{"tasks_file": "TASKS.md", "milestones": [{"id": "M1"}, {"id": "M2"}]}'
    tasks = "# Tasks\n\n## M1\n\n- [ ] A-1: a\n\n## M2\n\n- [ ] B-1: b (depends on B-2)\n"
    tasks += "- [ ] B-2: c (depends on M2)\n- [ ] B-3: d\n- [ ] B-4: e (depends on M1)\n"
    put(repo, **{".mosaic/orchestrator/mission.json": mission, "TASKS.md": tasks})
    whose = "M2 (.mosaic/orchestrator/mission.json), whose task it is, so M2 does not wait for it"
    for names in ((), ("TASKS.md",)):
        by_others, alone = (each.line() for each in check(str(repo.path), names).findings)
        way = "TASKS.md:9: [dependency-cycle] B-1 waits for B-2 waits for"
        assert by_others == f"{way} {whose}; take one of these dependencies out."
        way = "TASKS.md:10: [dependency-cycle] B-2 waits for"
        assert alone == f"{way} {whose}; take this dependency out."
    put(repo, **{"TASKS.md": tasks.replace("[ ] B-", "[x] B-")})
    assert found(repo) == []


@pytest.mark.parametrize("mark", ["~", "-", "x"])
def test_what_has_begun_is_in_no_circle(repo: Repo, mark: str) -> None:
    begun = f"- [{mark}] A-1: a (depends on A-2)\n"
    put(repo, **{"TASKS.md": f"{begun}- [ ] A-2: b (depends on A-1)\n"})
    assert found(repo) == []


def test_what_a_task_of_v1_blocked_may_have_been_completed(repo: Repo) -> None:
    put(repo, **{"TASKS.md": "## P1\n\n- [ ] a\n  - **ID**: a\n  - **Blocks**: gone\n"})
    assert found(repo) == []


# --- what is read as no task --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- \\[ \\] a\n", ["1 nothing-read"]),
        ("-\u00a0[ ] a\n", ["1 nothing-read"]),
        ("\u200b- [ ] a\n", ["1 nothing-read"]),
        ("\u2610 a\n", ["1 nothing-read"]),
        ("1. \u2611 a\n", ["1 nothing-read"]),
        ("```\n- [ ] a\n```\n", ["2 nothing-read"]),
        ("<!--\n- [ ] a\n-->\n", ["2 nothing-read"]),
        ("# T\n\n**Status**: open\n", ["3 nothing-read"]),
        ("## Tu Do\n\n- a\n\n## Done\n\n- b\n", ["1 unknown-column"]),
        ("## Done\n\n## Notes\n\n- b\n", []),
        ("| id | statos | tytle |\n|-|-|-|\n| A-1 | todo | a |\n", ["1 nothing-read"]),
        ("| id | statos | tytle |\n|-|-|-|\n", []),
        ("| what | why |\n|-|-|\n| a | b |\n", []),
        ("# T\n\nWords, and [a link](x).\n", []),
        ("- [ ] a\n  - **ID**: a1\n\n```\n- **ID**: b1\n- **ID**: <id>\n```\n", ["5 stray-id"]),
        ("### T-1: a\n\n- **ID**: T-1\n- **Status:** open\n", []),
        ("- [ ] A-1: x\n\n| A-1 | todo |\n| A-2 | todo |\n", ["3 loose-row"]),
        ("- [ ] x\n\n| id | status |\n| A-2 | todo |\n", ["3 loose-row"]),
        ("- [ ] x\n\n| what | why |\n|-|-|\n| a | b |\n\n| c | d |\n", []),
        ("## To Do\n\n- a\n\n## Done\n\n## Freezer\n\n- c\n", ["7 unknown-column"]),
        ("## To Do\n\n- a\n\n## Done\n\n## Freezer\n\n- [ ] c\n\n## Notes\n\n- d\n", []),
        ("## In Bearbeitung\n\n- a\n\n## Zu erledigen\n\n- b\n\n## Inbox\n\n- c\n", []),
        ("## Doing\n\n- a\n\n## Today\n\n- b\n\n## Deployed\n\n- c\n", []),
    ],
)
def test_what_is_read_as_no_task_is_told(text: str, expected: list[str]) -> None:
    data = text.encode()
    found = unread.unread("TASKS.md", data, TasksMd().parse("TASKS.md", data))
    assert [f"{problem.line} {problem.code}" for problem in found] == expected


def test_a_file_that_lost_all_tasks_is_told_before_and_after_the_commit(repo: Repo) -> None:
    columns = "## To Do\n\n- Order paper\n\n## Done\n\n- Count pages\n"
    roadmap = "epics:\n- id: E\n  tasks:\n    A-1: {title: Order paper}\n"
    repo.commit(**{"TASKS.md": columns, "roadmap.yaml": roadmap, "a/TASKS.md": columns})
    put(repo, **{"TASKS.md": columns.replace("To", "Tu"), "a/TASKS.md": ""})
    put(repo, **{"roadmap.yaml": roadmap.replace("tasks", "task")})
    lost = ["TASKS.md:0 unreadable", "TASKS.md:1 unknown-column", "a/TASKS.md:0 unreadable"]
    assert found(repo) == [*lost, "roadmap.yaml:0 unreadable"]
    repo.commit(**{"TASKS.md": columns.replace("To", "Tu") + "\n"})
    assert found(repo) == [*lost, "roadmap.yaml:0 unreadable"]
    put(repo, **{"TASKS.md": "# All is done\n", "roadmap.yaml": "tasks: []\n"})
    assert found(repo) == ["a/TASKS.md:0 unreadable"]


def test_a_dialect_of_the_settings_in_which_nothing_is_read_is_told(repo: Repo) -> None:
    put(repo, **{"TASKS.md": "- [ ] a\n"})
    put(repo, **{".kanban-sync.yaml": "sources:\n  dialects:\n    TASKS.md: table\n"})
    assert found(repo) == ["TASKS.md:0 nothing-read"]


def test_a_file_that_was_emptied_and_one_that_is_no_utf_8_are_told(repo: Repo) -> None:
    repo.commit(**{"TASKS.md": "- [ ] a\n", "a/TASKS.md": "- [ ] b\n", "b/TASKS.md": "# None\n"})
    put(repo, **{"TASKS.md": "\n", "b/TASKS.md": ""})
    (repo.path / "a" / "TASKS.md").write_bytes(b"\n- [ ] caf\xe9\n")
    assert found(repo) == ["TASKS.md:0 unreadable", "a/TASKS.md:2 bad-utf8"]


# --- what is shown ------------------------------------------------------------------------------


def test_of_many_findings_of_one_kind_the_first_are_shown_and_all_are_counted(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    put(repo, **{"TASKS.md": "- [ ] T-1: a\n" * (MOST_SHOWN + 3) + "- [?] b\n"})
    assert run(str(repo.path), (), fix=False, as_json=False) == 1
    *shown, rest, mark, last = capsys.readouterr().out.splitlines()
    assert len(shown) == MOST_SHOWN
    assert rest == "TASKS.md: [duplicate-id] and 2 more; '--json' has all of them"
    assert "[unknown-mark]" in mark
    assert last == f"1 file checked: {MOST_SHOWN + 3} errors"
