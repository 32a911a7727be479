"""Clones that share a PostgreSQL, at random: it goes away, agents work, files change, it is back.

What was answered is noted, and in the end all of it has to be found: in the history, or told as
lost. Two of the clones are on one machine, whose way to the server is one.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kanban_sync.core.errors import HeldError, LostClaimError, StoreError, WorkError
from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import Gone
from kanban_sync.stores.away_shelf import AwayShelf
from kanban_sync.stores.flatfile import manifest_path
from kanban_sync.stores.postgres import open_postgres
from stores.clones_contract import files
from stores.machines import PROJECT, die_at, key

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from kanban_sync.agents.work import Store
    from kanban_sync.core.work import Entry
    from stores.emptied import Emptied
    from stores.machines import Machine

AGENTS = ("ada", "bob", "eve")
"""Each clone has one of its own; any of them may turn up elsewhere, too."""

LEASE = 600.0
ENDS = (Status.DONE, Status.DONE, Status.REVIEW, Status.BLOCKED, Status.FAILED)
SETTABLE = (Status.TODO, Status.DONE, Status.BLOCKED, Status.REVIEW)
MOST = 5
"""How many clones there are in the end at most, with those that were copied."""

STEPS = 50
"""Before which a process is killed that comes back: statements and what is done to files."""


class Claimed(NamedTuple):
    """A claim of which an agent has heard."""

    key: TaskKey
    agent: str
    token: int


class Said(NamedTuple):
    """Something that was answered as done: which event is to tell it."""

    at: int
    clone: int
    what: str
    key: TaskKey
    who: str
    token: int = 0
    status: Status | None = None
    title: str = ""


@dataclass
class World:
    """Clones, one repository that all of them have pulled up to some commit, and what was said."""

    clones: list[Machine]
    emptied: Emptied
    random: Random
    now: float = field(default_factory=time.time)
    said: list[Said] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with a file that all have synced."""
        self.beliefs: list[set[Claimed]] = [set() for _ in self.clones]
        self.away = [False for _ in self.clones]
        # The first two are on one machine.
        self.hosts = [0, 0, *range(2, len(self.clones))]
        self.pulled = [0 for _ in self.clones]
        self.merged: list[dict[str, Task]] = [{} for _ in self.clones]
        self.given_back: set[tuple[TaskKey, int]] = set()
        self.added = 0
        self.removed: dict[str, Version] = {}
        first = {name: self._written(name, Status.TODO, 1) for name in "abcde"}
        first["b"] = first["b"]._replace(depends_on=("a",))
        self.commits: list[dict[str, Task]] = [first]
        for which in range(len(self.clones)):
            self.sync(which)

    def _written(self, name: str, status: Status, commit: int, title: str = "") -> Task:
        version = Version(int(self.now), f"{commit:04}")
        return Task(
            key(name),
            title or f"Task {name}",
            status,
            path="TASKS.md",
            number=name,
            text_version=version,
            status_version=version,
        )

    # --- What happens -------------------------------------------------------------------------

    def step(self) -> None:
        """Let one thing happen."""
        deeds: dict[Callable[[int], None], int] = {
            self.claim: 8,
            self.finish: 6,
            self.release: 2,
            self.extend: 2,
            self.set_status: 2,
            self.add: 2,
            self.reclaim: 1,
            self.edit: 2,
            self.sync: 3,
            self.turn: 6,
            self.kill: 4,
            self.wait: 2,
            self.copy: 1,
        }
        (deed,) = self.random.choices(list(deeds), list(deeds.values()))
        which = self.random.randrange(len(self.clones))
        self.now += self.random.choice((0, 1, 1, 20))
        self.log.append(f"{deed.__name__} {which}{' apart' if self.away[which] else ''}")
        deed(which)

    def _try(self, which: int, deed: Callable[[Store], Any]) -> Any:  # noqa: ANN401 - whatever it is
        try:
            done = self.clones[which].do(deed)
        except (StoreError, WorkError) as error:
            self.log[-1] += f": {type(error).__name__} {error}"[:120]
            return error
        return done

    def _some_key(self) -> TaskKey:
        names = {name for tasks in self.commits for name in tasks}
        added = {each.key for each in self.said if each.what == "added"}
        return self.random.choice(sorted({*map(key, names), *added}))

    def _agent(self, which: int) -> str:
        return (
            AGENTS[which % len(AGENTS)]
            if self.random.random() < 0.85
            else self.random.choice(AGENTS)
        )

    def _note(self, which: int, what: str, name: TaskKey, who: str, **more: Any) -> None:  # noqa: ANN401 - as Said has them
        self.said.append(Said(len(self.log), which, what, name, who, **more))
        self.log[-1] += f": {what} {name} {who} {more}"

    def claim(self, which: int) -> None:
        """Let an agent claim a task, or the next."""
        agent = self._agent(which)
        name = self._some_key() if self.random.random() < 0.6 else None

        def deed(store: Store) -> Entry | None:
            now = store.clock(self.now)
            if name is not None:
                return store.claim(name, agent, now, LEASE)
            return store.claim_next(agent, now, LEASE)

        found = self._try(which, deed)
        if found is not None and not isinstance(found, Exception):
            token = found.claim.token
            self.beliefs[which].add(Claimed(found.key, agent, token))
            self._note(which, "claimed", found.key, agent, token=token)

    def _mine(self, which: int) -> Claimed | None:
        mine = sorted(self.beliefs[which])
        return self.random.choice(mine) if mine else None

    def _with(self, which: int, deed: Callable[[Store, Claimed], Any]) -> Claimed | None:
        """Do something with a claim, and return it if that was done."""
        mine = self._mine(which)
        if mine is None:
            return None
        found = self._try(which, lambda store: deed(store, mine))
        if isinstance(found, (LostClaimError, HeldError)):
            self.beliefs[which].discard(mine)
        return None if isinstance(found, Exception) else mine

    def finish(self, which: int) -> None:
        """Let an agent end its claim."""
        status = self.random.choice(ENDS)
        done = self._with(
            which,
            lambda store, mine: store.finish(
                mine.key, mine.token, status, self.now, f"r{len(self.log)}", who=mine.agent
            ),
        )
        if done is not None:
            self.beliefs[which].discard(done)
            self._note(which, "finished", done.key, done.agent, token=done.token, status=status)

    def _give_back(self, name: TaskKey) -> None:
        """Note that whoever had a task has it no more: it is to do again."""
        mine = {each for beliefs in self.beliefs for each in beliefs if each.key == name}
        self.given_back |= {(each.key, each.token) for each in mine}

    def release(self, which: int) -> None:
        """Let an agent give its task back."""
        done = self._with(
            which,
            lambda store, mine: store.release(mine.key, mine.token, self.now, who=mine.agent),
        )
        if done is not None:
            self.beliefs[which].discard(done)
            self.given_back.add((done.key, done.token))

    def extend(self, which: int) -> None:
        """Let an agent send a heartbeat."""
        self._with(
            which,
            lambda store, mine: store.extend(
                mine.key, mine.token, store.clock(self.now), LEASE, who=mine.agent
            ),
        )

    def set_status(self, which: int) -> None:
        """Let somebody set a status without a claim."""
        name, who = self._some_key(), self._agent(which)
        status = self.random.choice(SETTABLE)

        def deed(store: Store) -> bool:
            before = store.entry(name)
            after = store.set_status(name, status, self.now, who, f"r{len(self.log)}")
            return (before.task.status, before.claim) != (after.task.status, after.claim)

        if self._try(which, deed) is True:
            self._note(which, "set", name, who, status=status)
            if status is Status.TODO:
                self._give_back(name)

    def add(self, which: int) -> None:
        """Let somebody add a task; now and then under an id that another one may have."""
        self.added += 1
        number = self.random.choice((self.added, self.added, 1, 2))
        name = TaskKey(PROJECT, "db", f"n{number}")
        needs = [str(self._some_key())] if self.random.random() < 0.4 else []
        title = f"Added by {which} as the {self.added}"
        task = Task(name, title, Status.TODO, depends_on=tuple(needs))
        if not isinstance(self._try(which, lambda store: store.add(task, self.now)), Exception):
            self._note(which, "added", name, "", title=title)

    def reclaim(self, which: int) -> None:
        """Take back what ran out."""
        found = self._try(which, lambda store: store.reclaim(store.clock(self.now)))
        for each in found if isinstance(found, list) else ():
            self._give_back(each.key)

    def wait(self, which: int) -> None:
        """Let leases run out."""
        self.now += self.random.choice((60.0, LEASE / 2, LEASE + 1))

    def edit(self, which: int) -> None:
        """Change the file, and commit."""
        self.pulled[which] = len(self.commits) - 1
        tasks = dict(self.commits[-1])
        name = self.random.choice(sorted(tasks))
        how = self.random.choice(("status", "status", "title", "remove", "add"))
        commit = len(self.commits) + 1
        self.now += 1
        new = self._written(name, self.random.choice(SETTABLE), commit, f"Title {commit}")
        if how == "status":
            tasks[name] = tasks[name]._replace(status=new.status, status_version=new.status_version)
        elif how == "title":
            tasks[name] = tasks[name]._replace(title=new.title, text_version=new.text_version)
        elif how == "remove" and len(tasks) > 2:
            del tasks[name]
            self.removed[name] = new.status_version
        else:
            name = f"f{commit}"
            tasks[name] = self._written(name, Status.TODO, commit)
        self.commits.append(tasks)
        self.log[-1] += f": {how} {name} {tasks[name].status if name in tasks else 'gone'}"
        if self.random.random() < 0.7:
            self.sync(which, pulls=True)

    def sync(self, which: int, *, pulls: bool | None = None) -> None:
        """Bring in what the file says as far as this clone has pulled."""
        if pulls or (pulls is None and self.random.random() < 0.6):
            self.pulled[which] = len(self.commits) - 1
        tasks, before = self.commits[self.pulled[which]], self.merged[which]
        gone = {
            each.key: Gone(Status.ORPHANED, self.removed[name])
            for name, each in before.items()
            if name not in tasks
        }
        try:
            with closing(self.clones[which].database.open(PROJECT)) as store:
                store.merge(list(tasks.values()), gone, files(*tasks.values()), self.now)
        except (StoreError, WorkError) as error:
            if self.log:
                self.log[-1] += f": {type(error).__name__}"
        else:
            self.merged[which] = tasks

    def turn(self, which: int) -> None:
        """Let the server go away from a machine, or come back."""
        goes = not self.away[which]
        for each, host in enumerate(self.hosts):
            if host == self.hosts[which]:
                self.away[each] = goes
                door = self.clones[each].door
                door.shut() if goes else door.open()

    def copy(self, which: int) -> None:
        """Copy a clone, with all that was done in it, and the agents that are at work there."""
        if len(self.clones) == MOST:
            return
        folder = self.clones[which].state.path
        self.clones.append(self.clones[which].copied(folder.with_name(str(len(self.clones)))))
        self.away.append(self.away[which])
        self.hosts.append(self.hosts[which])
        self.pulled.append(self.pulled[which])
        self.merged.append(self.merged[which])
        self.beliefs.append({*self.beliefs[which]})

    def kill(self, which: int) -> None:
        """Let the server be back, and whoever comes back be killed on the way."""
        if self.away[which]:
            self.turn(which)
        step = self.random.randrange(1, STEPS)
        child = os.fork()
        if child == 0:
            die_at(step)
            try:
                self.clones[which].do(lambda store: store.ready(self.now))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        self.log[-1] += f": at {step}"
        if self.random.random() < 0.6:
            self.turn(which)

    # --- What has to hold ---------------------------------------------------------------------

    def settle(self) -> None:
        """Let everybody be back, and sync until all have heard of all."""
        for which, is_away in enumerate(self.away):
            if is_away:
                self.turn(which)
        for _ in range(2):
            for which, clone in enumerate(self.clones):
                clone.do(lambda store: store.ready(self.now))
                self.sync(which, pulls=True)

    def check(self) -> None:
        """Check all laws."""
        self.settle()
        self._check_journals()
        with closing(open_postgres(self.emptied.address, PROJECT)) as store:
            events = store.events(limit=100_000)
            tasks = {each.key: each for each in store.tasks()}
        by_key: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for each in events:
            by_key[each.key].append((each.kind, json.loads(each.data)))
        for said in self.said:
            assert self._is_found(said, by_key[str(said.key)], tasks), (said, by_key[str(said.key)])
        for name, told in by_key.items():
            check_once(name, told)
        self._check_winners(by_key)

    def _check_journals(self) -> None:
        copies = []
        for clone in self.clones:
            mode = clone.database.mode(PROJECT)
            assert (mode.name, mode.entries) == ("database", 0)
            path = manifest_path(clone.database.folder, PROJECT)
            assert not path.with_suffix(".sent").exists()
            assert not path.with_suffix(".away").exists()
            with closing(clone.database.open(PROJECT)):
                pass  # Closed, it leaves a copy of what it has.
            has = AwayShelf(path, PROJECT).has
            assert has.parted.since is None
            whose = {name: (each.agent, each.token) for name, each in has.work.standings.items()}
            tasks = {name: (each.task, whose.get(name)) for name, each in has.tasks.items()}
            copies.append((tasks, has.work.edges, has.parted.copied))
        assert all(each == copies[0] for each in copies)

    def _is_found(
        self, said: Said, told: list[tuple[str, dict[str, Any]]], tasks: dict[TaskKey, Task]
    ) -> bool:
        if any(kind == "conflict" and "journal" in data for kind, data in told):
            return True
        if said.what == "added":
            return said.key in tasks and tasks[said.key].title == said.title
        is_given_back = said.what == "claimed" and (said.key, said.token) in self.given_back
        if is_given_back or said.status is Status.TODO:
            # Where it is to do on the other side as well, both say the same: nothing is told.
            return True
        return any(
            kind == said.what and data["token"] == said.token
            if said.what == "claimed"
            else kind == "status_changed"
            and data["new"] == said.status
            and (data.get("token", 0) == said.token or data.get("who") == said.who)
            for kind, data in told
        )

    def _check_winners(self, by_key: dict[str, list[tuple[str, dict[str, Any]]]]) -> None:
        winners: dict[TaskKey, set[int]] = defaultdict(set)
        for which, beliefs in enumerate(self.beliefs):
            for name, agent, token in sorted(beliefs):
                try:
                    with closing(self.clones[which].database.work(PROJECT)) as store:
                        store.extend(name, token, self.now, LEASE, who=agent)
                except (LostClaimError, HeldError):
                    is_known = (name, token) in self.given_back
                    assert is_known or is_explained(by_key[str(name)], token), (name, agent, token)
                else:
                    winners[name].add(token)
        assert all(len(each) == 1 for each in winners.values()), winners


def is_explained(told: list[tuple[str, dict[str, Any]]], token: int) -> bool:
    """Tell whether the history says what became of a claim."""
    for kind, data in told:
        if kind in {"conflict", "reclaimed", "released"} and data.get("token") == token:
            return True
        if kind == "claimed" and data["token"] > token:
            return True
        if kind in {"status_changed", "orphaned", "task_orphaned"}:
            return True
    return False


def check_once(name: str, told: list[tuple[str, dict[str, Any]]]) -> None:
    """Check that no task was done that was done already, and nothing else was twice either."""
    is_done = False
    for kind, data in told:
        if "new" in data and "fields" not in data:
            is_again = kind == "status_changed" and data["new"] == "done" and is_done
            assert not is_again, (name, told)
            is_done = data["new"] == "done"
    # A journal counts once, and so does a claim.
    counted = [data.get("token", 0) for kind, data in told if kind in {"claimed", "replayed"}]
    assert len(counted) == len({*counted}), (name, told)
