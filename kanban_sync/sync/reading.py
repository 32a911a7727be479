"""What the files say now: only units that changed since the last pass are read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanban_sync.core.errors import OutOfReachError
from kanban_sync.core.liveness import OTHERS
from kanban_sync.core.model import Problem
from kanban_sync.core.ports import SATISFIED_BY, STRICT
from kanban_sync.core.satisfying import Asked
from kanban_sync.core.slots import (
    at_fork,
    fork_slot,
    slots_of,
)
from kanban_sync.core.uncommitted import is_layer
from kanban_sync.sync.branch_problems import beyond
from kanban_sync.sync.outcome import Reading
from kanban_sync.sync.overlays import Overlays, all_wanted
from kanban_sync.sync.parsing import Parsing
from kanban_sync.sync.remembered import Remembered
from kanban_sync.sync.unit_reading import Behind, UnitReader
from kanban_sync.sync.watched import pathspecs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kanban_sync.core.model import Task
    from kanban_sync.core.ports import FilesState, Layer, Repository, Source, SourceSettings
    from kanban_sync.sync.parsing import Contents
    from kanban_sync.sync.remembered import Parses

UNASKED = Asked()

READERS = ":readers"
"""Among the tips: a hash of what reads the files. A new release reads everything again."""

UNREAD = (
    "git cannot read its commit, so it has no say; 'git fsck' tells what is damaged. Fetch it"
    " again, or take it away ('git update-ref -d', 'git worktree remove')"
)
"""What is told of a branch, or of a work tree without one."""

UNFINISHED = (
    "git has not finished making it, so it has no say; if nothing is making it any more, take it"
    " away ('git worktree remove --force --force', with the folder that 'git worktree list' names)"
)
"""What is told of a work tree."""


def read_files(  # noqa: PLR0913 - the two ports, what reads, and what is known
    repository: Repository,
    contents: Contents,
    sources: Mapping[str, Source],
    settings: SourceSettings,
    project: str,
    known: Callable[[], Sequence[Task]],
    files: FilesState,
    *,
    with_archive: bool = False,
    asked: Asked = UNASKED,
    parses: Parses | None = None,
    anew: bool = False,
) -> Reading | None:
    """Read what the repository says at the commit of its layer; None before any commit.

    Args:
        repository: Where the layers come from.
        contents: Where the bytes come from.
        sources: The dialects by name.
        settings: Where they look.
        project: The project's id.
        known: Reads all tasks of the database; only called if something is new.
        files: What the last pass recorded.
        with_archive: Whether changes that were archived before the first pass become tasks.
        asked: What is asked of what tasks need.
        parses: Where is kept what was read of branches.
        anew: Whether to tell everything though nothing has moved.

    Raises:
        OutOfReachError: This clone lacks what is to be read, and there is no former state of it.
    """
    parsing = Parsing(sources, settings, contents, project, with_archive, asked)
    if anew:
        # As if another clone had said something.
        files = replace(files, has_news=True)
    try:
        return _read(repository, parsing, known, files, parses)
    except OutOfReachError as error:
        if not repository.go_back(files.tips):
            raise
        reading = _read(repository, parsing, known, files, parses)
        return None if reading is None else replace(reading, lacking=error)


def _read(
    repository: Repository,
    parsing: Parsing,
    known: Callable[[], Sequence[Task]],
    files: FilesState,
    parses: Parses | None,
) -> Reading | None:
    digest = parsing.digest()
    same_readers = files.tips.get(READERS) == digest
    watched = pathspecs(parsing.sources, parsing.settings)
    since = files.tips if same_readers else {}
    layers = repository.layers(watched, since, files.tips, whole=files.has_news)
    if not layers:
        return None
    base, *others = layers
    if same_readers and base.is_still and not files.has_news:
        return Reading((), (), files, (), base.name, base.tip, is_new=False)
    remembered = Remembered(parses, digest)
    overlays = _overlays(parsing, layers, files, remembered)
    is_forked = _forks_before(base, parsing, files) or _forks_unknown(base, overlays, files)
    if base.since and is_forked:
        base = repository.layers(watched, {}, files.tips)[0]
    behind = _behind_links(repository, base, files)
    reader = UnitReader(parsing, base, known(), files, behind, overlays)
    tips = {layer.name: layer.tip for layer in (*others, base)}
    marks = {READERS: digest, **({OTHERS: base.others} if base.others else {})}
    marks |= {SATISFIED_BY: parsing.asked.mark} if parsing.asked.mark else {}
    marks |= {STRICT: "1"} if parsing.asked.is_strict else {}
    commits = {entry.commit for layer in (base, *others) for entry in layer.log}
    reading = reader.read({**tips, **marks}, frozenset(commits))
    remembered.keep()
    found = (problem for each in overlays.values() for problem in each.problems)
    on_branches = beyond(reading.problems, found)
    problems = [
        *_told_where(repository, base.name, reading.problems),
        *(each.told() for each in on_branches),
        *(Problem(name, 0, UNREAD) for name in base.unread if not is_layer(name)),
    ]
    return replace(reading, problems=tuple(problems), on_branches=on_branches)


def _told_where(
    repository: Repository, branch: str, problems: Sequence[Problem]
) -> Iterator[Problem]:
    """Yield problems of the base layer; of a file that is another one here, where it is so."""
    fetched = repository.fetched({each.path for each in problems})
    for each in problems:
        where = fetched.get(each.path, "")
        said = f"on {branch} as fetched ({where}; 'git pull' brings it here): {each.message}"
        yield each._replace(message=said) if where else each


def _overlays(
    parsing: Parsing, layers: Sequence[Layer], files: FilesState, remembered: Remembered
) -> dict[str, Overlays]:
    base, *others = layers
    return {
        name: Overlays(parsing, source, base, others, files.slots, remembered)
        for name, source in parsing.sources.items()
    }


def _forks_unknown(base: Layer, overlays: Mapping[str, Overlays], files: FilesState) -> bool:
    """Whether a layer forks off from a content that nobody remembers."""
    new: dict[str, int] = {}
    for entry in base.log:
        for change in entry.changes:
            new[change.new] = min(entry.time, new.get(change.new, entry.time))
    there = slots_of(files.slots)
    states = {slot: [state] for slot, state in there.base.items()}
    for name, state in there.forks.items():
        states.setdefault(fork_slot(name), []).append(state)
    for slot, contents in all_wanted(overlays.values()).items():
        for blob, time in contents:
            found = at_fork(states.get(slot, ()), blob, time)
            # A content that came back later is another one than that of the fork.
            is_new = blob in new and new[blob] <= time
            if not is_new and (found is None or found.made > time):
                return True
    return False


def _behind_links(repository: Repository, layer: Layer, files: FilesState) -> dict[str, Behind]:
    """Return files that held tasks, and in place of whose folder there is a symbolic link now."""
    gone = [
        state.path
        for state in files.slots.values()
        if state.tasks
        and state.path
        and not {state.path} & (layer.tree.keys() | layer.links.keys())
    ]
    folders = {path: _folders_of(path) for path in gone}
    every = {folder for each in folders.values() for folder in each}
    links = repository.links(layer.tip, every) if every else {}
    return {
        path: Behind(folder, links[folder])
        for path, each in folders.items()
        for folder in each
        if folder in links
    }


def _folders_of(path: str) -> list[str]:
    return [path[:end] for end, char in enumerate(path) if char == "/"]


def _forks_before(layer: Layer, parsing: Parsing, files: FilesState) -> bool:
    """Whether a commit since the last pass goes back to a content that nobody remembers.

    So it is where a branch is merged that was begun before the last pass. What became of its
    contents is in the whole history only. A merge that stays with a content that is remembered
    has heard of all that was before the last pass.
    """
    # A content that was moved since is another one than that of a line which has it where it was.
    contents = {slot: {(state.path, state.blob)} for slot, state in files.slots.items()}
    slot_ofs = {name: parsing.slots_of(each) for name, each in parsing.sources.items()}
    for entry in layer.log:
        made: list[tuple[set[tuple[str, str]], tuple[str, str]]] = []
        for change in entry.changes:
            old = [(change.path, blob) for blob in change.old if blob]
            new = (change.path, change.new)
            for name, slot_of in slot_ofs.items():
                known = contents.get(f"{name}:{slot_of(change.path)}")
                if known is not None:
                    stays = new in known and new in old
                    if not stays and not known.issuperset(old):
                        return True
                    made.append((known, new))
        # What a commit moves it takes away in one place, and makes in another.
        for known, new in made:
            known.add(new)
    return False
