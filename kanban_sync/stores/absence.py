"""Until when a clone knows its database to have been away, in a small file that outlives commands.

Whoever was alive all the time could not be heard then: by that, nobody is told to be silent.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from kanban_sync.machine_time import Moment, moment

if TYPE_CHECKING:
    from pathlib import Path


class Absence:
    """The last moment at which a database could not be reached, or not be written to."""

    def __init__(self, path: Path) -> None:
        """Bind to a file, which need not be there."""
        self._path = path

    def note(self, *, asked_again: float = 0.0) -> None:
        """Note that it was away until now; where that cannot be noted, it is as if it was not.

        Args:
            asked_again: Seconds after which it may be asked again the next time: it may be away
                for as long without anybody's noting that.
        """
        # Over what it said: where the disk is full, the time at which it was written has to do.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                said = json.dumps([*moment(), asked_again]).encode("ascii")
                os.utime(fd)
                os.pwrite(fd, said, 0)
                os.ftruncate(fd, len(said))
            finally:
                os.close(fd)

    def back_since(self, now: float) -> float:
        """Return since when it has been there, 0 if it was never away; seconds since 1970.

        Args:
            now: The time by the clock by which that is told.
        """
        try:
            written, text = self._path.stat().st_mtime, self._path.read_text("ascii")
        except OSError:
            return 0.0
        try:
            *said, asked_again = json.loads(text)
            noted, asked_again = Moment(*said), float(asked_again)
        except (ValueError, TypeError):
            noted, asked_again = Moment(written), 0.0
        ago = noted.until(moment())
        # One of a time to come was noted before the clock was set back and the machine started.
        return now - ago + asked_again if ago >= 0 else 0.0
