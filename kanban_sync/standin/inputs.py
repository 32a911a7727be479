"""What a route accepts: declared inputs, their limits, and the words of each complaint."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Check = Callable[[str], bool]

Kind = Literal["string", "number", "boolean", "json"]

_ID = re.compile(r"[1-9][0-9]*", re.ASCII)
_LARGEST_ID = 2**63 - 1
_ID_DIGITS = 19
_NO_NULL = (
    "  Cannot use `null`.  Even though this input is optional, it still does not allow `null` "
    "to be explicitly passed in, because `null` is not a valid {kind}.  Instead, to leave out "
    "this value, please omit it altogether or use `undefined`.  (See this input definition for "
    "more detailed usage information.  If you are the maintainer of this function, you "
    "specifically want to allow setting `null`, and you are sure your implementation already "
    "knows how to handle it, then change this input's definition to have `allowNull: true`.)"
)


@dataclass(frozen=True)
class Input:
    """One named parameter of a route.

    Attributes:
        name: Its name in the path, the query or the body.
        kind: The type of its value.
        required: Whether it must be there.
        nullable: Whether null may be sent.
        limit: The most UTF-16 units a string may have.
        least: The fewest UTF-16 units a string may have.
        choices: The only values it may have; none means any.
        is_id: Whether it is an id.
        check: A further test of the value.

    """

    name: str
    kind: Kind = "string"
    required: bool = False
    nullable: bool = False
    limit: int | None = None
    least: int = 0
    choices: tuple[str, ...] = ()
    is_id: bool = False
    check: Check | None = None


def identifier(name: str, *, required: bool = False, nullable: bool = False) -> Input:
    """Declare an id."""
    return Input(name, required=required, nullable=nullable, is_id=True)


def text(name: str, limit: int, *, required: bool = False, nullable: bool = False) -> Input:
    """Declare a text of at most `limit` UTF-16 units."""
    return Input(name, required=required, nullable=nullable, limit=limit)


def choice(name: str, *choices: str, required: bool = False, nullable: bool = False) -> Input:
    """Declare one word out of a few."""
    return Input(name, required=required, nullable=nullable, choices=choices)


def position(*, required: bool = False, nullable: bool = False) -> Input:
    """Declare a position, a number that is 0 or more."""
    return Input("position", "number", required=required, nullable=nullable)


def flag(name: str, *, nullable: bool = False) -> Input:
    """Declare a boolean."""
    return Input(name, "boolean", nullable=nullable)


def utf16_length(value: str) -> int:
    """Count as JavaScript does: an emoji has two units."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def instant(value: str) -> str | None:
    """Write a date or a time as Planka stores it, or return None if it is neither."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_instant(value: str) -> bool:
    """Tell whether a text is a date or a time."""
    return instant(value) is not None


def read(
    inputs: Iterable[Input],
    given: Mapping[str, Any],
) -> tuple[dict[str, Any], list[str]]:
    """Pick the declared inputs out of what was sent; the rest is ignored without a word.

    Returns:
        The values, and one sentence for each thing that is wrong with them.

    """
    values: dict[str, Any] = {}
    problems = []
    for declared in inputs:
        if declared.name not in given:
            if declared.required:
                problems.append(f'"{declared.name}" is required, but it was not defined.')
            continue
        value = _coerced(declared.kind, given[declared.name])
        problem = _problem(declared, value)
        if problem:
            problems.append(f'Invalid "{declared.name}":{problem}')
        values[declared.name] = value
    return values, problems


def has_nul(values: Mapping[str, Any]) -> bool:
    """Tell whether a text holds U+0000, which PostgreSQL cannot store."""
    return any(isinstance(value, str) and "\0" in value for value in values.values())


def _coerced(kind: Kind, value: object) -> object:
    if kind == "number" and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        if not math.isfinite(number):
            return value
        return int(number) if number.is_integer() else number
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _problem(declared: Input, value: object) -> str:
    if value is None:
        return "" if declared.nullable else _null_problem(declared)
    if not _fits(declared.kind, value):
        return f"  Specified value doesn't match the expected type: '{declared.kind}'"
    if value == "" and declared.required:
        return "  Cannot use '' (empty string) for a required input."
    faults = _faults(declared, value)
    return "".join(f"\n  · {fault}" for fault in faults)


def _null_problem(declared: Input) -> str:
    if declared.required:
        return "  Cannot use `null` for this required input."
    return _NO_NULL.format(kind=declared.kind)


def _fits(kind: Kind, value: object) -> bool:
    if kind == "json":
        return True
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool if kind == "boolean" else str)


def _faults(declared: Input, value: object) -> list[str]:
    if isinstance(value, str):
        return _text_faults(declared, value)
    if declared.kind == "number" and isinstance(value, int | float) and value < 0:
        return [f"Value ({value}) was less than the configured minimum (0)"]
    return []


def _text_faults(declared: Input, value: str) -> list[str]:
    if declared.is_id:
        return _id_faults(value)
    if not value:
        return ["Value ('') was an empty string."]
    faults = []
    if declared.choices and value not in declared.choices:
        listed = ", ".join(declared.choices)
        faults.append(f"Value ('{value}') was not in the configured whitelist ({listed})")
    if declared.limit is not None and utf16_length(value) > declared.limit:
        faults.append(_too_long(declared.limit, utf16_length(value)))
    if utf16_length(value) < declared.least:
        faults.append(
            f"Value ('{value}') was shorter than the configured minimum length ({declared.least})",
        )
    if declared.check is not None and not declared.check(value):
        faults.append(f"Value ('{value}') failed custom validation.")
    return faults


def _id_faults(value: str) -> list[str]:
    if not _ID.fullmatch(value):
        pattern = f"/^{_ID.pattern}$/"
        return [f"Value ('{value}') did not match the configured regular expression ({pattern})"]
    faults = []
    if len(value) > _ID_DIGITS:
        faults.append(_too_long(_ID_DIGITS, len(value)))
    if int(value) > _LARGEST_ID:
        faults.append(f"Value ('{value}') failed custom validation.")
    return faults


def _too_long(limit: int, length: int) -> str:
    # Planka's own sum: it names the difference as a negative number.
    return (
        f"Value was {limit - length} characters longer than the configured maximum length ({limit})"
    )
