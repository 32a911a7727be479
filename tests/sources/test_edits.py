"""What an edit makes of a file, dialect by dialect, and what it refuses with which advice."""

from __future__ import annotations

import pytest

from kanban_sync.core.edits import AddTask, Claim, Edit, Remove, SetStatus, Unclaim
from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Status
from kanban_sync.core.ports import DEFAULTS, SourceSettings
from kanban_sync.sources import SOURCES

TODO, DONE, BLOCKED, REVIEW = Status.TODO, Status.DONE, Status.BLOCKED, Status.REVIEW
IN_PROGRESS = Status.IN_PROGRESS

PATHS = {
    "tasks-md": "TASKS.md",
    "openspec": "openspec/changes/add-search/tasks.md",
    "roadmap": "roadmap.yaml",
    "mission": ".mosaic/orchestrator/mission.json",
}


def edit(source: str, text: str, wanted: Edit, settings: SourceSettings = DEFAULTS) -> str:
    return SOURCES[source].edit(PATHS[source], text.encode(), wanted, settings).decode()


def refusal(source: str, text: str, wanted: Edit) -> str:
    with pytest.raises(EditError) as caught:
        edit(source, text, wanted)
    return str(caught.value)


# --- what comes of it -----------------------------------------------------------------------------

MARKDOWN: dict[str, tuple[str, Edit, str]] = {
    "plain: tick": ("# A\n\n- [ ] one\n- [x] two\n", SetStatus(0, DONE),
                    "# A\n\n- [x] one\n- [x] two\n"),
    "plain: a box alone in its line": ("- [ ]\n  one\n", SetStatus(0, BLOCKED),
                                       "- [ ]\n  one\n  - Status: blocked\n"),
    "plain: words behind a tab": ("1.\t[ ] one\n\ttwo\n", SetStatus(0, BLOCKED),
                                  "1.\t[ ] one\n\ttwo\n   - Status: blocked\n"),
    "plain: untick": ("* [X] one", SetStatus(0, TODO), "* [ ] one"),
    "plain: tick as the file does": ("- [ ] one\r\n- [X] two", SetStatus(0, DONE),
                                     "- [X] one\r\n- [X] two"),
    "plain: an empty box": ("- [] one\n", SetStatus(0, DONE), "- [x] one\n"),
    "plain: another mark": ("- [~] one\n", SetStatus(0, TODO), "- [ ] one\n"),
    "plain: a sub-task below tabs": ("- [ ] one\n\t- [ ]\ttwo  \n", SetStatus(1, DONE),
                                     "- [ ] one\n\t- [x]\ttwo  \n"),
    "plain: with a mark and a comment": (
        "\ufeff- [ ] one <!-- id: 4 -->", SetStatus(0, DONE), "\ufeff- [x] one <!-- id: 4 -->"),
    "plain: its line Status": ("- [ ] one\n  Status: todo\n", SetStatus(0, BLOCKED),
                               "- [ ] one\n  Status: blocked\n"),
    "plain: both ways to say done": ("- [ ] one\n  - **Status:** todo <!-- c -->\n",
                                     SetStatus(0, DONE),
                                     "- [x] one\n  - **Status:** done <!-- c -->\n"),
    "plain: what a box cannot say": ("- [!] one\n  more\n", SetStatus(0, IN_PROGRESS),
                                     "- [ ] one\n  more\n  - Status: in-progress\n"),
    "plain: what a tick denies": ("- [x] one", SetStatus(0, BLOCKED),
                                  "- [ ] one\n  - Status: blocked"),
    "plain: a line like the others": ("- [ ] one\n  **Owner**: ada\n", SetStatus(0, REVIEW),
                                      "- [ ] one\n  **Status**: review\n  **Owner**: ada\n"),
    "plain: what a box cannot say, with words at the margin": (
        "- [ ] one\nand two\n- [ ] three\n", SetStatus(0, BLOCKED),
        "- [ ] one\nand two\n  - Status: blocked\n- [ ] three\n"),
    "plain: add behind words at the margin": (
        "- [ ] one\n- [ ] two\nand three\n", AddTask("four"),
        "- [ ] one\n- [ ] two\nand three\n- [ ] four\n"),
    "headings: unclaim what is a task by that line": (
        "### T1: one\nOwner: @ada\n", Unclaim(0), "### T1: one\nOwner: —\n"),
    "plain: claim": ("1. [ ] one\n   two\n", Claim(0, "ada"),
                     "1. [ ] one\n   two\n   - Assignee: @ada\n"),
    "plain: claim behind a status that has come first": (
        "- [ ] one\n  - Status: to-do\n    for now\n  - Effort: 3\n", Claim(0, "ada"),
        "- [ ] one\n  - Status: to-do\n    for now\n  - Assignee: @ada\n  - Effort: 3\n"),
    "headings: claim behind a status in front of others": (
        "### T-1: one\nStatus: todo\nEffort: 3\n", Claim(0, "ada"),
        "### T-1: one\nStatus: todo\nAssignee: @ada\nEffort: 3\n"),
    "plain: claim where a line says so": ("- [ ] one\n  - Owner: —\n", Claim(0, "ada"),
                                          "- [ ] one\n  - Owner: ada\n"),
    "plain: claim in the words": ("- [ ] one (@bob)\n", Claim(0, "ada"), "- [ ] one (@ada)\n"),
    "plain: unclaim": ("- [ ] one\n  - Assignee: @ada\n  two\n", Unclaim(0),
                       "- [ ] one\n  two\n"),
    "plain: unclaim in the words": ("- [ ] one (@ada)", Unclaim(0), "- [ ] one"),
    "plain: add": ("- [ ] one\n  more\n\nThe end", AddTask("two"),
                   "- [ ] one\n  more\n- [ ] two\n\nThe end"),
    "plain: add behind a last line without end": ("a\r\n\r\n- [x] one", AddTask("two"),
                                                  "a\r\n\r\n- [x] one\r\n- [ ] two"),
    "plain: add apart, as others are": ("- [ ] one\n\n- [ ] two\n", AddTask("three"),
                                        "- [ ] one\n\n- [ ] two\n\n- [ ] three\n"),
    "plain: add below a heading": ("## A\n- [ ] one\n## B\n- [ ] two\n", AddTask("x", under="a"),
                                   "## A\n- [ ] one\n- [ ] x\n## B\n- [ ] two\n"),
    "plain: add the first": ("# Tasks\n", AddTask("one"), "# Tasks\n\n- [ ] one\n"),
    "plain: add to nothing": ("", AddTask("one"), "- [ ] one\n"),
    "numbered: add with an id": ("- [ ] T-1: one\n", AddTask("two", "T-2"),
                                 "- [ ] T-1: one\n- [ ] T-2: two\n"),
    "numbered: add without an id": ("- [ ] T-01: one\n", AddTask("two"),
                                    "- [ ] T-01: one\n- [ ] T-02: two\n"),
    "numbered: add where there is a gap": (
        "1. [ ] **1.3** one\n2. [x] **1.2** two\n3. [ ] three\n", AddTask("four"),
        "1. [ ] **1.3** one\n2. [x] **1.2** two\n3. [ ] three\n3. [ ] **1.4** four\n"),
    "numbered: add where most have numbers anyway": (
        "- [ ] T001 [P] one\n- [ ] T002 two\n- [ ] T003 three\n", AddTask("four"),
        "- [ ] T001 [P] one\n- [ ] T002 two\n- [ ] T003 three\n- [ ] four\n"),
    "v1.0: claim": ("## P1\n\n- [ ] one <!-- c -->\n", Claim(0, "ada"),
                    "## P1\n\n- [ ] one (@ada) <!-- c -->\n"),
    "v1.0: claim from another": ("## P1\n\n- [ ] one (@bob since noon)\n", Claim(0, "ada"),
                                 "## P1\n\n- [ ] one (@ada since noon)\n"),
    "v1.0: unclaim": ("## P1\r\n\r\n- [ ] one (@ada)\r\n", Unclaim(0),
                      "## P1\r\n\r\n- [ ] one\r\n"),
    "v1.0: tick a sub-task": ("## P1\n\n- [ ] one\n  - [ ] two\n", SetStatus(1, DONE),
                              "## P1\n\n- [ ] one\n  - [x] two\n"),
    "v1.0: done": (
        ("## P1\n\n- [ ] one\n  - **ID**: one\n  - **Details**: a\n\n    b\n  <!-- c -->\n"
        "\n- [ ] two\n"), SetStatus(0, DONE), "## P1\n\n- [ ] two\n"),
    "v1.0: done, with words at the margin": (
        "## P1\n\n- [ ] one,\nand two\n  - **ID**: one\n  - **Details**: a\nb\n\n- [ ] three\n",
        SetStatus(0, DONE), "## P1\n\n- [ ] three\n"),
    "v1.0: remove the last": ("## P1\n\n- [ ] one\n  - [x] two", Remove(0), "## P1\n\n"),
    "v1.0: add": ("## P1\n\n* [ ] one\n  - **ID**: one\n\n## P2\n", AddTask("two", "two"),
                  "## P1\n\n* [ ] one\n  - **ID**: one\n* [ ] two\n  - **ID**: two\n\n## P2\n"),
    "v1.0: add below another priority": (
        "## P1: Soon\n\n- [ ] one\n\n## P2: Later\n", AddTask("two", under="p2"),
        "## P1: Soon\n\n- [ ] one\n\n## P2: Later\n\n- [ ] two\n"),
    "kanban: move": (
        "## To Do\n- one\n  - detail\n- two\n\n## Doing\n- three\n\n## Done\n",
        SetStatus(0, IN_PROGRESS),
        "## To Do\n- two\n\n## Doing\n- three\n- one\n  - detail\n\n## Done\n"),
    "kanban: move words at the margin along": (
        "## To Do\n- one\nand two\n- three\n## Done\n- four\n", SetStatus(0, DONE),
        "## To Do\n- three\n## Done\n- four\n- one\nand two\n"),
    "kanban: move and tick": ("## To Do\n\n- [ ] one\n\n## Done\n\n## Ideas\n", SetStatus(0, DONE),
                              "## To Do\n\n## Done\n\n- [x] one\n\n## Ideas\n"),
    "kanban: move back": ("## To Do\n## Done\r\n- [x] one\r\n", SetStatus(0, TODO),
                          "## To Do\n- [ ] one\n## Done\r\n"),
    "kanban: untick where it is": ("## To Do\n- [x] one\n## Doing\n", SetStatus(0, TODO),
                                   "## To Do\n- [ ] one\n## Doing\n"),
    "kanban: tick without a column": ("## To Do\n- [ ] one\n## Doing\n", SetStatus(0, DONE),
                                      "## To Do\n- [x] one\n## Doing\n"),
    "kanban: move below the same heading": (
        "## To Do\n### Web\n- one\n## Done\n- two\n### Web\n- three\n", SetStatus(0, DONE),
        "## To Do\n### Web\n## Done\n- two\n### Web\n- three\n- one\n"),
    "kanban: move from below a heading that the column lacks": (
        "## To Do\n### Web\n- one\n- two\n## Done\n", SetStatus(0, DONE),
        "## To Do\n### Web\n- two\n## Done\n- one\n"),
    "kanban: move above the headings of the column": (
        "## To Do\n### Web\n- zero\n- one\n## Done\n- two\n\n### App\n- three\n",
        SetStatus(1, DONE),
        "## To Do\n### Web\n- zero\n## Done\n- two\n- one\n\n### App\n- three\n"),
    "kanban: move the only one along with its heading": (
        "## To Do\n\n### Web\n\n- [ ] one\n\n## Done\n\n- two\n", SetStatus(0, DONE),
        "## To Do\n\n## Done\n\n- two\n\n### Web\n\n- [x] one\n"),
    "kanban: add": ("## Done\n- [x] one\n\n## To Do\n\n## Doing\n", AddTask("two"),
                    "## Done\n- [x] one\n\n## To Do\n\n- [ ] two\n\n## Doing\n"),
    "headings: its line": (
        "### T-1: one\n**Status**: In Progress\n- [ ] a\n### T-2: two\n**Status**: Done\n",
        SetStatus(0, DONE),
        "### T-1: one\n**Status**: Done\n- [ ] a\n### T-2: two\n**Status**: Done\n"),
    "headings: one of several values": (
        "### T-1: one\n**Status:** In Progress | **Sprint:** 4 | **Owner:** @bob\n",
        SetStatus(0, DONE), "### T-1: one\n**Status:** Done | **Sprint:** 4 | **Owner:** @bob\n"),
    "headings: one of several values without stars": (
        "### T-1: one\nSprint: 4 | Owner: bob | Risk: high\n", Claim(0, "ada"),
        "### T-1: one\nSprint: 4 | Owner: ada | Risk: high\n"),
    "headings: unclaim the first of several values": (
        "### T-1: one\nOwner: zed | Status: todo |\n", Unclaim(0),
        "### T-1: one\nOwner: — | Status: todo |\n"),
    "headings: unclaim the last of several values": (
        "### T-1: one\n**Status**: todo | **Owner**: @zed", Unclaim(0),
        "### T-1: one\n**Status**: todo | **Owner**: —"),
    "headings: claim where nobody is named": (
        "### T-1: one\nStatus: todo | Owner: | Risk: high\n", Claim(0, "zed"),
        "### T-1: one\nStatus: todo | Owner: zed | Risk: high\n"),
    "plain: unclaim one of several values": (
        "- [ ] one\n  - Priority: low | Owner: @ada | Risk: high\n", Unclaim(0),
        "- [ ] one\n  - Priority: low | Owner: — | Risk: high\n"),
    "headings: in brackets": ("### T-1: one (in progress)\n- a\n", SetStatus(0, BLOCKED),
                              "### T-1: one (blocked)\n- a\n"),
    "headings: a tick": ("### T-1: one ✅\n- [ ] a\n", SetStatus(0, TODO),
                         "### T-1: one\n- [ ] a\n"),
    "headings: a line is put in": ("### T-1: one\n\n- [ ] a\n", SetStatus(0, BLOCKED),
                                   "### T-1: one\nStatus: blocked\n\n- [ ] a\n"),
    "headings: a line like the others": ("### T-1: one\n\n- **Owner:** ada\n", SetStatus(0, DONE),
                                         "### T-1: one\n\n- **Status:** done\n- **Owner:** ada\n"),
    "headings: move": (
        "## Todo\n\n### One\n- **Owner:** ada\n\ntext\n\n### Two\n\n## Done\n\n### Three\n",
        SetStatus(0, DONE),
        "## Todo\n\n### Two\n\n## Done\n\n### Three\n\n### One\n- **Owner:** ada\n\ntext\n"),
    "headings: where no column stands for it": (
        "## Todo\n\n### One\n- **Owner:** ada\n\n## Doing\n", SetStatus(0, DONE),
        "## Todo\n\n### One\n- **Status:** Done\n- **Owner:** ada\n\n## Doing\n"),
    "headings: claim": ("### T-1: one\nStatus: todo\n", Claim(0, "ada"),
                        "### T-1: one\nStatus: todo\nAssignee: @ada\n"),
    "headings: add": ("### T-1: one\nStatus: done\n\ntext\n", AddTask("two", "T-2"),
                      "### T-1: one\nStatus: done\n\ntext\n\n### T-2: two\nStatus: todo\n"),
}  # fmt: skip

