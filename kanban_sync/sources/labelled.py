"""Labelled values of a task in any dialect but v1.0: lines below it, and cells of a table.

``Status: blocked``, ``- **Depends on:** T-1, T-2``, ``_Requirements: 1.1_``. A line with a label
that nobody knows stays in the body, where it was; beside a value that is known it is a value too
(``Owner: ada | Sprint: 4``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources.markdown import Fences, dedented, joined
from kanban_sync.sources.numbering import leading_id
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_NAMES = {
    "id": "id; task id; taskid; id de tarea; タスクid; 編號; 编号",
    "status": "status; state; 状态; 狀態; 状態; 상태; estado; statut; stato; stand",
    "title": "title; task; task name; name; summary; titel; aufgabe; titre; tâche; título; tarea;"
    " tarefa; タスク; 任务; 任務; 작업",
    "description": "description; beschreibung; descripción; descrição; 说明; 描述; 説明; 설명",
    "assignee": "assignee; assignees; assigned to; assigned; agent; owner; claimed by; responsible;"
    " verantwortlich; responsable; responsável; 担当; 担当者; 负责人; 담당자",
    "labels": "labels; label; tags; tag; schlagworte; étiquettes; etiquetas; 标签; タグ",
    "depends on": "depends on; depends; dependency; dependencies; deps; blocked by; requires task;"
    " hängt ab von; abhängigkeiten; dépend de; dépendances; depende de; dependencias;"
    " dependências; 依赖; 依存; 依存関係; 의존성",
    "blocks": "blocks; blocking; blockiert; bloque; bloquea; bloqueia; 阻塞; ブロック",
    "priority": "priority; prio; priorität; priorité; prioridad; prioridade; 优先级; 優先度;"
    " 우선순위",
    "estimate": "estimate; estimated; estimated time; estimation; effort; estimated effort;"
    " estimate hours; estimated hours; aufwand; 工时; 見積; 예상",
}
_NAME_OF = {word.strip(): name for name, words in _NAMES.items() for word in words.split(";")}

IN_LINES = frozenset(
    {"status", "assignee", "labels", "depends on", "blocks", "priority", "estimate"}
)
"""What a line below a box may say; its title and its id stand in the box itself."""

_LINE = pattern(
    r"(?:[-*+][ \t]+)?(\*\*|__)?[ \t]*([^\W\d](?:[^*_:：`|\[\]]|(?<=[^\W_])_(?=[^\W_])){1,40}?)"  # noqa: RUF001
    r"[ \t]*"
    r"(?(1)(?:[:：][ \t]*\1|\1[ \t]*[:：])|[:：])(?:(?:(?<=：)|[ \t])[ \t]*(.*)|)"  # noqa: RUF001
)
_SLANTED = pattern(r"(?:[-*+][ \t]+)?_([^\W\d][\w ]{1,30}):[ \t]*(.{1,400}?)_[ \t]*")
_IN_TITLE = pattern(
    r"\((?:depends(?:[ _-]on)?|dependencies|deps|blocked[ _-]by)[: ]\s*([^()]{1,200}+)\)",
    re.IGNORECASE,
)
_STORY = pattern(r"\[(P|US[0-9]{1,4})\]")
_HASHTAG = pattern(r"(?<![\w#])#([^\W\d][\w-]{1,40})(?![\w#-])")
_CLAIM = pattern(r"\(@([\w.-]++)[^()]*+\)$")
_MORE_THAN_A_NAME = pattern(r"[,，、;；&/+(（:：]|\s(?:and|und|et|y)\s")  # noqa: RUF001
_LINK = pattern(r"!?\[([^\[\]]{0,200}+)\]\([^()\s]{0,500}+\)")
_NOTHING = {"", "-", "—", "–", "none", "n/a", "na", "nothing", "null", "keine", "aucune", "无"}  # noqa: RUF001
_SHOWN = {"", "estimate", "blocks"}
"""Meanings without a place of their own: the file's words are kept."""

