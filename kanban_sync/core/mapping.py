"""What the settings may say of a board: each value by itself, and what does not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.board import LABELS, LIST_NAME_LIMIT, LISTS, Column, fit
from kanban_sync.core.drawing import SECTION, TASK
from kanban_sync.core.links import NO_LINKS, PATH
from kanban_sync.core.model import Status, plain_word

if TYPE_CHECKING:
    from kanban_sync.core.drawing import Drawing

COLUMNS = tuple(column.word for column in LISTS)
"""What the settings call the six columns."""

OUR_LABELS = LABELS._fields

CARDS = (TASK, SECTION)

LONGEST = 36_500
"""Days of ``archive_done_after`` at most; more is never."""


def name_problem(value: object) -> str:
    """Return '' for what a list or label may be called, or else what it has to be."""
    good = isinstance(value, str) and value.strip() and fit(value, LIST_NAME_LIMIT) == value.strip()
    return "" if good else f"a text of at most {LIST_NAME_LIMIT} characters"


def days_problem(value: object) -> str:
    """Return '' for a number of days, or else what it has to be."""
    is_number = isinstance(value, str) and value.isascii() and value.isdigit()
    good = is_number and 0 < int(str(value)[: len(str(LONGEST)) + 1]) <= LONGEST
    return "" if good else f"a whole number of days, 1 to {LONGEST}"


def links_problem(value: object) -> str:
    """Return '' for an address of files, or else what it has to be."""
    is_address = isinstance(value, str) and value.startswith(("https://", "http://"))
    good = is_address and PATH in str(value) and not set(str(value)) & set(" ()<>\n")
    text = f"'{NO_LINKS}', or an address with {PATH} in it, as https://host/{{branch}}/{{path}}"
    return "" if good or value == NO_LINKS else text


def clashes(drawing: Drawing) -> dict[tuple[str, str], str]:
    """Return what cannot be, each with the part and the name of the setting that says it."""
    found: dict[tuple[str, str], str] = {}
    names = {column.word: column.value for column in LISTS} | dict(drawing.lists)
    done = Column.DONE.word
    sharing = [word for word in COLUMNS if word != done and names[word] == names[done]]
    if sharing:
        where = done if done in dict(drawing.lists) else sharing[0]
        text = "cards in Done are closed, so it has to have a list of its own"
        found["lists", where] = f"is the list of {done} and of {sharing[0]}; {text}"
    called = LABELS._asdict() | dict(drawing.labels)
    for label, name in drawing.labels:
        others = [other for other in OUR_LABELS if other != label and called[other] == name]
        if others:
            found["labels", label] = f"is the label {others[0]}, too; give it another name"
    for word, _ in drawing.statuses:
        if plain_word(word) == Status.ORPHANED:
            found["statuses", word] = "has to be left out: what no file holds goes to the archive"
    return found
