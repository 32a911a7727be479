"""What has to be done so that a board says what the repository says.

``plan`` looks at each task from three sides: how its card ought to be (desired), how the board has
it (actual), and what was last agreed on (base). The table of its decisions, first match wins:

====  =============  =====================  ==================  ==================================
row   desired        actual                 base                decision
====  =============  =====================  ==================  ==================================
1     none           gone                   yes                 forget
2     none           anything else          any                 nothing: absence is no evidence
3     to archive     none, or archived      none                nothing: there never was a card
4     to archive     gone, or never made    yes                 forget
5     to archive     archived               yes                 remember that, and by whom
6     to archive     on the board           none                nothing: not this clone's card
7     to archive     on the board, newer    yes                 nothing: another clone knows more
8     to archive     on the board           yes                 archive
9     yes            none                   none, or cut off    create
10    yes            gone                   as desired          remember: a person deleted it
11    yes            gone                   other, or forced    create: the task has changed since
12    yes            on another board       yes                 nothing: a person moved it there
13    yes            put away by a person   any                 remember it: it stays there
14    yes            archived by us, newer  said by another     nothing: deleted later than we know
15    yes            archived by us         any                 update: bring it back
16    yes            on the board, equal    as desired          nothing
17    yes            on the board, equal    none, or other      remember
18    yes            differs, unmarked      any                 update both parts
19    yes            part is older          any                 update that part
20    yes            part is newer          own state changed   update that part (a reset)
21    yes            part is newer          any                 nothing: another clone is ahead
22    yes            same version           mark is ours        update that part: repair, or leave
23    yes            same version           other mark          nothing: another release drew it
24    yes            an older card too      its card is younger archive the younger one
25    yes            a late one of ours too of a lost request   archive the late one
====  =============  =====================  ==================  ==================================

Rows 18 to 23 are decided for the text part and for the status part of a card on their own. Row 22
leaves what a person changed where the settings say so, but for the footer, by which clones know the
card. Rows 24 and 25 come before rows 3 to 23; the next sync deals with the card that stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanban_sync.core.board import NEVER, Said
from kanban_sync.core.checklists import STEP
from kanban_sync.core.columns import LISTS, Column
from kanban_sync.core.difference import difference
from kanban_sync.core.finding import archived_by_us, each_its_own, find_cards
from kanban_sync.core.guard import guard
from kanban_sync.core.operations import (
    REPAIRED,
    Archive,
    Create,
    Forget,
    Move,
    Note,
    Operation,
    Plan,
    Remember,
    Update,
)
from kanban_sync.core.precedence import (
    TAKEN_BACK,
    Marks,
    Side,
    is_newer,
    is_unchanged,
    right_to_write,
    said_newest,
    stamp_after,
    stamp_archived,
    stamp_made,
    version_said,
    why_left,
    withdrawn_sides,
)
from kanban_sync.core.surplus import archive_surplus, ended
from kanban_sync.core.telling import deleted_notes, is_left_deleted, titled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanban_sync.core.board import BoardState, Card, SeenCard
    from kanban_sync.core.difference import Difference
    from kanban_sync.core.model import TaskKey

KEPT_TEXT = "a person changed it on the board; it stays so until the task changes (drift: keep)"

TAKEN_OUT = (
    "a person took it out of the archive, where it was put for its age; it stays until its task"
    " changes"
)

MADE_TWICE = "it was made twice at the same time"

ARCHIVED_ELSEWHERE = (
    "its card was archived by a clone with a newer commit or other settings; pull, sync that clone"
    " again, or take the card out of the board's archive"
)


def plan(  # noqa: PLR0913 - three sides, who draws, whose cards, and whether it is forced
    desired: Sequence[Card],
    actual: BoardState,
    base: Mapping[TaskKey, Said],
    mark: str,
    project: str,
    *,
    others: frozenset[str] = frozenset(),
    left: int = 0,
    force: bool = False,
    keep_drift: bool = False,
) -> Plan:
    """Return what has to be done, as data; nothing is read or written here.

    Args:
        desired: The cards as they ought to be, in order.
        actual: What one reading of the board told.
        base: What this clone last agreed on, by key.
        mark: The rendering mark of this release and mapping.
        project: The id of our project; cards with another project's footer are strangers'.
        others: Marks with which others draw, who share the base with us.
        left: How many cards on the board are left out of all this, since they are settled.
        force: Whether to let through what the guard holds back, and to make deleted cards again.
        keep_drift: Whether what a person changed stays until the task itself changes.
    """
    base = each_its_own(base, actual)
    found = find_cards(desired, actual, base, project)
    marks, bottoms = Marks(mark, others), _bottoms(actual, base)
    terms = _Terms(actual, marks, bottoms, force=force, keep_drift=keep_drift)
    operations: list[Operation] = []
    notes: list[Note] = list(found.notes)
    deleted = 0
    for card in desired:
        seen, said = found.cards.get(card.key), base.get(card.key)
        decision = archive_surplus(card, found, said) or _decide(card, seen, said, terms)
        deleted += seen is None and is_left_deleted(decision, said)
        if isinstance(decision, Note):
            notes.append(decision)
        elif decision is not None:
            operations.append(decision)
        if isinstance(decision, Remember) and decision.note:
            notes.append(Note(str(card.key), decision.note))
    notes += deleted_notes(deleted)
    operations += _forget(desired, actual, base)
    ours = left + sum(not seen.archived for seen in found.cards.values())
    kept, held = guard(operations, ours, force=force)
    return Plan(tuple(kept), tuple(held), titled(notes, desired), actual.missing)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the decisions on all cards share; ``bottoms`` are taken from as cards are placed."""

    actual: BoardState
    marks: Marks
    bottoms: dict[Column, float]
    force: bool
    keep_drift: bool