_SPLIT = pattern(r"[,，、;；|\n]|\s(?:and|und|et|y|&)\s")  # noqa: RUF001
_NUMBERED = pattern(r"(?i:(task|step|issue|story|ticket))[ #-]*([0-9]{1,6}(?:\.[0-9]{1,6})*[a-z]?)")
# A hyphen is part of ids (P1-007): it makes a range only between two whole ones.
_RANGE = pattern(
    r"(.{0,40}?)([0-9]{1,6})\s*(?:(?:\.\.+|…|[–—~～]|to|bis)\s*\1?|-\s*(?=[A-Za-z])\1)([0-9]{1,6})"  # noqa: RUF001
)
_WIDEST_RANGE = 100
_AS_WRITTEN = pattern(r"\w[\w.-]*")
_REMARK = pattern(r"(?<!\s)\s*+\([^()]*+\)$")
_PLAIN_ID = pattern(r"[A-Z]{1,12}-[0-9]{1,9}")


class Values(NamedTuple):
    """What labels say of a task; empty where nobody said it. ``others`` keep the file's words."""

    id: str = ""
    title: str = ""
    status: str = ""
    assignee: str = ""
    priority: str = ""
    labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    body: str = ""


class Marks(NamedTuple):
    """What stands amid the words of a title; ``unclear`` is what it waits for in words."""

    assignee: str
    labels: tuple[str, ...]
    depends_on: tuple[str, ...]
    unclear: tuple[str, ...]


@lru_cache(maxsize=1024)
def name_of(label: str) -> str:
    """Return what a label means (a key of the table above), '' for one that nobody knows."""
    plain = label.lower().replace("_", " ").replace("-", " ").replace("*", " ")
    return _NAME_OF.get(" ".join(plain.split()), "")


def split(lines: Sequence[str]) -> tuple[list[tuple[str, str]], str]:
    """Take the labelled lines out of those below a task; the rest is its body."""
    if not any(":" in line or "：" in line for line in lines):  # noqa: RUF001
        return [], joined(lines)
    pairs: list[tuple[str, str]] = []
    body: list[str] = []
    for label, text in _labelled(lines):
        if label:
            pairs.append((label, joined([each for each in text if each])))
        else:
            body += text
    return pairs, joined(_without_gaps(body))


def _side_by_side(line: str) -> list[tuple[int, str]]:
    """Return the values of a line that has several, with bars between them, and where each begins.

    They are told apart by their labels, one of which has to be known; words behind a bar that have
    no label go on with the value in front of them.
    """
    if "|" not in line:
        return []
    places: list[int] = []
    begin, in_code = 0, False
    for part in line.split("|"):
        if not begin or (not in_code and _begins_value(part.strip())):
            places.append(begin)
        in_code ^= part.count("`") % 2 == 1
        begin += len(part) + 1
    if len(places) == 1 and not line.rstrip().endswith("|"):
        return []
    found: list[tuple[int, str]] = []
    for place, following in pairwise([*places, begin]):
        words = line[place : following - 1]
        found.append((place + len(words) - len(words.lstrip()), words.strip().rstrip(" \t|")))
    is_labelled = _any_label_and_value(found[0][1]) is not None
    return found if is_labelled and any(label_and_value(words) for _, words in found) else []


def _begins_value(words: str) -> bool:
    """Tell whether words begin with a label; an id in a list of tasks is none."""
    # Bars without end are told by this alone.
    if ":" not in words and "：" not in words:  # noqa: RUF001
        return False
    said = _any_label_and_value(words)
    return said is not None and bool(name_of(said[0]) or not leading_id(said[0]))


