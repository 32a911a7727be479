"""A program: serves what was asked of a clone, one fork after the other, each to be killed.

It reads lines `<git folder> <state folder> <url> <key>`, and answers each with the id of the
process that serves it, and `killed` or `ended` afterwards.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from faults.world import CALM, Place
from system.kill_driver import load


def main() -> None:
    """Serve line by line."""
    load()
    for line in sys.stdin:
        git, state, url, key = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            try:
                Place(Path(git), Path(state), url, key).sync(CALM)
            finally:
                os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else "ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
