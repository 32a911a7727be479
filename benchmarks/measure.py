"""Measures things beside one another: interleaved rounds, medians, and ratios to a floor.

A machine that is busy for a while slows all subjects of a round alike, so the ratios hold where the
times do not.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WARM_UP = 3


def nothing() -> None:
    """Stand in where nothing has to be done before or after."""


@dataclass(frozen=True)
class Subject:
    """Something to be timed, and what has to happen around it that is not."""

    run: Callable[[], object]
    before: Callable[[], object] = nothing
    after: Callable[[], object] = nothing


@dataclass(frozen=True)
class Claim:
    """That one subject takes at most so many times as long as another, plus so many seconds."""

    subject: str
    floor: str
    limit: float
    plus: float = 0.0

    def holds(self, median: Mapping[str, float]) -> bool:
        """Tell whether the medians are so."""
        return median[self.subject] <= self.limit * median[self.floor] + self.plus

    def __str__(self) -> str:
        """Return what is claimed."""
        plus = f" + {1000 * self.plus:g} ms" if self.plus else ""
        return f"{self.subject} <= {self.limit} x {self.floor}{plus}"


def options(text: str | None, rounds: int, **sizes: int) -> argparse.Namespace:
    """Read the command line that all benchmarks share: --rounds, --check, --json.

    Further ones are sizes, with what they are unless told.
    """
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default: {rounds}")
    parser.add_argument("--check", action="store_true", help="exit 1 when a claim does not hold")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    for name, usual in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=usual, help=f"default: {usual}")
    return parser.parse_args()


def interleave(subjects: Mapping[str, Subject], rounds: int) -> dict[str, list[float]]:
    """Run each subject once a round, in random order; return the seconds of each run."""
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for round_number in range(-WARM_UP, rounds):
        for name in random.sample(list(subjects), len(subjects)):
            subject = subjects[name]
            subject.before()
            start = time.perf_counter()
            subject.run()
            taken = time.perf_counter() - start
            subject.after()
            if round_number >= 0:
                seconds[name].append(taken)
    return seconds


def report(
    seconds: Mapping[str, Sequence[float]], claims: Sequence[Claim], chosen: argparse.Namespace
) -> int:
    """Print the table, write the figures if asked, and return the exit code."""
    median = {name: statistics.median(runs) for name, runs in seconds.items()}
    width = max(map(len, median))
    print(f"{'':{width}}  {'min':>8} {'median':>8} {'p90':>8}  ms, {chosen.rounds} rounds")
    for name, runs in seconds.items():
        p90 = sorted(runs)[int(0.9 * (len(runs) - 1))]
        times = (min(runs), median[name], p90)
        print(f"{name:{width}}  " + " ".join(f"{1000 * value:8.2f}" for value in times))
    ratios = [median[claim.subject] / median[claim.floor] for claim in claims]
    held = [claim.holds(median) for claim in claims]
    for claim, ratio, good in zip(claims, ratios, held, strict=True):
        verdict = "holds" if good else "MISSED"
        print(f"{claim}: {ratio:.2f} {verdict}")
    if chosen.json:
        figures = {
            "machine": f"{platform.platform()}, Python {platform.python_version()}",
            "seconds": {name: list(runs) for name, runs in seconds.items()},
            "median": median,
            "claims": [
                {**vars(claim), "ratio": ratio, "holds": good}
                for claim, ratio, good in zip(claims, ratios, held, strict=True)
            ],
        }
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if chosen.check and not all(held) else 0


def main(
    text: str | None, subjects: Mapping[str, Subject], claims: Sequence[Claim], rounds: int
) -> None:
    """Measure, report, and end the program with the exit code."""
    chosen = options(text, rounds)
    sys.exit(report(interleave(subjects, chosen.rounds), claims, chosen))
