"""Which task of the new file is which task of the old one, and what a new one is called.

Groups come first: one that is called otherwise now is the same group (``groups``). Then the order
of evidence: the file's own id; the same text in the same group with another id, where nothing else
has it; the same group, number and text; the same text in the same
group, where nothing else there has it (numbers shift when a line is put in), also with words behind
it; the same number with a similar text; the same text anywhere, also with an id now, or with words
behind it; without a number, a similar text in the same group, which may have another name now. What
is left is new. (Of 51,422 tasks in 1,285 consecutive
versions of real task files, 93.9 % kept number and text, 3.5 % were reworded under their number.)
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter, deque
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.groups import renamed, share

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

SIMILAR = 0.5
"""Below this share of common text, a task under an old number is another task."""

ALIKE = 0.8
"""The share of common text from which on a group was only given another name: ``Done (3/5)``."""

COMPARED = 200
"""Characters of a text that are compared: nobody rewords more, and the time grows squarely."""

MOST_PAIRS = 10_000
"""Of more pairs than this, none is looked at for similar texts: a file was written anew."""

MOST_WORK = 25_000_000
"""Characters against characters that are compared at most in one file, which takes about 1 s."""

KEPT = 20_000
"""Tasks of which is kept what their words come to: branches have nearly all in common."""

FEW_WORDS = 3
"""A text of fewer words may well begin another one; what is put behind it has to be set off."""

_WORD = re.compile(r"\S+")
_IN_FRONT = re.compile(r"[^\w]+")
_MADE_OF_WORDS = re.compile(r"[0-9a-f]{8}(?:~[0-9]+)?")
_NUMBERED = re.compile(
    r"(?:task|step|issue|story|ticket)[ #-]*[0-9]{1,6}(?:\.[0-9]{1,6})*[a-z]?(?!\w)"
)


class Traits(NamedTuple):
    """What a task is recognised by; ``place`` is the whole way down to it, from the top heading."""

    id: str
    place: str
    number: str
    title: str


def match(
    old: Sequence[Traits], new: Sequence[Traits], known: Container[str] = ()
) -> dict[int, int]:
    """Return for each index in ``new`` its index in ``old``; new tasks are left out.

    Each task is matched once. An id that both files have is matched by that alone, and one that is
    ``known`` from before is no other task's new id.
    """
    old = _in_their_places(old, new)
    pairs: dict[int, int] = {}
    anonymous = [index for index, traits in enumerate(new) if not traits.id]
    without_id = [index for index, traits in enumerate(old) if not traits.id]
    _pair(pairs, old, new, range(len(old)), range(len(new)), lambda each: each.id)
    _pair_with_other_ids(pairs, old, new, known)
    _pair(pairs, old, new, without_id, anonymous, _exact)
    _pair_shifted(pairs, old, new, without_id, anonymous)
    _pair_extended(pairs, old, new, lambda each: each.place)
    _pair_similar(pairs, old, new, without_id, anonymous)
    _pair(pairs, old, new, without_id, anonymous, _text)
    _pair_named(pairs, old, new)
    _pair_extended(pairs, old, new, lambda _: "")
    _pair_reworded(pairs, old, new)
    return pairs


def _in_their_places(old: Sequence[Traits], new: Sequence[Traits]) -> Sequence[Traits]:
    """Return old tasks with the names that their groups have now."""
    kept = {each.place for each in old} & {each.place for each in new}
    names = renamed(
        *(
            [(each.place, _text(each)) for each in side if each.place not in kept]
            for side in (old, new)
        )
    )
    return [each._replace(place=names.get(each.place, each.place)) for each in old]


def own_key(traits: Traits, is_taken: Callable[[str], bool]) -> str:
    """Make the own part of a key for a task that is new: id, else number, else a hash of its text.

    ``is_taken`` tells which keys stand for another task of this file, now or in the past.
    """
    wanted = traits.id or traits.number or _hash(_plain(traits.title))
    wanted = re.sub(r"[\s`#]+", "-", wanted).strip("-") or _hash(traits.title)
    found, count = wanted, 1
    while is_taken(found):
        count += 1
        found = f"{wanted}~{count}"
    return found


def is_of_words(own: str) -> bool:
    """Tell whether an own key was made of a task's words, not of an id or a number."""
    return _MADE_OF_WORDS.fullmatch(own) is not None


@lru_cache(KEPT)
def text_hash(traits: Traits) -> str:
    """Return a hash of a task's text, the same for marks and blanks that people change freely."""
    return _hash(_text(traits))


def _exact(traits: Traits) -> tuple[str, ...]:
    return (traits.place, traits.number, _text(traits))


