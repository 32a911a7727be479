"""A program: runs `kanban-sync` with the arguments after the first, and notes its peak memory.

The peak is Linux's own count for this program alone, in KiB: what `getrusage` tells begins with
that of the process by which it was started.
"""

from __future__ import annotations

import atexit
import re
import sys
from pathlib import Path

from kanban_sync.cli.main import main


def write_peak(path: Path) -> None:
    """Write the peak of resident memory."""
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    path.write_text(peak)


if __name__ == "__main__":
    atexit.register(write_peak, Path(sys.argv.pop(1)))
    main()
