"""Mosaic's ``mission.json``: its milestones are tasks; those of its TASKS.md are read there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.findings import BAD_JSON, TOO_LARGE, WRONG_SHAPE
from kanban_sync.core.model import Document
from kanban_sync.core.units import DEFAULTS
from kanban_sync.sources.markdown import damage, decode, refused
from kanban_sync.sources.one_file import OneFile

if TYPE_CHECKING:
    import re

    from kanban_sync.core.edits import Edit
    from kanban_sync.core.limits import Limits
    from kanban_sync.core.units import SourceSettings


class Mission(OneFile):
    """The milestones of missions."""

    NAME = "mission"
    PARSER = 6

    def globs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return where missions lie."""
        return settings.mission

    def read(self, path: str, data: bytes, settings: SourceSettings) -> Document:
        """Read the milestones of a mission."""
        # Here, since few repositories have a mission.
        import json  # noqa: PLC0415

        limits = settings.limits
        problem = damage(path, data, limits)
        if problem:
            return Document((), (problem,))
        if data.count(b",") + data.count(b"[") > limits.values:
            what = (
                f"holds more than {limits.values} values; split the file, or raise 'limits.tasks'"
            )
            return _unreadable(path, 0, what, TOO_LARGE)
        text = decode(data)
        try:
            root = json.loads(text, parse_int=str, parse_float=str)
        except json.JSONDecodeError as error:
            what = f"is no JSON here: {error.msg}; mend it"
            return _unreadable(path, error.lineno, what, BAD_JSON, error.colno)
        except RecursionError:
            return _too_deep(path, limits)
        half = half_character(text) if "\\u" in text else None
        if half is not None:
            what = f"holds half a character here ({half[0]}), as where a text was cut; mend it"
            start = half.start()
            line, before = text.count("\n", 0, start) + 1, text.rfind("\n", 0, start)
            return _unreadable(path, line, what, BAD_JSON, start - before)
        return _document(path, text, root, limits)

    def edit(
        self, path: str, data: bytes, edit: Edit, settings: SourceSettings = DEFAULTS
    ) -> bytes:
        """Change a file by splicing what the edit concerns."""
        # Here, since nearly every process only reads.
        from kanban_sync.sources.mission_edits import splices  # noqa: PLC0415
        from kanban_sync.sources.splicing import edited  # noqa: PLC0415

        tasks = self.read(path, data, settings).tasks
        return edited(
            self.read,
            path,
            data,
            edit,
            settings,
            lambda text: splices(text, edit, tasks),
        )


def half_character(text: str) -> re.Match[str] | None:
    r"""Return the first escape that is half a character (``\ud83d`` alone), if there is one.

    No file, no database and no board can hold such a thing.
    """
    import re  # noqa: PLC0415 - as above

    whole = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    found = re.finditer(rf"{whole}|(\\u[dD][89a-fA-F][0-9a-fA-F]{{2}})|\\.", text)
    return next((each for each in found if each[1]), None)


def _document(path: str, text: str, root: object, limits: Limits) -> Document:
    from kanban_sync.sources.group_tasks import Groups, TooManyError  # noqa: PLC0415 - as above
    from kanban_sync.sources.task_values import label_of_group, name_of_group  # noqa: PLC0415
    from kanban_sync.sources.tree import Lines, Mapping, Scalar, from_plain  # noqa: PLC0415

    node = from_plain(root, Lines(text), limits.depth)
    if node is None:
        return _too_deep(path, limits)
    if not isinstance(node, Mapping) or "milestones" not in node.values:
        what = "is no mission: it has no list 'milestones'; add it"
        return _unreadable(path, 1, what, WRONG_SHAPE)
    # Where its tasks stand, other documents that it names, and what else it says of itself. Lists
    # are kept by programs: what happened so far, and grows.
    said = tuple(
        (name if value.text.endswith(".md") else f"mission {name}", value.text)
        for name, value in node.values.items()
        if isinstance(value, Scalar) and value.text and name != label_of_group(node)
    )
    groups = Groups(path, tasks_in={"milestones"}, groups_in=set(), fields=said, limits=limits)
    try:
        tasks = groups.tasks(node, group=name_of_group(node))
    except TooManyError as error:
        return _unreadable(path, 0, str(error), TOO_LARGE)
    return Document(tasks, tuple(groups.problems))


def _too_deep(path: str, limits: Limits) -> Document:
    what = f"is nested more than {limits.depth} deep; write it flatter, or raise 'limits.depth'"
    return _unreadable(path, 0, f"{what} in the settings", TOO_LARGE)


def _unreadable(path: str, line: int, what: str, code: str, column: int = 0) -> Document:
    return Document((), (refused(path, line, what, code, column),))
