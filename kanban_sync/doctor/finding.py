"""What one check of the doctor has to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``ok`` is None where it is only good to know.

    ``remedy`` is a command or a sentence, '' where there is nothing to do.
    """

    name: str
    ok: bool | None
    text: str
    remedy: str = ""
