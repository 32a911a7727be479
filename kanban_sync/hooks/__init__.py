"""The git hooks: sh shims that look, and the hot path that starts the detached sync."""

from __future__ import annotations

from pathlib import Path

HOOKS = ("post-commit", "post-merge", "post-rewrite", "post-checkout")
"""The hooks of git that trigger a sync; one script serves them all."""


def shims() -> Path:
    """Return the folder with one sh script per hook, each with an empty header."""
    here = Path(__file__).resolve().parent
    packaged = here / "shims"
    # A checkout has them at its top, where git users look for them.
    return packaged if packaged.is_dir() else here.parents[1] / "hooks"


def hot_path() -> Path:
    """Return the file that a shim runs when something changed."""
    return Path(__file__).resolve().with_name("hot.py")
