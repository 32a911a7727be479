"""A commit that touches no task: our hook beside a sh hook that asks git only once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from committed import Timed, environment
from measure import Claim, main


def quiet() -> None:
    """Measure with one branch, with 300 more as `git gc` leaves them, and with 300 files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        subjects = {"no hook": Timed.make(folder / "none", env).subject()}
        claims = []
        for kind, branches in (("1 branch", 0), ("301 packed", 300), ("301 files", 300)):
            floor = Timed.make(folder / f"floor {kind}", env, branches)
            ours = Timed.make(folder / f"ours {kind}", env, branches)
            if kind == "301 packed":
                floor.git("pack-refs", "--all")
                ours.git("pack-refs", "--all")
            floor.one_diff_tree()
            ours.shim()
            ours.synced()
            subjects |= {f"one diff-tree, {kind}": floor.subject(), f"ours, {kind}": ours.subject()}
            claims.append(Claim(f"ours, {kind}", f"one diff-tree, {kind}", 1.5))
        main(__doc__, subjects, claims, rounds=200)


if __name__ == "__main__":
    quiet()
