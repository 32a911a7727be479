"""A program: runs `kanban-sync` as nobody, with all modules loaded before it loses its rights."""

from __future__ import annotations

import codecs
import importlib
import os
import pkgutil
import sys

import kanban_sync
from kanban_sync.cli.main import main

NOBODY = 65534


def load_everything() -> None:
    """Import all that may be needed: the folders of Python and of ours may be closed to others."""
    importlib.import_module("ruamel.yaml.comments")
    for encoding in ("utf-8-sig", "idna", "latin-1", "ascii", "utf-16-le"):
        codecs.lookup(encoding)
    for module in pkgutil.walk_packages(kanban_sync.__path__, "kanban_sync."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


if __name__ == "__main__":
    load_everything()
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    main(sys.argv[1:])
