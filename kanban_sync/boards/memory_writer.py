"""The writes to one card of the board in memory, in the steps and the order of a real one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.board import Said, SeenCard, SeenChecklist, SeenItem, Words
from kanban_sync.core.checklists import STEP
from kanban_sync.core.columns import Column
from kanban_sync.core.description import compose, key_of, rewrite, words_around
from kanban_sync.core.operations import (
    AddChecklist,
    AddItem,
    AddLabel,
    DropChecklist,
    DropItem,
    Move,
    RemoveLabel,
    RenameChecklist,
    SetItem,
    SetText,
    SetTitle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol, TypeVar

    from kanban_sync.core.board import Card, Stamp
    from kanban_sync.core.operations import Archive, Change, Create, Update

    Made = TypeVar("Made")

    class Shelf(Protocol):
        """Where cards are kept."""

        def write(self, change: Callable[[], Made]) -> Made:
            """Count a write and carry it out."""
            ...

        def card(self, card_id: str) -> SeenCard:
            """Return a card."""
            ...

        def keep(self, card: SeenCard) -> SeenCard:
            """Put a card in place of the one with its id."""
            ...

        def new_id(self) -> str:
            """Return an id that was never given before."""
            ...


class MemoryWriter:
    """Writes one card; what it returns is what was read plus what it wrote itself.

    What people did to the card in the meantime is not in it, as with a board that answers each
    request with the one thing that was written.
    """

    def __init__(self, shelf: Shelf) -> None:
        """Take where cards are kept."""
        self._shelf = shelf
        self._words: Words | None = None
        self._items: dict[str, str] = {}
        self._made: set[str] = set()
        self._lists: dict[str, SeenChecklist] = {}

    def create(self, operation: Create) -> Said:
        """Make a card; the footer is part of the first write."""
        card, stamp = operation.card, operation.stamp
        made = SeenCard(
            self._shelf.new_id(),
            card.key,
            card.title,
            compose(card.text, card.key),
            card.column,
            position=operation.position,
        )
        self._shelf.write(lambda: self._shelf.keep(made))
        self._change(made.id, lambda now: replace(now, stamp=stamp))
        for name in sorted(card.labels):
            self._add_label(made.id, name)
        for number, checklist in enumerate(card.checklists, start=1):
            self._add_checklist(made.id, AddChecklist(checklist.title, STEP * number))
            for place, item in enumerate(checklist.items, start=1):
                self._add_item(made.id, AddItem(checklist.title, item, STEP * place))
        seen = replace(made, labels=card.labels, checklists=self._checklists(), stamp=stamp)
        said = Said(made.id, card, stamp.mark, seen, dict(self._items))
        return replace(said, made=frozenset(self._made), words=Words())

    def update(self, operation: Update) -> Said:
        """Write the changes of one card; changes to the same thing are one write."""
        card, seen, stamp = operation.card, operation.seen, operation.stamp
        self.start_from(seen)
        self._items = dict(operation.items)
        self._words = operation.words
        if stamp is not None:
            self._set_stamp(seen.id, stamp)
        after = self._change_card(card, seen, operation.changes)
        labels = self._change_labels(seen, operation.changes)
        for change in operation.changes:
            match change:
                case AddChecklist():
                    self._add_checklist(seen.id, change)
                case RenameChecklist():
                    renamed = self._lists[change.id]._replace(title=change.title)
                    self._put_list(seen.id, renamed)
                case AddItem():
                    self._add_item(seen.id, change)
                case _:
                    pass
        self._change_items(seen.id, operation.changes)
        after = replace(
            after,
            labels=labels,
            checklists=self._checklists(),
            stamp=stamp or seen.stamp,
            archived=False,
            trashed=False,
            adrift=False,
        )
        said = Said(seen.id, card, operation.mark, after, dict(self._items))
        return replace(
            said,
            theirs=operation.theirs,
            made=operation.made | self._made,
            words=self._words,
        )

    def archive(self, operation: Archive) -> Said:
        """Put the card into the archive; the version field says that it was us."""
        card, seen, stamp = operation.card, operation.seen, operation.stamp
        self._set_stamp(seen.id, stamp)
        self._change(seen.id, put_away)
        if operation.keeps is not None:
            return operation.keeps
        after = replace(put_away(seen), stamp=stamp)
        said = Said(seen.id, card, stamp.mark, after, operation.items)
        return replace(said, archived=True, made=operation.made)

    def start_from(self, seen: SeenCard) -> None:
        """Take the task lists as they were read."""
        self._lists = {each.id: each for each in seen.checklists}

    def add_line(self, card_id: str, title: str, text: str) -> None:
        """Add a line below the last one of a task list, as a person does; none of ours."""
        if not any(each.title == title for each in self._lists.values()):
            last = max((each.position for each in self._lists.values()), default=0.0)
            made = SeenChecklist(self._shelf.new_id(), title, last + STEP)
            self._lists[made.id] = made
        holder = self._list_titled(title)
        last = max((line.position for line in holder.items), default=0.0)
        line = SeenItem(self._shelf.new_id(), text, done=False, position=last + STEP)
        self._lists[holder.id] = holder._replace(items=(*holder.items, line))
        card = self._shelf.card(card_id)
        self._shelf.keep(replace(card, checklists=self._checklists()))

    # --- single writes ------------------------------------------------------------------------

    def _change(self, card_id: str, change: Callable[[SeenCard], SeenCard]) -> SeenCard:
        """Change the card as it is now: whatever others did to it stays."""
        return self._shelf.write(lambda: self._shelf.keep(change(self._shelf.card(card_id))))

    def _set_stamp(self, card_id: str, stamp: Stamp) -> None:
        self._change(card_id, lambda now: replace(now, stamp=stamp))

    def _change_card(self, card: Card, seen: SeenCard, changes: tuple[Change, ...]) -> SeenCard:
        fields: dict[str, object] = {}
        put_away = False
        for change in changes:
            match change:
                case SetTitle():
                    fields["title"] = change.text
                case SetText():
                    fresh = self._shelf.card(seen.id)
                    fields["description"] = rewrite(fresh.description, card.key, change)
                    self._words = words_around(fresh.description, card.key, change)
                    put_away = fresh.archived and not seen.archived
                case Move():
                    fields |= {"column": change.column, "position": change.position}
                    fields["archived"] = False
                case _:
                    pass
        if put_away:
            # A person did so just now: moving it would take it out again.
            fields = {name: fields[name] for name in ("title", "description") if name in fields}
        if not fields:
            return seen
        self._change(seen.id, lambda now: replace(now, **fields))  # type: ignore[arg-type]
        after = replace(seen, **fields)  # type: ignore[arg-type]
        return replace(after, key=key_of(after.description))

    def _change_labels(self, seen: SeenCard, changes: tuple[Change, ...]) -> frozenset[str]:
        labels = set(seen.labels)
        for change in changes:
            if isinstance(change, AddLabel):
                self._add_label(seen.id, change.name)
                labels.add(change.name)
            elif isinstance(change, RemoveLabel):
                name = change.name
                self._change(seen.id, lambda now, name=name: _without(now, name))  # type: ignore[misc]
                labels.discard(name)
        return frozenset(labels)

    def _add_label(self, card_id: str, name: str) -> None:
        self._change(card_id, lambda now: replace(now, labels=now.labels | {name}))

    def _add_checklist(self, card_id: str, change: AddChecklist) -> None:
        made = SeenChecklist(self._shelf.new_id(), change.title, change.position)
        self._put_list(card_id, made)
        self._made.add(made.id)

    def _put_list(self, card_id: str, changed: SeenChecklist) -> None:
        """Write a task list without its lines."""

        def change(now: SeenCard) -> SeenCard:
            lists = {each.id: each for each in now.checklists}
            items = lists[changed.id].items if changed.id in lists else ()
            lists[changed.id] = changed._replace(items=items)
            return replace(now, checklists=_in_order(lists))

        self._change(card_id, change)
        self._lists[changed.id] = changed

    def _add_item(self, card_id: str, change: AddItem) -> None:
        item = change.item
        line = SeenItem(self._shelf.new_id(), item.text, item.done, change.position)
        holder = change.place or self._list_titled(change.checklist).id
        self._put_line(card_id, holder, line)
        self._items[item.key] = line.id
        self._made.add(line.id)

    def _change_items(self, card_id: str, changes: tuple[Change, ...]) -> None:
        for line_id, sets in _by_line(changes).items():
            holder = next(
                each for each in self._lists.values() if any(x.id == line_id for x in each.items)
            )
            line = next(line for line in holder.items if line.id == line_id)
            for change in sets:
                line = line._replace(
                    text=line.text if change.text is None else change.text,
                    done=line.done if change.done is None else change.done,
                    position=line.position if change.position is None else change.position,
                )
                if change.checklist is not None:
                    place = change.place
                    holder = self._lists[place] if place else self._list_titled(change.checklist)
            self._put_line(card_id, holder.id, line)
        for dropped in changes:
            if isinstance(dropped, DropItem):
                self._put_line(card_id, "", SeenItem(dropped.id, dropped.text, False, 0.0))  # noqa: FBT003
                self._items = {key: id_ for key, id_ in self._items.items() if id_ != dropped.id}
        for dropped in changes:
            if isinstance(dropped, DropChecklist):
                self._drop_list(card_id, dropped.id)

    def _put_line(self, card_id: str, list_id: str, line: SeenItem) -> None:
        """Write a line into a task list, out of any other; into none if there is no id."""
        self._change(
            card_id,
            lambda now: replace(
                now, checklists=_in_order(_with_line(_by_id(now.checklists), list_id, line))
            ),
        )
        self._lists = _with_line(self._lists, list_id, line)

    def _drop_list(self, card_id: str, list_id: str) -> None:
        def change(now: SeenCard) -> SeenCard:
            kept = tuple(each for each in now.checklists if each.id != list_id)
            return replace(now, checklists=kept)

        # A person may have added a line just now.
        there = self._shelf.card(card_id).checklists
        if not any(each.id == list_id and each.items for each in there):
            self._change(card_id, change)
            self._lists.pop(list_id, None)

    def _list_titled(self, title: str) -> SeenChecklist:
        """Return ours of that title: the first, if a person made another one."""
        named = [each for each in self._lists.values() if each.title == title]
        return min(named, key=lambda each: each.position)

    def _checklists(self) -> tuple[SeenChecklist, ...]:
        return _in_order(self._lists)


def put_away(card: SeenCard) -> SeenCard:
    """Return a card as it is in the archive, which has no order."""
    return replace(card, column=Column.ARCHIVE, archived=True, position=0.0)


def _without(card: SeenCard, label: str) -> SeenCard:
    return replace(card, labels=card.labels - {label})


def _by_id(lists: tuple[SeenChecklist, ...]) -> dict[str, SeenChecklist]:
    return {each.id: each for each in lists}


def _by_line(changes: tuple[Change, ...]) -> dict[str, list[SetItem]]:
    """Gather the changes of each line: they are one write."""
    found: dict[str, list[SetItem]] = {}
    for change in changes:
        if isinstance(change, SetItem):
            found.setdefault(change.id, []).append(change)
    return found


def _with_line(
    lists: Mapping[str, SeenChecklist], list_id: str, line: SeenItem
) -> dict[str, SeenChecklist]:
    """Return the lists with the line in the one with that id, and in no other."""
    result: dict[str, SeenChecklist] = {}
    for each in lists.values():
        others = tuple(other for other in each.items if other.id != line.id)
        items = (*others, line) if each.id == list_id else others
        ordered = tuple(sorted(items, key=lambda other: other.position))
        result[each.id] = each._replace(items=ordered)
    return result


def _in_order(lists: Mapping[str, SeenChecklist]) -> tuple[SeenChecklist, ...]:
    return tuple(sorted(lists.values(), key=lambda each: each.position))
