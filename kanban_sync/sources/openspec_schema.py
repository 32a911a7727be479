"""Which files hold the tasks of an OpenSpec change, as its schema says.

Follows OpenSpec 1.13 (``utils/change-metadata.js``, ``core/artifact-graph``): whatever it refuses
as invalid leads back to ``tasks.md`` here as there. Schemas outside the repository are unknown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.sources.openspec_globs import matches
from kanban_sync.sources.yaml_values import load, load_simple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kanban_sync.sources.yaml_values import Value

TASKS = "tasks.md"
BUILT_IN = "spec-driven"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_YAML_NAME = re.compile(r"\.ya?ml$")
_MOST_ARTIFACTS = 1000


class Schemas:
    """The schemas of one OpenSpec root: its own by name, and what its configuration names.

    ``own`` maps the name of each folder in ``schemas/`` to the bytes of its ``schema.yaml``,
    ``config`` is the configuration file, if there is one.
    """

    def __init__(self, own: Mapping[str, bytes], config: bytes | None) -> None:
        self._globs: dict[str, str | None] = {BUILT_IN: TASKS}
        self._globs.update({name: tracked_glob(data) for name, data in own.items()})
        self._default = (configured_schema(config) if config is not None else None) or BUILT_IN

    @property
    def all_track_tasks_md(self) -> bool:
        """Whether it is no use to ask which schema a change has."""
        return all(glob in {TASKS, None} for glob in self._globs.values())

    def tracked(self, metadata: bytes | None, inside: Iterable[str]) -> list[str]:
        """Return the task files among the files of a change, both relative to its folder.

        Args:
            metadata: The bytes of its ``.openspec.yaml``, None if it has none.
            inside: The files of the change.
        """
        inside = sorted(inside)
        glob = self._glob(metadata)
        found = [path for path in inside if glob and matches(glob, path)]
        return found or [path for path in inside if path == TASKS]

    def _glob(self, metadata: bytes | None) -> str | None:
        if metadata is None:
            return self._globs.get(_YAML_NAME.sub("", self._default))
        name = declared_schema(metadata)
        if name is None or name not in self._globs:
            return None
        return self._globs.get(_YAML_NAME.sub("", name))


@lru_cache(maxsize=4096)
def declared_schema(metadata: bytes) -> str | None:
    """Return the schema that an ``.openspec.yaml`` names, None if OpenSpec refuses the file."""
    simple = load_simple(metadata)
    data = load(metadata) if simple is None else simple
    return _schema_of(data) if isinstance(data, dict) and _is_metadata(data) else None


@lru_cache(maxsize=64)
def configured_schema(config: bytes) -> str | None:
    """Return the schema that a ``config.yaml`` names, None if it names none."""
    data = load(config)
    return _schema_of(data) if isinstance(data, dict) else None


@lru_cache(maxsize=64)
def tracked_glob(schema: bytes) -> str | None:
    """Return what the tracked artifact of a ``schema.yaml`` generates, None if there is none."""
    data = load(schema)
    if not isinstance(data, dict) or not _is_schema(data):
        return None
    apply = data.get("apply")
    tracks = apply.get("tracks") if isinstance(apply, dict) else None
    sought = ("id", "tasks") if tracks is None else ("generates", tracks)
    for artifact in _mappings(data["artifacts"]):
        if artifact[sought[0]] == sought[1]:
            return str(artifact["generates"])
    return None


def is_valid_schema(schema: bytes) -> bool:
    """Tell whether OpenSpec accepts a ``schema.yaml``."""
    data = load(schema)
    return isinstance(data, dict) and _is_schema(data)


def _schema_of(data: dict[str, Value]) -> str | None:
    name = data.get("schema")
    return name if isinstance(name, str) and name else None


# --- What OpenSpec takes for valid ---------------------------------------------------------


def _is_metadata(data: dict[str, Value]) -> bool:
    """Tell whether an ``.openspec.yaml`` is valid (``core/change-metadata/schema.js``)."""
    checks: Mapping[str, Callable[[Value], bool]] = {
        "schema": _is_words,
        "created": lambda value: isinstance(value, str) and bool(_DATE.fullmatch(value)),
        "goal": _is_words,
        "affected_areas": lambda value: isinstance(value, list) and all(map(_is_words, value)),
        "initiative": _is_initiative,
        "skip_specs": lambda value: isinstance(value, bool),
        "retire_capabilities": lambda value: isinstance(value, bool),
    }
    return "schema" in data and all(checks[key](data[key]) for key in checks.keys() & data.keys())


def _is_words(value: Value) -> bool:
    return isinstance(value, str) and bool(value)


def _is_initiative(value: Value) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"store", "id"}
        and all(isinstance(word, str) and _KEBAB.fullmatch(word) for word in value.values())
    )


def _is_schema(data: dict[str, Value]) -> bool:
    """Tell whether a ``schema.yaml`` is valid (``core/artifact-graph/types.js``, ``schema.js``)."""
    version, artifacts, apply = data.get("version"), data.get("artifacts"), data.get("apply")
    if not _is_words(data.get("name")) or not isinstance(data.get("description", ""), str):
        return False
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        return False
    if not isinstance(artifacts, list) or not 0 < len(artifacts) <= _MOST_ARTIFACTS:
        return False
    if not all(isinstance(each, dict) and _is_artifact(each) for each in artifacts):
        return False
    requires = {str(each["id"]): _strings(each.get("requires")) for each in _mappings(artifacts)}
    return (
        len(requires) == len(artifacts)
        and all(needed in requires for needs in requires.values() for needed in needs)
        and ("apply" not in data or (isinstance(apply, dict) and _is_apply(apply, requires)))
        and _has_no_cycle(requires)
    )


def _is_artifact(data: dict[str, Value]) -> bool:
    return (
        _is_words(data.get("id"))
        and _is_path(data.get("generates"))
        and isinstance(data.get("description"), str)
        and _is_path(data.get("template"))
        and isinstance(data.get("instruction", ""), str)
        and _is_strings(data.get("requires", []))
    )


def _is_apply(data: dict[str, Value], artifacts: Mapping[str, list[str]]) -> bool:
    needs = data.get("requires")
    return (
        _is_strings(needs)
        and bool(needs)
        and all(need in artifacts for need in _strings(needs))
        and (data.get("tracks") is None or _is_path(data["tracks"]))
        and isinstance(data.get("instruction", ""), str)
    )


def _is_path(value: Value) -> bool:
    """Tell whether a path stays in its folder."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    is_absolute = value[0] in "/\\" or re.match(r"[A-Za-z]:", value) is not None
    return not is_absolute and ".." not in re.split(r"[\\/]+", value)


def _is_strings(value: Value) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _strings(value: Value) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _mappings(value: Value) -> list[dict[str, Value]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _has_no_cycle(requires: Mapping[str, list[str]]) -> bool:
    waiting = dict(requires)
    while waiting:
        ready = [name for name, needs in waiting.items() if not waiting.keys() & set(needs)]
        if not ready:
            return False
        for name in ready:
            del waiting[name]
    return True
