"""Recorded exchanges of a real Planka 2.1.1, and how an answer is held against one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

EXCHANGES = Path(__file__).parents[1] / "data" / "planka" / "exchanges"

_ORIGIN = "http://127.0.0.1:13337"
_ID = re.compile(r"[1-9][0-9]{18}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SECRETS = ("<token>", "<api-key>")
# Fields whose values are made up anew by each server.
_RANDOM = frozenset({"apiKeyPrefix"})
_MOMENTS = frozenset({"createdAt", "updatedAt", "listChangedAt"})


def names() -> list[str]:
    """Return the name of each recorded exchange."""
    return sorted(path.stem for path in EXCHANGES.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    """Read one recorded exchange."""
    exchange: dict[str, Any] = json.loads((EXCHANGES / f"{name}.json").read_text("utf-8"))
    return exchange


@dataclass
class Ids:
    """Which id of the recordings is which id here; each pair is seen for the first time once."""

    here: dict[str, str] = field(default_factory=dict)

    def learn(self, recorded: str, here: str) -> None:
        """Note that two ids mean one thing."""
        self.here[recorded] = here

    def translate(self, text: str) -> str:
        """Replace each known id of the recordings in a text."""
        return _ID.sub(lambda found: self.here.get(found[0], found[0]), text)

    def translate_json(self, value: object) -> object:
        """Replace each known id of the recordings in a JSON value."""
        if isinstance(value, str):
            return self.translate(value)
        if isinstance(value, list):
            return [self.translate_json(one) for one in value]
        if isinstance(value, dict):
            return {name: self.translate_json(one) for name, one in value.items()}
        return value

    def fault(self, recorded: str, here: object) -> str | None:
        """Compare two ids, learning the pair if both are new."""
        known = self.here.get(recorded)
        if known is None and isinstance(here, str) and _ID.fullmatch(here):
            if here in self.here.values():
                return f"is {here}, known as another record"
            self.learn(recorded, here)
            return None
        return None if known == here else f"is {here!r}, not {known!r}"


class Comparison:
    """Holds one answer against one recording and collects the differences."""

    def __init__(self, ids: Ids, origin: str) -> None:
        self.faults: list[str] = []
        self._ids = ids
        self._origin = origin

    def compare(self, exchange: Mapping[str, Any], answer: httpx.Response) -> None:
        """Collect every difference that a client could notice."""
        self._equal("status", exchange["status"], answer.status_code)
        for name in ("x-exit", "content-type"):
            self._equal(name, exchange["headers"].get(name), answer.headers.get(name))
        self._tag(exchange, answer)
        kind = answer.headers.get("content-type", "")
        if kind.startswith("application/json"):
            self._json("body", exchange["body"], answer.json())
        elif kind.startswith("text/plain"):
            self._equal("body", exchange["body"], answer.text)
        elif not answer.text.startswith("<!doctype html>"):
            self.faults.append("body is no page")

    def _tag(self, exchange: Mapping[str, Any], answer: httpx.Response) -> None:
        recorded, here = exchange["headers"].get("etag"), answer.headers.get("etag")
        self._equal("has etag", recorded is not None, here is not None)
        if answer.text == json.dumps(exchange["body"], ensure_ascii=False, separators=(",", ":")):
            self._equal("etag", recorded, here)

    def _json(self, place: str, recorded: object, here: object) -> None:
        name = place.rpartition(".")[2]
        if isinstance(recorded, dict) and isinstance(here, dict):
            self._equal(f"{place} keys", sorted(recorded), sorted(here))
            for key in recorded.keys() & here.keys():
                self._json(f"{place}.{key}", recorded[key], here[key])
        elif isinstance(recorded, list) and isinstance(here, list):
            self._equal(f"{place} length", len(recorded), len(here))
            for index, (one, other) in enumerate(zip(recorded, here, strict=False)):
                self._json(f"{place}[{index}]", one, other)
        elif isinstance(recorded, str) and isinstance(here, str):
            self._text(place, name, recorded, here)
        else:
            self._equal(place, (_kind(recorded), recorded), (_kind(here), here))

    def _text(self, place: str, name: str, recorded: str, here: str) -> None:
        if name in _RANDOM or recorded in _SECRETS:
            self._equal(f"{place} is empty", expected=False, here=not here)
        elif name in _MOMENTS:
            self._equal(f"{place} is a moment", expected=True, here=bool(_MOMENT.fullmatch(here)))
        elif _ID.fullmatch(recorded):
            fault = self._ids.fault(recorded, here)
            if fault:
                self.faults.append(f"{place} {fault}")
        else:
            expected = self._ids.translate(recorded).replace(_ORIGIN, self._origin)
            self._equal(place, expected, here)

    def _equal(self, place: str, expected: object, here: object) -> None:
        if expected != here:
            self.faults.append(f"{place}: {here!r}, recorded {expected!r}")


def _kind(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(type(value).__name__)
    return "number" if isinstance(value, int | float) else type(value).__name__
