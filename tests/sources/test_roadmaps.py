"""``roadmap.yaml`` and ``mission.json``: what becomes of them, and what they survive."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.model import Document, Status
from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources.mission import Mission
from kanban_sync.sources.roadmap import Roadmap

PATH = "state/roadmap.yaml"


def read(text: str) -> Document:
    return Roadmap().parse(PATH, text.encode())


ROADMAP = """\
epics:
  - id: E1
    title: Weather
    domain: product
    milestones:
      - id: M1.1
        title: Ingestion
        status: pending
        priority: high
        tasks:
          - id: T1.1.1
            title: Fetch the forecast
            status: needs_review
            dependencies: [T0.1, T0.2]
            exit_criteria:
              - critic: tests
              - artifact:docs/forecast.md
            description: |
              Every hour.
            owner: ada
            estimate_hours: 4
            cluster: {name: north, size: 2}
          - id: T1.1.2
            title: Keep it
            status: on_fire
            domain: infra
            priority: low
            dependencies:
              depends_on: [T1.1.1]
              T0.3: the schema
tasks:
  - id: T9
    title: Tidy up
    status: done
    exit_criteria: [swept]
archive:
  - id: E0
    title: Before
    tasks:
      - {id: T0.1, title: Begin, status: done}
"""


def test_tasks_are_read_with_all_that_is_said_of_them() -> None:
    first, second, tidy, begin = read(ROADMAP).tasks

    assert (first.id, first.title, first.line) == ("T1.1.1", "Fetch the forecast", 11)
    assert (first.status, first.word) == (Status.REVIEW, "needs_review")
    assert (first.group, first.priority, first.assignee) == ("Ingestion", "high", "ada")
    assert first.depends_on == ("T0.1", "T0.2")
    assert first.body == "Every hour."
    assert first.fields == (
        ("estimate_hours", "4"),
        ("cluster", "name: north, size: 2"),
        ("domain", "product"),
        ("epic", "Weather"),
        ("epic id", "E1"),
        ("milestone id", "M1.1"),
        ("milestone status", "pending"),
    )
    assert [(each.group, each.title, each.line) for each in first.children] == [
        ("Exit criteria", "critic: tests", 16),
        ("Exit criteria", "artifact:docs/forecast.md", 17),
    ]
    assert (second.priority, second.depends_on) == ("low", ("T1.1.1", "T0.3"))
    assert ("T0.3", "the schema") in second.fields
    assert ("domain", "infra") in second.fields
    assert (tidy.group, tidy.children[0].status) == ("", Status.DONE)
    assert (begin.id, begin.group, begin.status) == ("T0.1", "Before", Status.DONE)


def test_what_groups_say_of_themselves_is_told_by_their_tasks() -> None:
    (task,) = read(
        """\
epics:
  - name: Weather
    title: Sun and rain
    description: |
      Why all
      of this.
    owner: ada
    blocked_by: [E0]
    priority: high
    notes: []
    links: {prd: docs/prd.md, "no": 7}
    phases:
      - id: P1
        exit_criteria: [swept, {doc: docs/a.md}]
        ideas:
          - {id: T2, title: Later, status: pending}
        tasks:
          - id: T1
            subtasks: [{id: T1.1}]
