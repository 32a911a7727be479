"""What git tells of a repository at one moment: its layers, and where the branches are."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kanban_sync.core.tuples import NamedTuple

if TYPE_CHECKING:
    from kanban_sync.core.history import LogEntry
    from kanban_sync.core.units import Tree

NO_FILES: Tree = MappingProxyType({})


class Fork(NamedTuple):
    """A commit that a layer has in common with the base layer: a merge base of the two.

    ``changed`` are the watched files of which the base layer has other bytes by now, with their
    blob ids then; '' for those that were not there. ``time`` is the commit's, in seconds.
    """

    commit: str
    changed: Tree
    time: int = 0


class Layer(NamedTuple):
    """One state of the repository that has a say.

    The first one is the base layer. Its ``tree`` holds all watched files. ``log`` holds the commits
    that changed watched files, oldest first: those after ``since`` if that is an ancestor of
    ``tip``, else all (``since`` is empty then). ``links`` are symbolic links at watched paths;
    their blobs hold where they lead. ``others`` tells all branches apart that may be layers: a hash
    of their names and tips; ``unread`` names those whose commits cannot be read.

    Of any other layer ``changed`` are the watched files that differ from its first fork, with their
    blob ids; '' for those that are gone. ``log`` holds the commits that it adds to the base layer.
    ``is_still`` tells of the base layer that nothing has moved since.
    """

    name: str
    tip: str
    tree: Tree
    log: tuple[LogEntry, ...] = ()
    since: str = ""
    links: Tree = NO_FILES
    others: str = ""
    forks: tuple[Fork, ...] = ()
    changed: Tree = NO_FILES
    is_still: bool = False
    unread: tuple[str, ...] = ()


class Branches(NamedTuple):
    """Where the branches stood at one moment, as the hook's shim compares it.

    ``own`` is the reference that the work tree has checked out ('' where none is), ``remote`` the
    remote branch that stands for the default branch ('' where a local one does). ``text`` is what
    ``for-each-ref`` prints of the local branches and ``remote``, with an empty line for ``own``.
    ``files`` is how many of these but ``own`` are files of their own; None where references are
    kept in another way. ``moment`` (monotonic seconds) lies before all of this was read.
    """

    own: str
    text: str
    remote: str = ""
    files: int | None = None
    moment: float = 0.0
