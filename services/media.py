"""What a media address reaches: files of one asset, looked up in the tenant's rows.

A shelf is what one lookup finds: every file of a package at once, so that its segments cost no
query each. Files never change; whether they may still be seen is asked again every few seconds.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.errors import Gone, NotFound
from models.asset import Artifact, Asset
from models.review import Review, Reviewer
from pipeline.plan.stage_types import WORK
from pipeline.plan.video_types import PREVIEW
from services import export_runs, members
from services.installation import Installation
from services.media_tokens import MediaToken, Scope
from services.packages import current, is_for_review, is_public, leads

# How long an answer may be older than a revocation.
CACHE_SECONDS: Final = 4.0
_MOST_SHELVES: Final = 512
SOURCE_PATH: Final = "source"


@dataclass(frozen=True, slots=True)
class File:
    """A stored file under its name in an address; `run_id` is None for a source."""

    run_id: UUID | None
    path: str
    storage_key: str
    mime: str
    bytes: int
    sha256: str
    created_at: datetime
    download_name: str | None = None
    """Set where the file was uploaded as it is: it is to be saved, never shown."""
    lasting: bool = True
    """Whether nothing else will ever be at this name of its run."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look up: an asset by its own id or by its public one, and what of it.

    Of a public one without a run, the files that are current. What is sent for review is looked up
    by the id of the reviewer's row, which stands in the place of the asset's.
    """

    tenant_id: UUID
    asset_id: UUID | None = None
    public_id: UUID | None = None
    run_id: UUID | None = None
    scope: Scope = Scope.PACKAGE

    @classmethod
    def by(cls, token: MediaToken) -> "Wanted":
        """What a token opens."""
        return cls(token.tenant_id, asset_id=token.asset_id, run_id=token.run_id, scope=token.scope)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was found; `epoch` is None where nothing may be seen any more. Seconds.

    What is sent for review is shown to `reviewer_id` alone.
    """

    epoch: int | None = None
    duration: float = 0.0
    files: Mapping[str, File] = field(default_factory=dict)
    reviewer_id: UUID | None = None