"""
    ).tasks
    assert task.fields == (
        ("epic", "Sun and rain"),
        ("epic name", "Weather"),
        ("epic description", "Why all\nof this."),
        ("epic owner", "ada"),
        ("epic blocked_by", "E0"),
        ("epic links", "prd: docs/prd.md, no: 7"),
        ("phase exit_criteria", "swept, doc: docs/a.md"),
    )
    assert (task.group, task.priority, task.children[0].fields) == ("P1", "high", ())


def test_what_groups_say_at_length_is_cut_on_each_of_their_tasks() -> None:
    long = "x" * 5000
    text = f"epics: [{{id: E, why: {long}, owner: a, tasks: [{{id: A}}, {{id: B}}]}}]"
    for task in read(text).tasks:
        assert task.fields == (("epic why", f"{long[:2000]}…"),)


def test_a_word_that_nobody_knows_is_reported_and_kept() -> None:
    document = read(ROADMAP)

    assert (document.tasks[1].status, document.tasks[1].word) == (Status.TODO, "on_fire")
    (problem,) = document.problems
    assert (problem.line, problem.fatal) == (23, False)
    assert "'on_fire'" in problem.message


def test_an_id_that_is_taken_is_reported() -> None:
    document = read("tasks:\n- id: A\n- id: B\n- id: A\n")

    assert [task.id for task in document.tasks] == ["A", "B", ""]
    assert [problem.line for problem in document.problems] == [4]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("phases:\n- name: One\n  tasks: [{id: A}]\n", ["A"]),
        ("tasks:\n  A: {title: a}\n  B: {title: b}\n", ["A", "B"]),
        ("roadmap:\n  phases:\n  - tasks:\n    - id: A\n", ["A"]),
        ("tasks: []\n", []),
        ("tasks:\n", []),
        ("epics:\n- id: E\n- null\n- words\n", []),
        ("tasks:\n- Just words\n", [""]),
        ("x: &t {id: A, title: a}\ntasks: [*t]\n", ["A"]),
        ("x: &t {title: a}\ntasks:\n- <<: *t\n  id: A\n", ["A"]),
        ("---\n---\ntasks: [{id: A}]\n---\n# nothing\n...\n", ["A"]),
        ("tasks: [{id: A}]\narchive:\n- {id: B, status: done}\n", ["A", "B"]),
        ("archive: {tasks: [{id: A}]}\n", ["A"]),
        ("archive: {epics: [{id: E, tasks: [{id: A}]}]}\n", ["A"]),
        ("phases:\n- name: One\n  items: [{id: A}]\n", ["A"]),
        ("epics: {E: {tasks: [{id: A}]}}\n", ["A"]),
        ("\ufefftasks:\r\n- id: A\r\n", ["A"]),
        ("tasks:\n- id: 1.10\n- id: 007\n- id: yes\n", ["1.10", "007", "yes"]),
        ("tasks:\n- {id: A, id: B}\n", ["B"]),
    ],
)
def test_shapes_that_occur_are_read(text: str, ids: list[str]) -> None:
    document = read(text)

    assert document.readable
    assert [task.id for task in document.tasks] == ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("[A, B, A]", ("A", "B")),
        ("'A, B'", ("A", "B")),
        ("{A: why, B: null}", ("A", "B")),
        ("{blocked_by: [A], relates_to: [B]}", ("A",)),
        ("[{task: A}, {id: B, type: hard}, A]", ("A", "B")),
        ("[{blocked_by: [A]}]", ("A",)),
        ("null", ()),
        ("[]", ()),
    ],
)
@pytest.mark.parametrize("name", ["dependencies", "depends_on", "blocked_by"])
def test_dependencies_are_a_list_a_text_or_a_mapping(
    name: str, value: str, ids: tuple[str, ...]
) -> None:
    (task,) = read(f"tasks:\n- {{id: T, {name}: {value}}}\n").tasks

    assert task.depends_on == ids


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("tasks:\n- id: A\n  exit_criteria:\n  - `npm test` passes\n", 4, "`npm test` passes"),
        ("tasks:\n  - id: A\n - id: B\n", 3, "- id: B"),
        ("tasks: *nowhere\n", 1, "'nowhere'"),
        ("tasks:\n- id: A\n<<<<<<< HEAD\n", 3, "conflict"),
        ("tasks: [{id: A}]\n---\ntasks: [{id: B}]\n", 3, "second document"),
        ("just words\n", 1, "'epics'"),
        ("name: something else\n", 1, "'epics'"),
        ("- id: A\n", 1, "'epics'"),
        ("", 1, "'epics'"),
        ("tasks: " + "[" * 100_000, 1, "deep"),
        ("tasks: " + "{a: " * 100_000, 1, "deep"),
        ("tasks: " + "- " * 100_000, 1, ""),
        ("- " * 100_000, 1, "deep"),
        ("? " * 100_000, 1, "deep"),
        ("tasks: &a\n- id: A\n  subtasks: *a\n", 0, "deep"),
        ("tasks:\n- id: \x01\n", 0, "no YAML"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_what_is_no_roadmap_keeps_its_last_good_state(text: str, line: int, told: str) -> None:
    document = read(text)

    (problem,) = document.problems
    assert document.tasks == ()
    assert (problem.fatal, problem.line) == (True, line)
    assert told in problem.message


def _bomb(inner: str, *, width: int = 10, depth: int = 10) -> str:
    lines = [f"a0: &a0 {inner}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return "\n".join(lines)


@pytest.mark.parametrize("inner", ["[]", "{}", "''", "lol", "{id: A}", "[lol, lol]"])
def test_an_alias_bomb_is_defused(inner: str) -> None:
    bomb = _bomb(inner)

    assert read(f"{bomb}\ntasks:\n- id: T\n  notes: *a9\n").tasks[0].id == "T"
    assert len(read(f"{bomb}\ntasks: *a9\n").tasks) <= 10
    wide = _bomb(inner, width=1000, depth=3)
    assert len(read(f"{wide}\ntasks: *a2\n").tasks) <= 1000


def test_a_list_in_place_of_a_task_is_reported() -> None:
    document = read("tasks: &a\n- id: A\n- [*a]\n")

    assert [task.id for task in document.tasks] == ["A"]
    assert [(problem.line, problem.fatal) for problem in document.problems] == [(3, False)]


def test_entries_that_look_like_tasks_where_nobody_reads_them_are_reported() -> None:
    team = "team:\n- {name: Ann}\n"
    text = f"{team}phases:\n- name: One\n  stories:\n  - {{id: A, status: todo}}\n"
    document = read(text)

    assert document.tasks == ()
    (problem,) = document.problems
    assert (problem.line, problem.code, problem.fatal) == (6, "no-task", False)
    assert "'stories'" in problem.message


def test_groups_that_repeat_without_end_are_no_roadmap() -> None:
    text = "x: &x {tasks: [{title: a}, {title: b}]}\n" + "".join(
        f"y{n}: &y{n} {{milestones: [{', '.join(['*x' if n == 0 else f'*y{n - 1}'] * 30)}]}}\n"
        for n in range(8)
    )
    document = read(text + "epics: [*y7]\n")

    assert not document.readable
    assert "more than 50000 tasks" in document.problems[0].message


PIECES = st.sampled_from(
    ["tasks:\n", "epics:\n", "- id: A\n", "  title: b\n", "  status: done\n", "  tasks:\n",
     "  - id: B\n", "&a ", "*a\n", "{", "}", "[", "]", ", ", "? ", ": ", "- ", "|\n", "\n", "  ",
     "<<: *a\n", "'", "%TAG ! x\n", "---\n", "!!int x\n", "dependencies: {A: b}\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_text_makes_it_fail(text: str) -> None:
    document = read(text)

    ids = [task.id for top in document.tasks for task in top.walk() if task.id]
    assert len(ids) == len(set(ids))
    assert document.readable or not document.tasks


# --- missions -----------------------------------------------------------------------------------

MISSION = """\
{
  "id": "bookshop-2",
  "name": "Open the shop",
  "tasks_file": "docs/TASKS.md",
  "milestones": [
    {"id": "M1", "name": "Shelves", "status": "completed", "issue": 12},
    {
      "id": "M2",
      "name": "Till",
      "status": "in-progress",
      "depends_on": ["M1"],
      "budget": {"tokens": 15000}
    },
    {"id": "M3", "name": "Door", "status": null}
  ]
}
"""


def mission(text: str) -> Document:
    return Mission().parse(".mosaic/orchestrator/mission.json", text.encode())


def test_the_milestones_of_a_mission_are_tasks() -> None:
    first, second, third = mission(MISSION).tasks

    assert (first.id, first.title, first.status, first.line) == ("M1", "Shelves", Status.DONE, 6)
    assert (first.group, first.word) == ("Open the shop", "completed")
    about = (("mission id", "bookshop-2"), ("tasks_file", "docs/TASKS.md"))
    assert first.fields == (("issue", "12"), *about)
    assert (second.status, second.depends_on, second.line) == (Status.IN_PROGRESS, ("M1",), 8)
    assert ("budget", "tokens: 15000") in second.fields
    assert third.status is Status.TODO


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "no JSON"),
        ('{"milestones": [', 1, "no JSON"),
        ('{"milestones": [\n{"id": "M1"},\n]}', 3, "no JSON"),
        ("[]", 1, "milestones"),
        ('{"name": "x"}', 1, "milestones"),
        ('{"milestones": ' + "[" * 100_000, 0, "deep"),
        ('{"milestones": ' + "[" * 100 + "]" * 100 + "}", 0, "deep"),
        ('{"milestones": []}\n<<<<<<< HEAD\n', 2, "conflict"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_what_is_no_mission_keeps_its_last_good_state(text: str, line: int, told: str) -> None:
    document = mission(text)

    (problem,) = document.problems
    assert (document.tasks, problem.fatal, problem.line) == ((), True, line)
    assert told in problem.message


@pytest.mark.parametrize("number", ["1" * 10_000, "1e999999", "-0.0", "NaN", "true"])
def test_numbers_are_kept_as_they_are_written(number: str) -> None:
    (task,) = mission(f'{{"milestones": [{{"id": "M1", "budget": {number}}}]}}').tasks

    assert dict(task.fields)["budget"].lower() == number.lower()


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: (
    st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["milestones", "id", "name", "status", "x"]), inner)
)))  # fmt: skip
def test_no_json_makes_it_fail(value: object) -> None:
    document = mission(json.dumps(value))

    assert document.readable or not document.tasks


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("roadmap.yaml", Roadmap()),
        ("state/roadmap.yaml", Roadmap()),
        (".mosaic/orchestrator/mission.json", Mission()),
    ],
)
def test_each_file_is_a_unit_whose_ids_are_its_keys(path: str, source: Roadmap | Mission) -> None:
    settings = SourceSettings()
    (unit,) = source.units({path: "1", "other.yaml": "2"}, lambda _: b"", settings)

    assert (unit.path, unit.name, unit.prefix, unit.source) == (path, "", "", source.NAME)
    assert unit.files[0].slot == source.slot(path, settings) == path
    assert not source.gone_means_done(Document())
    assert not source.matches(path, SourceSettings(exclude=(path,)))


@pytest.mark.parametrize(
    "text",
    [
        "epics:\n- &e\n  id: E\n  tasks:\n  - id: A\n- <<: *e\n  id: F\n",
        "epics:\n- id: E\n  tasks: &t\n  - id: A\n- id: F\n  tasks: *t\n",
        "tasks: [{id: A}, {id: A}]\n",
    ],
)
def test_an_id_that_one_line_gives_twice_is_told(text: str) -> None:
    (problem,) = Roadmap().parse("roadmap.yaml", text.encode()).problems
    assert (problem.code, problem.word) == ("duplicate-id", "A")
    assert "the id A is given twice" in problem.message
