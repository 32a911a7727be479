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
_IDS = re.compile(r"[1-9][0-9]*(,[1-9][0-9]*)*", re.ASCII)
_LARGEST_ID = str(2**63 - 1)
_MOST_IDS = 100
# JavaScript writes numbers from here on with an exponent.
_EXPONENTS = 1e21
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+", re.ASCII)
_BOOLEANS: dict[object, bool] = {
    "true": True,
    "false": False,
    "1": True,
    "0": False,
    1: True,
    0: False,
}
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
        pattern: What the whole text has to look like.
        may_be_empty: Whether it may be the empty text.
        check: A further test of the value.

    """

    name: str
    kind: Kind = "string"
    required: bool = False
    nullable: bool = False
    limit: int | None = None
    least: int = 0
    choices: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    may_be_empty: bool = False
    check: Check | None = None


def identifier(name: str, *, required: bool = False, nullable: bool = False) -> Input:
    """Declare an id."""
    return Input(
        name,
        required=required,
        nullable=nullable,
        limit=len(_LARGEST_ID),
        may_be_empty=True,
        pattern=_ID,
        check=_is_in_range,
    )


def identifiers(name: str) -> Input:
    """Declare up to a hundred ids with commas between them."""
    limit = _MOST_IDS * (len(_LARGEST_ID) + 1) - 1
    return Input(name, limit=limit, may_be_empty=True, pattern=_IDS, check=_are_in_range)


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


def _is_in_range(value: str) -> bool:
    # Planka compares the texts.
    return len(value) < len(_LARGEST_ID) or value <= _LARGEST_ID


def _are_in_range(value: str) -> bool:
    return all(map(_is_in_range, value.split(",")))


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
        value = _coerced(declared.kind, _well_formed(given[declared.name]))
        problem = _problem(declared, value)
        if problem:
            problems.append(f'Invalid "{declared.name}":{problem}')
        values[declared.name] = value
    return values, problems


def has_nested(inputs: Iterable[Input], given: Mapping[str, Any]) -> bool:
    """Tell whether an input came as `name[part]` in the query, over which Planka trips."""
    names = {declared.name for declared in inputs}
    return any("[" in name and name.partition("[")[0] in names for name in given)


def has_nul(values: Mapping[str, Any]) -> bool:
    """Tell whether a text holds U+0000, which PostgreSQL cannot store."""
    return any(isinstance(value, str) and "\0" in value for value in values.values())


def _well_formed(value: object) -> object:
    """Put U+FFFD where a surrogate has lost its half, as all that is stored is UTF-8."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _coerced(kind: Kind, value: object) -> object:
    """Turn a value into its kind where JavaScript sees no loss in it."""
    if isinstance(value, float) and math.isinf(value):
        return value
    if kind == "string" and isinstance(value, bool | int | float):
        return javascript_text(value)
    if kind == "number" and isinstance(value, bool):
        return int(value)
    if kind == "number" and isinstance(value, str):
        return _number_in(value)
    if kind == "boolean" and not isinstance(value, list | dict):
        return _BOOLEANS.get(value, value)
    return value


def _number_in(value: str) -> object:
    if _NUMBER.fullmatch(value):
        number = float(value)
        return tidy(number) if math.isfinite(number) else value
    return int(value, 16) if _HEXADECIMAL.fullmatch(value) else value


def javascript_text(value: float) -> str:
    """Write a number or a boolean as JavaScript does."""
    if isinstance(value, bool):
        return str(value).lower()
    return re.sub(r"e([+-])0", r"e\1", repr(value))


def tidy(number: float) -> float:
    """Write whole numbers without a fraction, as JavaScript does."""
    is_plain = number.is_integer() and abs(number) < _EXPONENTS
    return int(number) if is_plain else number


def _problem(declared: Input, value: object) -> str:
    if value is None:
        return "" if declared.nullable else _null_problem(declared)
    if value == "" and declared.required:
        return "  Cannot use '' (empty string) for a required input."
    faults = _faults(declared, value) if _fits(declared.kind, value) else [_misfit(declared, value)]
    return "".join(f"\n  · {fault}" for fault in faults)


def _misfit(declared: Input, value: object) -> str:
    names = {bool: "boolean", str: "string", list: "array", dict: "dictionary"}
    name = names.get(type(value), "number")
    if isinstance(value, float) and math.isinf(value):
        return f"Expecting a {declared.kind}, but got {'-' if value < 0 else ''}Infinity."
    got = f"{'an' if name == 'array' else 'a'} {name}"
    return f"Expecting a {declared.kind}, but got {got}."


def _null_problem(declared: Input) -> str:
    if declared.required:
        return "  Cannot use `null` for this required input."
    return _NO_NULL.format(kind=declared.kind)


def _fits(kind: Kind, value: object) -> bool:
    if kind == "json":
        return True
    if kind == "number":
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, bool if kind == "boolean" else str)


def _faults(declared: Input, value: object) -> list[str]:
    if isinstance(value, str):
        return _text_faults(declared, value)
    if declared.kind == "number" and isinstance(value, int | float) and value < 0:
        return [f"Value ({value}) was less than the configured minimum (0)"]
    return []


def _text_faults(declared: Input, value: str) -> list[str]:
    faults = []
    length = utf16_length(value)
    if not value and declared.limit is not None and not declared.may_be_empty:
        faults.append("Value ('') was an empty string.")
    if declared.choices and value not in declared.choices:
        listed = ", ".join(declared.choices)
        faults.append(f"Value ('{value}') was not in the configured whitelist ({listed})")
    if declared.limit is not None and length > declared.limit:
        faults.append(_too_long(declared.limit, length))
    if length < declared.least:
        faults.append(
            f"Value ('{value}') was shorter than the configured minimum length ({declared.least})",
        )
    if declared.pattern is not None and not declared.pattern.fullmatch(value):
        shown = f"/^{declared.pattern.pattern}$/"
        faults.append(
            f"Value ('{value}') did not match the configured regular expression ({shown})"
        )
    if declared.check is not None and not declared.check(value):
        faults.append(f"Value ('{value}') failed custom validation.")
    return faults


def _too_long(limit: int, length: int) -> str:
    # Planka's own sum: it names the difference as a negative number.
    return (
        f"Value was {limit - length} characters longer than the configured maximum length ({limit})"
    )
