"""Moving a task to another column of its file: an item, or a heading with all below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.sources.kanban_headings import KanbanHeadings
from kanban_sync.sources.splicing import CannotError, Splice, splice

if TYPE_CHECKING:
    from kanban_sync.sources.editable_markdown import Editable, Section
    from kanban_sync.sources.outline import Box


def move_item(file: Editable, box: Box, status: Status) -> list[Splice]:
    """Move an item behind the last one of the column that stands for a status, its tick adapted."""
    done = status is Status.DONE
    tick = file.tick(box, done=done)
    columns = file.columns()
    if any(box.line in each and each.status is status for each in columns):
        return tick
    target = column_for(columns, status, needed=not (done and tick))
    if target is None:
        return tick
    first, last = box.line, file.last_of(box)
    start = file.text.start(first)
    moved = [Splice(each.start - start, each.end - start, each.text) for each in tick]
    block = splice("\n".join(file.block(box)), moved).split("\n")
    inside = [
        each.box
        for each in file.tops
        if each.dialect == KanbanHeadings.NAME and each.box.line in target
    ]
    alone = _alone(file, box) if box.heading else None
    if alone and not any(each.heading == box.heading for each in inside):
        return _move_section(file, alone, target, block)
    # Where a column lacks the heading that it stands below, it goes to the column itself.
    peers = [each for each in inside if each.heading == box.heading]
    peers = peers or [each for each in inside if not each.heading]
    if peers:
        put = file.text.below(file.last_of(peers[-1]), block)
    else:
        put = file.below_heading(target, block)
    return [file.text.without(first, last), put]


def _alone(file: Editable, box: Box) -> Section | None:
    """Return the section of a heading below which an item is all; without it that were a task."""
    above = [each for each in file.sections() if box.line in each]
    section = above[-1] if above else None
    if section is None:
        return None
    inside = [*range(section.first + 1, box.line), *range(file.last_of(box) + 1, section.last + 1)]
    return section if all(file.text.is_blank(each) for each in inside) else None


def _move_section(
    file: Editable, section: Section, target: Section, block: list[str]
) -> list[Splice]:
    """Move a heading with the one item below it to the end of a column."""
    end = target.last
    while file.text.is_blank(end):
        end -= 1
    gap = [""] if file.text.is_blank(section.first + 1) else []
    put = ["", file.text.line(section.first), *gap, *block]
    gone = Splice(file.text.start(section.first), file.text.after(section.last), "")
    return [gone, file.text.below(end, put)]


def move_heading(file: Editable, box: Box, status: Status) -> list[Splice]:
    """Move a heading, with all below it, to the end of the column for a status, if there is one."""
    target = column_for(file.columns(), status, needed=False)
    if target is None:
        return []
    section = file.section_of(box.line)
    last = section.last
    while file.text.is_blank(last):
        last -= 1
    block = [file.text.line(each) for each in range(section.first, last + 1)]
    end = target.last
    while file.text.is_blank(end):
        end -= 1
    gone = Splice(file.text.start(section.first), file.text.after(section.last), "")
    return [gone, file.text.below(end, ["", *block])]


def column_for(columns: list[Section], status: Status, *, needed: bool = True) -> Section | None:
    """Return the first column that stands for a status; refuse where none does but is needed."""
    found = next((each for each in columns if each.status is status), None)
    if found is None and needed:
        names = ", ".join(repr(each.words) for each in columns)
        raise CannotError(f"no column stands for {status}, only {names}; add a heading for it")
    return found
