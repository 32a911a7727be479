"""Tasks that have another key now: which ones those are, and what is known of their cards then.

A key follows from the history alone (``layers``), so that all clones come to the same one. Where
the history itself is written anew (an amended commit, a rebase), a task that was reworded on the
way has another key. So has one that was written into a file and reworded before its first commit.
What a store knows of it goes along: status, claim, what was told of it, and its card.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.description import footer
from kanban_sync.core.identity import Traits, match, text_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kanban_sync.core.board import Said
    from kanban_sync.core.model import Task, TaskKey
    from kanban_sync.core.ports import Event
    from kanban_sync.core.slots import KeyedTask, SlotState


RENAMED = '{"fields":["key"],'
"""How the data of an event begins that tells of a new key (``claims.renamed``)."""


class Renamed(NamedTuple):
    """A task that a store knows by a key that it has no more, and the task as its file has it."""

    old: Task
    new: Task


class _Side(NamedTuple):
    """A task with what it is recognised by, and the layer that speaks of it, None for any."""

    task: Task
    traits: Traits
    branch: str | None


def renamed(
    lost: Iterable[Task],
    new: Sequence[Task],
    before: Mapping[str, SlotState],
    now: Mapping[str, SlotState],
    born: Sequence[Task] = (),
) -> list[Renamed]:
    """Return which lost tasks are new ones, those above others first.

    It is the same task if its file is the same, if it would be matched had one commit made the one
    of the other, if one layer speaks of both (or the base layer, in the same words, of what another
    one said), and if the history does not know the lost key at all: else it tells that they are two
    tasks.

    Args:
        lost: Tasks that vanished from all files in this pass.
        new: Tasks with keys that nobody knew before.
        before: The states of all slots as they were.
        now: The states of all slots as they are.
        born: Tasks that were written into a file, and stand there no more, before any commit.
    """
    if not new:
        return []
    then, there = _by_path(before.values()), _by_path(now.values())
    found: list[Renamed] = []
    for path in dict.fromkeys(task.path for task in new):
        come = [each for task in new if task.path == path for each in _sides(task, there)]
        gone = [each for task in lost if task.path == path for each in _sides(task, then)]
        gone += [_born(task, come) for task in born if task.path == path]
        pairs = match([each.traits for each in gone], [each.traits for each in come])
        every = [(gone[old], come[index]) for index, old in pairs.items()]
        found += _unknown(every, {own for state in now.values() for own in _taken(state, path)})
    return found


def _by_path(states: Iterable[SlotState]) -> dict[str, dict[str, KeyedTask]]:
    """Return the tasks of each file, by their names and by the own parts of those."""
    found: dict[str, dict[str, KeyedTask]] = {}
    for state in states:
        tops = state.tops()
        names = found.setdefault(state.path, {})
        for keyed in state.tasks:
            names.setdefault(keyed.own, keyed)
            names[state.name_of(keyed.own, tops.get(keyed.own, ""))] = keyed
    return found


def _sides(task: Task, states: Mapping[str, Mapping[str, KeyedTask]]) -> list[_Side]:
    """Return what is known of a task, nothing where its file is not known."""
    names, name = states.get(task.path, {}), task.key.name
    keyed = names.get(name) or names.get(name.rpartition("#")[2])
    return [] if keyed is None else [_Side(task, keyed.traits, keyed.branch)]


def _born(task: Task, come: Iterable[_Side]) -> _Side:
    """Return what is known of a task that no commit has held; anybody may have committed it."""
    places = {each.task.group: each.traits.place for each in come}
    place = places.get(task.group, task.group)
    return _Side(task, Traits("", place, task.number, task.title), None)


def _taken(state: SlotState, path: str) -> Collection[str]:
    return state.taken if state.path == path else ()


def _unknown(pairs: Iterable[tuple[_Side, _Side]], taken: Collection[str]) -> list[Renamed]:
    """Return the pairs of one layer of which the history does not know the lost one."""
    found: list[Renamed] = []
    tops: set[str] = set()
    for old, new in sorted(pairs, key=lambda each: each[0].task.key.name.count("#")):
        top, _, below = old.task.key.name.partition("#")
        name = below or top.removeprefix(f"{old.task.path}/")
        is_unknown = name not in taken or (below and top in tops)
        if is_unknown and _is_of_one_layer(old, new):
            found.append(Renamed(old.task, new.task))
            tops.add(top)
    return found


def _is_of_one_layer(old: _Side, new: _Side) -> bool:
    """Whether one layer speaks of both, or the base layer now says the same: it was squashed."""
    if old.branch in {None, new.branch}:
        return True
    words = [(each.traits.place, text_hash(each.traits)) for each in (old, new)]
    return not new.branch and words[0] == words[1]


def with_key(said: Said, key: TaskKey) -> Said:
    """Return the base of a card whose task has another key now.

    The card still has the footer with the old key. It counts as words that we said, which are no
    words of the task any more, so that the next sync takes it out.
    """

    def of_now(text: str, old: TaskKey) -> str:
        return f"{text}\n\n{footer(old)}" if text else footer(old)

    cards = [
        replace(card, key=key, text=of_now(card.text, card.key), links="")
        for card in (said.said, *said.before)
    ]
    settled = said.last_settled
    return replace(said, said=cards[0], before=tuple(cards[1:]), settled=settled)


def under_keys_of_now(base: Mapping[TaskKey, Said], events: Iterable[Event]) -> dict[TaskKey, Said]:
    """Return bases under the keys that their tasks have after these events, the oldest first."""
    found = dict(base)
    for event in events:
        if event.kind == "task_updated" and event.data.startswith(RENAMED):
            told = json.loads(event.data)
            old = next((key for key in found if str(key) == told["old"]), None)
            if old is not None:
                source, _, name = told["new"].partition(":")
                key = old._replace(source=source, name=name)
                found[key] = with_key(found.pop(old), key)
    return found
