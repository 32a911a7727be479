"""One pass: real git and sources, with a database and a board in memory."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.config import Settings
from kanban_sync.core.columns import NAME_LIMIT, Column
from kanban_sync.core.drawing import DAY, cards_of
from kanban_sync.core.errors import BoardUnreachableError, RefusedError
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.mapping import Drawing
from kanban_sync.core.model import Status, Task, TaskKey
from kanban_sync.core.operations import Create, Operation
from kanban_sync.core.plan_text import plan_lines
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.announcing import ANNOUNCED
from kanban_sync.sync.applying import IN_FLIGHT
from kanban_sync.sync.engine import Engine
from kanban_sync.sync.requests import DATABASE, Cause, Request
from kanban_sync.sync.runner import Progress
from kanban_sync.sync.session import Doors, Session
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kanban_sync.core.board import BoardState, Known
    from kanban_sync.core.ports import Receipt

TARGET = "0123456789abcdef"


@dataclass
class World:
    """A repository with its state folder, database and board."""

    repo: Repo
    store: MemoryStore = field(default_factory=lambda: MemoryStore("p1"))
    board: MemoryBoard = field(default_factory=MemoryBoard)
    steps: list[tuple[int, int]] = field(default_factory=list)
    settings: Settings = field(default_factory=lambda: Settings(project_id="p1"))
    drawing: Drawing = field(default_factory=Drawing)
    now: float = 1000.0
    told: list[str] = field(default_factory=list)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.state = StateFolder(self.repo.path / ".git" / "kanban-sync")
        self.renew()

    def renew(self) -> None:
        """Make a new engine, as each run does."""
        doors = Doors(
            open_session=lambda _worktree: Session(
                replace(self.settings, drawing=self.drawing),
                "p1",
                GitRepository(self.repo.path / ".git", liveness=Liveness(now=time.time())),
                self.store,
            ),
            open_board=lambda _session: self.board,
            sources=SOURCES,
            now=lambda: self.now,
            log=self.told.append,
            on_step=lambda done, total: self.steps.append((done, total)),
        )
        common = self.repo.path / ".git"
        self.engine = Engine(self.state, common, TARGET, doors, Progress())

    def sync(self, *, force: bool = False, worktree: str = "-") -> None:
        """Do one pass."""
        self.renew()
        self.engine.force = force
        served = [Request(TARGET, Cause.CLI, worktree)]
        self.engine.database(served)
        self.engine.board(served)

    def columns(self) -> dict[str, Column | None]:
        """Return where the cards are, by title."""
        return {card.title: card.column for card in self.board.cards.values()}

    def results(self, target: str) -> list[str]:
        """Return how the runs of a target ended, oldest first."""
        return [run.result for run in reversed(self.store.runs(50)) if run.target == target]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(Repo.init(tmp_path / "r"))
    world.repo.commit(**{"openspec/changes/x/tasks.md": "## A\n- [ ] 1.1 a\n- [ ] 1.2 b\n"})
    return world


BEGUN = "- [ ] Buy milk\n"
MANUAL, HANDBOOK = "Write the manual for users", "Write the handbook for all users"


@pytest.mark.parametrize("branch", ["main", "feat"])
def test_a_task_that_is_reworded_by_an_amended_commit_stays_the_same(
    world: World, branch: str
) -> None:
    world.repo.commit(**{"TASKS.md": BEGUN})
    world.repo.git("checkout", "--quiet", "-B", branch)
    world.repo.commit("New", **{"TASKS.md": f"{BEGUN}- [ ] {MANUAL}\n  - [ ] Draw it\n"})
    world.sync()
    (old,) = [each for each in world.store.tasks() if each.title == MANUAL]
    token = world.store.claim(old.key, "ada", world.now, 300).attempts
    cards = len(world.board.cards)

    world.repo.write("TASKS.md", f"{BEGUN}- [ ] {HANDBOOK}\n  - [ ] Draw it\n")
    world.repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    world.sync()
    titles = [each.title for each in world.store.tasks() if each.key.source == "tasks-md"]
    assert titles == ["Buy milk", HANDBOOK, "Draw it"]
    (new,) = [each for each in world.store.tasks() if each.title == HANDBOOK]
    assert new.key != old.key
    assert world.store.finish(new.key, token, Status.DONE, world.now).task.assignee == "ada"
    assert len(world.board.cards) == cards
    assert not any(each.archived for each in world.board.cards.values())
    (card,) = [each for each in world.board.cards.values() if each.title == HANDBOOK]
    assert (card.key, str(old.key) in card.description) == (new.key, False)
    # Another clone, which knows the new history alone, comes to the same keys and cards.
    world.store = MemoryStore("p1")
    world.sync()
    assert len(world.board.cards) == cards


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_task_that_was_reworded_on_a_squashed_branch_stays_the_same(
    world: World, is_deleted: bool
) -> None:
    git = world.repo.git
    world.repo.commit(**{"TASKS.md": BEGUN})
    git("checkout", "--quiet", "-b", "feat")
    world.repo.commit("New", **{"TASKS.md": f"{BEGUN}- [ ] {MANUAL}\n"})
    world.sync()
    (old,) = [each for each in world.store.tasks() if each.title == MANUAL]
    token = world.store.claim(old.key, "ada", world.now, 300).attempts
    world.repo.commit("Say more", **{"TASKS.md": f"{BEGUN}- [ ] {HANDBOOK}\n  - [ ] Draw it\n"})
    world.sync()
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "--squash", "feat")
    world.repo.commit("Squash")
    if is_deleted:
        git("branch", "--quiet", "-D", "feat")
    world.sync()
    titles = [each.title for each in world.store.tasks() if each.key.source == "tasks-md"]
    assert titles == ["Buy milk", HANDBOOK, "Draw it"]
    (new,) = [each for each in world.store.tasks() if each.title == HANDBOOK]
    assert (new.key == old.key, new.status, new.assignee) == (False, Status.IN_PROGRESS, "ada")
    git("branch", "--quiet", "--force", "feat", "main")
    world.sync()
    world.store.finish(new.key, token, Status.DONE, world.now)
    assert [each.title for each in world.board.cards.values() if each.archived] == []
    assert sorted(each.title for each in world.board.cards.values()) == ["Buy milk", HANDBOOK, "x"]


def test_a_new_task_that_is_reworded_before_its_first_commit_stays_the_same(world: World) -> None:
    world.repo.commit(**{"TASKS.md": BEGUN})
    world.sync()
    key = TaskKey("p1", "tasks-md", "TASKS.md/12345678")
    world.store.add(Task(key, MANUAL, Status.TODO, path="TASKS.md", line=2), world.now)

    # As long as its line stands in a work tree, what others commit is another task.
    other = world.repo.path.with_name("other")
    world.repo.git("worktree", "add", "--quiet", "-b", "other", str(other))
    (other / "TASKS.md").write_text(f"{BEGUN}- [ ] {MANUAL}\n")
    world.repo.commit(**{"TASKS.md": f"{BEGUN}- [ ] Write the manual for us\n"})
    world.sync()
    titles = {each.key: each.title for each in world.store.tasks()}
    assert titles[key] == MANUAL
    assert "Write the manual for us" in titles.values()

    (other / "TASKS.md").write_text(f"{BEGUN}- [ ] {HANDBOOK}\n")
    Repo(other).commit("New")
    world.sync()
    titles = {each.key: each.title for each in world.store.tasks()}
    filed = [title for each, title in titles.items() if each.source == "tasks-md"]
    assert sorted(filed) == ["Buy milk", HANDBOOK, "Write the manual for us"]
    assert key not in titles


def tick(world: World) -> None:
    world.repo.commit(**{"openspec/changes/x/tasks.md": "## A\n- [x] 1.1 a\n- [ ] 1.2 b\n"})


def test_a_pass_brings_files_into_the_database_and_onto_the_board(world: World) -> None:
    world.sync()
    assert world.columns() == {"x": Column.IN_PROGRESS}
    assert len(world.store.tasks()) == 3
    assert world.results(DATABASE) == world.results(TARGET) == ["done"]


def test_the_board_is_not_asked_while_nothing_is_new(world: World) -> None:
    world.sync()
    reads, writes = world.board.reads, world.board.writes
    world.sync()
    assert world.board.reads == reads + 1, "cards were made: another clone may have made them too"
    reads = world.board.reads
    world.sync()
    world.repo.commit(**{"code.py": "1"})
    world.sync()
    assert (world.board.reads, world.board.writes) == (reads, writes)


class Heir(MemoryBoard):
    """A board that was made again under the name of one with the id 1."""

    def read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        self.ids["board"] = "2"
        return super().read(base)


@pytest.mark.parametrize("failing", [0, 5, 10])
def test_a_board_that_was_made_again_gets_all_cards_also_after_a_crash(
    world: World, failing: int
) -> None:
    names = [f"task {number}" for number in range(ANNOUNCED + 8)]
    lines = "".join(f"- [ ] {name}\n" for name in names)
    world.repo.commit(**{"TASKS.md": lines})
    world.board.ids["board"] = "1"
    world.sync()
    world.board = Heir({"board": "1"})
    world.board.fail_at(failing)
    for number in range(2):
        world.repo.commit(**{"TASKS.md": f"{lines}- [ ] new {number}\n"})
        with contextlib.suppress(BoardUnreachableError):
            world.sync()
        world.board.fail_at(0)
        world.board.ids = {**world.store.board_ids(TARGET)}
    assert set(world.columns()) == {*names, "new 1", "x"}


def test_force_compares_even_without_news_and_writes_nothing(world: World) -> None:
    world.sync()
    reads, writes = world.board.reads, world.board.writes
    world.sync(force=True)
    assert (world.board.reads, world.board.writes) == (reads + 1, writes)


def test_a_card_bears_the_label_of_a_branch_as_long_as_that_says_more(world: World) -> None:
    world.drawing = Drawing(branches="label")
    world.repo.git("switch", "--quiet", "--create", "one")
    tick(world)
    world.sync()
    (card,) = world.board.cards.values()
    assert "branch: one" in card.labels
    world.repo.git("switch", "--quiet", "main")
    world.repo.git("merge", "--quiet", "one")
    world.sync()
    (card,) = world.board.cards.values()
    assert card.labels == {"agent"}


class Away(MemoryBoard):
    """A board that does not answer."""

    def read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        raise BoardUnreachableError("nobody answered")


def test_a_board_is_looked_at_again_ten_minutes_after_the_last_look_that_succeeded(
    world: World,
) -> None:
    world.sync()
    world.sync()
    seconds = [(599, False), (1, True), (300, False), (0, False), (300, True), (-5, True)]
    for since, looks in seconds:
        world.now += since
        reads, writes = world.board.reads, world.board.writes
        world.sync()
        assert (world.board.reads - reads, world.board.writes - writes) == (looks, 0)
    world.now += 600
    there, world.board = world.board, Away()
    with pytest.raises(BoardUnreachableError):
        world.sync()
    world.board, reads = there, there.reads
    world.sync()
    assert world.board.reads == reads + 1


def ticked(world: World) -> set[str]:
    """Return the lines of cards that are ticked."""
    lists = (each for card in world.board.cards.values() for each in card.checklists)
    return {item.text for each in lists for item in each.items if item.done}


def test_what_another_clone_wrote_over_a_card_that_says_it_right_is_mended_without_news(
    world: World, tmp_path: Path
) -> None:
    """The card has an older version than its task: what is equal is not written."""
    path = "openspec/changes/x/tasks.md"
    world.sync()
    tick(world)
    other = Repo(tmp_path / "other")
    world.repo.git("clone", "--quiet", str(world.repo.path), str(other.path))
    behind = World(Repo(other.path), board=world.board, now=world.now)
    world.repo.commit(**{path: "## A\n- [ ] 1.1 a\n- [ ] 1.2 b\n"})
    world.sync()
    behind.sync()
    assert ticked(world) == {"1.1 a"}
    world.now += 600
    world.sync()
    assert ticked(world) == set()


def test_a_ticked_box_is_one_write_and_its_version(world: World) -> None:
    world.sync()
    writes = world.board.writes
    tick(world)
    world.sync()
    assert world.board.writes == writes + 2


def test_what_a_task_says_of_itself_is_drawn_and_each_change_of_it_written_once(
    world: World,
) -> None:
    def commit(tags: str) -> None:
        task = f"# Tasks\n\n## P1\n\n- [ ] Rotate (@ada)\n  - **ID**: rotate\n{tags}"
        world.repo.commit(**{"TASKS.md": task})

    commit("")
    world.sync()
    world.sync()
    writes = world.board.writes
    commit("  - **Tags**: api, db\n")
    world.sync()
    assert world.board.writes == writes + 2, "the version, and the description"
    world.sync(force=True)
    assert world.board.writes == writes + 2
    (card,) = [each for each in world.board.cards.values() if each.title == "Rotate"]
    said = "**Priority**: P1\n\n**Assignee**: @ada\n\n**Tags**: api, db\n\n"
    assert card.description == f"{said}`kanban-sync: p1/tasks-md:rotate`"


def test_a_board_that_is_away_delays_only_itself(world: World) -> None:
    world.sync()
    tick(world)
    world.board.fail_at(1)
    with pytest.raises(BoardUnreachableError):
        world.sync()
    assert world.results(DATABASE)[-1] == "done"
    assert world.results(TARGET)[-1] == "unreachable"
    assert {task.status.value for task in world.store.tasks()} == {"in_progress", "done", "todo"}
    world.board.fail_at(0)
    world.sync()
    (card,) = world.board.cards.values()
    assert [item.done for item in card.checklists[0].items] == [True, False]


@pytest.mark.parametrize("answer_lost", [False, True], ids=["before", "after"])
def test_a_first_sync_that_breaks_at_any_write_is_finished_by_the_next(
    tmp_path: Path, answer_lost: bool
) -> None:
    at = 0
    while True:
        at += 1
        world = World(Repo.init(tmp_path / str(at)))
        world.repo.commit(**{"openspec/changes/x/tasks.md": "## A\n- [x] 1.1 a\n- [ ] 1.2 b\n"})
        world.board.fail_at(at, answer_lost=answer_lost)
        try:
            world.sync()
        except BoardUnreachableError:
            world.board.fail_at(0)
            world.sync()
        else:
            break
        (card,) = world.board.cards.values()
        assert [each.title for each in card.checklists] == ["A"]
        lines = [(item.text, item.done) for item in card.checklists[0].items]
        assert lines == [("1.1 a", True), ("1.2 b", False)]
        assert card.labels == {"agent"}
        assert card.stamp is not None
        writes = world.board.writes
        world.sync(force=True)
        assert world.board.writes == writes
    assert at > 10


def test_one_refused_card_does_not_keep_the_others_away(world: World) -> None:
    class Refusing(MemoryBoard):
        def apply(self, operation: Operation) -> Receipt:
            if isinstance(operation, Create) and operation.card.title == "x":
                raise RefusedError("too long")
            return super().apply(operation)

    world.board = Refusing()
    world.repo.commit(**{"openspec/changes/y/tasks.md": "- [ ] 1.1 a\n"})
    with pytest.raises(RefusedError) as caught:
        world.sync()
    place = r"openspec/changes/x/tasks\.md:[0-9]+"
    assert re.fullmatch(rf"{place}: openspec:x: too long", str(caught.value))
    assert world.columns() == {"y": Column.IN_PROGRESS}
    assert world.results(TARGET) == ["failed"]
    assert world.store.runs(1)[0].operations == {"create": 1, "left": 1}


def test_no_more_operations_are_under_way_than_the_board_serves(world: World) -> None:
    running, most = 0, 0
    lock, together = threading.Lock(), threading.Barrier(IN_FLIGHT)

    class Watching(MemoryBoard):
        def apply(self, operation: Operation) -> Receipt:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            together.wait(10)
            with lock:
                running -= 1
            return super().apply(operation)

    world.board = Watching()
    files = {f"openspec/changes/y{n}/tasks.md": "- [ ] 1.1 a\n" for n in range(2 * IN_FLIGHT - 1)}
    world.repo.commit(**files)
    world.sync()
    assert most == IN_FLIGHT
    assert world.steps[-1] == (2 * IN_FLIGHT, 2 * IN_FLIGHT)


def test_too_many_moves_at_once_are_held_until_forced_and_the_rest_goes_on(
    world: World,
) -> None:
    files: dict[str, str | None] = {
        f"openspec/changes/y{n}/tasks.md": "- [ ] 1.1 a\n" for n in range(11)
    }
    world.repo.commit(**files)
    world.sync()
    gone: dict[str, str | None] = dict.fromkeys(list(files)[:6])
    world.repo.commit(**gone, **{"openspec/changes/z/tasks.md": "- [ ] 1.1 a\n"})
    world.sync()
    assert sum(card.archived for card in world.board.cards.values()) == 0
    assert "z" in world.columns()
    assert world.results(TARGET)[-1] == "held"
    world.sync(force=True)
    assert sum(card.archived for card in world.board.cards.values()) == 6
    assert world.results(TARGET)[-1] == "done"


def test_what_was_done_is_told_as_it_was_planned_and_no_more(world: World) -> None:
    world.engine.database([])
    plan = world.engine.preview()
    assert plan is not None
    world.repo.commit(**{"openspec/changes/y/tasks.md": "- [ ] 1.1 a\n"})
    world.board.fail_at(9, answer_lost=False)
    with pytest.raises(BoardUnreachableError):
        world.sync()
    done = world.engine.report.done
    assert done is not None
    assert done.missing == plan.missing
    assert len(done.operations) < len(["x", "y"])
    left = len(plan.operations) + 1 - len(done.operations)
    assert world.store.runs(1)[0].operations.get("left") == left
    assert world.told[:-1] == plan_lines(done)
    assert "told not to answer" in world.told[-1]
    world.board.fail_at(0)
    world.sync()
    assert {line[2:3] for line in world.told if line.endswith(")")} == {"x", "y"}


def test_settings_that_change_how_cards_are_drawn_are_news_and_redraw_them_once(
    world: World,
) -> None:
    world.sync()
    world.drawing = Drawing(labels=(("agent", "bot"),), statuses=(("in progress", "review"),))
    world.sync()
    (card,) = world.board.cards.values()
    assert (set(card.labels), card.column) == ({"bot"}, Column.REVIEW)
    reads, writes = world.board.reads, world.board.writes
    world.sync()
    assert (world.board.reads, world.board.writes) == (reads, writes)


def test_headings_share_the_board_with_changes_when_the_settings_ask_for_cards_of_headings(
    world: World,
) -> None:
    world.repo.commit(**{"TASKS.md": "## Soon\n- [ ] one\n- [x] two\n\n## Later\n- [ ] three\n"})
    world.sync()
    world.drawing = Drawing(cards="section")
    world.sync()
    shown = {card.title: card.archived for card in world.board.cards.values()}
    tasks = dict.fromkeys(("one", "two", "three"), True)
    assert shown == {"x": False, **tasks, "Soon": False, "Later": False}


def test_a_card_is_put_away_for_its_age_on_the_day_it_is_old_enough(world: World) -> None:
    done_at = 1_000_000_000
    world.repo.commit_at(done_at, **{"TASKS.md": "- [x] one\n"})
    world.drawing = Drawing(archive_done_after=2)
    world.now = done_at + DAY
    world.sync()
    world.sync()
    reads = world.board.reads
    world.sync()
    assert world.board.reads == reads
    world.now = done_at + 2 * DAY
    world.sync()
    archived = {card.title: card.archived for card in world.board.cards.values()}
    assert archived == {"x": False, "one": True}
    assert {task.status.value for task in world.store.tasks() if task.title == "one"} == {"done"}
    world.repo.commit_at(done_at + 3 * DAY, **{"TASKS.md": "- [ ] one\n"})
    world.now = done_at + 3 * DAY
    world.sync()
    assert world.columns()["one"] is Column.TODO
    assert len(world.board.cards) == 2


def test_of_clones_that_share_a_database_and_draw_otherwise_who_came_last_has_the_last_word(
    world: World, tmp_path: Path
) -> None:
    world.repo.git("clone", "-q", str(world.repo.path), str(tmp_path / "other"))
    other = World(Repo(tmp_path / "other"), store=world.store, board=world.board)
    other.drawing = Drawing(labels=(("agent", "robot"),))
    world.sync()
    other.sync()
    labels = [card.labels for card in world.board.cards.values()]
    assert labels == [{"robot"}]
    writes = world.board.writes
    for each in (world, other, world, other):
        each.sync(force=True)
    assert world.board.writes == writes
    for drawing, label in ((Drawing(labels=(("agent", "bot"),)), "bot"), (Drawing(), "agent")):
        world.drawing = drawing
        world.sync()
        other.sync()
        assert [card.labels for card in world.board.cards.values()] == [{label}]


def test_that_cards_are_put_away_sooner_by_now_is_news(world: World) -> None:
    done_at = 1_000_000_000
    world.repo.commit_at(done_at, **{"TASKS.md": "- [x] one\n"})
    world.drawing = Drawing(archive_done_after=3)
    world.now = done_at + 2 * DAY
    world.sync()
    world.sync()
    world.drawing = Drawing(archive_done_after=2)
    world.sync()
    archived = {card.title: card.archived for card in world.board.cards.values()}
    assert archived == {"x": False, "one": True}


def test_a_change_that_was_archived_long_ago_and_is_ticked_since_longer_stands_in_done_first(
    world: World,
) -> None:
    ticked_at = 1_000_000_000
    ticked = "## A\n- [x] 1.1 a\n"
    world.repo.commit_at(ticked_at, **{"openspec/changes/y/tasks.md": ticked})
    world.drawing = Drawing(archive_done_after=30)
    world.now = ticked_at
    world.sync()
    world.now = ticked_at + 60 * DAY
    archived = "openspec/changes/archive/2026-01-01-y/tasks.md"
    world.repo.commit_at(int(world.now), **{"openspec/changes/y/tasks.md": None, archived: ticked})
    world.sync()
    assert world.columns()["y"] is Column.DONE


def test_names_are_cut_on_the_board_and_whole_in_the_database(world: World) -> None:
    long, task = "\U0001f389" * 800, "t" * 3000
    world.repo.commit(
        **{"TASKS.md": f"## G\n- [ ] {long}\n", "openspec/changes/y/tasks.md": f"- [ ] {task}\n"}
    )
    world.sync()
    assert {long, task} <= {each.title for each in world.store.tasks()}
    cards = {str(each.key): each for each in world.board.cards.values()}
    (cut,) = (each.title for each in cards.values() if each.title not in {"x", "y"})
    assert len(cut.encode("utf-16-le")) <= 2 * NAME_LIMIT
    assert cut.startswith("\U0001f389" * 500)
    (line,) = cards["openspec:y"].checklists[0].items
    assert len(line.text) == NAME_LIMIT
    writes = world.board.writes
    world.sync(force=True)
    assert world.board.writes == writes


def test_cards_link_to_the_branch_where_it_is_published(world: World) -> None:
    world.repo.git("remote", "add", "origin", "https://me:secret@github.com/me/shop.git")
    world.repo.git("checkout", "-q", "-b", "side")
    world.sync()
    (card,) = world.board.cards.values()
    address = "https://github.com/me/shop"
    assert f"({address}/blob/main/openspec/changes/x) · [" in card.description
    assert f"({address}/commit/{world.repo.git('rev-parse', 'main')[:12]})" in card.description
    assert "secret" not in card.description
    writes = world.board.writes
    tick(world)
    world.repo.git("branch", "-f", "main")
    world.sync()
    assert world.board.writes == writes + 2


def test_a_preview_writes_nothing(world: World) -> None:
    world.engine.database([])
    plan = world.engine.preview()
    world.engine.close()
    assert plan is not None
    assert [type(each) for each in plan.operations] == [Create]
    assert world.board.writes == 0


def test_what_the_shim_compares_with_is_of_the_moment_before_the_pass(world: World) -> None:
    first = world.repo.git("rev-parse", "HEAD")
    world.sync()
    text = (world.state.seen / "-").read_text()
    assert f"last='{first}'" in text
    assert ":(top,literal).kanban-sync.yaml" in text


def test_each_work_tree_that_asked_gets_its_own_note(world: World, tmp_path: Path) -> None:
    world.repo.git("worktree", "add", "-q", str(tmp_path / "wt"), "-b", "side")
    side = Repo(tmp_path / "wt").commit(**{"code.py": "1"})
    world.sync(worktree="wt")
    assert f"last='{side}'" in (world.state.seen / "wt").read_text()
    assert not (world.state.seen / "-").exists()


def test_a_work_tree_that_is_gone_by_now_is_no_problem(world: World) -> None:
    world.sync(worktree="was-here")
    assert world.results(TARGET) == ["done"]


@pytest.mark.parametrize("folder", ["rebase-merge", "rebase-apply"])
def test_a_rebase_is_seen_in_the_work_tree_that_asked(
    world: World, tmp_path: Path, folder: str
) -> None:
    world.repo.git("worktree", "add", "-q", str(tmp_path / "wt"), "-b", "side")
    served = [Request(TARGET, Cause.POST_COMMIT, "wt")]
    assert not world.engine.is_rebasing(served)
    (world.repo.path / ".git" / "worktrees" / "wt" / folder).mkdir()
    assert world.engine.is_rebasing(served)
    assert not world.engine.is_rebasing([Request(TARGET, Cause.POST_COMMIT)])


def test_a_persons_drift_is_repaired_with_the_next_news(world: World) -> None:
    world.sync()
    (card,) = world.board.cards.values()
    world.board.person_moves(card.id, Column.DONE)
    tick(world)
    world.sync()
    assert world.columns() == {"x": Column.IN_PROGRESS}


def test_cards_drawn_and_tasks_kept_are_the_same_after_every_pass(world: World) -> None:
    world.sync()
    tick(world)
    world.sync()
    drawn = cards_of(world.store.tasks())
    assert [card.key.name for card in drawn] == ["x"]
    assert set(world.store.base(TARGET)) == {card.key for card in drawn}


def plan_counts(world: World) -> dict[str, int]:
    """Return what the last run on the board counted."""
    return dict(next(run.operations for run in world.store.runs(50) if run.target == TARGET))


@pytest.mark.parametrize(
    ("drift", "counts", "title"),
    [("repair", {"update": 1, "repaired": 1}, "x"), ("keep", {"kept": 1}, "Person's")],
)
def test_what_a_person_changed_is_counted_as_repaired_or_as_kept(
    world: World, drift: str, counts: dict[str, int], title: str
) -> None:
    world.settings = Settings(project_id="p1", drift=drift)
    world.sync()
    (card,) = world.board.cards.values()
    world.board.person_edits(card.id, title="Person's")
    world.sync(force=True)
    assert plan_counts(world) == counts
    assert set(world.columns()) == {title}


def test_drift_that_was_kept_is_repaired_once_the_settings_say_so(world: World) -> None:
    world.settings = Settings(project_id="p1", drift="keep")
    world.sync()
    world.sync()
    (card,) = world.board.cards.values()
    world.board.person_edits(card.id, title="Person's")
    world.settings = Settings(project_id="p1", drift="repair")
    world.sync()
    assert set(world.columns()) == {"x"}


def test_boxes_that_are_ticked_all_at_once_are_not_held_back(world: World) -> None:
    lines = [f"- [ ] T-{n:03}: do {n}\n" for n in range(12)]
    changes: dict[str, str | None] = {
        f"openspec/changes/y{n}/tasks.md": "- [ ] 1.1 a\n" for n in range(12)
    }
    world.repo.commit(**{"TASKS.md": "".join(lines)}, **changes)
    world.sync()
    ticked = dict.fromkeys(changes, "- [x] 1.1 a\n")
    world.repo.commit(**{"TASKS.md": "".join(lines).replace("[ ]", "[x]")}, **ticked)
    world.sync()
    assert world.results(TARGET) == ["done", "done"]
    columns = list(world.columns().values())
    assert (columns.count(Column.DONE), columns.count(Column.REVIEW)) == (12, 12)


def test_blocks_that_are_removed_all_at_once_are_held_back(world: World) -> None:
    blocks = [f"- [ ] Do {n}\n  - **ID**: do-{n}\n" for n in range(12)]
    world.repo.commit(**{"TASKS.md": "# Tasks\n\n## P1\n\n" + "".join(blocks)})
    world.sync()
    world.repo.commit(**{"TASKS.md": "# Tasks\n\n## P1\n\n" + "".join(blocks[:2])})
    world.sync()
    assert world.results(TARGET) == ["done", "held"]
    assert Column.DONE not in world.columns().values()
    world.sync(force=True)
    assert list(world.columns().values()).count(Column.DONE) == 10
