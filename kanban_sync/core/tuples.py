"""Named tuples, made in a third of the time that typing's take.

Those compile each annotation, which nobody asks for here. A check before a commit makes three
dozen of them, and that is a tenth of all that it does.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - for those who import it from here
else:

    class _Made(type):
        """Makes a named tuple of a class with annotations, as ``typing.NamedTuple`` does."""

        def __new__(cls, name: str, bases: tuple[type, ...], said: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, said)
            names = said.get("__annotations__", {})
            defaults = [said[each] for each in names if each in said]
            made = namedtuple(name, names, defaults=defaults, module=said["__module__"])  # noqa: PYI024
            for each in said.keys() - names.keys() - {"__module__"}:
                setattr(made, each, said[each])
            return made

    class NamedTuple(metaclass=_Made):
        """What classes name as their base to be made named tuples."""
