"""Uploads that may be interrupted: tus 1.0.0 (https://tus.io/protocols/resumable-upload).

An upload becomes the asset of the same id, with a run on it. Extensions: creation,
creation-with-upload, expiration, termination, checksum.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar
from uuid import UUID

from anyio import CancelScope, move_on_after, sleep, to_thread
from fastapi import Depends, Header, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import PUBLIC, needs
from api.context import InstallationDep, PlaceDep
from api.idempotency import OnceInAnyTurnDep
from api.problems import documented, invalid, pointing
from api.routing import Router
from api.schemas.upload import UploadOut
from core.errors import Locked, Rejected, TooLarge
from models.upload import Upload
from services import uploads
from services.installation import Installation, Place
from services.permissions import Action
from services.uploads import Turn

if TYPE_CHECKING:
    from hashlib import _Hash

_T = TypeVar("_T")

router = Router(prefix="/uploads", tags=["uploads"])

VERSION: Final = "1.0.0"
_PATH: Final = "/v1/uploads"
_BODY: Final = "application/offset+octet-stream"
_ALGORITHMS: Final = ("sha256", "sha1", "md5")
BUFFER_BYTES: Final = 4 << 20
_TICK_SECONDS: Final = 0.5
_WRITE_SECONDS: Final = 1.0
# A client that says nothing for so long may come back and go on.
_IDLE_SECONDS: Final = 60.0
# How long a client waits for its own earlier request to let go, and how often it looks.
_TURN_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05
_METADATA_BYTES: Final = 4096
_TOLD_IN: Final = "/header/upload-metadata"


def _headers(*names: str) -> dict[str, Any]:
    known = {
        "Location": "Where the upload is.",
        "Upload-Offset": "How many bytes have come; the last one counts with the asset.",
        "Upload-Expires": "When the upload is given up, unless more of it comes.",
        "Upload-Length": "How many bytes the file has.",
        "Upload-Metadata": "What was said of it when it was announced.",
    }
    return {
        "description": "See the headers.",
        "headers": {
            name: {"description": known[name], "schema": {"type": "string"}} for name in names
        },
    }


# What taking in a body may answer, beside what looking for its upload may.
_LOOKS: Final = documented(404, 410)
RECEIVES: Final = documented("quota_exceeded", "rejected", 408, 409, 410, 413, 423, 429, 507)


def speaks_tus(
    tus_resumable: Annotated[str, Header(json_schema_extra={"enum": [VERSION]})] = "",
) -> None:
    """412 for a client of another version of the protocol, or of none."""
    if tus_resumable != VERSION:
        raise HTTPException(
            412,
            f"this is tus {VERSION}: send the header Tus-Resumable: {VERSION}",
            headers={"Tus-Version": VERSION},
        )


class Checksum:
    """The digest that a request's body should have; state: what has come so far."""

    def __init__(self, header: str) -> None:
        """`header` is an algorithm and the digest in base64."""
        name, _, encoded = header.partition(" ")
        if name not in _ALGORITHMS:
            known = ", ".join(_ALGORITHMS)
            raise HTTPException(400, f"Upload-Checksum: {name!r} is none of {known}")
        try:
            self._expected = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise HTTPException(400, "Upload-Checksum: the digest is no base64") from None
        self._hash: _Hash = hashlib.new(name, usedforsecurity=False)

    def update(self, data: bytes | bytearray) -> None:
        """Take in more of the body."""
        self._hash.update(data)

    def check(self) -> None:
        """Raise 460 where the body is another one."""
        if not hmac.compare_digest(self._hash.digest(), self._expected):
            raise HTTPException(460, "the body does not have the checksum that was sent with it")


def checksum(
    upload_checksum: Annotated[
        str | None,
        Header(
            description="An algorithm and the body's digest in base64.",
            json_schema_extra={"pattern": rf"^({'|'.join(_ALGORITHMS)}) [A-Za-z0-9+/]+=*$"},
        ),
    ] = None,
) -> Checksum | None:
    """What the header Upload-Checksum asks for."""
    return Checksum(upload_checksum) if upload_checksum is not None else None


ChecksumDep = Annotated[Checksum | None, Depends(checksum)]


