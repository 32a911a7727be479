"""What ``kanban-sync check`` may find, by code, and whether that is an error or a warning.

A code never changes its meaning once it was released: settings and other people's scripts name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR, WARNING, OFF = "error", "warning", "off"

LEVELS = (ERROR, WARNING, OFF)
"""What the settings may make of a code."""

CONFLICT = "conflict"
UNREADABLE = "unreadable"
TOO_LARGE = "too-large"
BAD_YAML = "bad-yaml"
BAD_JSON = "bad-json"
WRONG_SHAPE = "wrong-shape"
SYMBOLIC_LINK = "symbolic-link"
UNCLOSED = "unclosed"
DUPLICATE_ID = "duplicate-id"
UNKNOWN_DEPENDENCY = "unknown-dependency"
MISSPELT_DEPENDENCY = "misspelt-dependency"
UNCLEAR_DEPENDENCY = "unclear-dependency"
CYCLE = "dependency-cycle"
UNKNOWN_STATUS = "unknown-status"
UNKNOWN_MARK = "unknown-mark"
TICKED = "ticked"
LEGEND = "legend"
MIXED = "mixed-dialects"
BOX_DISAGREES = "box-disagrees"
SAID_TWICE = "said-twice"
NO_TASK = "no-task"
NOTHING_READ = "nothing-read"
STRAY_ID = "stray-id"
LOOSE_ROW = "loose-row"
UNKNOWN_COLUMN = "unknown-column"
BAD_UTF8 = "bad-utf8"
OPENSPEC_MARK = "openspec-mark"
OPENSPEC_DUPLICATE = "openspec-duplicate"
OPENSPEC_GROUP = "openspec-group"
OPENSPEC_NO_BOXES = "openspec-no-boxes"
OPENSPEC_NESTED = "openspec-nested"
OPENSPEC_METADATA = "openspec-metadata"
OPENSPEC_SCHEMA = "openspec-schema"

CODES: Mapping[str, str] = {
    CONFLICT: ERROR,
    UNREADABLE: ERROR,
    TOO_LARGE: ERROR,
    BAD_YAML: ERROR,
    BAD_JSON: ERROR,
    WRONG_SHAPE: ERROR,
    SYMBOLIC_LINK: WARNING,
    UNCLOSED: ERROR,
    DUPLICATE_ID: ERROR,
    UNKNOWN_DEPENDENCY: ERROR,
    MISSPELT_DEPENDENCY: WARNING,
    UNCLEAR_DEPENDENCY: WARNING,
    CYCLE: ERROR,
    UNKNOWN_STATUS: ERROR,
    UNKNOWN_MARK: ERROR,
    TICKED: WARNING,
    LEGEND: WARNING,
    MIXED: WARNING,
    BOX_DISAGREES: WARNING,
    SAID_TWICE: WARNING,
    NO_TASK: WARNING,
    NOTHING_READ: WARNING,
    STRAY_ID: WARNING,
    LOOSE_ROW: WARNING,
    UNKNOWN_COLUMN: WARNING,
    BAD_UTF8: WARNING,
    OPENSPEC_MARK: WARNING,
    OPENSPEC_DUPLICATE: WARNING,
    OPENSPEC_GROUP: WARNING,
    OPENSPEC_NO_BOXES: WARNING,
    OPENSPEC_NESTED: WARNING,
    OPENSPEC_METADATA: ERROR,
    OPENSPEC_SCHEMA: ERROR,
}
"""Code -> what it is where the settings say nothing."""


EMPTIED = (
    "is empty now, as after a write that was cut off; until it holds something again, or is"
    " removed, it counts as it last was."
)
"""What is said of a file without a word that held tasks before."""

MISREAD = (
    "holds tasks no more, though their words still stand in it: a heading, the header of a table,"
    " the name of a list, or the dialect in the settings is another one; mend it, or take the words"
    " out. Until then the file counts as it last was."
)
"""What is said of a file whose tasks are all gone, and their words are not."""


def level_of(code: str, said: Mapping[str, str]) -> str:
    """Return what a code is: what the settings say, else the table."""
    return said.get(code) or CODES[code]


def code_problem(code: str) -> str:
    """Return what is wrong with a code that settings name, '' if there is one."""
    if code in CODES:
        return ""
    # Here, since only mistakes need it.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(code, CODES, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"is nothing that 'kanban-sync check' finds{hint}"
