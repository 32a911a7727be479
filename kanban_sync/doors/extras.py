"""The packages that some parts need beside the program's own, and whether they are installed."""

from __future__ import annotations

import re
import shlex
from importlib import metadata
from typing import NamedTuple

from kanban_sync.core.errors import SetupError


class Requirement(NamedTuple):
    """A package, the oldest release of it that will do, and the next one that may not."""

    package: str
    floor: str
    cap: str

    def __str__(self) -> str:
        """Return it as pip takes it."""
        return f"{self.package}>={self.floor},<{self.cap}"


class Extra(NamedTuple):
    """An extra of this package: its name, the command that needs it, and what it requires."""

    name: str
    command: str
    requirements: tuple[Requirement, ...]

    @property
    def remedy(self) -> str:
        """How its packages are installed."""
        packages = " ".join(shlex.quote(str(each)) for each in self.requirements)
        return f"pip install {packages}, or pipx inject kanban-sync {packages}"

    def lacking(self) -> list[str]:
        """Return what is not installed, or not in a release that will do: one text for each."""
        return [text for each in self.requirements if (text := _lacking(each))]


GATEWAY = Extra(
    "gateway",
    "serve",
    (Requirement("fastapi", "0.165", "1"), Requirement("uvicorn", "0.54", "1")),
)
MCP = Extra("mcp", "mcp", (Requirement("mcp", "2.3", "3"),))
WATCH = Extra("watch", "watch", (Requirement("watchfiles", "1.3", "2"),))

POSTGRES = Extra("postgres", "task", (Requirement("psycopg[binary]", "3.3.9", "4"),))
VALKEY = Extra("valkey", "task", (Requirement("valkey", "6.2", "7"),))

EXTRAS = (GATEWAY, MCP, WATCH, POSTGRES, VALKEY)


def require(extra: Extra) -> None:
    """Make sure that a front door can be opened.

    Raises:
        SetupError: What it needs is not installed.
    """
    if lacking := extra.lacking():
        raise SetupError(
            f"'kanban-sync {extra.command}' needs packages: {'; '.join(lacking)}."
            f" Install them where kanban-sync is: {extra.remedy}"
        )


def _lacking(requirement: Requirement) -> str:
    package, floor, cap = requirement
    try:
        version = metadata.version(package.partition("[")[0])
    except metadata.PackageNotFoundError:
        return f"{package} is not installed"
    if _numbers(floor) <= _numbers(version) < _numbers(cap):
        return ""
    return f"{package} {version} is installed, and {requirement} is needed"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version.partition("+")[0]))
