"""Reads the YAML of a settings file into paths and values; comments and types are nobody's here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

SIZE_LIMIT = 64 * 1024
"""Bytes of a settings file that are read at most."""

DEPTH = 4
"""How deep a settings file is nested at most: the file, a section, a part of it, a list."""

DEEPEST = 32
"""How deep a file of others may be nested that is read as settings; YAML takes seconds for more."""


def entries(
    data: bytes, name: str, sections: Collection[tuple[str, ...]], problems: list[str]
) -> list[tuple[tuple[str, ...], Any, int]]:
    """Return the entries of a YAML file, at most three levels deep: path, value, line.

    Args:
        data: The file's bytes.
        name: What the file is called in problems.
        sections: The paths that hold settings below them.
        problems: Takes what is wrong with the file as a whole.
    """
    if len(data) > SIZE_LIMIT:
        problems.append(f"{name}:1: is larger than {SIZE_LIMIT} bytes; that is no settings file")
        return []
    root = _composed(data, name, problems)
    if root is None or (root.id == "scalar" and not root.value):
        return []
    if root.id != "mapping":
        problems.append(f"{name}:1: has to hold 'key: value' lines")
        return []
    found = _mapping(root, (), sections)
    halves = [each for each in found if not _can_be_written(each)]
    problems += [f"{name}:{each[2]}: holds half a character; write the whole" for each in halves]
    return [each for each in found if each not in halves] if halves else found


def _can_be_written(entry: tuple[tuple[str, ...], Any, int]) -> bool:
    r"""Tell whether an entry is text: an escape such as ``\ud83d`` stands for half a character."""
    path, value, _ = entry
    words = [*path, *(value if isinstance(value, list) else [value or ""])]
    return not any("\ud800" <= char <= "\udfff" for word in words for char in word)


def _composed(data: bytes, name: str, problems: list[str]) -> Any:  # noqa: ANN401 - as _mapping's
    """Return the root of a YAML file, None for one that is empty or has a problem."""
    # Loaded here, since most commands of agents need no settings file and YAML is slow to import.
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.composer import MaxDepthExceededError  # noqa: PLC0415
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    yaml = YAML(typ="rt", pure=True)
    yaml.max_depth = DEEPEST
    try:
        return yaml.compose(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        problems.append(f"{name}:1: is not UTF-8 text")
    except MaxDepthExceededError:
        line = _too_deep(data.decode("utf-8-sig"))
        problems.append(f"{name}:{line}: is nested deeper than any setting")
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or "is no YAML"
        problems.append(f"{name}:{line}: {problem}")
    return None


def _too_deep(text: str) -> int:
    """Return the line in which a YAML text becomes deeper than settings ever are."""
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent  # noqa: PLC0415

    depth = 0
    for event in YAML(typ="rt", pure=True).parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEPTH:
            return int(event.start_mark.line) + 1
    return 1


def _mapping(
    node: Any,  # noqa: ANN401 - ruamel.yaml's nodes have no types
    above: tuple[str, ...],
    sections: Collection[tuple[str, ...]],
) -> list[tuple[tuple[str, ...], Any, int]]:
    found: list[tuple[tuple[str, ...], Any, int]] = []
    for key, value in node.value:
        path = (*above, str(key.value))
        line = key.start_mark.line + 1
        if path in sections:
            if value.id == "mapping":
                found += _mapping(value, path, sections)
            elif value.value:
                found.append((path, None, line))
        else:
            found.append((path, _plain(value), line))
    return found


def _plain(node: Any) -> Any:  # noqa: ANN401 - ruamel.yaml's nodes have no types
    """Return a scalar's text, or a list of them; None for what no setting may be."""
    if node.id == "scalar":
        return None if node.tag.endswith(":null") and not node.value else str(node.value)
    if node.id == "sequence" and all(each.id == "scalar" for each in node.value):
        return [str(each.value) for each in node.value]
    return None