TABLE = """\
| id   | title      | status      | agent |
|------|:-----------|------------:|-------|
| P-07 | Take cards | not-started | —     |
| P-08 | Pay \\| go  |        done | @ada  |
|P-09|完了|todo|
"""

TABLES: dict[str, tuple[str, Edit, str, str]] = {
    "narrower": (TABLE, SetStatus(0, DONE), "| not-started |", "| done        |"),
    "wider": (TABLE, SetStatus(1, TODO), "|        done |", "| not-started |"),
    "on the right": (TABLE, SetStatus(1, BLOCKED), "        done |", "     blocked |"),
    "too wide": (TABLE, SetStatus(2, BLOCKED), "|todo|", "|blocked|"),
    "an empty cell": ("|id|status|\n|-|-|\n|A-1| |\n", SetStatus(0, DONE), "| |", "| done |"),
    "an empty cell without blanks": ("|id|status|\n|-|-|\n|A-1||\n", SetStatus(0, DONE), "||",
                                     "|done|"),
    "a wide empty cell": ("|id|status|\n|-|-|\n|A-1|       |\n", SetStatus(0, DONE), "|       |",
                          "| done  |"),
    "add below an empty cell": ("|id|title|status|\n|-|-|-|\n|A-1|a| |\n", AddTask("b", "A-2"),
                                "|A-1|a| |\n", "|A-1|a| |\n|A-2|b| todo |\n"),
    "claim": (TABLE, Claim(0, "bob"), "| —     |", "| bob   |"),
    "claim with a sign": (TABLE, Claim(1, "bob"), "| @ada  |", "| @bob  |"),
    "unclaim": (TABLE, Unclaim(1), "| @ada  |", "| —     |"),
    "add": (TABLE, AddTask("a | b", "P-10"), "|P-09|完了|todo|\n",
            "|P-09|完了|todo|\n|P-10|a \\| b|not-started|\n"),
    "a box of the same task": (
        f"{TABLE}\n- [ ] P-07: Take cards\n", SetStatus(0, DONE),
        f"not-started{TABLE.partition('not-started')[2]}\n- [ ] P",
        f"done       {TABLE.partition('not-started')[2]}\n- [x] P"),
}  # fmt: skip

