"""What a program changes by HTTP is done once, for one agent, and told as the command tells it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cli.program import CHANGE, run_program
from gateway.caller import TICKED_FILE, Gateway, part


def new(gateway: Gateway, title: str, **said: Any) -> str:  # noqa: ANN401 - as the body has it
    made = gateway.post("tasks", {"title": title, **said})
    assert made.status == 201, made.body
    return str(made.data["key"])


def status(gateway: Gateway, key: str) -> str:
    return str(gateway.get(f"tasks/{part(key)}").data["status"])


def kinds(gateway: Gateway, key: str) -> list[str]:
    return [each["kind"] for each in gateway.get(f"tasks/{part(key)}").data["history"]]


def test_a_task_goes_from_its_claim_to_its_end(gateway: Gateway) -> None:
    key = new(gateway, "Look into it", priority="P1", tags=["a"], body="All of it", id="look")
    assert key == "db:look"
    claimed = gateway.post(f"tasks/{part(key)}/claim", {"agent": "ada", "ttl": 120}).data
    assert (claimed["status"], claimed["agent"], claimed["token"]) == ("in_progress", "ada", 1)
    assert claimed["file"] is None
    held = gateway.post(f"tasks/{part(key)}/claim", {"agent": "bob"})
    assert (held.status, held.kind, held.data["agent"]) == (409, "held", "ada")
    assert gateway.post(f"tasks/{part(key)}/done", {"agent": "bob"}).kind == "held"
    lost = gateway.post(f"tasks/{part(key)}/done", {"agent": "ada", "token": 7})
    assert (lost.status, lost.kind) == (409, "lost-claim")
    beaten = gateway.post(f"tasks/{part(key)}/heartbeat", {"agent": "ada", "ttl": 600}).data
    assert beaten["expires"] > claimed["expires"]
    assert beaten["changed"] == []
    given = gateway.post(f"tasks/{part(key)}/release", {"agent": "ada", "reason": "later"}).data
    assert (given["status"], given["agent"], given["reason"]) == ("todo", None, "later")
    assert gateway.post(f"tasks/{part(key)}/block", {"agent": "ada"}).data["status"] == "blocked"
    assert gateway.post(f"tasks/{part(key)}/done", {"agent": "ada"}).data["status"] == "done"
    assert gateway.post(f"tasks/{part(key)}/claim").kind == "not-ready"
    assert gateway.post("tasks/nobodys/claim").kind == "unknown-task"


def test_errors_have_the_words_of_the_command_line(gateway: Gateway) -> None:
    said = run_program("task", "claim", "use-keys", folder=gateway.repo.path)
    heard = gateway.post("tasks/use-keys/claim")
    assert (heard.status, heard.kind) == (409, "not-ready")
    assert said.err == f"kanban-sync: {heard.data['detail']}\n"


def test_what_comes_first_is_claimed_until_nothing_is_ready(gateway: Gateway) -> None:
    keys = [new(gateway, f"Ready {number}", tags=["next"], id=f"n{number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        asked = [{"agent": f"agent-{number}", "tags": ["next"]} for number in range(8)]
        heard = list(pool.map(lambda each: gateway.post("claims", each), asked))
    assert sorted(each.status for each in heard) == [*[200] * 6, 204, 204]
    assert sorted(each.data["key"] for each in heard if each.status == 200) == keys


def test_status_and_assignee_are_set_as_people_do(gateway: Gateway) -> None:
    key = new(gateway, "Set it", id="set-it")
    path = f"/api/tasks/{part(key)}"
    told = gateway.ask(
        "PATCH", path, {"status": "review", "assignee": "@ada", "reason": "see"}
    ).data
    assert (told["status"], told["assignee"], told["reason"]) == ("review", "ada", "see")
    assert gateway.ask("PATCH", path, {"assignee": ""}).data["assignee"] == ""
    assert gateway.ask("PATCH", path, {}).kind == "refused"
    assert gateway.ask("PATCH", path, {"status": "orphaned"}).kind == "invalid"
    gateway.ask("PATCH", path, {"status": "todo"})
    gateway.post(f"tasks/{part(key)}/claim", {"agent": "ada"})
    assert gateway.ask("PATCH", path, {"status": "done", "agent": "bob"}).kind == "held"
    forced = gateway.ask("PATCH", path, {"status": "done", "agent": "bob", "force": True})
    assert forced.data["status"] == "done"


def test_a_change_follows_its_boxes_which_are_ticked_instead(gateway: Gateway) -> None:
    change, box = "openspec:tick-me", "openspec:tick-me#1.2"
    refused = gateway.ask("PATCH", f"/api/tasks/{part(change)}", {"status": "done"})
    assert refused.kind == "not-ready"
    ticked = gateway.ask("PATCH", f"/api/tasks/{part(box)}", {"status": "done"})
    assert ticked.data["status"] == "done"
    assert status(gateway, change) == "review"
    # Nobody has asked for that in a work tree: its file waits for 'files write'.
    assert (gateway.repo.path / TICKED_FILE).read_text() == CHANGE
    written = run_program("files", "write", folder=gateway.repo.path)
    assert written.code == 0, written.err
    assert "- [x] 1.2" in (gateway.repo.path / TICKED_FILE).read_text()


def test_a_key_of_idempotency_does_something_once(gateway: Gateway) -> None:
    said = {"title": "Once", "tags": ["once"]}
    first = gateway.post("tasks", said, idempotency_key="k1")
    again = gateway.post("tasks", said, idempotency_key="k1")
    assert (again.status, again.body) == (first.status, first.body) == (201, first.body)
    assert again.headers["location"] == first.headers["location"]
    other = gateway.post("tasks", {**said, "title": "Twice"}, idempotency_key="k1")
    assert (other.status, other.kind) == (422, "other-call")
    key = first.data["key"]
    assert gateway.post(f"tasks/{part(key)}/claim", idempotency_key="k1").kind == "other-call"
    assert len(gateway.get("tasks?tag=once").data["tasks"]) == 1
    assert gateway.post("tasks", said, idempotency_key="k" * 201).kind == "invalid"
    done = [gateway.post(f"tasks/{part(key)}/done", idempotency_key="k2") for _ in range(2)]
    assert done[0].body == done[1].body
    assert kinds(gateway, key).count("status_changed") == 1


def test_what_failed_may_be_tried_again_with_its_key(gateway: Gateway) -> None:
    first = new(gateway, "First", id="goes-first")
    key = new(gateway, "Later", needs=[first], id="goes-later")
    path = f"tasks/{part(key)}/claim"
    assert gateway.post(path, idempotency_key="k3").kind == "not-ready"
    gateway.post(f"tasks/{part(first)}/done")
    claimed = gateway.post(path, idempotency_key="k3")
    assert claimed.data["status"] == "in_progress"
    # Without the key the second claim would be refused: the agent has it.
    assert gateway.post(path, idempotency_key="k3").body == claimed.body
    assert gateway.post(path).kind == "held"


def test_one_key_asked_for_at_once_is_done_once(gateway: Gateway) -> None:
    with ThreadPoolExecutor(6) as pool:
        said = {"title": "At once", "tags": ["at-once"]}
        heard = list(
            pool.map(lambda _: gateway.post("tasks", said, idempotency_key="k4"), range(6))
        )
    assert {each.status for each in heard} == {201}
    assert len({each.body for each in heard}) == 1


def test_a_sync_is_asked_for(gateway: Gateway) -> None:
    assert gateway.post("sync").data == {"outcome": "done", "problem": ""}
