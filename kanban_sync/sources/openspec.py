"""OpenSpec changes: a folder below ``openspec/changes`` is a task, its checkboxes are below it.

Tasks are counted exactly as ``openspec list`` counts them since 1.13.1
(``utils/task-progress.js``): line by line, in code fences and comments too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Document, ParsedTask, Status
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.core.units import DEFAULTS, TaskFile, Unit
from kanban_sync.sources.globs import excludes, exclusions, matches_any
from kanban_sync.sources.markdown import NO_TEXT, Fences, damage, decode, heading, too_large
from kanban_sync.sources.numbering import leading_number
from kanban_sync.sources.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.units import Read, SourceSettings, Tree
    from kanban_sync.sources.openspec_schema import Schemas

FOLDER = "openspec"
PROPOSAL = "proposal.md"
METADATA = ".openspec.yaml"
ARCHIVE = "archive"

# JavaScript's white space differs from Python's: it has the byte order mark, and not \x1c-\x1f.
_SPACE = (
    " \t\n\v\f\r\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# A character beyond the first plane is two to JavaScript, so it is no mark. ``.`` stops at four
# kinds of line end. The quantifiers are possessive: nobody's long line may take quadratic time.
_TASK = pattern(
    rf"[{_SPACE}]*+(?:[-*+]|[0-9]{{1,9}}[.)])[{_SPACE}]*+\["
    rf"(?:[{_SPACE}]*+(?P<mark>[^\]{_SPACE}\U00010000-\U0010ffff]?)[{_SPACE}]*+\](?![(\[])"
    rf"|[{_SPACE}]++\])"
    rf"[{_SPACE}]*+(?P<text>[^\n\r\u2028\u2029]*)"
)
# Nearly all tasks are like this one; what it matches, ``_TASK`` reads in the same way. There is no
# backtick and no tilde in it, so that no fence can begin.
_LIKE_MOST = r"[-*] \[([ xX])\] ((?:([0-9]{1,9}\.[0-9]{1,9}) )?[!-_a-}][ -_a-}]*+(?<! ))"
_COMMON = pattern(_LIKE_MOST)
# A line of a file in which all are so: such a task, the heading of a group, or neither.
_COMMON_LINE = pattern(
    rf"^(?:{_LIKE_MOST}|## ([!\"$-_a-}}][ -_a-}}]*+(?<![ #]))|[^\[#`~\n]*+)$", re.MULTILINE
)
_DATE = pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}-(?=.)")


class Root(NamedTuple):
    """A folder named ``openspec``: the path of the folder that holds it, empty at the top."""

    prefix: str

    @property
    def path(self) -> str:
        """The path of the folder itself."""
        return f"{self.prefix}/{FOLDER}" if self.prefix else FOLDER


class Place(NamedTuple):
    """Where a file lies: its root, the folder of its change, and its path inside that.

    ``folder`` is empty for a file of the root itself: its configuration, its schemas.
    """

    root: Root
    folder: str
    archived: bool
    inside: str

    @property
    def id(self) -> str:
        """The change's id: an archived folder's name without the date."""
        return _DATE.sub("", self.folder) if self.archived else self.folder

    @property
    def path(self) -> str:
        """The path of the change's folder."""
        archive = f"{ARCHIVE}/" if self.archived else ""
        return f"{self.root.path}/changes/{archive}{self.folder}"


