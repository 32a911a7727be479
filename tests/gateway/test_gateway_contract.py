"""What the gateway says of itself in OpenAPI is what it does, whatever is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from gateway.caller import Gateway, shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

LEFT_OUT = ("/events/stream", "/review", "/block", "/fail")
"""What has no end, and what is made as another one is."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory, _isolated: None) -> Iterator[Gateway]:
    with Gateway(shop(tmp_path_factory.mktemp("described") / "shop")) as found:
        yield found


def test_all_that_is_described_answers_as_it_is_described(mine: Gateway) -> None:
    headers = {"Authorization": f"Bearer {mine.token}"}
    url = f"http://127.0.0.1:{mine.port}"
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json", headers=headers)
    count = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path.endswith(LEFT_OUT):
            continue
        count += 1
        for mode in schemathesis.GenerationMode:
            if mode is schemathesis.GenerationMode.NEGATIVE and operation.path == "/health":
                # There is no wrong way to ask for it.
                continue
            strategy = operation.as_strategy(generation_mode=mode)

            @seed(1)
            @settings(
                max_examples=2,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def answers(case: Case[Any]) -> None:
                for said in (case.query, case.body):
                    if isinstance(said, dict) and "wait" in said:
                        # What is described is described also of those who do not wait.
                        said["wait"] = said["wait"] if isinstance(said["wait"], str) else 0
                case.call_and_validate(headers=headers, checks=CHECKS)

            answers()
    assert count > 12
    assert "Traceback" not in mine.errors
