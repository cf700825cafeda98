"""Idempotency-Key: a request that is sent again has one effect, and is answered the same.

A route opts in by taking one of the dependencies below instead of a session, and giving it what is
to be done: `OnceDep` for what is the tenant's, in its cell, `OncePeopleDep` for what people do in
the directory. What either of them answered is given to who asked, and to nobody else.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api import access, problems, trails
from api.context import InstallationDep, PlaceDep, PrincipalDep, permission
from core.errors import AutomatorError, Locked, QuotaExceeded, Retryable, Unauthenticated
from core.sealing import Sealer
from services import audit, idempotency
from services.idempotency import Answer, Asker, InProgress, Reused
from services.installation import Installation, Place
from services.standing import Principal

# Bodies that are streamed are not part of a request's fingerprint: they may be of any size.
_STREAMED: Final = "application/offset+octet-stream"
_TOLD: Final = ("content-type", "upload-length", "upload-metadata")
_KEPT_HEADERS: Final = (
    "content-type", "etag", "location", "cache-control", "upload-offset", "upload-expires",
)  # fmt: skip
REPLAYED: Final = {"Idempotent-Replayed": "true"}
# Who asks again may be answered otherwise.
_PASSING: Final = (InProgress, Reused, Locked, QuotaExceeded, Retryable, Unauthenticated)
_SECRET: Final = {"Cache-Control": "no-store"}

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
Act = Callable[[Session], BaseModel | Response | None]


class Once(ABC):
    """Does one request's work in one transaction, unless it has been done."""

    def __init__(self, key: str | None, fingerprint: bytes) -> None:
        """Without a `key`, the work is done whenever it is asked for."""
        self._key, self._fingerprint = key, fingerprint

    def __call__(self, act: Act, *, status: int = 200, secret: bool = False) -> Response:
        """The answer to what `act` returns, committed; or the one that was given before.

        `secret` answers are kept sealed, and nobody on the way keeps them.
        """
        try:
            with self._scope() as session:
                if self._key is not None:
                    kept = self._find(session, self._key)
                    if kept is not None:
                        headers = {**kept.headers, **REPLAYED}
                        return Response(kept.body, kept.status, headers)
                made = act(session)
                answer = _response(made, status, _SECRET if secret else {})
                trails.note_answer(answer, made)
                self._record(session)
                if self._key is not None:
                    self._keep(session, self._key, _kept(answer), secret=secret)
                return answer
        except AutomatorError as error:
            if error.status < 500 and not isinstance(error, _PASSING):
                self._keep_alone(problems.of(error))
            raise

    def _keep_alone(self, answer: Response) -> None:
        """What has had no effect is recorded by itself, unless who asked has just gone."""
        if self._key is not None:
            with suppress(IntegrityError), self._scope() as session:
                self._keep(session, self._key, _kept(answer), secret=False)

    @abstractmethod
    def _scope(self) -> AbstractContextManager[Session]:
        """The transaction of the work."""

    @abstractmethod
    def _record(self, session: Session) -> None:
        """Say in the audit log what was done."""

    @abstractmethod
    def _find(self, session: Session, key: str) -> Answer | None: ...

    @abstractmethod
    def _keep(self, session: Session, key: str, answer: Answer, *, secret: bool) -> None: ...


class OnceForTenant(Once):
    """The same in a tenant's cell, with its rights."""

    def __init__(
        self, installation: Installation, place: Place, key: str | None, fingerprint: bytes
    ) -> None:
        """`fingerprint` tells who asks, too."""
        super().__init__(key, fingerprint)
        self._installation, self._place = installation, place

    def _scope(self) -> AbstractContextManager[Session]:
        return self._installation.tenant_scope(self._place)

    def _record(self, session: Session) -> None:
        audit.record(session)

    def _sealer(self, session: Session) -> Sealer:
        return self._installation.keyring.tenant(session, self._place.tenant_id)

    def _find(self, session: Session, key: str) -> Answer | None:
        tenant_id, sealer = self._place.tenant_id, self._sealer(session)
        return idempotency.find(session, tenant_id, key, self._fingerprint, sealer=sealer)

    def _keep(self, session: Session, key: str, answer: Answer, *, secret: bool) -> None:
        tenant_id, sealer = self._place.tenant_id, self._sealer(session) if secret else None
        idempotency.keep(session, tenant_id, key, self._fingerprint, answer, sealer=sealer)