ROADMAP = """\
# plan
epics:
  - id: E
    tasks:
      - id: T1
        title: Dig   # deep
        status: 'in_progress'  # soon
        owner: "@ada"
        exit_criteria: [it works]
      - title: "Fill"
        id: T2
      - {id: T3, title: Sow, status: todo}

# the end
"""

ROADMAPS: dict[str, tuple[str, Edit, str, str]] = {
    "quoted": (ROADMAP, SetStatus(0, DONE), "'in_progress'  #", "'done'  #"),
    "the word of before": (ROADMAP, SetStatus(0, TODO, "pending"), "'in_progress'  #",
                           "'pending'  #"),
    "the word of another status": (ROADMAP, SetStatus(0, DONE, "pending"), "'in_progress'  #",
                                   "'done'  #"),
    "absent": (ROADMAP, SetStatus(2, IN_PROGRESS), '"Fill"\n',
               '"Fill"\n        status: in_progress\n'),
    "of a task by its name": ("tasks:\n  T1:\n    title: a\n    notes: n\n", SetStatus(0, DONE),
                              "title: a\n", "title: a\n    status: done\n"),
    "of a task by its name, in braces": ("tasks: {T1: {title: a}}\n", Claim(0, "bob"),
                                         "title: a", "title: a, owner: bob"),
    "of a task without a title": ("tasks:\n  T1:\n    steps: [a]\n    notes: n\n",
                                  SetStatus(0, DONE), ": n\n", ": n\n    status: done\n"),
    "in braces": (ROADMAP, SetStatus(3, DONE), "status: todo}", "status: done}"),
    "with a sign": (ROADMAP, Claim(0, "bob"), '"@ada"', '"@bob"'),
    "an owner is put in": (ROADMAP, Claim(3, "bob"), "title: Sow,", "title: Sow, owner: bob,"),
    "nobody": (ROADMAP, Unclaim(0), '        owner: "@ada"\n', ""),
    "nobody, where others say so": ("tasks:\n- id: a\n  owner: x\n- id: b\n  owner:\n",
                                    Unclaim(0), " x", " null"),
    "nobody, behind words of one's own": ("tasks:\n- id: a\n  owner: x  # for now\n", Unclaim(0),
                                          " x ", " null "),
    "nobody first": ("tasks:\n- owner: x\n  id: a\n", Unclaim(0), " x", " null"),
    "nobody, in braces": ("tasks: [{id: a, owner: x}]\n", Unclaim(0), ", owner: x", ""),
    "nobody, in braces first": ("tasks: [{owner: x, id: a}]\n", Unclaim(0), " x", " null"),
    "nobody at the end": ("tasks:\r\n- id: a\r\n  owner: x", Unclaim(0), "\r\n  owner: x", ""),
    "nobody in JSON": ('{"tasks": [{"id": "a",\n  "owner": "x", "name": "A"}]}', Unclaim(0),
                       ',\n  "owner": "x"', ""),
    "with Windows line ends": (ROADMAP.replace("\n", "\r\n"), SetStatus(2, DONE), '"Fill"\r\n',
                               '"Fill"\r\n        status: done\r\n'),
    "a block": ("tasks:\n- title: a\n  status: |\n    todo\n\n  notes: b\n", SetStatus(0, DONE),
                "|\n    todo\n", "done\n"),
    "nothing yet": ("tasks:\n- title: a\n  status:\n", SetStatus(0, DONE), "status:\n",
                    "status: done\n"),
    "add": ("tasks:\n  -  title: a\n     deps: [\n       b ]\n\n# end", AddTask("c: d", "T9"),
            "b ]\n", 'b ]\n  -  id: T9\n     title: "c: d"\n     status: todo\n'),
    "add behind a text": ("tasks:\n- dig\n- fill\n", AddTask("sow"), "- fill\n",
                          "- fill\n- title: sow\n  status: todo\n"),
    "add behind a text that keeps its blank lines": (
        "tasks:\n- title: a\n  notes: |+\n    b\n\n\nepics: []\n", AddTask("c"), "b\n\n\n",
        "b\n\n\n- title: c\n  status: todo\n"),
    "add below a text that keeps its blank lines": (
        "epics:\n- id: E\n  notes: >+\n    b\n\n", AddTask("c", under="e"), "b\n\n",
        "b\n\n  tasks:\n    - title: c\n      status: todo\n"),
    "add to JSON": ('{"tasks": [\n  {"id": "T1", "name": "a"}\n]}\n', AddTask("b", "T2"), '"a"}',
                    '"a"}, {"id": "T2", "name": "b", "status": "todo"}'),
    "absent in JSON": ('{"tasks": [{"id": "T1"}]}', SetStatus(0, DONE), '"T1"',
                       '"T1", "status": "done"'),
    "null in JSON": ('{"tasks": [{"id": "T1", "owner": null}]}', Claim(0, "ada"), "null",
                     '"ada"'),
    "add in brackets": ("tasks: [{name: a}]\n", AddTask("b: c", "T"), "a}",
                        'a}, {id: T, name: "b: c", status: todo}'),
    "add the first, where a list is empty": (
        "epics:\n- title: One\n  tasks: []  # none\n  notes: b\n", AddTask("a", under="one"),
        "tasks: []  # none\n", "tasks:  # none\n    - title: a\n      status: todo\n"),
    "add the first, where nothing is": ("tasks:\n# end\n", AddTask("a"), "tasks:\n",
                                        "tasks:\n  - title: a\n    status: todo\n"),
    "add the first, where null is": ("tasks: null", AddTask("a"), " null",
                                     "\n  - title: a\n    status: todo"),
    "add the first to a milestone": (
        ("epics:\r\n- id: E\r\n  milestones:\r\n  - id: M1\r\n    tasks:\r\n    - name: a\r\n"
         "  - id: M2\r\n    status: todo\r\n# end\r\n"), AddTask("b", "T", under="M2"),
        "status: todo\r\n",
        "status: todo\r\n    tasks:\r\n    - id: T\r\n      name: b\r\n      status: todo\r\n"),
    "add by the id of a group": ("phases:\n  P1:\n    title: One\n    tasks: [a]\n  P2:\n    x: 1",
                                 AddTask("b", under="P1"), "a]", "a, {title: b, status: todo}]"),
    "add to a group": (("epics:\n- title: One\n  tasks:\n  - name: a\n- title: Two\n  tasks:\n"
                       "  - name: b"), AddTask("c", under="one"), "name: a\n",
                       "name: a\n  - name: c\n    status: todo\n"),
}  # fmt: skip

