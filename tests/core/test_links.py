"""Where files and commits are to be seen, from nothing but a remote's URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.links import Links, links_of

COMMIT = "0123456789ab"

GITHUB = "https://github.com/me/shop/blob/main/TASKS.md"
GITLAB = "https://gitlab.com/a/b/shop/-/blob/main/TASKS.md"


def addresses(remote: str, branch: str = "main", template: str = "") -> list[str]:
    """Return where a file and a commit of a remote are linked to."""
    line = links_of(remote, branch, template).of("TASKS.md", COMMIT)
    return [part.partition("](")[2].removesuffix(")") for part in line.split(" · ") if part]


@pytest.mark.parametrize(
    ("remote", "file", "commit"),
    [
        ("https://github.com/me/shop.git", GITHUB, "https://github.com/me/shop/commit/"),
        ("https://github.com/me/shop/", GITHUB, "https://github.com/me/shop/commit/"),
        ("HTTPS://GitHub.com/me/shop", GITHUB, "https://github.com/me/shop/commit/"),
        ("git@github.com:me/shop.git", GITHUB, "https://github.com/me/shop/commit/"),
        ("github.com:me/shop", GITHUB, "https://github.com/me/shop/commit/"),
        ("ssh://git@github.com:22/me/shop.git", GITHUB, "https://github.com/me/shop/commit/"),
        ("git@gitlab.com:a/b/shop.git", GITLAB, "https://gitlab.com/a/b/shop/-/commit/"),
        (
            "https://gitlab.example.org:8443/a/shop.git",
            "https://gitlab.example.org:8443/a/shop/-/blob/main/TASKS.md",
            "https://gitlab.example.org:8443/a/shop/-/commit/",
        ),
        (
            "ssh://git@gitlab.example.org:2222/a/shop.git",
            "https://gitlab.example.org/a/shop/-/blob/main/TASKS.md",
            "https://gitlab.example.org/a/shop/-/commit/",
        ),
        (
            "http://gitea.local/a/shop",
            "http://gitea.local/a/shop/src/branch/main/TASKS.md",
            "http://gitea.local/a/shop/commit/",
        ),
        (
            "https://codeberg.org/a/shop",
            "https://codeberg.org/a/shop/src/branch/main/TASKS.md",
            "https://codeberg.org/a/shop/commit/",
        ),
        (
            "https://forgejo.example.org/a/shop",
            "https://forgejo.example.org/a/shop/src/branch/main/TASKS.md",
            "https://forgejo.example.org/a/shop/commit/",
        ),
        (
            "git@bitbucket.org:a/shop.git",
            "https://bitbucket.org/a/shop/src/main/TASKS.md",
            "https://bitbucket.org/a/shop/commits/",
        ),
        (
            "https://github.example.org/a/shop",
            "https://github.example.org/a/shop/blob/main/TASKS.md",
            "https://github.example.org/a/shop/commit/",
        ),
    ],
)
def test_a_known_forge_is_linked_to(remote: str, file: str, commit: str) -> None:
    assert addresses(remote) == [file, commit + COMMIT]


@pytest.mark.parametrize(
    "remote",
    [
        "", "/srv/git/shop.git", "../shop", "file:///srv/github.com/me/shop", "C:\\git\\me\\shop",
        "C:/git/me/shop", "https://git.example.org/me/shop", "gh-work:me/shop", "github:me/shop",
        "https://github.com/shop", "https://notgithub.com/me/shop",
        "https://evil.example/github.com/me/shop", "ext::sh -c github.com/me/shop",
    ],
)  # fmt: skip
def test_an_unknown_host_is_not_linked_to(remote: str) -> None:
    assert addresses(remote) == []


@pytest.mark.parametrize(
    "remote",
    [
        "https://me:secret@github.com/me/shop.git",
        "https://secret@github.com/me/shop.git",
        "https://me:se@cret:secret@github.com/me/shop.git",
        "https://me:secret/x@github.com/me/shop.git",
        "https://oauth2:secret@gitlab.example.org:8443/me/shop.git",
        "ssh://me:secret@github.com/me/shop.git",
        "me:secret@github.com:me/shop.git",
        "https://github.com/me/shop.git?token=secret",
        "https://github.com/me/shop.git#secret",
        "https://github.com/me:secret@x/shop.git",
        "https://github.com/https://me:secret@github.com/me/shop",
    ],
)
@pytest.mark.parametrize("template", ["", "https://host/{branch}/{path}"])
def test_no_credential_of_a_remote_is_ever_linked_to(remote: str, template: str) -> None:
    assert "secret" not in " ".join(addresses(remote, template=template))


@given(st.text(min_size=1), st.text(min_size=1), st.text())
def test_whatever_a_remote_is_called_a_link_is_one_line_and_ends_where_it_should(
    remote: str, path: str, branch: str
) -> None:
    links = links_of(f"https://github.com/{remote}/x", branch, "").of(path.replace("\n", ""), "c1")
    assert links == "" or links.count("](https://github.com/") == 2
    assert " " not in links.partition("](")[2].partition(")")[0]


def test_a_template_of_the_settings_wins_over_the_remote() -> None:
    template = "https://code.example.org/{branch}/{path}?view"
    assert addresses("git@github.com:me/shop", template=template) == [
        "https://code.example.org/main/TASKS.md?view"
    ]
    assert addresses("/srv/git/shop", "", "https://x/{path}") == ["https://x/TASKS.md"]


def test_no_links_are_drawn_where_the_settings_say_none() -> None:
    assert addresses("git@github.com:me/shop", template="none") == []


def test_without_a_branch_there_is_nothing_to_link_to() -> None:
    assert links_of("git@github.com:me/shop", "") == Links()
    assert links_of("", "", "https://x/{branch}/{path}") == Links()


def test_names_are_encoded_in_the_address_and_escaped_in_the_words() -> None:
    links = links_of("git@github.com:me/shop", "a b")
    assert links.of("x [1]/ä).md", "") == (
        "[x \\[1\\]/ä).md](https://github.com/me/shop/blob/a%20b/x%20%5B1%5D/%C3%A4%29.md)"
    )


def test_a_commit_that_nobody_knows_is_not_linked_to() -> None:
    links = links_of("git@github.com:me/shop", "main")
    assert links.of("TASKS.md", "").count("](") == 1
    assert links.of("TASKS.md", COMMIT).endswith(f"[0123456]({links.commit[:-8]}{COMMIT})")
