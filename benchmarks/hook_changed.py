"""A commit that touches a task: our hook beside a Python that does nothing but detach a child."""

from __future__ import annotations

import tempfile
from pathlib import Path

from committed import Child, Timed, environment
from measure import Claim, main

FLOOR = "python that detaches"


def changed() -> None:
    """Measure with a watched file that changed, and with another branch that moved."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        child = Child.make(folder / "environment")
        floor = Timed.make(folder / "floor", env)
        floor.hook(child.detaching_hook(folder))
        file = Timed.make(folder / "file", env)
        file.shim(child.python)
        file.synced("HEAD~")
        branch = Timed.make(folder / "branch", env)
        branch.shim(child.python)
        branch.synced()
        branch.git("branch", "other")
        subjects = {
            "no hook": Timed.make(folder / "none", env).subject(),
            FLOOR: floor.subject(child),
            "ours, a file": file.subject(child),
            "ours, a branch": branch.subject(child),
        }
        claims = [Claim(name, FLOOR, 1.7) for name in subjects if name.startswith("ours")]
        main(__doc__, subjects, claims, rounds=100)


if __name__ == "__main__":
    changed()
