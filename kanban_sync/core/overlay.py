"""What a repository would say if all its layers were merged now, one unit at a time.

Each layer is compared with the commits from which it forks off. Of what it has changed since, the
newest version of a task's words counts, and the newest of its status, each by itself; a value that
the base layer has had since then, and has no more, says nothing. A task that one layer took out and
another one changed is there if the change is newer; one that was completed by being taken out
stays so. A unit as a whole is in one place, or in none: the newest move of it counts, and one that
is gone comes back whole with a newer change.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.assemble import ReadFile
from kanban_sync.core.identity import text_hash
from kanban_sync.core.model import UNKNOWN
from kanban_sync.core.opinions import Line, lines_of
from kanban_sync.core.sides import Side
from kanban_sync.core.slots import EMPTY, RETURNED, past_status, past_text
from kanban_sync.core.versions import later

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.model import ParsedTask, Version
    from kanban_sync.core.opinions import Opinion
    from kanban_sync.core.sides import Overlay
    from kanban_sync.core.slots import KeyedTask, SlotState
    from kanban_sync.core.units import Unit


def overlaid(base: Side, overlays: Sequence[Overlay]) -> Side:
    """Return a unit as all layers together leave it."""
    states = {slot: read.state for slot, read in base.files.items()}
    ours = {slot: (state, state.owns()) for slot, state in {**states, **base.had}.items()}
    said = [(overlay, _as_in_base(overlay, base, ours)) for overlay in overlays]
    news = [
        (max(_newest(chain.from_iterable(opinions.values())), overlay.moved(base)), overlay)
        for overlay, opinions in said
        if overlay.side.unit is not None
    ]
    ground, gone = base, base.gone if base.unit is None else UNKNOWN
    for overlay, _ in said:
        is_gone = overlay.side.unit is None and overlay.has_placed(base)
        if is_gone and not overlay.is_behind(base) and not overlay.is_outrun(base):
            gone = max(gone, overlay.side.gone)
    alive, newest = max(
        ((version, overlay) for version, overlay in news),
        key=lambda each: each[0],
        default=(UNKNOWN, None),
    )
    if max(alive, base.newest) <= gone and gone > UNKNOWN:
        return Side(None, {}, gone)
    if base.unit is None:
        if newest is None or alive == UNKNOWN:
            return base
        ground = _without(newest.side, base.had)
    if ground.unit is not None and ground.unit.name:
        # A change stays whole: who took all of it out says nothing of its single lines.
        said = [each for each in said if each[0].side.unit is not None]
    if ground.unit is None:
        return ground
    placed = [
        each
        for each, _ in said
        if each.side.place not in {"", ground.place} and each.has_placed(base)
    ]
    place, shape = _placed(ground, ground.unit, placed, is_base=ground is base)
    files = {slot: _at(read, ground.unit.path, place.path) for slot, read in ground.files.items()}
    for slot, opinions in _by_slot(said).items():
        read = files.get(slot) or _new_file(slot, said, place, base.had)
        merged = read and _merged(read, opinions, is_base=ground is base)
        if merged is not None and (merged.document.tasks or slot not in base.had):
            files[slot] = merged
    files = {
        slot: replace(read, state=replace(read.state, shape_version=shape))
        if read.state.shape_version < shape
        else read
        for slot, read in files.items()
    }
    return Side(place, files)


def _placed(
    ground: Side, unit: Unit, placed: Iterable[Overlay], *, is_base: bool
) -> tuple[Unit, Version]:
    """Return where a unit lies, and since when: its newest move counts.

    That the base layer took it away and brought it back to where it was is none.
    """
    newest, version, last = unit, ground.moved, UNKNOWN
    for each in placed:
        since = each.side.moved
        is_back = is_base and each.is_behind(ground) and each.forks_lie_at(ground.place)
        if each.side.unit is not None and since > last and (since > ground.moved or is_back):
            newest, last = each.side.unit, since
            version = since if since > ground.moved else later(since, ground.moved.time)
    return newest, version


def _without(side: Side, had: Collection[str]) -> Side:
    """Return a unit without the files that the base layer has taken away; a change stays whole."""
    if side.unit is None or side.unit.name:
        return side
    return side._replace(files={slot: each for slot, each in side.files.items() if slot not in had})


def _as_in_base(
    overlay: Overlay, base: Side, ours: Mapping[str, tuple[SlotState, Collection[str]]]
) -> dict[str, list[Opinion]]:
    """Return what a layer says, where a task that it brought is the one that the base layer did.

    So it is once a branch was squashed: a task that was reworded there is called by its last words
    alone, since nobody knows any others.
    """
    found = overlay.opinions()
    for slot, opinions in found.items():
        state, owns = ours.get(slot, (EMPTY, ()))
        new = [each.line.keyed for each in opinions if each.line and each.own not in owns]
        names = _same_born(overlay, slot, new, state) if new and state.blob else {}
        if names:
            found[slot] = [_called(each, names) for each in opinions]
    for slot, state in base.had.items():
        ahead = (_ahead(each, state, None) for each in found.get(slot, ()))
        found[slot] = [each for each in ahead if each is not None]
    return found


def _same_born(
    overlay: Overlay, slot: str, new: Iterable[KeyedTask], state: SlotState
) -> dict[str, str]:
    """Return by the own keys of a layer's new tasks those of the base layer's with the same words.

    They may have been its words, and others since, or its last ones before it was taken out.
    """
    forks = [fork.states.get(slot, EMPTY) for fork in overlay.forks]
    mine = {task.own for task in overlay.side.files[slot].state.tasks}
    had = mine.union(*(fork.owns() for fork in forks))
    known = mine.union(*(fork.taken for fork in forks))
    waiting: dict[tuple[str, ...], list[str]] = {}
    for task in state.tasks:
        if task.own not in had and not task.traits.id:
            waiting.setdefault((task.traits.place, text_hash(task.traits)), []).append(task.own)
    for own in [each for each in state.past if each not in known]:
        for value in state.past[own]:
            waiting.setdefault((value,), []).append(own)
    for own in [each for each in state.removed if each not in known and each in state.taken]:
        waiting.setdefault((state.taken[own],), []).append(own)
    names: dict[str, str] = {}
    for task in new if waiting else ():
        words = text_hash(task.traits)
        ways = [(task.traits.place, words), (past_text(task.text),), (words,)]
        same = [own for way in ways for own in waiting.get(way, ()) if own not in names.values()]
        if same and not task.traits.id:
            names[task.own] = same[0]
    return names


def _called(opinion: Opinion, names: Mapping[str, str]) -> Opinion:
    """Return an opinion with other own keys."""
    own, behind = (names.get(each, each) for each in (opinion.own, opinion.behind))
    line = opinion.line
    if line is not None:
        above = names.get(line.keyed.above, line.keyed.above)
        line = line._replace(keyed=replace(line.keyed, own=own, above=above))
    return opinion._replace(own=own, behind=behind, line=line)


def _newest(opinions: Iterable[Opinion]) -> Version:
    """Return the newest version of what changed a task that is there."""
    return max((each.newest for each in opinions if each.line is not None), default=UNKNOWN)


def _by_slot(
    said: Sequence[tuple[Overlay, Mapping[str, Sequence[Opinion]]]],
) -> dict[str, list[Opinion]]:
    found: dict[str, list[Opinion]] = {}
    for _, opinions in said:
        for slot, of_slot in opinions.items():
            found.setdefault(slot, []).extend(of_slot)
    return {slot: each for slot, each in found.items() if each}


def _at(read: ReadFile, old: str, new: str) -> ReadFile:
    """Return a file as it lies where its unit was moved; names of tasks stay as they are."""
    if old == new:
        return read
    path = f"{new}{read.file.path.removeprefix(old)}"
    state = read.state
    names = dict.fromkeys(state.taken, f"{state.path}/")
    state = replace(state, path=path, prefixes={**names, **state.prefixes})
    return ReadFile(read.file._replace(path=path), read.document, state)


def _new_file(
    slot: str,
    said: Sequence[tuple[Overlay, Mapping[str, Sequence[Opinion]]]],
    place: Unit,
    had: Mapping[str, SlotState],
) -> ReadFile | None:
    """Return an empty file of a unit, one that none of a layer's forks had; None if they had it.

    One that the base layer has taken away is as empty: its tasks were taken out.
    """
    for overlay, _ in said:
        read = overlay.side.files.get(slot)
        is_new = slot in had or not any(slot in fork.states for fork in overlay.forks)
        if read is not None and is_new and overlay.side.unit is not None:
            at = _at(read, overlay.side.unit.path, place.path)
            gone = had.get(slot, EMPTY)
            empty = replace(at.state, tasks=(), hidden=(), past={})
            empty = replace(empty, completed=gone.completed, removed=gone.removed)
            return ReadFile(at.file, at.document._replace(tasks=()), empty)
    return None


def _merged(read: ReadFile, opinions: Iterable[Opinion], *, is_base: bool) -> ReadFile:
    """Return a file with what layers say of its tasks."""
    text = _Text(read)
    state = read.state
    by_own: dict[str, list[Opinion]] = {}
    for each in opinions:
        ahead = _ahead(each, state, text.lines.get(each.own)) if is_base else each
        if ahead is not None:
            by_own.setdefault(each.own, []).append(ahead)
    hidden = {each.own for each in state.hidden}
    completed, removed = dict(state.completed), dict(state.removed)
    prefixes = dict(state.prefixes)
    for own, said in by_own.items():
        merged = _line(text.lines.get(own), said, is_base=is_base)
        gone = [each for each in said if each.line is None]
        out = [each.gone for each in gone] + ([removed[own]] if own in removed else [])
        is_done = own in completed or any(each.is_done for each in gone)
        if merged is None or own in hidden:
            continue
        if out and (is_done or max(out) > merged.newest):
            text.take_out(own)
            removed[own] = max(out)
            if is_done:
                completed[own] = max(out)
            continue
        text.put(merged, next((each.behind for each in said if each.behind), ""))
        removed.pop(own, None)
        if own not in state.taken:
            # A new one is called as it will be once its branch is merged.
            prefixes |= ((own, each.prefix) for each in said if each.prefix is not None)
    tasks, keyed = text.whole()
    document = read.document._replace(tasks=tasks)
    state = replace(state, tasks=keyed, completed=completed, removed=removed)
    return ReadFile(read.file, document, replace(state, prefixes=prefixes))


def _ahead(opinion: Opinion, state: SlotState, now: Line | None) -> Opinion | None:
    """Return what the base layer has not, and has not had since a layer forked off; None if all."""
    since = state.since(opinion.own, opinion.past)
    if opinion.line is None:
        return None if RETURNED in since or now is None else opinion
    if now is not None:
        since |= {past_text(now.keyed.text), past_status(now.keyed.status)}
    keyed = opinion.line.keyed
    has_text = opinion.has_text and past_text(keyed.text) not in since
    has_status = opinion.has_status and past_status(keyed.status) not in since
    is_any = has_text or has_status
    return opinion._replace(has_text=has_text, has_status=has_status) if is_any else None


def _line(line: Line | None, said: Sequence[Opinion], *, is_base: bool) -> Line | None:
    """Return a task with the newest words and the newest status; None if nobody has it.

    Args:
        line: The task as it is so far; None where it is nowhere but in layers.
        said: What layers say of it.
        is_base: Whether the base layer has it so.
    """
    voices = [each for each in said if each.line is not None]
    if line is None:
        first = max(voices, key=_age, default=None)
        if first is None or first.line is None:
            return None
        line = first.line._replace(keyed=replace(first.line.keyed, branch=first.layer))
        is_base = False
    text = _said_last(line, [each for each in voices if each.has_text], _text, is_base=is_base)
    status = _said_last(
        line, [each for each in voices if each.has_status], _status, is_base=is_base
    )
    return Line(
        text.line.task._replace(status=status.line.task.status, word=status.line.task.word),
        replace(
            text.line.keyed,
            above=line.keyed.above,
            text_version=text.version,
            status=status.line.keyed.status,
            status_version=status.version,
            branch=status.layer or text.layer or line.keyed.branch,
        ),
    )


def _age(opinion: Opinion) -> tuple[Version, Version]:
    """Return how new an opinion is; where two say the same, how new all is that they have."""
    return opinion.newest, opinion.line.newest if opinion.line is not None else UNKNOWN


class _Said(NamedTuple):
    """A part of a task: who has it so, since when, and the layer if it says what is not so yet."""

    line: Line
    version: Version
    layer: str = ""


def _text(keyed: KeyedTask) -> tuple[str, Version]:
    return keyed.text, keyed.text_version


def _status(keyed: KeyedTask) -> tuple[str, Version]:
    return keyed.status, keyed.status_version


def _said_last(
    now: Line,
    said: Iterable[Opinion],
    part: Callable[[KeyedTask], tuple[str, Version]],
    *,
    is_base: bool,
) -> _Said:
    """Return the newest of what is said of a part of a task.

    Where the base layer has it as it was where a layer forks off, only the layer has changed it:
    a deletion that was taken back makes the old value newer, but no other one.
    """
    value, version = part(now.keyed)
    newest = _Said(now, version)
    last = UNKNOWN
    for each in said:
        if each.line is None:
            continue
        its, since = part(each.line.keyed)
        is_unchanged = is_base and value in {part(former)[0] for former in each.former}
        if since > last and (since > version or is_unchanged):
            last = since
            # To whoever has only the base layer's this is to be newer.
            since = since if since > version else later(since, version.time)
            newest = _Said(each.line, since, each.layer if its != value else "")
    return newest


class _Text:
    """The tasks of a file while it is merged: by their own keys, and in their order."""

    def __init__(self, read: ReadFile) -> None:
        self.lines = {line.keyed.own: line for line in lines_of(read)}
        self._below: dict[str, list[str]] = {}
        for own, line in self.lines.items():
            self._below.setdefault(line.keyed.above, []).append(own)

    def put(self, line: Line, behind: str) -> None:
        """Replace a task, or put a new one behind one of its neighbours."""
        own, above = line.keyed.own, line.keyed.above
        if own not in self.lines:
            above = above if above in self.lines else ""
            line = line._replace(keyed=replace(line.keyed, above=above))
            there = self._below.setdefault(above, [])
            at = there.index(behind) + 1 if behind in there else len(there)
            there.insert(at, own)
        self.lines[own] = line

    def take_out(self, own: str) -> None:
        """Take a task out; what stands below it and is not taken out stands at the top then."""
        line = self.lines.pop(own, None)
        if line is None:
            return
        self._below[line.keyed.above].remove(own)
        for child in self._below.pop(own, []):
            below = self.lines[child]
            self.lines[child] = below._replace(keyed=replace(below.keyed, above=""))
            self._below.setdefault("", []).append(child)

    def whole(self) -> tuple[tuple[ParsedTask, ...], tuple[KeyedTask, ...]]:
        """Return all tasks, nested as a document has them, and one after the other."""
        keyed: list[KeyedTask] = []

        def nested(above: str) -> tuple[ParsedTask, ...]:
            found: list[ParsedTask] = []
            for own in self._below.get(above, ()):
                line = self.lines[own]
                keyed.append(line.keyed)
                found.append(line.task._replace(children=nested(own)))
            return tuple(found)

        return nested(""), tuple(keyed)
