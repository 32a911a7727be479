"""Of clones that share a database, none takes back what another has read of newer commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from kanban_sync.core.liveness import Liveness
from kanban_sync.core.model import Version
from kanban_sync.core.satisfying import DEFAULT_BRANCH, mark_of
from sync.several_clones import CHANGE, Team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repos import Repo
    from sync.several_clones import Clone

V1 = "v1/TASKS.md"
MARK = mark_of(DEFAULT_BRANCH, Version(1, "c"))


def tick(repo: Repo) -> None:
    edit(repo, "TASKS.md", "- [ ] apples", "- [x] apples")


def take_out(repo: Repo) -> None:
    edit(repo, V1, "- [ ] Mend the roof\n  - **ID**: roof\n\n", "")


def archive(repo: Repo) -> None:
    place = repo.path / "openspec/changes/archive/2026-01-01-one"
    place.parent.mkdir()
    (repo.path / CHANGE).parent.rename(place)


class Way(NamedTuple):
    """How a task comes to be done, and a line beside it that may change."""

    title: str
    does: Callable[[Repo], None]
    path: str
    line: str


WAYS = (
    Way("apples", tick, "TASKS.md", "plums"),
    Way("Mend the roof", take_out, V1, "Paint"),
    Way("one", archive, "TASKS.md", "plums"),
)


def edit(repo: Repo, path: str, old: str, new: str) -> None:
    text = (repo.path / path).read_text()
    assert old in text
    repo.write(path, text.replace(old, new))


class Pair(NamedTuple):
    """Two clones of a team; the task of a way is done on a branch of the first."""

    team: Team
    one: Clone
    two: Clone
    way: Way

    def save(self, clone: Clone) -> None:
        self.team.clock += 60
        clone.repo.commit_at(self.team.clock, "change")
        clone.sync()

    def begin(self) -> None:
        self.one.repo.git("switch", "--quiet", "--create", "f")
        self.way.does(self.one.repo)
        self.save(self.one)
        self.one.repo.git("push", "--quiet", "origin", "f")

    def fetch(self) -> None:
        self.two.repo.git("fetch", "--quiet")
        self.two.repo.git("branch", "--quiet", "f", "origin/f")
        self.two.sync()

    def merge(self) -> None:
        self.team.clock += 60
        when = f"@{self.team.clock} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.one.repo.git("switch", "--quiet", "main")
        self.one.repo.git("merge", "--quiet", "--no-ff", "f", env=dates)
        self.one.sync()

    @property
    def branch(self) -> str:
        """On which branch alone the task is done."""
        (task,) = (each for each in self.team.store.tasks() if each.title == self.way.title)
        assert task.status.satisfies
        return task.branch

    def sync_all(self) -> int:
        """Let both sync, twice; return the newest event."""
        for clone in (self.two, self.one) * 2:
            clone.sync()
        return self.team.store.last_event()


@pytest.fixture(params=WAYS, ids=lambda way: way.does.__name__)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    team = Team(tmp_path, 0, names="ab")
    for clone in team.clones.values():
        clone.mark, clone.liveness = MARK, Liveness(now=team.clock)
    team.sync_all()
    return Pair(team, team.clones["a"], team.clones["b"], request.param)


def test_who_has_not_fetched_a_merge_does_not_take_it_back(pair: Pair) -> None:
    pair.begin()
    pair.fetch()
    assert pair.branch == "f"
    pair.merge()
    last = pair.team.store.last_event()
    assert pair.branch == ""
    assert (pair.sync_all(), pair.branch) == (last, "")
    edit(pair.two.repo, pair.way.path, pair.way.line, f"{pair.way.line} again")
    pair.save(pair.two)
    assert pair.branch == ""
    last = pair.team.store.last_event()
    assert (pair.sync_all(), pair.branch) == (last, "")


def test_who_has_not_fetched_a_branch_does_not_call_merged_what_is_done_there(pair: Pair) -> None:
    pair.begin()
    edit(pair.two.repo, pair.way.path, pair.way.line, f"{pair.way.line} again")
    pair.save(pair.two)
    assert pair.branch == "f"
    last = pair.team.store.last_event()
    assert (pair.sync_all(), pair.branch) == (last, "f")


def test_a_new_setting_tells_also_what_was_done_on_a_branch_before_it(pair: Pair) -> None:
    pair.one.mark = pair.two.mark = ""
    pair.begin()
    pair.fetch()
    pair.two.mark = MARK
    pair.two.sync()
    assert pair.branch == "f"
    last = pair.team.store.last_event()
    assert (pair.sync_all(), pair.branch) == (last, "f")
    pair.merge()
    last = pair.team.store.last_event()
    assert pair.branch == ""
    assert (pair.sync_all(), pair.branch) == (last, "")


def test_who_turned_the_default_branch_back_takes_its_merge_back(pair: Pair) -> None:
    pair.begin()
    pair.fetch()
    pair.merge()
    pair.one.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    pair.one.sync()
    last = pair.team.store.last_event()
    assert pair.branch == "f"
    assert (pair.sync_all(), pair.branch) == (last, "f")
