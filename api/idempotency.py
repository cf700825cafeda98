"""Idempotency-Key: a request that is sent again has one effect, and is answered the same.

A route opts in by taking `OnceDep` instead of a session and giving it what is to be done.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api import problems
from api.context import InstallationDep, PlaceDep
from core.errors import AutomatorError, Locked, Retryable
from services import idempotency
from services.idempotency import Answer, InProgress, Reused
from services.installation import Installation, Place

# Bodies that are streamed are not part of a request's fingerprint: they may be of any size.
_STREAMED: Final = "application/offset+octet-stream"
_TOLD: Final = ("content-type", "upload-length", "upload-metadata")
_KEPT_HEADERS: Final = (
    "content-type", "etag", "location", "cache-control", "upload-offset", "upload-expires",
)  # fmt: skip
_REPLAYED: Final = {"Idempotent-Replayed": "true"}
# Who asks again may be answered otherwise.
_PASSING: Final = (InProgress, Reused, Locked, Retryable)

KeyHeader = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any string of your own, such as a UUID: within 24 hours, a request that is"
        " repeated with its key is done once and answered the same.",
    ),
]


class Once:
    """Does one request's work in one transaction, unless it has been done."""

    def __init__(
        self, installation: Installation, place: Place, key: str | None, fingerprint: bytes
    ) -> None:
        """Without a `key`, the work is done whenever it is asked for."""
        self._installation, self._place = installation, place
        self._key, self._fingerprint = key, fingerprint

    def __call__(
        self, act: Callable[[Session], BaseModel | Response | None], *, status: int = 200
    ) -> Response:
        """The answer to what `act` returns, committed; or the one that was given before."""
        try:
            with self._installation.tenant_scope(self._place) as session:
                if self._key is not None:
                    kept = idempotency.find(
                        session, self._place.tenant_id, self._key, self._fingerprint
                    )
                    if kept is not None:
                        headers = {**kept.headers, **_REPLAYED}
                        return Response(kept.body, kept.status, headers)
                answer = _response(act(session), status)
                self._keep(session, answer)
                return answer
        except AutomatorError as error:
            if error.status < 500 and not isinstance(error, _PASSING):
                self._keep_alone(problems.of(error))
            raise

    def _keep_alone(self, answer: Response) -> None:
        """What has had no effect is recorded by itself."""
        if self._key is not None:
            with self._installation.tenant_scope(self._place) as session:
                self._keep(session, answer)

    def _keep(self, session: Session, answer: Response) -> None:
        if self._key is not None:
            told = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            kept = Answer(answer.status_code, told, bytes(answer.body))
            idempotency.keep(session, self._place.tenant_id, self._key, self._fingerprint, kept)


def _response(made: BaseModel | Response | None, status: int) -> Response:
    if isinstance(made, Response):
        return made
    if made is None:
        return Response(status_code=204)
    return Response(made.model_dump_json(), status, media_type="application/json")


async def once_in_any_turn(
    request: Request, current: InstallationDep, where: PlaceDep, key: KeyHeader = None
) -> Once:
    """For a route that is long at work and takes care itself of how many are."""
    if key is None:
        return Once(current, where, None, b"")
    digest = hashlib.sha256()
    parts = [request.method, request.url.path, request.url.query]
    parts += [request.headers.get(name, "") for name in _TOLD]
    for part in parts:
        digest.update(part.encode() + b"\0")
    if request.headers.get("content-type") != _STREAMED:
        digest.update(await request.body())
    return Once(current, where, key, digest.digest())


async def once(
    request: Request, found: Annotated[Once, Depends(once_in_any_turn)]
) -> AsyncIterator[Once]:
    """For any other. Whoever has no connection yet waits here, where that takes no thread."""
    async with request.app.state.turns:
        yield found


OnceDep = Annotated[Once, Depends(once, scope="function")]
OnceInAnyTurnDep = Annotated[Once, Depends(once_in_any_turn)]
