"""Which card is which task's, on any board: each sentence that promises it, never a second card."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from boards.contract import FULL, item_lines, only_card
from core.made import at, card, key, kinds, over
from core.passes import Clone
from kanban_sync.core.board import AGED_END
from kanban_sync.core.columns import Column
from kanban_sync.core.description import footer
from kanban_sync.core.errors import RefusedError
from kanban_sync.core.operations import Create

if TYPE_CHECKING:
    from collections.abc import Callable

    from boards.contract import Person
    from kanban_sync.core.board import Card, SeenCard
    from kanban_sync.core.ports import Board

CHANGED = replace(FULL, title="New", version=at(6))

AWKWARD = ("a", "ab", "A", "a_b", "100%", "a b, c;d", "x" * 200, "\U0001f389" * 90, "back\\slash")
"""Names that are alike, or that a search takes to be more than letters."""


def of_project(wanted: Card, project: str) -> Card:
    """Return the card of the same task in another repository."""
    return replace(wanted, key=wanted.key._replace(project=project))


def titles(board: Board) -> list[str]:
    return sorted(each.title for each in board.read({}).cards)


class IdentityContract:
    """Inherit beside ``BoardContract``, with the same fixtures."""

    # --- cards that a person put away ---------------------------------------------------------

    @pytest.mark.parametrize("act", ["archives", "trashes"])
    def test_a_clone_that_never_saw_an_archived_card_makes_no_second_one(
        self, clone: Clone[Board], made: SeenCard, person: Person, act: str
    ) -> None:
        getattr(person, act)(made.id)
        other = Clone(clone.board)
        assert kinds(other.sync([FULL])) == ["Remember"]
        for wanted in (FULL, CHANGED):
            other.sync([wanted])
            found = other.sync([wanted])
            assert found.operations == ()
            assert "it stays" in found.notes[0].text
        assert clone.board.read({}).cards == ()

    def test_what_a_person_takes_out_of_the_archive_again_is_kept_up_by_every_clone(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.archives(made.id)
        other = Clone(clone.board)
        for each in (clone, other):
            each.sync([FULL])
        person.moves(made.id, Column.TODO)
        for each in (other, clone, other):
            each.sync([CHANGED])
        seen = only_card(clone.board)
        assert (seen.id, seen.title) == (made.id, "New")
        assert [each.sync([CHANGED]).operations for each in (clone, other)] == [(), ()]

    def test_a_making_that_was_cut_off_is_not_repeated_where_a_person_archived_the_card(
        self, clone: Clone[Board], person: Person
    ) -> None:
        clone.sync([])
        (create,) = clone.plan([FULL]).operations
        assert isinstance(create, Create)
        said = clone.board.apply(create).said
        assert said is not None
        person.archives(said.card_id)
        clone.base[FULL.key] = replace(said, card_id="", seen=None, items={}, finished=False)
        for _ in range(2):
            clone.sync([FULL])
        assert clone.board.read({}).cards == ()

    def test_what_was_archived_as_over_comes_back_to_a_clone_that_lost_its_record(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        clone.sync([replace(over(), version=at(6))])
        renewed = Clone(clone.board)
        assert kinds(renewed.sync([replace(FULL, version=at(7))])) == ["Update"]
        assert only_card(clone.board).id == made.id

    def test_archived_cards_are_told_apart_by_their_whole_key(
        self, clone: Clone[Board], person: Person
    ) -> None:
        cards = [card(name, title=f"T{number}") for number, name in enumerate(AWKWARD)]
        clone.sync(cards)
        for seen in clone.board.read({}).cards:
            person.archives(seen.id)
        other = Clone(clone.board)
        found = other.sync([*cards, card("a ", title="new")])
        assert sorted(kinds(found)) == ["Create", *["Remember"] * len(cards)]
        assert {other.base[each.key].card_id for each in cards} == {
            clone.base[each.key].card_id for each in cards
        }
        assert titles(clone.board) == ["new"]

    def test_an_archive_that_holds_more_than_one_search_finds_is_searched_for_each_task(
        self, clone: Clone[Board], person: Person
    ) -> None:
        cards = [card(f"n{number}", title=f"n{number}") for number in range(55)]
        clone.sync(cards)
        for seen in clone.board.read({}).cards:
            person.archives(seen.id)
        other = Clone(clone.board)
        found = other.sync([*cards, card("new", title="new")])
        assert kinds(found).count("Create") == 1
        assert titles(clone.board) == ["new"]

    def test_archived_cards_of_another_project_are_not_taken(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.archives(made.id)
        other = Clone(clone.board, project="p2")
        assert kinds(other.sync([of_project(FULL, "p2")])) == ["Create"]

    @pytest.mark.parametrize("act", ["archives", "trashes"])
    def test_an_archived_card_stays_archived_even_if_forced(
        self, clone: Clone[Board], made: SeenCard, person: Person, act: str
    ) -> None:
        getattr(person, act)(made.id)
        for wanted in (FULL, CHANGED):
            clone.sync([wanted], force=True)
        assert clone.sync([CHANGED], force=True).operations == ()
        assert clone.board.read({}).cards == ()

    @pytest.mark.parametrize("how", ["changed", "forced", "changed once before", "neither"])
    @pytest.mark.parametrize("act", ["archives", "trashes"])
    def test_a_card_that_was_deleted_after_it_was_put_away_is_made_again(
        self, clone: Clone[Board], made: SeenCard, person: Person, act: str, how: str
    ) -> None:
        getattr(person, act)(made.id)
        clone.sync([FULL])
        now = replace(CHANGED, title="Newer", version=at(7)) if "once" in how else CHANGED
        if "once" in how:
            clone.sync([CHANGED])
        person.deletes(made.id)
        found = clone.sync([now if "changed" in how else FULL], force=how == "forced")
        assert kinds(found) == ([] if how == "neither" else ["Create"])
        assert len(clone.board.read({}).cards) == (how != "neither")

    @pytest.mark.parametrize("act", ["archives", "trashes"])
    def test_what_a_person_put_away_stays_away_when_its_task_goes_and_returns(
        self, clone: Clone[Board], made: SeenCard, person: Person, act: str
    ) -> None:
        getattr(person, act)(made.id)
        back = replace(FULL, version=at(7))
        for wanted in (FULL, over(version=at(6)), over(version=at(6)), back):
            clone.sync([wanted])
        assert "it stays" in clone.sync([back]).notes[0].text
        assert clone.board.read({}).cards == ()

    @pytest.mark.parametrize("is_known", [True, False], ids=["by its clone", "by a new clone"])
    def test_cards_of_a_list_that_a_person_deleted_come_back_all_of_them(
        self, clone: Clone[Board], person: Person, *, is_known: bool
    ) -> None:
        cards = [card(f"n{number}", title=f"n{number}") for number in range(12)]
        clone.sync(cards)
        ids = {each.id for each in clone.board.read({}).cards}
        person.drops_column(Column.TODO)
        syncing = clone if is_known else Clone(clone.board)
        for _ in range(2):
            found = syncing.sync(cards)
            assert found.held == ()
        assert {each.id for each in clone.board.read({}).cards} == ids
        assert syncing.sync(cards).operations == ()

    def test_a_card_in_the_trash_is_told_as_such(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.trashes(made.id)
        assert [note.text for note in clone.sync([FULL]).notes] == [
            "a person put its card into the trash; it stays there"
        ]

    # --- cards that a person deleted, moved away or copied ------------------------------------

    def test_a_deleted_card_is_made_again_if_forced_and_once_only(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.deletes(made.id)
        assert kinds(clone.sync([FULL])) == ["Remember"]
        assert clone.sync([FULL]).operations == ()
        assert kinds(clone.sync([FULL], force=True)) == ["Create"]
        assert clone.sync([FULL], force=True).operations == ()
        assert only_card(clone.board).title == FULL.title

    def test_the_deleted_card_of_a_task_that_was_over_is_made_again_when_it_returns(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        clone.sync([over(version=at(6))])
        person.deletes(made.id)
        back = replace(FULL, version=at(7))
        for _ in range(2):
            with suppress(RefusedError):
                clone.sync([back])
        assert only_card(clone.board).title == FULL.title

    def test_a_card_that_was_moved_to_another_board_is_not_archived_when_its_task_is_over(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.takes_away(made.id)
        assert clone.sync([over(version=at(6))]).operations == ()
        assert clone.sync([FULL], force=True).operations == ()

    def test_copies_that_people_made_are_told_and_never_written(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        copy = person.copies(made.id)
        before = {each.id: each for each in clone.board.read({}).cards}[copy]
        for each in (clone, Clone(clone.board)):
            found = each.sync([CHANGED])
            assert any(f"card {copy} is a copy of card {made.id}" in n.text for n in found.notes)
        assert {each.id: each for each in clone.board.read({}).cards}[copy] == before

    # --- footers that people paste --------------------------------------------------------------

    @pytest.mark.parametrize("is_known", [True, False], ids=["by its clone", "by a new clone"])
    def test_a_footer_that_a_person_pasted_into_an_older_card_makes_it_none_of_ours(
        self, clone: Clone[Board], person: Person, *, is_known: bool
    ) -> None:
        clone.sync([])
        theirs = person.adds("Theirs", "my words", Column.TODO)
        clone.sync([FULL])
        person.edits(theirs, description=f"my words\n\n{footer(key())}")
        before = {each.id: each for each in clone.board.read({}).cards}
        (ours,) = before.keys() - {theirs}
        syncing = clone if is_known else Clone(clone.board)
        for _ in range(2):
            found = syncing.sync([CHANGED])
            assert f"card {theirs} has the footer of card {ours}" in found.notes[0].text
        after = {each.id: each for each in clone.board.read({}).cards}
        assert after.keys() == before.keys()
        assert after[theirs] == before[theirs]
        assert after[ours].title == "New"

    @pytest.mark.parametrize("is_known", [True, False], ids=["by its clone", "by a new clone"])
    def test_the_footer_of_another_task_at_the_end_of_a_card_takes_nothing_from_either(
        self, clone: Clone[Board], person: Person, *, is_known: bool
    ) -> None:
        one, two = card("one", title="One"), card("two", title="Two")
        clone.sync([one])
        clone.sync([one, two])
        cards = {each.title: each for each in clone.board.read({}).cards}
        words = f"{cards['One'].description}\n\nsee also\n\n{footer(two.key)}\n\nthe end"
        person.edits(cards["One"].id, description=words)
        changed = [replace(each, text="Changed", version=at(6)) for each in (one, two)]
        syncing = clone if is_known else Clone(clone.board)
        syncing.sync(changed)
        assert syncing.sync(changed).operations == ()
        after = {each.id: each for each in clone.board.read({}).cards}
        assert {each.id: (each.key, each.title) for each in after.values()} == {
            cards["One"].id: (one.key, "One"),
            cards["Two"].id: (two.key, "Two"),
        }
        description = after[cards["One"].id].description
        below = f"see also\n\n{footer(two.key)}\n\n{footer(one.key)}\n\nthe end"
        assert description == f"Changed\n\n{below}"

    def test_our_footer_is_put_last_again_also_where_what_people_change_is_kept(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        clone.keep_drift = True
        person.edits(made.id, description=f"{made.description}\n\n{footer(key('other'))}")
        assert kinds(clone.sync([FULL])) == ["Update"]
        assert only_card(clone.board).key == FULL.key
        assert clone.sync([FULL]).operations == ()

    def test_a_card_with_a_pasted_footer_is_found_in_the_archive_too(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.edits(made.id, description=f"{made.description}\n\n{footer(key('other'))}")
        person.archives(made.id)
        assert kinds(Clone(clone.board).sync([FULL])) == ["Remember"]

    def test_a_copy_stays_when_the_task_of_its_card_is_over(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        copy = person.copies(made.id)
        ended = replace(over(), version=at(6))
        for _ in range(3):
            clone.sync([ended])
        assert only_card(clone.board).id == copy

    # --- lost and copied stores ---------------------------------------------------------------

    def test_a_lost_store_finds_every_card_again_and_writes_nothing(
        self, clone: Clone[Board]
    ) -> None:
        cards = [FULL, card("b", title="Same"), card("c", title="Same", column=Column.DONE)]
        clone.sync(cards)
        before = clone.board.read({}).cards
        renewed = Clone(clone.board)
        assert kinds(renewed.sync(cards)) == ["Remember"] * 3
        assert renewed.base.keys() == clone.base.keys()
        assert clone.board.read({}).cards == before

    def test_a_copied_store_goes_on_without_a_second_card(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        copied = Clone(clone.board, dict(clone.base))
        clone.sync([CHANGED, card("b", title="b")])
        copied.sync([CHANGED, card("b", title="b"), card("c", title="c")])
        clone.sync([CHANGED, card("b", title="b"), card("c", title="c")])
        assert titles(clone.board) == ["New", "b", "c"]

    def test_a_store_of_last_week_does_not_turn_the_board_back(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        old = dict(clone.base)
        clone.sync([CHANGED])
        Clone(clone.board, old).sync([CHANGED])
        assert only_card(clone.board).title == "New"

    # --- several repositories and roots -------------------------------------------------------

    def test_two_repositories_with_equal_titles_share_a_board_without_touching(
        self, clone: Clone[Board]
    ) -> None:
        other = Clone(clone.board, project="p2")
        theirs = of_project(FULL, "p2")
        clone.sync([FULL])
        assert kinds(other.sync([theirs])) == ["Create"]
        clone.sync([CHANGED])
        assert [each.sync([wanted]).operations for each, wanted in (
            (clone, CHANGED), (other, theirs)
        )] == [(), ()]  # fmt: skip
        other.sync([of_project(over(version=at(6)), "p2")])
        seen = only_card(clone.board)
        assert (seen.key, seen.title) == (key(), "New")

    def test_two_roots_with_equal_titles_have_a_card_each(self, clone: Clone[Board]) -> None:
        cards = [
            card("x", title="x", labels=("agent",)),
            card("modules/m/x", title="x", labels=("agent", "modules/m")),
        ]
        clone.sync(cards)
        for each in (clone, Clone(clone.board)):
            each.sync(cards)
            assert each.sync(cards).operations == ()
        labels = {each.key: each.labels for each in clone.board.read({}).cards}
        assert labels == {each.key: each.labels for each in cards}

    # --- adoption -----------------------------------------------------------------------------

    @pytest.fixture
    def adds_ours(self, clone: Clone[Board], person: Person) -> Callable[..., str]:
        """Makes a card as the tool's predecessor did: labelled, without a footer."""

        def add(title: str = FULL.title, description: str = "", label: str = "agent") -> str:
            clone.sync([])
            card_id = person.adds(title, description, Column.REVIEW)
            person.labels(card_id, label)
            return card_id

        return add

    def test_a_labelled_card_without_a_footer_is_taken_over_by_its_title(
        self, clone: Clone[Board], adds_ours: Callable[..., str]
    ) -> None:
        card_id = adds_ours(description="what a person wrote")
        assert kinds(clone.sync([FULL])) == ["Update"]
        seen = only_card(clone.board)
        assert (seen.id, seen.key, seen.column) == (card_id, FULL.key, FULL.column)
        assert "what a person wrote" in seen.description
        assert clone.sync([FULL]).operations == ()

    @pytest.mark.parametrize(
        "cards",
        [
            [{}, {}],
            [{"title": f"{FULL.title} "}],
            [{"title": FULL.title.lower()}],
            [{"label": "theirs"}],
            [{"description": footer(key(project="p2"))}],
            [{"description": footer(key("other"))}],
        ],
        ids=["twice", "blank", "case", "label", "other project", "other task"],
    )
    def test_a_card_that_may_be_anybodys_is_not_taken_over(
        self, clone: Clone[Board], adds_ours: Callable[..., str], cards: list[dict[str, str]]
    ) -> None:
        ids = [adds_ours(**each) for each in cards]
        before = {each.id: each for each in clone.board.read({}).cards}
        assert kinds(clone.sync([FULL])) == ["Create"]
        after = {each.id: each for each in clone.board.read({}).cards}
        assert {each: after[each] for each in ids} == {each: before[each] for each in ids}

    def test_a_title_that_two_tasks_have_takes_over_nothing_and_it_is_said(
        self, clone: Clone[Board], adds_ours: Callable[..., str]
    ) -> None:
        adds_ours()
        found = clone.sync([FULL, card("b", title=FULL.title)])
        assert kinds(found) == ["Create"] * 2
        assert [note.text[:18] for note in found.notes] == ["1 card has its tit"] * 2

    def test_of_two_cards_that_may_be_taken_over_it_is_said_that_neither_was(
        self, clone: Clone[Board], adds_ours: Callable[..., str]
    ) -> None:
        for _ in range(2):
            adds_ours()
        (note,) = clone.sync([FULL]).notes
        assert "2 cards have its title, the label agent and no line of ours" in note.text
        assert clone.sync([FULL]).notes == ()

    def test_the_lines_of_a_card_that_is_taken_over_are_known_by_their_words(
        self, clone: Clone[Board], person: Person, adds_ours: Callable[..., str]
    ) -> None:
        """That tool has one task list for all, under a name of its own, and numbers its lines."""
        card_id = adds_ours()
        for text in ("1.1 First", "their own", "fourth", "1.3 third"):
            person.adds_item(card_id, "OpenSpec tasks", text)
        clone.sync([FULL])
        lists = item_lines(only_card(clone.board))
        assert {title: sorted(lines) for title, lines in lists.items()} == {
            "Build": [
                ("first", False), ("second", True), ("their own", False), ("third", False),
            ],
            "Test": [("fourth", False)],
        }  # fmt: skip
        for each in (clone, Clone(clone.board)):
            each.sync([FULL])
            assert each.sync([FULL]).operations == ()

    def test_what_a_person_took_out_of_the_archive_for_old_cards_stays_out(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        done = replace(FULL, column=Column.DONE, version=at(5, 6))
        aged = replace(
            done, column=Column.ARCHIVE, version=at(5, 7), evident=True, end=f"{AGED_END}3"
        )
        other = Clone(clone.board)
        for each in (clone, other):
            each.sync([done])
        assert kinds(clone.sync([aged])) == ["Archive"]
        person.moves(made.id, Column.DONE)
        for each in (clone, other, clone):
            found = each.sync([aged])
            assert found.operations == ()
            assert "a person took it out of the archive" in found.notes[0].text
        assert kinds(clone.sync([replace(aged, version=at(8, 9))])) == ["Archive"]

    def test_a_footer_that_a_person_deleted_is_written_again(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.edits(made.id, description="only mine")
        assert kinds(clone.sync([FULL])) == ["Update"]
        seen = only_card(clone.board)
        assert seen.key == FULL.key
        assert "only mine" in seen.description
