"""Statements as PostgreSQL has them, and text as it can keep it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kanban_sync.stores.rows import Row

PLACEHOLDER = re.compile(r"\?(\d*)|json_each\(([^)]*)\)| INDEXED BY \w+|CROSS (?=JOIN)")

FUNCTIONS = {
    "group_concat(": "string_agg(",
    " json_array(": " json_build_array(",
    "instr(": "strpos(",
}

# PostgreSQL has no text with a zero in it. The order of texts stays what it is.
ZERO, MARK = "\0", "\1"
ESCAPES = str.maketrans({ZERO: MARK + "\1", MARK: MARK + "\2"})
ESCAPED = re.compile("\1([\1\2])")
MEANT = {"\1": ZERO, "\2": MARK}


@lru_cache(maxsize=256)
def translated(query: str) -> bytes:
    """Return a statement with the placeholders and the list of PostgreSQL."""
    count = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal count
        number, listed = match.groups()
        if number is None and listed is None:
            return ""
        if listed is not None:
            return f"json_array_elements_text({PLACEHOLDER.sub(replacement, listed)}::json)"
        count += not number
        return f"${number or count}"

    said = PLACEHOLDER.sub(replacement, query)
    for ours, theirs in FUNCTIONS.items():
        said = said.replace(ours, theirs)
    return said.encode()


def kept(parameters: Sequence[Any]) -> Sequence[Any]:
    """Return parameters as the database can keep them."""
    for value in parameters:
        kind = value.__class__
        if (kind is str and (ZERO in value or MARK in value)) or kind is list:
            return [_kept(each) for each in parameters]
    return parameters


def _kept(value: object) -> object:
    if isinstance(value, list):
        return [_kept(each) for each in value]
    return value.translate(ESCAPES) if isinstance(value, str) else value


def meant(found: Iterable[Row]) -> Iterator[Row]:
    """Give rows with the text that was meant."""
    for row in found:
        for value in row:
            if value.__class__ is str and MARK in value:
                yield tuple(_meant(each) for each in row)
                break
        else:
            yield row


def _meant(value: object) -> object:
    return ESCAPED.sub(lambda match: MEANT[match[1]], value) if isinstance(value, str) else value
