"""The labelled values below a task of the TASKS.md specification v1.0: ``- **ID**: fix-login``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.labelled import ids_as_written, label_and_value, name_of
from kanban_sync.sources.markdown import Fences, dedented, joined
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FIELD = pattern(
    r"[-*+][ \t]+(\*\*|__)([^*_:：]{1,60})(?:[:：]\1[ \t]*|\1[ \t]*[:：][ \t]*)(.*)"  # noqa: RUF001
)
_IN_BODY = {"details", "acceptance", "files"}
_FOR_MACHINES = {"id", "tags", "blocked by"}
_WAITS, _BLOCKS = "depends on", "blocks"
"""What labels mean that need no bold letters."""

_NOTHING = {"", "-", "—", "–", "none", "n/a", "nothing"}  # noqa: RUF001


class Fields(NamedTuple):
    """What the lines below a task say: values with a place of their own, the rest, the body."""

    id: str = ""
    tags: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    body: str = ""
    others: tuple[tuple[str, str], ...] = ()
    is_v1: bool = False


def read_fields(lines: Sequence[str]) -> Fields:
    """Sort the lines below a task; of a label that occurs twice both values count."""
    if not lines:
        return Fields()
    named: dict[str, list[str]] = {}
    body: list[str] = []
    others: list[tuple[str, str]] = []
    waits: list[str] = []
    is_v1 = False
    for label, value, is_bold in _values(lines):
        name = " ".join(label.lower().replace("-", " ").split())
        is_v1 |= is_bold and name in _FOR_MACHINES
        if name_of(label) == _WAITS:
            ids, words = ids_as_written([value])
            waits += ids
            others += [(label, words)] if words else []
        elif name in _FOR_MACHINES:
            named.setdefault(name, []).append(value)
        elif not label or name in _IN_BODY:
            body.append(f"**{label}**: {value}" if label else value)
        else:
            others.append((label, value))
    return Fields(
        id=_word(" ".join(named.get("id", [])).split()),
        tags=words_in(named.get("tags", []), lower=True),
        blocked_by=tuple(dict.fromkeys(waits)),
        body="\n\n".join(text for text in body if text),
        others=tuple(others),
        is_v1=is_v1,
    )


def _values(lines: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield label and value in the file's order, and whether the label is bold.

    Text without a label has an empty one.
    """
    label, value, is_bold = "", list[str](), False
    fences = Fences()
    for line in lines:
        said = None if fences.covers(line) else _label_and_value(line)
        ends = said or (label and line and not line.startswith(" "))
        if ends:
            yield label, joined(value), is_bold
            label, text, is_bold = said or ("", line, False)
            value = [text]
        else:
            value.append(dedented(line, 2) if label else line)
    yield label, joined(value), is_bold


def _label_and_value(line: str) -> tuple[str, str, bool] | None:
    """Return label and value of a line, and whether the label is bold; None where there is none."""
    if ":" not in line and "：" not in line:  # noqa: RUF001
        return None
    match = _FIELD.fullmatch(line)
    if match:
        return match[2].strip(), match[3].strip(), True
    plain = label_and_value(line)
    return (*plain, False) if plain and name_of(plain[0]) in {_WAITS, _BLOCKS} else None


def words_in(values: Sequence[str], *, lower: bool = False) -> tuple[str, ...]:
    """Split values at commas; each word once, in order, without quotes."""
    words = (
        word.strip(" \t`\"'“”")
        for value in values
        for word in value.replace("，", ",").replace("、", ",").replace("\n", ",").split(",")  # noqa: RUF001
    )
    kept = (word.lower() if lower else word for word in words if word.lower() not in _NOTHING)
    return tuple(dict.fromkeys(kept))


def _word(words: Sequence[str]) -> str:
    return words[0].strip("`\"'“”") if words else ""
