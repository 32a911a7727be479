"""Which tasks belong to which milestone of which mission."""

from __future__ import annotations

import pytest

from kanban_sync.core.errors import WorkError
from kanban_sync.core.identity import Traits
from kanban_sync.core.missions import called, meant, missions_of
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import FilesState
from kanban_sync.core.slots import KeyedTask, SlotState
from kanban_sync.core.work import Entry

HERE = ".mosaic/orchestrator/mission.json"
FIELDS = (("mission id", "shop-1"), ("tasks_file", "docs/TASKS.md"))


def milestone(name: str, title: str, path: str = HERE, mission: str = "Open the shop") -> Entry:
    key = TaskKey("p", "mission", name)
    return Entry(Task(key, title, Status.TODO, group=mission, fields=FIELDS, path=path))


def task(
    name: str, group: str = "", of: str = "", path: str = "docs/TASKS.md", *, is_step: bool = False
) -> Entry:
    key = TaskKey("p", "tasks-md", name)
    fields = (("Milestone", of),) if of else ()
    parent = key.child("1") if is_step else None
    return Entry(Task(key, name, Status.TODO, parent=parent, group=group, fields=fields, path=path))


MILESTONES = (milestone("M1", "Shelves"), milestone(f"{HERE}#M2", "Till"), milestone("M1.1", "Oak"))


@pytest.mark.parametrize(
    ("each", "place"),
    [
        (task("a", "M1"), 0),
        (task("a", "M1 — Shelves"), 0),
        (task("a", "m2: Till"), 1),
        (task("a", "Milestone  M2 (Till)"), 1),
        (task("a", "Shelves"), 0),
        (task("a", "M1.1: of oak"), 2),
        (task("a", "M10: no such milestone"), None),
        (task("a", "Shelvesful"), None),
        (task("a", "M1: Shelves", of="M2"), 1),
        (task("a", "M1: Shelves", of="till"), 1),
        (task("a", "M1: Shelves", of="M7"), 0),
        (task("a", "Other"), None),
        (task("a"), None),
    ],
)
def test_a_task_belongs_to_the_milestone_that_it_or_its_heading_names(
    each: Entry, place: int | None
) -> None:
    (mission,) = missions_of((*MILESTONES, each))
    of = [at for at, one in enumerate(mission.milestones) if each in one.tasks]
    assert of == ([] if place is None else [place])
    assert mission.others == ((each,) if place is None else ())
    assert mission.tasks == (each,)


def test_tasks_of_other_files_and_steps_of_tasks_belong_to_no_mission() -> None:
    others = (task("a", "M1", path="TASKS.md"), task("b", "M1", is_step=True))
    (mission,) = missions_of((*MILESTONES, *others))
    assert mission.tasks == ()
    assert missions_of((milestone("M1", "Shelves", path=""),)) == []


def test_what_no_file_holds_any_more_is_no_mission_and_no_milestone() -> None:
    gone = MILESTONES[0]._replace(task=MILESTONES[0].task._replace(status=Status.ORPHANED))
    done = MILESTONES[1]._replace(task=MILESTONES[1].task._replace(status=Status.DONE))
    own = task("a", "M1")
    (mission,) = missions_of((gone, done, own))
    assert ([each.entry for each in mission.milestones], mission.others) == ([done], (own,))
    # It was done before its file was removed.
    assert missions_of((gone, done._replace(is_gone=True), own)) == []


def read(*states: SlotState) -> FilesState:
    return FilesState({"main": "a"}, {f"mission:{n}": each for n, each in enumerate(states)})


def slot(path: str = HERE, *, removed: bool = False) -> SlotState:
    """Return what is known of a file that holds M1, or held it."""
    tasks = (KeyedTask("M1", "", Traits("M1", "", "M1", "Shelves"), "done", "t"),)
    gone = {"M1": Version(9, "c")} if removed else {}
    return SlotState("b", path, tasks, prefixes={"M1": ""}, removed=gone)


def test_a_milestone_that_was_done_is_one_as_long_as_a_file_holds_it() -> None:
    first, second = MILESTONES[:2]
    done = first._replace(task=first.task._replace(status=Status.DONE))
    both, gone = (done, second), second._replace(is_gone=True)

    def left(entries: tuple[Entry, ...], files: FilesState) -> list[Entry]:
        found = missions_of(entries, files)
        return [each.entry for mission in found for each in mission.milestones]

    assert left(both, read(slot())) == [done, second]
    # It alone was taken out of the file; or moved to another one.
    assert left(both, read(slot(removed=True))) == [second]
    assert left(both, read(slot(removed=True), slot("b/mission.json"))) == [done, second]
    # The whole file was, whoever looks: also where nothing is known any more of what there was.
    was_over = gone._replace(task=gone.task._replace(status=Status.ORPHANED))
    for files in (read(slot("", removed=True)), read()):
        assert left((done, was_over), files) == []
    # Another clone has it already, or nobody has read any file here.
    assert left(both, read()) == [done, second]
    assert left((done,), FilesState()) == [done]


def test_a_file_may_be_named_from_where_the_mission_lies() -> None:
    near = task("a", "M1", path="work/docs/TASKS.md")
    (mission,) = missions_of((milestone("M1", "Shelves", path="work/mission.json"), near))
    assert (mission.files, mission.tasks) == (("work/docs/TASKS.md",), (near,))


def test_missions_are_known_by_name_id_and_file() -> None:
    second = milestone("M9", "Roof", path="b/mission.json", mission="Build")
    missions = missions_of((second, *MILESTONES))
    assert [each.path for each in missions] == [HERE, "b/mission.json"]
    for name in ("open the SHOP", HERE):
        assert meant(missions, name) == missions[:1]
    assert meant(missions, "shop-1") == missions
    assert meant(missions, "") == missions
    assert meant(missions, "Shop") == []
    own = task("a", "M1")
    missions = missions_of((*MILESTONES, own))
    for name in ("m1", "mission:M1", "SHELVES"):
        assert [each.tasks for each in called(missions, name)] == [(own,)]


def now_called(entry: Entry, number: str) -> Entry:
    """Return a milestone or task whose id was corrected in its file."""
    return entry._replace(task=entry.task._replace(number=number))


def test_a_milestone_is_known_by_the_id_that_its_file_has_now() -> None:
    corrected = now_called(milestone("M1", "Shelves"), "M1-b")
    whose = [task("a", "M1-b: Shelves"), task("b", of="M1-B"), task("c", "M1: as before")]
    missions = missions_of((corrected, milestone("M2", "Till"), *whose))
    first, second = missions[0].milestones
    assert (first.tasks, second.tasks, missions[0].others) == (tuple(whose), (), ())
    for name in ("m1-B", "M1", "mission:M1"):
        assert called(missions, name) == [first]

    # Another one has the former id now, and stands before it.
    taken = now_called(milestone("M1~2", "Till"), "M1")
    missions = missions_of((taken, corrected, *whose))
    second, first = missions[0].milestones
    assert (first.tasks, second.tasks) == (tuple(whose[:2]), (whose[2],))
    for name, which in (("M1-b", first), ("mission:M1", first), ("mission:M1~2", second)):
        assert called(missions, name) == [which]
    said = r"M1 stands for several tasks: mission:M1 \(Shelves\), mission:M1~2 \(Till\)\. Name"
    with pytest.raises(WorkError, match=said):
        called(missions, "M1")
