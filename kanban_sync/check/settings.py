"""What of the settings concerns a check, read without the YAML library where that is possible.

That library takes longer to import than a check takes. Most settings files say nothing of what
concerns one; what another says is remembered in the state folder, with all its bytes, for they
seldom change from one commit to the next.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import kanban_sync
from kanban_sync.core.limits import Limits
from kanban_sync.core.tuples import NamedTuple
from kanban_sync.core.units import DEFAULTS, SourceSettings

if TYPE_CHECKING:
    from kanban_sync.check.task_files import Place

SETTINGS_FILE = ".kanban-sync.yaml"
RECORDED = "settings.json"
REMEMBERED = "settings-checked.json"

_READERS = ("config.py", "settings_text.py")
_WORDS = (b"sources", b"limits", b"check")


class Settings(NamedTuple):
    """What of the settings concerns a check: where files lie, and what is an error."""

    sources: SourceSettings = DEFAULTS
    levels: tuple[tuple[str, str], ...] = ()


def settings_of(place: Place) -> Settings:
    """Return the settings of the work tree; where it has none, what init noted, or the defaults.

    Raises:
        SettingsError: The settings file has problems; all of them are named.
    """
    path = os.path.join(place.top, SETTINGS_FILE)
    if os.path.exists(path):
        data = b"" if os.path.islink(path) or not os.path.isfile(path) else _bytes(path)
        return _of_file(place, data) if _concern_us(data) else Settings()
    noted = os.path.join(place.state, RECORDED)
    return _of_plain(_plain(noted)) if os.path.exists(noted) else Settings()


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _concern_us(data: bytes) -> bool:
    """Tell whether a settings file may say anything that concerns a check.

    It does not if none of the keys that do stands in it, comments aside; most name only a board.
    """
    lines = (line for line in data.splitlines() if not line.lstrip().startswith(b"#"))
    # What YAML can write otherwise than letter by letter has a backslash.
    return any(b"\\" in line or any(word in line for word in _WORDS) for line in lines)


def _of_file(place: Place, data: bytes) -> Settings:
    """Return what a settings file says: as it is remembered, or else as it is read."""
    kept, mark = _plain(os.path.join(place.state, REMEMBERED)), _mark()
    if kept.get("mark") == mark and str(kept.get("file")).encode() == data:
        return _of_plain(kept)
    return _read(place, data, mark)


def _mark() -> str:
    """Return what tells this program from one that reads settings otherwise."""
    folder = os.path.dirname(kanban_sync.__file__)
    times = (os.stat(os.path.join(folder, name)).st_mtime_ns for name in _READERS)
    return " ".join([kanban_sync.__version__, *map(str, times)])


def _read(place: Place, data: bytes, mark: str) -> Settings:
    """Read a settings file, and remember what it says if this clone has a state folder.

    Raises:
        SettingsError: It has problems; nothing is remembered then.
    """
    import contextlib  # noqa: PLC0415 - once for each state of the file
    import json  # noqa: PLC0415 - as above
    from pathlib import Path  # noqa: PLC0415 - as above

    from kanban_sync import config  # noqa: PLC0415 - as above
    from kanban_sync.core.errors import SetupError  # noqa: PLC0415 - as above
    from kanban_sync.sync.state_folder import StateFolder  # noqa: PLC0415 - as above

    found = config.parse(data, SETTINGS_FILE)
    plain = config.to_json(found)
    if os.path.isdir(place.state):
        told = {"mark": mark, "file": data.decode("utf-8")}
        told |= {name: plain[name] for name in ("sources", "check")}
        state = StateFolder(Path(place.state))
        # A hook may run where nobody may write: it takes a little longer there.
        with contextlib.suppress(SetupError):
            state.replace(state.path / REMEMBERED, json.dumps(told) + "\n")
    return Settings(found.sources, found.check)


def _plain(path: str) -> dict[str, Any]:
    """Return what a file of the state folder holds, nothing if that cannot be read."""
    import json  # noqa: PLC0415 - few clones have such a file

    try:
        found = json.loads(_bytes(path))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_plain(plain: dict[str, Any]) -> Settings:
    """Return what ``config.to_json`` wrote; what is missing has its default."""
    said = {name: plain.get("sources", {}).get(name) for name in SourceSettings._fields}
    limits, dialects = said.pop("limits") or {}, said.pop("dialects") or {}
    globs = {name: tuple(value) for name, value in said.items() if value is not None}
    sources = SourceSettings(**globs, limits=Limits(**limits), dialects=tuple(dialects.items()))
    return Settings(sources, tuple(plain.get("check", {}).items()))
