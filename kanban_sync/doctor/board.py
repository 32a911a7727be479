"""What the doctor finds at the board: the credential, the server, and what the account may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync import git_credentials
from kanban_sync.boards.planka.credentials import (
    KEY_VARIABLE,
    URL_VARIABLE,
    credential_for,
    login_command,
    renewal,
)
from kanban_sync.core.errors import BoardUnreachableError, KanbanSyncError, RightsError, SignInError
from kanban_sync.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.boards.planka.client import Client
    from kanban_sync.sync.consent import Target


def board_findings(
    target: Target, environment: Mapping[str, str], ids: Mapping[str, str]
) -> list[Finding]:
    """Ask the board's server, but only where its owner has given a key for it."""
    # Loaded here: where no board is allowed, there is no need of HTTP.
    from kanban_sync.boards.planka.client import ALLOW_HTTP, Client, Conduct  # noqa: PLC0415
    from kanban_sync.boards.planka.sign_in import SignIn  # noqa: PLC0415

    bind = (
        f"{login_command(target.url)}  (or set {URL_VARIABLE}={target.url} and {KEY_VARIABLE}"
        " where you commit)"
    )
    try:
        found = credential_for(target.url, environment, git_credentials.ask)
        conduct = Conduct(tries=1, plain_hosts=environment.get(ALLOW_HTTP, ""))
        client = Client(target.url, SignIn(lambda: found), conduct)
    except KanbanSyncError as error:
        return [Finding("credential", ok=False, text=str(error), remedy=bind)]
    with client:
        given = Finding("credential", ok=True, text=f"{found} is for {target.url}")
        server = _server_finding(client)
        if not server.ok:
            return [given, server]
        return [given, server, _access_finding(client, target, ids, renewal(target.url, found))]


def _server_finding(client: Client) -> Finding:
    from kanban_sync.boards.planka.meeting import meet  # noqa: PLC0415

    try:
        version = meet(client)
    except BoardUnreachableError as error:
        remedy = "check the address and the network; later commits catch up by themselves"
        return Finding("planka", ok=False, text=str(error), remedy=remedy)
    except KanbanSyncError as error:
        remedy = "correct planka.url in .kanban-sync.yaml, then 'kanban-sync allow'"
        return Finding("planka", ok=False, text=str(error), remedy=remedy)
    return Finding("planka", ok=True, text=f"Planka {version} at {client.url}")


def _access_finding(client: Client, target: Target, ids: Mapping[str, str], renew: str) -> Finding:
    """Judge whether the account sees the board and may write to it, which only editors may."""
    from kanban_sync.boards.planka import api  # noqa: PLC0415
    from kanban_sync.boards.planka.board import PlankaBoard  # noqa: PLC0415

    add = "add the account to the board as an editor"
    board = PlankaBoard(client, target.project, target.board, ids)
    try:
        board.read({})
        if not board.ids.get("board"):
            text = f"the account sees no {target.project} / {target.board}; the next sync makes it"
            return Finding("board", ok=None, text=text, remedy=f"if it is there, {add}")
        members = client.send(api.board(board.ids["board"]))["included"]["boardMemberships"]
        account = client.send(api.me())["item"]["id"]
    except SignInError as error:
        return Finding("board", ok=False, text=str(error), remedy=renew)
    except RightsError as error:
        remedy = f"{add}; if it was deleted, 'kanban-sync init' makes it anew"
        return Finding("board", ok=False, text=str(error), remedy=remedy)
    except KanbanSyncError as error:
        return Finding("board", ok=False, text=str(error), remedy=add)
    roles = [each["role"] for each in members if each["userId"] == account]
    if roles != ["editor"]:
        text = f"the account is {roles[0] if roles else 'no member'} of {target}: it may not write"
        return Finding("board", ok=False, text=text, remedy=add)
    return Finding("board", ok=True, text=board.url())
