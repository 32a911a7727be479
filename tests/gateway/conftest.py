"""One gateway for all tests of a process that leave its tasks as they found them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.caller import Gateway, shop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, _isolated: None) -> Iterator[Gateway]:
    """A gateway whose tasks nobody changes but by adding others."""
    with Gateway(shop(tmp_path_factory.mktemp("served") / "shop")) as found:
        yield found
