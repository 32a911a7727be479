"""How kanban-sync complains: in one line, and never with a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from system.synced_clone import SyncedClone


def one_line(text: str) -> str:
    """Return the one line that somebody was told."""
    lines = text.splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


def traces(clone: SyncedClone) -> list[str]:
    """Return what the detached processes have left of tracebacks, and of words for nobody."""
    logs = (path.read_text() for path in clone.state.log.glob("*.log"))
    stray = clone.state.log / "background.out"
    return [
        *(text for text in logs if "Traceback" in text),
        *([stray.read_text()] if stray.exists() and stray.stat().st_size else []),
    ]
