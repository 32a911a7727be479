"""A model's session, by the official client of the protocol and over standard input and output."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client, StdioServerParameters, SubscribeRequest, UnsubscribeRequest
from mcp.types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from cli.program import CHANGE, CHANGE_FILE, run_program
from cli.tasks_of_agents import TASKS
from kanban_sync.core.errors import SetupError
from kanban_sync.mcp.server import OFFERED
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

ROADMAP = """\
epics:
  - id: E1
    title: Search
    milestones:
      - id: M1
        title: Index
        tasks:
          - id: R1
            title: Build the index
            status: pending
            domain: storage
"""
PATIENCE = 60


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "shop")
    files = {"TASKS.md": TASKS, CHANGE_FILE: CHANGE, ".kanban-sync.yaml": "project_id: shop\n"}
    repo.commit("Begin", **files, **{"state/roadmap.yaml": ROADMAP})
    return repo


def session(
    repo: Repo,
    act: Callable[[Client], Awaitable[None]],
    *options: str,
    **of_client: Any,  # noqa: ANN401
) -> None:
    """Let a client do something with a server of its own."""
    call = ["-E", "-P", "-m", "kanban_sync", "mcp", *(options or ("--agent", "ada"))]
    server = StdioServerParameters(
        command=sys.executable, args=call, env=dict(os.environ), cwd=repo.path
    )

    async def run() -> None:
        with anyio.fail_after(PATIENCE):
            async with Client(server, **of_client) as client:
                await act(client)

    anyio.run(run)


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    """Call a tool, and return its answer."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:  # noqa: ANN401
    """Call a tool that refuses, and return what the model reads."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(getattr(result.content[0], "text", ""))


def test_a_session_outlives_its_work_tree(repo: Repo) -> None:
    repo.git("worktree", "add", "-q", "../other", "-b", "feature")
    other = Repo(repo.path.parent / "other")

    async def act(client: Client) -> None:
        await call(client, "claim_task", key="tidy-logs")
        repo.git("worktree", "remove", "--force", other.path)
        answer = await call(client, "complete_task", key="tidy-logs")
        assert answer["task"]["status"] == "done"
        assert answer["task"]["file"] is None
        (note,) = answer["notes"]
        assert note.startswith(f"The work tree {other.path} was removed: ")
        assert "notes" not in await call(client, "board_status")

    session(other, act)


def keys(answer: dict[str, Any]) -> list[str]:
    return [each["key"].partition(":")[2] for each in answer["tasks"]]


def test_a_model_goes_from_the_plan_to_a_task_that_is_done(repo: Repo) -> None:
    async def act(client: Client) -> None:
        offered = (await client.list_tools()).tools
        assert [each.name for each in offered] == list(OFFERED)
        assert all(each.description for each in offered)
        plan = await call(client, "plan_next", tags=["ops"])
        assert keys(plan) == ["rotate-keys"]
        assert "claim_task" in plan["next"]
        claimed = await call(client, "claim_task", key="rotate-keys")
        assert (claimed["task"]["status"], claimed["task"]["agent"]) == ("in_progress", "ada")
        assert keys(await call(client, "plan_next", tags=["ops"])) == []
        done = await call(client, "complete_task", key="rotate-keys")
        assert (done["task"]["status"], done["task"]["file"]["change"]) == ("done", "removed")
        assert "use-keys" in keys(await call(client, "plan_next", limit=20, minimal=True))

    session(repo, act)
    assert "Rotate" not in (repo.path / "TASKS.md").read_text()


def test_two_sessions_of_one_user_are_two_agents(repo: Repo) -> None:
    async def second(client: Client) -> None:
        assert "plan_next" in await refusal(client, "claim_task", key="tidy-logs")

    async def first(client: Client) -> None:
        await call(client, "claim_task", key="tidy-logs")
        await anyio.to_thread.run_sync(lambda: session(repo, second, "--agent="))

    session(repo, first, "--agent=")


def test_a_model_waits_for_work_and_gets_none_once_it_gave_the_call_up(repo: Repo) -> None:
    def add(tag: str) -> None:
        added = ("task", "add", f"For {tag}", "--id", tag, "--tag", tag)
        assert run_program(*added, folder=repo.path).code == 0

    async def act(client: Client) -> None:
        assert "0 to 50" in await refusal(client, "claim_task", wait=51)
        assert "without a key" in await refusal(client, "claim_task", key="tidy-logs", wait=1)
        waited = await call(client, "claim_task", tags=["late"], wait=0.1)
        assert waited["task"] is None
        assert "again" in waited["next"]
        async with anyio.create_task_group() as group:
            asked = {"tags": ["given-up"], "wait": 50}
            group.start_soon(client.call_tool, "claim_task", asked)
            await call(client, "plan_next")
            group.cancel_scope.cancel()
        await call(client, "plan_next")
        await anyio.to_thread.run_sync(add, "given-up")
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, add, "late")
            claimed = await call(client, "claim_task", tags=["late"], wait=50)
        assert claimed["task"]["title"] == "For late"
        assert (await call(client, "plan_next"))["yours"] == [claimed["task"]["key"]]

    session(repo, act)
    shown = run_program("task", "show", "given-up", "--json", folder=repo.path).data
    assert shown["status"] == "todo"


def test_a_task_that_others_add_meanwhile_is_in_the_next_plan(repo: Repo) -> None:
    async def act(client: Client) -> None:
        assert keys(await call(client, "plan_next", tags=["new"])) == []
        more = "- [ ] A new one\n  - **ID**: new-one\n  - **Tags**: new\n"
        repo.commit("Add a task", **{"TASKS.md": TASKS + more})
        assert keys(await call(client, "plan_next", tags=["new"])) == ["new-one"]
        other = ("task", "add", "By hand", "--id", "by-hand", "--tag", "new")
        done = await anyio.to_thread.run_sync(lambda: run_program(*other, folder=repo.path))
        assert done.code == 0
        for asked in ({}, {"status": "todo"}):
            found = keys(await call(client, "plan_next", tags=["new"], **asked))
            assert sorted(found) == ["by-hand", "new-one"]

    session(repo, act)


def test_the_plan_is_narrowed_by_what_files_say(repo: Repo) -> None:
    async def act(client: Client) -> None:
        narrowed = {"domain": "storage"}
        assert keys(await call(client, "plan_next", **narrowed)) == ["R1"]
        assert keys(await call(client, "plan_next", epic="search", milestone="Index")) == ["R1"]
        assert keys(await call(client, "plan_next", milestone="m1", status="todo")) == ["R1"]
        assert keys(await call(client, "plan_next", milestone="index", status="done")) == []
        for kind, there in (("epic", "Search"), ("milestone", "Index"), ("domain", "storage")):
            said = await refusal(client, "plan_next", **{kind: "nobody's"})
            assert f"No {kind} is called nobody's; there are: {there}." in said
        [short] = (await call(client, "plan_next", domain="storage", minimal=True))["tasks"]
        assert "body" not in short
        assert "1 to 20" in await refusal(client, "plan_next", limit=21)
        assert keys(await call(client, "plan_next", status="review")) == []

    session(repo, act)


def test_nobody_gets_what_somebody_has_and_hears_what_to_do(repo: Repo) -> None:
    assert run_program("task", "claim", "tidy-logs", "--agent", "bob", folder=repo.path).code == 0

    async def act(client: Client) -> None:
        assert "plan_next" in await refusal(client, "claim_task", key="tidy-logs")
        assert "bob" in await refusal(client, "complete_task", key="tidy-logs")
        assert "rotate-keys" in await refusal(client, "get_task", key="rotate-kys")
        assert "get_task" in await refusal(client, "claim_task", key="use-keys")
        assert "todo" in await refusal(client, "plan_update", key="use-keys", status="later")

    session(repo, act)


def test_a_session_is_too_late_once_another_of_the_same_name_has_the_task(repo: Repo) -> None:
    def do(*words: str) -> None:
        env = {"KANBAN_SYNC_AGENT": "ada"}
        assert run_program("task", *words, folder=repo.path, env=env).code == 0

    async def act(client: Client) -> None:
        await call(client, "claim_task", key="tidy-logs")
        do("set", "tidy-logs", "--status", "todo")
        do("claim", "tidy-logs")
        for tool in ("complete_task", "release_task"):
            assert "(token 1) is lost" in await refusal(client, tool, key="tidy-logs")
        await call(client, "heartbeat")
        assert "(token 1) is lost" in await refusal(client, "complete_task", key="tidy-logs")
        held = await refusal(client, "claim_task", key="tidy-logs")
        assert "Another session called ada has tasks-md:tidy-logs, for another" in held
        do("release", "tidy-logs")
        for _ in range(2):
            claimed = await call(client, "claim_task", key="tidy-logs")
            assert claimed["task"]["token"] == 3
        assert (await call(client, "complete_task", key="tidy-logs"))["task"]["status"] == "done"

    session(repo, act)


def test_an_argument_that_no_tool_knows_is_refused_and_nothing_is_done(repo: Repo) -> None:
    async def act(client: Client) -> None:
        assert "knows: key, tags, wait" in await refusal(client, "claim_task", task="tidy-logs")
        assert "priority" in await refusal(client, "add_task", title="X", priority="P1")
        assert (await call(client, "plan_next"))["yours"] == []
        for offered in (await client.list_tools()).tools:
            assert offered.input_schema["additionalProperties"] is False

    session(repo, act)


def test_work_ends_as_the_model_says(repo: Repo) -> None:
    async def act(client: Client) -> None:
        await call(client, "claim_task", key="tidy-logs")
        said = {"key": "tidy-logs", "status": "blocked", "reason": "no clock"}
        assert (await call(client, "complete_task", **said))["task"]["status"] == "blocked"
        assert "no end of work" in await refusal(
            client, "complete_task", key="rotate-keys", status="todo"
        )

    session(repo, act)


def test_a_claim_that_is_lost_and_a_task_that_changed_are_told(repo: Repo) -> None:
    async def act(client: Client) -> None:
        for task in ("tidy-logs", "rotate-keys"):
            await call(client, "claim_task", key=task)
        taken = ("task", "set", "tidy-logs", "--status", "todo", "--force", "--agent", "bob")
        assert run_program(*taken, folder=repo.path).code == 0
        said = (repo.path / "TASKS.md").read_text()
        repo.commit("Say more", **{"TASKS.md": said.replace("Rotate the keys", "Rotate all keys")})
        heard = await call(client, "heartbeat")
        assert heard["yours"] == ["tasks-md:rotate-keys"]
        lost, changed = sorted(heard["notes"], key=lambda each: "lost" not in each)
        assert lost.startswith("Your claim of tasks-md:tidy-logs (token 1) is lost")
        assert changed.startswith("tasks-md:rotate-keys changed since you claimed it: title")
        assert "notes" not in await call(client, "heartbeat")

    session(repo, act)


def test_the_same_idempotency_key_does_something_once(repo: Repo) -> None:
    async def act(client: Client) -> None:
        new = {"title": "Look into it", "idempotency_key": "k1"}
        first = await call(client, "add_task", **new)
        assert await call(client, "add_task", **new) == first
        other = {"title": "Something else", "idempotency_key": "k1"}
        assert "make a new one" in await refusal(client, "add_task", **other)
        found = await call(client, "list_tasks")
        assert [each["title"] for each in found["tasks"]].count("Look into it") == 1
        blocked = {"key": first["task"]["key"], "status": "blocked", "idempotency_key": "k2"}
        assert await call(client, "plan_update", **blocked) == (
            await call(client, "plan_update", **blocked)
        )
        history = (await call(client, "get_task", key=first["task"]["key"]))["history"]
        assert [each["kind"] for each in history].count("status_changed") == 1

    session(repo, act)


def test_who_listens_is_told_that_tasks_changed(repo: Repo) -> None:
    async def act(client: Client) -> None:
        await call(client, "plan_next")
        async with client.listen(resource_subscriptions=["kanban://tasks"]) as events:
            claim = ("task", "claim", "tidy-logs", "--agent", "bob")
            await anyio.to_thread.run_sync(lambda: run_program(*claim, folder=repo.path))
            async for event in events:
                assert getattr(event, "uri", "") == "kanban://tasks"
                break
        [content] = (await client.read_resource("kanban://tasks")).contents
        assert '"tasks-md:tidy-logs"' in getattr(content, "text", "")

    session(repo, act)


def test_who_subscribed_in_the_older_way_is_told_too(repo: Repo) -> None:
    async def act(client: Client) -> None:
        assert client.server_capabilities.resources
        assert client.server_capabilities.resources.subscribe
        for uri in ("kanban://board", "kanban://tasks"):
            about = SubscribeRequestParams(uri=uri)
            await client.session.send_request(SubscribeRequest(params=about), EmptyResult)
        no_more = UnsubscribeRequestParams(uri="kanban://board")
        await client.session.send_request(UnsubscribeRequest(params=no_more), EmptyResult)
        claim = ("task", "claim", "tidy-logs", "--agent", "bob")
        await anyio.to_thread.run_sync(lambda: run_program(*claim, folder=repo.path))
        assert await heard.receive() == "kanban://tasks"

    told, heard = anyio.create_memory_object_stream[str](100)

    async def listen(message: object) -> None:
        uri = getattr(getattr(message, "params", None), "uri", None)
        if uri:
            await told.send(str(uri))

    with told, heard:
        session(repo, act, mode="legacy", message_handler=listen)


def test_the_board_is_told_and_synced(repo: Repo) -> None:
    async def act(client: Client) -> None:
        assert (await call(client, "sync_now"))["outcome"] == "done"
        board = await call(client, "board_status")
        todo = next(each for each in board["lists"] if each["name"] == "To Do")
        assert "tasks-md:tidy-logs" in todo["cards"]

    session(repo, act)


def test_without_its_package_the_command_says_what_to_install(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kanban_sync.cli import mcp as program  # noqa: PLC0415

    def gone(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", gone)
    monkeypatch.chdir(repo.path)
    with pytest.raises(SetupError, match=r"mcp is not installed.*pip install 'mcp>=2\.3,<3'"):
        program.command.main([], standalone_mode=False)
