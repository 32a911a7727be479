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
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from kanban_sync.core.model import TaskKey

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    return TaskKey(project, source, _ENCODED.sub(_decoded, name))


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode()


def compose(block: str, key: TaskKey) -> str:
    """Return the description of a new card."""
    return f"{block}\n\n{footer(key)}" if block else footer(key)


def block_mark(block: str) -> str:
    """Return the mark by which a block is found in a description: how many lines, and a hash."""
    lines = [_sameness(line) for line in block.split("\n") if line.strip()]
    return f"{len(lines)}-{_digest(lines)}" if lines else ""


def is_written(description: str, key: TaskKey, wanted: SetText, *, settled: bool) -> bool:
    """Whether the description already has our block and footer, whatever people wrote around it.

    Blanks never count. Where the same block was said, and finished, before (``settled``), marks do
    not count either: the board's editor changes them by itself whenever a person saves.
    """
    if key_of(description) != key:
        return False
    written = rewrite(description, key, wanted)
    if settled:
        return _loose(written) == _loose(description)
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


def _around_footer(description: str, key: TaskKey) -> tuple[str, str]:
    """Return what stands above and below our footer, which is to be the last of all.

    One of another task that a person pasted further down is theirs, and goes above ours. If there
    is only one of another task, it stands where ours was.
    """
    found = list(_FOOTER.finditer(description))
    if not found:
        return description, ""
    last = found[-1]
    own = next((each for each in reversed(found) if _key(each) == key), last)
    body = description[: own.start()]
    pasted = _trimmed(description[own.end() : last.end()])
    return f"{body.rstrip()}\n\n{pasted}" if pasted else body, description[last.end() :]


def _peoples_words(body: str, wanted: SetText) -> tuple[str, str]:
    """Return what people wrote above our block, and inside or below it."""
    lines = body.split("\n")
    ours = _ours(lines, wanted)
    first = min(ours, default=0)
    return _trimmed("\n".join(lines[:first])), _trimmed("\n".join(_without(lines, ours, first)))


def _marked(lines: Sequence[str], mark: str) -> set[int]:
    """Return where the block stands that has this mark: what was written last, by any clone."""
    there = [(index, _sameness(line)) for index, line in enumerate(lines) if line.strip()]
    count = int(mark.partition("-")[0]) if re.fullmatch(r"[1-9][0-9]{0,5}-[0-9a-f]+", mark) else 0
    for start in range(len(there) - count + 1) if count else ():
        window = there[start : start + count]
        if f"{count}-{_digest([same for _, same in window])}" == mark:
            return set(range(window[0][0], window[-1][0] + 1))
    return set()


def _ours(lines: Sequence[str], wanted: SetText) -> set[int]:
    """Return which lines are ours: a block as it was written, else what is left of any.

    Only one block is taken to be ours, since the same words further down may be a person's. It is
    the newest that stands there, unless that is but a part of a former one: then a crash came
    between the version field and the words.
    """
    blocks = [each.split("\n") for each in (wanted.text, *wanted.former) if each.strip()]
    marked = [_marked(lines, mark) for mark in wanted.marked]
    exact = [_whole(lines, block) for block in blocks]
    # Line by line as we wrote it says more than a mark, for which blank lines do not count.
    whole = [*exact[:1], *marked, *exact[1:]] if wanted.text.strip() else [*marked, *exact]
    scattered = [_scattered(lines, block) for block in blocks]
    for found in (whole, scattered):
        newest = next((each for each in found if each), None)
        if newest is not None:
            return max((each for each in found if each >= newest), key=len)
    left = [each.split("\n") for each in wanted.former] or blocks
    return set().union(*(_alike(lines, block) for block in left))


def _whole(lines: Sequence[str], block: Sequence[str]) -> set[int]:
    """Return where a block stands as we wrote it, line by line."""
    plain = [line.rstrip() for line in lines]
    wanted = [line.rstrip() for line in block]
    for start in range(len(plain) - len(wanted) + 1):
        if plain[start : start + len(wanted)] == wanted:
            return set(range(start, start + len(wanted)))
    return set()


def _scattered(lines: Sequence[str], block: Sequence[str]) -> set[int]:
    """Return where all lines of a block stand in their order, with other lines in between."""
    found: set[int] = set()
    wanted = [line.strip() for line in block if line.strip()]
    for index, line in enumerate(lines):
        if len(found) < len(wanted) and line.strip() == wanted[len(found)]:
            found.add(index)
    return found if len(found) == len(wanted) else set()


def _alike(lines: Sequence[str], block: Sequence[str]) -> set[int]:
    """Return which lines are lines of a block, as the board's editor or a person left them."""
    here = [(index, _sameness(line)) for index, line in enumerate(lines) if line.strip()]
    there = [_sameness(line) for line in block if line.strip()]
    matcher = SequenceMatcher(None, [same for _, same in here], there, autojunk=False)
    return {
        here[index][0]
        for start, _, length in matcher.get_matching_blocks()
        for index in range(start, start + length)
    }


def _without(lines: Sequence[str], ours: set[int], first: int) -> list[str]:
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


def _sameness(line: str) -> str:
    """Return what tells two lines apart: words, or else the marks themselves."""
    return _loose(line) or "".join(line.split())


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:12]


def _loose(line: str) -> str:
    """Return a text without what the board's editor changes by itself: marks, escapes, blanks."""
    return "".join(re.findall(r"[^\W_]+", line)).lower()