MISSION = (
    '{"name": "m", "n": 1.50,\n\t"milestones": [{"id": "a", "status": "active", "owner": "x"}]}'
)

MILESTONES = """\
{"name": "M", "milestones": [{
\t\t"id": "M1", "title": "a", "status": "pending"
\t}, {
\t\t"id": "M2"
\t}
]}
""".replace("\n", "\r\n")

MISSIONS: dict[str, tuple[str, Edit, str, str]] = {
    "status": (MISSION, SetStatus(0, DONE), '"active"', '"done"'),
    "owner": (MISSION, Claim(0, 'a"b'), '"x"', '"a\\"b"'),
    "nobody": (MISSION, Unclaim(0), ', "owner": "x"', ""),
    "nobody, where others say so": (
        '{"milestones": [{"id": "a", "owner": "x"}, {"id": "b", "owner": null}]}', Unclaim(0),
        '"x"', "null"),
    "nobody first": ('{"milestones": [{"owner": "x", "id": "a"}]}', Unclaim(0), '"x"', "null"),
    "null": ('{"milestones": [{"id": "a", "status": null }]}', SetStatus(0, DONE), "null",
             '"done"'),
    "absent": ('{"milestones": [{"id": "a", "name":"b"}]}', SetStatus(0, DONE), ':"b"',
               ':"b", "status":"done"'),
    "absent, on lines": (MILESTONES, Claim(1, "ada"), '"M2"', '"M2",\r\n\t\t"owner": "ada"'),
    "add": (MISSION, AddTask('b "c"', "m"), '"x"}',
            '"x"}, {"id": "m", "name": "b \\"c\\"", "status": "todo"}'),
    "add on lines": (MILESTONES, AddTask("b", under="m"), '"M2"\r\n\t}', (
        '"M2"\r\n\t}, {\r\n\t\t"title": "b",\r\n\t\t"status": "pending"\r\n\t}')),
    "add close together": ('{"milestones":[{"id":"a"},{"id":"b"}]}', AddTask("c"), '"b"}',
                           '"b"},{"name":"c","status":"todo"}'),
    "add the first": ('{"milestones": [ ]}', AddTask("b"), "[",
                      '[{"name": "b", "status": "todo"}'),
    "add behind a text": ('{"milestones": ["a"]}', AddTask("b"), '"a"',
                          '"a", {"name": "b", "status": "todo"}'),
}  # fmt: skip

