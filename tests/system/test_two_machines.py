"""Two machines that share a PostgreSQL, and one board: never two that write to it at once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from kanban_sync.sync.applying import IN_FLIGHT
from system.board_server import drawn
from system.synced_clone import until
from system.two_machines import HASTY, LINES, Machine, counted_writers, two_machines

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from system.board_server import BoardServer

WITHIN = 120


@pytest.fixture
def machines(
    tmp_path: Path,
    fresh_server: BoardServer,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Machine, Machine]:
    monkeypatch.setenv("KANBAN_SYNC_DATABASE_URL", postgres_url)
    monkeypatch.delenv("PLANKA_URL")
    monkeypatch.delenv("PLANKA_API_KEY")
    return two_machines(tmp_path, fresh_server)


def is_write(method: str, _path: str) -> bool:
    return method != "GET"


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    told, said = process.communicate(timeout=WITHIN)
    return process.returncode, told, " ".join(said.split())


def done(server: BoardServer) -> set[str]:
    cards = drawn(server.state)
    assert len(cards) == LINES, "a card was made twice, or is gone"
    return {card.title for card in cards if card.column == "Done"}


def titles(*numbers: int) -> set[str]:
    return {f"task {number}" for number in numbers}


def test_two_machines_that_sync_at_once_never_write_at_once(
    machines: tuple[Machine, Machine], fresh_server: BoardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    writers = counted_writers(monkeypatch)
    fresh_server.delay = 0.01
    here.commit_lines(*range(0, LINES, 2))
    there.commit_lines(*range(1, LINES, 2))
    both = [machine.start("sync") for machine in machines]
    for code, _, said in map(ended, both):
        assert (code, said) == (0, "")
    assert writers.at_once == 1
    # Whoever came second had something to write, or found that all was done already.
    for machine in (*machines, *machines):
        machine.run("sync").check_returncode()
    assert done(fresh_server) == titles(*range(LINES))


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
def test_a_machine_that_dies_or_stands_still_gives_way_and_writes_nothing_more(
    machines: tuple[Machine, Machine], fresh_server: BoardServer, *, is_killed: bool
) -> None:
    here, there = machines
    here.commit_lines(*range(12))
    with fresh_server.gate(is_write) as gate:
        first = here.start("sync", program=HASTY)
        gate.wait_until_reached()
        first.send_signal(signal.SIGKILL if is_killed else signal.SIGSTOP)
    there.quietly("pull", "-q", str(here.path), "main")
    there.commit_lines(*range(6, LINES))
    code, _, said = ended(there.start("sync"))
    assert (code, said) == (0, "")
    assert done(fresh_server) == titles(*range(6, LINES))
    before = len(fresh_server.writes)
    if is_killed:
        assert ended(first)[0] == -signal.SIGKILL
    else:
        first.send_signal(signal.SIGCONT)
        code, _, said = ended(first)
        assert code == 2
        assert "lost the right to write to the board" in said
        assert here.state.pending.exists()
    # What was let through, and not yet sent, when the process was stopped cannot be held back.
    assert len(fresh_server.writes) < before + (1 if is_killed else IN_FLIGHT)
    here.quietly("pull", "-q", str(there.path), "main")
    for machine in machines:
        machine.run("sync").check_returncode()
    assert done(fresh_server) == titles(*range(6, LINES))
    assert not here.state.pending.exists()


def test_status_and_doctor_name_whom_a_sync_waits_for(
    machines: tuple[Machine, Machine], fresh_server: BoardServer
) -> None:
    here, there = machines
    here.commit_lines(1)
    there.commit_lines(2)
    with fresh_server.gate(is_write) as gate:
        first = here.start("sync")
        gate.wait_until_reached()
        second = there.start("sync")
        until(there.state.pending.exists)
        told = there.run("status").stdout
        [line] = [each for each in told.splitlines() if each.startswith("waits for ")]
        assert str(here.path) in line
        found = there.run("doctor").stdout
        assert f"{here.path} has it for another" in " ".join(found.split())
        assert "waits for" not in here.run("status").stdout
    assert ended(first)[0] == ended(second)[0] == 0
