"""A server that hands out tasks, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.program import run_program, until
from gateway.caller import Gateway, shop

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_hosts_a_monitor_and_lets_another_lead_when_it_ends(tmp_path: Path) -> None:
    repo = shop(tmp_path / "shop")
    with Gateway(repo, "serve", "--listen", "127.0.0.1:0", "--monitor") as gateway:

        def numbers() -> str:
            return gateway.ask("GET", "/metrics").body.decode()

        until(lambda: 'kanban_sync_monitor_leads{monitor="' in numbers())
        (key,) = [task["key"] for task in gateway.get("tasks?tag=ops").data["tasks"]]
        claimed = gateway.post("claims", {"agent": "ada", "tags": ["ops"], "ttl": 1})
        assert claimed.data["key"] == key
        # Nobody asks for it: the monitor takes back what runs out.
        until(lambda: 'kanban_sync_reclaims_total{why="lease"} 1\n' in numbers())
        assert "kanban_sync_claims_total 1\n" in numbers()
        assert gateway.end() == 0
    once = run_program("monitor", "--once", "--json", folder=repo.path).data
    assert once["leads"] is True