BOXES = "## 1. Index\n- [ ] 1.1 a\n\t* [~] b\r\n1.[ ]c\n```\n- [x] d\n```\n\n## 2. Use\n"

OPENSPEC: dict[str, tuple[str, Edit, str, str]] = {
    "tick": (BOXES, SetStatus(0, DONE), "- [ ]", "- [x]"),
    "another mark": (BOXES, SetStatus(1, DONE), "[~]", "[x]"),
    "without blanks": (BOXES, SetStatus(2, DONE), "1.[ ]c", "1.[x]c"),
    "in code": (BOXES, SetStatus(3, TODO), "[x]", "[ ]"),
    "add": ("## 1. A\n* [ ] 1.1 a\n  more\n\nend", AddTask("1.2 b"), "  more\n",
            "  more\n* [ ] 1.2 b\n"),
    "add to a group by its first word": ("## 10. A\n- [ ] a\n\n## 1. B\n- [ ] b\n",
                                         AddTask("c", under="1"), "- [ ] b\n",
                                         "- [ ] b\n- [ ] c\n"),
    "add to an empty group": (BOXES, AddTask("2.1 b", under="2. Use"), "## 2. Use\n",
                              "## 2. Use\n- [ ] 2.1 b\n"),
}  # fmt: skip

SPLICES = {
    **{f"table, {name}": ("tasks-md", *row) for name, row in TABLES.items()},
    **{f"roadmap, {name}": ("roadmap", *row) for name, row in ROADMAPS.items()},
    **{f"mission, {name}": ("mission", *row) for name, row in MISSIONS.items()},
    **{f"openspec, {name}": ("openspec", *row) for name, row in OPENSPEC.items()},
}


