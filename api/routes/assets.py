"""Assets: send a file, and see what is known of it."""

import os
import time
from collections.abc import AsyncIterable
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException

from api.context import InstallationDep, PlaceDep, SessionDep
from api.schemas import AssetCreated, AssetOut, RunOut
from core.errors import InsufficientStorage
from services import assets, uploads
from services.installation import Installation, Place

router = APIRouter(prefix="/assets", tags=["assets"])

_BUFFER = 4 << 20
_FOLDER = "incoming"
_LEFTOVER_SECONDS = 24 * 3600.0


def sweep_spool(data_dir: Path) -> None:
    """Remove bodies that a killed process left behind a day ago or longer."""
    for path in (data_dir / _FOLDER).glob("*"):
        with suppress(FileNotFoundError):  # another process may be sweeping, too
            if path.stat().st_mtime < time.time() - _LEFTOVER_SECONDS:
                path.unlink()


@router.post("", status_code=201, openapi_extra={"requestBody": {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}})  # fmt: skip
async def create_asset(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    name: Annotated[str, Query(min_length=1, max_length=1024)],
    recipe: str | None = None,
) -> AssetCreated:
    """Store the request's body as an asset and start a recipe on it."""
    length = request.headers.get("content-length")
    if length is None or not length.isdigit():
        raise HTTPException(411, "the request must say how long its body is")
    reserve = current.settings.free_space_reserve_bytes
    assets.admit(current.storage, int(length), reserve=reserve)
    spool = await to_thread.run_sync(Spool, current.settings.data_dir / _FOLDER, reserve)
    try:
        await spool.fill(request.stream())
        if spool.bytes != int(length):
            raise HTTPException(400, "the body ended early")
        # In threads of their own: the others may not all be waiting for connections.
        intakes = request.app.state.intakes
        return await to_thread.run_sync(
            _begin, current, where, spool.path, name, recipe, limiter=intakes
        )
    finally:
        await to_thread.run_sync(spool.remove)


@router.get("/{asset_id}")
def get_asset(asset_id: UUID, session: SessionDep) -> AssetOut:
    """One asset."""
    return AssetOut.model_validate(assets.get(session, asset_id))


class Spool:
    """A body on its way to storage, in a private file; state: the file."""

    def __init__(self, folder: Path, reserve: int) -> None:
        """Makes the file in `folder`, on whose disk `reserve` bytes stay free."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = mkstemp(dir=folder)
        self.path = Path(name)
        self.bytes = 0
        self._reserve = reserve
        self._stream = os.fdopen(handle, "wb")

    async def fill(self, chunks: AsyncIterable[bytes]) -> None:
        """Write all chunks; InsufficientStorage where there is no room."""
        buffer = bytearray()
        async for chunk in chunks:
            buffer += chunk
            if len(buffer) >= _BUFFER:
                # A write on the event loop would hold up every other request.
                await to_thread.run_sync(self._write, bytes(buffer))
                buffer.clear()
        await to_thread.run_sync(self._write, bytes(buffer))

    def remove(self) -> None:
        """Forget the file, if storage has not taken it over."""
        self._stream.close()
        self.path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        try:
            space = os.fstatvfs(self._stream.fileno())  # storage may be on another disk
            if space.f_bavail * space.f_frsize - len(data) < self._reserve:
                raise InsufficientStorage("the upload would touch the free-space reserve")
            self._stream.write(data)
            self._stream.flush()
        except OSError as error:
            raise InsufficientStorage("the upload could not be written") from error
        self.bytes += len(data)


def _begin(
    current: Installation, where: Place, path: Path, name: str, recipe: str | None
) -> AssetCreated:
    begun = uploads.begin(current, where, path, name, recipe=recipe, consume=True)
    return AssetCreated(
        asset=AssetOut.model_validate(begun.asset), run=RunOut.model_validate(begun.run)
    )
