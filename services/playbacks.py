"""Playback: signed addresses of what an asset has become, and their end."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.settings import Settings
from models.asset import Artifact, Asset
from pipeline.plan.stage_types import WORK
from pipeline.plan.video_types import PREVIEW
from services import assets, packages
from services.media import SOURCE_PATH
from services.media_tokens import MediaToken, Scope, Signer

# Who asks again soon is given the same address, which browsers have in their caches.
_ROUNDINGS: Final = 60
# What a signed address of an object store lasts at most (V4 signatures).
_LONGEST_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Mp4:
    """A file to download; bits a second."""

    url: str
    width: int | None
    height: int | None
    bitrate: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the files that a picture became; `shape` is the aspect that it was cut to."""

    url: str
    role: str | None
    shape: str | None
    mime: str
    width: int | None
    height: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a package's parts are; those that there are not are None."""

    hls: str | None = None
    dash: str | None = None
    mp4: tuple[Mp4, ...] = ()
    poster: str | None = None
    storyboard: str | None = None
    images: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Playback:
    """Addresses that play an asset until `expires_at`."""

    asset_id: UUID
    run_id: UUID
    preview: bool
    addresses: Addresses
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """Where a source can be downloaded until `expires_at`."""

    url: str
    expires_at: datetime


def grant(
    session: Session,
    settings: Settings,
    tenant_id: UUID,
    asset_id: UUID,
    *,
    now: float,
    reviewer_row: UUID | None = None,
) -> Playback:
    """Addresses for what is shown of an asset; `now` is in seconds since 1970.

    With the id of a reviewer's row, those by which they look at it, and no file to take away.
    Raises NotFound for no asset, Conflict for one in the trash or with nothing to play yet.
    """
    asset = kept(session, asset_id)
    results = results_of(session, asset_id)
    master = packages.current(results)
    if master is None:
        raise Conflict("there is nothing to play of this asset yet")
    seconds = float(master.attributes.get("duration") or 0.0)
    until = _until(now, seconds, settings)
    scope = Scope.PACKAGE if reviewer_row is None else Scope.REVIEW
    opened = reviewer_row or asset_id
    token = MediaToken(scope, tenant_id, opened, master.run_id, asset.media_epoch, until)
    base = f"{origin(settings)}/v1/media/{Signer.of(settings).sign(token)}"
    found = packages.package(results, master)
    if reviewer_row is not None:
        found = replace(found, mp4=())
    return Playback(
        asset_id=asset_id,
        run_id=master.run_id,
        preview=master.stage == PREVIEW,
        addresses=addresses(base, found),
        expires_at=datetime.fromtimestamp(until, UTC),
    )


def grant_source(
    session: Session, settings: Settings, tenant_id: UUID, asset_id: UUID, *, now: float
) -> SourceAddress:
    """An address for an asset's source. Raises NotFound, or Conflict for one in the trash."""
    asset = kept(session, asset_id)
    until = _until(now, 0.0, settings)
    token = MediaToken(Scope.SOURCE, tenant_id, asset_id, None, asset.media_epoch, until)
    base = f"{origin(settings)}/v1/media/{Signer.of(settings).sign(token)}"
    return SourceAddress(f"{base}/{SOURCE_PATH}", datetime.fromtimestamp(until, UTC))


def revoke(session: Session, asset_id: UUID) -> tuple[str, float]:
    """End all signed addresses of an asset; its source's key and its media's seconds.

    Who has one keeps it no longer than a lookup is remembered; signed addresses of an object store
    cannot be called back, and last as long as the addresses that they were made for.
    """
    asset = assets.get(session, asset_id)
    # Counted by the database: two may revoke at once.
    following = {"media_epoch": Asset.media_epoch + 1}
    session.execute(update(Asset).where(Asset.id == asset.id).values(following))
    return asset.storage_key, longest_duration(session, asset_id)


def longest_duration(session: Session, asset_id: UUID) -> float:
    """How long the longest of an asset's results lasts; seconds."""
    lengths = [one.attributes.get("duration") for one in results_of(session, asset_id)]
    return max((float(one) for one in lengths if one), default=0.0)


def longest(settings: Settings, seconds: float) -> float:
    """How long an address that is signed now for media of so many seconds can hold."""
    beyond = settings.media_token_seconds
    return min(seconds + beyond + _grid(settings), _LONGEST_SECONDS)


def kept(session: Session, asset_id: UUID) -> Asset:
    """An asset that is not in the trash; Conflict for one that is, NotFound for none."""
    asset = assets.get(session, asset_id)
    if asset.trashed_at is not None:
        raise Conflict("the asset is in the trash: restore it first")
    return asset


def results_of(session: Session, asset_id: UUID) -> list[Artifact]:
    """What an asset has become by now, in order of names."""
    chosen = (
        Artifact.asset_id == asset_id, Artifact.kind != WORK, Artifact.superseded_at.is_(None)
    )  # fmt: skip
    return list(session.scalars(select(Artifact).where(*chosen).order_by(Artifact.path)))


def addresses(base: str, found: packages.Package) -> Addresses:
    """The addresses of a package's parts below `base`."""

    def at(path: str | None) -> str | None:
        return f"{base}/{path}" if path else None

    return Addresses(
        hls=at(found.hls),
        dash=at(found.dash),
        mp4=tuple(
            Mp4(
                url=f"{base}/{one.path}",
                width=one.attributes.get("width"),
                height=one.attributes.get("height"),
                bitrate=one.attributes.get("bitrate"),
                bytes=one.bytes,
            )
            for one in found.mp4
        ),
        poster=at(found.poster),
        storyboard=at(found.storyboard),
        images=tuple(_picture(base, one) for one in found.images),
    )


def _picture(base: str, one: Artifact) -> Picture:
    facts = one.attributes
    role = facts.get("role")
    return Picture(
        url=f"{base}/{one.path}",
        role=role,
        shape=facts.get("rendition") if role == "crop" else None,
        mime=one.mime,
        width=facts.get("width"),
        height=facts.get("height"),
        bytes=one.bytes,
    )


def origin(settings: Settings) -> str:
    """What media addresses begin with: nothing where clients know the API's address themselves."""
    return settings.public_url or ""


def _until(now: float, seconds: float, settings: Settings) -> int:
    grid = _grid(settings)
    whole = min(now + seconds + settings.media_token_seconds, now + _LONGEST_SECONDS - grid)
    return math.ceil(whole / grid) * grid


def _grid(settings: Settings) -> int:
    return max(1, settings.media_token_seconds // _ROUNDINGS)
