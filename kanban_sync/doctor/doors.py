"""What the doctor finds at the front doors: their packages, tokens, servers and the page."""

from __future__ import annotations

import http.client
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.doctor.finding import Finding
from kanban_sync.doors.extras import EXTRAS
from kanban_sync.doors.running import running
from kanban_sync.doors.tokens import FILE, Tokens
from kanban_sync.gateway.page_files import missing, page_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kanban_sync.doors.extras import Extra
    from kanban_sync.doors.running import Running
    from kanban_sync.sync.state_folder import StateFolder

PATIENCE = 5.0
"""Seconds in which a server has to answer."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO

MAKE = "kanban-sync serve token add NAME"


def door_findings(state: StateFolder, project: Callable[[], str]) -> list[Finding]:
    """Look at what is there for agents, programs and browsers.

    Args:
        state: The state folder of the clone.
        project: Tells the id of the project; may raise KanbanSyncError.
    """
    servers = running(state)
    findings = [*extra_findings(EXTRAS), *page_findings()]
    try:
        findings += token_findings(state.path / FILE, Tokens(state, project()), servers)
    except KanbanSyncError as error:
        remedy = f"do what is said there; '{MAKE}' makes a token"
        findings.append(Finding("tokens", ok=False, text=str(error), remedy=remedy))
    return [*findings, *(server_finding(each) for each in servers)]


def extra_findings(extras: Sequence[Extra]) -> list[Finding]:
    """Judge whether the packages are there that some commands need; nobody has to have them."""
    lacking = [
        Finding(f"extra {each.name}", ok=None, text="; ".join(texts), remedy=each.remedy)
        for each in extras
        if (texts := each.lacking())
    ]
    there = [each.name for each in extras if not each.lacking()]
    found = [Finding("extras", ok=True, text=", ".join(there))] if there else []
    return [*found, *lacking]


def page_findings() -> list[Finding]:
    """Judge whether the page for browsers is whole."""
    try:
        lacking = missing(page_files())
    except OSError as error:
        lacking = [str(error)]
    if not lacking:
        return []
    text = f"the page in the browser is not whole: {', '.join(lacking)}"
    return [Finding("page", ok=False, text=text, remedy="install kanban-sync anew")]


def token_findings(file: Path, tokens: Tokens, servers: Sequence[Running]) -> list[Finding]:
    """Judge the tokens, and who may read the file in which hashes of them are kept.

    Raises:
        SetupError: It cannot be read.
    """
    every = tokens.all()
    if not every:
        text = "there is none, so nobody is let in"
        return [Finding("tokens", ok=False, text=text, remedy=MAKE)] if servers else []
    if file.stat().st_mode & OTHERS:
        text = f"{file} is open to others than its owner"
        return [Finding("tokens", ok=False, text=text, remedy=f"chmod 600 {file}")]
    told = ", ".join(f"{each.name} ({each.scope})" for each in every)
    return [Finding("tokens", ok=True, text=told)]


def server_finding(server: Running) -> Finding:
    """Ask a server that runs whether it answers; what it answers does not matter."""
    name = server.command.partition(" ")[0]
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        text = f"process {server.pid} serves at {server.url}, and does not answer: {error}"
        remedy = (
            f"let it go on (kill -CONT {server.pid}), or end it (kill -KILL {server.pid}) and"
            f" start 'kanban-sync {server.command}' anew"
        )
        return Finding(name, ok=False, text=text, remedy=remedy)
    finally:
        connection.close()
    return Finding(name, ok=True, text=f"process {server.pid} answers at {server.url}")
