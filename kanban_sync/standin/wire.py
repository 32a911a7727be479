"""What an answer looks like on the wire: its tag, and how it is packed."""

from __future__ import annotations

import base64
import gzip
import hashlib

_WORTH_PACKING = 1024
_TAG_CHARACTERS = 27


def tag_of(body: bytes) -> str:
    """Return the weak entity tag of a body."""
    digest = base64.b64encode(hashlib.sha1(body).digest()).decode()  # noqa: S324 - a tag, no secret
    return f'W/"{len(body):x}-{digest[:_TAG_CHARACTERS]}"'


def is_unchanged(tag: str, asked: str | None, cache_control: str | None) -> bool:
    """Tell whether a client that sends `If-None-Match` knows the body already."""
    if asked is None or "no-cache" in (cache_control or ""):
        return False
    known = {one.strip().removeprefix("W/") for one in asked.split(",")}
    return asked.strip() == "*" or tag.removeprefix("W/") in known


def packed(body: bytes, accepted: str | None) -> bytes | None:
    """Pack a body for a client that takes gzip, or return None if it goes as it is."""
    names = {part.partition(";")[0].strip() for part in (accepted or "").split(",")}
    if len(body) < _WORTH_PACKING or not names & {"gzip", "*"}:
        return None
    return gzip.compress(body, compresslevel=1, mtime=0)


def in_chunks(body: bytes) -> bytes:
    """Frame a body whose length the headers do not tell."""
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
