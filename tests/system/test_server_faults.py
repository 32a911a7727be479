"""A PostgreSQL killed, restarted, frozen, full or only read, with the whole program beside it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cli.program import PROGRAM, Answer, run_program, until
from gateway.caller import Gateway
from postgres.own import OwnServer
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WITHIN = 60.0
"""Seconds that anything may take."""

LARGE = random.Random(8).randbytes(40_000).hex()
"""What fits into no page that there is."""


class Fault(NamedTuple):
    """What becomes of the server, and what the program says of it where it still answers."""

    strike: Callable[[OwnServer], object]
    says: str = ""


FAULTS = {
    "killed": Fault(partial(OwnServer.end, how=signal.SIGKILL)),
    "shut down": Fault(partial(OwnServer.end, how=signal.SIGINT)),
    "aborted": Fault(partial(OwnServer.end, how=signal.SIGQUIT)),
    "frozen": Fault(OwnServer.freeze),
    "full": Fault(OwnServer.fill, "no space is left on the server"),
    "read-only": Fault(partial(OwnServer.only_read, is_so=True), "it may only be read"),
}


class Team:
    """A clone with hooks, a monitor and a gateway, on a server of their own."""

    def __init__(self, folder: Path, server: OwnServer, stack: ExitStack) -> None:
        self.server = server
        self.repo = Repo.init(folder / "shop")
        self.repo.commit(
            **{".kanban-sync.yaml": "project_id: shop\n", "TASKS.md": "# Tasks\n\n## Now\n\n"}
        )
        assert self.program("init", "--yes").code == 0
        self.repo.commit("settings")
        assert self.program("sync").code == 0
        assert self.program("orchestrator", "register", "olive").code == 0
        self.stack = stack
        self._errors = stack.enter_context((folder / "errors").open("w+"))
        self.monitor = self.started("monitor", "--json")
        assert self.monitor.stdout
        self.leader = json.loads(self.monitor.stdout.readline())["monitor"]
        self.gateway = stack.enter_context(Gateway(self.repo))

    def program(self, *words: str) -> Answer:
        """Run a command to its end."""
        return run_program(*words, folder=self.repo.path)

    def started(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command that goes on."""
        process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.repo.path,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.stack.enter_context(process)
        self.stack.callback(process.kill)
        return process

    @property
    def errors(self) -> str:
        """What those have said on stderr that went on, and the gateway."""
        self._errors.seek(0)
        return self._errors.read() + self.gateway.errors

    def add(self, name: str, *words: str) -> None:
        """Add a task of this name, with a tag that no other has."""
        answer = self.program("task", "add", name, "--id", name, "--tag", name, *words)
        assert answer.code == 0, answer.err

    def told(self, name: str) -> list[tuple[str, Any]]:
        """Return who claimed a task, and how that ended."""
        events = self.program("task", "history", name, "--json").data["events"]
        said = [(each["kind"], each["data"]) for each in events]
        return [
            (kind, data.get("agent") or data.get("new"))
            for kind, data in said
            if kind in {"claimed", "status_changed", "conflict", "reclaimed", "released"}
        ]

    def is_back(self) -> bool:
        """Tell whether the clone works with the server again, which it may have left alone."""
        for each in (self.repo.path / ".git" / "kanban-sync" / "away").rglob("*.away"):
            since, _, *rest = json.loads(each.read_text())
            each.write_text(json.dumps([since, 0.0, *rest]))
        return bool(self.program("status", "--json").data["mode"] == "database")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """They all go on from one fault to the next."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        server = stack.enter_context(OwnServer())
        patch.setenv("KANBAN_SYNC_DATABASE_URL", f"{server.url}&connect_timeout=2")
        yield Team(tmp_path_factory.mktemp("team"), server, stack)


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_becomes_of_the_server_nothing_is_lost_or_handed_out_twice(
    name: str, team: Team
) -> None:
    fault, tag = FAULTS[name], name.replace(" ", "-")
    if name == "full" and not team.server.has_disk:
        pytest.skip("no disk of its own for the server: only root may make one")
    for part in ("ran", "held", "free"):
        team.add(f"{tag}-{part}")
    go = team.repo.path.parent / f"go-{tag}"
    wait = f"until [ -e {go} ]; do sleep 0.05; done"
    run = ("task", "run", f"{tag}-ran", "--agent", "rob", "--", "sh", "-c", wait)
    running = team.started(*run)
    until(lambda: team.told(f"{tag}-ran") == [("claimed", "rob")])
    later = ("task", "claim", "--next", "--tag", f"{tag}-later", "--wait", "90s", "--json")
    waiting = team.started(*later, "--agent", "cy")
    held = ("task", "claim", f"{tag}-held", "--agent", "ada", "--orchestrator", "olive")
    assert team.program(*held).code == 0

    fault.strike(team.server)
    try:
        go.touch()
        during(team, tag, fault)
    finally:
        team.server.mend()
    # For as long as the server was away; the monitor looks at once, and takes nothing for that.
    team.server.tell("UPDATE kanban_sync.orchestrators SET last_heartbeat = 1000")
    until(team.is_back)

    team.add(f"{tag}-later")
    claimed = waiting.communicate(timeout=WITHIN)[0]
    assert json.loads(claimed)["agent"] == "cy", team.errors
    assert (running.wait(WITHIN), team.told(f"{tag}-ran")) == (
        0,
        [("claimed", "rob"), ("status_changed", "done")],
    ), team.errors
    for part in ("held", "free"):
        assert team.program("task", "done", f"{tag}-{part}", "--agent", "ada").code == 0
        assert team.told(f"{tag}-{part}") == [("claimed", "ada"), ("status_changed", "done")]
    assert team.told(f"{tag}-later") == [("claimed", "cy")]
    # What was committed meanwhile has come, and all that goes on has come back.
    assert f"Committed while {tag}" in team.program("task", "list").out
    until(lambda: team.gateway.get(f"tasks?tag={tag}-later").status == 200)
    until(lambda: team.program("monitor", "--once", "--json").data["leader"] == team.leader)
    assert "Traceback" not in team.errors


def during(team: Team, tag: str, fault: Fault) -> None:
    """Commit, claim, finish and add, as if nothing were."""
    tasks = team.repo.path / "TASKS.md"
    line = f"- [ ] Committed while {tag}\n"
    team.repo.write("TASKS.md", tasks.read_text() + line)
    # Whoever waited for the server would do so until it is stopped here.
    patient = team.server.url + "&connect_timeout=600"
    git = ["git", "commit", "--quiet", "--all", "--message", "More"]
    environment = {**os.environ, "KANBAN_SYNC_DATABASE_URL": patient}
    subprocess.run(
        git, cwd=team.repo.path, env=environment, timeout=WITHIN, check=True, capture_output=True
    )
    answer = team.program("task", "add", "Large", "--id", f"{tag}-large", "--body", LARGE)
    if fault.says:
        assert (answer.code, fault.says in answer.err) == (1, True), answer.err
        assert team.program("task", "list").code == 0
    else:
        assert (answer.code, "does not answer since" in answer.err) == (0, True), answer.err
    claim = team.program("task", "claim", f"{tag}-free", "--agent", "ada")
    if fault.says and claim.code:
        assert fault.says in claim.err, claim.err
        team.server.mend()
        claim = team.program("task", "claim", f"{tag}-free", "--agent", "ada")
    assert claim.code == 0, claim.err
    asked = team.gateway.get(f"tasks?tag={tag}-held")
    assert asked.status == 200 or asked.kind == "busy", asked.body
