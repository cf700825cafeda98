"""Installations for tests: fresh databases on the run's server, migrated, with tenants in them."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from core.database import Database, connect, tenant_role
from core.settings import CellUrls, Settings
from models.migrations import ROOT, versions
from services import tenants
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.migrations import migrate
from services.tenants import TenantInfo
from tests.servers import PostgresForTests

HASH = "0" * 64
MASTER_KEY = "b1946ac92492d2347c6235b4d2611184e2f5a1d8c0937b6e5f4a3d2c1b0a9f8e"


@contextmanager
def installation(
    postgres: PostgresForTests,
    data_dir: Path,
    *,
    further_cells: tuple[str, ...] = (),
    migrated: bool = True,
    root: Path = ROOT,
    **settings: Any,
) -> Iterator[Settings]:
    """Settings over fresh databases, one for each cell; they are dropped with the block."""
    made = [postgres.create_installation() for _ in ("main", *further_cells)]
    main, *rest = made
    urls = [CellUrls(url=one.database_url, admin_url=one.database_admin_url) for one in rest]
    try:
        configured = Settings(
            data_dir=data_dir,
            database_url=main.database_url,
            database_admin_url=main.database_admin_url,
            cells=dict(zip(further_cells, urls, strict=True)),
            storage_url=(data_dir / "storage").as_uri(),
            **{"master_keys": MASTER_KEY, **settings},
        )
        if migrated:
            migrate(configured, root=root)
        yield configured
    finally:
        for one in made:
            postgres.drop_installation(one)


@dataclass(slots=True)
class Planted:
    """A tenant with one row in each of its places."""

    tenant: TenantInfo
    run: UUID = field(default_factory=uuid4)
    stage: UUID = field(default_factory=uuid4)
    next_stage: UUID = field(default_factory=uuid4)
    asset: UUID = field(default_factory=uuid4)

    @property
    def id(self) -> UUID:
        """The tenant's id."""
        return self.tenant.id

    @property
    def schema(self) -> str:
        """The tenant's schema, which is its role, too."""
        return tenant_role(self.tenant.id)


def plant(
    settings: Settings,
    slug: str,
    *,
    cell: str | None = None,
    mark: str = "x",
    root: Path = ROOT,
) -> Planted:
    """Makes a tenant with an asset, a run of two stages, an edge, an import and an event.

    `mark` stands in every text that a user or a tool could have put there.
    """
    planted = Planted(tenants.create(settings, slug, name=f"{mark} {slug}", cell=cell, root=root))
    with as_tenant(settings, planted) as connection:
        connection.execute(
            "INSERT INTO assets (id, name, kind, mime, bytes, sha256, storage_key, media)"
            " VALUES (%s, %s, 'video', 'video/mp4', 1, %s, %s, %s)",
            [planted.asset, f"{mark}.mp4", HASH, f"{mark}/asset", psycopg.types.json.Jsonb([mark])],
        )
        connection.execute(
            "INSERT INTO cell.runs (id, tenant_id, asset_id, recipe, unfinished, active)"
            " VALUES (%s, %s, %s, %s, 2, 1)",
            [planted.run, planted.id, planted.asset, f"{mark} recipe"],
        )
        planted.stage, planted.next_stage = (
            _plant_stage(connection, planted, stage, mark)
            for stage in (("first", "ready", 0), ("next", "waiting", 1))
        )
        connection.execute(
            "INSERT INTO artifacts (asset_id, run_id, stage_id, stage, attempt, kind, path,"
            " storage_key, mime, bytes, sha256) VALUES"
            " (%s, %s, %s, 'poster', 1, 'poster', %s, %s, 'image/jpeg', 1, %s)",
            [planted.asset, planted.run, planted.stage, f"{mark}.jpg", f"{mark}/artifact", HASH],
        )
        connection.execute(
            "INSERT INTO cell.imports (id, tenant_id, url, source) VALUES (%s, %s, %s, %s)",
            [planted.run, planted.id, f"https://{mark}/", f"https://{mark}/…"],
        )
        connection.execute(
            "INSERT INTO cell.stage_edges (tenant_id, needs_id, stage_id) VALUES (%s, %s, %s)",
            [planted.id, planted.stage, planted.next_stage],
        )
        connection.execute(
            "SELECT cell.emit(%s, 'test', %s, %s, %s)",
            [planted.id, planted.run, planted.stage, psycopg.types.json.Jsonb({"mark": mark})],
        )
    return planted


