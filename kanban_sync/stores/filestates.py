"""What a database keeps of each clone's files: the tip of each layer, the state of each slot."""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.core.ports import SATISFIED_BY, FilesState
from kanban_sync.core.records import slot_from_json, slot_to_json
from kanban_sync.core.satisfying import is_strict
from kanban_sync.stores.tips import TIPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.core.slots import SlotState
    from kanban_sync.stores.transactions import Transaction

SLOTS = "SELECT slot, state FROM slots WHERE project = ? AND clone = ?"
SLOT_DIGESTS = "SELECT slot, md5(state) FROM slots WHERE project = ? AND clone = ?"

WRITE_TIP = """
INSERT INTO tips (project, clone, layer, tip) VALUES (?, ?, ?, ?)
ON CONFLICT (project, clone, layer) DO UPDATE SET tip = excluded.tip
"""
WRITE_SLOT = """
INSERT INTO slots (project, clone, slot, state) VALUES (?, ?, ?, ?)
ON CONFLICT (project, clone, slot) DO UPDATE SET state = excluded.state
"""
FORGET_TIP = "DELETE FROM tips WHERE project = ? AND clone = ? AND layer = ?"
FORGET_SLOT = "DELETE FROM slots WHERE project = ? AND clone = ? AND slot = ?"

CLONES = """
SELECT clone, seen, (SELECT coalesce(max(said), 0) FROM projects WHERE project = ?1),
       (SELECT tip FROM tips AS t
         WHERE t.project = ?1 AND t.clone = clones.clone AND t.layer = '{satisfied_by}')
  FROM clones WHERE project = ?1
""".replace("{satisfied_by}", SATISFIED_BY)
WRITE_CLONE = """
INSERT INTO clones (project, clone, seen) VALUES (?, ?, ?)
ON CONFLICT (project, clone) DO UPDATE SET seen = excluded.seen
"""
COUNT_SAID = """
INSERT INTO projects (project, merges, said) VALUES (?, 0, 1)
ON CONFLICT (project) DO UPDATE SET said = projects.said + 1
"""
TAKE_OVER = (
    "UPDATE tips SET clone = ? WHERE project = ? AND clone = ''",
    "UPDATE slots SET clone = ? WHERE project = ? AND clone = ''",
)

UNNAMED = ""
"""The clone that recorded what is from before clones had names."""


class Met(NamedTuple):
    """The state of a slot, its JSON, and what tells that JSON from others: its MD5, or itself."""

    state: SlotState
    text: str
    mark: str


class Clones(NamedTuple):
    """The clones that share a project, each with how much had been said when it looked last.

    ``marks`` are what they recorded of their settings, of those that did.
    """

    seen: Mapping[str, int]
    said: int
    marks: Mapping[str, str] = MappingProxyType({})

    @property
    def were_strict(self) -> bool:
        """Whether the default branch had to say that what is needed is done."""
        return is_strict(self.marks.values())

    def are_strict(self, clone: str, tips: Mapping[str, str]) -> bool:
        """Whether it has to, now that one records these tips."""
        own = (tips[SATISFIED_BY],) if SATISFIED_BY in tips else ()
        return is_strict((*own, *self.marks_of_others(clone)))

    def marks_of_others(self, clone: str) -> tuple[str, ...]:
        """Return what all but one recorded of their settings."""
        return tuple(mark for each, mark in sorted(self.marks.items()) if each != clone)

    def is_shared(self, clone: str) -> bool:
        """Whether there are others besides one."""
        return bool(self.seen.keys() - {clone})

    def has_news(self, clone: str) -> bool:
        """Whether another one has said something since this one looked."""
        return self.is_shared(clone) and self.seen.get(clone) != self.said


class RecordedFiles:
    """The tables, and the states of slots as this process last met them, with their JSON.

    Making or reading that JSON costs more than all the rest of a merge; most slots stay as they
    are from one to the next.
    """

    def __init__(self, project: str, clone: str, *, has_md5: bool) -> None:
        self._project = project
        self._clone = clone
        self._has_md5 = has_md5
        self._met: dict[str, Met] = {}

    def read(self, db: Transaction) -> FilesState:
        """Return what this clone recorded last."""
        clones = self.clones(db)
        clone = self._clone if self._clone in clones.seen else UNNAMED
        if clone in clones.seen and clone != self._clone:
            others = clones.marks_of_others(self._clone)
            return FilesState({}, {}, is_shared=True, has_news=True, marks_of_others=others)
        slots = self._all(db, SLOTS, clone)
        return FilesState(
            self._all(db, TIPS, clone),
            {slot: self._read(slot, slots[slot]).state for slot in slots},
            clones.is_shared(self._clone),
            clones.has_news(self._clone),
            marks_of_others=clones.marks_of_others(clone),
        )

    def clones(self, db: Transaction) -> Clones:
        """Return who else there is, and whether there is news."""
        rows = db.execute(CLONES, (self._project,)).fetchall()
        seen = {clone: seen for clone, seen, *_ in rows}
        marks = {clone: mark for clone, *_, mark in rows if mark}
        return Clones(seen, rows[0][2] if rows else 0, marks)

    def take_over(self, db: Transaction, clones: Clones) -> None:
        """Let a clone that merges for the first time go on where nobody by name has been."""
        if self._clone not in clones.seen and UNNAMED not in clones.seen:
            for statement in TAKE_OVER:
                db.execute(statement, (self._clone, self._project))

    def count(self, db: Transaction, clones: Clones, *, has_said: bool) -> None:
        """Note that this clone has looked, and whether it has said something to others."""
        is_heard = has_said and clones.is_shared(self._clone)
        if is_heard:
            db.execute(COUNT_SAID, (self._project,))
        said = clones.said + is_heard
        if clones.seen.get(self._clone) != said:
            db.execute(WRITE_CLONE, (self._project, self._clone, said))

    def write(self, db: Transaction, files: FilesState) -> bool:
        """Record what is new or different, forget what is gone; tell whether a slot changed."""
        self._write_tips(db, files.tips)
        new = {slot: self._meet(slot, state) for slot, state in files.slots.items()}
        old = self._all(db, SLOT_DIGESTS if self._has_md5 else SLOTS, self._clone)
        written = [slot for slot in new if old.get(slot) != new[slot].mark]
        forgotten = [slot for slot in old if slot not in new]
        here = (self._project, self._clone)
        db.executemany(WRITE_SLOT, [(*here, slot, new[slot].text) for slot in written])
        db.executemany(FORGET_SLOT, [(*here, slot) for slot in forgotten])
        return bool(written or forgotten)

    def _write_tips(self, db: Transaction, new: Mapping[str, str]) -> None:
        old = self._all(db, TIPS, self._clone)
        here = (self._project, self._clone)
        written = [(*here, name, new[name]) for name in new if old.get(name) != new[name]]
        db.executemany(WRITE_TIP, written)
        db.executemany(FORGET_TIP, [(*here, name) for name in old if name not in new])

    def _all(self, db: Transaction, query: str, clone: str) -> dict[str, str]:
        return dict(db.execute(query, (self._project, clone)).fetchall())

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
