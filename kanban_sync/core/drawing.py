"""From tasks to cards: which tasks share a card, where it stands, and what is written on it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING
from zlib import crc32

from kanban_sync.core.board import AGED_END, Card, CardVersion, Checklist, Item
from kanban_sync.core.card_words import block_of, line_of
from kanban_sync.core.columns import (
    BRANCH_LABEL,
    LIST_NAME_LIMIT,
    NAME_LIMIT,
    ROOT_FIELD,
    Column,
    fit,
)
from kanban_sync.core.descent import COMMIT_DIGITS
from kanban_sync.core.mapping import LABEL, PLAIN, SECTION, Drawing
from kanban_sync.core.merge import SET_HERE
from kanban_sync.core.model import OVER, UNKNOWN, Status, Task, TaskKey, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanban_sync.core.board import Said

SECTION_SIGN = "§"
"""Stands before the heading in the key of a section's card."""

LINES = "Tasks"
"""The title of a task list whose lines have no group of their own."""

DAY = 24 * 60 * 60

DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""In the order of their codes; a version field has little room."""

MOST_COUNTED, HASH_BITS = 15, 14
"""Three digits tell how many labels name a branch, or how many tasks are somebody's, up to which
number, and which ones or whose these are."""


def cards_of(tasks: Iterable[Task], drawing: Drawing = PLAIN, now: float = 0.0) -> list[Card]:
    """Draw the cards of all tasks; those below another become lines of its card's task lists.

    Parents and children may come in any order; the cards are in the order of their tasks' paths
    and positions.

    Args:
        tasks: All tasks, also those that are over.
        drawing: How to draw them.
        now: The time, in seconds since 1970; cards are not put away for their age without it.
    """
    parents: list[Task] = []
    below: dict[TaskKey, list[Task]] = {}
    for task in sorted(tasks, key=attrgetter("path", "position", "key")):
        if task.parent is None:
            parents.append(task)
        else:
            below.setdefault(task.parent, []).append(task)
    together: dict[TaskKey, list[Task]] = {}
    for parent in parents:
        # A change, or a task above all headings, keeps a card of its own.
        alone = drawing.cards != SECTION or not parent.group
        together.setdefault(parent.key if alone else _section_key(parent), []).append(parent)
    cards: list[Card] = []
    for key, members in together.items():
        children = [_descendants(member, below) for member in members]
        if key == members[0].key:
            cards.append(_card(members[0], children[0], drawing))
        else:
            cards.append(_section(key, members, children, drawing))
    return [_aged(card, drawing, now) for card in cards]


def with_ends(
    cards: Sequence[Card], tasks: Iterable[Task], base: Mapping[TaskKey, Said]
) -> list[Card]:
    """Add the ends of cards that this clone made and that are drawn no more.

    So it is when tasks come to share a card, or no longer do, or when a heading is renamed: what
    the old card said stands on another one now.
    """
    drawn = {card.key for card in cards}
    shared = {task.key for task in tasks if task.parent is None} - drawn
    ends = [
        replace(
            said.said,
            column=Column.ARCHIVE,
            version=_put_away(said.said.version),
            evident=True,
            end="drawn on another card now",
        )
        for key, said in base.items()
        if key in shared or (SECTION_SIGN in key.name and key not in drawn)
    ]
    return [*cards, *ends]


def _section_key(task: Task) -> TaskKey:
    return task.key._replace(name=f"{task.path}{SECTION_SIGN}{task.group}")


def _descendants(task: Task, below: Mapping[TaskKey, list[Task]]) -> list[Task]:
    found: list[Task] = []
    for child in below.get(task.key, ()):
        found.append(child)
        if child.key in below:
            found += _descendants(child, below)
    return found


def _card(parent: Task, children: Sequence[Task], drawing: Drawing) -> Card:
    living = [child for child in children if child.status is not Status.ORPHANED]
    branches = _branches([parent, *living], drawing)
    version = _version([parent, *children], branches)
    if parent.status is Status.ORPHANED:
        # Its last words are as old as what took it away.
        version = CardVersion(parent.status_version, parent.status_version)
    roots = {fit(root, LIST_NAME_LIMIT) for name, root in parent.fields if name == ROOT_FIELD}
    links = drawing.links.of(parent.path, parent.text_version.commit)
    return Card(
        key=parent.key,
        title=fit(parent.title, NAME_LIMIT),
        text=block_of(parent, links),
        column=drawing.place(parent.status, parent.word),
        labels=_labels([parent.status], drawing) | roots | (branches or frozenset()),
        checklists=_checklists(parent, living),
        version=version,
        evident=_is_evident(parent, living),
        names=drawing.layout.labels,
        links=links,
        end="over" if parent.status is Status.CANCELLED else "",
        owns_branches=_owns(branches, version),
    )


def _section(
    key: TaskKey, members: Sequence[Task], children: Sequence[Sequence[Task]], drawing: Drawing
) -> Card:
    """Draw the card of a heading: its tasks, and all below them, are one task list."""
    every = [task for top, more in zip(members, children, strict=True) for task in (top, *more)]
    living = [task for task in every if task.status is not Status.ORPHANED]
    lines = tuple(_item(task.key.name, task) for task in living)
    branches = _branches(living, drawing)
    version = _version(every, branches)
    newest = max(task.text_version for task in every)
    links = drawing.links.of(members[0].path, newest.commit)
    statuses = [task.status for task in members]
    return Card(
        key=key,
        title=fit(members[0].group, NAME_LIMIT),
        text=links,
        column=drawing.place(_status_of_section(statuses)),
        labels=_labels(statuses, drawing) | (branches or frozenset()),
        checklists=(Checklist(LINES, lines),) if lines else (),
        version=version,
        evident=all(_is_evident(task, ()) for task in members if task in living),
        names=drawing.layout.labels,
        links=links,
        owns_branches=_owns(branches, version),
    )


def _is_evident(task: Task, children: Sequence[Task]) -> bool:
    """Whether files say that a task is finished; one that was removed from its file says nothing.

    A change stands in review because all its boxes are ticked.
    """
    if task.status is Status.REVIEW:
        return bool(task.word) or bool(children)
    return task.status is Status.DONE and bool(task.word)


def _status_of_section(statuses: Iterable[Status]) -> Status:
    """Return the status of a heading from those of the tasks below it, as that of a change is."""
    living = {status for status in statuses if status is not Status.ORPHANED}
    still_open = {status for status in living if not status.is_over}
    if not living:
        return Status.ORPHANED
    if not still_open:
        return max(living, key=lambda status: status is Status.DONE)
    if still_open == {Status.REVIEW}:
        return Status.REVIEW
    if living <= {Status.BACKLOG, Status.CANCELLED}:
        return Status.BACKLOG
    is_begun = not living <= {Status.BACKLOG, Status.TODO, Status.CANCELLED}
    return Status.IN_PROGRESS if is_begun else Status.TODO


def _aged(card: Card, drawing: Drawing, now: float) -> Card:
    """Put a card that stood in Done for too long into the archive; its task stays done."""
    days = drawing.archive_done_after
    since = card.version.status.time
    # Nobody knows how old it is where the version is unknown.
    if not days or not since or card.column is not Column.DONE or now < since + days * DAY:
        return card
    return replace(
        card,
        column=Column.ARCHIVE,
        version=_put_away(card.version),
        evident=True,
        end=f"{AGED_END}{days} days",
    )


def _put_away(version: CardVersion) -> CardVersion:
    """Return the version of an archiving that no commit asked for.

    It is newer than the card was, so that no clone which draws otherwise brings the card back;
    whoever holds a newer state of the task does.
    """
    newest = version.newest
    return version._replace(status=Version(newest.time + 1, newest.commit))


def _version(tasks: Sequence[Task], branches: frozenset[str] | None) -> CardVersion:
    """Return the newest versions; whom the database gave a task to is one of its words."""
    texts = tuple(
        [
            max(task.text_version, task.status_version)
            if task.assignee and task.status_version.commit == SET_HERE
            else task.text_version
            for task in tasks
        ]
    )
    statuses = tuple([task.status_version for task in tasks])
    assigned = tuple([task.assignee for task in tasks])
    words = _newest(texts, assigned if any(assigned) else ())
    if branches is None:
        return CardVersion(words, _newest(statuses))
    return CardVersion(words, _newest_labelled(statuses, texts, tuple(sorted(branches))))


# A commit changes many tasks, so the same few versions return in card after card.
@lru_cache(maxsize=4096)
def _newest(versions: tuple[Version, ...], assigned: tuple[str, ...] = ()) -> Version:
    """Return the newest version; of a card with several tasks it tells about the others, too.

    Clones that know the same newest commit may know different ones of the other tasks. Who knows
    the newer ones is newer, and the same version is the same content. Whose a task is, a database
    may know alone, without a version: of clones that know the same, who knows more of it is newer.
    """
    newest = max(versions, default=UNKNOWN)
    if not (versions[1:] or assigned) or newest == UNKNOWN:
        return newest
    words = [_WORDS % version for version in versions]
    named = len(assigned) - assigned.count("")
    return _extended(newest, versions, named, f"[{', '.join(words)}]{assigned or ''}")


@lru_cache(maxsize=4096)
def _newest_labelled(
    statuses: tuple[Version, ...], texts: tuple[Version, ...], branches: tuple[str, ...]
) -> Version:
    """Return the newest version of statuses where labels tell of branches, too.

    The labels come of words as well as of statuses, so who knows the newer of either is newer. Of
    clones that know the same, some have not heard yet that a branch was merged: who has fewer
    labels is newer. Under the same version nobody has others.
    """
    newest = max(statuses, default=UNKNOWN)
    if newest == UNKNOWN:
        return newest
    versions = (*statuses, *texts)
    words = ", ".join([_WORDS % version for version in versions])
    merged = MOST_COUNTED - min(len(branches), MOST_COUNTED)
    return _extended(newest, versions, merged, f"{words}, {list(branches)!r}")


def _extended(newest: Version, known: Sequence[Version], count: int, told: str) -> Version:
    """Return a version that is the newer, the newer all that is known, then the larger a count.

    Of the same count a hash of what is ``told`` decides.
    """
    age = _in_order(sum([version.time for version in known]), 8)
    hash_ = crc32(told.encode("utf-8", "surrogatepass")) % (1 << HASH_BITS)
    more = _in_order(min(count, MOST_COUNTED) << HASH_BITS | hash_, 3)
    return Version(newest.time, f"{newest.commit[:COMMIT_DIGITS]}{age}{more}")


_WORDS = "Version(time=%r, commit=%r)"
"""How Python shows a version, written in a fraction of the time: cards keep a hash of it."""


def _in_order(number: int, length: int) -> str:
    """Return the last digits of a number, as words that are in the order of their numbers."""
    return "".join([DIGITS[number >> 6 * place & 63] for place in range(length - 1, -1, -1)])


def _branches(tasks: Iterable[Task], drawing: Drawing) -> frozenset[str] | None:
    """Return a label for each branch that says more than the default one; None if none is drawn."""
    if drawing.branches != LABEL:
        return None
    return frozenset(
        fit(f"{BRANCH_LABEL}{task.branch}", LIST_NAME_LIMIT) for task in tasks if task.branch
    )


def _owns(branches: frozenset[str] | None, version: CardVersion) -> bool:
    """Whether labels of other clones that name a branch are this one's to take away.

    Not where nothing is known of the statuses: nobody would be newer.
    """
    return branches is not None and version.status != UNKNOWN


def _labels(statuses: Iterable[Status], drawing: Drawing) -> frozenset[str]:
    names = drawing.layout.labels
    named = {Status.BLOCKED: names.blocked, Status.FAILED: names.failed}
    return frozenset({names.agent} | {named[each] for each in statuses if each in named})


def _checklists(parent: Task, children: Sequence[Task]) -> tuple[Checklist, ...]:
    by_title: dict[str, list[Item]] = {}
    by_group: dict[str, list[Item]] = {}
    above = f"{parent.key.name}#"
    for child in children:
        items = by_group.get(group := child.group)
        if items is None:
            own = group if group and group != parent.group else LINES
            # Groups whose titles are cut to the same words share a task list.
            items = by_group[group] = by_title.setdefault(fit(own, LIST_NAME_LIMIT), [])
        items.append(_item(child.key.name.removeprefix(above), child))
    return tuple([Checklist(title, tuple(items)) for title, items in by_title.items()])


def _item(key: str, task: Task) -> Item:
    return Item(key, line_of(task), task.status in OVER)