@router.options("", status_code=204, openapi_extra=PUBLIC)
def get_upload_options(current: InstallationDep) -> Response:
    """What this server can do."""
    return Response(
        status_code=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,creation-with-upload,expiration,termination,checksum",
            "Tus-Checksum-Algorithm": ",".join(_ALGORITHMS),
            "Tus-Max-Size": str(current.settings.upload_bytes),
        },
    )


@router.options("/{upload_id}", status_code=204, openapi_extra=PUBLIC)
def get_options_of_upload(upload_id: UUID, current: InstallationDep) -> Response:
    """The same, wherever a client asks."""
    return get_upload_options(current)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    dependencies=[Depends(speaks_tus)],
    responses={
        201: _headers("Location", "Upload-Offset", "Upload-Expires"),
        **RECEIVES,
        **documented(412, 460),
    },
    openapi_extra=needs(Action.UPLOADS_WRITE),
)
async def create_upload(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    upload_length: Annotated[int, Header(ge=0)],
    check: ChecksumDep,
    once: OnceInAnyTurnDep,
    upload_metadata: Annotated[str, Header(max_length=_METADATA_BYTES)] = "",
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Announce a file, and send as much of it as there is in the same request.

    Repeated with its Idempotency-Key, it is the same upload; what has come of it, HEAD tells.
    """
    told = metadata(upload_metadata)
    recipe, brand_id = told.get("recipe"), _brand(told)
    made: list[Upload] = []

    def create(session: Session) -> Response:
        uploads.check(current, length=upload_length, recipe=recipe)
        name = told.get("filename") or told.get("name") or ""
        with pointing("brand_id", _TOLD_IN):
            upload = uploads.announce(
                session,
                where,
                current.settings,
                name=name,
                length=upload_length,
                recipe=recipe,
                brand_id=brand_id,
                metadata=upload_metadata,
            )
        made.append(upload)
        return _told(upload, 201)

    answer = await to_thread.run_sync(once, create, limiter=request.app.state.intakes)
    if made and content_type == _BODY:
        return _told(await receive(request, current, where, made[0].id, 0, check), 201)
    return answer


@router.head(
    "/{upload_id}",
    response_class=Response,
    dependencies=[Depends(speaks_tus)],
    responses={
        200: _headers("Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires"),
        **_LOOKS,
        **documented(412),
    },
    openapi_extra=needs(Action.UPLOADS_WRITE),
)
async def look_at_upload(
    request: Request, upload_id: UUID, current: InstallationDep, where: PlaceDep
) -> Response:
    """Where to go on."""
    upload = await to_thread.run_sync(
        uploads.look, current, where, upload_id, limiter=request.app.state.intakes
    )
    return _told(upload, 200)


@router.get("/{upload_id}", responses=_LOOKS, openapi_extra=needs(Action.UPLOADS_WRITE))
def get_upload(upload_id: UUID, current: InstallationDep, where: PlaceDep) -> UploadOut:
    """An upload, and what has become of it."""
    return UploadOut.model_validate(uploads.look(current, where, upload_id))


@router.patch(
    "/{upload_id}",
    status_code=204,
    dependencies=[Depends(speaks_tus)],
    responses={
        204: _headers("Upload-Offset", "Upload-Expires"),
        **RECEIVES,
        **_LOOKS,
        **documented(412, 415, 460),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {_BODY: {"schema": {"type": "string", "format": "binary"}}},
        }
    }
    | needs(Action.UPLOADS_WRITE),
)
async def add_to_upload(
    request: Request,
    upload_id: UUID,
    current: InstallationDep,
    where: PlaceDep,
    upload_offset: Annotated[int, Header(ge=0)],
    check: ChecksumDep,
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Add the body at the offset; with the last byte, the asset is there and a run begins."""
    if content_type != _BODY:
        raise HTTPException(415, f"the body must be {_BODY}")
    upload = await receive(request, current, where, upload_id, upload_offset, check)
    return _told(upload, 204)


@router.delete(
    "/{upload_id}",
    status_code=204,
    dependencies=[Depends(speaks_tus)],
    responses=_LOOKS | documented(412, 423),
    openapi_extra=needs(Action.UPLOADS_WRITE),
)
async def remove_upload(
    request: Request, upload_id: UUID, current: InstallationDep, where: PlaceDep
) -> Response:
    """Forget an upload and its bytes."""
    await _in_turn(request, partial(uploads.remove, current, where, upload_id))
    return Response(status_code=204)


def metadata(header: str) -> dict[str, str]:
    """What Upload-Metadata says: keys, and values in base64. Raises 400 where it is malformed."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except ValueError:
            raise HTTPException(400, f"Upload-Metadata: {key!r} is no text in base64") from None
    return found


def _brand(told: dict[str, str]) -> UUID | None:
    """The brand that metadata names; 422 for what is no id."""
    if "brand_id" not in told:
        return None
    try:
        return UUID(told["brand_id"])
    except ValueError:
        raise invalid(_TOLD_IN, "brand_id: this is no id") from None


async def receive(
    request: Request,
    current: Installation,
    where: Place,
    upload_id: UUID,
    offset: int,
    check: Checksum | None,
) -> Upload:
    """Take a request's body into an upload; the upload as it is then.

    Whatever ends the body early, what has come of it counts, unless it should have had a checksum.
    """
    intakes = request.app.state.intakes
    turn = await _in_turn(request, partial(Turn, current, where, upload_id, offset))
    try:
        announced = request.headers.get("content-length")
        if announced is not None and int(announced) > turn.remaining:
            raise TooLarge(f"{turn.remaining} bytes are missing, and {announced} were to be sent")
        try:
            async for data in _buffers(request, turn):
                if check is not None:
                    check.update(data)
                add = partial(turn.add, data, sync=check is None)
                await to_thread.run_sync(add, limiter=intakes)
        finally:
            if check is None:
                with CancelScope(shield=True):
                    await to_thread.run_sync(turn.record, limiter=intakes)
        if check is not None:
            check.check()
            await to_thread.run_sync(turn.record, limiter=intakes)
        if turn.remaining == 0 and turn.upload.run_id is None:
            await to_thread.run_sync(turn.finish, limiter=request.app.state.finishes)
    except Rejected:
        with CancelScope(shield=True):
            await to_thread.run_sync(turn.discard, limiter=intakes)
        raise
    finally:
        turn.close()
    return turn.upload


async def _in_turn(request: Request, act: Callable[[], _T]) -> _T:
    """Do what only one request at a time may do; the one that is at it is asked to let go."""
    until = time.monotonic() + _TURN_SECONDS
    while True:
        try:
            return await to_thread.run_sync(act, limiter=request.app.state.intakes)
        except Locked:
            if time.monotonic() > until:
                raise
            await sleep(_LOOK_SECONDS)


async def _buffers(request: Request, turn: Turn) -> AsyncIterator[bytearray]:
    """The body in pieces that are worth a write; the last one before whatever ends it early."""
    buffer = bytearray()
    heard_at = written_at = time.monotonic()
    more = True
    problem: HTTPException | None = None
    while more and problem is None:
        message: Message = {"type": "silence"}
        with move_on_after(_TICK_SECONDS):
            message = await request.receive()
        if message["type"] == "http.request":
            buffer += message.get("body", b"")
            more = message.get("more_body", False)
            heard_at = time.monotonic()
        elif message["type"] == "http.disconnect":
            problem = HTTPException(400, "the body ended early")
        elif time.monotonic() - heard_at > _IDLE_SECONDS:
            problem = HTTPException(408, "nothing came for too long")
        # A slow client's bytes count soon, too, and it lets go as soon as a fast one does.
        due = message["type"] == "silence" or time.monotonic() - written_at > _WRITE_SECONDS
        if len(buffer) >= BUFFER_BYTES or due:
            yield buffer
            buffer = bytearray()
            written_at = time.monotonic()
            if more and turn.wanted:
                problem = HTTPException(409, "another request goes on with this upload")
    if buffer:
        yield buffer
    if problem is not None:
        raise problem


def _told(upload: Upload, status: int) -> Response:
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True),
    }
    if status == 201:
        headers["Location"] = f"{_PATH}/{upload.id}"
    if status == 200:
        headers |= {"Upload-Length": str(upload.bytes), "Cache-Control": "no-store"}
        if upload.metadata_:
            headers["Upload-Metadata"] = upload.metadata_
    return Response(status_code=status, headers=headers)


class TusHeader:
    """Every answer below `/v1/uploads` names the protocol's version, as clients expect."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(_PATH):
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
            await send(message)

        await self._app(scope, receive, named)
