"""Requests are counted, and refused where there are too many: `services/limits.py` has the limits.

What an answer says of them is draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` the
quotas, `RateLimit` what is left of each and when all of it is back, and Retry-After in a refusal.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from core.limiter import require
from core.rates import Ask, Outcome, whole_seconds
from services.installation import Installation
from services.limits import Caller, Class, Limits, limits_of

# What is not an ordinary request of the API, by method and template.
CLASSES: Final[dict[tuple[str, str], Class]] = {
    ("POST", "/v1/uploads"): Class.UPLOAD,
    ("POST", "/v1/uploads/direct"): Class.UPLOAD,
    ("POST", "/v1/uploads/{upload_id}/complete"): Class.UPLOAD,
    ("DELETE", "/v1/uploads/{upload_id}"): Class.UPLOAD,
    ("POST", "/v1/assets"): Class.UPLOAD,
    ("PATCH", "/v1/uploads/{upload_id}"): Class.FREE,
    ("HEAD", "/v1/uploads/{upload_id}"): Class.FREE,
    ("GET", "/v1/assets/{asset_id}/source"): Class.FREE,
    ("HEAD", "/v1/assets/{asset_id}/source"): Class.FREE,
    ("GET", "/v1/events"): Class.FREE,
    ("POST", "/v1/sign-ups"): Class.SIGN_UP,
    ("POST", "/v1/sign-ups/invited"): Class.SIGN_IN,
    ("POST", "/v1/sign-ups/complete"): Class.SIGN_IN,
    ("POST", "/v1/sessions"): Class.SIGN_IN,
    ("POST", "/v1/sessions/refresh"): Class.SIGN_IN,
    ("POST", "/v1/sessions/second-factor"): Class.SIGN_IN,
    ("POST", "/v1/sessions/passkey"): Class.SIGN_IN,
    ("POST", "/v1/sessions/passkey/options"): Class.SIGN_IN,
    ("GET", "/v1/oidc/{provider}/start"): Class.SIGN_IN,
    ("GET", "/v1/oidc/{provider}/callback"): Class.SIGN_IN,
    ("POST", "/v1/password-resets"): Class.MAIL,
    ("POST", "/v1/password-resets/complete"): Class.SIGN_IN,
    ("POST", "/v1/me/address"): Class.MAIL,
    ("POST", "/v1/me/address/confirm"): Class.SIGN_IN,
    ("POST", "/v1/invitations"): Class.MAIL,
    ("POST", "/v1/invitations/read"): Class.SIGN_IN,
    ("POST", "/v1/invitations/sign-up"): Class.SIGN_IN,
    ("POST", "/v1/ownership"): Class.MAIL,
}
_MEDIA: Final = "/v1/media/"
_API: Final = "/v1/"
_STATE: Final = "rates"

_FIELDS: Final[dict[str, Any]] = {
    "RateLimit-Policy": {
        "description": 'The limits that bind the caller: `"user";q=100;w=60`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'Left of each, and seconds until all is back: `"user";r=99;t=1`.',
        "schema": {"type": "string"},
    },
}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "Retry-After": {
        "description": "Seconds until it may be asked again.",
        "schema": {"type": "string"},
    }
}


def class_of(method: str, template: str) -> Class:
    """What a route is to the limits."""
    found = CLASSES.get((method, template))
    if found is not None:
        return found
    if method == "OPTIONS" or not template.startswith(_API) or template.startswith(_MEDIA):
        return Class.FREE
    return Class.API


async def count(
    request: Request, *, subject: str | None = None, tenant_id: UUID | None = None
) -> None:
    """Count a request of whoever was found to send it; raises RateLimited."""
    limits = of(request.app)
    class_ = class_of(request.method, template_of(request.scope))
    caller = Caller(subject, tenant_id, address_of(request))
    await _take(request, limits, limits.rules.asks(class_, caller))


async def count_refused(request: Request) -> None:
    """Count a request that showed no credentials that hold; raises RateLimited."""
    limits = of(request.app)
    await _take(request, limits, limits.rules.asks_of_refused(Caller(address=address_of(request))))


def of(app: FastAPI) -> Limits:
    """The limits of the application's installation."""
    state = app.state
    current: Installation = state.installation
    if state.limits is None or state.limits[0] is not current.settings:
        state.limits = (current.settings, limits_of(current.settings))
    found: Limits = state.limits[1]
    return found


async def close(app: FastAPI) -> None:
    """Close what was opened to count."""
    if app.state.limits is not None:
        await app.state.limits[1].limiter.aclose()


def template_of(scope: Scope) -> str:
    """The route that was chosen, as it was written."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    route = included or scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", ""))


async def _take(request: Request, limits: Limits, asks: Sequence[Ask]) -> None:
    if not asks:
        return
    if request.app.state.loop is asyncio.get_running_loop():
        outcome = await limits.limiter.take(asks)
    else:  # connections are one loop's; who has another serves nobody but tests
        outcome = limits.limiter.take_alone(asks)
    setattr(request.state, _STATE, outcome)
    require(outcome)


def address_of(request: Request) -> str | None:
    """Where a request comes from: as far as a gateway that is known has told, else its peer."""
    told: str | None = getattr(request.state, "address", None)
    if told is not None:
        return told
    return request.client.host if request.client is not None else None


def fields(outcome: Outcome) -> list[tuple[bytes, bytes]]:
    """The headers that tell an outcome."""
    policies, left = [], []
    for verdict in outcome.verdicts:
        limit = verdict.limit
        seconds = whole_seconds(verdict.wait if verdict.wait > 0 else verdict.reset)
        policies.append(f'"{limit.name}";q={limit.quota};w={limit.seconds}')
        left.append(f'"{limit.name}";r={verdict.remaining};t={seconds}')
    return [
        (b"ratelimit-policy", ", ".join(policies).encode()),
        (b"ratelimit", ", ".join(left).encode()),
    ]


class RateFields:
    """Has every answer to a request that was counted say so."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and _STATE in state:
                headers = [*message.get("headers", ()), *fields(state[_STATE])]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, told)


def describe(document: dict[str, Any]) -> None:
    """Have the document say it of each operation that is counted, or asks for credentials."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            limited = class_of(method.upper(), path) is not Class.FREE
            if not limited and "401" not in operation["responses"]:
                continue
            refused = problems.documented(429)[429]
            answers = operation["responses"]
            answers.setdefault("429", refused)
            for status, answer in answers.items():
                told = _FIELDS | (_RETRY_AFTER if status == "429" else {})
                if limited and "$ref" not in answer:
                    # Of each answer a copy: routes share what they say of their problems.
                    answers[status] = {**answer, "headers": {**answer.get("headers", {}), **told}}
