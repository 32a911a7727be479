"""Prints which task files are read, and what is found in them; for ``kanban-sync files``."""

from __future__ import annotations

import sys
from pathlib import Path

from kanban_sync.checkout import Checkout
from kanban_sync.core.printable import json_text, printable

NONE = "no task files in the commit that is read; see 'kanban-sync status'"


def tell(*, as_json: bool) -> None:
    """Print the task files of the clone around the working folder.

    Raises:
        KanbanSyncError: There is none, or its commit cannot be read.
    """
    found = Checkout.at(Path.cwd()).files()
    if as_json:
        sys.stdout.write(f"{json_text({'files': found}, sys.stdout.encoding or 'utf-8')}\n")
        return
    lines: list[str] = []
    for each in found:
        more = f"  {each['status'] or each['dialect']}".rstrip()
        lines.append(f"{each['source']:10} {each['path']}  {each['done']}/{each['tasks']}{more}")
        lines += [f"           {problem}" for problem in each["problems"]]
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines or [NONE]))
