"""What every board does; each implementation inherits these tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from core.made import at, card, key, kinds, over
from core.passes import Clone
from kanban_sync.core.columns import LISTS, NAME_LIMIT, Column, fit
from kanban_sync.core.errors import RefusedError
from kanban_sync.core.operations import Archive, Create, Remember, Update

if TYPE_CHECKING:
    from kanban_sync.core.board import Card, Said, SeenCard
    from kanban_sync.core.ports import Board


class Person(Protocol):
    """Somebody who works on the board by hand."""

    def adds(self, title: str, description: str, column: Column | None) -> str: ...
    def edits(self, card_id: str, *, title: str = "", description: str = "") -> None: ...
    def moves(self, card_id: str, column: Column | None) -> None: ...
    def labels(self, card_id: str, name: str) -> None: ...
    def adds_item(self, card_id: str, title: str, text: str) -> None: ...
    def ticks(self, card_id: str, text: str, *, done: bool) -> None: ...
    def ticks_item(self, line_id: str) -> None: ...
    def renames_list(self, card_id: str, title: str, name: str) -> None: ...
    def unlabels(self, card_id: str, name: str) -> None: ...
    def drops_list(self, card_id: str, title: str) -> None: ...
    def clears_version(self, card_id: str) -> None: ...
    def archives(self, card_id: str) -> None: ...
    def trashes(self, card_id: str) -> None: ...
    def deletes(self, card_id: str) -> None: ...
    def takes_away(self, card_id: str) -> None: ...
    def copies(self, card_id: str) -> str: ...
    def drops_column(self, column: Column) -> None: ...
    def lists(self) -> tuple[str, ...]: ...


FULL = card(
    title="A change",
    text="# Why\n\nBecause *it* is so.\n\n- one\n  - two",
    labels=("agent", "root"),
    Build=("first", "+second", "third"),
    Test=("fourth",),
)


def only_card(board: Board, base: dict[object, Said] | None = None) -> SeenCard:
    (seen,) = board.read(base or {}).cards  # type: ignore[arg-type]
    return seen


def item_lines(seen: SeenCard) -> dict[str, list[tuple[str, bool]]]:
    return {each.title: [(line.text, line.done) for line in each.items] for each in seen.checklists}


class BoardContract:
    """Inherit, and give the fixtures ``board`` (nothing is on it yet) and ``person``."""

    @pytest.fixture
    def clone(self, board: Board) -> Clone[Board]:
        return Clone(board)

    @pytest.fixture
    def made(self, clone: Clone[Board]) -> SeenCard:
        """The card of FULL, made by a first sync."""
        clone.sync([FULL])
        return only_card(clone.board)

    def test_what_a_new_board_lacks_is_named_and_then_made(self, board: Board) -> None:
        missing = board.read({}).missing
        assert {"list Backlog", "list Done", "label agent", "field version"} <= set(missing)
        board.prepare()
        assert board.read({}).missing == ()

    @pytest.mark.parametrize(
        "dropped",
        [*((column,) for column in LISTS), (Column.BACKLOG, Column.TODO), LISTS[2:], LISTS],
        ids="+".join,
    )
    def test_lists_that_a_person_removed_are_made_again_in_their_places(
        self, clone: Clone[Board], person: Person, dropped: tuple[Column, ...]
    ) -> None:
        clone.sync([])
        for column in dropped:
            person.drops_column(column)
        for _ in range(2):
            clone.sync([])
        assert person.lists() == tuple(LISTS)

    def test_a_new_card_has_all_that_was_asked_for(self, made: SeenCard) -> None:
        assert made.key == FULL.key
        assert (made.title, made.column, made.labels) == ("A change", Column.TODO, FULL.labels)
        assert made.description.startswith(FULL.text)
        assert item_lines(made) == {
            "Build": [("first", False), ("second", True), ("third", False)],
            "Test": [("fourth", False)],
        }
        assert made.stamp is not None
        assert made.stamp.version == FULL.version
        assert not made.stamp.archived
        assert not made.archived

    @pytest.mark.parametrize(
        "after",
        [
            card(version=at(6)),
            replace(FULL, title="Other", version=at(6)),
            replace(FULL, text="", version=at(6)),
            replace(FULL, text="# Why\n\nElse", version=at(6)),
            replace(FULL, column=Column.DONE, version=at(5, 6)),
            replace(FULL, labels=frozenset({"agent", "failed"}), version=at(5, 6)),
            card("a", Build=("third", "first", "+second", "fifth"), version=at(6)),
            card("a", Made=("+first", "second", "third"), Test=("fourth",), version=at(6)),
            card("a", Test=("first", "second", "fourth"), version=at(6)),
            card("a", Test=("fourth",), Build=("new", "first"), version=at(6)),
            over(version=at(6)),
        ],
        ids=[
            "bare", "title", "no-text", "text", "column", "labels", "lines", "renamed-list",
            "lines-to-other-list", "lists", "over",
        ],
    )  # fmt: skip
    def test_a_receipt_tells_what_the_board_has_after_the_write(
        self, clone: Clone[Board], made: SeenCard, after: Card
    ) -> None:
        clone.sync([after])
        said = clone.base[FULL.key]
        unasked = {FULL.key: replace(said, finished=False)}
        assert only_card(clone.board, unasked) == said.seen  # type: ignore[arg-type]
        assert said.seen is not None
        if after.column is not Column.ARCHIVE:
            wanted = {
                each.title: [(item.text, item.done) for item in each.items]
                for each in after.checklists
            }
            assert item_lines(said.seen) == wanted
            assert (said.seen.title, said.seen.column) == (after.title, after.column)
            assert said.seen.labels == after.labels
        assert said.seen.id == made.id

    def test_a_second_sync_has_nothing_to_do(self, clone: Clone[Board]) -> None:
        cards = [FULL, card("b", column=Column.DONE), card("c", text="")]
        clone.sync(cards)
        again = clone.sync(cards)
        assert (again.operations, again.notes, again.missing) == ((), (), ())

    def test_another_clone_finds_the_cards_and_writes_nothing(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        other = Clone(clone.board)
        assert kinds(other.sync([FULL])) == ["Remember"]
        assert other.sync([FULL]).operations == ()

    def test_cards_of_one_list_keep_the_order_they_were_asked_for(
        self, clone: Clone[Board], person: Person
    ) -> None:
        clone.sync([])
        person.adds("Stranger", "", Column.TODO)
        clone.sync([card(name, title=name) for name in "abcde"])
        cards = sorted(clone.board.read({}).cards, key=lambda each: each.position)
        assert [each.title for each in cards] == ["Stranger", *"abcde"]

    def test_a_label_is_made_once_for_cards_made_at_the_same_time(self, board: Board) -> None:
        clone = Clone(board)
        clone.sync([])
        found = clone.plan([card(name, labels=("agent", "blocked", name)) for name in "abcdef"])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(board.apply, found.operations))
        cards = board.read({}).cards
        assert sorted(next(iter(each.labels - {"agent", "blocked"})) for each in cards) == list(
            "abcdef"
        )

    @pytest.mark.parametrize(
        "text",
        ["x" * 3000, "\U0001f389" * 1024, " a\tb ", "<b>&amp;</b> \\[x\\] `code` \u202e\u0301"],
        ids=["long", "wide", "blanks", "marks"],
    )
    def test_any_words_are_stored_as_they_are(self, clone: Clone[Board], text: str) -> None:
        name = fit(text, NAME_LIMIT)
        wanted = card("a", title=name, text=text.strip(), L=("+" + name,))
        clone.sync([wanted])
        seen = only_card(clone.board)
        assert seen.title == name
        assert item_lines(seen) == {"L": [(name, True)]}
        assert clone.sync([wanted]).operations == ()

    # --- people -------------------------------------------------------------------------------

    def test_what_people_made_stays(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        stranger = person.adds("A change", "their own", Column.TODO)
        elsewhere = person.adds("A change", "their own", None)
        person.labels(made.id, "theirs")
        person.adds_item(made.id, "Build", "their line")
        person.adds_item(made.id, "Their list", "first")
        person.edits(made.id, description=f"Above\n\n{made.description}\n\nBelow")
        clone.sync([card(title="New", text="New text", Build=("third",), version=at(6))])
        cards = {each.id: each for each in clone.board.read(clone.base).cards}
        assert cards[stranger].description == "their own"
        assert cards[stranger].labels == frozenset()
        assert cards[elsewhere].column is None
        seen = cards[made.id]
        assert seen.labels == {"agent", "theirs"}
        assert item_lines(seen) == {
            "Build": [("third", False), ("their line", False)],
            "Their list": [("first", False)],
        }
        footer = "`kanban-sync: p1/openspec:a`"
        assert seen.description == f"Above\n\nNew text\n\n{footer}\n\nBelow"

    def test_words_that_a_person_wrote_after_the_reading_stay(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        (update,) = clone.plan([replace(FULL, text="New", version=at(6))]).operations
        person.edits(made.id, description=f"{made.description}\n\nJust now")
        clone.board.apply(update)
        description = only_card(clone.board).description
        assert "Just now" in description
        assert description.startswith("New\n")

    def test_what_people_change_of_ours_is_repaired(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.edits(made.id, title="Theirs", description="all gone")
        person.moves(made.id, Column.REVIEW)
        person.ticks(made.id, "first", done=True)
        person.labels(made.id, "blocked")
        assert kinds(clone.sync([FULL])) == ["Update"]
        seen = only_card(clone.board)
        assert (seen.title, seen.column, seen.labels) == ("A change", Column.TODO, FULL.labels)
        assert item_lines(seen)["Build"][0] == ("first", False)
        assert seen.key == FULL.key
        assert clone.sync([FULL]).operations == ()

    def test_a_card_that_waits_may_be_moved_by_people(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.moves(made.id, Column.BACKLOG)
        assert clone.sync([FULL]).operations == ()
        clone.sync([replace(FULL, column=Column.IN_PROGRESS, version=at(5, 6))])
        assert only_card(clone.board).column is Column.IN_PROGRESS

    def test_a_card_in_a_list_of_people_is_put_back(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.moves(made.id, None)
        clone.sync([FULL])
        assert only_card(clone.board).column is Column.TODO

    def test_a_deleted_card_is_told_apart_and_stays_deleted(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.deletes(made.id)
        assert clone.board.read(clone.base).gone == {made.id}
        clone.sync([FULL])
        assert clone.sync([FULL]).operations == ()
        assert kinds(clone.sync([replace(FULL, title="New", version=at(6))])) == ["Create"]

    def test_a_card_on_another_board_is_told_apart_and_stays_there(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.takes_away(made.id)
        assert clone.board.read(clone.base).elsewhere == {made.id}
        assert clone.sync([replace(FULL, title="New", version=at(6))]).operations == ()

    def test_a_card_that_a_person_archived_stays_archived(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.archives(made.id)
        changed = replace(FULL, title="New", version=at(6))
        clone.sync([changed])
        found = clone.sync([changed])
        assert found.operations == ()
        assert "stays archived" in found.notes[0].text
        assert only_card(clone.board, clone.base).archived  # type: ignore[arg-type]

    def test_a_copy_that_a_person_made_is_left_alone(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        copy = person.copies(made.id)
        clone.sync([replace(FULL, title="New", version=at(6))])
        titles = {each.id: each.title for each in clone.board.read(clone.base).cards}
        assert titles[made.id] == "New"
        assert titles[copy] != "New"

    def test_a_card_that_a_person_deleted_after_the_reading_is_refused(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        (update,) = clone.plan([replace(FULL, title="New", version=at(6))]).operations
        person.deletes(made.id)
        with pytest.raises(RefusedError):
            clone.board.apply(update)

    # --- the archive --------------------------------------------------------------------------

    def test_a_card_comes_back_from_the_archive_as_it_was(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        assert kinds(clone.sync([replace(over(), version=at(6))])) == ["Archive"]
        assert clone.board.read({}).cards == ()
        assert kinds(clone.sync([replace(FULL, version=at(7))])) == ["Update"]
        seen = only_card(clone.board)
        assert seen.id == made.id
        assert item_lines(seen) == item_lines(made)
        assert seen.stamp is not None
        assert not seen.stamp.archived

    @pytest.mark.parametrize("who", ["we", "a person"])
    def test_what_people_changed_on_a_card_is_repaired_once_it_is_back_from_the_archive(
        self, clone: Clone[Board], made: SeenCard, person: Person, who: str
    ) -> None:
        person.edits(made.id, title="Theirs", description="Theirs alone")
        if who == "we":
            clone.sync([replace(over(), version=at(6))])
        else:
            person.archives(made.id)
            clone.sync([FULL])
            person.moves(made.id, Column.TODO)
        back = replace(FULL, version=at(7) if who == "we" else at(5))
        clone.sync([back])
        assert clone.sync([back]).operations == ()
        seen = only_card(clone.board)
        assert (seen.id, seen.key, seen.title) == (made.id, made.key, made.title)
        assert {"Theirs alone", "# Why"} <= {*seen.description.split("\n")}

    def test_what_another_clone_archived_comes_back_where_the_task_is_newer(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        other = Clone(clone.board)
        other.sync([FULL])
        clone.sync([replace(over(), version=at(6))])

        behind = other.sync([FULL])
        assert behind.operations == ()
        assert "newer commit" in behind.notes[0].text
        assert kinds(other.sync([replace(FULL, version=at(5, 7))])) == ["Update"]
        assert only_card(clone.board).id == made.id

    def test_two_cards_that_clones_made_at_once_become_one(self, board: Board) -> None:
        one, two = Clone(board), Clone(board)
        one.sync([])
        plans = [each.plan([FULL]) for each in (one, two)]
        for each, found in zip((one, two), plans, strict=True):
            (create,) = found.operations
            assert isinstance(create, Create)
            said = board.apply(create).said
            assert said is not None
            each.base[FULL.key] = said
        one.sync([FULL])
        (archive,) = two.sync([FULL]).operations
        assert isinstance(archive, Archive)
        for each in (two, one, two):
            each.sync([FULL])
        assert only_card(board).id == one.base[key()].card_id == two.base[key()].card_id

    def test_what_needs_no_write_is_only_remembered(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        said = clone.base[FULL.key]
        assert clone.board.apply(Remember(said, "")).said == said
        newer = clone.sync([replace(FULL, version=at(6))])
        assert kinds(newer) == ["Remember"]
        assert not any(isinstance(each, Update) for each in newer.operations)