def _plant_stage(
    connection: psycopg.Connection[Any], planted: Planted, stage: tuple[str, str, int], mark: str
) -> UUID:
    """A stage by its name, state and pending; what a tenant may not put in, it changes after."""
    options, error, result = (
        psycopg.types.json.Jsonb({"mark": mark, "in": place}) for place in "oer"
    )
    row = connection.execute(
        "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state, pending,"
        " options) SELECT tenant_id, %s, lane, %s, 'light', 0, %s, %s, %s FROM cell.tenants"
        " RETURNING id",
        [planted.run, *stage, options],
    ).fetchone()
    assert row is not None
    values = [error, result, row[0]]
    connection.execute("UPDATE cell.stage_runs SET error = %s, result = %s WHERE id = %s", values)
    return UUID(str(row[0]))


@contextmanager
def as_tenant(settings: Settings, planted: Planted) -> Iterator[psycopg.Connection[Any]]:
    """The application's own connection, in a transaction in the tenant's role."""
    url = settings.database_url
    if planted.tenant.cell != "main":
        url = settings.cells[planted.tenant.cell].url
    assert url is not None
    connection = connect(url)
    try:
        with connection.transaction():
            connection.execute(
                sql.SQL("SET LOCAL ROLE {0}; SET LOCAL search_path = {0}, pg_temp").format(
                    sql.Identifier(planted.schema)
                )
            )
            yield connection
    finally:
        connection.close()


@contextmanager
def as_owner(settings: Settings, cell: str = "main") -> Iterator[tuple[OwnerConnection, Cell]]:
    """The owner's connection to a cell, in a transaction as the migrator."""
    known = cells(settings)[cell]
    with owner(known) as connection, as_migrator(connection, known):
        yield connection, known


def database(settings: Settings, **options: Any) -> Database:
    """The application's pool over the directory's cell."""
    assert settings.database_url is not None
    return Database(settings.database_url, pool_size=2, **options)


CHECKOUT = Path(__file__).parents[1]


def newer(branch: str, by: int = 0) -> str:
    """The newest revision of a branch, or the one that would come so many after it."""
    return f"{int(versions(branch)[-1]) + by:04}"


def with_revisions(folder: Path, branch: str, *revisions: str) -> Path:
    """A copy of the migrations with more of them: the lines of the `upgrade` of each."""
    root = folder / "migrations"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    for by, lines in enumerate(revisions, 1):
        source = f"""
from alembic import op
from models.migrations.steps import backfill

revision = "{newer(branch, by)}"
down_revision = "{newer(branch, by - 1)}"


def upgrade():
    {lines}
"""
        (root / branch / "versions" / f"{newer(branch, by)}_test.py").write_text(source)
    return root


def environment(settings: Settings) -> dict[str, str]:
    """What programs of an installation are configured by."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    assert settings.storage_url is not None
    master = settings.master_keys
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "STORAGE_URL": settings.storage_url,
        "AUTOMATOR_DATA": str(settings.data_dir),
        "CELLS": json.dumps({name: cell.model_dump() for name, cell in settings.cells.items()}),
        "FREE_SPACE_RESERVE_BYTES": "0",
        "CLIPS_PER_FILM": str(settings.clips_per_film),
        "MASTER_KEYS": master.get_secret_value() if master is not None else "",
    }
