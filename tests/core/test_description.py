"""People's words stay, ours are put right, and the footer names the task."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.made import key
from kanban_sync.core.board import Words
from kanban_sync.core.description import (
    compose,
    footer,
    is_written,
    key_of,
    rewrite,
    words_around,
)
from kanban_sync.core.model import TaskKey
from kanban_sync.core.operations import SetText
from kanban_sync.core.places import block_mark

KEY = key("add-login")
FOOTER = "`kanban-sync: p1/openspec:add-login`"
OURS = "# Why\n\nBecause.\n\n- one\n- two"


def test_the_footer_holds_the_key_and_nothing_else() -> None:
    assert footer(KEY) == FOOTER


@pytest.mark.parametrize(
    ("description", "found"),
    [
        ("", None),
        ("words", None),
        (FOOTER, KEY),
        (f"words\n\n{FOOTER}\n\nmore", KEY),
        (f"words\r\n{FOOTER}\r\nmore", KEY),
        (f"  {FOOTER}\t", KEY),
        (f"see {FOOTER}", None),
        (f"> {FOOTER}", None),
        (f"{footer(key('other'))}\n{FOOTER}", KEY),
        ("`kanban-sync: 9f/tasks-md:T.md/1#a b`", TaskKey("9f", "tasks-md", "T.md/1#a b")),
        ("<!-- kanban-sync: p1/openspec:a -->", None),
    ],
)  # fmt: skip
def test_the_key_is_read_from_the_last_line_that_is_a_footer(
    description: str, found: TaskKey | None
) -> None:
    assert key_of(description) == found


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("T.md/a`b", "T.md/a%60b"),
        ("T.md/a\nb\r\n", "T.md/a%0Ab%0D%0A"),
        ("100%", "100%25"),
        ("%60", "%2560"),
        ("tab\there\x00\x7f", "tab%09here%00%7F"),
        ("a\x85b\u2028c", "a%C2%85b%E2%80%A8c"),
        ("Über uns/ä b#1.2", "Über uns/ä b#1.2"),
    ],
)
def test_a_name_that_would_break_the_footer_is_encoded_and_read_back(
    name: str, written: str
) -> None:
    odd = TaskKey("p1", "tasks-md", name)
    assert footer(odd) == f"`kanban-sync: p1/tasks-md:{written}`"
    assert key_of(compose(OURS, odd)) == odd
    assert is_written(compose(OURS, odd), odd, SetText(OURS), settled=False)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_is_read_back_from_its_footer(name: str) -> None:
    odd = TaskKey("p1", "tasks-md", name)
    assert key_of(f"words\n\n{footer(odd)}\n\nmore") == odd


def test_a_footer_from_before_with_a_percent_sign_keeps_its_meaning() -> None:
    assert key_of("`kanban-sync: p1/tasks-md:a%b/50%de`") == TaskKey("p1", "tasks-md", "a%b/50%de")


@pytest.mark.parametrize("block", ["", OURS])
def test_a_new_description_is_written_already(block: str) -> None:
    made = compose(block, KEY)
    assert key_of(made) == KEY
    assert rewrite(made, KEY, SetText(block)) == made
    assert is_written(made, KEY, SetText(block), settled=False)


NEW = "# Why\n\nElse."


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (f"{OURS}\n\n{FOOTER}", f"{NEW}\n\n{FOOTER}"),
        (f"Above\n\n{OURS}\n\n{FOOTER}", f"Above\n\n{NEW}\n\n{FOOTER}"),
        (f"{OURS}\n\nBelow\n\n{FOOTER}", f"{NEW}\n\nBelow\n\n{FOOTER}"),
        (f"{OURS}\n\n{FOOTER}\n\nAfter", f"{NEW}\n\n{FOOTER}\n\nAfter"),
        (f"{OURS}\n\nBelow", f"{NEW}\n\nBelow\n\n{FOOTER}"),
        ("Theirs", f"{NEW}\n\nTheirs\n\n{FOOTER}"),
        ("", f"{NEW}\n\n{FOOTER}"),
        (
            f"# Why\n\nBecause.\nInside\n\n- one\n- two\n\n{FOOTER}",
            f"{NEW}\n\nInside\n\n{FOOTER}",
        ),
        (
            f"\\# Why\n\nBecause.\n\n* one\n* two\n\n1. theirs\n\n   more\n\n{FOOTER}",
            f"{NEW}\n\n1. theirs\n\n   more\n\n{FOOTER}",
        ),
        (
            f"# Why\n\nBecause I say so.\n\n- one\n\n{FOOTER}",
            f"{NEW}\n\nBecause I say so.\n\n{FOOTER}",
        ),
        (f"{NEW}\n\n{OURS}\n\n{FOOTER}", f"{NEW}\n\n{NEW}\n\n{FOOTER}"),
        (f"{OURS}\n\n```\nx\n```\n\n---\n\n{FOOTER}", f"{NEW}\n\n```\nx\n```\n\n---\n\n{FOOTER}"),
    ],
    ids=[
        "plain", "above", "below", "after-the-footer", "no-footer", "theirs-alone", "emptied",
        "inside", "by-the-editor", "edited-line", "proposed-above", "marks-only",
    ],
)  # fmt: skip
def test_a_block_is_replaced_and_all_else_is_kept(description: str, expected: str) -> None:
    assert rewrite(description, KEY, SetText(NEW, (OURS,))) == expected
    assert rewrite(expected, KEY, SetText(NEW, (OURS,))) == expected
    assert is_written(expected, KEY, SetText(NEW, (OURS,)), settled=False)


def test_our_footer_becomes_the_last_where_a_person_pasted_others() -> None:
    other = footer(key("other"))
    pasted = f"above\n\nOld\n\nmine\n\n{FOOTER}\n\nsee\n\n{other}\n\nbelow"
    written = rewrite(pasted, KEY, SetText("New", ("Old",)))
    assert written == f"above\n\nNew\n\nmine\n\nsee\n\n{other}\n\n{FOOTER}\n\nbelow"
    assert rewrite(written, KEY, SetText("New", ("New",))) == written


def test_another_cards_footer_stays_where_a_person_pasted_it_though_ours_is_gone() -> None:
    other = footer(key("other"))
    written = rewrite(f"Old\n\nsee\n\n{other}\n\nand Eve", KEY, SetText("New", ("Old",)))
    assert written == f"New\n\nsee\n\n{other}\n\nand Eve\n\n{FOOTER}"


QUOTED = "Ben: this line\n\nOld.\n\nis wrong"
PROPOSED = "Anna: rather\n\nNew.\n\nDo you agree?"


@pytest.mark.parametrize(
    ("there", "words", "expected"),
    [
        (f"{QUOTED}\n\nOld.", None, f"{QUOTED}\n\nNew."),
        (f"{QUOTED}\n\nOld.", ("", ""), f"{QUOTED}\n\nNew."),
        (f"{PROPOSED}\n\nOld.", ("", ""), f"{PROPOSED}\n\nNew."),
        (f"Old.\n\n{PROPOSED}", ("", ""), f"New.\n\n{PROPOSED}"),
        (f"Old.\n\n{QUOTED}", ("", ""), f"New.\n\n{QUOTED}"),
        (f"P\n\nOld.\n\nQ\n\n{QUOTED}", ("P", "Q"), f"P\n\nNew.\n\nQ\n\n{QUOTED}"),
        ("P\n\nOld.\n\nsee\n\nOld.", ("P", "see\n\nOld."), "P\n\nNew.\n\nsee\n\nOld."),
        ("P\n\nOld.\n\nQ", ("P\n\nOld.\n\nQ", ""), "P\n\nOld.\n\nQ\n\nNew."),
        ("Old.\n\nP\n\nQ", ("P\n\nQ", ""), "New.\n\nP\n\nQ"),
        ("P\n\nQ", ("P", "Q"), "P\n\nNew.\n\nQ"),
        (f"{PROPOSED}\n\nold", ("", ""), f"{PROPOSED}\n\nNew."),
        ("Old.", ("", "Old."), "New."),
    ],
    ids=[
        "quoted-above-and-nothing-known", "quoted-above", "proposed-above", "proposed-below",
        "quoted-below", "below-their-words", "quoted-below-before", "ours-deleted-theirs-left",
        "ours-moved", "ours-deleted", "proposed-and-ours-edited", "theirs-deleted",
    ],
)  # fmt: skip
def test_a_copy_of_our_words_in_peoples_is_theirs(
    there: str, words: tuple[str, str] | None, expected: str
) -> None:
    wanted = SetText("New.", ("Old.",), (block_mark("Old."),), words and Words(*words))
    assert not is_written(f"{there}\n\n{FOOTER}", KEY, wanted, settled=False)
    assert rewrite(f"{there}\n\n{FOOTER}", KEY, wanted) == f"{expected}\n\n{FOOTER}"


LISTED = "**Why**\n\nSlow.\n\n- a cache\n- a queue"
OPTIONS = "My options:\n\n- a cache\n- a disk"


@pytest.mark.parametrize(
    ("there", "words", "expected"),
    [
        (OPTIONS, ("", OPTIONS), f"New.\n\n{OPTIONS}"),
        (OPTIONS, ("", ""), f"New.\n\n{OPTIONS}"),
        (
            f"**Why**\n\nSlow.\n\n- a cache (no!)\n- a queue\n\n{OPTIONS}",
            ("", ""),
            f"New.\n\n- a cache (no!)\n\n{OPTIONS}",
        ),
        (
            f"**Why**\n\nSlow.\n\n- a queue\n\n{OPTIONS}",
            ("", OPTIONS),
            f"New.\n\n{OPTIONS}",
        ),
        (
            f"**Why**\n\nFast.\n\n- a pipe\n- a queue\n\n{OPTIONS}",
            ("", ""),
            f"New.\n\n**Why**\n\nFast.\n\n- a pipe\n- a queue\n\n{OPTIONS}",
        ),
        (
            f"**Why**\n\nSlow.\n\n- a cache (no!)\n- a queue\n\nIt said:\n\n{LISTED}\n\nEve",
            ("", ""),
            f"New.\n\n- a cache (no!)\n\nIt said:\n\n{LISTED}\n\nEve",
        ),
        (
            "Ben quotes:\n\n**Why**\n\nSlow.\n\nand is right",
            ("", ""),
            "New.\n\nBen quotes:\n\n**Why**\n\nSlow.\n\nand is right",
        ),
    ],
    ids=[
        "ours-deleted-later", "ours-deleted-in-one-save", "one-line-edited", "one-line-deleted",
        "less-than-half-left", "quoted-and-edited", "a-part-quoted",
    ],
)  # fmt: skip
def test_lines_of_people_that_equal_some_of_ours_are_theirs(
    there: str, words: tuple[str, str], expected: str
) -> None:
    wanted = SetText("New.", (LISTED,), (block_mark(LISTED),), Words(*words))
    assert rewrite(f"{there}\n\n{FOOTER}", KEY, wanted) == f"{expected}\n\n{FOOTER}"


def test_of_a_card_that_is_taken_over_only_a_whole_block_is_ours() -> None:
    theirs = "**Why**\n\nMeyer asked for it.\n\n- a cache: 3 days\n- a queue\n- a disk"
    wanted = SetText(LISTED)
    assert rewrite(theirs, KEY, wanted) == f"{LISTED}\n\n{theirs}\n\n{FOOTER}"
    edited = "\\*\\*Why\\*\\*\n\nSlow.\n\n* a cache\n* a queue\n\nMine"
    assert rewrite(edited, KEY, wanted) == f"{LISTED}\n\nMine\n\n{FOOTER}"


def test_the_mark_of_another_clone_is_not_found_in_peoples_words() -> None:
    """A fresh clone knows no words: of several places the last one above the footer is ours."""
    wanted = SetText("Third.", (), (block_mark("Old."),))
    written = rewrite(f"{QUOTED}\n\nOld.\n\n{FOOTER}", KEY, wanted)
    assert written == f"{QUOTED}\n\nThird.\n\n{FOOTER}"


def test_a_short_block_is_not_looked_for_inside_of_words() -> None:
    written = rewrite(f"banana\n\na\n\n{FOOTER}", KEY, SetText("b", ("a",)))
    assert written == f"banana\n\nb\n\n{FOOTER}"


def test_a_block_that_was_begun_to_be_said_is_replaced_too() -> None:
    description = f"begun\n\nTheirs\n\n{FOOTER}"
    written = rewrite(description, KEY, SetText("new", ("begun", "old")))
    assert written == f"new\n\nTheirs\n\n{FOOTER}"


@pytest.mark.parametrize(
    "there", [OURS, "\\# Why\n\n\nBecause\\.\n* one\n* two"], ids=["exact", "by-the-editor"]
)
def test_a_block_that_another_clone_wrote_is_found_by_its_mark(there: str) -> None:
    """This clone never saw the words, and they are not left behind as a person's."""
    wanted = SetText(NEW, (), (block_mark(OURS),))
    description = f"Above\n\n{there}\n\nBelow\n\n{FOOTER}"
    assert rewrite(description, KEY, wanted) == f"Above\n\n{NEW}\n\nBelow\n\n{FOOTER}"


