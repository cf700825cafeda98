"""Imports: a file on the web becomes an asset with a run on it.

An import is a run of one stage, so that progress, cancelling, trying again and fairness are the
ledger's. Its row keeps the address, which may hold a secret, until nobody needs it any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import tracing
from core.addresses import REFUSED, Location, permitted, read
from core.database import Database
from core.errors import Conflict, NotFound, RateLimited, Rejected
from core.settings import Settings
from models.imports import Import
from models.run import INTERACTIVE, Run, StageRun
from pipeline.plan.imports import FETCH, IMPORT, plan_import
from services import assets, brands, ledger, quotas, runs, usage
from services.installation import Installation, Place

MAX_OPEN: Final = 100
# An import that has failed may be tried again for so long after it was asked for.
EXPIRY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import with all that is known of how it goes."""

    row: Import
    run: Run
    stage: StageRun


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched, and what for. The address may hold a secret."""

    url: str
    name: str | None
    recipe: str | None

    def __repr__(self) -> str:
        return f"Wanted({read(self.url).shown})"


def create(
    installation: Installation,
    place: Place,
    *,
    url: str,
    name: str | None = None,
    recipe: str | None = None,
    brand_id: UUID | None = None,
) -> ImportReport:
    """Begin to fetch a file, in a transaction of its own: `check` and `begin`."""
    location = check(installation, url=url, recipe=recipe)
    with installation.tenant_scope(place) as session:
        settings = installation.settings
        return begin(
            session,
            place,
            settings,
            location,
            url=url,
            name=name,
            recipe=recipe,
            brand_id=brand_id,
        )


def check(installation: Installation, *, url: str, recipe: str | None) -> Location:
    """The address, read. Names are looked up, and judged, only when the file is fetched.

    Raises Rejected for what is no address that we take or an unknown recipe, and
    InsufficientStorage.
    """
    settings = installation.settings
    location = read(url)
    literal = location.literal
    if literal is not None and not permitted(literal, settings.import_allow_networks):
        raise Rejected(f"url: {REFUSED}", field="url")
    if recipe is not None:
        runs.check_recipe(recipe)
    assets.admit(installation.storage, 0, reserve=settings.free_space_reserve_bytes)
    return location


def begin(
    session: Session,
    place: Place,
    settings: Settings,
    location: Location,
    *,
    url: str,
    name: str | None,
    recipe: str | None,
    brand_id: UUID | None = None,
) -> ImportReport:
    """Begin to fetch what was checked.

    Raises Rejected for an unknown brand, RateLimited where too many of the tenant's are under way,
    and QuotaExceeded where not a byte more may be stored: how many it takes shows when it is
    fetched, by `reserve`.
    """
    quotas.admit_bytes(session, settings, 1)
    if brand_id is not None:
        brands.require(session, brand_id)
    underway = select(func.count()).select_from(Import).join(Run, Run.id == Import.id)
    if (session.scalar(underway.where(Run.state.not_in(runs.ENDED))) or 0) >= MAX_OPEN:
        raise RateLimited(f"{MAX_OPEN} imports are under way: wait for some of them", after=60)
    run = Run(
        tenant_id=place.tenant_id,
        recipe=IMPORT,
        class_=INTERACTIVE,
        state="running",
        trace=tracing.current(),
    )
    session.add(run)
    session.flush()
    ledger.insert_graph(session, run, plan_import())
    row = Import(
        id=run.id,
        tenant_id=place.tenant_id,
        url=url,
        source=location.shown,
        name=assets.clean_name(name) if name is not None else None,
        recipe=recipe,
        brand_id=brand_id,
    )
    session.add(row)
    session.flush()
    runs.tell_begun(session, run)
    return get(session, run.id)


def get(session: Session, import_id: UUID) -> ImportReport:
    """An import of the tenant; NotFound otherwise."""
    found = _reports(session, import_id=import_id, limit=1)
    if not found:
        raise NotFound("there is no such import")
    return found[0]


def latest(
    session: Session, *, limit: int = 50, before: UUID | None = None
) -> Sequence[ImportReport]:
    """The newest imports, at most `limit`, older than the import `before`."""
    return _reports(session, before=before, limit=limit)


def _reports(
    session: Session, *, limit: int, import_id: UUID | None = None, before: UUID | None = None
) -> Sequence[ImportReport]:
    query = (
        select(Import, Run, StageRun)
        .join(Run, Run.id == Import.id)
        .join(StageRun, (StageRun.run_id == Import.id) & (StageRun.name == FETCH))
        .order_by(Import.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    if import_id is not None:
        query = query.where(Import.id == import_id)
    if before is not None:
        query = query.where(Import.id < before)
    return [ImportReport(*row) for row in session.execute(query)]


def wanted(session: Session, import_id: UUID) -> Wanted:
    """What is to be fetched; raises Rejected where that was forgotten."""
    row = session.get(Import, import_id)
    if row is None or row.url is None:
        raise Rejected("the address of this import was forgotten: begin it anew")
    return Wanted(row.url, row.name, row.recipe)


def reserve(session: Session, settings: Settings, import_id: UUID, length: int) -> None:
    """Count `length` bytes for an import from now on; raises QuotaExceeded."""
    quotas.admit_bytes(session, settings, length, besides=import_id)
    session.execute(update(Import).where(Import.id == import_id).values(bytes=length))


def record(session: Session, import_id: UUID, received: assets.Received) -> Run:
    """Make the asset and begin a run on it, in the transaction that ends the fetching."""
    row = session.get(Import, import_id)
    if row is None or row.asset_id is not None:
        raise Conflict("this import has ended already")
    asset = assets.record(session, received, brand_id=row.brand_id)
    run = runs.start(session, row.tenant_id, asset, recipe=row.recipe)
    usage.add(session, uploaded_bytes=received.bytes)
    done = {"url": None, "asset_id": asset.id, "asset_run_id": run.id}
    session.execute(update(Import).where(Import.id == import_id).values(done))
    return run


def collect(database: Database, tenant_id: UUID) -> Iterator[int]:
    """Forget the addresses of a tenant's imports that failed long ago; yields how many."""
    ended = select(Run.id).where(Run.state.in_(runs.ENDED))
    stale = (Import.created_at < datetime.now(UTC) - EXPIRY) & Import.id.in_(ended)
    with database.tenant_scope(tenant_id) as session:
        forgotten = session.scalars(
            update(Import)
            .where(Import.url.is_not(None), stale)
            .values(url=None)
            .returning(Import.id)
        ).all()
    yield len(forgotten)
