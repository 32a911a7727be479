"""An edit changes what was asked for and nothing else, in every dialect: for any file."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.edits import AddTask, Claim, Edit, Remove, SetStatus, Unclaim, is_so
from kanban_sync.core.errors import EditError
from kanban_sync.core.model import Document, ParsedTask, Status
from kanban_sync.sources import SOURCES

if TYPE_CHECKING:
    from kanban_sync.core.ports import Source

BOM = b"\xef\xbb\xbf"

WORDS = st.sampled_from(
    ["Mend the tap", "straße", "完了 する", "🚧 dig", "a | b", "x\\|y", "T-1: go", "1.2 go",
     "~~gone~~", "done", "tea (@ada)", "tea (@ada) ", "`- [ ]`", "a <!-- b --> c",
     "tea <!-- id: 4 -->", "[P] #tag"]
)  # fmt: skip
MARKS = st.sampled_from([" ", "x", "X", "~", "", "/", "  "])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
STATUSES = st.sampled_from(["todo", "in-progress", "done", "DONE", "blocked", "", "—", "odd", "✅"])
NAMES = st.sampled_from(["ada", "@bob", "—", ""])
INDENTS = st.sampled_from(["", "  ", "\t", "    ", " "])


@st.composite
def boxes(draw: st.DrawFn) -> str:
    marker = draw(st.sampled_from(["- ", "* ", "+ ", "1. ", "- "]))
    return f"{draw(INDENTS)}{marker}[{draw(MARKS)}] {draw(WORDS)}"


@st.composite
def labels(draw: st.DrawFn) -> str:
    indent = draw(st.sampled_from(["", "  ", "  - ", "\t- ", "- "]))
    form = draw(
        st.sampled_from(["{}: {}", "**{}:** {}", "**{}**: {}", "_{}: {}_", "**{}**: {} <!-- c -->"])
    )
    name = draw(st.sampled_from(["Status", "Owner", "ID", "Tags", "Assignee", "status", "Notes"]))
    return indent + form.format(name, draw(st.one_of(STATUSES, NAMES)))


OTHERS = [("Sprint", "s4"), ("Risk", "steep"), ("Completed", "2026-01-02"), ("Priority", "low")]
KEPT = re.compile(rb"Sprint|s4|Risk|steep|Completed|2026-01-02|Priority|low")
"""What stands beside a status or an owner, and stays in every edit of those."""


@st.composite
def side_by_side(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(["{}: {}", "**{}:** {}", "**{}**: {}"]))
    owner = st.tuples(st.sampled_from(["Owner", "Assignee"]), NAMES)
    said = st.one_of(st.tuples(st.just("Status"), STATUSES), owner)
    others = st.lists(st.sampled_from(OTHERS), max_size=3, unique=True)
    pairs = draw(st.permutations([draw(said), *draw(others), *draw(st.lists(said, max_size=1))]))
    bar = draw(st.sampled_from([" | ", "|", " |  "]))
    end = draw(st.sampled_from(["", "", " |", " | ", " | steep", " <!-- c -->"]))
    return bar.join(form.format(*each).rstrip(" ") for each in pairs) + end


HEADING = st.sampled_from(
    ["# Tasks", "## P1", "## P3", "## To Do", "## In Progress", "## Done", "## Notes", "### API",
     "### T-7: Dig (todo)", "### Task 2: Dig ✅", "### T-8: Dig", "Doing\n-----", "## Legend"]
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> str:
    names = draw(
        st.permutations(["id", "status", "title", "agent", "notes"]).map(lambda each: each[:4])
    )
    rows = draw(st.lists(st.tuples(WORDS, STATUSES, NAMES), min_size=1, max_size=4))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for number, (words, status, name) in enumerate(rows):
        said = {"id": f"R-{number}", "status": status, "title": words.replace(" | ", " "),
                "agent": name}  # fmt: skip
        pad = " " * draw(st.integers(0, 3))
        lines.append("|" + "|".join(f" {said.get(each, '')}{pad}" for each in names) + "|")
    return "\n".join(lines)


PIECES = st.one_of(
    boxes(), boxes(), labels(), side_by_side(), HEADING, tables(), WORDS, st.just(""),
    st.sampled_from(["```", "<!-- a comment -->", "  <!-- a comment -->", "> - [ ] quoted"]),
)  # fmt: skip


@st.composite
def markdown(draw: st.DrawFn) -> bytes:
    end = draw(ENDS)
    text = "\n".join(draw(st.lists(PIECES, min_size=1, max_size=14))).replace("\n", end)
    text += draw(st.sampled_from(["", end, end * 2]))
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


SCALARS = st.sampled_from(
    ["todo", "done", "'in progress'", '"pending"', "in_progress  # soon", "", "null", "odd", "完了",
     "|\n      done\n", "|+\n      done\n\n", ">-\n      done", "&s done",
     "*s", "!!str done", "[a, b]"]
)  # fmt: skip
TITLES = st.sampled_from(["Dig", "'It''s'", '"a: b"', "straße 完了", "Dig  # deep", "|\n      Dig"])


@st.composite
def roadmaps(draw: st.DrawFn) -> bytes:
    lines = [draw(st.sampled_from(["# roadmap", "x: &s todo", "version: 1", ""]))]
    lines += ["epics:", "- id: E", "  title: Epic", "  tasks:"]
    for number in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 5)) == 0:
            lines.append(f"  - {{id: F{number}, title: Dig, status: {draw(STATUSES) or '~'}}}")
            continue
        said = {"id": f"T{number}", "title": draw(TITLES), "status": draw(SCALARS)}
        said |= {"owner": draw(SCALARS), "exit_criteria": "[it works]", "notes": draw(SCALARS)}
        names = draw(st.permutations(list(said)))[: draw(st.integers(2, 6))]
        first, *rest = [f"{name}: {said[name]}".rstrip(" ") for name in names]
        lines += [f"  - {first}", *(f"    {each}" for each in rest)]
        lines += draw(st.sampled_from([[], [""], ["    # a comment"], ["# outside"]]))
    lines += draw(st.sampled_from([[], ["- id: P1"], ["- id: P1", "  tasks: [] # none", "  x: y"]]))
    lines += draw(
        st.sampled_from([[], ["- id: N", "  milestones:", "  - id: notes", "    tasks:"]])
    )
    lines += draw(
        st.sampled_from(
            [
                [],
                ["tasks: [{id: L}, dig]"],
                ["tasks:", "- dig", "# e"],
                ["tasks:", "  N1:", "    notes: n", "  N2: {title: a}", "  N3: dig"],
            ]
        )
    )
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join("\n".join(lines).split("\n")) + draw(st.sampled_from(["", end]))
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@st.composite
def missions(draw: st.DrawFn) -> bytes:
    texts = st.sampled_from(["done", "todo", 'q"x', "完了 \U0001f600", "back\\slash", ""])
    values = st.one_of(texts, st.none(), st.integers(0, 9), st.lists(texts, max_size=2))
    milestone = st.fixed_dictionaries(
        {"id": st.sampled_from(["a", "b", "c"]), "name": texts},
        optional={"status": values, "owner": values, "note": values, "steps": st.lists(texts)},
    )
    root = {"name": draw(texts), "n": 1.50, "milestones": draw(st.lists(milestone))}
    text = json.dumps(
        root,
        indent=draw(st.sampled_from([None, 2, "\t"])),
        ensure_ascii=draw(st.booleans()),
    )
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@st.composite
def openspec(draw: st.DrawFn) -> bytes:
    pieces = st.one_of(boxes(), boxes(), HEADING, WORDS, st.sampled_from(["", "```", "1.[ ]a"]))
    end = draw(ENDS)
    text = end.join(draw(st.lists(pieces, min_size=1, max_size=12)))
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@st.composite
def edits(draw: st.DrawFn, document: Document) -> Edit:
    """Draw an edit of a file, mostly of a task that it has."""
    count = sum(1 for top in document.tasks for _ in top.walk())
    place = draw(st.integers(0, max(count - 1, 0)))
    status = draw(st.sampled_from(Status))
    name = draw(st.sampled_from(["ada", "bob-2"]))
    under = draw(st.sampled_from(["", "", "P1", "To Do", "notes"]))
    own = draw(st.sampled_from(["", "N-12"]))
    kinds: list[Edit] = [
        SetStatus(place, status),
        SetStatus(place, Status.DONE),
        SetStatus(place, Status.TODO),
        Claim(place, name),
        Unclaim(place),
        Remove(place),
        AddTask("New thing", own, under),
    ]
    return draw(st.sampled_from(kinds))


CASES = {
    "markdown": ("tasks-md", "TASKS.md", markdown()),
    "openspec": ("openspec", "openspec/changes/a/tasks.md", openspec()),
    "roadmap": ("roadmap", "roadmap.yaml", roadmaps()),
    "mission": ("mission", ".mosaic/orchestrator/mission.json", missions()),
}


def flat(document: Document) -> list[ParsedTask]:
    return [task for top in document.tasks for task in top.walk()]


def told(task: ParsedTask, *, edited: bool = False) -> ParsedTask:
    """Return what a file says of a task itself: a status without a word follows from others."""
    status = Status.TODO if edited or not task.word else task.status
    return task._replace(line=0, children=(), status=status)


def unclaimed(task: ParsedTask) -> ParsedTask:
    title = re.sub(r"\s*\(@[\w.-]+[^()]*\)$", "", task.title)
    return told(task)._replace(assignee="", title=title)


def check_tasks(before: Document, after: Document, edit: Edit) -> None:
    """Check that the tasks differ in exactly what was asked for."""
    old, new = flat(before), flat(after)
    if isinstance(edit, AddTask):
        more = Counter(map(told, new)) - Counter(map(told, old))
        assert len(new) == len(old) + 1
        assert [task.title.endswith(edit.title) for task in more] == [True]
        return
    task = old[edit.place]
    is_over = isinstance(edit, SetStatus) and edit.status is Status.DONE
    if isinstance(edit, Remove) or (is_over and len(new) < len(old)):
        assert before.dialect == "v1.0"
        first, last = edit.place, edit.place + len(list(task.walk()))
        assert list(map(told, new)) == list(map(told, [*old[:first], *old[last:]]))
        return
    assert len(new) == len(old)
    if isinstance(edit, SetStatus):
        gone = Counter(map(told, old)) - Counter(map(told, new))
        come = Counter(map(told, new)) - Counter(map(told, old))
        assert sum(gone.values()) <= 1
        assert [each._replace(word="", status=Status.TODO) for each in gone] == [
            each._replace(word="", status=Status.TODO) for each in come
        ]
        assert any(
            each.status is edit.status
            and told(each, edited=True)._replace(word="")
            == told(task, edited=True)._replace(word="")
            for each in new
        )
        return
    assert list(map(unclaimed, new)) == list(map(unclaimed, old))
    assert new[edit.place].assignee == (edit.assignee if isinstance(edit, Claim) else "")
    others = [index for index in range(len(old)) if index != edit.place]
    assert [old[each].assignee for each in others] == [new[each].assignee for each in others]


def lines_of(data: bytes) -> Counter[bytes]:
    """Count the lines that are not blank, with their ends."""
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", data.removeprefix(BOM))
    return Counter(line for line in lines if line.strip())


def check_bytes(before: bytes, after: bytes, edit: Edit) -> None:
    """Check that only lines of the edited task differ, and no line end, mark or indentation."""
    gone, come = lines_of(before) - lines_of(after), lines_of(after) - lines_of(before)
    last = re.split(rb"[\r\n]", before.removeprefix(BOM))[-1]
    # A last line without an end gets one where another line comes behind it, or loses it.
    ended = [each for each in come if each.rstrip(b"\r\n") == last]
    if last in gone and ended:
        gone, come = gone - Counter([last]), come - Counter(ended[:1])
    if isinstance(edit, AddTask):
        # Brackets are opened, or have a comma in them then; no words of before are lost.
        assert sum(gone.values()) <= (b"epics:" in before or after.removeprefix(BOM)[:1] == b"{")
        assert not Counter(re.findall(rb"\w+", before)) - Counter(re.findall(rb"\w+", after))
        assert 1 <= sum(come.values()) <= 6
    elif not isinstance(edit, Remove) and come:
        assert sum(gone.values()) <= 2
        assert sum(come.values()) <= 2

    assert after.startswith(BOM) is before.startswith(BOM)


def edited(source: Source, path: str, data: bytes, edit: Edit) -> bytes | str:
    """Return a file after an edit, or why it was refused."""
    try:
        return source.edit(path, data, edit)
    except EditError as error:
        return str(error)


@pytest.mark.parametrize("kind", CASES)
@given(data=st.data())
def test_an_edit_changes_one_field_and_the_lines_that_hold_it(
    kind: str, data: st.DataObject
) -> None:
    name, path, files = CASES[kind]
    source, before = SOURCES[name], data.draw(files)
    document = source.parse(path, before)
    edit = data.draw(edits(document))
    after = edited(source, path, before, edit)
    if isinstance(after, str):
        assert after.startswith(path)
        return
    if after == before:
        assert is_so(document, edit)
        return
    check_tasks(document, source.parse(path, after), edit)
    check_bytes(before, after, edit)


@given(
    st.sampled_from(["### T-1: Dig\n{}\n", "### Task 1: Dig\n- {}", "- [ ] Dig\n  - {}\n- [ ] Go"]),
    st.lists(side_by_side(), min_size=1, max_size=2),
    st.one_of(
        st.sampled_from(Status).map(lambda status: SetStatus(0, status)),
        st.sampled_from([Claim(0, "ada"), Claim(0, "eve"), Unclaim(0)]),
    ),
)
def test_an_edit_keeps_the_values_beside_the_one_that_it_changes(
    form: str, lines: list[str], edit: Edit
) -> None:
    head, _, tail = form.partition("{}")
    indent = head.rpartition("\n")[2]
    before = (head + f"\n{indent}".join(lines) + tail).encode()
    source = SOURCES["tasks-md"]
    after = edited(source, "TASKS.md", before, edit)
    if isinstance(after, bytes) and after != before:
        check_tasks(source.parse("TASKS.md", before), source.parse("TASKS.md", after), edit)
        assert Counter(KEPT.findall(after)) == Counter(KEPT.findall(before))


@pytest.mark.parametrize("kind", CASES)
@given(data=st.data())
def test_no_contents_make_an_edit_fail_without_a_word(kind: str, data: st.DataObject) -> None:
    name, path, _ = CASES[kind]
    junk = data.draw(
        st.one_of(st.binary(), CASES[kind][2].map(lambda each: each[: len(each) // 2]))
    )
    edit = data.draw(edits(SOURCES[name].parse(path, junk)))
    with contextlib.suppress(EditError):
        SOURCES[name].edit(path, junk, edit)