@lru_cache(KEPT)
def _text(traits: Traits) -> str:
    """Return the words without what is in front of them.

    An id or a number has a say of its own, and marks and emoji come and go.
    """
    plain = _plain(traits.title)
    text = _without(_IN_FRONT, plain) or plain
    if traits.id:
        text = _without_id(traits.id.lower(), text)
    elif traits.number[:1].isalpha():
        text = _without(_NUMBERED, text)
    else:
        text = text.removeprefix(traits.number)
    return _without(_IN_FRONT, text) or text or traits.number or plain


def _without_id(own: str, text: str) -> str:
    """Return the words behind an id; one that is a word like others (``buy``) has to be set off."""
    rest = text[len(own) :] if text.startswith(own) else ""
    is_word = not any(char.isdigit() for char in own)
    return text if rest[:1].isalnum() or (is_word and rest.lstrip()[:1].isalnum()) else rest or text


def _without(front: re.Pattern[str], text: str) -> str:
    found = front.match(text)
    return text[found.end() :] if found else text


def _pair(  # noqa: PLR0913 - two sides, each a list and the indexes that may take part
    pairs: dict[int, int],
    old: Sequence[Traits],
    new: Sequence[Traits],
    old_indexes: Iterable[int],
    new_indexes: Iterable[int],
    trait: Callable[[Traits], str | tuple[str, ...]],
) -> None:
    """Pair what has the same trait, in file order where several have it."""
    taken = set(pairs.values())
    waiting: dict[str | tuple[str, ...], deque[int]] = {}
    for index in old_indexes:
        if index not in taken and trait(old[index]):
            waiting.setdefault(trait(old[index]), deque()).append(index)
    for index in new_indexes:
        candidates = waiting.get(trait(new[index]))
        if index not in pairs and candidates:
            pairs[index] = candidates.popleft()


def _pair_with_other_ids(
    pairs: dict[int, int], old: Sequence[Traits], new: Sequence[Traits], known: Container[str]
) -> None:
    """Pair what has another id now, if it alone has its text in its group: an id was corrected."""
    taken = set(pairs.values())
    gone = [index for index, each in enumerate(old) if each.id and index not in taken]
    come = [
        index
        for index, each in enumerate(new)
        if each.id and index not in pairs and each.id not in known
    ]
    if not gone or not come:
        return
    counts = [Counter((each.place, _text(each)) for each in side) for side in (old, new)]

    def is_alone(traits: Traits) -> bool:
        return all(said[traits.place, _text(traits)] == 1 for said in counts)

    gone = [index for index in gone if is_alone(old[index])]
    come = [index for index in come if is_alone(new[index])]
    _pair(pairs, old, new, gone, come, lambda each: (each.place, _text(each)))


def _pair_shifted(
    pairs: dict[int, int],
    old: Sequence[Traits],
    new: Sequence[Traits],
    old_indexes: Iterable[int],
    new_indexes: Iterable[int],
) -> None:
    """Pair what has the same text in the same group under another number, if it has it alone."""
    taken = set(pairs.values())
    sides = (
        [(index, old[index]) for index in old_indexes if index not in taken],
        [(index, new[index]) for index in new_indexes if index not in pairs],
    )
    counts = [Counter((each.place, _text(each)) for _, each in side) for side in sides]
    alone = [
        [
            index
            for index, each in side
            if all(said[each.place, _text(each)] == 1 for said in counts)
        ]
        for side in sides
    ]
    _pair(pairs, old, new, alone[0], alone[1], lambda each: (each.place, _text(each)))


def _pair_extended(
    pairs: dict[int, int],
    old: Sequence[Traits],
    new: Sequence[Traits],
    scope: Callable[[Traits], str],
) -> None:
    """Pair what has words put behind all that it said, where that is said of no other task.

    Whoever ticks a task says how it was done, and what stands above it may shift its number.
    """
    taken = set(pairs.values())
    lines: dict[str, list[tuple[str, bool, int]]] = {}
    for there, traits in enumerate(old):
        if there not in taken and not traits.id and (text := _text(traits)).strip():
            lines.setdefault(scope(traits), []).append((text, False, there))
    for here, traits in enumerate(new):
        if here not in pairs and not traits.id and scope(traits) in lines:
            lines[scope(traits)].append((_text(traits), True, here))
    for each in lines.values():
        pairs |= _extensions(each)


def _extensions(lines: Iterable[tuple[str, bool, int]]) -> dict[int, int]:
    """Return new lines with the old ones that they go on from, where each has just the other.

    Args:
        lines: Texts, whether they are new, and their indexes.
    """
    found: dict[int, int] = {}
    count: Counter[int] = Counter()
    # In the order of the alphabet, what begins alike stands together, the shortest first.
    begun: list[tuple[str, list[int]]] = []
    for text, is_new, index in sorted(lines):
        while begun and not text.startswith(begun[-1][0]):
            begun.pop()
        if is_new:
            enough = _where_enough_is_said(text)
            formers = [those for former, those in begun if _is_set_off(text, len(former), enough)]
            count.update(those[0] for those in formers)
            if len(formers) == 1 and len(formers[0]) == 1:
                found[index] = formers[0][0]
        elif begun and begun[-1][0] == text:
            begun[-1][1].append(index)
        else:
            begun.append((text, [index]))
    return {here: there for here, there in found.items() if count[there] == 1}


