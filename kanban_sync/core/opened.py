"""What is open at the moment, such as connections: known as long as somebody holds it."""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import ref

Thing = TypeVar("Thing")


class Opened(Generic[Thing]):
    """What was opened and is held; for any number of threads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._things: dict[int, ref[Thing]] = {}

    def add(self, thing: Thing) -> None:
        """Know of one more."""
        number = id(thing)
        self._things[number] = ref(thing, lambda _: self._things.pop(number, None))

    def all(self) -> list[Thing]:
        """Return all that are held; some may be closed by now."""
        # Copied in one step: another thread may be adding.
        found = [each() for each in list(self._things.values())]
        return [each for each in found if each is not None]
