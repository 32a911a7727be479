"""Task files of every dialect, and what people do to them by hand, without any code of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.model import Status
from kanban_sync.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAMES = (
    "Paint the garden door", "Order copper kettles", "Mend that dripping tap",
    "Rotate signing keys", "Publish our timetable", "Move invoices abroad",
    "Draw a weather map", "Sharpen every chisel", "Count winter stock",
    "Translate legal notices", "Hang new curtains", "Archive old letters",
    "Plant seven birches", "Tune both pianos", "Bake rye bread", "Fold paper lanterns",
    "Wire up lighthouse", "Brew juniper tea", "Chart unknown reefs", "Varnish oak floors",
    "Film quiet harbours", "Glaze blue teapots", "Knit warm mittens", "Launch small rockets",
    "Measure deep wells", "Number attic boxes", "Oil squeaky hinges", "Press wild flowers",
    "Quarry white marble", "Repair broken clocks", "Stitch leather saddles", "Trim yew hedges",
    "Unload heavy barges", "Visit lonely farms", "Weigh ripe apples", "Zip canvas tents",
    "Adopt stray ponies", "Borrow long ladders", "Carve oak spoons", "Dry salted fish",
    "Empty flooded cellars", "Forge iron gates", "Grind coarse pepper", "Herd sleepy geese",
    "Inspect narrow bridges", "Join torn carpets", "Kindle harvest fires", "Label glass bottles",
)  # fmt: skip
"""Nothing in common, so that nobody takes one for another."""

LATER = (" before noon", " with care")
"""What is put behind a title when it is reworded."""

Block = list[str]


class Told(NamedTuple):
    """What is said of a task: its status, and whose it is."""

    status: Status
    assignee: str = ""


@dataclass(frozen=True, eq=False)
class Dialect:
    """A file as people write it.

    ``start`` matches the first line of a task, ``end`` a line that is no part of one. ``words`` are
    what people write for a status, ``new`` a task with ``{title}`` and ``{n}``; ``mark`` and
    ``after`` say where a status stands. ``says`` are the statuses that the file can hold, with or
    without an assignee.
    """

    name: str
    source: str
    path: str
    text: str
    start: str
    new: str
    words: Mapping[Status, str]
    status: str
    end: str = r"^#|^$"
    says: frozenset[Status] = frozenset(Status) - {Status.ORPHANED}
    assigns: bool = True
    removes_done: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)

    def tasks(self, text: str) -> dict[str, tuple[Told, str]]:
        """Return what a file says of each task, and its title, by the name within its title."""
        return _tasks(self, text)

    def can_say(self, told: Told) -> bool:
        """Tell whether the file has a place for what the database holds."""
        if self.removes_done:
            is_ours = bool(told.assignee)
            said = Status.IN_PROGRESS if is_ours else Status.TODO
            return told.status in {Status.DONE, said}
        return told.status in self.says

    # --- what people do -----------------------------------------------------------------------

    def set(self, text: str, name: str, status: Status) -> str:
        """Let a task have a status."""
        blocks = self._blocks(text)
        index = _index(blocks, name)
        if self.name == "mission":
            return self._in_json(text, name, status)
        if self.removes_done:
            first = re.sub(r" \(@\w+\)", "", blocks[index][0])
            if status is Status.DONE:
                del blocks[index]
            elif status is Status.TODO:
                blocks[index][0] = first
            else:
                blocks[index][0] = f"{first} (@bob)"
            return _joined(blocks)
        if self.name == "kanban":
            block = blocks.pop(index)
            block[0] = block[0].replace("- [x] ", "- ")
            block[1:] = [line for line in block[1:] if not _says_status(line)]
            column = next(i for i, each in enumerate(blocks) if each[0] == self.words[status])
            blocks[column + 1 : column + 1] = [block]
            return _joined(blocks)
        block = blocks[index]
        if self.name in {"headings", "roadmap"}:
            place = next((i for i, line in enumerate(block) if re.match(self.status, line)), 0)
            indent = "    " if self.name == "roadmap" else ""
            line = f"{indent}{'s' if indent else 'S'}tatus: {self.words[status]}"
            block[place or 1 : (place + 1) if place else 1] = [line]
        else:
            line = re.sub(self.status, lambda _: self.words[status], block[0], count=1)
            block[:] = [line, *(each for each in block[1:] if not _says_status(each))]
        return _joined(blocks)

    def _in_json(self, text: str, name: str, status: Status) -> str:
        data = json.loads(text)
        for each in data["milestones"]:
            if name in each["name"]:
                each["status"] = self.words[status]
        return _json(data)

    def retitle(self, text: str, name: str, later: str) -> str:
        """Reword a task's title."""
        return re.sub(f"{name}({'|'.join(LATER)})?", name + later, text)

    def add(self, text: str, name: str, number: int, place: int) -> str:
        """Add a task, behind another one or in front of all."""
        if self.name == "mission":
            data = json.loads(text)
            new = {"id": f"M{number}", "name": name, "status": "todo"}
            data["milestones"].insert(place % (len(data["milestones"]) + 1), new)
            return _json(data)
        new_lines = self.new.format(title=name, n=number, slug=name.lower().replace(" ", "-"))
        blocks = self._blocks(text)
        starts = [i for i, each in enumerate(blocks) if self._is_task(each)]
        gaps = [*starts, *(i + 1 for i in starts)] or [self._home(blocks)]
        gap = gaps[place % len(gaps)]
        blocks[gap:gap] = [new_lines.split("\n")]
        return _joined(blocks)

    def _home(self, blocks: Sequence[Block]) -> int:
        """Return where tasks go if there is none."""
        inner = [i for i, each in enumerate(blocks) if re.match(r"\|-|\s+tasks:", each[0])]
        heads = [i for i, each in enumerate(blocks) if each[0].startswith("##")]
        return (inner or heads)[0] + 1

    def remove(self, text: str, name: str) -> str:
        """Take a task out."""
        if self.name == "mission":
            data = json.loads(text)
            data["milestones"] = [each for each in data["milestones"] if name not in each["name"]]
            return _json(data)
        blocks = self._blocks(text)
        del blocks[_index(blocks, name)]
        return _joined(blocks)

    def swap(self, text: str, name: str) -> str:
        """Let a task and the one behind it change places, if they stand together."""
        if self.name == "mission":
            data = json.loads(text)
            data["milestones"].reverse()
            return _json(data)
        blocks = self._blocks(text)
        index = _index(blocks, name)
        if index + 1 < len(blocks) and self._is_task(blocks[index + 1]):
            blocks[index : index + 2] = [blocks[index + 1], blocks[index]]
        return _joined(blocks)

    def _is_task(self, block: Block) -> bool:
        return bool(re.match(self.start, block[0])) and bool(name_in("\n".join(block)))

    def _blocks(self, text: str) -> list[Block]:
        """Cut a file into tasks, and what stands between them."""
        blocks: list[Block] = []
        is_task = False
        for line in text.removesuffix("\n").split("\n"):
            if re.match(self.start, line):
                blocks.append([line])
                is_task = True
            elif is_task and not re.match(self.end, line):
                blocks[-1].append(line)
            else:
                blocks.append([line])
                is_task = False
        return blocks


