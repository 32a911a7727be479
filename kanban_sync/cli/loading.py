"""What is loaded before a command begins: until then Ctrl-C ends the process there and then.

Python drops what is raised at some places of an import, and goes on, or tells of it at length.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from kanban_sync.cli.process import INTERRUPTED

if TYPE_CHECKING:
    from types import FrameType


class Loading:
    """Whatever is done within may be cut off anywhere, as by SIGTERM."""

    _is_mine = False

    def __enter__(self) -> None:
        """Take Ctrl-C over, unless somebody else hears of it, or nobody is to."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # Any other thread than the first one is not interrupted by it.
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGINT, _leave)
                self._is_mine = True

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        if self._is_mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