def _decide(
    card: Card, seen: SeenCard | None, base: Said | None, terms: _Terms
) -> Operation | Note | None:
    if card.column is Column.ARCHIVE:
        return _decide_end(card, seen, base, terms)
    if seen is None:
        return _decide_absent(card, base, terms)
    if seen.archived and not archived_by_us(seen, base):
        # Row 13.
        if base is None or base.seen != seen or not is_unchanged(card, base, terms.marks.mine):
            # Of a card that this clone never wrote to, it has said nothing.
            known = base or Said(seen.id, replace(card, version=NEVER), terms.marks.mine)
            settled = "" if base is None else card.digest
            archived = replace(known, card_id=seen.id, seen=seen, deleted=False, settled=settled)
            return Remember(archived, "a person put its card away", _put_away(seen))
        return Note(str(card.key), _put_away(seen))
    taken_back = base is not None and base.archived and said_newest(seen.stamp, base)
    if seen.archived and is_newer(seen.stamp, card) and not taken_back:
        # Row 14.
        return Note(str(card.key), ARCHIVED_ELSEWHERE)
    return _decide_present(card, seen, base, terms)


def _put_away(seen: SeenCard) -> str:
    if seen.trashed:
        return "a person put its card into the trash; it stays there"
    return "a person archived its card; it stays archived"


def _decide_end(
    card: Card, seen: SeenCard | None, base: Said | None, terms: _Terms
) -> Operation | Note | None:
    """Rows 3 to 8: the task is over, its card belongs into the board's archive."""
    if base is None:
        # Rows 3 and 6.
        return (
            None
            if seen is None or seen.archived
            else Note(str(card.key), "the task is over, but its card was not made by this clone")
        )
    if seen is None:
        # Row 4.
        is_gone = base.card_id in terms.actual.gone or not base.card_id
        return Forget(card.key, "its card is not there") if is_gone else None
    if seen.archived:
        # Row 5.
        if base.finished and base.said.column is Column.ARCHIVE:
            return None
        put_away, ours = ended(card, base), archived_by_us(seen, base)
        if seen.stamp is not None and said_newest(seen.stamp, base):
            # It stays ours to take back.
            put_away = replace(put_away, version=seen.stamp.version)
        said = replace(base, said=put_away, seen=seen, finished=True, archived=ours, before=())
        said = replace(said, settled="")
        return Remember(said, "its card is in the archive")
    return _decide_over(card, seen, base, terms)


