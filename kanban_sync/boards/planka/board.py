"""The Board on Planka: one request to read, and only the differences to write."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, assert_never

from kanban_sync.boards.planka import api, reading
from kanban_sync.boards.planka.absent_cards import ENDLESS, AbsentCards
from kanban_sync.boards.planka.answers import NotThereError, plain
from kanban_sync.boards.planka.card_writer import CardWriter
from kanban_sync.boards.planka.made_twice import ROUNDS, take_back, take_back_board
from kanban_sync.boards.planka.maker import Maker
from kanban_sync.boards.planka.meeting import meet
from kanban_sync.core.board import BOARD_NAME, PROJECT_NAME, BoardState
from kanban_sync.core.columns import LISTS, Column, LabelNames, Layout
from kanban_sync.core.errors import BoardError, BoardGoneError, RightsError
from kanban_sync.core.operations import Archive, Create, Forget, Remember, Update
from kanban_sync.core.ports import Receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kanban_sync.boards.planka.client import Client
    from kanban_sync.core.board import Known, SeenCard
    from kanban_sync.core.model import TaskKey
    from kanban_sync.core.operations import Operation

COLORS = LabelNames(agent="lagoon-blue", blocked="berry-red", failed="pumpkin-orange")
OTHER_COLOR = "antique-blue"

DAY = 86_400
MOVED = "moved"
"""Name under which is remembered which cards were on another board, and when: asked once a day."""


class PlankaBoard:
    """One board of one Planka, by the names of its project and itself."""

    def __init__(
        self,
        client: Client,
        project: str,
        board: str,
        ids: Mapping[str, str] | None = None,
        layout: Layout | None = None,
    ) -> None:
        """Remember where to look; nothing is sent yet.

        Args:
            client: The connection.
            project: Exact name of the project.
            board: Exact name of the board in it.
            ids: What this board wanted remembered last time.
            layout: What its lists and our labels are called.
        """
        self.ids = dict(ids or {})
        self._client = client
        self._maker = Maker(client)
        self._project = project
        self._board = board
        self._layout = layout or Layout()
        self._lock = Lock()
        self._members: frozenset[str] | None = None
        self._columns: dict[str, Column] = {}
        self._absent = AbsentCards(client)
        self._last_positions = {"label": 0.0}
        self._positions: dict[str, float] = {}
        self._named: dict[str, list[str]] = {}

    # --- reading ----------------------------------------------------------------------------

    def read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        """Read the board in one request; ask besides only for cards of the base not on it.

        Raises:
            BoardError: The server answered, but not as a Planka does.
        """
        with self._of_shape():
            try:
                return self._read(base)
            except BoardError:
                # An older Planka knows no keys, a proxy has words of its own: say so if it is that.
                if self._client.was_answered:
                    meet(self._client)
                raise

    def _read(self, base: Mapping[TaskKey, Known]) -> BoardState:
        if not self.ids.get("board") and not self._find_board():
            return BoardState(missing=self._everything())
        answer = self._read_board_or_its_heir()
        included = answer["included"]
        project = next((each["name"] for each in included.get("projects", ())), "")
        self._note(BOARD_NAME, self._client.hide(answer["item"].get("name", "")))
        self._note(PROJECT_NAME, self._client.hide(project))
        self._columns = reading.columns_of(included["lists"], self.ids, self._layout)
        self._absent = AbsentCards(self._client, self.ids["board"], included, self._columns)
        if "boardMemberships" in included:
            self._members = frozenset(each["userId"] for each in included["boardMemberships"])
        cards = reading.cards_of(included, self._columns)
        missing = self._note_ids(included)
        today = str(int(time.time() // DAY))
        day, *moved = self.ids.get(MOVED, "").split(" ")
        state = self._absent.complete(cards, base, missing, moved if day == today else ())
        self._note(MOVED, " ".join([today, *sorted(state.elsewhere)]) if state.elsewhere else "")
        reading.check_types(state.cards)
        return state

    def url(self) -> str:
        """Return the address where people look at the board, '' while there is none."""
        return f"{self._client.url}/boards/{self.ids['board']}" if self.ids.get("board") else ""

    def _find_board(self) -> bool:
        # First, since it asks nobody where there is no credential for the server.
        answer = self._client.send(api.projects())
        meet(self._client)
        projects, boards = reading.named(answer, self._project, self._board)
        if boards:
            self.ids.update(board=reading.id_of(boards[0]), project=boards[0]["projectId"])
            return True
        self.ids.pop("board", None)
        if projects:
            self.ids["project"] = projects[0]["id"]
        return False

    def _read_board_or_its_heir(self) -> api.Json:
        """Read the board by its id, or else one that was made again under its name."""
        remembered = dict(self.ids)
        try:
            return self._client.send(api.board(self.ids["board"]))
        except NotThereError:
            if not self._find_board():
                # Not forgotten for good: the next sync would make a board of its own.
                self.ids.update(remembered)
        return self._read_board()

    def _read_board(self) -> api.Json:
        try:
            return self._client.send(api.board(self.ids["board"]))
        except NotThereError as error:
            text = (
                f"the board {self._board!r} of project {self._project!r} at {self._client.url} is"
                " gone, or this account is no member of it; add the account as an editor, or run"
                " 'kanban-sync init' again to make the board anew"
            )
            raise BoardGoneError(text) from error

    def _everything(self) -> tuple[str, ...]:
        project = () if self.ids.get("project") else (f"project {self._project}",)
        lists = (f"list {name}" for name in self._layout.lists.values())
        label = f"label {self._layout.labels.agent}"
        return (*project, f"board {self._board}", *lists, label, "field version")

    def _note_ids(self, included: api.Json) -> tuple[str, ...]:
        """Note the ids of lists, labels and field; return what is missing."""
        missing: list[str] = []
        by_column = {column: id_ for id_, column in self._columns.items()}
        for column in LISTS:
            name, called = reading.list_name(column), self._layout.lists.get(column, "")
            self._note(name, by_column.get(column, ""))
            self._note(reading.called_name(column), "" if called == column.value else called)
            if called and column not in by_column:
                missing.append(f"list {called}")
        for each in included["lists"]:
            if each["type"] in ENDLESS:
                self.ids[each["type"]] = each["id"]
        self._note_labels(included["labels"])
        label = f"label {self._layout.labels.agent}"
        if label not in self.ids:
            missing.append(label)
        self.ids["group"], self.ids["field"] = reading.field_ids(included)
        if not self.ids["field"]:
            missing.append("field version")
        self._positions = {
            each["id"]: each["position"] for each in included["lists"] if each["position"]
        }
        return tuple(missing)

    def _note(self, name: str, value: str) -> None:
        """Remember a value under that name, or nothing if it is empty."""
        self.ids.pop(name, None)
        self.ids |= {name: value} if value else {}

    def _note_labels(self, labels: list[api.Json]) -> None:
        for name in [name for name in self.ids if name.startswith("label ")]:
            del self.ids[name]
        self._named = {}
        for label in sorted(labels, key=reading.age_of):
            if label["name"]:
                self._named.setdefault(label["name"], []).append(label["id"])
                self.ids.setdefault(f"label {label['name']}", label["id"])
        positions = [each["position"] or 0.0 for each in labels]
        self._last_positions["label"] = max(positions, default=0.0)

    def put_away(self, keys: Collection[TaskKey]) -> tuple[SeenCard, ...]:
        """Search archive and trash for cards of these tasks: one request each, if few lie there.

        Raises:
            BoardError: The server answered, but not as a Planka does.
        """
        with self._of_shape():
            return self._absent.put_away(keys)

    def ask_again(self, ids: Collection[str]) -> BoardState:
        """Ask for cards that a reading believed to be put away still: one request each.

        Raises:
            BoardError: The server answered, but not as a Planka does.
        """
        with self._of_shape():
            return self._absent.ask_again(ids)

    # --- making the board -------------------------------------------------------------------

    def prepare(self) -> None:
        """Make what the last reading found missing: project, board, lists, label, field.

        Raises:
            BoardError: The server answered, but not as a Planka does.
        """
        with self._of_shape():
            self._prepare()

    def _prepare(self) -> None:
        if not self.ids.get("board"):
            self._make_board()
        with self._as_member():
            # Once more where the group that counts is another clone's and has no field yet.
            for _ in range(ROUNDS):
                known = len(self._maker.made)
                self._make_things()
                if len(self._maker.made) == known:
                    break
                included = self._read_board()["included"]
                take_back(self._client, self._maker.made, included)
                self._note_parts(included)

    def _note_parts(self, included: api.Json) -> tuple[str, ...]:
        self._columns = reading.columns_of(included["lists"], self.ids, self._layout)
        return self._note_ids(included)

    def _make_things(self) -> None:
        for column in self._layout.lists:
            self._make_list(column)
        self.label_id(self._layout.labels.agent)
        board = self.ids["board"]
        if not self.ids.get("group"):
            made = self._maker.field_group(board, reading.FIELD_GROUP)
            self.ids["group"] = reading.id_of(made)
        if not self.ids.get("field"):
            made = self._maker.field(board, self.ids["group"], reading.FIELD)
            self.ids["field"] = reading.id_of(made)

    def _make_board(self) -> None:
        if not self.ids.get("project"):
            try:
                made = self._maker.project(self._project)
            except NotThereError as error:
                text = (
                    f"there is no project {self._project!r} that this account can see, and it may"
                    " not make one; make the project and board, and add the account as an editor"
                )
                raise RightsError(text) from error
            self.ids["project"] = reading.id_of(made)
        try:
            made = self._maker.board(self.ids["project"], self._board, api.STEP)
        except NotThereError as error:
            text = (
                f"there is no board {self._board!r} that this account can see in project"
                f" {self._project!r}, and it is no manager of the project, so it cannot make one;"
                " make the board and add the account as an editor"
            )
            raise RightsError(text) from error
        own = self.ids["board"] = reading.id_of(made)
        # Another clone may have made one at the same time: the oldest board counts for all.
        self._find_board()
        take_back_board(self._client, own, self.ids["board"])
        self._note_parts(self._read_board()["included"])

    def _make_list(self, column: Column) -> None:
        name = reading.list_name(column)
        if self.ids.get(name):
            return
        position = reading.place_of(column, self._columns, self._positions)
        closed = column is Column.DONE
        made = self._maker.list(
            self.ids["board"], self._layout.lists[column], position, closed=closed
        )
        self.ids[name] = reading.id_of(made)
        self._columns[self.ids[name]] = column
        self._positions[self.ids[name]] = position

    def label_id(self, name: str) -> str:
        """Return the id of the label with that name; make it if the board has none."""
        with self._lock:
            if f"label {name}" not in self.ids:
                self._last_positions["label"] += api.STEP
                colors = dict(zip(self._layout.labels, COLORS, strict=True))
                color = colors.get(name, OTHER_COLOR)
                made = self._maker.label(
                    self.ids["board"], name, color, self._last_positions["label"]
                )
                self.ids[f"label {name}"] = reading.id_of(made)
            return self.ids[f"label {name}"]

    def label_ids(self, name: str) -> list[str]:
        """Return the ids of all labels with that name: a board may have several."""
        known = self.ids.get(f"label {name}")
        return self._named.get(name) or ([known] if known else [])

    # --- writing ----------------------------------------------------------------------------

    def apply(self, operation: Operation) -> Receipt:
        """Carry out one operation; safe to call from several threads.

        Raises:
            BoardError: The server answered, but not as a Planka does.
        """
        with self._of_shape():
            receipt = self._apply(operation)
            if receipt.said is not None and receipt.said.seen is not None:
                reading.check_types([receipt.said.seen])
            return receipt

    def _apply(self, operation: Operation) -> Receipt:
        writer = CardWriter(self._client, self.ids, self.label_id, self.label_ids)
        match operation:
            case Create():
                with self._as_member():
                    return Receipt(writer.create(operation))
            case Update():
                with self._unless_member():
                    return Receipt(writer.update(operation))
            case Archive():
                with self._unless_member():
                    return Receipt(writer.archive(operation))
            case Remember():
                return Receipt(operation.said)
            case Forget():
                return Receipt(None)
            case _:
                assert_never(operation)

    @contextmanager
    def _as_member(self) -> Iterator[None]:
        """Say what is wrong where a board can be read, and nothing be made on it."""
        try:
            yield
        except NotThereError as error:
            text = (
                f"{error}: this account sees the board {self._board!r} of project"
                f" {self._project!r}, but it is no member of the board (an admin sees more than"
                " an admin may change), or a list of it was just removed; add the account as an"
                " editor, or try again"
            )
            raise RightsError(text) from error

    @contextmanager
    def _unless_member(self) -> Iterator[None]:
        """Say what is wrong where a card cannot be written that could be read."""
        try:
            yield
        except NotThereError as error:
            if self._is_member():
                # Only this card is gone.
                raise
            text = (
                f"this account may read the board {self._board!r} of project {self._project!r},"
                " but is no member of it (any more), so nothing can be written; add the account"
                f" to the board as an editor ({error})"
            )
            raise RightsError(text) from error

    def _is_member(self) -> bool:
        members = self._members
        return members is None or self._client.send(api.me())["item"]["id"] in members

    @contextmanager
    def _of_shape(self) -> Iterator[None]:
        """Say whose fault it is when an answer's JSON has another shape than Planka's."""
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # Python names what it stumbled over, and that is theirs.
            said = plain(self._client.hide(f"{type(error).__name__}: {error}"))
            text = (
                f"{self._client.url} answered, but not as a Planka does ({said}); the URL has to be"
                " that of Planka itself, version 2.0 or newer"
            )
            raise BoardError(text) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