class Shelves:
    """The shelves that were looked up lately; state: at most so many, the least used go first."""

    def __init__(
        self, *, seconds: float = CACHE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """A shelf is good for `seconds`."""
        self._seconds, self._clock = seconds, clock
        self._known: OrderedDict[Wanted, tuple[float, Shelf]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, wanted: Wanted) -> Shelf | None:
        """A shelf that need not be looked up; waits for nothing."""
        with self._lock:
            looked_up_at, shelf = self._known.get(wanted, (0.0, None))
            if shelf is None or self._clock() - looked_up_at >= self._seconds:
                return None
            self._known.move_to_end(wanted)
            return shelf

    def fetch(self, installation: Installation, wanted: Wanted) -> Shelf:
        """Look a shelf up; NotFound where there is no such tenant or asset."""
        began = self._clock()
        try:
            where = installation.place(str(wanted.tenant_id))
        except NotFound:
            raise nothing() from None
        with installation.tenant_scope(where) as session:
            shelf = _look_up(session, wanted)
        if shelf.reviewer_id is not None:
            with installation.identity_scope() as session:
                if members.role_in(session, shelf.reviewer_id, where.tenant_id) is None:
                    shelf = Shelf()
        with self._lock:
            self._known[wanted] = began, shelf
            self._known.move_to_end(wanted)
            while len(self._known) > _MOST_SHELVES:
                self._known.popitem(last=False)
        return shelf


def check_time(token: MediaToken, now: float) -> None:
    """Raise Gone for a token whose time is over; `now` is in seconds since 1970."""
    if now >= token.expires_at:
        raise Gone("this address has expired: ask for another")


def check_epoch(token: MediaToken, shelf: Shelf) -> None:
    """Raise Gone for a token that was revoked, or whose asset is in the trash."""
    if shelf.epoch != token.epoch:
        raise Gone("this address has been revoked: ask for another")


def named(shelf: Shelf, path: str) -> File:
    """The file of that name; NotFound for none."""
    found = shelf.files.get(path)
    if found is None:
        raise nothing()
    return found


def nothing() -> NotFound:
    """What is said of every address that opens nothing, whyever that is."""
    return NotFound("there is nothing at this address")


def _look_up(session: Session, wanted: Wanted) -> Shelf:
    if wanted.scope is Scope.REVIEW:
        return _sent(session, wanted)
    if wanted.scope is Scope.ARCHIVE:
        return _archive(session, wanted)
    chosen = (
        Asset.id == wanted.asset_id
        if wanted.public_id is None
        else Asset.public_id == wanted.public_id
    )
    asset = session.scalar(select(Asset).where(chosen))
    if asset is None:
        raise nothing()
    if asset.trashed_at is not None:
        return Shelf()
    duration = media_seconds(asset.media) or 0.0
    if wanted.scope is Scope.SOURCE:
        files = {SOURCE_PATH: source(asset)}
    elif wanted.public_id is None:
        of_run = Artifact.run_id == wanted.run_id
        files = _by_path(session.scalars(_results(asset.id).where(of_run)))
    else:
        files = _published(session, asset.id, wanted.run_id)
    return Shelf(asset.media_epoch, duration, files)


def _sent(session: Session, wanted: Wanted) -> Shelf:
    """What a reviewer is shown of a run; nothing once it was taken back from them."""
    found = session.execute(
        select(Asset, Reviewer.user_id)
        .join(Review, Review.asset_id == Asset.id)
        .join(Reviewer, Reviewer.review_id == Review.id)
        .where(
            Reviewer.id == wanted.asset_id,
            Review.state != "withdrawn",
            Asset.trashed_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return Shelf()
    asset, reviewer_id = found
    of_run = _results(asset.id).where(Artifact.run_id == wanted.run_id)
    files = _by_path(filter(is_for_review, session.scalars(of_run)))
    return Shelf(asset.media_epoch, media_seconds(asset.media) or 0.0, files, reviewer_id)


def media_seconds(media: object) -> float | None:
    """How long an asset lasts, by what probing found; None where it has found nothing yet."""
    seconds = media.get("duration_seconds") if isinstance(media, dict) else None
    return float(seconds) if isinstance(seconds, int | float) else None


def _archive(session: Session, wanted: Wanted) -> Shelf:
    """What an export has made, while it is kept."""
    if wanted.run_id is None:
        raise nothing()
    try:
        found, _ = export_runs.kept(session, wanted.run_id)
    except NotFound:
        raise nothing() from None
    made, finished_at = found.made, found.run.finished_at
    assert made is not None
    assert finished_at is not None
    file = File(
        run_id=None,
        path=export_runs.FILE,
        storage_key=export_runs.key_of(wanted.tenant_id, found.run.id, found.stage.attempt),
        mime=export_runs.MIME,
        bytes=made.bytes,
        sha256=made.sha256,
        created_at=finished_at,
        download_name=f"{wanted.tenant_id}.tar",
    )
    return Shelf(0, 0.0, {export_runs.FILE: file})


def source(asset: Asset) -> File:
    """An asset's source."""
    return File(
        run_id=None,
        path=SOURCE_PATH,
        storage_key=asset.storage_key,
        mime=asset.mime,
        bytes=asset.bytes,
        sha256=asset.sha256,
        created_at=asset.created_at,
        download_name=asset.name,
    )


def _results(asset_id: UUID) -> Select[Artifact]:
    """All that was made of an asset, superseded or not, the oldest first."""
    chosen = Artifact.asset_id == asset_id, Artifact.kind != WORK
    return select(Artifact).where(*chosen).order_by(Artifact.created_at)


def _published(session: Session, asset_id: UUID, run_id: UUID | None) -> dict[str, File]:
    """What everybody may see: of one run, or what is current, of the newest package first."""
    query = _results(asset_id)
    if run_id is not None:
        of_run = query.where(Artifact.run_id == run_id)
        return _by_path(filter(is_public, session.scalars(of_run)))
    results = session.scalars(query.where(Artifact.superseded_at.is_(None))).all()
    master = current(results)
    if master is None or master.stage == PREVIEW:
        return {}
    newest = sorted(results, key=lambda one: (one.run_id == master.run_id, one.created_at))
    return _by_path(filter(is_public, newest))


def _by_path(artifacts: Iterable[Artifact]) -> dict[str, File]:
    """Files by their names; of several with one name, the last."""
    return {
        one.path: File(
            run_id=one.run_id,
            path=one.path,
            storage_key=one.storage_key,
            mime=one.mime,
            bytes=one.bytes,
            sha256=one.sha256,
            created_at=one.created_at,
            lasting=not leads(one),
        )
        for one in artifacts
    }
