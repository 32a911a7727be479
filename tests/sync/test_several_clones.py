"""Clones that share a database say what their own files say, and settle whatever happens."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from kanban_sync.core.model import Status
from kanban_sync.sync.clone_name import Place, id_at, noted
from kanban_sync.sync.state_folder import StateFolder
from sync.several_clones import CHANGE, Team, differences

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.hunt
@pytest.mark.parametrize("rewrites", [False, True])
def test_after_all_have_pulled_and_synced_the_database_says_what_a_fresh_clone_says(
    rewrites: bool, tmp_path: Path, hunt_factor: int
) -> None:
    for seed in range(hunt_factor):
        folder = tmp_path / f"{seed}"
        team = Team(folder, seed + 10_000 * rewrites, rewrites=rewrites)
        team.play(25)
        team.settle()
        before = team.store.tasks(), team.store.filed_tasks(), team.store.last_event()
        team.sync_all()
        after = team.store.tasks(), team.store.filed_tasks(), team.store.last_event()
        assert after == before, (seed, team.done)
        assert differences(team) == [], (seed, team.done)
        shutil.rmtree(folder)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    team = Team(tmp_path, 0, names="ab")
    team.sync_all()
    return team


def statuses(team: Team) -> dict[str, Status]:
    return {task.title.split()[-1]: task.status for task in team.store.tasks()}


def commit(team: Team, name: str, path: str, old: str, new: str) -> None:
    clone = team.clones[name]
    text = (clone.repo.path / path).read_text()
    assert old in text
    clone.repo.write(path, text.replace(old, new))
    team.clock += 60
    clone.repo.commit_at(team.clock, f"{name} {path}")


def test_a_clone_that_is_behind_undoes_nothing(team: Team) -> None:
    a, b = team.clones.values()
    commit(team, "a", "TASKS.md", "- [ ] apples", "- [x] apples\n- [ ] figs")
    commit(team, "b", CHANGE, "- [ ] 1.1", "- [x] 1.1")
    for clone in (a, b, a, b):
        clone.sync()
    found = statuses(team)
    assert (found["apples"], found["figs"], found["dig"]) == ("done", "todo", "done")
    before = team.store.last_event()
    team.sync_all()
    assert team.store.last_event() == before


def test_the_status_of_a_change_follows_its_lines_whoever_ticks_them(team: Team) -> None:
    a, b = team.clones.values()
    commit(team, "a", CHANGE, "- [ ] 1.1", "- [x] 1.1")
    a.sync()
    team.push("a", a)
    team.start_over(b)
    commit(team, "b", CHANGE, "- [ ] 1.2", "- [x] 1.2")
    b.sync()
    assert statuses(team)["one"] is Status.REVIEW
    a.sync()
    assert statuses(team)["one"] is Status.REVIEW


def test_a_new_clone_orphans_nothing_that_was_not_pushed(team: Team) -> None:
    commit(team, "a", "TASKS.md", "- [ ] apples", "- [ ] apples\n- [ ] figs")
    team.clones["a"].sync()
    team.cloned("new").sync()
    assert statuses(team)["figs"] is Status.TODO


def test_a_new_clone_knows_what_was_removed_before_it_came(team: Team) -> None:
    commit(team, "a", "TASKS.md", "- [ ] pears\n", "")
    team.push("a", team.clones["a"])
    team.cloned("new").sync()
    assert statuses(team)["pears"] is Status.ORPHANED
    team.clones["b"].sync()
    assert statuses(team)["pears"] is Status.ORPHANED


def take_back(team: Team, name: str) -> None:
    """Reset a branch, and what is known of it on the remote, as a forced push does."""
    clone = team.clones[name]
    team.reset(name, clone)
    clone.repo.git("update-ref", "refs/remotes/origin/main", "HEAD")


def test_who_loses_its_last_word_to_a_reset_takes_it_back_also_after_another_one_did(
    team: Team,
) -> None:
    a, b = team.clones.values()
    commit(team, "a", "TASKS.md", "- [ ] apples", "- [x] apples")
    team.push("a", a)
    team.start_over(b)
    team.sync_all()
    for name in ("a", "b"):
        take_back(team, name)
    b.sync()
    assert statuses(team)["apples"] is Status.TODO
    a.sync()
    assert statuses(team)["apples"] is Status.TODO


def test_what_a_reset_took_back_comes_again_from_a_clone_that_has_it(team: Team) -> None:
    a, b = team.clones.values()
    commit(team, "a", "TASKS.md", "- [ ] apples", "- [x] apples\n- [ ] figs")
    team.push("a", a)
    team.start_over(b)
    team.sync_all()
    take_back(team, "a")
    a.sync()
    found = statuses(team)
    assert (found["apples"], found["figs"]) == (Status.TODO, Status.ORPHANED)
    # Its files are as they were: only the word of the other one makes it speak.
    b.sync()
    found = statuses(team)
    assert (found["apples"], found["figs"]) == (Status.DONE, Status.TODO)


def test_a_file_that_cannot_be_read_orphans_nothing(team: Team) -> None:
    a = team.clones["a"]
    a.repo.write("TASKS.md", "")
    team.clock += 60
    a.repo.commit_at(team.clock, "emptied")
    a.sync()
    assert statuses(team)["apples"] is Status.TODO


def test_a_clone_gets_its_name_once(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "kanban-sync")
    state.make()
    assert state.known_clone_id() == ""
    name = state.clone_id()
    assert len(name) == 16
    assert StateFolder(state.path).clone_id() == state.known_clone_id() == name


def test_a_copy_of_a_clone_gets_a_name_of_its_own_and_a_moved_one_keeps_it(tmp_path: Path) -> None:
    first = StateFolder(tmp_path / "first" / "kanban-sync")
    first.path.parent.mkdir()
    first.make()
    name = first.clone_id()
    copies = [StateFolder(tmp_path / each / "kanban-sync") for each in ("copy", "copy-of-copy")]
    for old, new in pairwise([first, *copies]):
        shutil.copytree(old.path.parent, new.path.parent)
        found = new.known_clone_id()
        assert new.clone_id() == found
    names = [name, *(each.clone_id() for each in copies)]
    assert len(set(names)) == 3
    # A database that lies in the folder was copied along, and knows all of them by the first name.
    assert {each.id_in_file() for each in (first, *copies)} == {name}
    moved = [each.path.parent.rename(tmp_path / f"{n}") for n, each in enumerate((first, *copies))]
    assert [StateFolder(each / "kanban-sync").clone_id() for each in moved] == names


def test_a_clone_named_before_places_were_known_keeps_its_name(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "kanban-sync")
    state.make()
    state.clone.write_text("0123456789abcdef\n")
    assert state.known_clone_id() == state.clone_id() == "0123456789abcdef"
    shutil.copytree(state.path, tmp_path / "copy")
    assert StateFolder(tmp_path / "copy").clone_id() != "0123456789abcdef"


@pytest.mark.parametrize(
    ("then", "is_same"),
    [
        (Place("1:5", "5@there"), True),
        (Place("2:5", "5@here"), True),
        (Place("2:5", "5@there"), False),
        (Place("1:6", "6@here"), False),
    ],
    ids=["moved", "another number of the device", "copied elsewhere", "put back by a backup"],
)
def test_what_makes_a_clone_another_one(then: Place, is_same: bool) -> None:
    text = noted("name\n", Place("1:5", "5@here"))
    found = id_at(text, then)
    assert (found == "name") is is_same
    after = noted(text, then)
    assert id_at(after, then) == found
    assert noted(after, then) == after
    assert id_at(after, Place("1:5", "5@here")) == "name"


def test_processes_that_name_a_clone_at_once_agree(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "kanban-sync")
    state.make()
    barrier = Barrier(8)

    def name(_: int) -> str:
        barrier.wait(10)
        return StateFolder(state.path).clone_id()

    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(name, range(8)))
    assert names == {state.known_clone_id()}
    assert not list(state.path.glob(".clone.*"))
