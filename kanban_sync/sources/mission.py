"""Mosaic's ``mission.json``: its milestones are tasks; those of its TASKS.md are read there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.model import Document, Problem
from kanban_sync.core.ports import DEFAULTS
from kanban_sync.sources.markdown import damage, decode
from kanban_sync.sources.one_file import OneFile

if TYPE_CHECKING:
    from kanban_sync.core.edits import Edit
    from kanban_sync.core.ports import SourceSettings

DEEPEST = 64
"""How deep the values of a mission are nested at most."""


class Mission(OneFile):
    """The milestones of missions."""

    NAME = "mission"
    PARSER = 1

    def globs(self, settings: SourceSettings) -> tuple[str, ...]:
        """Return where missions lie."""
        return settings.mission

    def parse(
        self,
        path: str,
        data: bytes,
        settings: SourceSettings = DEFAULTS,  # noqa: ARG002 - the port's signature
    ) -> Document:
        """Read the milestones of a mission."""
        # Here, since few repositories have a mission.
        import json  # noqa: PLC0415

        problem = damage(path, data)
        if problem:
            return Document((), (problem,))
        text = decode(data)
        try:
            return _document(path, text, json.loads(text, parse_int=str, parse_float=str))
        except json.JSONDecodeError as error:
            return _unreadable(path, error.lineno, f"is no JSON: {error.msg}")
        except RecursionError:
            return _unreadable(path, 0, "is nested too deeply")

    def edit(
        self, path: str, data: bytes, edit: Edit, settings: SourceSettings = DEFAULTS
    ) -> bytes:
        """Change a file by splicing what the edit concerns."""
        # Here, since nearly every process only reads.
        from kanban_sync.sources.mission_edits import splices  # noqa: PLC0415
        from kanban_sync.sources.splicing import edited  # noqa: PLC0415

        tasks = self.parse(path, data, settings).tasks
        return edited(
            self, path, data, edit, settings, lambda text: splices(text, edit, tasks, DEEPEST)
        )


def _document(path: str, text: str, root: object) -> Document:
    from kanban_sync.sources.group_tasks import (  # noqa: PLC0415 - as above
        Groups,
        TooManyError,
        name_of_group,
    )
    from kanban_sync.sources.tree import Lines, Mapping, Scalar, from_plain  # noqa: PLC0415

    node = from_plain(root, Lines(text), DEEPEST)
    if node is None:
        return _unreadable(path, 0, "is nested too deeply")
    if not isinstance(node, Mapping) or "milestones" not in node.values:
        return _unreadable(path, 1, "has no list 'milestones'")
    # Where its tasks stand, and other documents that it names.
    documents = tuple(
        (name, value.text)
        for name, value in node.values.items()
        if isinstance(value, Scalar) and value.text.endswith(".md")
    )
    groups = Groups(path, tasks_in={"milestones"}, groups_in=set(), fields=documents)
    try:
        tasks = groups.tasks(node, group=name_of_group(node))
    except TooManyError:
        return _unreadable(path, 0, "holds more milestones, or deeper ones, than anybody writes")
    return Document(tasks, tuple(groups.problems))


def _unreadable(path: str, line: int, what: str) -> Document:
    message = f"{what}. Mend it; until then the file counts as it last was."
    return Document((), (Problem(path, line, message, fatal=True),))
