"""Ctrl-C while the program is still loaded: it ends at once, and says nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kanban_sync.cli.process import INTERRUPTED
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, signal, sys

class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                if not IS_DROPPED:
                    raise

sys.meta_path.insert(0, Interrupted())
from kanban_sync.cli.start import main
main()
"""


@pytest.mark.parametrize(
    ("module", "is_dropped", "words"),
    [
        ("kanban_sync.cli.ending", False, ["monitor"]),
        ("kanban_sync.agents.monitor", True, ["monitor", "--once"]),
        ("kanban_sync.gateway.application", True, ["serve", "--print-openapi"]),
        ("kanban_sync.mcp.server", True, ["mcp"]),
    ],
)
def test_whoever_is_interrupted_while_it_is_loaded_ends_at_once_and_quietly(
    module: str, is_dropped: bool, words: list[str], tmp_path: Path
) -> None:
    # Python drops what is raised while it puts away the lock of a module, and would go on.
    repo = Repo.init(tmp_path / "shop")
    repo.commit("Begin", **{".kanban-sync.yaml": "project_id: shop\n"})
    program = f"MODULE, IS_DROPPED = {module!r}, {is_dropped}\n{PROGRAM}"
    ended = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=repo.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, "", "")
