"""Named tuples that are made fast are named tuples like any other."""

from __future__ import annotations

import copy
import inspect

from kanban_sync.core.tuples import NamedTuple


class Pair(NamedTuple):
    """A pair."""

    first: int
    second: str = "b"

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"

    @classmethod
    def of(cls, second: str) -> Pair:
        return cls(0, second)


def test_a_tuple_has_names_defaults_methods_and_its_place() -> None:
    pair = Pair(1)

    assert pair == (1, "b")
    assert (pair.first, pair.both, Pair.of("c").second) == (1, "1b", "c")
    assert (pair._replace(second="d"), pair._asdict()) == ((1, "d"), {"first": 1, "second": "b"})
    assert (Pair._fields, Pair._field_defaults) == (("first", "second"), {"second": "b"})
    assert (Pair.__doc__, Pair.__module__, Pair.__qualname__) == ("A pair.", __name__, "Pair")
    assert repr(pair) == "Pair(first=1, second='b')"
    assert list(inspect.signature(Pair).parameters) == ["first", "second"]
    assert copy.deepcopy(pair) == pair


def test_a_tuple_has_no_room_for_what_it_does_not_name() -> None:
    assert not hasattr(Pair(1), "__dict__")
    assert issubclass(Pair, tuple)