@pytest.mark.parametrize("mark", ["", "0-abc", "9-abc", "x", "3-zz", "99999999-abc"])
def test_a_mark_that_a_person_spoiled_finds_nothing(mark: str) -> None:
    written = rewrite(f"Theirs\n\n{FOOTER}", KEY, SetText(NEW, (), (mark,)))
    assert written == f"{NEW}\n\nTheirs\n\n{FOOTER}"


def test_a_block_that_is_a_part_of_the_one_before_replaces_all_of_it() -> None:
    wanted = SetText("# Why", ("# Why", OURS), (block_mark("# Why"),))
    assert rewrite(f"{OURS}\n\nBelow\n\n{FOOTER}", KEY, wanted) == f"# Why\n\nBelow\n\n{FOOTER}"


def test_an_empty_block_leaves_the_footer() -> None:
    assert rewrite(f"{OURS}\n\n{FOOTER}", KEY, SetText("", (OURS,))) == FOOTER


@pytest.mark.parametrize(
    ("description", "settled", "expected"),
    [
        (f"\\# Why\n\nBecause\\.\n\n* one\n* two\n\n{FOOTER}", True, True),
        (f"\\# Why\n\nBecause\\.\n\n* one\n* two\n\n{FOOTER}", False, False),
        (f"# Why\nBecause.\n- one\n- two\n{FOOTER}\n", False, True),
        (f"# Why\n\nBecause.\n\n- one\n\n{FOOTER}", True, False),
        (f"# Why\n\nBecause.\n\n- one\n- 2\n\n{FOOTER}", True, False),
        (OURS, True, False),
        (f"{OURS}\n\n{footer(key('other'))}", True, False),
    ],
    ids=["editor", "editor-after-other", "blanks", "line-gone", "line-edited", "none", "other"],
)
def test_what_the_boards_editor_changes_by_itself_does_not_count(
    description: str, settled: bool, expected: bool
) -> None:
    assert is_written(description, KEY, SetText(OURS, (OURS,)), settled=settled) is expected