@pytest.mark.parametrize("case", MARKDOWN)
def test_an_edit_of_markdown_makes_of_a_text_another(case: str) -> None:
    before, wanted, after = MARKDOWN[case]
    assert edit("tasks-md", before, wanted) == after


@pytest.mark.parametrize("case", SPLICES)
def test_an_edit_replaces_one_piece_of_a_text(case: str) -> None:
    source, text, wanted, old, new = SPLICES[case]
    assert text.count(old) == 1
    assert edit(source, text, wanted) == text.replace(old, new)


def test_the_dialect_that_the_settings_name_is_edited() -> None:
    settings = SourceSettings(dialects=(("TASKS.md", "kanban"),))
    text = "## Todo\n- a\n## Odd\n- b\n## Done\n"
    assert (
        edit("tasks-md", text, SetStatus(0, DONE), settings)
        == "## Todo\n## Odd\n- b\n## Done\n- a\n"
    )


@pytest.mark.parametrize(
    ("source", "text", "wanted"),
    [
        ("tasks-md", "- [x] one\r\n", SetStatus(0, DONE)),
        ("tasks-md", "## P1\n- [ ] one (@ada)\n", Claim(0, "ada")),
        ("tasks-md", "- [ ] one\n", Unclaim(0)),
        ("openspec", "- [~] one\n", SetStatus(0, TODO)),
        ("roadmap", "tasks:\n- title: a\n  status: pending\n", SetStatus(0, TODO)),
    ],
)
def test_what_a_file_says_already_is_left_as_it_is_written(
    source: str, text: str, wanted: Edit
) -> None:
    assert edit(source, text, wanted) == text


