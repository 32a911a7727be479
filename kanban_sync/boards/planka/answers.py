"""What an answer means: the JSON that was asked for, or the error of whose fault it is."""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum
from html import unescape
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from kanban_sync.boards.planka.api import ENTRY
from kanban_sync.core.errors import (
    BoardError,
    BoardUnreachableError,
    KanbanSyncError,
    RefusedError,
    RightsError,
    SignInError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanban_sync.boards.planka.api import Json, Request

REDIRECTS = range(300, 400)
REFUSALS = frozenset({400, 413, 422})
WANTS_SIGN_IN = frozenset({401, 403, 407})

AWAY = frozenset({502, 503, 504, *range(520, 531)})
"""What a proxy answers that does not get through to Planka, Cloudflare's codes included."""

BUSY = AWAY | {408, 425, 429}

LATE = frozenset({504, 522, 524})
"""The proxy stopped to wait, but Planka may still be at it."""

LONGEST_TITLE = 80
SIGN_IN = re.compile(r"log-?in|sign-?in|/sso|/auth|oauth|/saml", re.IGNORECASE)

SET_URL = "set the board's URL (PLANKA_URL, planka.url) to the one at which people open Planka"
"""What to do where something else than a Planka answers."""


class Fate(Enum):
    """What may have become of a request that got no proper answer."""

    UNDONE = "nobody has acted on it"
    UNSURE = "it is over, done or not: looking tells"
    UNDER_WAY = "it may still be done"


class NotThereError(RefusedError):
    """The thing does not exist, or this account may not see it: Planka does not tell which."""


class StrangeError(BoardError):
    """Something answered that is no Planka of a kind that is known here."""


class TryAgainError(BoardUnreachableError):
    """There is no answer now; ``after`` is in seconds, None if nobody said when to come back."""

    def __init__(self, message: str, after: float | None = None, fate: Fate = Fate.UNSURE) -> None:
        """Keep how long the server asked to wait, and what may have become of the request."""
        super().__init__(message)
        self.after = after
        self.fate = fate


class BrokenError(TryAgainError):
    """Planka broke on this request (500): because of what is in it, or because it is unwell."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers with lower-case names, and the body's bytes.

    ``url`` is the address of the Planka that was asked, for messages.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = ""

    @property
    def is_json(self) -> bool:
        """Whether it says that it is JSON."""
        return "json" in self.headers.get("content-type", "")

    @property
    def is_page(self) -> bool:
        """Whether it says that it is for people to read in a browser."""
        return "html" in self.headers.get("content-type", "")

    @property
    def looks(self) -> str:
        """Return what it is, as a message may call it: status and the title of the page."""
        if not self.is_page:
            return str(self.status)
        found = re.search(
            rb"<title[^>]*>(.*?)</title>", self.body[:65536], re.DOTALL | re.IGNORECASE
        )
        title = plain(unescape(found[1].decode("utf-8", "replace"))) if found else ""
        return f"{self.status}, a web page" + (f" titled {title!r}" if title else "")


def read(request: Request, answer: Answer) -> Json:
    """Return the answer's JSON object; empty where what was to be made is there already.

    Raises:
        SignInError: 401, and any refusal where a password is exchanged for a token.
        RightsError: 403.
        NotThereError: 404.
        RefusedError: 400, 413 and 422.
        BrokenError: 500.
        TryAgainError: 408, 425, 429 and what a proxy answers while Planka is away.
        StrangeError: A redirect, a web page, or anything else that is no answer of Planka's API.
    """
    if answer.status == HTTPStatus.OK:
        return _json(request, answer)
    if answer.status == HTTPStatus.CONFLICT:
        # What was to be made exists already: that is what was wanted.
        return {}
    raise _no_data(request, answer) or _error_of(request, answer)


def _no_data(request: Request, answer: Answer) -> KanbanSyncError | None:
    """Return the error for what a Planka does not say of itself, None if it may be its word."""
    status = answer.status
    if status in REDIRECTS:
        return _redirected(request, answer)
    if status in BUSY or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.is_page):
        return _not_now(request, answer)
    if status in REFUSALS and request.path != ENTRY:
        return _refused(request, answer)
    if answer.is_page or status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return _page(request, answer)
    return None


def _error_of(request: Request, answer: Answer) -> KanbanSyncError:
    """Return the error for what Planka says."""
    status, message = answer.status, _message(answer)
    at_the_door = request.path == ENTRY and status in {*REFUSALS, HTTPStatus.FORBIDDEN}
    if status == HTTPStatus.UNAUTHORIZED or at_the_door:
        return SignInError(_refusal(answer))
    if status == HTTPStatus.FORBIDDEN:
        text = f"{answer.url} answered {request}: {message or 'forbidden'}"
        return RightsError(f"{text}; the account has to be an editor of the board")
    if status == HTTPStatus.NOT_FOUND:
        return NotThereError(f"{answer.url} answered {request}: {message or 'not found'}")
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return BrokenError(f"{answer.url} broke on {request} (500); its log tells why")
    text = f"{answer.url} gave an unexpected answer to {request}: {status} {message}".rstrip()
    return StrangeError(f"{text}; {SET_URL}")


def _json(request: Request, answer: Answer) -> Json:
    if not answer.is_json:
        raise _page(request, answer)
    try:
        value = json.loads(answer.body)
    except ValueError as error:
        text = (
            f"the answer of {answer.url} to {request} was cut off; if that stays so, look at the"
            " server's log"
        )
        raise TryAgainError(text) from error
    except RecursionError as error:
        text = f"{answer.url} answered {request} with JSON that is nested far too deeply"
        raise StrangeError(f"{text}, as no Planka does; {SET_URL}") from error
    if not isinstance(value, dict):
        text = f"{answer.url} answered {request} with JSON that is no object"
        raise StrangeError(f"{text}, as no Planka does; {SET_URL}")
    return value


def _redirected(request: Request, answer: Answer) -> StrangeError:
    """Say where to; a redirect is never followed, since the credential is for one origin only."""
    try:
        target = urljoin(f"{answer.url}{request.path}", answer.headers.get("location", ""))
        parts, here = urlsplit(target), urlsplit(answer.url)
    except ValueError:
        return StrangeError(f"{answer.url} sends {request} on to what is no address; {SET_URL}")
    # What follows the path may be a secret of the page that it leads to.
    shown = plain(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", 200)
    text = f"{answer.url} sends {request} on to {shown}, and no redirect is followed"
    if parts.path.endswith(request.path):
        base = shown.removesuffix(request.path)
        return StrangeError(f"{text}; set the board's URL (PLANKA_URL, planka.url) to {base}")
    if SIGN_IN.search(parts.path) or parts.hostname != here.hostname:
        return StrangeError(
            f"{text}: that looks like a sign-in page in front of Planka; let {answer.url}/api pass"
            " without it, or use a URL behind it"
        )
    return StrangeError(f"{text}; {SET_URL}")


def _not_now(request: Request, answer: Answer) -> TryAgainError:
    status, after = answer.status, _retry_after(answer)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        text = f"{answer.url} allows no more requests for now (429); try again later"
        return TryAgainError(text, after, Fate.UNDONE)
    text = (
        f"{answer.url} is not ready: {answer.looks}, for {request}; a proxy answers so while the"
        " Planka behind it is away. See whether it runs"
    )
    return TryAgainError(text, after, Fate.UNDER_WAY if status in LATE else Fate.UNSURE)


def _refused(request: Request, answer: Answer) -> RefusedError:
    message = _message(answer) or f"refused, the request is too large or invalid ({answer.looks})"
    return RefusedError(f"{request}: {message}")


def _page(request: Request, answer: Answer) -> StrangeError:
    if answer.status in WANTS_SIGN_IN:
        return StrangeError(
            f"something in front of Planka at {answer.url} refuses {request} ({answer.looks}): a"
            f" proxy that wants a sign-in of its own. Let {answer.url}/api pass without it"
        )
    return StrangeError(
        f"{answer.url} answered {request} with a web page instead of data ({answer.looks});"
        f" {SET_URL}, without a further path"
    )


def _refusal(answer: Answer) -> str:
    """Return why the server lets nobody in, and what a person has to do about it."""
    if fields_of(answer).get("step") == "accept-terms":
        return (
            "Planka wants this account to accept its terms first, and kanban-sync does not do that"
            " for anybody: open the server in a web browser, sign in as this account, read the"
            " terms and accept them, then try again (an API key needs no such step)"
        )
    said = _message(answer) or "it does not say why"
    return (
        f"Planka does not accept the credential: {said}; check the user name and the password, or"
        " use an API key, which an admin of the Planka makes"
    )


def _message(answer: Answer) -> str:
    value = fields_of(answer)
    problems = value.get("problems")
    said = [plain(str(each), 500) for each in problems] if isinstance(problems, list) else []
    return "; ".join(said) or plain(str(value.get("message", "")), 500)


def fields_of(answer: Answer) -> Json:
    """Return the JSON object of an answer of any status, empty where it is none."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _retry_after(answer: Answer) -> float | None:
    """Return how many seconds to wait, from a number or a date; None if nobody said."""
    asked = answer.headers.get("retry-after", "")
    try:
        seconds = float(asked)
    except ValueError:
        until = _time_of(asked)
    else:
        return None if math.isnan(seconds) else max(0.0, seconds)
    if until is None:
        return None
    # Its clock and ours may differ; its own Date is what it meant.
    now = _time_of(answer.headers.get("date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def _time_of(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def plain(text: str, limit: int = LONGEST_TITLE) -> str:
    """Return a stranger's text as one short line that does nothing to a terminal."""
    line = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return line if len(line) <= limit else f"{line[:limit]}…"
