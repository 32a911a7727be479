"""Run the stand-in as a process of its own: `python -m kanban_sync.standin`."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from kanban_sync.standin.server import Standin


def main() -> None:
    """Serve until interrupted; the first line printed is the address, the second the API key."""
    parser = argparse.ArgumentParser(prog="python -m kanban_sync.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--port-file", type=Path, help="gets the port once the server listens")
    parser.add_argument("--log", type=Path, help="gets one line per request")
    parser.add_argument("--api-key", help="the key of the administrator")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each answer")
    given = parser.parse_args()
    standin = Standin(port=given.port, api_key=given.api_key, delay=given.delay, log=given.log)
    if given.port_file:
        _write_port(given.port_file, standin.port)
    sys.stdout.write(f"{standin.url}\n{standin.api_key}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        standin.serve()


def _write_port(path: Path, port: int) -> None:
    # Renamed into place: whoever waits for the file must never read half of it.
    half = path.with_name(f"{path.name}.new")
    half.write_text(f"{port}\n", encoding="utf-8")
    half.replace(path)


if __name__ == "__main__":
    main()
