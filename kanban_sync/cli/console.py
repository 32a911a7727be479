"""What commands print: JSON for programs, plain lines for pipes, colour only on a terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kanban_sync.app import Clone

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Ask nothing.")


def here() -> Clone:
    """Return the clone around the working folder."""
    from kanban_sync.app import Clone

    return Clone.at(Path.cwd())


def is_terminal() -> bool:
    """Whether a person sees what is printed."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print a line."""
    click.echo(text)


def warn(text: str) -> None:
    """Print a line to stderr, where it does not disturb programs."""
    click.echo(f"kanban-sync: {text}", err=True)


def print_json(data: object) -> None:
    """Print data as JSON."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))
