"""Which credential goes to which server: each is bound to the origin that its owner named with it.

In this order: ``PLANKA_API_KEY`` and ``PLANKA_TOKEN`` of the environment, for the origin of
``PLANKA_URL`` only; what ``kanban-sync login`` gave to git's credential helper for an origin;
``PLANKA_USERNAME`` with ``PLANKA_PASSWORD``, again for the origin of ``PLANKA_URL`` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from kanban_sync.address import address, shown
from kanban_sync.core.errors import SetupError, SignInError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

URL_VARIABLE = "PLANKA_URL"
KEY_VARIABLE = "PLANKA_API_KEY"
TOKEN_VARIABLE = "PLANKA_TOKEN"  # noqa: S105 - a name
USER_VARIABLE = "PLANKA_USERNAME"
PASSWORD_VARIABLE = "PLANKA_PASSWORD"  # noqa: S105 - a name
VARIABLES = (URL_VARIABLE, KEY_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE, PASSWORD_VARIABLE)


class Kind(StrEnum):
    """What proves who somebody is; the value names it in messages and before what is kept."""

    API_KEY = "api-key"
    TOKEN = "token"  # noqa: S105 - a name
    PASSWORD = "password"  # noqa: S105 - a name

    @property
    def words(self) -> str:
        """How people call it."""
        return "API key" if self is Kind.API_KEY else self.value


class Keeper(StrEnum):
    """Who gave a credential; the value says so after its name."""

    ENVIRONMENT = "in the environment"
    GIT = "in git's credential helper"
    PERSON = "that you gave"


@dataclass(frozen=True, slots=True)
class Credential:
    """What opens one server; what it shows of itself never tells the secret.

    Attributes:
        kind: How it is used.
        secret: The API key, token or password.
        user: Name or e-mail address; only with a password.
        keeper: Who gave it.

    Raises:
        SetupError: The secret has characters that none has; the message does not tell them.
    """

    kind: Kind
    secret: str = field(repr=False)
    user: str = ""
    keeper: Keeper = Keeper.ENVIRONMENT

    def __post_init__(self) -> None:
        """Refuse what cannot be sent, before anybody's error message shows it."""
        if self.kind is Kind.PASSWORD:
            _check_text(self.user + self.secret)
        elif not self.secret.isascii() or not self.secret.isprintable() or " " in self.secret:
            raise SetupError(f"the {self.kind.words} holds characters that none has; copy it again")

    def __str__(self) -> str:
        """Return how messages name it: by where it is from."""
        if self.keeper is not Keeper.ENVIRONMENT:
            return f"the {self.kind.words} {self.keeper}"
        return {
            Kind.API_KEY: KEY_VARIABLE,
            Kind.TOKEN: TOKEN_VARIABLE,
            Kind.PASSWORD: PASSWORD_VARIABLE,
        }[self.kind]

    @property
    def headers(self) -> dict[str, str]:
        """What goes out with each request; a password first has to be exchanged for a token."""
        # Never both: with a bearer token, even a bad one, Planka does not look at the key.
        if self.kind is Kind.API_KEY:
            return {"X-Api-Key": self.secret}
        return {"Authorization": f"Bearer {self.secret}"} if self.kind is Kind.TOKEN else {}

    @property
    def kept(self) -> str:
        """The text under which git's helper keeps it: which kind it is, and the secret."""
        return f"{self.kind}:{self.secret}"


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        # Its own message would tell the text.
        raise SetupError("the user name or password holds bytes that are no text") from None


def api_key(text: str, keeper: Keeper = Keeper.ENVIRONMENT) -> Credential:
    """Return an API key, without blanks around it such as the line end of its file.

    Raises:
        SetupError: It has characters that no key has.
    """
    return Credential(Kind.API_KEY, text.strip(), keeper=keeper)


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: what a credential is bound to.

    Raises:
        SetupError: It is no URL.
    """
    parts = address(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def credential_for(
    url: str, environment: Mapping[str, str], ask: Callable[[str], str]
) -> Credential:
    """Return what its owner has bound to the origin of a URL.

    Args:
        url: Where the board is; a repository may have named it.
        environment: The user's.
        ask: Given a URL, returns what git's helper keeps for its origin, '' if it keeps nothing.

    Raises:
        SignInError: There is none, or it was given for another server; no request is to be made.
        SetupError: One of the URLs is none, or a secret holds what none holds.
    """
    named = environment.get(URL_VARIABLE, "").strip()
    wanted = origin(url)
    is_named = bool(named) and origin(named) == wanted
    found = _given(environment) if is_named else None
    found = found or of_kept(ask(url)) or (_password(environment) if is_named else None)
    if found is None:
        raise SignInError(_missing(url, named, environment))
    return found


def of_kept(text: str) -> Credential | None:
    """Return the credential that git's helper keeps, None where what it gave is none of ours.

    A helper that answers to every name, or with a person's own password, is not believed.
    """
    kind, mark, secret = text.partition(":")
    if not mark or not secret or kind not in {Kind.API_KEY, Kind.TOKEN}:
        return None
    return Credential(Kind(kind), secret, keeper=Keeper.GIT)


def login_command(url: str) -> str:
    """Return the command that binds a credential to a server."""
    return f"kanban-sync login {shown(url)}"


def renewal(url: str, found: Credential) -> str:
    """Return what to do where the server does not accept a credential."""
    if found.keeper is not Keeper.ENVIRONMENT:
        return f"run '{login_command(url)}' with a new one"
    if found.kind is Kind.API_KEY:
        return f"let an admin of the Planka make a new API key, and set {KEY_VARIABLE}"
    if found.kind is Kind.TOKEN:
        return f"set {TOKEN_VARIABLE} to one that is not expired or revoked"
    return f"correct {USER_VARIABLE} and {PASSWORD_VARIABLE}"


def _given(environment: Mapping[str, str]) -> Credential | None:
    for kind, name in ((Kind.API_KEY, KEY_VARIABLE), (Kind.TOKEN, TOKEN_VARIABLE)):
        if secret := environment.get(name, "").strip():
            return Credential(kind, secret)
    return None


def _password(environment: Mapping[str, str]) -> Credential | None:
    user = environment.get(USER_VARIABLE, "").strip()
    password = environment.get(PASSWORD_VARIABLE, "")
    return Credential(Kind.PASSWORD, password, user) if user and password else None


def _missing(url: str, named: str, environment: Mapping[str, str]) -> str:
    """Say that there is no credential for a server, and which one there is for another."""
    names = (KEY_VARIABLE, TOKEN_VARIABLE, PASSWORD_VARIABLE)
    others = [name for name in names if environment.get(name, "").strip()]
    if not others:
        return (
            f"there is no key for {shown(url)}: run '{login_command(url)}', or set"
            f" {URL_VARIABLE} and {KEY_VARIABLE} in the environment in which you commit (an admin"
            " of the Planka makes the key: Administration, Users)"
        )
    if named and origin(named) == origin(url):
        text = f"{PASSWORD_VARIABLE} is set without {USER_VARIABLE}"
        return f"{text}; set both, or run '{login_command(url)}'"
    return (
        f"{others[0]} belongs to {shown(named) or 'no server'} and is not sent to {shown(url)}:"
        f" run '{login_command(url)}', or set {URL_VARIABLE} to the server for which it was made"
    )
