"""Which files of an OpenSpec change a schema's ``generates`` stands for, as its CLI has it.

The CLI asks fast-glob (``core/artifact-graph/outputs.js``): wildcards leave dot files out, unlike
git's; braces hold alternatives or a range, and ``@(a|b)``, ``+(a|b)``, ``?(a)``, ``*(a)`` and
``!(a)`` are known.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kanban_sync.sources.globs import NOTHING, wildcard_pattern

_EXTENDED = re.compile(r"([!*+?@])\(([^()]*)\)")
_PLAIN_WORDS = re.compile(r"[^()*?\[\]{}!+@/]*")
_BRACES = re.compile(
    r"\{(?:([^{}]*,[^{}]*)|(0|-?[1-9][0-9]{0,8})\.\.(0|-?[1-9][0-9]{0,8})|([a-z])\.\.([a-z])"
    r"|([A-Z])\.\.([A-Z]))\}"
)
_TIMES = {"@": "", "?": "?", "*": "*", "+": "+"}
_MOST = 256
"""Alternatives that braces may stand for."""


def matches(glob: str, path: str) -> bool:
    """Tell whether an artifact's ``generates`` stands for this file of the change."""
    pattern = _compiled(glob)
    return path == pattern if isinstance(pattern, str) else pattern.fullmatch(path) is not None


def is_understood(glob: str) -> bool:
    """Tell whether it is known which files a ``generates`` stands for."""
    pattern = _compiled(glob)
    return isinstance(pattern, str) or pattern.pattern != NOTHING


@lru_cache(maxsize=64)
def _compiled(glob: str) -> str | re.Pattern[str]:
    """Return the path that a glob without wildcards names, else a pattern."""
    slashed = glob.replace("\\", "/")
    if not _is_glob(slashed):
        # A backslash is a character of a name then.
        return _without_gaps(glob)
    alternatives = _expanded(_without_gaps(slashed))
    options = [_pattern(each) for each in alternatives]
    if not options or None in options:
        return re.compile(NOTHING)
    takes_dots = any("!(" in each or re.search(r"(?:^|/)\.", each) for each in alternatives)
    no_dot_file = "" if takes_dots else r"(?!\.)(?!.*/\.)"
    return re.compile(f"{no_dot_file}(?s:{'|'.join(f'(?:{each})' for each in options)})")


def _is_glob(glob: str) -> bool:
    return any(char in glob for char in "*?[") or bool(
        re.search(r"[!*+?@]\([^(]*\)", glob) or re.search(r"\{[^}]*(?:,|\.\.).*\}", glob)
    )


def _without_gaps(glob: str) -> str:
    return "/".join(part for part in glob.split("/") if part not in {"", "."})


def _pattern(glob: str) -> str | None:
    """Translate a glob without braces; None where it is not known what it stands for."""
    parts: list[str] = []
    end = 0
    for found in _EXTENDED.finditer(glob):
        parts += [_wildcards(glob[end : found.start()]), _extended(glob, found) or ""]
        end = found.end()
        if not parts[-1]:
            return None
    rest = glob[end:]
    # A range with steps or zeros, or alternatives within alternatives.
    if "{" in rest and ".." in rest:
        return None
    between = _EXTENDED.sub("", glob)
    if "(" in between or (end and "**" in between.replace("**/", "")):
        return None
    return "".join([*parts, _wildcards(rest)])


def _wildcards(glob: str) -> str:
    return wildcard_pattern(glob) if glob else ""


def _extended(glob: str, found: re.Match[str]) -> str | None:
    words = found[2].split("|")
    if not all(_PLAIN_WORDS.fullmatch(each) for each in words):
        return None
    options = "|".join(map(re.escape, words))
    if found[1] != "!":
        return f"(?:{options}){_TIMES[found[1]]}"
    # What else a negation meets decides on much; here nothing does.
    if re.search(r"[*?\[]", glob) or len(_EXTENDED.findall(glob)) > 1:
        return None
    end = r"\Z" if found.end() == len(glob) else ""
    return f"(?!(?:{options}){end})[^/]*"


def _expanded(glob: str) -> list[str]:
    """Return the globs that the braces of a glob stand for; none if there are too many."""
    found: list[str] = []
    waiting = [glob]
    while waiting:
        if len(found) + len(waiting) > _MOST:
            return []
        current = waiting.pop()
        braces = _BRACES.search(current)
        if braces is None:
            found.append(current)
            continue
        before, after = current[: braces.start()], current[braces.end() :]
        waiting.extend(before + option + after for option in _options(braces))
    return found


def _options(braces: re.Match[str]) -> list[str]:
    listed, first, last, *letters = braces.groups()
    if listed is not None:
        return listed.split(",")
    if first is not None:
        low, high = sorted((int(first), int(last)))
        return [str(number) for number in range(low, min(high, low + _MOST) + 1)]
    low, high = sorted(ord(each) for each in letters if each)
    return [chr(code) for code in range(low, high + 1)]
