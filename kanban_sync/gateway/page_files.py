"""The files of the page in the browser, which come with the package."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "page"
FIRST = "index.html"

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
"""What may be among the files of the page, by the ending."""

MENTION = re.compile(rb"""["'](?:/page|\.)/([\w-]+\.\w+)["']""")
"""How one file of the page names another that it needs."""


def page_files() -> dict[str, bytes]:
    """Return the files of the page by name.

    Raises:
        OSError: They cannot be read.
    """
    folder = files("kanban_sync.gateway") / FOLDER
    return {
        each.name: each.read_bytes()
        for each in folder.iterdir()
        if each.name.rpartition(".")[2] in MEDIA_TYPES
    }


def missing(found: Mapping[str, bytes]) -> list[str]:
    """Return the names of files that others of the page need, and that are not among them."""
    named = {name.decode() for text in found.values() for name in MENTION.findall(text)}
    return sorted({FIRST, *named} - found.keys())
