"""Runs: starting a recipe on an asset, and telling how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core import tracing
from core.errors import Conflict, NotFound, Rejected
from core.sniff import Sniffed
from models.asset import Artifact, Asset
from models.run import INTERACTIVE, PRIORITIES, Run, StageRun
from pipeline.plan.recipes import RECIPES, plan
from pipeline.plan.stage_types import WORK, amended_by, kind_of, replaced_by
from services import assets, ledger, library

STATES = ("running", "cancelling", "done", "failed", "cancelled")
ENDED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with all that is known of it; stages in the order in which they were planned."""

    run: Run
    asset: Asset | None
    stages: Sequence[StageRun]
    artifacts: Sequence[Artifact]


def recipe_for(asset: Asset | Sniffed, recipe: str | None) -> str:
    """The named recipe, or the one called like the file's kind; Rejected if there is none."""
    if recipe is not None:
        check_recipe(recipe)
    elif asset.kind not in RECIPES:
        raise Rejected(f"no recipe takes a file of the type {asset.mime} yet")
    return recipe or asset.kind


def check_recipe(recipe: str) -> None:
    """Raise Rejected for the name of no recipe."""
    if recipe not in RECIPES:
        raise Rejected(f"there is no recipe {recipe!r}; there is {', '.join(sorted(RECIPES))}")


def start(
    session: Session,
    tenant_id: UUID,
    asset: Asset,
    *,
    recipe: str | None = None,
    class_: int = INTERACTIVE,
) -> Run:
    """Begin a recipe on an asset; its first stage is ready when the transaction commits."""
    name = recipe_for(asset, recipe)
    # What the run's stages do belongs below this span, wherever and whenever they do it.
    with tracing.span("run", kind="producer", attributes={"automator.recipe": name}) as span:
        run = Run(
            tenant_id=tenant_id,
            asset_id=asset.id,
            recipe=name,
            class_=class_,
            state="running",
            trace=tracing.current(),
        )
        session.add(run)
        session.flush()
        span.set({"automator.run_id": str(run.id)})
    ledger.insert_graph(session, run, plan(name, None))
    tell_begun(session, run)
    return run


def tell_begun(session: Session, run: Run) -> None:
    """The event that says that a run is there."""
    session.execute(
        text("SELECT cell.emit(:tenant, 'run.running', :run, NULL, '{}')"),
        {"tenant": run.tenant_id, "run": run.id},
    )


def start_again(
    session: Session, tenant_id: UUID, asset_id: UUID, *, recipe: str | None, priority: str
) -> Run:
    """Begin another run on an asset. Raises NotFound, Rejected, Conflict for one in the trash."""
    library.hold(session, asset_id)
    asset = assets.get(session, asset_id)
    if asset.trashed_at is not None:
        raise Conflict("the asset is in the trash: restore it first")
    class_ = PRIORITIES.index(priority)
    run = start(session, tenant_id, asset, recipe=recipe, class_=class_)
    session.refresh(run)
    return run


def get(session: Session, run_id: UUID) -> Run:
    """A run of the tenant; NotFound otherwise."""
    run = session.get(Run, run_id, populate_existing=True)
    if run is None:
        raise NotFound("there is no such run")
    return run


def report(session: Session, run_id: UUID) -> RunReport:
    """A run, its asset, its stages, and the files that are its results by now."""
    run = get(session, run_id)
    stages = session.scalars(
        select(StageRun).where(StageRun.run_id == run_id).order_by(StageRun.id)
    ).all()
    asset = session.get(Asset, run.asset_id) if run.asset_id else None
    artifacts = session.scalars(
        select(Artifact)
        .where(Artifact.run_id == run_id, Artifact.kind != WORK)
        .order_by(Artifact.stage, Artifact.path)
    ).all()
    replaced = replaced_by(stage.name for stage in stages if stage.state == "done")
    left = _amended([one for one in artifacts if kind_of(one.stage) not in replaced])
    return RunReport(run, asset, stages, left)


def _amended(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """Without those in whose place another stage of the run made a file of that name."""
    anew = {
        (kind, one.path): one
        for one in sorted(artifacts, key=lambda one: one.created_at)
        for kind in amended_by(one.stage)
    }
    return [one for one in artifacts if anew.get((kind_of(one.stage), one.path), one) is one]


def latest(
    session: Session,
    *,
    limit: int = 50,
    after: UUID | None = None,
    state: str | None = None,
    asset_id: UUID | None = None,
    recipe: str | None = None,
) -> Sequence[Run]:
    """The newest runs, at most `limit`, from behind the run `after`; ids grow with time."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Run.id < after)
    if state is not None:
        query = query.where(Run.state == state)
    if asset_id is not None:
        query = query.where(Run.asset_id == asset_id)
    if recipe is not None:
        query = query.where(Run.recipe == recipe)
    return session.scalars(query).all()


def cancel(session: Session, run_id: UUID) -> Run:
    """Stop a run; Conflict when it has already ended."""
    run = get(session, run_id)
    if not session.scalar(text("SELECT cell.cancel_run(:run)"), {"run": run_id}):
        raise Conflict(f"the run has already ended: it is {run.state}")
    return get(session, run_id)


def retry(session: Session, run_id: UUID) -> Run:
    """Give a run's failed and cancelled stages a fresh start; Conflict when there are none."""
    run = hold_asset(session, run_id)
    if not session.scalar(text("SELECT cell.retry_run(:run)"), {"run": run_id}):
        raise Conflict(f"the run has nothing to retry: it is {run.state}")
    return get(session, run_id)


def prioritise(session: Session, run_id: UUID, priority: str) -> Run:
    """Move a run, and whatever of it is not done, to another class of priority."""
    get(session, run_id)
    values = {"run": run_id, "class": PRIORITIES.index(priority)}
    session.execute(text("SELECT cell.classify_run(:run, CAST(:class AS smallint))"), values)
    return get(session, run_id)


def hold_asset(session: Session, run_id: UUID) -> Run:
    """A run whose asset cannot be put into the trash meanwhile; Conflict where it has been."""
    run = get(session, run_id)
    if run.asset_id is not None:
        library.hold(session, run.asset_id)
        asset = session.get(Asset, run.asset_id, populate_existing=True)
        if asset is None or asset.trashed_at is not None:
            raise Conflict("the run's asset is in the trash or gone")
    return run
