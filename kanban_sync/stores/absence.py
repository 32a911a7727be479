"""Until when a clone knows its database to have been away, in a small file that outlives commands.

Whoever was alive all the time could not be heard then: by that, nobody is told to be silent.

It is noted by which name the database was away. Once it has answered by another one, that the first
name leads nowhere says nothing of the database any more, until it has answered by that, too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.machine_time import Moment, moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANY = ""
"""Stands for the name where the database is away by whatever name."""


class Away(NamedTuple):
    """What is known of the database by one name.

    ``noted`` is when it was away by that name last, ``again`` after how many seconds it may have
    been asked again the next time, and ``refused`` whether it answered, but could not be written
    to. ``is_over`` tells that it has answered by that name since, and ``passed`` when it answered
    by another one first.
    """

    noted: Moment
    again: float = 0.0
    refused: bool = False
    is_over: bool = False
    passed: Moment | None = None

    def back(self, *, is_mine: bool) -> tuple[Moment, float]:
        """Return the moment, and how many seconds after it the database was there again."""
        return (self.noted, self.again) if self.passed is None or is_mine else (self.passed, 0.0)


class Absence:
    """The last moments at which a database could not be reached, or not be written to."""

    def __init__(self, path: Path, name: str) -> None:
        """Bind to a file, which need not be there, and the name by which the database is used."""
        self._path = path
        self._name = name

    def note(self, *, again: float = 0.0, refused: bool = False, by_any_name: bool = False) -> None:
        """Note that it was away until now; where that cannot be noted, it is as if it was not.

        Args:
            again: Seconds after which it may be asked again the next time: it may be away for as
                long without anybody's noting that.
            refused: Whether it has answered, and could not be written to.
            by_any_name: Whether that is so by whatever name.
        """
        name = ANY if by_any_name else self._name

        def noted(known: dict[str, Away]) -> dict[str, Away]:
            was = known.get(name)
            passed = was.passed if was is not None and not was.is_over else None
            return {**known, name: Away(moment(), again, refused, passed=passed)}

        self._change(noted)

    def answered(self, may_write: Callable[[], bool], *, was_away: bool = False) -> None:
        """Note that it has answered just now, if anything was said of its being away.

        Args:
            may_write: Asks whether it can be written to.
            was_away: Whether this clone has gone on with a copy until now.
        """
        known = self._known()
        if was_away and not known:
            self._change(lambda known: known or {self._name: Away(moment(), is_over=True)})
        waits = [each for name, each in known.items() if self._is_told_by_answer(name, each)]
        if waits:
            is_writable = any(each.refused for each in waits) and may_write()
            self._change(lambda known: self._after_answer(known, is_writable=is_writable))

    def back_since(self, now: float) -> float:
        """Return since when it has been there, 0 if it was never away; seconds since 1970.

        Args:
            now: The time by the clock by which that is told.
        """
        here, found = moment(), 0.0
        for name, each in self._known().items():
            back, later = each.back(is_mine=name == self._name)
            ago = back.until(here)
            # One of a time to come was noted before the clock was set back and the machine started.
            if ago >= 0:
                found = max(found, now - ago + later)
        return found

    def _is_told_by_answer(self, name: str, each: Away) -> bool:
        if name == self._name:
            # Who was refused may have been the last to ask, and that long ago.
            return not each.is_over and (not each.refused or each.passed is not None)
        return name != ANY and not each.is_over and each.passed is None

    def _after_answer(self, known: dict[str, Away], *, is_writable: bool) -> dict[str, Away]:
        here, found = moment(), dict(known)
        for name, each in known.items():
            if self._is_told_by_answer(name, each) and (is_writable or not each.refused):
                over = Away(here, is_over=True, passed=each.passed)
                found[name] = over if name == self._name else each._replace(passed=here)
        return found

    def _known(self) -> dict[str, Away]:
        try:
            written, text = self._path.stat().st_mtime, self._path.read_text("ascii")
        except OSError:
            return {}
        return _parsed(text, written)

    def _change(self, change: Callable[[dict[str, Away]], dict[str, Away]]) -> None:
        # Over what it said: where the disk is full, the time at which it was written has to do.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                with contextlib.suppress(OSError):
                    fcntl.flock(fd, fcntl.LOCK_EX)
                size = os.fstat(fd).st_size
                text = os.pread(fd, size, 0).decode("ascii", "replace")
                known = _parsed(text, os.fstat(fd).st_mtime) if size else {}
                said = json.dumps(change(known)).encode("ascii")
                os.utime(fd)
                os.pwrite(fd, said, 0)
                os.ftruncate(fd, len(said))
            finally:
                os.close(fd)


def _parsed(text: str, written: float) -> dict[str, Away]:
    """Return what a file says, or that it was away as it was written, if that is all it says."""
    try:
        return {name: _away(*said) for name, said in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return {ANY: Away(Moment(written))}


def _away(
    noted: list[object], again: float, refused: object, is_over: object, passed: list[object] | None
) -> Away:
    at = Moment(*noted)  # type: ignore[arg-type]
    before = Moment(*passed) if passed is not None else None  # type: ignore[arg-type]
    return Away(at, float(again), bool(refused), bool(is_over), before)