class OpenSpec:
    """Changes of every OpenSpec root of a repository.

    A change is one unit for all places it may lie in. Where an id occurs twice, an active change
    stands before an archived one, and of two archived ones the newest: the folder with the latest
    date in its name, one without a date being the oldest. ``proposal.md`` is read for its words
    alone, even where a schema tracks it.
    """

    NAME = "openspec"
    PARSER = 4
    MOVES = False

    def pathspecs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return pathspecs for changes, archive, configuration and schemas of all roots."""
        below = ("changes/**", "config.yaml", "config.yml", "schemas/*/schema.yaml")
        included = (f":(top,glob){glob}/{each}" for glob in settings.openspec for each in below)
        return (*included, *exclusions(settings.exclude))

    def matches(self, path: str, settings: SourceSettings) -> bool:
        """Tell whether a file belongs to a change, or says which schema changes have."""
        return _place(path, settings) is not None

    def slot(self, path: str, settings: SourceSettings) -> str:
        """Return the path that a change's file has while the change is active."""
        place = _place(path, settings)
        if place is None or not place.folder:
            return path
        return f"{place.root.path}/changes/{place.id}/{place.inside}"

    def group(self, path: str, settings: SourceSettings) -> str:
        """Return the path that a change's folder has while it is active; '' for what is shared."""
        place = _place(path, settings)
        if place is None or not place.folder:
            return ""
        return f"{place.root.path}/changes/{place.id}"

    def units(self, tree: Tree, read: Read, settings: SourceSettings) -> list[Unit]:
        """Find the changes; metadata and schemas are read only where a root has own schemas."""
        changes: dict[tuple[str, str], dict[str, str]] = {}
        places: dict[tuple[str, str], Place] = {}
        roots: dict[Root, dict[str, str]] = {}
        for place, files in _by_folder(tree, settings):
            if not place.folder:
                roots.setdefault(place.root, {}).update(files)
                continue
            key = (place.root.prefix, place.id)
            chosen = places.setdefault(key, place)
            if place.folder != chosen.folder or place.archived != chosen.archived:
                if _rank(place) < _rank(chosen):
                    continue
                changes[key] = {}
                places[key] = place
            changes.setdefault(key, {}).update(files)
        schemas = {root: _schemas(files, read) for root, files in roots.items()}
        units = [
            _unit(place, changes[key], _tracked(schemas.get(place.root), changes[key], read))
            for key, place in places.items()
        ]
        return sorted(units, key=lambda unit: unit.path)

    def parse(
        self,
        path: str,
        data: bytes,
        settings: SourceSettings = DEFAULTS,
    ) -> Document:
        """Read the checkboxes of a task file, or the description from a change's proposal."""
        limits = settings.limits
        problem = damage(path, data, limits)
        if problem:
            return Document((), (problem,))
        text = decode(data)
        if _is_proposal(path):
            from kanban_sync.sources.proposal import description  # noqa: PLC0415 - not for counting

            return Document((ParsedTask("proposal", Status.TODO, body=description(text)),))
        tasks = tuple(_plain_tasks(text) or _tasks(text))
        if len(tasks) > limits.tasks:
            most = str(limits.tasks)
            return Document((), (too_large(path, f"holds {len(tasks)} tasks", most, "tasks"),))
        return Document(tasks)

    def edit(
        self, path: str, data: bytes, edit: Edit, settings: SourceSettings = DEFAULTS
    ) -> bytes:
        """Change the checkboxes of a task file."""
        # Here, since nearly every process only reads.
        from kanban_sync.sources.openspec_edits import splices  # noqa: PLC0415
        from kanban_sync.sources.splicing import edited  # noqa: PLC0415

        if _is_proposal(path):
            raise EditError(f"{path}: a proposal holds no tasks; they stand beside it")
        tasks = self.parse(path, data, settings).tasks
        return edited(
            self.parse, path, data, edit, settings, lambda text: splices(text, edit, tasks, _TASK)
        )

    def status_of_unit(self, unit: Unit, statuses: Sequence[Status]) -> Status:
        """Return done for what is archived, else what the tasks say."""
        if unit.archived:
            return Status.DONE
        if not statuses:
            return Status.PLANNING
        finished = all(status.satisfies for status in statuses)
        return Status.REVIEW if finished else Status.IN_PROGRESS

    def gone_means_done(self, document: Document) -> bool:  # noqa: ARG002 - the port's signature
        """Return False: a line that is removed from a change was not completed."""
        return False

    def ids_in(self, data: bytes) -> Collection[str]:  # noqa: ARG002 - as above
        """Return none: nobody asks where nothing is completed by being removed."""
        return ()


def _by_folder(tree: Tree, settings: SourceSettings) -> Iterator[tuple[Place, Mapping[str, str]]]:
    """Yield where files lie, with path -> blob id inside; the neighbours in a folder at once."""
    place: Place | None = None
    files: dict[str, str] = {}
    folder, exclude = "/", settings.exclude
    for path, blob in tree.items():
        # What stands before a file's path inside its change is all that its place depends on.
        if path.startswith(folder) and not (exclude and excludes(exclude, path)):
            files[path[len(folder) :]] = blob
            continue
        if place is not None:
            yield place, files
        place = _place(path, settings)
        files = {place.inside: blob} if place else {}
        folder = f"{place.path}/" if place and place.folder else "/"
    if place is not None:
        yield place, files


def _place(path: str, settings: SourceSettings) -> Place | None:
    """Find out where a file lies, None if it is none of ours; the outermost root counts."""
    for place in _places(path):
        if _is_root(settings.openspec, place.root.path):
            return None if excludes(settings.exclude, path) else place
    return None


@lru_cache(maxsize=256)
def _is_root(globs: tuple[str, ...], path: str) -> bool:
    return matches_any(globs, path)


@lru_cache(maxsize=16384)
def _places(path: str) -> tuple[Place, ...]:
    """Return where a file would lie, for every folder above it that is named ``openspec``."""
    if FOLDER not in path:
        return ()
    parts = path.split("/")
    found = (
        _place_in(Root("/".join(parts[:index])), parts[index + 1 :])
        for index, part in enumerate(parts)
        if part == FOLDER
    )
    return tuple(place for place in found if place)


