"""What the tests of the hooks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hooks.hook_clone import Background, Clone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone with recording shims that nothing was synced from yet."""
    for name in ("COMMAND", "TYPE", "MERGE"):
        for start in ("PRE_COMMIT_REWRITE_", "PRE_COMMIT_CHECKOUT_", "PRE_COMMIT_IS_SQUASH_"):
            monkeypatch.delenv(start + name, raising=False)
    return Clone.make(tmp_path)


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    """A stand-in for the detached process; the test decides when it ends."""
    stand_in = Background.make(tmp_path)
    yield stand_in
    (tmp_path / "gate").write_text("")
