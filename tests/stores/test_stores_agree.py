"""Whatever is done to them in whatever order: the store in memory and the one in a file agree."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kanban_sync.core.model import Status, Task, TaskKey, Version
from kanban_sync.core.ports import FilesState, Gone, Run
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.stores.sqlite import open_sqlite
from stores.contract import everything
from stores.made_up import NOW, PROJECT, key, said, state, task

# Few values, so that the same tasks meet again and again.
NAMES = st.sampled_from("abcd")
BOARDS = st.sampled_from(("t1", "t2"))
TASKS = st.lists(
    st.builds(
        lambda name, status, title, position, time: task(
            name,
            status=status,
            title=title,
            position=position,
            status_version=Version(time, "c"),
        ),
        NAMES,
        st.sampled_from((Status.TODO, Status.DONE, Status.ORPHANED)),
        st.sampled_from(("one", "two")),
        st.integers(0, 1),
        st.integers(0, 1),
    ),
    max_size=4,
    unique_by=lambda each: each.key,
)
GONE = st.dictionaries(
    NAMES.map(key),
    st.builds(
        lambda status, time: Gone(status, Version(time, "g")),
        st.sampled_from((Status.DONE, Status.ORPHANED)),
        st.integers(0, 2),
    ),
    max_size=3,
)
FILES = st.builds(
    FilesState,
    st.dictionaries(st.sampled_from(("main", "b")), st.sampled_from("12")),
    st.dictionaries(st.sampled_from(("A", "B")), st.sampled_from((state("a"), state("b", "c")))),
)
DIGESTS = st.lists(st.sampled_from(("d1", "d2", "d3")), max_size=3)


class TwoStores(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "tasks.db")
        self.memory = MemoryStore(PROJECT)
        self.sqlite = open_sqlite(self.path, PROJECT)

    @rule(tasks=TASKS, gone=GONE, files=FILES)
    def merge(self, tasks: list[Task], gone: dict[TaskKey, Gone], files: FilesState) -> None:
        both = [store.merge(tasks, gone, files, NOW) for store in (self.memory, self.sqlite)]
        assert both[0] == both[1]

    @rule(tasks=TASKS, gone=GONE)
    def merge_again(self, tasks: list[Task], gone: dict[TaskKey, Gone]) -> None:
        for store in (self.memory, self.sqlite):
            files = store.files()
            store.merge(tasks, gone, files, NOW)
            assert store.merge(tasks, gone, files, NOW).is_empty

    @rule(digests=DIGESTS, parse=st.sampled_from("12"))
    def remember_parses(self, digests: list[str], parse: str) -> None:
        for store in (self.memory, self.sqlite):
            store.remember_parses(dict.fromkeys(digests, parse))

    @rule(board=BOARDS, names=st.lists(NAMES), mark=st.sampled_from("mn"))
    def remember(self, board: str, names: list[str], mark: str) -> None:
        for store in (self.memory, self.sqlite):
            store.remember(board, [said(name, mark=mark) for name in names])

    @rule(board=BOARDS, names=st.lists(NAMES))
    def forget(self, board: str, names: list[str]) -> None:
        for store in (self.memory, self.sqlite):
            store.forget(board, [key(name) for name in names])

    @rule(board=BOARDS, ids=st.dictionaries(NAMES, st.sampled_from("12"), max_size=2))
    def remember_board(self, board: str, ids: dict[str, str]) -> None:
        for store in (self.memory, self.sqlite):
            store.remember_board(board, ids)

    @rule(board=BOARDS, ends=st.booleans())
    def run(self, board: str, ends: bool) -> None:
        run = Run(board, NOW)
        numbers = [store.begin_run(run) for store in (self.memory, self.sqlite)]
        assert numbers[0] == numbers[1]
        for store in (self.memory, self.sqlite) if ends else ():
            store.end_run(replace(run, id=numbers[0], result="done", operations={"create": 1}))

    @rule()
    def open_anew(self) -> None:
        self.sqlite.close()
        self.sqlite = open_sqlite(self.path, PROJECT)

    @invariant()
    def they_agree(self) -> None:
        assert everything(self.sqlite) == everything(self.memory)

    def teardown(self) -> None:
        self.sqlite.close()
        self.folder.cleanup()


@pytest.mark.hunt
class TestStoresAgree(TwoStores.TestCase):  # type: ignore[misc,valid-type]
    settings = settings(stateful_step_count=15, max_examples=settings().max_examples // 2)
