"""What a database keeps of the files: the tip of each layer and the state of each slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanban_sync.core.ports import FilesState
from kanban_sync.core.records import slot_from_json, slot_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.layers import SlotState
    from kanban_sync.stores.sql import Transaction

TIPS = "SELECT layer, tip FROM tips WHERE project = ?"
SLOTS = "SELECT slot, state FROM slots WHERE project = ?"

WRITE_TIP = """
INSERT INTO tips (project, layer, tip) VALUES (?, ?, ?)
ON CONFLICT (project, layer) DO UPDATE SET tip = excluded.tip
"""
WRITE_SLOT = """
INSERT INTO slots (project, slot, state) VALUES (?, ?, ?)
ON CONFLICT (project, slot) DO UPDATE SET state = excluded.state
"""
FORGET_TIP = "DELETE FROM tips WHERE project = ? AND layer = ?"
FORGET_SLOT = "DELETE FROM slots WHERE project = ? AND slot = ?"


class RecordedFiles:
    """The two tables, and the states of slots as this process last met them, with their JSON.

    Making or reading that JSON costs more than all the rest of a merge; most slots stay as they
    are from one to the next.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._met: dict[str, tuple[SlotState, str]] = {}

    def read(self, db: Transaction) -> FilesState:
        """Return what was recorded last."""
        slots = self._all(db, SLOTS)
        return FilesState(
            self._all(db, TIPS), {slot: self._state(slot, slots[slot]) for slot in slots}
        )

    def write(self, db: Transaction, files: FilesState) -> bool:
        """Record what is new or different, forget what is gone; tell whether a slot changed."""
        slots = {slot: self._text(slot, state) for slot, state in files.slots.items()}
        self._replace(db, self._all(db, TIPS), files.tips, WRITE_TIP, FORGET_TIP)
        return self._replace(db, self._all(db, SLOTS), slots, WRITE_SLOT, FORGET_SLOT)

    def _all(self, db: Transaction, query: str) -> dict[str, str]:
        return dict(db.execute(query, (self._project,)).fetchall())

    def _replace(
        self,
        db: Transaction,
        old: Mapping[str, str],
        new: Mapping[str, str],
        write: str,
        forget: str,
    ) -> bool:
        written = [(self._project, name, new[name]) for name in new if old.get(name) != new[name]]
        forgotten = [(self._project, name) for name in old if name not in new]
        db.executemany(write, written)
        db.executemany(forget, forgotten)
        return bool(written or forgotten)

    def _state(self, slot: str, text: str) -> SlotState:
        met = self._met.get(slot)
        if met is None or met[1] != text:
            met = self._met[slot] = (slot_from_json(text), text)
        return met[0]

    def _text(self, slot: str, state: SlotState) -> str:
        met = self._met.get(slot)
        if met is None or met[0] != state:
            met = self._met[slot] = (state, slot_to_json(state))
        return met[1]
