"""Conditions: what a client has seen, and whether it still holds (RFC 9110, section 13).

A tag is `"v<version>-<digest>"`. The digest is of the whole answer, so that If-None-Match misses
no change. The version counts what people change: If-Match compares it alone, because nobody's
edit is lost when a stage ends in between.
"""

import hashlib
import re
from typing import Annotated, Any, Final

from fastapi import Header, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.problems import invalid

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_OURS: Final = re.compile(r"v([0-9]{1,9})-[0-9a-f]{16}")

# What an answer with a tag, and one without a body, say in the document.
TAGGED: Final[dict[str, Any]] = {
    "headers": {"ETag": {"description": "Of this state.", "schema": {"type": "string"}}}
}
# What an answer says of something new: where it is from now on.
LOCATED: Final[dict[str, Any]] = {
    "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
}
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "It is as If-None-Match says"}
}

IfMatch = Annotated[str | None, Header(max_length=4096, description="An ETag, or `*`.")]
IfNoneMatch = Annotated[str | None, Header(max_length=4096, description="An ETag that is known.")]


def tagged(out: BaseModel, version: int, *, known: str | None = None) -> Response:
    """An answer with its tag; 304 where the client knows it already."""
    body = out.model_dump_json().encode()
    tag = f'"v{version}-{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if known is not None and _knows(known, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")


def _knows(header: str, tag: str) -> bool:
    """Weakly, as RFC 9110 has it for If-None-Match."""
    if header.strip() == "*":
        return True
    return any(f'"{found[2]}"' == tag for found in _TAG.finditer(header))


def versions(if_match: str | None) -> frozenset[int] | None:
    """The versions that If-Match allows; None where any is allowed, or nothing is said."""
    if if_match is None or if_match.strip() == "*":
        return None
    parts = [part.strip() for part in if_match.split(",")]
    tags = [_TAG.fullmatch(part) for part in parts]
    found = set()
    for tag in tags:
        if tag is None:
            raise invalid("/header/if-match", "it must be an ETag as it was sent, or *")
        ours = _OURS.fullmatch(tag[2])
        # A weak tag matches nothing here, and neither does one that we did not make.
        if ours is not None and not tag[1]:
            found.add(int(ours[1]))
    return frozenset(found)


def required_versions(if_match: str | None) -> frozenset[int] | None:
    """The same, where a change without a condition could undo another's: 428 without one."""
    if if_match is None:
        raise HTTPException(428, "send If-Match with the ETag that you have seen, or *")
    return versions(if_match)
