"""From the layers of a repository to keyed tasks with versions.

A task file is followed along its slot, commit by commit: each new content is matched with the one
before it (``identity``), so that a task keeps the key it was given when it first appeared, and its
version is the newest commit that changed it. Both are functions of the history alone: every clone
comes to the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kanban_sync.core.identity import Traits, match, own_key, text_hash
from kanban_sync.core.listing import flatten, text_digest
from kanban_sync.core.model import UNKNOWN, Version
from kanban_sync.core.pasts import past_places, past_values, removed_tasks
from kanban_sync.core.slots import (
    ELSEWHERE,
    EMPTY,
    KeyedTask,
    SlotChange,
    SlotState,
)
from kanban_sync.core.versions import later, newer
from kanban_sync.core.words import bare_words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.model import Document, ParsedTask


def carry(
    before: Sequence[SlotState],
    change: SlotChange,
    document: Document,
    *,
    gone_means_done: bool,
    still_named: Callable[[], Collection[str]] = tuple,
) -> SlotState:
    """Carry keys and versions over to a new content of a slot.

    Args:
        before: The states that the commit's parents had; empty for a new file.
        change: The new content, where it lies, and the version of the commit.
        document: What the new content says. One that is not readable keeps the last good state.
        gone_means_done: What the new content's dialect thinks of removed entries.
        still_named: Tells which ids stand in the new content, in a task or not, and which words
            behind a box.

    Returns:
        The new state; a task that is as one of the parents had it keeps that parent's version.
    """
    if not document.readable:
        kept = before[0] if before else EMPTY
        prefixes = _prefixes(before[:1], change, (), document)
        places = past_places(before[:1], change)
        state = replace(kept, blob=change.new, path=change.path, prefixes=prefixes, places=places)
        return replace(state, made=change.version.time, good=kept.good or kept.blob)
    before = [
        replace(each, tasks=(*each.tasks, *each.hidden)) if each.hidden else each for each in before
    ]
    flat = flatten(document.tasks, document.ways)
    new_traits = [traits for _, traits, _ in flat]
    taken = {own: text for state in reversed(before) for own, text in state.taken.items()}
    matches = [match([task.traits for task in state.tasks], new_traits, taken) for state in before]
    # An id that is unique in the repository names the same task in each of its files.
    avoided = () if document.has_unique_ids else _elsewhere(taken)
    owns = _owns(new_traits, before, matches, taken, avoided)
    # A file that comes back has its tasks under their names, but all that it says is said anew.
    stayed = [{} if each.is_gone else its for each, its in zip(before, matches, strict=True)]
    removed = max((state.shape_version.time for state in before), default=0)
    keyed: list[KeyedTask] = []
    for index, (task, traits, above) in enumerate(flat):
        former = [
            state.tasks[pairs[index]]
            for state, pairs in zip(before, stayed, strict=True)
            if index in pairs
        ]
        over = owns[above] if above >= 0 else ""
        if len(former) == len(before) == 1 and _is_as_it_was(
            former[0], owns[index], over, traits, task
        ):
            keyed.append(former[0])
            continue
        # One that comes back is newer than its removal, whatever the clocks say.
        is_back = not former and owns[index] in taken
        version = later(change.version, removed if is_back else 0)
        text, status = text_digest(task), task.status.value
        assigned = [(each.assignee == task.assignee, each.assignee_version) for each in former]
        # Where a merge keeps it, its removal on the other line has lost, and is the older one.
        gone = [
            (False, each.removed[own]) for each in before if (own := owns[index]) in each.removed
        ]
        # As long as nobody was assigned, no commit has said so.
        is_told = bool(task.assignee) or bool(former)
        keyed.append(
            KeyedTask(
                own=owns[index],
                above=over,
                traits=traits,
                status=status,
                text=text,
                text_version=newer(
                    [*((each.text == text, each.text_version) for each in former), *gone], version
                ),
                status_version=newer(
                    [*((each.status == status, each.status_version) for each in former), *gone],
                    version,
                ),
                assignee=task.assignee,
                assignee_version=newer(assigned, version) if is_told else UNKNOWN,
            )
        )
    hidden = _hidden(before, matches, owns, new_traits, still_named)
    there = {*owns, *(each.own for each in hidden)}
    is_told = gone_means_done if flat else document.is_bare
    is_told = is_told or _is_what_was_left(new_traits, before, matches)
    state = SlotState(
        blob=change.new,
        path=change.path,
        tasks=tuple(keyed),
        taken={**taken, **dict(zip(owns, map(text_hash, new_traits), strict=True))},
        gone_means_done=gone_means_done,
        shape_version=_shape_version(before, matches, change),
        completed=_completed(before, matches, change, there, is_told=is_told),
        prefixes=_prefixes(before, change, zip(owns, new_traits, strict=True), document),
        hidden=hidden,
        removed=_taken_out(before, matches, change, there),
        past=past_values(before, stayed, keyed, taken),
        places=past_places(before, change),
        made=change.version.time,
    )
    return replace(state, roots=_roots(before, state.tops(), owns, taken))


def _is_as_it_was(
    former: KeyedTask, own: str, above: str, traits: Traits, task: ParsedTask
) -> bool:
    """Whether nothing of a task has changed: nearly all of a file are so, and need no new row."""
    return (
        former.traits == traits
        and former.own == own
        and former.above == above
        and former.status == task.status.value
        and former.assignee == task.assignee
        and not former.branch
        and former.text == text_digest(task)
    )


def _hidden(
    before: Sequence[SlotState],
    matches: Sequence[Mapping[int, int]],
    owns: Collection[str],
    traits: Sequence[Traits],
    still_named: Callable[[], Collection[str]],
) -> tuple[KeyedTask, ...]:
    """Return the tasks that are no task any more though their ids still stand in the file.

    Of a task without an id it is the words behind a box, unless another task has the same.
    """
    found: dict[str, KeyedTask] = {}
    named: Collection[str] | None = None
    for state, pairs in zip(before, matches, strict=True):
        for task in removed_tasks(state, pairs):
            if task.above or not (state.gone_means_done or task in state.hidden):
                continue
            named = still_named() if named is None else named
            words = task.traits.id or bare_words(task.traits.title)
            if words not in named or task.own in owns:
                continue
            if task.traits.id or all(bare_words(each.title) != words for each in traits):
                found.setdefault(task.own, task)
    return tuple(found.values())


def _owns(
    traits: Sequence[Traits],
    before: Sequence[SlotState],
    matches: Sequence[Mapping[int, int]],
    taken: Mapping[str, str],
    avoided: Collection[str],
) -> list[str]:
    """Return the own keys: those of the first parent, then those of the others, then new ones.

    A task that comes back gets its old key: by an id of the file's own, or by its text. A number
    alone may stand for another task.
    """
    owns: dict[int, str] = {}
    given: set[str] = set()
    for state, pairs in zip(before, matches, strict=True):
        for index in sorted(pairs):
            own = state.tasks[pairs[index]].own
            if index not in owns and own not in given:
                owns[index] = own
                given.add(own)
    given.update(avoided)
    for index, each in enumerate(traits):
        if index not in owns:
            owns[index] = own_key(each, partial(_is_taken, each, given, taken))
            given.add(owns[index])
    return [owns[index] for index in range(len(traits))]


def _is_taken(traits: Traits, given: Collection[str], taken: Mapping[str, str], own: str) -> bool:
    """Whether a key stands for another task: one that is there, or was there with other words."""
    if own in given:
        return True
    return not traits.id and own in taken and taken[own] != text_hash(traits)


def _elsewhere(taken: Mapping[str, str]) -> Collection[str]:
    """Return the own keys that went to another slot with their tasks."""
    return [own for own, text in taken.items() if text == ELSEWHERE]


def _prefixes(
    before: Sequence[SlotState],
    change: SlotChange,
    tasks: Iterable[tuple[str, Traits]],
    document: Document,
) -> Mapping[str, str]:
    """Return the prefixes of all own keys: the old ones stay, whatever became of the file."""
    known = {own: prefix for state in reversed(before) for own, prefix in state.prefixes.items()}
    given = {own for state in before for own, text in state.taken.items() if text != ELSEWHERE}
    if change.moved_from:
        known = dict.fromkeys(given, f"{change.moved_from}/") | known
    if document.has_unique_ids:
        known |= {own: "" for own, traits in tasks if traits.id and own not in given}
    return known


def _roots(
    before: Sequence[SlotState],
    tops: Mapping[str, str],
    owns: Iterable[str],
    taken: Collection[str],
) -> Mapping[str, str]:
    """Return what tasks were born below, where they do not stand there now."""
    born: dict[str, str] = {}
    for state in reversed(before):
        born.update({**state.tops(), **state.roots})
    if not born and not tops:
        return {}
    now = {own: tops.get(own, "") for own in owns}
    kept = {own: root for own, root in born.items() if root != now.get(own, "")}
    return kept | {own: "" for own in tops if own in taken and own not in born}


def _is_what_was_left(
    traits: Sequence[Traits], before: Sequence[SlotState], matches: Sequence[Mapping[int, int]]
) -> bool:
    """Whether tasks stayed where they were, and none of them has lost what made the dialect."""
    kept = [
        (state.tasks[old].traits, traits[new])
        for state, pairs in zip(before, matches, strict=True)
        for new, old in pairs.items()
    ]
    return bool(kept) and all(
        not (was.id or now.id) and was.place == now.place for was, now in kept
    )


def _completed(
    before: Sequence[SlotState],
    matches: Sequence[Mapping[int, int]],
    change: SlotChange,
    owns: Collection[str],
    *,
    is_told: bool,
) -> Mapping[str, Version]:
    """Return the tasks that were completed by being removed, each with its removal's version.

    Args:
        before: The states of the parents.
        matches: For each of them, which of its tasks are still there.
        change: What the commit did. One that made the file anew removed nothing.
        owns: The own keys of all tasks that are there, or hidden there.
        is_told: Whether the new content still tells that a removed task was completed.
    """
    found: dict[str, Version] = {}
    for state, pairs in zip(before, matches, strict=True):
        if state.is_gone or not (state.gone_means_done and is_told and change.old):
            continue
        removed = removed_tasks(state, pairs)
        has_nameless = any(not task.traits.id for task in removed)
        passed_on = change.passed_on() if has_nameless else ()
        for task in removed:
            # With an id of its own, it is told elsewhere whether another file holds it.
            if passed_on and not task.traits.id and text_hash(task.traits) in passed_on:
                continue
            newest = max(task.text_version.time, task.status_version.time)
            found[task.own] = later(change.version, newest)
    known: dict[str, Version] = {}
    for state in before:
        for own, version in state.completed.items():
            known[own] = max(version, known.get(own, UNKNOWN))
    # A merge of a removal is not the removal.
    found |= known
    for own in owns:
        found.pop(own, None)
    return found


def _taken_out(
    before: Sequence[SlotState],
    matches: Sequence[Mapping[int, int]],
    change: SlotChange,
    there: Collection[str],
) -> Mapping[str, Version]:
    """Return the tasks that are not there any more, each with the version of its removal."""
    found: dict[str, Version] = {}
    for state in before:
        for own, version in state.removed.items():
            found[own] = max(version, found.get(own, UNKNOWN))
    for state, pairs in zip(before, matches, strict=True):
        for task in removed_tasks(state, pairs):
            newest = max(task.text_version, task.status_version)
            # A merge of a removal is not the removal, but where it takes out what is newer.
            if found.get(task.own, UNKNOWN) <= newest:
                found[task.own] = later(change.version, newest.time)
    return {own: version for own, version in found.items() if own not in there}


def _shape_version(
    before: Sequence[SlotState], matches: Sequence[Mapping[int, int]], change: SlotChange
) -> Version:
    """Return the commit's version if it moved the file or removed a task, else the newest known.

    A merge that leaves it where it was, though a side has moved it since, has decided so.
    """
    places = [(state.path == change.path, state.shape_version) for state in before]
    latest = max((version for _, version in places), default=UNKNOWN)
    same = (latest == UNKNOWN or (True, latest) in places) and any(
        state.path == change.path and len(pairs) == len(state.tasks)
        for state, pairs in zip(before, matches, strict=True)
    )
    if same or change.version == UNKNOWN:
        return latest
    removed = [
        max(task.text_version.time, task.status_version.time)
        for state, pairs in zip(before, matches, strict=True)
        for task in removed_tasks(state, pairs)
    ]
    return later(change.version, max([latest.time, *removed]))
