"""What the headers of an answer say about a file, read strictly: a server may say anything."""

import re
from email.utils import parsedate_to_datetime
from http.client import HTTPMessage
from typing import Protocol
from urllib.parse import unquote

from core.errors import Rejected

_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,512}"')
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_NAME = re.compile(r"filename\*=utf-8'[^']{0,20}'([^;\s]{1,2000})", re.IGNORECASE)
_PLAIN_NAME = re.compile(r'filename="([^"]{1,2000})"|filename=([^";\s]{1,2000})', re.IGNORECASE)


class Known(Protocol):
    """What is known of a file of which some has come."""

    @property
    def total(self) -> int | None:
        """How long it is, if that is known."""
        ...

    @property
    def validator(self) -> str | None:
        """What the server called it."""
        ...


def check_coding(headers: HTTPMessage) -> None:
    """Raise Rejected for a body that would have to be unpacked: it may be a bomb."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", ""):
        raise Rejected("the server sends the file compressed, which is not taken")
    transfer = headers.get_all("transfer-encoding", ["chunked"])
    if [one.strip().lower() for one in transfer] != ["chunked"]:
        raise Rejected("the server sends the file in a coding that is not taken")


def length_of(headers: HTTPMessage) -> int | None:
    """How long the body is; None where its end will tell. Raises Rejected for nonsense."""
    given = {value.strip() for value in headers.get_all("content-length", [])}
    if not given or "transfer-encoding" in headers:
        return None
    (length, *more) = given
    if more or not _LENGTH.fullmatch(length):
        raise Rejected("the server does not say plainly how long the file is")
    return int(length)


def validator_of(headers: HTTPMessage) -> str | None:
    """What tells this state of the file from any other (RFC 9110, 8.8), or None.

    A date does so only where the file was not changed within the second before the answer.
    """
    etag = headers.get("etag", "").strip()
    if etag:
        return etag if _ETAG.fullmatch(etag) else None
    modified, now = (headers.get(name, "").strip() for name in ("last-modified", "date"))
    if not (_DATE.fullmatch(modified) and _DATE.fullmatch(now)):
        return None
    try:
        age = parsedate_to_datetime(now) - parsedate_to_datetime(modified)
    except ValueError:
        return None
    return modified if age.total_seconds() >= 1 else None


def continuation(headers: HTTPMessage, start: int, known: Known) -> tuple[int, int] | None:
    """Where the bytes of a partial answer end, and the file; None where it is not what we have."""
    found = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        return None
    first, last, total = map(int, found.groups())
    if first != start or not first <= last < total or known.total not in (None, total):
        return None
    # The server was told which file is meant; one that names another has not listened.
    etag, modified = (headers.get(name, "").strip() for name in ("etag", "last-modified"))
    dated = known.validator is not None and known.validator[0] != '"'
    if _ETAG.fullmatch(etag) and etag != known.validator and not dated:
        return None
    if dated and modified and modified != known.validator:
        return None
    return last + 1, total


def text_of(value: str) -> str:
    """A header's value as it was meant: servers send UTF-8, which is read as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def named(headers: HTTPMessage) -> str:
    """What the server calls the file, as hostile as the rest; empty where it does not."""
    disposition = text_of(headers.get("content-disposition", ""))
    if found := _NAME.search(disposition):
        return unquote(found[1])
    if found := _PLAIN_NAME.search(disposition):
        return found[1] or found[2]
    return ""
