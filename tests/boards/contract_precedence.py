"""Who wins on any board: people and the project, one clone and another."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from boards.contract import FULL, only_card
from core.made import at, card, key, kinds, over
from core.passes import Clone
from kanban_sync.core.columns import Column
from kanban_sync.core.operations import Update

if TYPE_CHECKING:
    from boards.contract import Person
    from kanban_sync.core.board import SeenCard
    from kanban_sync.core.ports import Board

NEWER = replace(FULL, title="Newer", column=Column.REVIEW, version=at(9))
REDRAWN = replace(FULL, text="Drawn otherwise")


def as_saved_by_the_editor(description: str) -> str:
    """Return a description as Planka's editor leaves it when a person saves: rewritten all over."""
    text = re.sub(r"^(\s*)- ", r"\1* ", description, flags=re.MULTILINE)
    text = re.sub(r"\*(\w[^*\n]*)\*", r"_\1_", text)
    text = re.sub(r"(?<!\n)\n(?!\n)", "\n\n", text)
    return text.replace("[ ]", r"\[ \]").replace(".", r"\.").replace("# Why", "# **Why**")


class PrecedenceContract:
    """Inherit beside ``BoardContract``, with the same fixtures."""

    # --- people and the project ---------------------------------------------------------------

    def test_what_the_boards_editor_changes_by_itself_is_left_and_words_survive(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        saved = as_saved_by_the_editor(made.description)
        assert saved != made.description
        person.edits(made.id, description=f"Above\n\n{saved}\n\nBelow")
        found = clone.sync([FULL])
        assert not any(kind != "Remember" for kind in kinds(found))

        changed = replace(FULL, text="Another reason", version=at(6))
        clone.sync([changed])
        seen = only_card(clone.board)
        assert seen.description == (
            "Above\n\nAnother reason\n\n`kanban-sync: p1/openspec:a`\n\nBelow"
        )
        assert clone.sync([changed]).operations == ()

    def test_what_a_person_changed_stays_where_drift_is_kept_until_the_task_changes(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        keeping = Clone(clone.board, clone.base, keep_drift=True)
        person.edits(made.id, title="Theirs")
        person.moves(made.id, Column.REVIEW)
        found = keeping.sync([FULL])
        assert found.operations == ()
        assert [note.is_drift for note in found.notes] == [True]

        keeping.sync([replace(FULL, column=Column.IN_PROGRESS, version=at(5, 6))])
        seen = only_card(clone.board)
        assert (seen.title, seen.column) == ("Theirs", Column.IN_PROGRESS)

        last = replace(FULL, title="New", column=Column.IN_PROGRESS, version=at(7, 6))
        keeping.sync([last])
        assert only_card(clone.board).title == "New"
        assert keeping.sync([last]).operations == ()

    def test_a_clone_that_repairs_takes_back_what_one_that_keeps_has_left(
        self, clone: Clone[Board], made: SeenCard, person: Person
    ) -> None:
        person.edits(made.id, title="Theirs")
        Clone(clone.board, keep_drift=True).sync([FULL])
        clone.sync([FULL])
        assert only_card(clone.board).title == FULL.title

    # --- one clone and another ----------------------------------------------------------------

    def test_a_clone_that_is_behind_leaves_what_a_newer_one_said(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        ahead = Clone(clone.board)
        ahead.sync([NEWER])
        for _ in range(2):
            found = clone.sync([FULL])
            assert found.writes == ()
            assert "is newer" in found.notes[0].text
        assert only_card(clone.board).title == "Newer"
        assert ahead.sync([NEWER]).operations == ()

    def test_a_clone_that_was_set_back_takes_back_its_own_words_only(
        self, clone: Clone[Board]
    ) -> None:
        clone.sync([NEWER])
        assert Clone(clone.board).sync([FULL]).operations == ()
        assert only_card(clone.board).title == "Newer"
        clone.sync([FULL])
        seen = only_card(clone.board)
        assert (seen.title, seen.column) == (FULL.title, FULL.column)
        assert seen.stamp is not None
        assert seen.stamp.version == FULL.version

    def test_a_clone_writes_only_the_part_in_which_it_is_newer(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        Clone(clone.board).sync([replace(FULL, column=Column.REVIEW, version=at(5, 9))])
        clone.sync([replace(FULL, title="New", version=at(6, 5))])
        seen = only_card(clone.board)
        assert (seen.title, seen.column) == ("New", Column.REVIEW)
        assert seen.stamp is not None
        assert seen.stamp.version == at(6, 9)

    def test_equal_content_is_not_written_whatever_its_version(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        before = only_card(clone.board)
        for version in (at(9), at(1)):
            assert Clone(clone.board).sync([replace(FULL, version=version)]).writes == ()
        assert clone.sync([replace(FULL, version=at(9))]).writes == ()
        assert only_card(clone.board) == before
        # Whoever said it takes back what it says no more, or nobody between the two could write.
        (taken_back,) = clone.sync([replace(FULL, version=at(1))]).writes
        assert isinstance(taken_back, Update)
        assert taken_back.changes == ()
        after = only_card(clone.board)
        assert after.stamp != before.stamp
        assert replace(after, stamp=before.stamp) == before
        assert clone.sync([replace(FULL, version=at(1))]).writes == ()

    def test_each_release_redraws_only_what_it_drew_itself(self, clone: Clone[Board]) -> None:
        clone.sync([FULL])
        other = Clone(clone.board, mark="other")
        assert other.sync([REDRAWN]).writes == ()
        assert "release" in other.sync([REDRAWN]).notes[0].text
        upgraded = Clone(clone.board, clone.base, mark="other")
        assert kinds(upgraded.sync([REDRAWN])) == ["Update"]
        seen = only_card(clone.board)
        assert seen.description.startswith("Drawn otherwise")
        assert seen.stamp is not None
        assert seen.stamp.mark == "other"

    # --- absence ------------------------------------------------------------------------------

    def test_a_task_that_a_clone_does_not_have_leaves_its_card_alone(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        for each in (clone, Clone(clone.board)):
            assert each.sync([]).operations == ()
            assert only_card(clone.board) == made

    def test_a_vanished_task_is_archived_only_by_a_clone_that_has_seen_its_card(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        other = Clone(clone.board)
        assert other.sync([over(version=at(6))]).operations == ()
        assert only_card(clone.board) == made
        clone.sync([over(version=at(6))])
        assert clone.board.read({}).cards == ()
        (seen,) = clone.board.put_away([key()])
        assert seen.stamp is not None
        assert (seen.stamp.archived, seen.stamp.version) == (True, at(6))

    def test_an_older_deletion_does_not_archive_what_another_clone_changed_since(
        self, clone: Clone[Board], made: SeenCard
    ) -> None:
        Clone(clone.board).sync([NEWER])
        found = clone.sync([over(version=at(6))])
        assert found.operations == ()
        assert only_card(clone.board).id == made.id

    # --- the guard ----------------------------------------------------------------------------

    @pytest.mark.parametrize("gone", [3, 4])
    def test_only_more_than_30_percent_at_once_are_held_back(
        self, clone: Clone[Board], gone: int
    ) -> None:
        names = [f"n{number}" for number in range(10)]
        clone.sync([card(name, title=name) for name in names])
        vanished = [over(name, at(6)) for name in names[:gone]]
        found = clone.sync(
            [*vanished, *(card(n, title=f"{n}!", version=at(6)) for n in names[gone:])]
        )
        assert len(found.held) == (gone if gone > 3 else 0)
        left = {each.title for each in clone.board.read({}).cards}
        assert len(left) == (10 if gone > 3 else 7)
        assert {f"{name}!" for name in names[gone:]} <= left
        clone.sync(vanished, force=True)
        assert len(clone.board.read({}).cards) == 10 - gone
