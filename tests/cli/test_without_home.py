"""Nothing says where the user's home is, as under cron: their own settings count all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

# The machine knows the user by number, and so their home.
CODE = """\
import pwd, sys
home = sys.argv.pop(1)
pwd.getpwuid = lambda number: pwd.struct_passwd(("ada", "x", number, number, "", home, ""))
from kanban_sync.cli.start import main
main()
"""


def test_the_database_that_the_user_has_named_is_taken(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "shop")
    repo.commit(**{".kanban-sync.yaml": "project_id: shop\n", "TASKS.md": "- [ ] Rest\n"})
    named = tmp_path / "all" / "tasks.db"
    home = tmp_path / "home of ada"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[kanban-sync]\n\tdatabase = sqlite://{named}\n", "utf-8")
    kept = {name: value for name, value in os.environ.items() if "CONFIG" not in name}
    del kept["HOME"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, home, "status", "--json"],
        cwd=repo.path,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["database"] == f"sqlite://{named}"