def _decide_over(card: Card, seen: SeenCard, base: Said, terms: _Terms) -> Operation | Note:
    """Rows 7 and 8: the task is over, its card is on the board still."""
    if is_newer(seen.stamp, card) and not said_newest(seen.stamp, base):
        # Row 7.
        return Note(str(card.key), "gone here, but another clone has a newer version of it")
    if _is_taken_out(card, seen, base):
        if card.is_aged:
            return Note(str(card.key), TAKEN_OUT)
        if terms.keep_drift:
            return Note(str(card.key), KEPT_TEXT, is_drift=True)
    # Row 8.
    stamp = stamp_archived(card, seen, base)
    reason = f"its task is {_end(card)}"
    return Archive(ended(card, base), seen, stamp, base.items, reason, made=base.made)


def _is_taken_out(card: Card, seen: SeenCard, base: Said) -> bool:
    """Whether a person took a card out of the archive where we put it, for the same reason.

    Of one that was put away for its age the card itself tells: another clone may have done so.
    """
    if seen.stamp is None or not seen.stamp.archived or not base.finished:
        return False
    said = seen.stamp.version if card.is_aged else base.said.version
    return card.version == said and (base.archived or card.is_aged)


def _end(card: Card) -> str:
    return card.end or "in no file any more"


def _decide_absent(card: Card, base: Said | None, terms: _Terms) -> Operation | Note | None:
    """Rows 9 to 12: there ought to be a card, and the board has none."""
    actual, bottoms, mark = terms.actual, terms.bottoms, terms.marks.mine
    if base is not None and base.card_id in actual.elsewhere:
        # Row 12.
        return Note(str(card.key), "a person moved its card to another board")
    if base is not None and base.card_id in actual.gone:
        if is_unchanged(card, base, mark) and not terms.force:
            # Row 10.
            deleted = replace(base, deleted=True)
            return None if base.deleted else Remember(deleted, "a person deleted its card")
        # Row 11.
        reason = "forced" if terms.force else "changed since"
        return Create(card, _place(bottoms, card, base), stamp_made(card, mark), reason)
    if base is not None and base.card_id:
        return Note(str(card.key), "its card was not found; looked for again next time")
    # Row 9.
    return Create(card, _place(bottoms, card, base), stamp_made(card, mark), "new")


def _decide_present(
    card: Card, seen: SeenCard, base: Said | None, terms: _Terms
) -> Operation | Note | None:
    """Rows 15 to 23: the card is there (or comes back); write the parts in which we are right."""
    marks, mark, bottoms = terms.marks, terms.marks.mine, terms.bottoms
    if base is not None and _is_as_left(base, card, seen, mark):
        return None
    meant = _meant(card, base)
    made = base.made if base is not None and base.card_id == seen.id else frozenset[str]()
    differs = difference(card, seen, base, meant or bottoms[card.column] + STEP)
    if not differs.text and not differs.status:
        return _decide_equal(card, seen, base, terms, differs)
    parts, back = ((Side.TEXT, differs.text), (Side.STATUS, differs.status)), seen.archived
    sides = {
        side: reason
        for side, changes in parts
        if changes
        and (reason := "back again" if back else right_to_write(side, card, seen, base, marks))
    }
    text = differs.text
    if (
        differs.twice
        and sides.get(Side.TEXT) == REPAIRED
        and terms.keep_drift | (text == differs.twice)
    ):
        text, sides[Side.TEXT] = differs.twice, MADE_TWICE
    if terms.keep_drift and seen.key == card.key:
        drifted = {side for side, reason in sides.items() if reason == REPAIRED}
        sides = {side: reason for side, reason in sides.items() if side not in drifted}
        if drifted and not sides:
            return Note(str(card.key), KEPT_TEXT, is_drift=True)
    equal = {side for side, there in parts if not there}
    withdrawn = withdrawn_sides(equal, card, seen, base, terms.marks)
    if not sides and not withdrawn:
        # Rows 21 and 23.
        return Note(str(card.key), why_left((side for side, found in parts if found), card))
    if Side.STATUS in sides and any(isinstance(change, Move) for change in differs.status):
        _place(bottoms, card, base)
    changes = (
        *(text if Side.TEXT in sides else ()),
        *(differs.status if Side.STATUS in sides else ()),
    )
    stamp = stamp_after(equal | sides.keys(), withdrawn | sides.keys(), card, seen, mark)
    said = replace(card, version=version_said(equal | sides.keys(), card))
    reason = ", ".join(dict.fromkeys(sides.values())) or TAKEN_BACK
    written = stamp if stamp != seen.stamp else None
    items, theirs, words = differs.items, differs.theirs, differs.words
    return Update(said, seen, changes, written, mark, items, reason, theirs, made, words)


