"""Which task of a new file is which of the old one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.identity import Traits, match, own_key


def line(text: str) -> Traits:
    """Return traits from ``[id] place/number title``; a dot stands for an empty word."""
    own, place, number, title = text.split(" ", 3)
    return Traits(*("" if word == "." else word for word in (own, place, number, title)))


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        (["T1 a . One"], ["T1 b 7 Quite different"], {0: 0}),
        (["T1 a . One"], ["T2 a . One"], {0: 0}),
        (["T1 a . One", "T4 b . Two"], ["T2 b . One", "T4 b . Two", "T5 a . Three"], {1: 1}),
        (["T1 a . One"], ["T2 a . Quite different"], {}),
        (["T1 a . T1: One"], ["T2 a . T2: One"], {0: 0}),
        (["T1 a . One", "T2 a . One"], ["T1 a . One", "T3 a . One"], {0: 0}),
        (["T1 a . One"], ["T2 a . One", ". a . One"], {1: 0}),
        (["T1 a . One"], ["T9 a . One"], {}),
        ([". a 1.1 One", ". a 1.2 Two"], [". a 1.2 Two", ". a 1.1 One"], {0: 1, 1: 0}),
        ([". a . Write tests"], [". a . **Write**  `Tests`"], {0: 0}),
        ([". a . Write tests"], [". a . ~~Write tests~~"], {0: 0}),
        ([". a 1.1 Write tests"], [". a 1.1 Write tests for it"], {0: 0}),
        ([". a 1.1 Write tests"], [". a 1.1 Deploy to Mars"], {}),
        ([". a 1.1 Write tests"], [". b 2.1 Write tests"], {0: 0}),
        ([". a . same", ". b . same"], [". b . same"], {0: 1}),
        ([". a . same", ". a . same"], [". a . same", ". a . same"], {0: 0, 1: 1}),
        ([". a . same"], [". a . same", ". a . same"], {0: 0}),
        ([". a 1 Write it", ". b 1 Write that"], [". c 1 Write this"], {}),
        ([". a . One"], ["T1 a . One"], {0: 0}),
        (["T1 a . One"], [". a . One"], {0: 0}),
        (
            [". a . Repair the lgin page of the web shop"],
            [". a . Repair the login page of the web shop"],
            {0: 0},
        ),
        ([". a . Repair the lgin page"], [". b . Repair the login page"], {}),
        ([". a . Repair the lgin page"], ["T1 a . Repair the login page"], {}),
        ([". a . Repair the lgin page"], [". a 1.1 Repair the login page"], {}),
        ([". a . Repair the lgin page"], [". a . Buy some milk"], {}),
        (
            [". a . Repair the lgin page", ". a . Repair the logot page"],
            [". a . Repair the logout page", ". a . Repair the login page"],
            {0: 1, 1: 0},
        ),
        (
            [". a . Repair the lgin page"],
            [". a . Repair that lgin pages", ". a . Repair the login page"],
            {1: 0},
        ),
        (
            [". a 1 Write a test", ". a 2 Write a page"],
            [". a 1 Begin", ". a 2 Write a test", ". a 3 Write a page"],
            {1: 0, 2: 1},
        ),
        (
            [". a 1 Write tests", ". a 2 Write tests"],
            [". a 1 Write the tests", ". a 3 Write tests"],
            {0: 0, 1: 1},
        ),
        ([". a . Buy milk"], [". a . ~~Buy milk~~ — done, see the long report on it"], {0: 0}),
        ([". a . One"], [". a . One (@ada-lovelace)"], {0: 0}),
        ([". a . One"], [". a . Onerous"], {0: 0}),
        ([". a . Be"], [". a . Beyond all measure"], {}),
        (
            [". a . Repair the lgin page", ". a . One"],
            [". b . Repair the login page", ". b . One"],
            {0: 0, 1: 1},
        ),
        ([". Done-(3/5) . Repair the lgin page"], [". Done-(4/5) . Repair the login page"], {0: 0}),
        ([". a . Write a"], [". a . Write b", ". a . Write c"], {0: 0}),
        ([". a . Buy a kettle"], ["T-1 a . T-1: Buy a kettle"], {0: 0}),
        (["T-1 a . **T-1**: Buy a kettle"], [". a . Buy a kettle"], {0: 0}),
        ([". a 1 1. Buy a kettle"], ["T-1 a . T-1: Buy a kettle"], {0: 0}),
        (
            [". a 1 1. Write tests for A", ". a 2 2. Write tests for B"],
            [
                ". a 1 1. Choose a framework",
                ". a 2 2. Write tests for A (done in abc12)",
                ". a 3 3. Write tests for B — done in abc13",
            ],
            {1: 0, 2: 1},
        ),
        ([". a 1 1. Write"], [". a 2 2. Write the docs"], {}),
        ([". a 1 1. Write"], [". a 2 2. Write (it is in the wiki, at length)"], {0: 0}),
        (
            [". a . One", ". a . Two things to do"],
            [". b . One (done, see the report)", ". b . Two things to do, as the report says"],
            {0: 0, 1: 1},
        ),
        ([". a . One", ". b . One"], [". c . One (done, see the long report)"], {}),
        ([". a . Buy a kettle"], [". b . 🫖 Buy a kettle"], {0: 0}),
        ([". a 1 1. Buy a kettle"], [". b 2 2. ✅ Buy a kettle"], {0: 0}),
        (
            [". a Task-1 Task 1: Parser", ". a Task-2 Task 2: Writer"],
            [". a Task-1 Task 1: Lexer", ". a Task-2 Task 2: Parser", ". a Task-3 Task 3: Writer"],
            {1: 0, 2: 1},
        ),
        ([], [". a . One"], {}),
        ([". a . One"], [], {}),
    ],
    ids=[
        "id-alone", "other-id", "other-id-elsewhere", "other-id-and-text", "other-id-in-the-text",
        "other-id-of-twins", "another-has-the-text", "id-of-before", "swapped",
        "marks", "struck", "extended", "another-text",
        "other-place-and-number", "place-first", "twins", "one-of-twins", "number-twice",
        "was-given-an-id", "lost-its-id", "reworded", "reworded-elsewhere", "reworded-with-id",
        "reworded-with-number", "replaced", "both-reworded", "best-first", "shifted",
        "shifted-and-alike", "evidence", "claimed", "reworded-shortly", "another-word",
        "group-renamed", "group-counts", "first-of-equals", "id-in-front", "id-taken-off",
        "id-for-number", "shifted-with-evidence", "one-word-more", "one-word-and-evidence",
        "section-ticked-and-renamed", "evidence-of-either", "emoji", "number-and-emoji",
        "task-numbers",
        "new", "gone",
    ],
)  # fmt: skip
def test_tasks_are_matched_by_the_strongest_evidence(
    old: list[str], new: list[str], pairs: dict[int, int]
) -> None:
    assert match([line(each) for each in old], [line(each) for each in new], ["T9"]) == pairs


@pytest.mark.parametrize(
    ("traits", "taken", "own"),
    [
        ("T-001 a 1.1 One", [], "T-001"),
        (". a 1.1 One", [], "1.1"),
        (". a 1.1 One", ["1.1"], "1.1~2"),
        (". a 1.1 One", ["1.1", "1.1~2"], "1.1~3"),
        ("a`b#c a . One", [], "a-b-c"),
    ],
)
def test_a_new_key_is_readable_and_was_never_given(traits: str, taken: list[str], own: str) -> None:
    assert own_key(line(traits), taken.__contains__) == own


def test_a_task_without_id_and_number_is_named_by_its_words() -> None:
    one, same, other = (
        own_key(line(f". a . {text}"), [].__contains__) for text in ("One x", "*one*  x", "Two")
    )
    assert one == same != other
    assert len(one) == 8


def test_a_task_without_any_word_has_a_key_too() -> None:
    assert own_key(Traits("#", "", "", ""), [].__contains__) != ""


TRAITS = st.lists(
    st.builds(
        Traits,
        st.sampled_from(["", "", "T1", "T2"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "1.1", "1.2"]),
        st.sampled_from(["", "write it", "write it well", "deploy", "*Deploy*"]),
    ),
    max_size=6,
)


@given(TRAITS, TRAITS)
def test_each_task_is_matched_at_most_once(old: list[Traits], new: list[Traits]) -> None:
    pairs = match(old, new)
    assert len(set(pairs.values())) == len(pairs)
    for here, there in pairs.items():
        ids = new[here].id, old[there].id
        assert not all(ids) or ids[0] == ids[1] or ids[0] not in {each.id for each in old}


@pytest.mark.parametrize(
    ("count", "words", "number"), [(2_000, 8, ""), (100, 60, ""), (95, 8, ""), (1, 20_000, "1.1")]
)
def test_a_file_written_anew_is_compared_in_a_bounded_time(
    count: int, words: int, number: str
) -> None:
    old, new = (
        [
            Traits(
                "",
                "a",
                number,
                " ".join(f"{sign}{(each * place) % 97:03}" for place in range(words)),
            )
            for each in range(1, count + 1)
        ]
        for sign in "xy"
    )
    begun = time.process_time()
    match(old, new)
    assert time.process_time() - begun < 5


LINES = {
    "a bit further": ["y " + "b " * (at // 2) + "c" * (at % 2) for at in range(1_000)],
    "on from all": ["y " + "b " * 1_000 + f", {at}" for at in range(1_000)],
    "equal": ["y y y y"] * 1_000,
    "equal, and on": [f"y y y y, {at}" for at in range(1_000)],
}


@pytest.mark.parametrize("before", ["a bit further", "equal"])
@pytest.mark.parametrize("after", ["on from all", "equal", "equal, and on"])
def test_texts_that_begin_alike_are_compared_in_a_bounded_time(before: str, after: str) -> None:
    old, new = (
        [Traits("", place, "", text) for text in LINES[kind]]
        for place, kind in (("a", before), ("b", after))
    )
    begun = time.process_time()
    match(old, new)
    assert time.process_time() - begun < 3


@given(TRAITS)
def test_a_file_matches_itself(same: list[Traits]) -> None:
    known = [each for each in same if each.id or each.title]
    pairs = match(known, known)
    assert sorted(pairs) == list(range(len(known)))
    assert all(known[here] == known[there] for here, there in pairs.items())


@given(TRAITS)
def test_no_key_is_given_twice(tasks: list[Traits]) -> None:
    taken: list[str] = []
    for each in tasks:
        taken.append(own_key(each, taken.__contains__))
    assert len(set(taken)) == len(taken)
    assert not any(char in own for own in taken for char in "`#\n ")
