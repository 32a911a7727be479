"""Matching of paths by glob, the same way git matches ``:(top,glob)`` pathspecs.

``*`` and ``?`` stop at a slash, ``**`` between slashes crosses folders, a folder without wildcards
stands for everything in it (https://git-scm.com/docs/gitglossary#Documentation/gitglossary.txt-glob).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPECIAL = frozenset("*?[\\")
_ANYWHERE = "**/"

_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t-\\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}

NOTHING = r"(?!)"
"""A pattern for what can never match, such as a bracket that is not closed."""


def matches_any(globs: tuple[str, ...], path: str) -> bool:
    """Tell whether git would say that one of the globs covers this path."""
    return any(_matches(glob, path) for glob in globs)


def covered(globs: tuple[str, ...], paths: Iterable[str]) -> list[str]:
    """Return the paths that git would say one of the globs covers."""
    # The ends are compared first, which settles it for nearly every path of a repository.
    ends, folders = _ends(globs)
    likely = [path for path in paths if path.endswith(ends) or path.startswith(folders)]
    return [path for path in likely if matches_any(globs, path)]


def excludes(globs: Iterable[str], path: str) -> bool:
    """Tell whether one of the globs covers this path or a folder above it."""
    globs = tuple(globs)
    if not globs:
        return False
    ends = [index for index, char in enumerate(path) if char == "/"]
    return matches_any(globs, path) or any(matches_any(globs, path[:end]) for end in ends)


def exclusions(globs: Iterable[str]) -> tuple[str, ...]:
    """Return the pathspecs that make git leave out what ``excludes`` leaves out."""
    return tuple(
        f":(top,glob,exclude){glob.rstrip('/')}{below}" for glob in globs for below in ("", "/**")
    )


def wildcard_pattern(glob: str) -> str:
    """Translate a glob into a regular expression for a whole path."""
    parts: list[str] = []
    index = 0
    while index < len(glob):
        part, index = _translate(glob, index)
        parts.append(part)
    return "".join(parts)


def _matches(glob: str, path: str) -> bool:
    name = _name_anywhere(glob)
    if name:
        # As nearly all globs are: to compile one takes longer than a check looks at paths.
        return path.endswith(f"/{name}") or path in {name, glob} or path.startswith(f"{glob}/")
    prefix, folder, pattern = _compiled(glob)
    if not path.startswith(prefix):
        return False
    # git compares the words first and takes wildcards only afterwards: "a[1].md" is also a name.
    if path == glob or path.startswith(folder):
        return bool(glob)
    return pattern.match(path, len(prefix)) is not None


@lru_cache(maxsize=256)
def _ends(globs: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return how covered paths may end, and the folders that are covered whole.

    An end are the words after the last wildcard or slash, or the whole glob where it is a name.
    """
    special = [glob for glob in globs if not _SPECIAL.isdisjoint(glob)]
    ends = (_words_at_end(glob) if glob in special else glob for glob in globs)
    return (*ends, *special), tuple(f"{glob.rstrip('/')}/" for glob in globs)


def _words_at_end(glob: str) -> str:
    """Return the words after the last wildcard or slash.

    There are none behind a bracket or a backslash, of which only the translation knows how far
    they reach.
    """
    words = glob
    for char in "*?/[]\\":
        words = words.rpartition(char)[2]
    before = glob.removesuffix(words)
    return words if before.endswith(("*", "?", "/")) else ""


@lru_cache(maxsize=256)
def _name_anywhere(glob: str) -> str:
    """Return the name of a glob such as ``**/TASKS.md``, '' for any other."""
    name = glob.removeprefix(_ANYWHERE)
    return name if name != glob and _SPECIAL.isdisjoint(name) and name[-1:] != "/" else ""


@lru_cache(maxsize=256)
def _compiled(glob: str) -> tuple[str, str, re.Pattern[str]]:
    """Split off the words before the first wildcard, as git does, and translate the rest.

    Returns:
        The words before, what paths begin with if the glob is the name of a folder, and the rest.
    """
    special = next((index for index, char in enumerate(glob) if char in _SPECIAL), -1)
    start = special if special >= 0 else len(glob.rstrip("/"))
    rest = wildcard_pattern(glob[start:]) if special >= 0 else NOTHING
    return glob[:start], f"{glob.rstrip('/')}/", re.compile(f"(?s:{rest})\\Z")


def _translate(glob: str, index: int) -> tuple[str, int]:
    """Translate what stands at the index, and say where the next thing begins."""
    char = glob[index]
    if char == "*":
        return _stars(glob, index)
    if char == "?":
        return "[^/]", index + 1
    if char == "[":
        return _bracket(glob, index)
    if char == "\\":
        following = glob[index + 1 : index + 2]
        return (re.escape(following) if following else NOTHING), index + 2
    return re.escape(char), index + 1


def _stars(glob: str, index: int) -> tuple[str, int]:
    end = index
    while glob[end : end + 1] == "*":
        end += 1
    begins = index == 0 or glob[index - 1] == "/"
    if end - index == 1 or not begins or glob[end : end + 1] not in {"", "/"}:
        return "[^/]*", end
    if end == len(glob):
        return ".*", end
    return "(?:.*/)?", end + 1


def _bracket(glob: str, index: int) -> tuple[str, int]:
    """Translate a set of characters; git knows ``!`` and ``^``, ranges and named classes."""
    negated = glob[index + 1 : index + 2] in ("!", "^")
    end = index + 2 if negated else index + 1
    members: list[str] = []
    first = True
    while first or glob[end : end + 1] != "]":
        first = False
        member, end = _member(glob, end)
        if member is None:
            return NOTHING, len(glob)
        members.append(member)
    inside = "".join(members)
    if negated:
        return f"[^/{inside}]", end + 1
    return (f"(?!/)[{inside}]" if inside else NOTHING), end + 1


def _member(glob: str, index: int) -> tuple[str | None, int]:
    """Translate one member of a set: a named class, a range or a character."""
    named = re.compile(r"\[:([a-z]*):\]").match(glob, index)
    if named:
        return _POSIX_CLASSES.get(named[1]), named.end()
    low, index = _character(glob, index)
    if low and glob[index : index + 1] == "-" and glob[index + 1 : index + 2] not in {"", "]"}:
        high, index = _character(glob, index + 1)
        if not high:
            return None, index
        # An empty range is no error in git: it just holds nothing.
        return (f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""), index
    return (re.escape(low) if low else None), index


def _character(glob: str, index: int) -> tuple[str, int]:
    if glob[index : index + 1] == "\\":
        index += 1
    return glob[index : index + 1], index + 1
