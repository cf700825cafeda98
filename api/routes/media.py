"""Media: what signed and public addresses open, for players and browsers anywhere."""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Request
from fastapi.responses import RedirectResponse, Response

from api import problems
from api.access import PUBLIC
from api.context import InstallationDep
from api.delivery import PREFLIGHT, Desk
from api.routing import Router
from core.errors import NotFound
from core.keys import KEY_BYTES
from core.served_types import SERVED_TYPES
from services.media import File, Wanted, check_epoch, check_time, named
from services.media_tokens import Signer
from services.playbacks import longest
from services.publications import parse_public_name

router = Router(tags=["media"])

# Media of one run never change; a shared cache may keep them for a day after they were withdrawn.
PUBLIC_SECONDS: Final = 24 * 3600
# How long a player may be told of the package before.
_CURRENT_SECONDS: Final = 15
# A slash or backslash that was hidden from whoever checked the address before us.
_HIDDEN: Final = re.compile(rb"%(2f|5c|00)", re.IGNORECASE)
_PATH: Final = re.compile(r"[A-Za-z0-9._+=@-]+(?:/[A-Za-z0-9._+=@-]+)*")
_RUN: Final = re.compile(r"([0-9a-f]{32})/(.+)")

_BYTES: Final = {name: {"schema": {"type": "string", "format": "binary"}} for name in SERVED_TYPES}
BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": _BYTES},
    206: {"description": "The range of it that was asked for.", "content": _BYTES},
    304: {"description": "The client has it already."},
    307: {"description": "It is elsewhere: in an object store, or a run's own address."},
    **problems.documented(404, 412, 416),
}
FilePath = Annotated[str, Path(description="The file's path in its package.")]


def desk(request: Request) -> Desk:
    """The process's desk."""
    found = request.app.state.desk
    assert isinstance(found, Desk)
    return found


@router.get(
    "/media/{token}/{path:path}",
    response_class=Response,
    responses={**BYTES, **problems.documented(410)},
    openapi_extra=PUBLIC,
)
@router.head(
    "/media/{token}/{path:path}",
    response_class=Response,
    responses={**BYTES, **problems.documented(410)},
    openapi_extra=PUBLIC,
)
async def get_media(
    request: Request, current: InstallationDep, token: str, path: FilePath
) -> Response:
    """A file by a signed address, in whole or in part.

    410 says that the address has expired or was revoked: ask for another and go on.
    """
    _check_path(request, path)
    here = desk(request)
    said = Signer.of(current.settings).read(token)

    async def allowed() -> None:
        check_time(said, here.now())
        check_epoch(said, await here.shelf(request, Wanted.by(said)))

    await allowed()
    shelf = await here.shelf(request, Wanted.by(said))
    left = said.expires_at - here.now()
    return await here.deliver(
        request,
        named(shelf, path),
        cache=_kept(named(shelf, path), "private", left),
        seconds=left,
        shelf=shelf,
        still_allowed=allowed,
    )


@router.get(
    "/public/{name}/{path:path}", response_class=Response, responses=BYTES, openapi_extra=PUBLIC
)
@router.head(
    "/public/{name}/{path:path}", response_class=Response, responses=BYTES, openapi_extra=PUBLIC
)
async def get_public(
    request: Request, current: InstallationDep, name: str, path: FilePath
) -> Response:
    """A file of a published asset: the current one, or behind a run's id that run's."""
    _check_path(request, path)
    tenant_id, public_id = parse_public_name(name)
    here, settings = desk(request), current.settings
    of_run = _RUN.fullmatch(path)
    if of_run is None:
        shelf = await here.shelf(request, Wanted(tenant_id, public_id=public_id))
        run_id = named(shelf, path).run_id
        assert run_id is not None
        # Whatever a player loads after this is of the same run, whichever is current by then.
        return RedirectResponse(
            f"{settings.public_url or ''}/v1/public/{name}/{run_id.hex}/{path}",
            307,
            headers={"Cache-Control": f"public, max-age={_CURRENT_SECONDS}"},
        )
    wanted = Wanted(tenant_id, public_id=public_id, run_id=UUID(of_run[1]))

    async def allowed() -> None:
        named(await here.shelf(request, wanted), of_run[2])

    shelf = await here.shelf(request, wanted)
    return await here.deliver(
        request,
        named(shelf, of_run[2]),
        cache=_kept(named(shelf, of_run[2]), "public", PUBLIC_SECONDS),
        seconds=longest(settings, shelf.duration),
        shelf=shelf,
        still_allowed=allowed,
    )


@router.options(
    "/media/{token}/{path:path}",
    status_code=204,
    response_class=Response,
    responses=problems.documented(404),
    openapi_extra=PUBLIC,
)
def preflight_media(token: str, path: FilePath) -> Response:
    """What pages of other origins may ask for."""
    return Response(status_code=204, headers=PREFLIGHT)


@router.options(
    "/public/{name}/{path:path}",
    status_code=204,
    response_class=Response,
    responses=problems.documented(404),
    openapi_extra=PUBLIC,
)
def preflight_public(name: str, path: FilePath) -> Response:
    """What pages of other origins may ask for."""
    return Response(status_code=204, headers=PREFLIGHT)


def _kept(file: File, whose: str, seconds: float) -> str:
    """How long caches keep a file: what leads to the others may soon lead to more."""
    if not file.lasting:
        return f"{whose}, max-age={int(min(seconds, _CURRENT_SECONDS))}"
    return f"{whose}, max-age={int(seconds)}, immutable"


def _check_path(request: Request, path: str) -> None:
    """Raise NotFound for what no file of ours is called, before anything is looked up."""
    raw: bytes = request.scope.get("raw_path", b"")
    if len(path) > KEY_BYTES or _HIDDEN.search(raw) or not _PATH.fullmatch(path):
        raise NotFound("there is nothing at this address")
