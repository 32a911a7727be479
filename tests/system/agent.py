"""A program: an agent that works in a linked work tree, in bursts of commits with pauses between.

It prints one line of JSON for each thing that it has done, after git has taken it: what was done,
to which task, and the status that the task has from then on. What it does and when is drawn from
a seed; it ends after so many seconds, with nothing begun.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path

TASKS = "work/TASKS.md"
CHANGE = "openspec/changes/garden/tasks.md"
SHARED = 6
ERRANDS = 12
OWN = 4
BOXES = 4
"""Of a change, for each agent."""

MOST_OF_A_BURST = 4
LONGEST_PAUSE = 1.5

TAKEN = (3, 4, 6)
"""With these `task claim` ends where somebody else was first, or has done it already."""


def line_of(task: str) -> str:
    """Return the line that a task begins with."""
    return f"- [ ] {task}\n"


def errand(number: int) -> str:
    """Return the words of a task that is claimed, with its id."""
    return f"E-{number}: errand {number}"


class FailedError(SystemExit):
    """Something that always has to go well has not."""


class Agent:
    """Works on a branch of its own, on files that others work on, too."""

    def __init__(self, folder: Path, name: str, seed: str) -> None:
        """Begin with nothing in hand."""
        self._folder = folder
        self._name = name
        self._random = random.Random(seed)
        self._claimed: list[int] = []
        self._new = 0

    def work(self, until: float) -> None:
        """Do one burst after the other."""
        deeds = (self.tick, self.tick, self.tick_box, self.share, self.add, self.claim, self.finish)
        while True:
            for _ in range(self._random.randint(1, MOST_OF_A_BURST)):
                self._random.choice(deeds)()
            if time.monotonic() > until:
                break
            time.sleep(self._random.random() * LONGEST_PAUSE)

    # --- what it does -------------------------------------------------------------------------

    def tick(self) -> None:
        """Tick a box that nobody else touches, or take the tick back."""
        task = f"{self._name} {self._random.randrange(OWN)}"
        is_open = line_of(task) in self._text(TASKS)
        self._mark(TASKS, task, " x" if is_open else "x ")
        self._commit("tick", task, "done" if is_open else "todo")

    def tick_box(self) -> None:
        """Tick the next box of the change in the group of this agent."""
        line = next((each for each in self._text(CHANGE).splitlines() if self._is_open(each)), "")
        if line:
            box = line.removeprefix("- [ ] ")
            self._mark(CHANGE, box, " x")
            self._commit("box", box, "done")

    def share(self) -> None:
        """Tick a box that others may tick, too."""
        task = f"shared {self._random.randrange(SHARED)}"
        if line_of(task) in self._text(TASKS):
            self._mark(TASKS, task, " x")
            self._commit("share", task, "done")

    def add(self) -> None:
        """Write a new task down."""
        self._new += 1
        task = f"{self._name} new {self._new}"
        self._write(TASKS, f"{self._text(TASKS)}{line_of(task)}")
        self._commit("add", task, "todo")

    def claim(self) -> None:
        """Claim one of the errands, for which all agents try."""
        number = self._random.randrange(ERRANDS)
        done = self._program("claim", f"E-{number}")
        if done.returncode == 0:
            self._claimed.append(number)
            self._commit("claim", errand(number), "in_progress")
        elif done.returncode not in TAKEN:
            raise FailedError(f"{self._name} could not claim: {done.returncode} {done.stderr}")

    def finish(self) -> None:
        """Say that an errand is done."""
        if self._claimed:
            number = self._claimed.pop(0)
            done = self._program("done", f"E-{number}")
            if done.returncode != 0:
                raise FailedError(f"{self._name} could not finish: {done.returncode} {done.stderr}")
            self._commit("finish", errand(number), "done")

    # --- how it does it -----------------------------------------------------------------------

    def _is_open(self, line: str) -> bool:
        return line.startswith("- [ ] ") and line.endswith(f" of {self._name}")

    def _text(self, file: str) -> str:
        return (self._folder / file).read_text(encoding="utf-8")

    def _write(self, file: str, text: str) -> None:
        (self._folder / file).write_text(text, encoding="utf-8")

    def _mark(self, file: str, task: str, marks: str) -> None:
        old, new = (f"- [{mark}] {task}\n" for mark in marks)
        text = self._text(file)
        if old not in text:
            raise FailedError(f"{self._name} finds no {old!r} in {text}")
        self._write(file, text.replace(old, new))

    def _program(self, command: str, key: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-P", "-m", "kanban_sync", "task", command, key]
        return self._run(*call, "--agent", self._name)

    def _commit(self, deed: str, task: str, status: str) -> None:
        """Commit, and tell what was done; git and the hook have nothing to say."""
        done = self._run("git", "commit", "-qam", f"{deed} {task}")
        if (done.returncode, done.stdout, done.stderr) != (0, "", ""):
            raise FailedError(f"{self._name} could not commit: {done.stdout}{done.stderr}")
        sys.stdout.write(json.dumps([deed, task, status]) + "\n")
        sys.stdout.flush()

    def _run(self, *call: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(call, cwd=self._folder, capture_output=True, text=True, check=False)


def main() -> None:
    """Work for some seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--seed", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    Agent(Path.cwd(), args.name, args.seed).work(time.monotonic() + args.seconds)


if __name__ == "__main__":
    main()
