"""What a clone's settings ask of what tasks need, and which commit said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.config import SATISFIED_BY as WORDS
from kanban_sync.config import SETTINGS_FILE
from kanban_sync.core.errors import OutOfReachError
from kanban_sync.core.model import UNKNOWN, Problem, Version
from kanban_sync.core.ports import SATISFIED_BY
from kanban_sync.core.satisfying import DEFAULT_BRANCH, Asked, is_strict, mark_of, word_of

if TYPE_CHECKING:
    from kanban_sync.config import Settings
    from kanban_sync.core.ports import FilesState
    from kanban_sync.sync.session import Clone, Session

USUAL = WORDS[0]

AT_ODDS = (
    "'git.branches: current' and 'satisfied_by: default-branch' contradict each other, and the"
    " first one wins: what is checked out counts as the default branch. Take one of them out"
)


def at_odds(settings: Settings) -> tuple[Problem, ...]:
    """Tell settings that ask for the default branch where it is not read."""
    is_so = settings.branches == "current" and settings.satisfied_by == DEFAULT_BRANCH
    return (Problem(SETTINGS_FILE, 0, AT_ODDS),) if is_so else ()


def asked(session: Session, files: FilesState) -> Asked:
    """Return what is recorded of a clone's settings, and what holds with those of the others.

    Where nobody asks for the default branch git is not asked.
    """
    word = session.settings.satisfied_by
    if word == USUAL and not files.marks_of_others:
        return Asked()
    name, tip = session.clone.branch()
    was = files.tips.get(SATISFIED_BY, "")
    is_as_was = word_of(was) == word and files.tips.get(name) == tip
    mark = was if is_as_was else mark_of(word, _changed(session.clone, tip))
    return Asked(mark, is_strict([mark, *files.marks_of_others]))


def _changed(clone: Clone, tip: str) -> Version:
    try:
        return clone.changed(tip, SETTINGS_FILE) if tip else UNKNOWN
    except OutOfReachError:
        # Whoever has them knows better.
        return UNKNOWN
