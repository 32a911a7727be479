"""What a program reads by HTTP is what the command line says, and is told once."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute

from cli.program import run_program
from gateway.caller import Gateway, part, shop
from kanban_sync import __version__
from kanban_sync.app import Clone
from kanban_sync.databases.ports import Mode
from kanban_sync.gateway.drawn import layout_of
from kanban_sync.gateway.metrics import Counts, lines_of_connections, lines_of_sync, metrics
from kanban_sync.gateway.news import News
from kanban_sync.gateway.served import Served
from kanban_sync.gateway.snapshot import Snapshots
from kanban_sync.sync.consent import Target, allow

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.responses import Response

BOX = "openspec:add-search#1.2"


def said(gateway: Gateway, *words: str) -> Any:  # noqa: ANN401 - whatever JSON is printed
    answer = run_program(*words, "--json", folder=gateway.repo.path)
    assert answer.code == 0, answer.err
    return answer.data


def keys(found: dict[str, Any]) -> list[str]:
    return [each["key"] for each in found["tasks"]]


def test_a_task_is_told_as_the_command_tells_it(gateway: Gateway) -> None:
    told: dict[str, Any] = {}
    for key in (BOX, "tasks-md:use-keys"):
        told = gateway.get(f"tasks/{part(key)}").data
        shown = said(gateway, "task", "show", key)
        assert {name: told[name] for name in shown} == shown
        assert told["history"] == said(gateway, "task", "history", key)["events"]
    assert told["dependencies"] == [
        {
            "name": "rotate-keys",
            "key": "tasks-md:rotate-keys",
            "title": "Rotate the keys",
            "status": "todo",
        }
    ]
    needed = gateway.get("tasks/rotate-keys").data["needed_by"]
    assert [each["key"] for each in needed] == ["tasks-md:use-keys"]


def test_tasks_are_listed_page_by_page(gateway: Gateway) -> None:
    every = keys(gateway.get("tasks?all=true&limit=1000").data)
    assert (
        every[:3] == [each["key"] for each in said(gateway, "task", "list", "--all")["tasks"]][:3]
    )
    pages: list[str] = []
    following: list[str] = [""]
    for cursor in following:
        page = gateway.get(f"tasks?all=true&limit=2&cursor={cursor}").data
        assert page["of"] >= len(every)
        pages += keys(page)
        following += [page["next"]] if page["next"] else []
    assert set(every) <= set(pages)
    assert len(pages) == len(set(pages))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=done", ["openspec:add-search#1.1"]),
        ("status=planning", []),
        (
            "source=openspec&status=done&status=in_progress",
            ["openspec:add-search", "openspec:add-search#1.1"],
        ),
        ("source=openspec", ["openspec:add-search", BOX]),
        ("parent=add-search", [BOX]),
        ("parent=add-search&all=true", ["openspec:add-search#1.1", BOX]),
        ("tag=OPS", ["tasks-md:rotate-keys"]),
        ("q=keys%20ROTATE", ["tasks-md:rotate-keys"]),
        ("assignee=nobody", []),
        ("source=tasks-md&assignee=", ["tasks-md:rotate-keys", "tasks-md:use-keys"]),
    ],
)
def test_tasks_are_filtered(gateway: Gateway, query: str, expected: list[str]) -> None:
    assert keys(gateway.get(f"tasks?{query}").data)[: len(expected) or 1] == expected


def test_what_is_ready_is_told_in_the_order_of_need(gateway: Gateway) -> None:
    told = keys(gateway.get("tasks/ready?source=tasks-md&source=openspec").data)
    assert told == keys(
        said(gateway, "task", "next", "-n", "9", "--source", "tasks-md", "--source", "openspec")
    )
    assert told[0] == "tasks-md:rotate-keys"
    assert keys(gateway.get("tasks/ready?tag=nobodys").data) == []


def test_the_project_and_its_board_are_told(gateway: Gateway) -> None:
    project = gateway.get("project").data
    assert (project["id"], project["name"], project["mode"]) == ("shop", "shop", "database")
    assert project["version"] == __version__
    board = gateway.get("board").data
    names = [each["name"] for each in board["columns"]]
    assert names == ["Backlog", "To Do", "Planning", "In Progress", "Review", "Done"]
    cards = {each["key"]: each for column in board["columns"] for each in column["cards"]}
    change = cards["openspec:add-search"]
    assert (change["status"], change["column"]) == ("in_progress", "in_progress")
    assert (change["editable"], change["follows"]) == (False, "its boxes")
    assert change["progress"] == {"done": 1, "total": 2}
    assert [(each["key"], each["done"]) for each in change["boxes"]] == [
        ("openspec:add-search#1.1", True),
        (BOX, False),
    ]
    task = cards["tasks-md:rotate-keys"]
    assert (task["editable"], task["follows"], task["boxes"]) == (True, None, [])
    assert task["updated_at"] > 0
    assert board["last"] == gateway.get("events").data["last"]
    assert sorted(each["place"] for each in cards.values()) == list(range(len(cards)))
    assert gateway.get("board?key=tasks-md:use-keys").data["layout"] == board["layout"]


def test_the_mark_of_a_board_stays_while_no_card_comes_goes_or_changes_its_place() -> None:
    def board(*columns: str) -> list[dict[str, Any]]:
        cards = [
            [{"place": int(each[1]), "key": each[0]} for each in all_.split()] for all_ in columns
        ]
        return [{"id": str(at), "name": str(at), "cards": each} for at, each in enumerate(cards)]

    mark = layout_of(board("a0 c2", "b1"))
    assert layout_of(board("c2", "a0 b1")) == mark
    others = [board("a0", "b1"), board("a0 c2 d3", "b1"), board("b0 c2", "a1"), board("a0 c2 b1")]
    assert mark not in {layout_of(each) for each in others}


def test_events_are_told_from_a_number_on(gateway: Gateway) -> None:
    found = gateway.get("events?limit=2").data
    assert [each["id"] for each in found["events"]] == [1, 2]
    assert found["last"] == 2
    assert gateway.get("events?since=1&limit=1").data["events"] == found["events"][1:]
    assert gateway.get("events?since=2147483647").data["events"] == []


@pytest.mark.parametrize("path", ["board", "tasks", f"tasks/{part(BOX)}", "project", "events"])
def test_what_is_the_same_as_before_is_not_sent_again(gateway: Gateway, path: str) -> None:
    first = gateway.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = gateway.get(path, if_none_match=f'"other", {tag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert gateway.get(path, if_none_match='"other"').body == first.body


def test_a_commit_is_in_the_next_answer(gateway: Gateway) -> None:
    before = gateway.get("tasks?tag=new")
    text = (gateway.repo.path / "TASKS.md").read_text()
    more = "- [ ] A new one\n  - **ID**: new-one\n  - **Tags**: new\n"
    gateway.repo.commit("Add", **{"TASKS.md": text + more})
    after = gateway.get("tasks?tag=new", if_none_match=before.headers["etag"])
    assert keys(after.data) == ["tasks-md:new-one"]


def test_the_description_of_it_all_is_what_the_command_prints(gateway: Gateway) -> None:
    told = gateway.get("openapi.json").data
    answer = run_program("serve", "--print-openapi", folder=gateway.repo.path)
    assert json.loads(answer.out) == told
    assert told["components"]["schemas"]["Problem"]["required"]
    assert gateway.ask("GET", "/health", authorization=None).data == {"ok": True}


def test_a_key_stands_in_a_path_with_its_slashes_written_out_or_not(gateway: Gateway) -> None:
    made = gateway.post("tasks", {"title": "Slashes", "id": "a/b:c#d?e%2f/claim"})
    assert made.status == 201
    key = made.data["key"]
    assert made.headers["location"] == f"/api/tasks/{part(key)}"
    for path in (part(key), part(key).lower(), "db:a/b:c%23d%3Fe%252f/claim"):
        assert gateway.get(f"tasks/{path}").data["key"] == key
    claimed = gateway.post(f"tasks/{part(key)}/claim")
    assert (claimed.data["key"], claimed.data["agent"]) == (key, "first")
    assert gateway.post(f"tasks/{part(key)}/release").data["status"] == "todo"


def test_numbers_are_told_to_a_monitor(gateway: Gateway) -> None:
    gateway.get("tasks/nobodys")
    gateway.get("board")
    heard = gateway.ask("GET", "/metrics")
    assert heard.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = heard.body.decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert int(values['kanban_sync_tasks{status="done"}']) > 0
    assert values[f'kanban_sync_info{{project="shop",version="{__version__}"}}'] == "1"
    route = 'path="/api/tasks/{key:path}"'
    assert int(values[f'kanban_sync_http_requests_total{{method="GET",{route},status="404"}}']) > 0
    counted = 'kanban_sync_http_request_seconds_%s{path="/api/board"%s}'
    assert values[counted % ("bucket", ',le="+Inf"')] == values[counted % ("count", "")]
    assert values["kanban_sync_last_event"] == str(gateway.get("events").data["last"])
    assert int(values["kanban_sync_ready_tasks"]) > 0
    assert float(values["kanban_sync_oldest_ready_seconds"]) >= 0
    assert values["kanban_sync_database_up"] == "1"
    assert 'kanban_sync_reclaims_total{why="lease"}' in values
    assert values['kanban_sync_sync_lag_seconds{target="database"}'] == "0"
    assert not [name for name in values if name.startswith("kanban_sync_monitor_leads")]
    assert not [name for name in values if "_connections" in name]
    # Each name is told once with what it is.
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert len(helped) == len(set(helped))
    for number in range(5):
        gateway.ask("GET", f"/unknown-{number}")
    assert b"unknown" not in gateway.ask("GET", "/metrics").body


def test_what_can_be_told_without_the_database_is_told(tmp_path: Path) -> None:
    served = Served(Clone(shop(tmp_path / "shop").path / ".git"))

    def names() -> set[str]:
        (route,) = metrics(served, Snapshots(served), News(served), Counts()).routes
        assert isinstance(route, APIRoute)
        answer: Response = route.endpoint()
        assert answer.status_code == 200
        lines = bytes(answer.body).decode().splitlines()
        found = (re.split("[{ ]", line)[0] for line in lines if not line.startswith("#"))
        up = next(line for line in lines if line.startswith("kanban_sync_database_up "))
        return {up, *found}

    of_database = {"kanban_sync_tasks", "kanban_sync_ready_tasks", "kanban_sync_last_event"}
    always = {"kanban_sync_info", "kanban_sync_claims_total", "kanban_sync_start_time_seconds"}
    assert names() >= {"kanban_sync_database_up 1", *of_database, *always}
    served.close()
    for each in served.clone.state.path.glob("tasks.db*"):
        each.unlink()
    (served.clone.state.path / "tasks.db").write_bytes(b"no database" * 1000)
    assert names() >= {"kanban_sync_database_up 0", *always}
    assert not names() & of_database
    served.close()


def test_connections_are_told_where_there_are_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANBAN_SYNC_VALKEY_URL", "valkey://127.0.0.1:1")
    served = Served(Clone(shop(tmp_path / "shop").path / ".git"))
    counts = {"in_use": 2, "idle": 3}
    monkeypatch.setattr(type(served.clone.database), "connections", lambda _: counts)
    told = [line for line in lines_of_connections(served) if not line.startswith("#")]
    assert told == [
        'kanban_sync_database_connections{state="in_use"} 2',
        'kanban_sync_database_connections{state="idle"} 3',
        "kanban_sync_valkey_connections 0",
    ]
    served.close()


def test_for_how_long_the_board_is_behind_is_told(tmp_path: Path) -> None:
    served = Served(Clone(shop(tmp_path / "shop").path / ".git"))
    state, board = served.clone.state, Target("http://127.0.0.1:1", "Shop", "Tasks")
    allow(state, board)

    def lag(target: str) -> float:
        lines = (line.rpartition(" ") for line in lines_of_sync(served))
        told = {name: float(value) for name, _, value in lines if name[:1] != "#"}
        return told[f'kanban_sync_sync_lag_seconds{{target="{target}"}}']

    assert lag("board") == 0
    state.mark_behind(board.id)
    since = time.time() - 100
    os.utime(state.path / f"behind-{board.id}", (since, since))
    assert 100 <= lag("board") < 400
    assert lag("database") == 0
    served.close()


def test_an_absence_of_the_database_is_said_once_whatever_is_done_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = Served(Clone(shop(tmp_path / "shop").path / ".git"))
    for name in ("fallback", "waiting"):
        told = [Mode(name, 1.0, count).words("postgresql://db/tasks") for count in (1, 2, 7, None)]
        assert len(set(told)) == len(told)
        for text in told:
            served.note(text)
        assert capsys.readouterr().err == f"kanban-sync: {told[0]}\n"
        # Whoever looks is told how it is now.
        assert served.notes()[-1] == told[-1]
    served.note(Mode("fallback", 9000.0, 0).words("postgresql://db/tasks"))
    assert "does not answer since" in capsys.readouterr().err
    served.close()