def _decide_equal(
    card: Card, seen: SeenCard, base: Said | None, terms: _Terms, differs: Difference
) -> Operation | None:
    """Rows 16, 17 and 20: all that is written on the card is as it should be."""
    mark, items, words = terms.marks.mine, differs.items, differs.words
    made = base.made if base is not None and base.card_id == seen.id else frozenset[str]()
    if withdrawn := withdrawn_sides(set(Side), card, seen, base, terms.marks):
        stamp = stamp_after(set(Side), withdrawn, card, seen, mark)
        return Update(card, seen, (), stamp, mark, items, TAKEN_BACK, differs.theirs, made, words)
    if base is not None and base.words == words and _is_agreed(base, card, seen, items):
        return None
    agreed = Said(seen.id, card, mark, seen, items, theirs=differs.theirs, made=made, words=words)
    return Remember(agreed, "the board already says so")


def _is_as_left(base: Said, card: Card, seen: SeenCard, mark: str) -> bool:
    """Whether nothing has changed on either side: of most cards that is told at once."""
    if base.mark != mark or base.seen != seen or not _is_agreed(base, card, seen, base.items):
        return False
    return base.items.keys() == {item.key for each in card.checklists for item in each.items}


def _is_agreed(base: Said, card: Card, seen: SeenCard, items: Mapping[str, str]) -> bool:
    """Whether the base already tells that this card, there, says just that."""
    return (
        base.said == card
        and base.card_id == seen.id
        and base.finished
        and not base.archived
        and not base.deleted
        and (base.items is items or dict(base.items) == dict(items))
    )


def _forget(
    desired: Sequence[Card], actual: BoardState, base: Mapping[TaskKey, Said]
) -> list[Operation]:
    """Row 1 (row 2 is to do nothing)."""
    wanted = {card.key for card in desired}
    return [
        Forget(key, "neither task nor card exist any more")
        for key, said in base.items()
        if key not in wanted and said.card_id in actual.gone
    ]


def _bottoms(actual: BoardState, base: Mapping[TaskKey, Said]) -> dict[Column, float]:
    """Return the position of the last card of each column, people's cards included.

    Where a card was meant to be put, by a sync that did not end, nothing else is.
    """
    bottoms = dict.fromkeys((*LISTS, Column.ARCHIVE), 0.0)
    places = [(said.said.column, _meant(said.said, said)) for said in base.values()]
    places += [
        (card.column, card.position)
        for card in actual.cards
        if card.column is not None and not card.archived
    ]
    for column, position in places:
        bottoms[column] = max(bottoms[column], position)
    return bottoms


def _meant(card: Card, base: Said | None) -> float:
    """Return where a sync that did not end was to put the card, 0 if it was not there."""
    is_meant = base is not None and not base.finished and base.said.column is card.column
    return base.place if base is not None and is_meant else 0.0


def _place(bottoms: dict[Column, float], card: Card, base: Said | None) -> float:
    """Return where the card was meant to be put, or else the next free position in its column."""
    if meant := _meant(card, base):
        return meant
    bottoms[card.column] += STEP
    return bottoms[card.column]
