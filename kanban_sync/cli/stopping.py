"""How commands end that go on until they are told to: by SIGTERM as by Ctrl-C."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Stopped(BaseException):
    """Somebody asked the process to end; nothing on the way is to catch it."""


class Stop:
    """Whether SIGTERM has come: it ends what goes on, as Ctrl-C does."""

    is_asked = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear of it."""
        before = signal.signal(signal.SIGTERM, self._asked)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        # Once is enough: what is done on the way out is not to be cut off. Where Python drops the
        # exception, as while it takes an object apart, the next turn ends by what is kept here.
        if not self.is_asked:
            self.is_asked = True
            raise Stopped