@lru_cache(maxsize=1024)
def _tasks(dialect: Dialect, text: str) -> dict[str, tuple[Told, str]]:
    document = SOURCES[dialect.source].parse(dialect.path, text.encode())
    assert [each for each in document.problems if each.fatal] == []
    found = {}
    for task in (each for top in document.tasks for each in top.walk()):
        name = name_in(task.title)
        if name:
            assert name not in found, (name, text)
            found[name] = (Told(task.status, task.assignee), task.title)
    return found


def name_in(title: str) -> str:
    """Return which name stands in a title, '' if none."""
    return next((name for name in NAMES if name in title), "")


def _says_status(line: str) -> bool:
    return bool(re.match(r"\s*(- )?\**(Status|status)\**:", line))


def _index(blocks: Sequence[Block], name: str) -> int:
    return next(i for i, each in enumerate(blocks) if any(name in line for line in each))


def _joined(blocks: Sequence[Block]) -> str:
    return "\n".join(line for block in blocks for line in block) + "\n"


def _json(data: object) -> str:
    return json.dumps(data, indent=2) + "\n"


def _names() -> Iterator[str]:
    yield from NAMES


_NAME = _names()
_BOXES = {Status.TODO: "[ ]", Status.DONE: "[x]", Status.IN_PROGRESS: "[~]"}
_WORDS = {
    Status.TODO: "todo",
    Status.IN_PROGRESS: "in_progress",
    Status.DONE: "done",
    Status.BLOCKED: "blocked",
    Status.REVIEW: "needs_review",
}
_HYPHENS = {status: word.replace("_", "-") for status, word in _WORDS.items()} | {
    Status.TODO: "not-started",
    Status.REVIEW: "needs-qa",
}
_BOX = r"\[.\]"


def _text(text: str) -> str:
    """Put the next names into a text."""
    return re.sub("@@", lambda _: next(_NAME), text)


