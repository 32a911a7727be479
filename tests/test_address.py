"""Which URLs can be asked for, and that a password in one is never shown."""

from __future__ import annotations

import pytest

from kanban_sync.address import address
from kanban_sync.core.errors import SetupError


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@a..b/x",
        f"https://me:secret@{'a' * 64}.example.org",
        "https://me:secret@[::1",
        "https://me:secret@[zz]/x",
        "https://me:se/cret@a.example.org",
        "https://me:secret@a.example.org:port",
        "https://me:secret@a\u2100b",
        "https://me:secret@a.example.org/\ud800",
        "//me:secret@a..b",
    ],
)
def test_an_impossible_url_is_one_line_that_names_it_without_its_password(url: str) -> None:
    with pytest.raises(SetupError) as caught:
        address(url)
    assert "cret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "…@" in str(caught.value)
    # What a log of the whole error would tell as well.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://planka.example.org./sub", "planka.example.org."),
        ("https://ü.example.org", "ü.example.org"),
        ("http://[::1]:3000", "::1"),
        ("https://a_b.example.org", "a_b.example.org"),
    ],
)
def test_a_url_that_can_be_asked_for_is_taken_apart(url: str, host: str) -> None:
    assert address(url).hostname == host
