"""What joins a package later takes the place of its master, and never outlives its media."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from sqlalchemy import select

from models.asset import Artifact
from models.run import Run
from pipeline.plan.types import Graph
from services import ledger, ledger_results, packages, runs
from services.ledger import Claim
from services.ledger_results import MadeFile
from services.migrations import tenant_versions
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, workshop

GRAPH = Graph((spec("package"), spec("captioned.0", needs=("package",))))
MASTER, MEDIA = "stream/master.m3u8", "stream/360p.mp4"


@pytest.fixture(scope="module")
def shop(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("shop")
    with workshop(postgres, "redis://nobody", folder) as made:
        yield made


def start(shop: Workshop, asset_id: UUID | None = None) -> tuple[UUID, UUID]:
    """A run and its asset."""
    if asset_id is None:
        run_id = shop.start(GRAPH, with_asset=True)
        found = shop.one("SELECT asset_id FROM cell.runs WHERE id = %(run)s", run=run_id)
        assert isinstance(found, UUID)
        return run_id, found
    place = shop.places[0]
    with shop.installation.tenant_scope(place) as session:
        run = Run(
            tenant_id=place.tenant_id, asset_id=asset_id, recipe="test", class_=0, state="running"
        )
        session.add(run)
        session.flush()
        ledger.insert_graph(session, run, GRAPH)
        return run.id, asset_id


def claim(shop: Workshop) -> Claim:
    held = ledger.claim(
        shop.installation.cell(), "media", lease_seconds=60.0, versions=tuple(tenant_versions())
    )
    assert held is not None
    return held


def record(shop: Workshop, held: Claim, names: Sequence[str], *, skipped: bool = False) -> None:
    """End a stage with files of those names."""
    with shop.installation.cell().tenant_scope(held.tenant_id) as session:
        files = [
            MadeFile(
                kind="hls",
                path=name,
                storage_key=f"{held.stage_id}/{name}",
                mime="text/plain",
                bytes=1,
                sha256="0" * 64,
                attributes={"role": "master"} if name == MASTER else {"role": "media"},
            )
            for name in names
        ]
        work = ledger_results.load(session, held)
        assert ledger_results.record(session, held, work, result={}, files=files, skipped=skipped)


def do(shop: Workshop, names: Sequence[str], *, skipped: bool = False) -> None:
    """The only stage that is ready."""
    record(shop, claim(shop), names, skipped=skipped)


def live(shop: Workshop, asset_id: UUID) -> tuple[set[tuple[UUID, str, str]], tuple[UUID, str]]:
    """The run, stage and path of all that is shown; the run and stage that lead it."""
    with shop.installation.tenant_scope(shop.places[0]) as session:
        rows = session.scalars(
            select(Artifact).where(Artifact.asset_id == asset_id, Artifact.superseded_at.is_(None))
        ).all()
        master = packages.current(rows)
        assert master is not None
        shown = {(one.run_id, one.stage, one.path) for one in rows}
        return shown, (master.run_id, master.stage)


def test_a_film_plays_before_its_captions_and_with_them_once_they_are_there(
    shop: Workshop,
) -> None:
    run, asset = start(shop)
    do(shop, [MASTER, MEDIA])
    assert live(shop, asset)[1] == (run, "package")
    do(shop, [MASTER])
    shown, leader = live(shop, asset)
    assert leader == (run, "captioned.0")
    assert shown == {(run, "package", MEDIA), (run, "captioned.0", MASTER)}
    with shop.installation.tenant_scope(shop.places[0]) as session:
        report = runs.report(session, run)
        assert {(one.stage, one.path) for one in report.artifacts} == {
            ("package", MEDIA), ("captioned.0", MASTER),
        }  # fmt: skip


def test_another_package_takes_the_place_of_the_captioned_one_before_it_is_captioned(
    shop: Workshop,
) -> None:
    _first, asset = start(shop)
    do(shop, [MASTER, MEDIA])
    do(shop, [MASTER])
    second, _ = start(shop, asset)
    do(shop, [MASTER, MEDIA])
    assert live(shop, asset) == (
        {(second, "package", MASTER), (second, "package", MEDIA)}, (second, "package")
    )  # fmt: skip
    do(shop, [], skipped=True)
    assert live(shop, asset)[1] == (second, "package")


def test_captions_of_a_package_that_is_shown_no_more_bring_it_not_back(shop: Workshop) -> None:
    slow, asset = start(shop)
    do(shop, [MASTER, MEDIA])
    late = claim(shop)
    assert late.run_id == slow
    fast, _ = start(shop, asset)
    do(shop, [MASTER, MEDIA])
    do(shop, [MASTER])
    before = live(shop, asset)
    record(shop, late, [MASTER])
    assert live(shop, asset) == before
    assert before[1] == (fast, "captioned.0")
