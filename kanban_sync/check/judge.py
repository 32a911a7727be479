"""Checks the task files of a work tree: reads what is needed, and asks each rule."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kanban_sync.check import rules, task_files
from kanban_sync.check.finding import Finding
from kanban_sync.check.settings import settings_of
from kanban_sync.core.findings import NOTHING_READ, OFF, OPENSPEC_NESTED, UNREADABLE, level_of
from kanban_sync.core.model import Document, Problem
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.sources import SOURCES
from kanban_sync.sources.mission import Mission
from kanban_sync.sources.openspec import ARCHIVE, FOLDER, METADATA, OpenSpec
from kanban_sync.sources.tasks_md import TasksMd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kanban_sync.check.fixes import Fixed, Sick
    from kanban_sync.check.settings import Settings
    from kanban_sync.core.ports import Source, SourceSettings, Unit


class Result(NamedTuple):
    """What a check found: in how many files, what was mended, and the bytes of what was read."""

    files: int
    findings: tuple[Finding, ...]
    fixed: tuple[Fixed, ...]
    contents: Mapping[str, bytes]

    @property
    def errors(self) -> int:
        """How many of the findings are errors."""
        return sum(each.is_error for each in self.findings)


def check(folder: str, names: Sequence[str] = (), *, fix: bool = False) -> Result:
    """Check files of the work tree around a folder.

    Args:
        folder: Where the names start from.
        names: The files; all that are watched, if there are none.
        fix: Whether to mend what can be mended without losing anything.

    Raises:
        RepositoryError: There is no work tree, or a file is not in it.
        SettingsError: The settings file has problems; all of them are named.
    """
    place = task_files.find(folder)
    settings = settings_of(place)
    wanted = task_files.relative(place.top, folder, names)
    one = _Check(place.top, settings, wanted)
    fixed: tuple[Fixed, ...] = ()
    if fix:
        # Here, since few ask for it.
        from kanban_sync.check.fixes import mend  # noqa: PLC0415

        fixed = mend(place.top, one.mendable(), one.known())
        one = _Check(place.top, settings, wanted) if fixed else one
    return one.result(fixed)


class _Check:
    """One look at the work tree."""

    def __init__(self, top: str, settings: Settings, wanted: Sequence[str]) -> None:
        self._top = top
        self._settings = settings
        self._whole = not wanted or any(os.path.isdir(os.path.join(top, each)) for each in wanted)
        listed = self._listing(_specs(settings.sources, None if self._whole else wanted))
        if any(f"{FOLDER}/" not in each for each in wanted):
            # While git is at it: what is needed in a moment takes a while to import.
            from kanban_sync.sources import checkboxes  # noqa: F401, PLC0415
        watched = self._watched([*listed(), *wanted])
        self._files = task_files.Files(top, watched, settings.sources.limits)
        folders = tuple(f"{each}/" for each in wanted)
        is_all = not wanted or "." in wanted
        self._checked = {
            path for path in watched if is_all or path in wanted or path.startswith(folders)
        }
        self._problems: list[Problem] = []
        self._read: list[rules.File] = []
        self._changes: set[str] = set()
        self._unread: list[str] = []
        for name in SOURCES:
            if name == OpenSpec.NAME:
                self._read_openspec()
            elif any(SOURCES[name].matches(path, settings.sources) for path in self._checked):
                self._read_files(name)
            else:
                self._unread.append(name)

    def _listing(self, specs: Sequence[str]) -> Callable[[], list[str]]:
        # What a hook names is in the index; whoever names no file means new files too.
        return task_files.listing(self._top, specs, untracked=self._whole)

    def _watched(self, paths: Iterable[str]) -> list[str]:
        """Return the paths, each once, that a source reads."""
        sources = self._settings.sources
        return [
            path
            for path in dict.fromkeys(paths)
            if any(source.matches(path, sources) for source in SOURCES.values())
        ]

    def _units(self, name: str) -> list[Unit]:
        found = SOURCES[name].units(self._files.tree, self._files.read, self._settings.sources)
        return [unit for unit in found if not unit.archived]

    # --- reading ------------------------------------------------------------------------------

    def _parse(self, source: Source, path: str) -> Document:
        data = self._files.read(path)
        problem = self._files.problems.get(path)
        return (
            Document((), (problem,))
            if problem
            else source.parse(path, data, self._settings.sources)
        )

    def _read_files(self, name: str) -> None:
        """Read the files of a source; those that are not checked hold what others wait for."""
        source = SOURCES[name]
        for unit in self._units(name):
            path = unit.files[0].path
            document = self._parse(source, path)
            gone_is_done = source.gone_means_done(document)
            is_whole = not unit.prefix
            self._read.append(rules.File(name, path, document, is_whole, gone_is_done))

    def _list_changes(self) -> None:
        """Find out what all changes are called, for one may be waited for."""
        if not self._whole:
            specs = SOURCES[OpenSpec.NAME].pathspecs(self._settings.sources)
            self._files.add(self._watched(self._listing(specs)()))
        for unit in self._units(OpenSpec.NAME):
            self._changes |= {unit.name, unit.title}

    def _read_openspec(self) -> None:
        """Read the changes that a checked file belongs to; nobody waits for a task of theirs."""
        if not any(f"{FOLDER}/" in path for path in self._checked):
            return
        from kanban_sync.check import openspec_rules  # noqa: PLC0415 - not where there is none

        source, touched = SOURCES[OpenSpec.NAME], _touched(self._checked)
        for unit in self._units(OpenSpec.NAME):
            if unit.path not in touched:
                continue
            found = [
                (file.path, self._files.read(file.path), self._parse(source, file.path))
                for file in unit.files
                if not file.is_text
            ]
            self._read += [rules.File(source.NAME, path, read) for path, _, read in found]
            self._problems += openspec_rules.of_change(found)
        inside = [path for path in self._files.tree if f"{FOLDER}/changes/" in path]
        for problem in openspec_rules.nested_changes(inside):
            if any(path.startswith(f"{problem.path}/") for path in self._checked):
                self._problems.append(problem)
        described = {
            path: self._files.read(path)
            for path in self._checked & self._files.tree.keys()
            if path.endswith((f"/{METADATA}", "/schema.yaml")) and f"{FOLDER}/" in path
        }
        self._problems += openspec_rules.metadata(described) if described else ()

    # --- judging ------------------------------------------------------------------------------

    def known(self) -> rules.Known:
        """Return the tasks that others may wait for: of as many files as it takes to find them."""
        waiting = [file for file in self._with_ids() if file.path in self._checked]
        known = rules.Known(self._with_ids(), self._changes)
        if self._unread and (
            rules.waits_in_vain(waiting, known) or rules.blocks_in_vain(waiting, known)
        ):
            for name in self._unread:
                self._read_files(name)
            self._unread = []
            known = rules.Known(self._with_ids(), self._changes)
        if not self._changes and (
            any(rules.unknown_dependencies(waiting, known, hints=0))
            or rules.blocks_in_vain(waiting, known)
        ):
            self._list_changes()
            known = rules.Known(self._with_ids(), self._changes)
        return known

    def _with_ids(self) -> list[rules.File]:
        return [file for file in self._read if file.source != OpenSpec.NAME]

    def _found(self) -> Iterator[Problem]:
        checked = [file for file in self._read if file.path in self._checked]
        for file in checked:
            yield from file.document.problems
            yield from self._missed(file)
        yield from self._files.dead_links(sorted(self._checked))
        yield from self._problems
        yield from rules.legends(checked)
        yield from rules.ids_of_two_files(self._read, self._checked)
        waiting = [file for file in self._with_ids() if file.path in self._checked]
        every = [task for file in waiting for task in rules.all_tasks(file)]
        if any(task.depends_on or task.fields for task in every):
            known = self.known()
            yield from rules.unknown_blocked(waiting, known)
            yield from rules.unknown_dependencies(waiting, known)
            yield from rules.unclear_dependencies(waiting)
            yield from rules.circles(self._with_ids(), known, self._checked)
            yield from self._knotted(known)

    def _knotted(self, known: rules.Known) -> Iterator[Problem]:
        """Yield tasks that wait for the milestone that they are to be done for."""
        if any(file.source == Mission.NAME for file in self._read):
            # Here, since few repositories have missions.
            from kanban_sync.check import milestones  # noqa: PLC0415

            yield from milestones.waiting_for_own(self._with_ids(), known, self._checked)

    def _missed(self, file: rules.File) -> Iterator[Problem]:
        """Yield what a file holds that is read as no task, or not as it was meant."""
        data = self._files.read(file.path)
        if not file.document.readable or file.source == OpenSpec.NAME:
            return
        if not file.document.tasks:
            yield from self._vanished(file, data)
        # Here, since most files are plain, and have all that is looked for.
        from kanban_sync.check import unread  # noqa: PLC0415

        if not data.isascii():
            yield from unread.bad_utf8(file.path, data)
        if file.source == TasksMd.NAME:
            yield from unread.unread(file.path, data, file.document)

    def _vanished(self, file: rules.File, data: bytes) -> Iterator[Problem]:
        """Yield the problem of a file that lost all its tasks by an accident, in a commit or not.

        A dialect that the settings name may be it, where nothing of that dialect is there.
        """
        # Here, since nearly all files have tasks.
        from kanban_sync.core.vanishing import titles_of, why_vanished  # noqa: PLC0415

        source = SOURCES[file.source]
        plain = self._settings.sources._replace(dialects=())
        if source.parse(file.path, data, plain).tasks:
            what = "no task is read in the dialect that 'sources.dialects' names, but in another"
            text = f"{what} one; take the file out of this setting, or name the other one."
            yield Problem(file.path, 0, text, code=NOTHING_READ)
            return
        for before in task_files.committed(self._top, file.path):
            document = source.parse(file.path, before, plain) if before.strip() else Document()
            if not document.tasks:
                continue
            titles = titles_of(document.tasks)
            is_over = source.gone_means_done(document)
            why = why_vanished(("",) if is_over else titles, data, file.document)
            if why:
                yield Problem(file.path, 0, why, fatal=True, code=UNREADABLE)
            break

    def result(self, fixed: tuple[Fixed, ...]) -> Result:
        """Return what is wrong, by file and line."""
        said = dict(self._settings.levels)
        shown = self._checked | {each.path for each in self._problems if _is_folder(each)}
        found = dict.fromkeys(problem for problem in self._found() if problem.path in shown)
        findings = [Finding(problem, level_of(problem.code, said)) for problem in found]
        kept = [each for each in findings if each.level != OFF]
        kept.sort(key=lambda each: (each.problem.path, each.problem.line))
        count = sum(file.path in self._checked for file in self._read)
        return Result(count, tuple(kept), fixed, self._files.contents)

    def mendable(self) -> list[Sick]:
        """Return the checked files with what is wrong in each."""
        from kanban_sync.check.fixes import Sick  # noqa: PLC0415 - as above

        by_path: dict[str, list[Problem]] = {}
        for problem in self._found():
            by_path.setdefault(problem.path, []).append(problem)
        return [
            Sick(
                file,
                self._files.contents[file.path],
                by_path[file.path],
                SOURCES[file.source],
                self._settings.sources,
            )
            for file in self._read
            if file.path in self._checked and file.path in by_path
        ]


def _specs(settings: SourceSettings, named: Sequence[str] | None) -> list[str]:
    """Return what to look for: all that is watched, or what is needed to judge named files.

    Changes are many, and each is judged by itself.
    """
    found: list[str] = []
    for name, source in SOURCES.items():
        if name != OpenSpec.NAME or named is None:
            found += source.pathspecs(settings)
            continue
        for change in sorted(_touched(named)):
            root = f"{change.rpartition(f'{FOLDER}/')[0]}{FOLDER}"
            said = ("config.yaml", "config.yml", "schemas")
            found += [f":(top,literal){each}" for each in (change, *(f"{root}/{x}" for x in said))]
    return list(dict.fromkeys(found))


def _touched(paths: Iterable[str]) -> set[str]:
    """Return the folders of active changes that paths lie in."""
    found: set[str] = set()
    for path in paths:
        parts = path.split("/")
        for at, part in enumerate(parts[:-2]):
            if part == FOLDER and parts[at + 1] == "changes" and parts[at + 2] != ARCHIVE:
                found.add("/".join(parts[: at + 3]))
    return found


def _is_folder(problem: Problem) -> bool:
    return problem.code == OPENSPEC_NESTED