# --- what is refused ------------------------------------------------------------------------------

ALIAS = "base: &b todo\ntasks:\n- {title: a, status: *b}\n- {title: b, status: *b}\n"
MERGE = "x: &x {status: todo}\ntasks:\n- title: a\n  <<: *x\n"

REFUSALS: dict[str, tuple[str, str, Edit, str]] = {
    "a conflict": ("tasks-md", "- [ ] a\n<<<<<<< HEAD\n", SetStatus(0, DONE),
                   "TASKS.md:2: a merge conflict stands here"),
    "no such task": ("tasks-md", "- [ ] a\n", SetStatus(7, DONE), "no such task any more"),
    "nobody sets orphaned": ("tasks-md", "- [ ] a\n", SetStatus(0, Status.ORPHANED),
                             "TASKS.md:1: nobody sets orphaned"),
    "a status that says more": ("tasks-md", "### T-1: a\nStatus: odd | 50% | Owner: bob\n",
                                SetStatus(0, DONE), "'odd | 50%' would be lost"),
    "an owner who says more": ("tasks-md", "- [ ] a\n  Owner: bob, **Sprint:** 4\n",
                               Claim(0, "ada"), "says more than what is replaced"),
    "a kanban item below what is done": ("tasks-md", "## To Do\n- a\n## Done\n- b\n",
                                         AddTask("c", under="done"), "name another column"),
    "a task below a heading that is one": ("tasks-md", "### T-1: a\nStatus: todo\n",
                                           AddTask("c", under="T-1"), "is a task itself"),
    "struck": ("tasks-md", "- [ ] ~~a~~\n", SetStatus(0, TODO), "struck"),
    "a name with blanks": ("tasks-md", "- [ ] a\n", Claim(0, "a b"), "'a b' is no name"),
    "a title of two lines": ("tasks-md", "- [ ] a\n", AddTask("a\nb"), "one line of text"),
    "a title that says more": ("tasks-md", "## P1\n- [ ] a\n", AddTask("b (@c)"),
                               "other things in the file would change too"),
    "a title that is no text": ("roadmap", ROADMAP, AddTask("a \udcff"), "one line of text"),
    "an id of two words": ("roadmap", ROADMAP, AddTask("a", "b c"), "an id has no blanks"),
    "a name that is none": ("mission", MISSION, Claim(0, "a\nb"), "one line of text"),
    "no such group": ("openspec", BOXES, AddTask("b", under="3"), "has '1. Index', '2. Use'"),
    "no such heading": ("tasks-md", "## A\n- [ ] a\n", AddTask("b", under="C"),
                        "no heading is called 'C'; the file has 'A'"),
    "an id that is taken": ("tasks-md", "## P1\n- [ ] a\n  - **ID**: a\n", AddTask("b", "a"),
                            "the id a is taken"),
    "an id that is read as none": ("tasks-md", "- [ ] T-1: a\n", AddTask("b", "zz"),
                                   "'zz' would not be read as an id in this file"),
    "code without end": ("tasks-md", "- [ ] a\n```\n- b\n", AddTask("c", under="x"), "no heading"),
    "v1.0 in progress": ("tasks-md", "## P1\n- [ ] a\n", SetStatus(0, IN_PROGRESS),
                         "in progress once it is claimed"),
    "v1.0 todo, but claimed": ("tasks-md", "## P1\n- [ ] a (@b)\n", SetStatus(0, TODO),
                               "in progress while it is claimed"),
    "v1.0 blocked": ("tasks-md", "## P1\n- [ ] a\n", SetStatus(0, BLOCKED), "no way to say"),
    "v1.0 among others": ("tasks-md", f"## P1\n- [ ] a\n\n## B\n\n{TABLE}", SetStatus(0, DONE),
                          "no v1.0 (table)"),
    "removing a sub-task": ("tasks-md", "## P1\n- [ ] a\n  - [x] b\n", Remove(1), "sub-tasks stay"),
    "removing elsewhere": ("tasks-md", "- [x] a\n", Remove(0), "in TASKS.md v1.0 only"),
    "no such column": ("tasks-md", "## To Do\n- a\n## Done\n", SetStatus(0, BLOCKED),
                       "no column stands for blocked, only 'To Do', 'Done'"),
    "a table without the column": ("tasks-md", "| id | title |\n|-|-|\n| A-1 | b |\n",
                                   SetStatus(0, DONE), "add a column 'status'"),
    "a table without agents": ("tasks-md", "| id | status |\n|-|-|\n| A-1 | todo |\n",
                               Claim(0, "ada"), "add a column 'agent'"),
    "a short row": ("tasks-md", f"{TABLE}", Claim(2, "ada"), "TASKS.md:5: its row ends before"),
    "OpenSpec blocked": ("openspec", "- [ ] a\n", SetStatus(0, BLOCKED), "todo or done, not"),
    "OpenSpec claims": ("openspec", "- [ ] a\n", Claim(0, "ada"), "no place for anything else"),
    "OpenSpec ids": ("openspec", "- [ ] a\n", AddTask("b", "B-1"), "begin the title"),
    "an alias": ("roadmap", ALIAS, SetStatus(0, DONE), "roadmap.yaml:3: its status is written"),
    "an anchor": ("roadmap", "tasks:\n- title: a\n  status: &s todo\n- title: *s\n",
                  SetStatus(0, DONE), "has an anchor or a tag"),
    "a merged value": ("roadmap", MERGE, SetStatus(0, DONE), "an alias, or '<<'"),
    "a list": ("roadmap", "tasks:\n- title: a\n  status: [todo]\n", SetStatus(0, DONE), "no text"),
    "a text alone": ("roadmap", "tasks: [dig]\n", SetStatus(0, DONE), "write it as 'title: …'"),
    "a criterion": ("roadmap", ROADMAP, SetStatus(1, DONE), "a criterion is met once"),
    "removing from a roadmap": ("roadmap", ROADMAP, Remove(0), "counts as lost"),
    "a task that says nothing": ("roadmap", "tasks:\n  T1: {}\n", SetStatus(0, DONE),
                                 "has no status, and no line to put one behind"),
    "a task that is an alias": ("roadmap", "x: &a {title: a}\ntasks: [*a]\n", AddTask("b"),
                                "an alias"),
    "tasks by their names": ("roadmap", "tasks:\n  T1: {title: a}\n", AddTask("b"), "no list"),
    "tasks that are a text": ("roadmap", "tasks: none\n", AddTask("b"), "is a text, 'none'"),
    "a group in braces": ("roadmap", "epics: [{id: E}]\n", AddTask("b", under="E"), "in braces"),
    "a roadmap without tasks": ("roadmap", "epics:\n- id: E\n- id: F\n", AddTask("b"),
                                "say below which group it comes: 'E', 'F'"),
    "no such group in a roadmap": ("roadmap", ROADMAP, AddTask("b", under="X"), "the file has 'E'"),
    "a group of groups": ("roadmap", "epics:\n- id: E\n  milestones:\n  - id: M\n",
                          AddTask("b", under="E"), "name one of 'M'"),
    "no YAML": ("roadmap", "tasks: [\n", SetStatus(0, DONE), "is no YAML"),
    "too deep": ("roadmap", "tasks: " + "[" * 9999, SetStatus(0, DONE), "nested more than 64 deep"),
    "a mission has no groups": ("mission", MISSION, AddTask("b", under="c"), "one list"),
    "milestones by their names": ("mission", '{"milestones": {"a": {}}}', AddTask("b"), "no list"),
    "a milestone by its name": ("mission", '{"milestones": {"a": {}}}', SetStatus(0, DONE),
                                "no name to put one behind"),
    "a milestone that is a text": ("mission", '{"milestones": ["a"]}', Claim(0, "b"),
                                   "a text alone, which has no assignee"),
    "a status that is a list": ("mission", '{"milestones": [{"id": "a", "status": []}]}',
                                SetStatus(0, DONE), "its status is no text"),
    "removing from a mission": ("mission", MISSION, Remove(0), "counts as lost"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "agent", "wanted"),
    [
        ("In Progress (50%, waits for QA)", "", SetStatus(0, BLOCKED)),
        ("🚧 In Progress (50%)", "", SetStatus(0, DONE)),
        ("todo", "ada, bob", Claim(0, "eve")),
        ("todo", "@ada & @bob", Claim(0, "eve")),
        ("todo", "ada (until May)", Unclaim(0)),
    ],
)
def test_what_says_more_is_not_written_over(status: str, agent: str, wanted: Edit) -> None:
    table = f"| id | status | title | agent |\n|-|-|-|-|\n| T-1 | {status} | a | {agent} |\n"
    lines = f"- [ ] a\n  - Status: {status}\n  - Owner: {agent}\n"

    assert "says more than what is replaced" in refusal("tasks-md", table, wanted)
    assert "says more than what is replaced" in refusal("tasks-md", lines, wanted)


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_edited_is_refused_with_its_reason(case: str) -> None:
    source, text, wanted, reason = REFUSALS[case]
    said = refusal(source, text, wanted)
    assert said.startswith(PATHS[source])
    assert reason in said


def test_a_file_that_is_no_utf_8_is_refused_with_the_line() -> None:
    with pytest.raises(EditError, match=r"^TASKS.md:2: is no text in UTF-8"):
        SOURCES["tasks-md"].edit("TASKS.md", b"- [ ] a\n\xff\n", SetStatus(0, DONE))


def test_a_proposal_holds_no_tasks() -> None:
    with pytest.raises(EditError, match="a proposal holds no tasks"):
        SOURCES["openspec"].edit("openspec/changes/a/proposal.md", b"x", AddTask("b"))
