"""How far a mission is: the same by all doors, after an edit, a claim, and a lease that ran out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cli.program import Answer, run_program
from gateway.caller import Gateway, part
from kanban_sync.core.errors import NotReadyError, UnknownGroupError, WorkError
from kanban_sync.mcp.held import HeldClaims
from kanban_sync.mcp.missions import MissionTools
from kanban_sync.mcp.tools import Tools
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

MISSION = """\
{
  "name": "Open the shop",
  "tasks_file": "docs/TASKS.md",
  "milestones": [
    {"id": "M1", "name": "Shelves", "status": "completed"},
    {"id": "M2", "name": "Till", "status": "in-progress"}
  ]
}
"""
TASKS = """\
# Tasks

## M1: Shelves

| id | status | description | depends_on |
|----|--------|-------------|------------|
| SH-1 | done | Buy wood | |

## M2: Till

| id | status | description | depends_on |
|----|--------|-------------|------------|
| SH-2 | not-started | Choose a till | SH-1 |
| SH-3 | not-started | Wire the till | SH-2 |
"""
TILL, WIRE = "tasks-md:docs/TASKS.md/SH-2", "tasks-md:docs/TASKS.md/SH-3"


def told(gateway: Gateway) -> Any:  # noqa: ANN401 - whatever JSON is printed
    """Return the second milestone as every door tells it: all say the same."""
    folder = gateway.repo.path
    answer = run_program("mission", "status", "open the shop", "--json", folder=folder)
    assert answer.code == 0, answer.err
    tools = MissionTools(Tools(folder, "eve", HeldClaims("eve")))
    assert gateway.get("missions").data == answer.data
    assert tools.coord_mission_status("Open the shop") == answer.data
    for key in (TILL, WIRE):
        mine = tools.coord_task_detail(key)["task"]
        theirs = gateway.get(f"tasks/{part(key)}").data
        assert {name: theirs[name] for name in mine} == mine
    (mission,) = answer.data["missions"]
    return mission["milestones"][1]


def test_all_doors_tell_the_same_of_a_mission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the program sets it for all of its life.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    repo = Repo.init(tmp_path / "shop")
    where = ".mosaic/orchestrator/mission.json"
    settings = "project_id: shop\n"
    # More is ready, and comes first, than the mission has tasks.
    others = "# Tasks\n\n## P1\n\n" + "".join(f"- [ ] Sweep {each}\n" for each in "abcd")
    files = {where: MISSION, "docs/TASKS.md": TASKS, "TASKS.md": others}
    files[".kanban-sync.yaml"] = settings
    repo.commit("Begin", **files)
    with Gateway(repo) as gateway:
        first = told(gateway)
        assert (first["done"], first["of"], first["ready"]) == (0, 2, [TILL])

        claimed = run_program("task", "claim", TILL, "--agent", "ada", folder=repo.path)
        assert claimed.code == 0, claimed.err
        at_work = told(gateway)
        assert at_work["in_progress"] == [{"key": TILL, "agent": "ada"}]
        assert at_work["ready"] == []

        # Its lease ran out.
        with closing(sqlite3.connect(repo.path / ".git/kanban-sync/tasks.db")) as database:
            assert database.execute("UPDATE tasks SET expires = 1 WHERE agent = 'ada'").rowcount
            database.commit()
        assert told(gateway)["ready"] == [TILL]

        wire = TASKS.replace("SH-3 | not-started", "SH-3 | blocked")
        repo.commit("Tell what is in the way", **{"docs/TASKS.md": wire})
        assert told(gateway)["blocked"] == [WIRE]

        shown = run_program("mission", "status", folder=repo.path)
        assert shown.out.splitlines() == [
            f"Open the shop  1/3 tasks done  {where}",
            "  mission:M1  done  1/1  Shelves",
            f"  mission:M2  in_progress  0/2  Till  [blocked: {WIRE}]  [ready: {TILL}]",
        ]
        tools = MissionTools(Tools(repo.path, "eve", HeldClaims("eve")))
        assert tools.coord_list_tasks(milestone="M2", statuses=["blocked"])["of"] == 1
        assert tools.coord_list_tasks()["of"] == 3
        planned = Tools(repo.path, "eve", HeldClaims("eve"))
        assert [each["key"] for each in planned.plan_next(milestone="m2")["tasks"]] == [TILL]
        for asked in (tools.coord_list_tasks, planned.plan_next):
            with pytest.raises(UnknownGroupError, match="No milestone is called M7; there are: mi"):
                asked(milestone="M7")
        unknown = run_program("mission", "status", "Close the shop", folder=repo.path)
        assert (unknown.code, unknown.out) == (5, "")
        assert unknown.err == (
            "kanban-sync: No mission is called Close the shop; there are: Open the shop.\n"
        )
        assert gateway.ask("GET", "/api/missions?name=nobody").kind == "unknown-task"

        repo.commit("It is out of the way", **{"docs/TASKS.md": TASKS})
        finished = gateway.ask("PATCH", f"/api/tasks/{part(TILL)}", {"status": "done"})
        assert finished.status == 200
        assert told(gateway)["ready"] == [WIRE]


OPENING = """\
{
  "name": "Open the shop",
  "tasks_file": "docs/TASKS.md",
  "milestones": [{"id": "M1", "name": "Shelves"}, {"id": "M2", "name": "Till"}]
}
"""


def is_told_to_have(gateway: Gateway, first: str, agent: str) -> None:
    """Check that every door tells who has claimed the first milestone itself."""
    folder = gateway.repo.path
    found = gateway.get("missions").data
    tools = MissionTools(Tools(folder, "eve", HeldClaims("eve")))
    assert found == tools.coord_mission_status()
    assert found == run_program("mission", "status", "--json", folder=folder).data
    milestone = found["missions"][0]["milestones"][0]
    assert milestone["in_progress"] == [{"key": first, "agent": agent}]
    listed = run_program("mission", "status", folder=folder).out
    assert f"  {first}  in_progress  1/1  Shelves  [in progress: {first} ({agent})]\n" in listed


@pytest.mark.parametrize("begun", ["", ', "status": "in-progress"'])
def test_a_milestone_is_handed_out_and_finished_after_its_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: str
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("KANBAN_SYNC_AGENT", "ada")
    repo = Repo.init(tmp_path / "shop")
    where = ".mosaic/orchestrator/mission.json"
    tasks = TASKS.replace("SH-1 | done", "SH-1 | not-started")
    opening = OPENING.replace('"Shelves"', f'"Shelves"{begun}')
    files = {where: opening, "docs/TASKS.md": tasks, ".kanban-sync.yaml": "project_id: shop\n"}
    repo.commit("Begin", **files)
    tools = Tools(repo.path, "ada", HeldClaims("ada"))
    wood = "tasks-md:docs/TASKS.md/SH-1"

    def cli(*words: str, code: int = 0) -> Any:  # noqa: ANN401 - whatever JSON is printed
        answer = run_program(*words, "--json", folder=repo.path)
        assert answer.code == code, answer.err
        return answer.data if code == 0 else answer.err.strip()

    def ready() -> list[str]:
        """Return what is ready, which all doors tell alike."""
        found = [each["key"] for each in cli("task", "next", "-n", "9")["tasks"]]
        assert [each["key"] for each in gateway.get("tasks/ready").data["tasks"]] == found
        assert [each["key"] for each in tools.plan_next()["tasks"]] == found
        (mission,) = cli("mission", "status")["missions"]
        assert {key for each in mission["milestones"] for key in each["ready"]} == set(found)
        return found

    with Gateway(repo) as gateway:
        (first,) = (each["key"] for each in cli("task", "list")["tasks"] if "M1" in each["key"])
        assert ready() == [wood]
        shown = cli("task", "show", first)
        assert shown["depends_on"] == []
        assert shown["waits_for"] == [{"name": wood, "key": wood, "status": "todo"}]
        assert gateway.get(f"tasks/{part(first)}").data["waits_for"] == shown["waits_for"]
        assert tools.get_task(first)["task"]["waits_for"] == shown["waits_for"]

        refused = cli("task", "done", first, code=6)
        assert f"{first} is a milestone, and of its tasks are open: {wood} (todo)." in refused
        patched = gateway.ask("PATCH", f"/api/tasks/{part(first)}", {"status": "done"})
        assert (patched.status, patched.data["detail"] in refused) == (409, True)
        with pytest.raises(NotReadyError) as said:
            tools.plan_update(first, status="done")
        assert str(said.value) in refused

        assert cli("task", "claim", "--next")["key"] == wood
        cli("task", "done", wood)
        till = "tasks-md:docs/TASKS.md/SH-2"
        assert set(ready()) == {till, first}
        cli("task", "claim", first)
        is_told_to_have(gateway, first, "ada")
        cli("task", "done", first)
        assert ready() == [till]


def test_below_a_milestone_all_doors_find_its_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("KANBAN_SYNC_AGENT", "ada")
    repo = Repo.init(tmp_path / "shop")
    where = ".mosaic/orchestrator/mission.json"
    tasks = TASKS.replace("SH-1 | done", "SH-1 | not-started")
    repo.commit("Begin", **{where: OPENING, "docs/TASKS.md": tasks})
    tools = Tools(repo.path, "ada", HeldClaims("ada"))

    def cli(*words: str) -> Answer:
        return run_program("task", *words, "--json", folder=repo.path)

    def below(name: str) -> tuple[list[str], list[str]]:
        """Return what is open and what is ready for a milestone, which all doors tell alike."""
        listed = [each["key"] for each in cli("list", "--parent", name).data["tasks"]]
        answer = cli("next", "-n", "9", "--parent", name)
        found = [each["key"] for each in answer.data["tasks"]] if answer.code == 0 else []
        assert answer.code == (0 if found else 3)
        for path, keys in ("tasks", listed), ("tasks/ready", found):
            told = gateway.get(f"{path}?parent={part(name)}").data["tasks"]
            assert [each["key"] for each in told] == keys
        assert [each["key"] for each in tools.list_tasks(parent=name)["tasks"]] == listed
        own = [each["key"] for each in tools.plan_next(milestone=name)["tasks"]]
        assert [each for each in own if not each.startswith("mission:")] == found
        return listed, found

    claim = ("claim", "--next", "--parent")
    wood = "tasks-md:docs/TASKS.md/SH-1"
    with Gateway(repo) as gateway:
        assert (below("mission:M1"), below("M2")) == (([wood], [wood]), ([TILL, WIRE], []))
        asked = {"agent": "eve", "parent": "M2"}
        assert cli(*claim, "M2").code == 3
        assert gateway.ask("POST", "/api/claims", asked).status == 204
        unknown = cli(*claim, "M7")
        assert (unknown.code, "There is no task M7 in the" in unknown.err) == (5, True)
        assert gateway.ask("GET", "/api/tasks?parent=M7").kind == "unknown-task"
        assert cli(*claim, "M1").data["key"] == wood
        assert cli("done", wood).code == 0
        assert below("M1") == ([], [])
        assert gateway.ask("POST", "/api/claims", asked).data["key"] == TILL


def test_a_mission_whose_file_is_removed_is_none_though_a_milestone_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    repo = Repo.init(tmp_path / "shop")
    where = ".mosaic/orchestrator/mission.json"
    repo.commit("Begin", **{where: MISSION, "docs/TASKS.md": TASKS})
    tools = MissionTools(Tools(repo.path, "ada", HeldClaims("ada")))
    with Gateway(repo) as gateway:
        first, _ = tools.coord_mission_status()["missions"][0]["milestones"]
        assert (first["key"], first["status"]) == ("mission:M1", "done")
        repo.git("rm", "-qf", where)
        repo.git("commit", "-qam", "The shop is open")
        listed = run_program("mission", "status", "--json", folder=repo.path).data
        assert listed == gateway.get("missions").data == {"missions": []}
        assert tools.coord_mission_status()["missions"] == tools.coord_list_tasks()["tasks"] == []
        # What was done stays so.
        assert gateway.get("tasks/mission:M1").data["status"] == "done"


def test_a_milestone_whose_id_is_corrected_keeps_its_key_and_its_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    repo = Repo.init(tmp_path / "shop")
    where = ".mosaic/orchestrator/mission.json"
    repo.commit("Begin", **{where: OPENING, "docs/TASKS.md": TASKS})
    tools = MissionTools(Tools(repo.path, "ada", HeldClaims("ada")))
    _, before = tools.coord_mission_status()["missions"][0]["milestones"]
    corrected = {where: OPENING.replace("M2", "M2b"), "docs/TASKS.md": TASKS.replace("M2", "M2b")}
    repo.commit("Correct an id", **corrected)
    _, after = tools.coord_mission_status()["missions"][0]["milestones"]
    assert (before, after["of"], after["ready"]) == (after, 2, [TILL])
    for name in ("M2b", "M2"):
        assert tools.coord_list_tasks(milestone=name)["of"] == 2
    refused = run_program("task", "done", "mission:M2", folder=repo.path)
    assert (refused.code, f"of its tasks are open: {TILL}" in refused.err) == (6, True)


def test_an_id_of_two_milestones_now_and_before_is_refused_by_all_doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    repo = Repo.init(tmp_path / "shop")
    where = ".mosaic/orchestrator/mission.json"
    repo.commit("Begin", **{where: OPENING, "docs/TASKS.md": TASKS})
    run_program("sync", folder=repo.path)
    milestone = '{"id": "M1", "name": "Shelves"}'
    repo.commit("Correct an id", **{where: OPENING.replace("M1", "M9")})
    run_program("sync", folder=repo.path)
    both = f"{milestone.replace('M1', 'M9')}, {milestone.replace('Shelves', 'Floor')}"
    repo.commit("Give the id to another one", **{where: OPENING.replace(milestone, both)})
    tools = Tools(repo.path, "ada", HeldClaims("ada"))
    missions = MissionTools(tools)
    said = (
        "M1 stands for several tasks: mission:M1 (Shelves), mission:M1~2 (Floor). "
        "Name one by its whole key."
    )
    for ask in (
        partial(missions.coord_list_tasks, milestone="M1"),
        partial(tools.plan_next, milestone="M1"),
        partial(missions.coord_task_detail, "M1"),
        partial(tools.list_tasks, parent="M1"),
    ):
        with pytest.raises(WorkError) as refused:
            ask()
        assert str(refused.value) == said
    for words in (
        ("task", "show", "M1"),
        ("task", "done", "M1"),
        ("task", "list", "--parent", "M1"),
        ("files", "set", "M1", "--status", "done"),
    ):
        answer = run_program(*words, folder=repo.path)
        assert (answer.code, answer.err) == (1, f"kanban-sync: {said}\n"), words
    with Gateway(repo) as gateway:
        assert gateway.ask("GET", "/api/tasks/M1").data["detail"] == said
        assert gateway.get("tasks/mission:M1").data["title"] == "Shelves"
    # Its tasks are of the one that is called so now.
    assert missions.coord_list_tasks(milestone="mission:M1")["of"] == 0
    assert missions.coord_list_tasks(milestone="mission:M1~2")["of"] == 1