# --- laws -----------------------------------------------------------------------------------------

LINES = st.sampled_from(["Why", "- one", "---", "", "  code", "\U0001f389", "x", "1. x"])
TEXTS = st.lists(LINES | st.text(alphabet="ab \t-#\u00e9\u2028", max_size=5), max_size=6).map(
    lambda lines: "\n".join(lines).strip()
)


def lines_of(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.split("\n") if line.strip())


@given(TEXTS, TEXTS, TEXTS, st.integers(0, 9))
@example("", "aa", "aa-", 0)
@example("-\u00e9\nWhy", "", "\u00e9", 1)
def test_every_line_of_a_person_survives(block: str, new: str, words: str, cut: int) -> None:
    whole = compose(block, KEY).split("\n")
    cut = min(cut, len(whole))
    description = "\n".join([*whole[:cut], *words.split("\n"), *whole[cut:]])
    written = rewrite(description, KEY, SetText(new, (block,)))
    assert lines_of(written) >= lines_of(words)
    assert key_of(written) == KEY
    assert new in written


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2))
@example("Why\na", "Why\nWhy", ["a"])
@example("Why\n  code\n- one", "code", [])
def test_writing_twice_is_writing_once(description: str, block: str, former: list[str]) -> None:
    wanted = SetText(block, tuple(former))
    once = rewrite(description, KEY, wanted)
    again = SetText(block, (block,), (block_mark(block),), words_around(description, KEY, wanted))
    assert rewrite(once, KEY, again) == once
    assert is_written(once, KEY, again, settled=True)
    assert is_written(once, KEY, again, settled=False)


