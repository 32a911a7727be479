"""A ``git`` first in PATH that writes down each call."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put it there, and return the file that has a line for each call."""
    noted = folder / "calls"
    programs = folder / "programs"
    programs.mkdir()
    git = shlex.quote(shutil.which("git") or "")
    wrapper = programs / "git"
    wrapper.write_text(f'#!/bin/sh\necho "$*" >>{shlex.quote(str(noted))}\nexec {git} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return noted
