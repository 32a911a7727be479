"""What commands print: JSON for programs, plain lines for pipes, colour only on a terminal.

Nothing that a repository or a board says reaches a terminal as a command to it.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kanban_sync.core.printable import json_text, printable

if TYPE_CHECKING:
    from kanban_sync.app import Clone

LARGEST = (1 << 31) - 1
"""The largest number that every database takes."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Ask nothing.")


def here() -> Clone:
    """Return the clone around the working folder."""
    from kanban_sync.app import Clone

    clone = Clone.at(Path.cwd())
    clone.warn, clone.warn_of_settings = warn, cache(warn)
    return clone


def is_terminal() -> bool:
    """Whether a person sees what is printed."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print a line."""
    click.echo(printable(text))


def warn(text: str) -> None:
    """Print a line to stderr, where it does not disturb programs."""
    click.echo(f"kanban-sync: {printable(text)}", err=True)


def warn_of_another_database(clone: Clone, project: str) -> None:
    """Tell whoever hands out tasks, and changes none, of a database that is not the one before."""
    from kanban_sync.databases import told_of_another

    for line in told_of_another(clone.database, project, clone.state):
        warn(line)


def asked(text: str, default: str) -> str:
    """Ask for a text; an empty answer stands for the default."""
    shown = f"{text} [{default}]" if default else text
    return str(click.prompt(printable(shown), default=default, show_default=False))


def confirmed(text: str, *, abort: bool = False) -> bool:
    """Ask for a yes."""
    return click.confirm(printable(text), abort=abort)


def print_json(data: object) -> None:
    """Print data as JSON."""
    click.echo(json_text(data, sys.stdout.encoding or "utf-8"))