class OnceForPeople(Once):
    """The same in the directory, with the rights of people; everything that is kept is sealed."""

    def __init__(
        self, installation: Installation, asker: Asker, key: str | None, fingerprint: bytes
    ) -> None:
        """`asker` is who may be given the answer again."""
        super().__init__(key, fingerprint)
        self._installation, self._asker = installation, asker

    def _scope(self) -> AbstractContextManager[Session]:
        return self._installation.identity_scope()

    def _record(self, session: Session) -> None:
        audit.record_in_directory(session)

    def _sealer(self, session: Session) -> Sealer:
        return self._installation.keyring.people(session)

    def _find(self, session: Session, key: str) -> Answer | None:
        sealer = self._sealer(session)
        return idempotency.find_of(session, sealer, self._asker, key, self._fingerprint)

    def _keep(self, session: Session, key: str, answer: Answer, *, secret: bool) -> None:
        sealer = self._sealer(session)
        idempotency.keep_of(session, sealer, self._asker, key, self._fingerprint, answer)

    def amended(self, act: Act, *, status: int = 200) -> Response:
        """The answer to what `act` finds, instead of the one before: what was under way is done."""
        with self._scope() as session:
            answer = _response(act(session), status, {})
            if self._key is not None:
                sealer, kept = self._sealer(session), _kept(answer)
                key, fingerprint = self._key, self._fingerprint
                idempotency.replace_of(session, sealer, self._asker, key, fingerprint, kept)
            return answer


def _response(made: BaseModel | Response | None, status: int, headers: dict[str, str]) -> Response:
    if isinstance(made, Response):
        made.headers.update(headers)
        return made
    if made is None:
        return Response(status_code=204)
    return Response(made.model_dump_json(), status, headers, "application/json")


def _kept(answer: Response) -> Answer:
    told = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    return Answer(answer.status_code, told, bytes(answer.body))


def made_at(out: BaseModel, location: str) -> Response:
    """The answer to what was made, and where it is from now on."""
    headers = {"Location": location}
    return Response(out.model_dump_json(), 201, headers, "application/json")


async def _fingerprint(request: Request, *about: object) -> bytes:
    """A digest of what is asked, of `about`, and of whom it is asked."""
    digest = hashlib.sha256()
    parts = [request.method, request.url.path, request.url.query]
    parts += [request.headers.get(name, "") for name in _TOLD]
    for part in (*parts, *map(str, about)):
        digest.update(part.encode() + b"\0")
    if request.headers.get("content-type") != _STREAMED:
        digest.update(await request.body())
    return digest.digest()


async def once_in_any_turn(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    key: KeyHeader = None,
) -> OnceForTenant:
    """For a route that is long at work and takes care itself of how many are."""
    if key is None:
        return OnceForTenant(current, where, None, b"")
    return OnceForTenant(current, where, key, await _fingerprint(request, asker.subject))


async def once(
    request: Request, found: Annotated[OnceForTenant, Depends(once_in_any_turn)]
) -> AsyncIterator[OnceForTenant]:
    """For any other. Whoever has no connection yet waits here, where that takes no thread."""
    async with request.app.state.turns:
        yield found


async def once_for_people_in_any_turn(
    request: Request, current: InstallationDep, asker: PrincipalDep, key: KeyHeader = None
) -> OnceForPeople:
    """The same for people, for a route that is to be `in_turn` itself."""
    known = _asker(request, asker)
    if key is None:
        return OnceForPeople(current, known, None, b"")
    return OnceForPeople(current, known, key, await _fingerprint(request, known.tenant_id))


async def once_for_people(
    request: Request, found: Annotated[OnceForPeople, Depends(once_for_people_in_any_turn)]
) -> AsyncIterator[OnceForPeople]:
    """The same for any other."""
    async with request.app.state.turns:
        yield found


def _asker(request: Request, found: Principal) -> Asker:
    """Of what somebody does as a person it does not count which tenant they look at."""
    as_person = permission(request) == access.PERSON[access.PERMISSION]
    tenant_id = None if as_person or found.place is None else found.place.tenant_id
    return Asker(found.subject, found.user_id, tenant_id)


OnceDep = Annotated[OnceForTenant, Depends(once, scope="function")]
OnceInAnyTurnDep = Annotated[OnceForTenant, Depends(once_in_any_turn)]
OncePeopleDep = Annotated[OnceForPeople, Depends(once_for_people, scope="function")]
OncePeopleInAnyTurnDep = Annotated[OnceForPeople, Depends(once_for_people_in_any_turn)]