BLOCKS = st.sampled_from(["x", "Why\n\n- one\n- two", "Why\n- one", "---", "Why\n\n---\nx"])
PIECES = st.sampled_from(["old", "new", "Hm", "Why", "- two", "  code", "---"])
PIECED = st.lists(PIECES, max_size=5)


def written_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def shifts(lines: list[str], block: list[str]) -> list[list[str]]:
    """Return what is left of lines without a block, for each place where all of it stands."""
    size = len(block)
    starts = range(len(lines) - size + 1)
    return [
        lines[:each] + lines[each + size :] for each in starts if lines[each : each + size] == block
    ]


@given(BLOCKS, BLOCKS, PIECED, PIECED, PIECED, st.sampled_from(["above", "below", "inside"]))
@example("Why\n\n- one\n- two", "x", [], [], ["Why", "new"], "inside")
@example("Why\n- one", "x", [], [], ["old", "Why"], "inside")
def test_whatever_people_type_is_theirs_and_our_block_becomes_the_new_one(
    old: str, new: str, above: list[str], below: list[str], typed: list[str], place: str
) -> None:
    def text(pieces: list[str]) -> str:
        return "\n\n".join({"old": old, "new": new}.get(each, each) for each in pieces)

    words = Words(text(above), text(below))
    ours = old.split("\n")
    said = "\n".join([ours[0], "", text(typed), "", *ours[1:]]) if place == "inside" else old
    inside = text(typed) if place == "inside" else ""
    before = [words.above, text(typed) if place == "above" else ""]
    after = [text(typed) if place == "below" else "", words.below]
    body = "\n\n".join(part for part in [*before, said, *after] if part.strip())
    wanted = SetText(new, (old,), (block_mark(old),), words)

    written = rewrite(f"{body}\n\n{FOOTER}", KEY, wanted).removesuffix(FOOTER)
    left = shifts(written_lines(written), written_lines(new))
    theirs = "\n".join([*before, inside, *after])
    # Where a copy of ours is typed beside ours, nobody can tell the two apart: either may be taken.
    assert Counter(written_lines(theirs)) in [Counter(each) for each in left]
    if not inside:
        assert any(each in shifts(written_lines(body), written_lines(old)) for each in left)
    if "old" not in typed:
        at = [*written_lines(words.above)]
        assert any(each[: len(at)] == at for each in left)
    kept = words_around(f"{body}\n\n{FOOTER}", KEY, wanted)
    again = SetText(new, (new,), (block_mark(new),), kept)
    assert is_written(f"{written}{FOOTER}", KEY, again, settled=False)
    assert rewrite(f"{written}{FOOTER}", KEY, again) == f"{written}{FOOTER}"
