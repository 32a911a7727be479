"""Lets the commands be started as ``python -m kanban_sync``."""

from __future__ import annotations

from kanban_sync.cli.start import main

if __name__ == "__main__":
    main()
