"""What a clone is called by others that share its database, and how a copy of it is told from it.

The file ``clone`` in the state folder has a line for each place where the folder has been: an id,
and two marks of the place. Whoever copies the folder (``cp -r``) copies the file; no mark of it is
that of the copy then, which gets another id. A folder that is moved within its file system keeps
its marks. The first id of all is what a database knows the clone by that lies in the same folder
and is copied along with it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

DIGITS = 16


class Place(NamedTuple):
    """Where a folder is: two marks, of which a copy has neither.

    The first stays when the folder is moved, the second when its device gets another number, as
    some do whenever the machine starts.
    """

    on_device: str
    on_path: str


def place_of(folder: Path) -> Place:
    """Return the place of a folder.

    Raises:
        OSError: It cannot be looked at.
    """
    found = folder.stat()
    path = hashlib.sha256(str(Path(folder).resolve()).encode(errors="surrogateescape"))
    return Place(f"{found.st_dev}:{found.st_ino}", f"{found.st_ino}@{path.hexdigest()[:DIGITS]}")


def first_id(text: str) -> str:
    """Return the first id in the file of names, empty if there is none."""
    return next(iter(text.split()), "")


def id_at(text: str, place: Place) -> str:
    """Return the id of the clone at a place, empty if nobody has named it yet.

    Every process makes the same one of what was copied.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for id_, *marks in lines:
        # What was named by a release that knew no places belongs to whoever comes first.
        if not marks or set(marks) & set(place):
            return id_
    made_of = " ".join((first_id(text), *place))
    return hashlib.sha256(made_of.encode()).hexdigest()[:DIGITS] if lines else ""


def noted(text: str, place: Place) -> str:
    """Return the file of names with the marks of a place at its id."""
    id_ = id_at(text, place)
    line = " ".join((id_, *place))
    lines = [line if each.split()[0] == id_ else each for each in text.splitlines() if each.strip()]
    return "".join(f"{each}\n" for each in (lines if line in lines else [*lines, line]))