def _place_in(root: Root, parts: list[str]) -> Place | None:
    match parts:
        case ["config.yaml" | "config.yml"] | ["schemas", _, "schema.yaml"]:
            return Place(root, "", archived=False, inside="/".join(parts))
        case ["changes", "archive", folder, *inside] if inside and not folder.startswith("."):
            return Place(root, folder, archived=True, inside="/".join(inside))
        case ["changes", folder, *inside] if inside and folder != ARCHIVE:
            return Place(root, folder, archived=False, inside="/".join(inside))
    return None


def _is_proposal(path: str) -> bool:
    if not path.endswith(PROPOSAL):
        return False
    return any(place.folder and place.inside == PROPOSAL for place in _places(path))


def _rank(place: Place) -> tuple[bool, str]:
    """Return what decides between two places of one change; the greatest wins."""
    date = _DATE.match(place.folder)
    return (not place.archived, date[0] if date else "")


def _schemas(files: Mapping[str, str], read: Read) -> Schemas | None:
    """Return the schemas of a root, None where all its changes keep their tasks in tasks.md."""
    own = {
        path.split("/")[1]: read(blob) for path, blob in files.items() if path.startswith("schemas")
    }
    if not own:
        return None
    # Here, since few roots have schemas of their own, and what reads them is slow to import.
    from kanban_sync.sources.openspec_schema import Schemas  # noqa: PLC0415

    config = files.get("config.yaml") or files.get("config.yml")
    schemas = Schemas(own, read(config) if config else None)
    return None if schemas.all_track_tasks_md else schemas


def _tracked(schemas: Schemas | None, files: Mapping[str, str], read: Read) -> list[str]:
    if schemas is None:
        return [path for path in ("tasks.md",) if path in files]
    metadata = files.get(METADATA)
    return schemas.tracked(read(metadata) if metadata else None, files)


def _unit(place: Place, files: Mapping[str, str], tracked: list[str]) -> Unit:
    slot = f"{place.root.path}/changes/{place.id}"
    inside = [*tracked, *([PROPOSAL] if PROPOSAL in files and PROPOSAL not in tracked else [])]
    return Unit(
        source=OpenSpec.NAME,
        name=f"{place.root.prefix}/{place.id}" if place.root.prefix else place.id,
        title=place.id,
        path=place.path,
        files=tuple(
            TaskFile(f"{place.path}/{each}", files[each], f"{slot}/{each}", each == PROPOSAL)
            for each in inside
        ),
        archived=place.archived,
        root=place.root.prefix,
    )


def _plain_tasks(text: str) -> list[ParsedTask]:
    """Return what ``_tasks`` yields, all at once, where each line is like most; else nothing."""
    lines = _COMMON_LINE.findall(text)
    if len(lines) <= text.count("\n"):
        return []
    found: list[ParsedTask] = []
    add, new, todo, done = found.append, tuple.__new__, Status.TODO, Status.DONE
    group = ""
    for number, (mark, words, own, heading_words) in enumerate(lines, 1):
        if words:
            own_number = own or leading_number(words)
            status, word = (todo, "") if mark == " " else (done, mark)
            add(new(ParsedTask, (words, status, word, "", group, own_number, *_REST, number, ())))
        elif heading_words:
            group = heading_words
    return found


_REST = ParsedTask("", Status.TODO)[6:12]
"""What nothing in a line of OpenSpec says: from the body to other fields."""


def _tasks(text: str) -> Iterator[ParsedTask]:
    """Yield every checkbox line as ``openspec list`` counts it, under its ``##`` heading."""
    group = ""
    fences = Fences()
    # Looked up once: a repository is read into tens of thousands of tasks.
    common, todo, done = _COMMON.fullmatch, Status.TODO, Status.DONE
    in_code = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        if not in_code and (plain := common(line)):
            mark, words, own = plain.groups()
            own = own or leading_number(words)
            status = todo if mark == " " else done
            yield ParsedTask(words, status, mark.strip(), group=group, number=own, line=number)
            continue
        in_fence = (in_code or "```" in line or "~~~" in line) and fences.covers(
            line.rstrip("\r"), in_list=True
        )
        in_code = bool(fences.fence)
        if "#" in line and not in_fence:
            level, words = heading(line) or (0, "")
            group = words if level == 2 else group  # noqa: PLR2004 - ``##``
        task = _TASK.match(line) if "[" in line else None
        if task:
            mark, words = task["mark"] or "", task["text"].strip(_SPACE)
            yield ParsedTask(
                title=words or NO_TEXT,
                status=done if mark in {"x", "X"} else todo,
                word=mark,
                group=group,
                number=leading_number(words),
                line=number,
            )
