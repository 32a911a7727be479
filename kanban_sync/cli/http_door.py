"""What commands share that serve by HTTP: where they listen, and the first token."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from kanban_sync.cli.console import say, warn
from kanban_sync.doors.tokens import Scope, Tokens

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from kanban_sync.doors.rules import Called

Command = TypeVar("Command", bound="Callable[..., object]")

FIRST = "first"
"""The name of the token that is made where there is none."""

OPTIONS = (
    click.option("--allow-remote", is_flag=True, help="Listen for other machines; see to TLS."),
    click.option(
        "--allow-host",
        "hosts",
        metavar="NAME",
        multiple=True,
        help="Another name, or origin, by which it may be called; may be repeated.",
    ),
)


def door_options(command: Command) -> Command:
    """Add the options that tell who may come by."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


class Door(NamedTuple):
    """A socket that listens, its address, and how it may be called."""

    on: socket.socket
    url: str
    called: Called


def opened(
    listen: str, hosts: tuple[str, ...], *, allow_remote: bool, option: str = "--listen"
) -> Door:
    """Listen at an address, which an option gives.

    Raises:
        SetupError: The address is none, is taken, or lets others in without being told to; or a
            name is none.
    """
    from kanban_sync.doors.rules import called
    from kanban_sync.doors.server import address_of, listening

    address = address_of(listen, allow_remote=allow_remote, option=option)
    on = listening(address, option)
    bound = address._replace(port=on.getsockname()[1])
    if not address.is_loopback:
        warn(f"other machines reach {bound.url}, unencrypted: let a reverse proxy do TLS")
    own = () if address.is_loopback or address.is_any else (address.name,)
    return Door(on, bound.url, called((*hosts, *own), bound.port))


def serve(app: ASGIApp, door: Door, tokens: Tokens, what: str, on_end: Callable[[], None]) -> None:
    """Tell where it is and who may come in, and serve until SIGTERM or Ctrl-C.

    Where there is no token, the first one is made and shown.

    Raises:
        MovedCloneError: The clone in which the tokens lie was moved or removed.
    """
    from kanban_sync.doors.server import run

    known = ", ".join(f"{each.name} ({each.scope})" for each in tokens.all())
    if known:
        more = "'kanban-sync serve token add NAME --scope write' makes one that may write"
        warn(f"who shows one of these tokens comes in: {known}; {more}")
    else:
        text = tokens.add(FIRST, Scope.WRITE)
        warn(f"the token {FIRST!r}, which may read and write; it is shown this once: {text}")
    say(f"serving {what} at {door.url}; Ctrl-C ends it")
    if run(app, door.on, on_end, tokens.state.check_there) == signal.SIGINT:
        raise KeyboardInterrupt
