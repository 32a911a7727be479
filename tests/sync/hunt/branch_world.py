"""Clones with branches over real git, and one board; all that is done is told to the oracle."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from kanban_sync.boards.memory import MemoryBoard
from kanban_sync.config import Settings
from kanban_sync.core.columns import Column
from kanban_sync.core.liveness import Liveness
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.memory import MemoryStore
from kanban_sync.sync.engine import Engine
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.runner import Progress
from kanban_sync.sync.session import Doors, Session
from kanban_sync.sync.state_folder import StateFolder
from repos import Repo
from sync.hunt.branch_oracle import Commit, never_unticked, taken_out, view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sync.hunt.branch_oracle import Tree, Version, View

PROJECT, TARGET = "p1", "0123456789abcdef"
EPOCH = 1_800_000_000
SKEWS = (0, -40, 25)
CHANGE = "c1"
ACTIVE, ARCHIVED = "openspec/changes/c1", "openspec/changes/archive/2026-01-01-c1"
BEGUN: Tree = {
    "T1": {"text": "apples", "done": " "},
    "T2": {"text": "pears", "done": " "},
    "T3": {"text": "plums", "done": "x"},
    CHANGE: {"place": ACTIVE},
    "c1#1": {"done": " "},
    "c1#2": {"done": " "},
}


@dataclass
class Checkout:
    """A clone: its branches, what it fetched, its linked work trees, its database, its clock."""

    name: str
    repo: Repo
    skew: int
    store: MemoryStore
    heads: dict[str, Commit]
    fetched: Commit
    on: str = "main"
    trees: list[Commit] = field(default_factory=list)
    made: int = 0
    said: dict[str, Mapping[str, tuple[Version, str]]] = field(default_factory=dict)
    """What it said of each task last when it synced and had it."""

    @property
    def tip(self) -> Commit:
        """What is checked out."""
        return self.heads[self.on]

    @property
    def base(self) -> Commit:
        """The base layer: the default branch as fetched, or here where it is ahead."""
        main = self.heads["main"]
        return main if self.fetched in main.ancestors else self.fetched

    def layers(self, *, all_of: bool) -> list[Commit]:
        """Return what has a say, the base layer first."""
        return [self.base, *self.heads.values(), *self.trees] if all_of else [self.base]

    def view(self, *, layers: bool) -> View:
        """Return what this clone ought to say."""
        base, *others = self.layers(all_of=layers)
        return view(base, others)


@dataclass
class World:
    """Clones of one bare repository, whose objects they share, and the board that all write to."""

    folder: Path
    clones: int = 1
    layers: bool = False
    clock: int = EPOCH
    board: MemoryBoard = field(default_factory=MemoryBoard)
    done: list[str] = field(default_factory=list)
    moves: dict[str, list[str]] = field(default_factory=dict)
    flapping: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._said: dict[str, list[View]] = {}
        self._waiting: list[Commit] = []
        self._numbers = count(1)
        self.bare = Repo.init(self.folder / "origin", "--bare")
        self.origin = self.commit(BEGUN, ())
        self._write(self.bare, {"refs/heads/main": self.origin})
        self.checkouts = [self._cloned(number) for number in range(self.clones)]
        # What was archived before a first sync gets no card.
        for each in self.checkouts:
            self.sync(each)

    def _cloned(self, number: int) -> Checkout:
        name = "abc"[number]
        path = self.folder / name
        self.bare.git("clone", "--quiet", "--shared", str(self.bare.path), str(path))
        store = MemoryStore(PROJECT)
        heads = {"main": self.origin}
        return Checkout(name, Repo(path), SKEWS[number], store, heads, self.origin)

    # --- commits ------------------------------------------------------------------------------

    def commit(self, tree: Tree, parents: tuple[Commit, ...], skew: int = 0) -> Commit:
        """Make a commit; git hears of it when it is asked next."""
        made = Commit(parents, self.clock + skew, tree, mark=next(self._numbers))
        self._waiting.append(made)
        return made

    def flush(self) -> None:
        """Let git make the commits that wait, all in one process."""
        if not self._waiting:
            return
        marks = self.folder / "marks"
        stream = "".join(map(_stream, self._waiting))
        self.bare.git(
            "fast-import",
            "--quiet",
            "--force",
            "--import-marks-if-exists=" + str(marks),
            f"--export-marks={marks}",
            stdin=stream,
        )
        ids = dict(line.split() for line in marks.read_text().splitlines())
        for each in self._waiting:
            each.id = ids[f":{each.mark}"]
        self._waiting.clear()

    def _write(self, repo: Repo, refs: Mapping[str, Commit]) -> None:
        self.flush()
        there = set(repo.git("for-each-ref", "--format=%(refname)", "refs/heads").splitlines())
        lines = [f"update {name} {commit.id}" for name, commit in refs.items()]
        lines += [f"delete {name}" for name in sorted(there - refs.keys())]
        repo.git("update-ref", "--stdin", stdin="".join(f"{line}\n" for line in lines))

    def _settle_refs(self, clone: Checkout) -> None:
        """Let git have the references as they are by now."""
        heads = {f"refs/heads/{name}": commit for name, commit in clone.heads.items()}
        self._write(clone.repo, {**heads, "refs/remotes/origin/main": clone.fetched})
        (clone.repo.path / ".git/HEAD").write_text(f"ref: refs/heads/{clone.on}\n")
        for number, commit in enumerate(clone.trees):
            head = clone.repo.path / f".git/worktrees/w{number}/HEAD"
            if not head.exists():
                place = self.folder / f"{clone.name}-trees" / f"w{number}"
                what = ("worktree", "add", "--quiet", "--detach", "--no-checkout", str(place))
                clone.repo.git(*what, commit.id)
            head.write_text(f"{commit.id}\n")

    # --- the program --------------------------------------------------------------------------

    def sync(self, clone: Checkout) -> None:
        """Do one pass, as a hook asks for it."""
        self._settle_refs(clone)
        common = clone.repo.path / ".git"
        settings = Settings(project_id=PROJECT)
        doors = Doors(
            open_session=lambda _worktree: Session(
                settings, PROJECT, self._repository(common), clone.store
            ),
            open_board=lambda _session: self.board,
            sources=SOURCES,
            now=lambda: float(self.clock),
        )
        engine = Engine(StateFolder(common / "kanban-sync"), common, TARGET, doors, Progress())
        served = [Request(TARGET, Cause.CLI, "-")]
        engine.database(served)
        engine.board(served)
        clone.said |= clone.view(layers=self.layers)
        self._note_moves()

    def _note_moves(self) -> None:
        """Note what each card shows in turn while all clones say of it what they said."""
        shown = self.shown()
        views = [each.view(layers=self.layers) for each in self.checkouts]
        for name in {*shown, *self.moves}:
            said: list[View] = [
                {each: its for each, its in view.items() if each.split("#")[0] == name}
                for view in views
            ]
            moves = self.moves.get(name, [])
            if self._said.get(name) != said:
                self._said[name], moves = said, moves[-1:]
            if moves[-1:] != [shown.get(name, "")]:
                moves = [*moves, shown.get(name, "")]
            self.moves[name] = moves
            if len(moves) - len({*moves}) > 1:
                self.flapping.add(f"{name}: {moves}")

    def _repository(self, common: Path) -> GitRepository:
        live = Liveness(now=float(self.clock)) if self.layers else None
        return GitRepository(common, liveness=live)

    def shown(self) -> dict[str, str]:
        """Return what the board says, task by task; a task that has two cards says so."""
        found: dict[str, str] = {}
        for card in self.board.cards.values():
            if card.archived or card.key is None:
                continue
            name = card.key.name.removeprefix("TASKS.md/")
            lines = sorted(
                (line.text, line.done) for each in card.checklists for line in each.items
            )
            text = _card(card.title, card.column, [is_done for _, is_done in lines])
            found[name] = f"{found[name]} and {text}" if name in found else text
        return found


def expected(views: Sequence[View], said: Sequence[View]) -> dict[str, set[str]]:
    """Return what a board has to say of each task, by what its clones say; '' is no card.

    The newest of a line's words counts, and the newest of its ticks. All ticks of a change are one
    part of its card, which one clone says. A clone that has lost a task has nothing to say of it:
    what it ``said`` last may stay on the card until another clone says something newer.
    """
    tasks = {name for each in views for name in each if "#" not in name}
    found: dict[str, set[str]] = {}
    for name in tasks:
        there = [each[name] for each in views if name in each]
        if name == CHANGE or len(there) < len(views):
            found[name] = {_shown(name, each) for each in views}
        if name != CHANGE:
            lost = [last for each, last in zip(views, said, strict=True) if name not in each]
            every = [*there, *(last[name] for last in lost if name in last)]
            found.setdefault(name, set()).add(_line(name, every))
    return found


def _shown(task: str, said: View) -> str:
    if task not in said:
        return ""
    if task != CHANGE:
        return _line(task, [said[task]])
    boxes = [name for name in sorted(said) if name.startswith(f"{CHANGE}#")]
    done = [said[name]["done"][1] == "x" for name in boxes]
    is_open = Column.REVIEW if all(done) else Column.IN_PROGRESS
    column = Column.DONE if said[task]["place"][1] == ARCHIVED else is_open
    return _card(task, column, done)


def _line(task: str, said: Sequence[Mapping[str, tuple[Version, str]]]) -> str:
    (_, text), (_, done) = (max(each[name] for each in said) for name in ("text", "done"))
    return _card(f"{task} {text}", Column.DONE if done == "x" else Column.TODO, [])


def _card(title: str, column: Column | None, done: list[bool]) -> str:
    lines = "".join("x" if each else "-" for each in done)
    return f"{title} | {column} {lines}".rstrip()


def _stream(commit: Commit) -> str:
    """Return a commit for ``git fast-import``."""
    place = commit.tree[CHANGE]["place"]
    tasks = [(name, each) for name, each in sorted(commit.tree.items()) if name.startswith("T")]
    boxes = [(name, each) for name, each in sorted(commit.tree.items()) if "#" in name]
    files = {
        "TASKS.md": ["# Tasks", "", *(f"- [{e['done']}] {n} {e['text']}" for n, e in tasks)],
        f"{place}/tasks.md": [
            *("## 1. Do", ""),
            *(f"- [{each['done']}] 1.{name[-1]} do {name[-1]}" for name, each in boxes),
        ],
    }
    who = f"Test Person <person@example.org> {commit.time} +0000"
    lines = ["commit refs/made", f"mark :{commit.mark}", f"committer {who}", *_data("change")]
    words = ("from", *("merge" for _ in commit.parents[1:]))
    lines += [
        f"{word} {each.id or f':{each.mark}'}"
        for word, each in zip(words, commit.parents, strict=False)
    ]
    lines.append("deleteall")
    for path, text in files.items():
        lines += [f"M 100644 inline {path}", *_data("\n".join((*text, "")))]
    return "\n".join((*lines, "", ""))


def _data(text: str) -> list[str]:
    return [f"data {len(text.encode())}", text]


def wrong(world: World) -> dict[str, tuple[str, set[str]]]:
    """Return in what the board differs from what it has to say: the card, and what it may be.

    A task that was done and is in no file any more stays done.
    """
    clones = world.checkouts
    views = [each.view(layers=world.layers) for each in clones]
    wanted = expected(views, [each.said for each in clones])
    shown = world.shown()
    found = {name: (shown.get(name, ""), wanted.get(name, {""})) for name in {*shown, *wanted}}
    stays = f"| {Column.DONE}"
    return {
        name: (card, may)
        for name, (card, may) in found.items()
        if card not in may and not ("" in may and card.endswith(stays))
    }


def not_ticked(world: World) -> list[str]:
    """Return what one layer has ticked and none has unticked, and that is not shown as done.

    A card may be missing only of what a commit took out. All ticks of a change are one part of its
    card, which one clone says: they are there if each clone has them.
    """
    clones = [each.layers(all_of=world.layers) for each in world.checkouts]
    layers = [commit for each in clones for commit in each]
    boxes = set.intersection(*map(never_unticked, clones))
    ticked = {task for task in never_unticked(layers) if "#" not in task or task in boxes}
    shown = world.shown()
    return [
        task
        for task in sorted(ticked - taken_out(layers))
        if not _is_ticked(task, shown.get(task.split("#")[0], ""))
    ]


def _is_ticked(task: str, card: str) -> bool:
    _, _, box = task.partition("#")
    boxes = card.rpartition(" ")[2]
    return boxes[int(box) - 1 : int(box)] == "x" if box else card.endswith(f"| {Column.DONE}")


def twins(world: World) -> list[str]:
    """Return the tasks that have more than one card, wherever these lie."""
    cards = Counter(card.key.name for card in world.board.cards.values() if card.key is not None)
    return [name for name, number in cards.items() if number > 1]
