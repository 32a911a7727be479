"""Finds what is ready next in SQLite and PostgreSQL, beside the bare statement.

There are 10,000 tasks with 30,000 dependencies, and both ask over the same index.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from claim_engines import NOW, engines
from measure import Claim, Subject, interleave, options, report

if TYPE_CHECKING:
    from claim_engines import Engine


class Ready:
    """One process that asks for the next ready task, by either way."""

    def __init__(self, engine: Engine) -> None:
        self._store = engine.opened("ready")
        self._ask = engine.asks("ready")

    def ours(self) -> None:
        """Ask the store."""
        for _ in range(50):
            self._store.ready(NOW, limit=1)

    def bare(self) -> None:
        """Ask the database."""
        for _ in range(50):
            self._ask()


def main() -> None:
    """Measure what is ready next on both databases."""
    chosen = options(__doc__, 10)
    subjects: dict[str, Subject] = {}
    claims: list[Claim] = []
    with engines() as both:
        for engine in both:
            ready = Ready(engine)
            name = f"50 x next ready, {engine.kind}, "
            subjects[name + engine.floor] = Subject(ready.bare)
            subjects[name + "ours"] = Subject(ready.ours)
            claims.append(Claim(name + "ours", name + engine.floor, 3))
        seconds = interleave(subjects, chosen.rounds)
    sys.exit(report(seconds, claims, chosen))


if __name__ == "__main__":
    main()
