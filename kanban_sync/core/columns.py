"""What a board is made of by name: six columns, our labels, and what names may be like."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from kanban_sync.core.model import Status
from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Column(StrEnum):
    """Where a card belongs; the value is the list's name on the board, in the board's order."""

    BACKLOG = "Backlog"
    TODO = "To Do"
    PLANNING = "Planning"
    IN_PROGRESS = "In Progress"
    REVIEW = "Review"
    DONE = "Done"
    ARCHIVE = "archive"
    """Not one of the six lists: the board's own archive."""

    # Enum's own is a call into Python, and each card is sorted by its column.
    __hash__ = str.__hash__

    @property
    def word(self) -> str:
        """What the settings call it."""
        return self.name.lower()

    @property
    def is_shared(self) -> bool:
        """Whether people move our cards freely between this column and its like."""
        return self in {Column.BACKLOG, Column.TODO}


LISTS = tuple(column for column in Column if column is not Column.ARCHIVE)

AGENT_LABEL = "agent"
"""The label on every card of ours."""

BRANCH_LABEL = "branch: "
"""How the label begins that tells on which branch a task says more than on the default one."""

STATUS_LABELS: Mapping[Status, str] = {Status.BLOCKED: "blocked", Status.FAILED: "failed"}


class LabelNames(NamedTuple):
    """What our labels are called on the board."""

    agent: str = AGENT_LABEL
    blocked: str = STATUS_LABELS[Status.BLOCKED]
    failed: str = STATUS_LABELS[Status.FAILED]


LABELS = LabelNames()


@dataclass(frozen=True, slots=True)
class Layout:
    """What the lists of a board and our labels are called there; a column may have no list."""

    lists: Mapping[Column, str] = field(
        default_factory=lambda: {column: column.value for column in LISTS}
    )
    labels: LabelNames = LABELS


ARCHIVED_WORD = "archived"
"""The word for the status of a change that was found in the archive."""

ROOT_FIELD = "openspec root"
"""The field of a task that names its root, where one repository has several."""

NAME_LIMIT = 1024
"""UTF-16 units of a card's or a task's name."""

LIST_NAME_LIMIT = 128
"""UTF-16 units of the name of a list, label, board, project or task list."""


def fit(text: str, limit: int) -> str:
    """Cut a name to what a board stores: ``limit`` UTF-16 units, no NUL, never blank."""
    clean = storable(text).strip() or "(no text)"
    # No character has more than two units.
    if 2 * len(clean) <= limit:
        return clean
    units = clean.encode("utf-16-le")
    if len(units) <= 2 * limit:
        return clean
    return units[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


def storable(text: str) -> str:
    """Return a text without what no board stores: NUL, and halves of surrogate pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


# Made once: ``json.dumps`` makes one for each call, and a card has three digests.
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def digest(value: object) -> str:
    """Return a hash of plain data."""
    return hashlib.sha256(_ENCODER.encode(value).encode()).hexdigest()
