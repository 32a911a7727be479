"""A card's description: people's words, our block, and the footer that names the task.

The layout is: people's words, our block, people's words, the footer, people's words. The footer is
a line of inline code, which survives the board's editor and is found by its search, even in the
archive. Nothing that a person wrote is ever dropped: lines that we did not write are kept.
In the footer, what would end the line or the code is percent-encoded: ``%``, backticks, line ends
and other control characters.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from kanban_sync.core.board import Words
from kanban_sync.core.model import TaskKey
from kanban_sync.core.places import loose, place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kanban_sync.core.operations import SetText

OPENING = "`kanban-sync:"
"""How each footer begins."""

TASK_MARK = 8
"""Characters of a task's mark: enough to tell all tasks of a board apart."""

_FOOTER = re.compile(
    r"^[ \t]*`kanban-sync: ([0-9a-z]+)/([a-z-]+):([^`\n]+)`[ \t\r]*$", re.MULTILINE
)
_UNFIT = re.compile(r"[%`\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Only what is encoded is decoded: a footer of before that has another % keeps its meaning.
_ENCODED = re.compile(r"%(?:25|60|[01][0-9A-F]|7F|C2%[89][0-9A-F]|E2%80%A[89])")


def footer(key: TaskKey) -> str:
    """Return the footer line of a task's card; it holds the constant key and nothing else."""
    name = _UNFIT.sub(_encoded, key.name)
    return f"{OPENING} {key.project}/{key.source}:{name}`"


def footer_words(key: TaskKey) -> str:
    """Return words that only descriptions with this key's footer hold, for a board's search."""
    return footer(key).removeprefix(f"{OPENING} ")


def project_words(project: str) -> str:
    """Return words that only descriptions with a footer of this project hold."""
    return f"{OPENING} {project}/"


def key_of(description: str) -> TaskKey | None:
    """Return the key that a description's footer names, the last of several; None without one."""
    found = list(_FOOTER.finditer(description or ""))
    return _key(found[-1]) if found else None


def keys_of(description: str) -> frozenset[TaskKey]:
    """Return the keys of all footers in a description: people paste what they like."""
    return frozenset(_key(each) for each in _FOOTER.finditer(description))


def task_mark(key: TaskKey) -> str:
    """Return a short word for a task, by which the version field tells whose card it is."""
    return urlsafe_b64encode(hashlib.sha256(footer(key).encode()).digest())[:TASK_MARK].decode()


def _key(found: re.Match[str]) -> TaskKey:
    project, source, name = found.groups()
    return TaskKey(project, source, _ENCODED.sub(_decoded, name) if "%" in name else name)


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode()


def compose(block: str, key: TaskKey) -> str:
    """Return the description of a new card."""
    return f"{block}\n\n{footer(key)}" if block else footer(key)


def is_written(description: str, key: TaskKey, wanted: SetText, *, settled: bool) -> bool:
    """Whether the description already has our block and footer, whatever people wrote around it.

    Blanks never count. Where the same block was said, and finished, before (``settled``), marks do
    not count either: the board's editor changes them by itself whenever a person saves.
    """
    if key_of(description) != key:
        return False
    written = rewrite(description, key, wanted)
    if settled:
        return loose(written) == loose(description)
    return written.split() == description.split()


def rewrite(description: str, key: TaskKey, wanted: SetText) -> str:
    """Return the description with our block as it ought to be, and all of people's words.

    Args:
        description: What the board has now.
        key: Whose footer to set.
        wanted: Our block as it ought to be, and what may stand there now.
    """
    body, tail = _around_footer(description, key)
    above, below = _peoples_words(body, wanted)
    parts = [above, wanted.text, below, footer(key), _trimmed(tail)]
    return "\n\n".join(part for part in parts if part)


def words_around(description: str, key: TaskKey, wanted: SetText) -> Words:
    """Return what people wrote above and below our block, as ``rewrite`` keeps it."""
    body, _ = _around_footer(description, key)
    return _peoples_words(body, wanted)


def _around_footer(description: str, key: TaskKey) -> tuple[str, str]:
    """Return what stands above and below our footer, which is to be the last of all.

    Those of other tasks are what people pasted. One that stands below ours goes above it.
    """
    found = list(_FOOTER.finditer(description))
    own = next((each for each in reversed(found) if _key(each) == key), None)
    if own is None:
        return description, ""
    end = found[-1].end()
    body, pasted = description[: own.start()], _trimmed(description[own.end() : end])
    return f"{body.rstrip()}\n\n{pasted}" if pasted else body, description[end:]


def _peoples_words(body: str, wanted: SetText) -> Words:
    """Return what people wrote above our block, and inside or below it."""
    lines = body.split("\n")
    ours, first = place_of(lines, wanted)
    above = _trimmed("\n".join(lines[:first]))
    return Words(above, _trimmed("\n".join(_without(lines, ours, first))))


def _without(lines: Sequence[str], ours: Collection[int], first: int) -> list[str]:
    """Return people's lines from ``first`` on; where a line of ours was is one blank."""
    kept: list[str] = []
    gap = False
    for index in range(first, len(lines)):
        if index in ours:
            gap = True
            continue
        if gap and not lines[index].strip():
            continue
        if gap:
            while kept and not kept[-1].strip():
                kept.pop()
            kept.append("")
            gap = False
        kept.append(lines[index])
    return kept


def _trimmed(text: str) -> str:
    """Return a text without blank lines around it; its first line keeps its indentation."""
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", text.rstrip()) if text.strip() else ""
