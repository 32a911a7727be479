"""Where tasks have to be done for those that need them, as the newest settings of all clones say.

Clones that share a database may have fetched different settings. Each records what its own say
with the commit that changed them last, and the newer one counts for all: who is merely behind
neither asks for more than the others nor takes that back. Of settings of one age those that ask
for the default branch count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import UNKNOWN, Version

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_BRANCH = "default-branch"


class Asked(NamedTuple):
    """What is recorded of a clone's own settings, '' for nothing, and what holds for all clones."""

    mark: str = ""
    is_strict: bool = False


def mark_of(word: str, version: Version) -> str:
    """Return what is recorded of settings and the commit that changed them last."""
    return word if version == UNKNOWN else f"{word}:{version.time}:{version.commit}"


def word_of(mark: str) -> str:
    """Return what settings say, of what is recorded of them."""
    return mark.partition(":")[0]


def is_strict(marks: Iterable[str]) -> bool:
    """Tell whether files of the default branch have to say that what is needed is done.

    Args:
        marks: What is recorded of each clone's settings.
    """
    return max(map(_age_of, marks), default=(UNKNOWN, False))[1]


def _age_of(mark: str) -> tuple[Version, bool]:
    word, _, version = mark.partition(":")
    time, _, commit = version.partition(":")
    return Version(int(time), commit) if time else UNKNOWN, word == DEFAULT_BRANCH
