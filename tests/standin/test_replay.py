"""The stand-in answers as the real Planka did: recorded exchanges are sent to it once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanban_sync.standin.credentials import SIGNATURE
from kanban_sync.standin.server import Standin
from kanban_sync.standin.state import State
from standin import recordings
from standin.recordings import Comparison
from standin.script import SCRIPT, Play, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_REPLAYED = {
    "at-02-file": "only the answer was recorded; the stand-in takes no files",
    "auth-27-config-admin": "the mail settings of a server are nothing to a sync client",
    "n-01-index": "no sync client reads the notifications of people",
    "n-02-index": "no sync client reads the notifications of people",
    "r-14-editor-webhooks": "no sync client uses webhooks: they would need a server of its own",
    "w-01-create": "no sync client uses webhooks: they would need a server of its own",
    "w-02-bad": "no sync client uses webhooks: they would need a server of its own",
    "w-03-index": "no sync client uses webhooks: they would need a server of its own",
}

PLAYED = [step for step in SCRIPT if isinstance(step, Play)]


@pytest.fixture(scope="module")
def differences() -> Iterator[dict[str, list[str]]]:
    """Play the whole script once and collect what differs, by name of the exchange."""
    state = State(password="<password>")
    # The recordings were made with SHOW_DETAILED_AUTH_ERRORS.
    state.credentials.tells_what_was_wrong = True
    with Standin(state=state) as standin:
        stage = Stage(standin)
        found = {}
        for step in SCRIPT:
            if isinstance(step, Play):
                found[step.name] = play(stage, step)
            else:
                step(stage)
        yield found
        stage.client.close()


def play(stage: Stage, step: Play) -> list[str]:
    exchange = recordings.load(step.name)
    request = exchange["request"]
    body = request["json"]
    if step.name.startswith(("auth-02", "auth-03")):
        body = {**body, "pendingToken": stage.secrets["pendingToken"]}
    if step.name.startswith("auth-03"):
        body["signature"] = SIGNATURE
    answer = stage.send(request["method"], request["path"], body, step.actor, dict(step.query))
    comparison = Comparison(stage.ids, stage.standin.url)
    comparison.compare(exchange, answer)
    remember_secrets(stage, step, answer.json() if answer.text[:1] == "{" else {})
    return comparison.faults


def remember_secrets(stage: Stage, step: Play, body: dict[str, object]) -> None:
    if "pendingToken" in body:
        stage.secrets["pendingToken"] = str(body["pendingToken"])
    included = body.get("included")
    if step.name == "auth-14-create-api-key" and isinstance(included, dict):
        stage.actors["admin"] = {"X-Api-Key": included["apiKey"]}


def test_each_recorded_exchange_is_replayed_or_its_absence_explained() -> None:
    played = [step.name for step in PLAYED]

    assert sorted([*played, *NOT_REPLAYED]) == recordings.names()
    assert len(played) >= 120


@pytest.mark.parametrize("name", [step.name for step in PLAYED])
def test_the_standin_answers_as_the_real_server_did(
    name: str,
    differences: dict[str, list[str]],
) -> None:
    assert differences[name] == []
