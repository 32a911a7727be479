"""How those who wait hear of what others do in a database."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable


class Wakes(NamedTuple):
    """Whether a database is reached through a pooler, and whether those who wait are woken.

    ``problem`` tells why the way past the pooler, if one is named, leads nowhere.
    """

    is_pooled: bool
    is_direct: bool
    problem: str = ""


@runtime_checkable
class Waking(Protocol):
    """A store that may lie behind a pooler.

    Raises:
        StoreError: It does not answer.
    """

    def wakes(self) -> Wakes:
        """Return how those who wait hear of what others do."""
        ...
