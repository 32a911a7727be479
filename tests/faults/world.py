"""A clone whose board lies behind the proxy: what is synced, by whom, and what comes of it."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kanban_sync.boards.planka.board import PlankaBoard
from kanban_sync.boards.planka.client import Client, Conduct
from kanban_sync.config import Settings
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.git import GitRepository
from kanban_sync.sources import SOURCES
from kanban_sync.stores.sqlite import open_sqlite
from kanban_sync.sync import requests
from kanban_sync.sync.engine import Engine
from kanban_sync.sync.requests import Cause, Request
from kanban_sync.sync.runner import Patience, Progress, run
from kanban_sync.sync.session import Doors, Session
from kanban_sync.sync.state_folder import StateFolder
from system.board_server import DrawnCard, drawn, without_ids

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from kanban_sync.standin.state import State

PROJECT, BOARD = "Project", "Board"
OWN = "p1"
TARGET = "0123456789abcdef"
NOW = 1_700_000_000.0

HASTY = Conduct(timeout=0.2, pause=0.001, longest_pause=0.05)
CALM = Conduct(pause=0.001)
PATIENCE = Patience(debounce=0.0, rebase=0.0)


@dataclass(frozen=True)
class Place:
    """Where one clone lies: its git folder, its state folder with the database, its board."""

    git: Path
    state_path: Path
    url: str
    key: str

    @property
    def state(self) -> StateFolder:
        """The state folder."""
        return StateFolder(self.state_path)

    @property
    def database(self) -> Path:
        """The task database."""
        return self.state_path / "tasks.db"

    def ask(self) -> None:
        """Ask for a sync, as a hook does."""
        self.state.make()
        self.state.mark_pending()
        requests.append(self.state, Request(TARGET, Cause.POST_COMMIT))

    def sync(self, conduct: Conduct, *, force: bool = False) -> str:
        """Serve what was asked for; return '' or why it ended early."""
        engine = self._engine(conduct)
        engine.force = force
        try:
            with closing(engine):
                run(self.state, TARGET, engine, patience=PATIENCE, board_lock=False)
        except KanbanSyncError as error:
            return str(error) or type(error).__name__
        return ""

    @property
    def is_behind(self) -> bool:
        """Whether something that was asked for is still to be done, and the next hook sees it."""
        pending = bool(requests.pending(self.state, TARGET))
        assert pending == self.state.pending.exists()
        return pending

    def _engine(self, conduct: Conduct) -> Engine:
        def open_session(_worktree: str) -> Session:
            settings = Settings(project_id=OWN)
            store = open_sqlite(self.database, OWN)
            return Session(settings, OWN, GitRepository(self.git), store)

        def open_board(session: Session) -> PlankaBoard:
            client = Client(self.url, self.key, conduct)
            return PlankaBoard(client, PROJECT, BOARD, session.store.board_ids(TARGET))

        doors = Doors(open_session, open_board, SOURCES, now=lambda: NOW)
        return Engine(self.state, self.git, TARGET, doors, Progress())

    def copied_to(self, path: Path) -> Place:
        """Copy state folder and database; what was there is gone."""
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.state_path, path)
        return replace(self, state_path=path)


# --- what comes of it -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """All that may be seen on a server, ids and times apart, and what the database agreed on."""

    projects: list[str]
    boards: list[str]
    lanes: list[str]
    cards: list[DrawnCard]
    labels: list[tuple[str, str]]
    fields: list[str]
    tasks: list[str]
    base: list[str]

    @classmethod
    def of(cls, state: State, place: Place) -> Outcome:
        """Look at everything."""
        with closing(open_sqlite(place.database, OWN, read_only=True)) as store:
            tasks = sorted(map(str, store.tasks()))
            said = store.base(TARGET).values()
            base = sorted(
                without_ids(str((each.said, each.mark, each.finished, each.archived)))
                for each in said
            )
        with state.lock:
            return cls(
                names(state, "projects"),
                names(state, "boards"),
                lanes(state),
                drawn(state),
                sorted((each["name"], each["color"]) for each in state.where("labels")),
                [*names(state, "customFieldGroups"), *names(state, "customFields")],
                tasks,
                base,
            )


def names(state: State, table: str) -> list[str]:
    """Return the names of all records of one kind."""
    return sorted(each["name"] for each in state.where(table))


def lanes(state: State) -> list[str]:
    """Return the lists of all boards in order, each with its cards in order.

    The archive has no order, and cards in it have no place.
    """
    found = []
    for lane in sorted(state.where("lists"), key=lambda each: float(each["position"] or 0)):
        cards = state.where("cards", listId=lane["id"])
        cards.sort(key=lambda card: (float(card["position"] or 0), card["name"]))
        titles = ", ".join(card["name"] for card in cards)
        found.append(f"{lane['name'] or lane['type']} ({lane['type']}): {titles}")
    return found


def differences(found: Outcome, expected: Outcome) -> list[str]:
    """List what one outcome has and the other has not."""
    lines: list[str] = []
    for name, there in vars(found).items():
        wanted = getattr(expected, name)
        lines += [f"{name} + {each}" for each in there if each not in wanted]
        lines += [f"{name} - {each}" for each in wanted if each not in there]
        if not lines and len(there) != len(wanted):
            lines.append(f"{name}: {len(there)} instead of {len(wanted)}")
    return lines


# --- what there is to sync ------------------------------------------------------------------------

STRANGERS = ("Buy cake", "urgent", "my own line", "candles", "Shopping")


def act_as_a_person(state: State, send: Any) -> None:  # noqa: ANN401
    """Do on the board what people do: a card with items and a label, and things on our cards."""
    cards = {card["name"]: card for card in state.where("cards")}
    change, task = cards["change-0-ticked"], cards["task 0 ticked"]
    card = {"type": "project", "position": 1, "name": "Buy cake", "description": "Soon."}
    cake = send("POST", f"/api/lists/{task['listId']}/cards", card)["item"]
    own = {"position": 1, "name": "Shopping"}
    shopping = send("POST", f"/api/cards/{cake['id']}/task-lists", own)["item"]
    line = {"position": 1, "name": "candles", "isCompleted": True}
    send("POST", f"/api/task-lists/{shopping['id']}/tasks", line)
    label = {"name": "urgent", "color": "berry-red", "position": 1}
    urgent = send("POST", f"/api/boards/{task['boardId']}/labels", label)["item"]
    for each in (cake, task):
        send("POST", f"/api/cards/{each['id']}/card-labels", {"labelId": urgent["id"]})
    send("POST", f"/api/cards/{change['id']}/comments", {"text": "Is it done?"})
    (lane, *_) = state.where("taskLists", cardId=change["id"])
    send("POST", f"/api/task-lists/{lane['id']}/tasks", {"position": 1, "name": "my own line"})
    words = {"description": f"My words.\n\n{change['description']}"}
    send("PATCH", f"/api/cards/{change['id']}", words)


def records_of_people(state: State) -> list[dict[str, Any]]:
    """Return what people have made, with ids and times."""
    with state.lock:
        tables = ("cards", "labels", "taskLists", "tasks")
        own = [
            dict(each)
            for table in tables
            for each in state.where(table)
            if each["name"] in STRANGERS
        ]
        ids = {each["id"] for each in own}
        marks = [dict(each) for each in state.where("cardLabels") if each["labelId"] in ids]
        return [*own, *marks, *map(dict, state.where("comments"))]


def change(*lines: str) -> str:
    """Write a tasks.md of two groups, the second one constant."""
    return "\n".join(["## 1. Build", *lines, "", "## 2. Ship", "- [ ] 2.1 Tell", ""])


THREE = ("- [ ] 1.1 one", "- [ ] 1.2 two", "- [ ] 1.3 three")
MANY = (
    "ticked", "reworded", "longer", "shorter", "regrouped", "told", "over", "gone", "reviewed",
    "calm",
)  # fmt: skip
"""What becomes of each change of a bundle."""

TASKS = {
    "ticked": " ",
    "freed": "!",
    "stopped": " ",
    "plain": " ",
    "calm": " ",
    "still": " ",
    "quiet": " ",
}
"""The tasks beside them, with the marks that they have at first."""


FEW = frozenset({"ticked", "calm", "longer", "freed", "stopped"})
"""Of these are 7 cards: more than are written at once, and no kind of request is missing."""


def files_before(
    bundles: int, names: Collection[str] = frozenset({*MANY, *TASKS})
) -> dict[str, str | None]:
    """Return the files of the first commit: 17 cards a bundle, or those of some names."""
    files: dict[str, str | None] = {}
    lines = []
    for number in range(bundles):
        for each in filter(names.__contains__, MANY):
            folder = f"openspec/changes/change-{number}-{each}"
            files[f"{folder}/tasks.md"] = change(*THREE)
            files[f"{folder}/proposal.md"] = "# Proposal\n\n## Why\n\nTo have it.\n"
        lines += [
            f"- [{mark}] task {number} {each}" for each, mark in TASKS.items() if each in names
        ]
    return {**files, "TASKS.md": "\n".join(["# Tasks", "", *lines, ""])}


def files_after(bundles: int) -> dict[str, str | None]:
    """Return what the second commit changes, in every way there is."""
    files: dict[str, str | None] = {}
    lines = []
    for number in range(bundles):
        folder = f"openspec/changes/change-{number}"
        one, two, three = THREE
        ticked = tuple(line.replace("[ ]", "[x]") for line in THREE)
        files |= {
            f"{folder}-ticked/tasks.md": change(ticked[0], two, three),
            f"{folder}-reworded/tasks.md": change("- [x] 1.1 one and only", two, three),
            f"{folder}-longer/tasks.md": change(*THREE, "- [ ] 1.4 four", "- [x] 1.5 five"),
            f"{folder}-shorter/tasks.md": f"## 1. Build\n{one}\n{three}\n",
            f"{folder}-regrouped/tasks.md": change(*THREE).replace("1. Build", "1. Construct"),
            f"{folder}-told/proposal.md": "# Proposal\n\n## Why\n\nTo have it soon.\n",
            f"{folder}-over/tasks.md": None,
            f"{folder}-over/proposal.md": None,
            f"openspec/changes/archive/2026-01-01-change-{number}-over/tasks.md": change(*ticked),
            f"{folder}-gone/tasks.md": None,
            f"{folder}-gone/proposal.md": None,
            f"{folder}-reviewed/tasks.md": change(*ticked).replace("[ ]", "[x]"),
            f"{folder}-new/tasks.md": change(ticked[0], two),
            f"{folder}-newer/tasks.md": change(*THREE),
        }
        marks = {**TASKS, "ticked": "x", "freed": " ", "stopped": "!", "new": " "}
        lines += [f"- [{mark}] task {number} {each}" for each, mark in marks.items()]
    return {**files, "TASKS.md": "\n".join(["# Tasks", "", *lines, ""])}
