"""Which tips of layers a clone has recorded; asked before each answer, so it loads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanban_sync.stores.transactions import Transaction

TIPS = "SELECT layer, tip FROM tips WHERE project = ? AND clone = ?"


def tips_of(db: Transaction, project: str, clone: str) -> dict[str, str]:
    """Return the tip of each layer, as a clone recorded it last."""
    return dict(db.execute(TIPS, (project, clone)).fetchall())
