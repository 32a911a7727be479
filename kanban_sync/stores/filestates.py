"""What a database keeps of the files: the tip of each layer and the state of each slot."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.ports import FilesState
from kanban_sync.core.records import slot_from_json, slot_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.layers import SlotState
    from kanban_sync.stores.transactions import Transaction

TIPS = "SELECT layer, tip FROM tips WHERE project = ?"
SLOTS = "SELECT slot, state FROM slots WHERE project = ?"
SLOT_DIGESTS = "SELECT slot, md5(state) FROM slots WHERE project = ?"

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


class Met(NamedTuple):
    """The state of a slot, its JSON, and what tells that JSON from others: its MD5, or itself."""

    state: SlotState
    text: str
    mark: str


class RecordedFiles:
    """The two tables, and the states of slots as this process last met them, with their JSON.

    Making or reading that JSON costs more than all the rest of a merge; most slots stay as they
    are from one to the next.
    """

    def __init__(self, project: str, *, has_md5: bool) -> None:
        self._project = project
        self._has_md5 = has_md5
        self._met: dict[str, Met] = {}

    def read(self, db: Transaction) -> FilesState:
        """Return what was recorded last."""
        slots = self._all(db, SLOTS)
        return FilesState(
            self._all(db, TIPS), {slot: self._read(slot, slots[slot]).state for slot in slots}
        )

    def write(self, db: Transaction, files: FilesState) -> bool:
        """Record what is new or different, forget what is gone; tell whether a slot changed."""
        self._write_tips(db, files.tips)
        new = {slot: self._meet(slot, state) for slot, state in files.slots.items()}
        old = self._all(db, SLOT_DIGESTS if self._has_md5 else SLOTS)
        written = [slot for slot in new if old.get(slot) != new[slot].mark]
        forgotten = [slot for slot in old if slot not in new]
        db.executemany(WRITE_SLOT, [(self._project, slot, new[slot].text) for slot in written])
        db.executemany(FORGET_SLOT, [(self._project, slot) for slot in forgotten])
        return bool(written or forgotten)

    def _write_tips(self, db: Transaction, new: Mapping[str, str]) -> None:
        old = self._all(db, TIPS)
        written = [(self._project, name, new[name]) for name in new if old.get(name) != new[name]]
        db.executemany(WRITE_TIP, written)
        db.executemany(FORGET_TIP, [(self._project, name) for name in old if name not in new])

    def _all(self, db: Transaction, query: str) -> dict[str, str]:
        return dict(db.execute(query, (self._project,)).fetchall())

    def _read(self, slot: str, text: str) -> Met:
        met = self._met.get(slot)
        if met is None or met.text != text:
            met = self._met[slot] = Met(slot_from_json(text), text, self._mark(text))
        return met

    def _meet(self, slot: str, state: SlotState) -> Met:
        met = self._met.get(slot)
        if met is None or met.state != state:
            text = slot_to_json(state)
            met = self._met[slot] = Met(state, text, self._mark(text))
        return met

    def _mark(self, text: str) -> str:
        if not self._has_md5:
            return text
        data = text.encode(errors="surrogatepass")
        return hashlib.md5(data, usedforsecurity=False).hexdigest()