def _where_enough_is_said(text: str) -> int:
    """Return where the last of the few words begins with which another text may well begin."""
    words = islice(_WORD.finditer(text), FEW_WORDS - 1, None)
    return next((word.start() for word in words), len(text))


def _is_set_off(text: str, end: int, enough: int) -> bool:
    """Whether a text may have ended there before: no word is cut, and enough was said."""
    if len(text) <= end or text[end].isalnum():
        return False
    rest = text[end : end + 2].lstrip()
    return not rest[:1].isalnum() or enough < end


def _pair_similar(
    pairs: dict[int, int],
    old: Sequence[Traits],
    new: Sequence[Traits],
    old_indexes: Iterable[int],
    new_indexes: Iterable[int],
) -> None:
    """Pair what has the same number, if it has it alone and its text is similar."""
    taken = set(pairs.values())
    left = [index for index in old_indexes if index not in taken and old[index].number]
    count = Counter(old[index].number for index in left)
    by_number = {old[index].number: index for index in left if count[old[index].number] == 1}
    for index in new_indexes:
        candidate = by_number.get(new[index].number)
        if index in pairs or candidate is None:
            continue
        if similar(_text(old[candidate]), _text(new[index])):
            pairs[index] = candidate
            del by_number[new[index].number]


def _pair_named(pairs: dict[int, int], old: Sequence[Traits], new: Sequence[Traits]) -> None:
    """Pair a task that was given an id, or lost it, with its former self: the same text."""
    taken = set(pairs.values())
    waiting: dict[tuple[bool, str], deque[int]] = {}
    for index, traits in enumerate(old):
        if index not in taken:
            waiting.setdefault((bool(traits.id), _text(traits)), deque()).append(index)
    for index, traits in enumerate(new):
        candidates = waiting.get((not traits.id, _text(traits)))
        if index not in pairs and candidates:
            pairs[index] = candidates.popleft()


def _pair_reworded(pairs: dict[int, int], old: Sequence[Traits], new: Sequence[Traits]) -> None:
    """Pair what has neither id nor number and was reworded, the most alike first.

    The group is the same too if others went from the one to the other, or if its name is alike.
    """
    met = {(old[there].place, new[here].place) for here, there in pairs.items()}
    taken = set(pairs.values())
    before = _nameless(old, taken)
    after = _nameless(new, pairs)
    work = sum(map(len, before.values())) * sum(map(len, after.values()))
    if len(before) * len(after) > MOST_PAIRS or work > MOST_WORK:
        return
    found = [
        (-share, here, there)
        for here, text in after.items()
        for there, former in before.items()
        if (share := _share_of_reworded(former, text)) >= SIMILAR
        and _is_same_place(old[there].place, new[here].place, met)
    ]
    for _, here, there in sorted(found):
        if here not in pairs and there not in taken:
            pairs[here] = there
            taken.add(there)


def _is_same_place(old: str, new: str, met: set[tuple[str, str]]) -> bool:
    if old != new and (old, new) not in met:
        if share(old, new) < ALIKE:
            return False
        met.add((old, new))
    return True


def _share_of_reworded(one: str, other: str) -> float:
    """Return the share of common text, at least SIMILAR where words were put behind all of it.

    Whoever ticks a short task says how it was done, and whoever claims it puts a name there.
    """
    short, long = sorted((one, other), key=len)
    is_longer = long.startswith(short) and not long[len(short) : len(short) + 1].isalnum()
    return max(_share(one, other), SIMILAR if is_longer else 0.0)


def _nameless(tasks: Sequence[Traits], taken: Container[int]) -> dict[int, str]:
    """Return the compared texts, by index, of what is left and has neither id nor number."""
    return {
        index: text[:COMPARED]
        for index, traits in enumerate(tasks)
        if index not in taken and not traits.id and not traits.number and (text := _text(traits))
    }


def similar(one: str, other: str) -> bool:
    """Tell whether two texts may be one that was reworded."""
    return one in other or other in one or _share(one[:COMPARED], other[:COMPARED]) >= SIMILAR


def _share(one: str, other: str) -> float:
    """Return the share of common text, 0 to 1; where it is below SIMILAR, anything below that."""
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= SIMILAR else 0.0


def _plain(text: str) -> str:
    return " ".join(text.replace("~~", " ").replace("*", " ").replace("`", " ").lower().split())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
