"""For how long things are kept; the same for every store."""

from __future__ import annotations

PARSES_KEPT = 1000
"""For how many merges a remembered parse is kept that none of them asked for.

Merges that changed nothing do not count: they write nothing.
"""

ASKED_NOTED = 100
"""Only every so many merges is it noted that a parse was asked for: it need not cost each one."""

RUNS_KEPT = 200
"""How many runs of each target are kept."""