PLAIN = Dialect(
    "plain", "tasks-md", "TASKS.md",
    _text("# Tasks\n\n## Kitchen\n\n- [x] @@\n- [ ] @@\n  - [ ] Turn the water off\n\n"
          "## Garden\n\n- [ ] @@\n"),
    r"- \[", "- [ ] {title}", _BOXES, _BOX,
)  # fmt: skip
V1 = Dialect(
    "v1.0", "tasks-md", "api/TASKS.md",
    _text("# Tasks\n\n## P1\n\n- [ ] @@\n  - **ID**: first-one\n  - **Tags**: ops\n"
          "- [ ] @@ (@eve)\n  - **ID**: second-one\n\n## P2\n\n- [ ] @@\n  - [ ] Tell them\n"),
    r"- \[", "- [ ] {title}\n  - **ID**: {slug}", dict.fromkeys(
        (Status.TODO, Status.IN_PROGRESS, Status.DONE), ""), "", removes_done=True,
)  # fmt: skip
TABLE = Dialect(
    "table", "tasks-md", "docs/TASKS.md",
    _text("# Tasks\n\n## Phase 8\n\n"
          "| id | status | description | agent | depends_on | estimate |\n"
          "|----|--------|-------------|-------|------------|----------|\n"
          "| P8-007 | not-started | @@ | — | | 15K |\n| P8-008 | needs-qa | @@ | eve | | 5K |\n"
          "| P8-009 | in-progress | @@ | — | P8-007 | 5K |\n"),
    r"\| P8", "| P8-{n:03} | not-started | {title} | — | | 5K |", _HYPHENS,
    r"(?<=\d \| )[\w-]+(?= +\|)",
)  # fmt: skip
KANBAN = Dialect(
    "kanban", "tasks-md", "_kanban.md",
    _text("# Board\n\n## To Do\n\n- @@\n- @@\n\n## In Progress\n\n- @@\n\n## Review\n\n## Done\n\n"
          "- @@\n"),
    r"- ", "- {title}", {
        Status.TODO: "## To Do", Status.IN_PROGRESS: "## In Progress",
        Status.REVIEW: "## Review", Status.DONE: "## Done",
    }, "", says=frozenset({Status.TODO, Status.IN_PROGRESS, Status.REVIEW, Status.DONE}),
)  # fmt: skip
HEADINGS = Dialect(
    "headings", "tasks-md", "plans/TASKS.md",
    _text("# Plan\n\n## Phase 1\n\n### TASK-1: @@\nStatus: in-progress\nDependencies: TASK-0\n\n"
          "### TASK-2: @@\nStatus: todo\nOwner: eve\n\n### TASK-3: @@\nStatus: done\n"),
    r"### ", "### TASK-{n}: {title}\nStatus: todo\n", _HYPHENS | {Status.TODO: "todo"},
    r"Status:", end=r"^##? ",
)  # fmt: skip
NUMBERED = Dialect(
    "numbered", "tasks-md", "specs/one/tasks.md",
    _text("# Tasks\n\n## Phase 1: Setup\n\n- [x] T001 @@\n- [ ] T002 [P] @@\n\n## Phase 2: Core\n\n"
          "- [ ] T003 [US1] @@\n"),
    r"- \[", "- [ ] T{n:03} {title}", _BOXES, _BOX,
)  # fmt: skip
ROADMAP = Dialect(
    "roadmap", "roadmap", "roadmap.yaml",
    _text("epics:\n- id: E1\n  title: Weather\n  tasks:\n  - id: T1\n    title: @@\n"
          "    status: needs_review\n  - id: T2\n    title: @@\n    status: pending\n"
          "    owner: eve\n  - id: T3\n    title: @@\n    exit_criteria: [it works]\n"),
    r"  - id", "  - id: T{n}\n    title: {title}\n    status: pending", _WORDS, r"    status:",
    end=r"^(?!    )",
)  # fmt: skip
MISSION = Dialect(
    "mission", "mission", ".mosaic/orchestrator/mission.json",
    _json({
        "name": "Open the shop", "tasks_file": "docs/TASKS.md", "milestones": [
            {"id": "M1", "name": next(_NAME), "status": "completed"},
            {"id": "M2", "name": next(_NAME), "status": "in-progress"},
            {"id": "M3", "name": next(_NAME)},
        ],
    }),
    r"$^", "", _HYPHENS, "",
)  # fmt: skip
OPENSPEC = Dialect(
    "OpenSpec", "openspec", "openspec/changes/add-search/tasks.md",
    _text("## 1. Index\n\n- [x] 1.1 @@\n- [ ] 1.2 @@\n\n## 2. Use\n\n- [ ] 2.1 @@\n"),
    r"- \[", "- [ ] 3.{n} {title}", {Status.TODO: "[ ]", Status.DONE: "[x]"}, _BOX,
    says=frozenset({Status.TODO, Status.DONE}), assigns=False,
    beside={"openspec/changes/add-search/proposal.md": "## Why\n\nSomebody asked.\n"},
)  # fmt: skip

EVERY = (PLAIN, V1, TABLE, KANBAN, HEADINGS, NUMBERED, ROADMAP, MISSION, OPENSPEC)
DIALECTS = {each.name: each for each in EVERY}
UNUSED = tuple(_NAME)
"""Names for tasks that are added."""
