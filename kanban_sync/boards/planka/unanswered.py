"""Why no answer came, and what to do now: told from what the network or TLS complained about."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanban_sync.boards.planka.answers import Fate, TryAgainError
from kanban_sync.core.errors import BoardError, KanbanSyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPIRED, NOT_YET, SELF_SIGNED, SELF_SIGNED_ABOVE, NO_ISSUER = 10, 9, 18, 19, 20
OTHER_HOST, OTHER_ADDRESS = 62, 64
"""OpenSSL's reasons to refuse a certificate: X509_V_ERR_... in its x509_vfy.h."""

NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
NO_COMMON_TLS = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "SSLV3_ALERT_HANDSHAKE_FAILURE"}
)
NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


class CertificateError(BoardError):
    """Nobody can tell whether it is the right server: nothing was sent to it."""


def error_of(url: str, what: str, error: Exception, fate: Fate) -> KanbanSyncError:
    """Return the error to raise for a request that got no answer.

    Args:
        url: The address of the Planka.
        what: The request, as a message calls it.
        error: What the HTTP library raised.
        fate: What may have become of the request.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and (said := _tls(url, cause)):
            return CertificateError(said)
        if isinstance(cause, OSError) and (said := _network(url, what, cause)):
            return TryAgainError(f"{url} {said}", fate=fate)
    return TryAgainError(
        f"{url} cannot be reached: {str(error) or type(error).__name__}", fate=fate
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _network(url: str, what: str, error: OSError) -> str:
    """Return what is wrong on the way to the server, '' if the error does not tell."""
    if isinstance(error, socket.gaierror):
        host = urlsplit(url).hostname
        return f"cannot be reached: {host} has no address. Are you online, is the name right?"
    if isinstance(error, TimeoutError):
        return f"did not answer in time to {what}. Is the server overloaded, are you online?"
    if isinstance(error, ConnectionRefusedError):
        return "cannot be reached: nothing listens there. Does Planka run, is the port right?"
    if error.errno in NO_WAY:
        return "cannot be reached: there is no way to it. Are you online?"
    return ""


def _tls(url: str, error: ssl.SSLError) -> str:
    """Return what is wrong with the server's TLS, '' if the connection just broke."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{url} is not trusted, and nothing was sent: {_certificate(url, error)}"
    if error.reason in NO_TLS:
        return f"{url} cannot be reached: no TLS is spoken there. Is the port right?"
    if error.reason in NO_COMMON_TLS:
        return f"{url} cannot be reached: it speaks no safe TLS (1.2 or newer); update its TLS"
    return ""


def _certificate(url: str, error: ssl.SSLCertVerificationError) -> str:
    host = urlsplit(url).hostname
    if error.verify_code == EXPIRED:
        return "its certificate has expired; renew it on the server"
    if error.verify_code == NOT_YET:
        return "its certificate is not valid yet; is the clock of this machine right?"
    if error.verify_code in {OTHER_HOST, OTHER_ADDRESS}:
        return f"its certificate is not for {host}; use the name for which it was made"
    if error.verify_code in {SELF_SIGNED, SELF_SIGNED_ABOVE, NO_ISSUER}:
        return (
            "its certificate is signed by nobody who is known here; if it is your own, set"
            " SSL_CERT_FILE to a file with the certificate of who signed it"
        )
    return f"its certificate was refused ({error.verify_message})"
