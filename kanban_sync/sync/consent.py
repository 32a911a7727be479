"""What the user of this clone has allowed: the one board that hooks may write to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kanban_sync.address import secret_problem, shown
from kanban_sync.core.board import BOARD_NAME, PROJECT_NAME
from kanban_sync.core.errors import SetupError
from kanban_sync.sync.locks import target_id
from kanban_sync.sync.requests import DATABASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.config import Settings
    from kanban_sync.sync.state_folder import StateFolder


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One board: the server's URL, and the exact names of project and board.

    Two are equal however their URL is written.

    Raises:
        SetupError: The URL holds a user name or password.
    """

    url: str
    project: str
    board: str

    def __post_init__(self) -> None:
        """Refuse a secret before it is shown, stored or handed to another process."""
        if problem := secret_problem(self.url):
            raise SetupError(problem)

    @property
    def id(self) -> str:
        """The name of this target in the state folder and the database."""
        return target_id(self.url, self.project, self.board)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same board."""
        return isinstance(other, Target) and self.id == other.id

    def __hash__(self) -> int:
        """Return a hash that is equal for the same board."""
        return hash(self.id)

    def __str__(self) -> str:
        """Return how people name it."""
        return f"{self.project} / {self.board} at {shown(self.url)}"


def renamed(target: Target, ids: Mapping[str, str]) -> str:
    """Return a sentence if the board is called otherwise by now than the settings say, else ''.

    This clone knows it by its id; one that comes later looks for the name.
    """
    there = (ids.get(PROJECT_NAME, target.project), ids.get(BOARD_NAME, target.board))
    if there == (target.project, target.board):
        return ""
    return (
        f"the board is called {there[0]} / {there[1]} by now, and the settings say"
        f" {target.project} / {target.board}: a clone that is set up now would make a second board"
    )


RENAMED_REMEDY = (
    "give it its old name in Planka, or set planka.project and planka.board in .kanban-sync.yaml"
    " to the new one, commit it, and run 'kanban-sync allow' in each clone"
)


def named_target(settings: Settings) -> Target | None:
    """Return the board that the settings name, None if they name none."""
    if not settings.names_a_board:
        return None
    url = settings.planka_url.rstrip("/")
    return Target(url, settings.planka_project, settings.planka_board)


def allowed_target(state: StateFolder) -> Target | None:
    """Return the board that the user of this clone has allowed, None if there is none."""
    try:
        plain = json.loads((state.path / "consent.json").read_text("utf-8"))
        return Target(str(plain["url"]), str(plain["project"]), str(plain["board"]))
    except (OSError, ValueError, KeyError, TypeError, SetupError):
        return None


def allow(state: StateFolder, target: Target) -> None:
    """Record that hooks of this clone may write to this board."""
    state.make()
    former = allowed_target(state)
    # Nobody serves the former board from now on, so nothing may wait for it.
    state.mark_caught_up(former.id if former is not None else DATABASE)
    state.replace(state.path / "consent.json", json.dumps(asdict(target), indent=1) + "\n")
