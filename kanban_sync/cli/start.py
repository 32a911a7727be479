"""Where the program ``kanban-sync`` begins: three commands at once, all else through click.

An agent asks again and again what is next, a hook runs ``check`` before each commit, a program asks
which files are read, and click alone takes longer to import than the first two take to answer.
"""

from __future__ import annotations

import gc
import os
import sys

from kanban_sync.cli.process import COLLECTED_AT, INTERRUPTED

TYPE_CHECKING = False
"""Whoever loads more here, ``typing`` for one, is told at length that Ctrl-C came meanwhile."""

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

NEXT = (["task", "next"], ["task", "next", "--json"])

FILES = (["files"], ["files", "--json"])

FLAGS = {"--fix", "--json"}


def main() -> NoReturn:
    """Run the program and end the process with its exit code."""
    # What is imported stays; to look for cycles in it again and again takes a while.
    gc.set_threshold(COLLECTED_AT)
    arguments = sys.argv[1:]
    try:
        from kanban_sync.cli.ending import end_with
        from kanban_sync.home import name_home

        name_home(os.environ)
        if is_plain_check(arguments):
            end_with(lambda: _check(arguments[1:]))
        if arguments in FILES:
            end_with(lambda: _list_files(as_json=arguments[-1] == "--json"))
        if arguments in NEXT:
            _tell_next(as_json=arguments[-1] == "--json")
        from kanban_sync.cli.loading import Loading

        with Loading():
            from kanban_sync.cli import main as commands
        commands.main()
    except SystemExit as error:
        code = 0 if error.code is None else error.code
        if not isinstance(code, int):
            raise
    except KeyboardInterrupt:
        # Before or after the command itself.
        code = INTERRUPTED
    # Python takes milliseconds to take itself apart; each command has put away what it opened.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def is_plain_check(arguments: Sequence[str]) -> bool:
    """Tell whether nothing but a check is asked for, in words that need no interpretation."""
    if not arguments or arguments[0] != "check":
        return False
    return all(not each.startswith("-") or each in FLAGS for each in arguments)


def _check(arguments: Sequence[str]) -> int:
    from kanban_sync.check.show import run

    names = [each for each in arguments if each not in FLAGS]
    return run(os.getcwd(), names, fix="--fix" in arguments, as_json="--json" in arguments)


def _list_files(*, as_json: bool) -> int:
    from kanban_sync.cli.found_files import tell

    tell(as_json=as_json)
    return 0


def _tell_next(*, as_json: bool) -> None:
    """Tell what is next, and end; return where only the long way finds out."""
    from kanban_sync import at_once
    from kanban_sync.agents.entries import NOTHING, NOTHING_READY, entry_data, line_of
    from kanban_sync.agents.names import agent_name
    from kanban_sync.cli.ending import end_with
    from kanban_sync.core.printable import json_text, printable

    try:
        folder = os.getcwd()
    except OSError:
        return
    found = at_once.next_task(folder, os.environ, agent_name(os.environ))
    if found is None:
        return

    def tell() -> int:
        data = entry_data(found[0]) if found else None
        line = line_of(found[0]) if found else NOTHING
        text = json_text(data, sys.stdout.encoding or "utf-8") if as_json else printable(line)
        sys.stdout.write(f"{text}\n")
        return 0 if found else NOTHING_READY

    end_with(tell)
