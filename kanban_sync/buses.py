"""Which bus a clone uses: the Valkey that the user has named, or the task database alone.

The user names it, never the repository: with ``KANBAN_SYNC_VALKEY_URL`` in the environment, or for
all clones and whatever starts git with ``git config --global kanban-sync.valkey``. What is wrong
with what is named holds nobody up: ``status`` and ``doctor`` tell it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.bus.keys import PREFIX
from kanban_sync.bus.local import LocalBus
from kanban_sync.core.bus import State
from kanban_sync.core.errors import SetupError
from kanban_sync.user_settings import user_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.bus import Bus

VALKEY_URL = "KANBAN_SYNC_VALKEY_URL"
SETTING = "kanban-sync.valkey"
PREFIX_SETTING = "kanban-sync.valkeyPrefix"

REMEDY = "pip install 'valkey>=6.2,<7', or pipx inject kanban-sync 'valkey>=6.2,<7'"


def named_bus(environment: Mapping[str, str]) -> Bus:
    """Return the bus that the user has named, not connected to yet; a process has one of each."""
    try:
        url = environment.get(VALKEY_URL, "") or user_setting(SETTING)
        if not url:
            return LocalBus()
        return _valkey(url, _prefix(), os.getpid())
    except SetupError as error:
        return LocalBus(State("Valkey", problem=str(error)))


def _prefix() -> str:
    """Return with what the names of keys begin.

    Raises:
        SetupError: What is set would part the keys of a cluster at will, or cannot be read.
    """
    prefix = user_setting(PREFIX_SETTING) or PREFIX
    if all(each.isprintable() and not each.isspace() and each not in "{}" for each in prefix):
        return prefix
    raise SetupError(
        f"git's {PREFIX_SETTING} is {prefix!a}, with which no key may begin: it has no braces, by"
        " which a cluster would choose the place of a key, no blanks, and nothing that cannot be"
        f" seen. Set another one, as in 'git config --global {PREFIX_SETTING} team:tasks'."
    )


@lru_cache(maxsize=8)
def _valkey(url: str, prefix: str, _process: int) -> Bus:
    # One that is kept knows that its server was away a moment ago.
    from kanban_sync.bus.valkey_address import address_of

    address = address_of(url)
    try:
        from kanban_sync.bus.valkey import ValkeyBus
    except ImportError as error:
        problem = (
            f"its driver cannot be loaded ({error}). Install it where kanban-sync is: {REMEDY}"
        )
        return LocalBus(State(address.name, problem=problem))
    return ValkeyBus(address, prefix)
