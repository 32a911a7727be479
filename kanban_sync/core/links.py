"""Where people look at a file or a commit: addresses on the forge that a remote's URL names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kanban_sync.core.tuples import NamedTuple
from kanban_sync.core.uncommitted import is_marked

NO_LINKS = "none"
"""What the settings say to have no links."""

CONFIGURED = r"^(branch\..*\.(remote|merge)|remote\..*\.url)$"
"""What ``published_at`` has to know of git's configuration."""

PATH, BRANCH, COMMIT = "{path}", "{branch}", "{commit}"

SHOWN_DIGITS = 7
"""How much of a commit's id is shown."""


class Forge(NamedTuple):
    """How a kind of forge builds addresses below that of a repository."""

    file: str
    commit: str


GITHUB = Forge("/blob/{branch}/{path}", "/commit/{commit}")
GITLAB = Forge("/-/blob/{branch}/{path}", "/-/commit/{commit}")
GITEA = Forge("/src/branch/{branch}/{path}", "/commit/{commit}")
BITBUCKET = Forge("/src/{branch}/{path}", "/commits/{commit}")

FORGES = {
    "github.com": GITHUB,
    "gitlab.com": GITLAB,
    "codeberg.org": GITEA,
    "gitea.com": GITEA,
    "bitbucket.org": BITBUCKET,
}

SELF_HOSTED = {"github": GITHUB, "gitlab": GITLAB, "gitea": GITEA, "forgejo": GITEA}
"""Forges by how the name of a host of one's own begins: ``gitlab.example.org``."""

# User names and passwords are matched, so as not to be kept.
_URL = re.compile(
    r"(?P<scheme>https?|ssh|git)://(?:[^/?#]*@)?(?P<host>[a-z0-9.-]+)(?::(?P<port>\d+))?"
    r"/+(?P<path>[^?#@:\\]+)",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?:[^/@:]+@)?(?P<host>[a-z0-9.-]{2,}):/*(?P<path>[^?#@:\\]+)", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*\[\]<>]")
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses with ``{path}`` and ``{commit}`` left open; '' where there are none."""

    file: str = ""
    commit: str = ""

    @property
    def templates(self) -> tuple[str, ...]:
        """The addresses, those that there are."""
        return tuple(each for each in (self.file, self.commit) if each)

    def of(self, path: str, commit: str) -> str:
        """Return a line of Markdown that leads to a file and a commit, '' without addresses."""
        links: list[str] = []
        if self.file and path:
            links.append(_link(path, self.file.replace(PATH, _quoted(path))))
        if self.commit and commit and not is_marked(commit):
            links.append(_link(commit[:SHOWN_DIGITS], self.commit.replace(COMMIT, commit)))
        return " · ".join(links)


def published_at(configuration: str, branch: str, origin: str = "origin") -> tuple[str, str]:
    r"""Return the URL of the remote that a branch goes to, and its name there; empty if none.

    Args:
        configuration: What ``git config -z`` printed: ``<key>\n<value>\0`` each.
        branch: The branch's name here.
        origin: The remote of a branch of which nothing is configured.
    """
    said: dict[str, str] = {}
    for entry in configuration.split("\0"):
        key, _, value = entry.partition("\n")
        said.setdefault(key, value)
    remote = said.get(f"branch.{branch}.remote", origin)
    name = said.get(f"branch.{branch}.merge", branch).removeprefix("refs/heads/")
    url = said.get(f"remote.{remote}.url", "")
    return (url, name) if url else ("", "")


def links_of(remote: str, branch: str, template: str = "") -> Links:
    """Return where the files of a branch are to be seen.

    Args:
        remote: The URL of the remote; user name and password in it are passed over.
        branch: The branch's name there.
        template: What the settings say: an address with ``{path}``, perhaps ``{branch}``, or
            ``none``; '' leaves it to the remote.
    """
    name = _quoted(branch)
    if template == NO_LINKS or (not branch and BRANCH in template):
        return Links()
    if template:
        return Links(template.replace(BRANCH, name))
    web = _web_address(remote)
    if web is None or not branch:
        return Links()
    address, forge = web
    return Links(f"{address}{forge.file.replace(BRANCH, name)}", f"{address}{forge.commit}")


def _web_address(remote: str) -> tuple[str, Forge] | None:
    """Return a repository's own address and what kind of forge it lies on, None if unknown."""
    found = _URL.fullmatch(remote) or (None if "://" in remote else _SHORT.fullmatch(remote))
    if found is None:
        return None
    host, parts = found["host"].lower(), found.groupdict()
    forge = FORGES.get(host) or SELF_HOSTED.get(host.partition(".")[0] if "." in host else "")
    path = found["path"].strip("/").removesuffix(".git")
    if forge is None or "/" not in path:
        return None
    scheme = (parts.get("scheme") or "").lower()
    # Only a port of the web leads to the web.
    is_web = scheme in {"http", "https"}
    port = f":{parts['port']}" if is_web and parts["port"] else ""
    return f"{scheme if is_web else 'https'}://{host}{port}/{_quoted(path)}", forge


def escaped(text: str) -> str:
    """Return a text as Markdown in which nothing of it is taken for a mark."""
    return _MARKUP.sub(r"\\\g<0>", text)


def _link(text: str, address: str) -> str:
    return f"[{escaped(text)}]({address})"


def _quoted(text: str) -> str:
    """Return a text as part of an address; in Markdown nothing of it ends the link."""
    encoded = (char.encode("utf-8", "replace") for char in text)
    return "".join(
        char if char in _PLAIN else "".join(f"%{byte:02X}" for byte in data)
        for char, data in zip(text, encoded, strict=True)
    )
