"""What a problem of each code looks like: the document's examples."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from api.problem_codes import CODES, Code
from api.schemas.examples import ASSET, REQUEST

# RFC 9110's words, where those of Python's releases differ, and what tus adds to HTTP.
_PHRASES: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    460: "Checksum Mismatch",
}
# The code of a status, where the status is not called like it.
_USUAL: Final = {
    413: "too_large",
    422: "invalid_request",
    429: "rate_limited",
    500: "internal",
    503: "unavailable",
}
# What is said of one; of the others, what their code means.
_DETAILS: Final = {
    "unauthorized": "an access token or an API key is needed",
    "wrong_code": "the code is wrong, was used, or has ended",
    "forbidden": "who is an editor may not do this",
    "quota_exceeded": "the tenant may store 50000000000 bytes, and 1288490188 are free",
    "not_found": f"there is no asset {ASSET}",
    "conflict": "the asset is not in the trash",
    "idempotency_key_in_use": "the first request with this Idempotency-Key is being answered",
    "idempotency_key_reused": "this Idempotency-Key was used for another request",
    "precondition_failed": "it is at version 4: look at it again",
    "precondition_required": "send If-Match with the ETag that you have seen, or *",
    "length_required": "the request must say how long its body is",
    "too_large": "a body has at most 1048576 bytes",
    "unsupported_media_type": "the body must be application/json",
    "invalid_request": "the request does not fit its schema",
    "rate_limited": "too many requests: try again in 2 s",
    "internal": "something went wrong on our side",
    "unavailable": "the database cannot be reached",
}
_MEMBERS: Final[dict[str, dict[str, Any]]] = {
    "quota_exceeded": {
        "quota": "stored_bytes",
        "limit": 50_000_000_000,
        "used": 48_511_509_812,
        "reserved": 200_000_000,
        "free": 1_288_490_188,
        "wanted": 4_294_967_296,
    },
    "invalid_request": {
        "errors": [
            {
                "pointer": "/query/limit",
                "detail": "Input should be less than or equal to 200",
            }
        ]
    },
    "rate_limited": {"violated-policies": ["user"]},
}
_BY_CODE: Final[Mapping[str, Code]] = {one.code: one for one in CODES}


def phrase(status: int) -> str:
    """The title of a problem of this status."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def usual(status: int) -> str:
    """The code that an answer of this status has where nothing more is known."""
    return _USUAL.get(status) or phrase(status).lower().replace(" ", "_")


def status_of(code: str) -> int:
    """The status of a problem of this code."""
    found = _BY_CODE[code].status
    assert found is not None, f"{code} stands in the errors of stages alone"
    return found


def type_of(code: str) -> str:
    """The `type` of a problem of this code."""
    return f"urn:brand-automator:problem:{code}"


def example(code: str) -> dict[str, Any]:
    """A problem of this code, whole."""
    status = status_of(code)
    return {
        "type": type_of(code),
        "title": phrase(status),
        "status": status,
        "code": code,
        "detail": _DETAILS.get(code, _BY_CODE[code].meaning),
        **_MEMBERS.get(code, {}),
        "request_id": REQUEST,
    }