def _labelled(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    label, text = "", list[str]()
    fences = Fences()
    for line in lines:
        is_code = fences.covers(line)
        several = [] if is_code else _side_by_side(line)
        if several:
            yield label, text
            for _, words in several:
                name, value = _any_label_and_value(words) or ("", words)
                yield name, [value]
            label, text = "", []
            continue
        found = None if is_code else label_and_value(line)
        if found or (label and not line.startswith(" ")):
            yield label, text
            label, text = (found[0], [found[1]]) if found else ("", [line])
        else:
            text.append(dedented(line, 2) if label else line)
    yield label, text


def label_and_value(line: str) -> tuple[str, str] | None:
    """Return label and value of a line, if it may say that below a task."""
    said = _any_label_and_value(line)
    is_known = said is not None and (_name_below(said[0]) or _SLANTED.fullmatch(line))
    return said if is_known else None


def _any_label_and_value(line: str) -> tuple[str, str] | None:
    slanted = _SLANTED.fullmatch(line)
    if slanted:
        return slanted[1], slanted[2].strip()
    match = _LINE.fullmatch(line)
    return (match[2].strip(), (match[3] or "").strip()) if match else None


def _name_below(label: str) -> str:
    """Return what a label of a line below a task means, '' for one that means nothing there."""
    name = name_of(label)
    return name if name in IN_LINES else ""


class Written(NamedTuple):
    """Where a labelled value stands among the lines below a task; columns of the label too.

    ``is_alone`` is False where the line holds other values as well.
    """

    line: int
    label: tuple[int, int]
    value: tuple[int, int]
    is_alone: bool = True


def written(lines: Sequence[str], name: str = "") -> Written | None:
    """Return where the value with a meaning stands, the one that counts; without, the first."""
    found: list[tuple[bool, Written]] = []
    fences = Fences()
    for index, line in enumerate(lines):
        if fences.covers(line):
            continue
        several = _side_by_side(line)
        # A new line is not written like one that says several things.
        if several and not name:
            continue
        for begin, words in several or [(0, line)]:
            said = label_and_value(words)
            if said is not None and name_of(said[0]) == (name or name_of(said[0])):
                place = Written(index, *_spans(words, begin), is_alone=not several)
                found.append((is_nothing(said[1]) and bool(name), place))
    return min(found)[1] if found else None


def _spans(part: str, begin: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where label and value stand in a line, of which a part begins there."""
    label, value = _spans_in(part)
    return (label[0] + begin, label[1] + begin), (value[0] + begin, value[1] + begin)


def _spans_in(line: str) -> tuple[tuple[int, int], tuple[int, int]]:
    slanted = _SLANTED.fullmatch(line)
    if slanted:
        return slanted.span(1), slanted.span(2)
    match = _LINE.fullmatch(line)
    if match is None:
        return (0, 0), (0, 0)
    return match.span(2), match.span(3) if match[3] is not None else (len(line), len(line))


def _without_gaps(lines: Sequence[str]) -> list[str]:
    """Close the gaps that labelled lines left: never two blank lines where one was."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def values(
    cells: Iterable[tuple[str, str]], lines: Iterable[tuple[str, str]] = (), body: str = ""
) -> Values:
    """Sort labelled values; the first that says something counts, and more are kept as they are.

    Args:
        cells: Those of a row.
        lines: Those of the lines below a task.
        body: What else stands below it.
    """
    known: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    named = [(name_of(label), label, value) for label, value in cells]
    named += [(_name_below(label), label, value) for label, value in lines]
    for name, label, value in named:
        if is_nothing(value):
            continue
        if name in _SHOWN or name in known:
            others.append((label, value))
        else:
            known[name] = value
    if not known and not others:
        return Values(body=body)
    wanted = known.get("depends on", "")
    depends_on = ids_in(wanted)
    if wanted and not names_only_ids(wanted):
        others.append(("Depends on", wanted))
    title, described = known.get("title", ""), known.get("description", "")
    return Values(
        id=plain_id(known.get("id", "")),
        title=title or described,
        status=known.get("status", ""),
        assignee=known.get("assignee", "").strip("`*_ ").removeprefix("@"),
        priority=known.get("priority", "").strip("`*_ "),
        labels=_words(known.get("labels", "")),
        depends_on=depends_on,
        others=tuple(others),
        body="\n\n".join(text for text in (described if title else "", body) if text),
    )


def marks_in(title: str) -> Marks:
    """Return the claim, labels and dependencies that stand in a title; it keeps them."""
    claim = _CLAIM.search(title) if title.endswith(")") else None
    stories = _STORY.findall(title) if "[" in title else []
    tags = _HASHTAG.findall(title) if "#" in title else []
    waits = waits_in(title)
    return Marks(
        claim[1] if claim else "",
        tuple(dict.fromkeys([*stories, *tags])),
        tuple(dict.fromkeys(each for text in waits for each in ids_in(text))),
        tuple(text for text in waits if not names_only_ids(text)),
    )


def waits_in(title: str) -> list[str]:
    """Return what a title says in parentheses that its task waits for."""
    return _IN_TITLE.findall(title) if "(" in title else []


def names_several(assignee: str) -> bool:
    """Tell whether a value names more than one person, or says more than a name."""
    return _MORE_THAN_A_NAME.search(assignee) is not None


def is_nothing(value: str) -> bool:
    """Tell whether a value only says that there is none."""
    return value.strip(" \t`*_").lower() in _NOTHING


def ids_in(value: str) -> tuple[str, ...]:
    """Return the ids that a value lists, ranges written out; words that are no ids are left out."""
    found = (each for part in _parts(value) for each in _ids_of(part))
    return tuple(dict.fromkeys(found))


def _parts(value: str) -> Iterable[str]:
    """Return the parts of a list, each once: what repeats itself a million times is read once."""
    return dict.fromkeys(part.strip() for part in _SPLIT.split(value))


def names_only_ids(value: str) -> bool:
    """Tell whether a value lists ids and has no words that are none."""
    return all(is_nothing(part) or any(_ids_of(part)) for part in _parts(value))


def ids_as_written(values: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the ids that values list, each as it stands there, and what they say in words.

    In v1.0 any word is an id: ``task-1`` is not ``Task-1``.
    """
    found: list[str] = []
    words: list[str] = []
    for part in (part for value in values for part in _parts(value)):
        plain = _REMARK.sub("", _LINK.sub(r"\1", part).strip(" \t`*+-"))
        word = plain.strip(" \t`\"'“”*[]#:").rstrip(".")
        ids = (word,) if _AS_WRITTEN.fullmatch(word) else (*_ids_of(part),)
        if not is_nothing(part) and not is_nothing(word):
            found += ids
            words += [] if ids else [part]
    return tuple(dict.fromkeys(found)), ", ".join(words)


def _ids_of(part: str) -> Iterator[str]:
    if _PLAIN_ID.fullmatch(part):
        yield part
        return
    word = plain_id(part)
    if not word or word.lower() in _NOTHING:
        return
    run = _RANGE.fullmatch(word)
    if run and leading_id(f"{run[1]}{run[2]}:"):
        first, last, digits = int(run[2]), int(run[3]), len(run[2])
        if first <= last < first + _WIDEST_RANGE:
            numbers = range(first, last + 1)
            yield from (f"{run[1]}{str(number).zfill(digits)}" for number in numbers)
            return
    if not re.search(r"\s", word):
        yield word


def plain_id(text: str) -> str:
    """Return an id without what people put around it; ``Task 1`` is ``Task-1``."""
    word = _LINK.sub(r"\1", text).strip(" \t`\"'“”*_~#-+[]().:")
    leading = leading_id(word)
    numbered = None if leading else _NUMBERED.match(word)
    if numbered:
        return f"{numbered[1].capitalize()}-{numbered[2]}"
    after = word[len(leading.id) :].lstrip() if leading else ""
    if leading and (not after or after[0] in ":：(—–"):  # noqa: RUF001
        return leading.id
    return re.sub(r"\s*\([^()]*+\)$", "", word)


def _words(value: str) -> tuple[str, ...]:
    parts = (word.strip(" \t`\"'“”*#") for word in re.split(r"[,，、;；\n]", value))  # noqa: RUF001
    return tuple(dict.fromkeys(word for word in parts if word and not is_nothing(word)))
