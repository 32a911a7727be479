"""Small YAML files as plain values, read the way OpenSpec's own library (YAML 1.2) reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

_SIMPLE_LINE = re.compile(r"([a-z_]+):[ ]+([A-Za-z0-9][A-Za-z0-9 ,.()/_-]*)|[ ]*(?:#[^\0-\x1f]*)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_NUMBER = re.compile(
    r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


def load_simple(data: bytes) -> dict[str, Value] | None:
    """Read a file of plain ``key: value`` lines without the YAML library; None for any other."""
    try:
        lines = data.decode("ascii").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        return None
    found: dict[str, Value] = {}
    for line in lines:
        match = _SIMPLE_LINE.fullmatch(line)
        if match is None or match[1] in found:
            return None
        if match[1]:
            found[match[1]] = _plain_scalar(match[2].rstrip())
    return found


def _plain_scalar(word: str) -> Value:
    """Return what a scalar without quotes stands for in YAML 1.2."""
    if word in _NULLS:
        return None
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    if _INTEGER.fullmatch(word):
        # A number of thousands of digits is refused by Python; which number it is, is no matter.
        return int(word[:18])
    return 0.0 if _OTHER_NUMBER.fullmatch(word) else word


def load(data: bytes) -> Value:
    """Read YAML as OpenSpec's library does; what that library refuses is None.

    Only nodes are composed: an alias costs nothing however often it is repeated.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - most repositories never need it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(
            data.decode("utf-8", errors="replace")
        )
        return _value(node, {}) if node is not None else None
    except (YAMLError, ValueError, RecursionError, AttributeError, TypeError):
        return None


def fault(data: bytes) -> tuple[int, int, str]:
    """Return line, column (from 1) and what is wrong where a file is no YAML; 0, 0, '' if it is."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - as above
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        YAML(typ="safe", pure=True).compose(data.decode("utf-8", errors="replace"))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = str(getattr(error, "problem", None) or "is no YAML")
        return (mark.line + 1, mark.column + 1, what) if mark is not None else (0, 0, what)
    except (ValueError, RecursionError, AttributeError, TypeError):
        return 0, 0, "is no YAML"
    return 0, 0, ""


def _value(node: Node, seen: dict[int, Value]) -> Value:
    """Turn a node into a value; a node that occurs twice is turned once.

    Raises:
        ValueError: A mapping has a key twice.
    """
    from ruamel.yaml.nodes import ScalarNode, SequenceNode  # noqa: PLC0415 - as above

    if id(node) in seen:
        return seen[id(node)]
    if isinstance(node, ScalarNode):
        return str(node.value) if node.style else _plain_scalar(node.value)
    if isinstance(node, SequenceNode):
        items: list[Value] = []
        seen[id(node)] = items
        items.extend(_value(each, seen) for each in node.value)
        return items
    mapping: dict[str, Value] = {}
    seen[id(node)] = mapping
    for key, value in node.value:
        name = str(key.value)
        if name in mapping:
            raise ValueError(name)
        mapping[name] = _value(value, seen)
    return mapping
