"""A tenant with something in each of its places, to be moved; archives that somebody changed."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from core.database import tenant_role
from core.settings import Settings
from services import tenants, webhooks
from services.installation import Installation, Place
from services.tenants import TenantInfo
from tests.installations import as_owner
from tests.shelved import PACKAGE, shelve


@dataclass(slots=True)
class Furnished:
    """A tenant with rows and files everywhere, and the secrets that were planted there."""

    tenant: TenantInfo
    asset: UUID
    run: UUID
    open_run: UUID
    stages: list[UUID] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        """The tenant's id."""
        return self.tenant.id

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.tenant.id, self.tenant.slug, self.tenant.name, self.tenant.cell)


def furnish(
    settings: Settings,
    slug: str,
    *,
    cell: str = "main",
    files: Mapping[str, bytes] = PACKAGE,
) -> Furnished:
    """Makes a tenant with a film that plays, ended and open runs, a log, people, keys, webhooks."""
    tenant = tenants.create(settings, slug, name=f"{slug} Ltd", cell=cell)
    with closing(Installation(settings)) as installation:
        shown = shelve(installation, slug, name="a film.mp4", source=f"a source of {slug}".encode())
        with as_owner(settings, cell) as (connection, _):
            run, open_run = (
                connection.execute(
                    "INSERT INTO cell.runs (tenant_id, asset_id, recipe, state, unfinished, active,"
                    " trace) VALUES (%s, %s, 'video', %s, %s, %s, %s) RETURNING id",
                    [tenant.id, shown.asset_id, state, left, left, "t" * 55],
                ).fetchone()[0]  # type: ignore[index]
                for state, left in (("done", 0), ("running", 1))
            )
        found = Furnished(tenant, shown.asset_id, run, open_run)
        shown.add(files, run_id=run)
        shown.add({"work/index": b"only for stages"}, stage="probe", run_id=run)
        shown.change(public_id=UUID(int=7), media_epoch=3, tags=["spring", "ünï\u2028code"])
        _plant_ledger(settings, found)
        _plant_people(settings, found)
        _plant_secrets(settings, installation, found)
    return found


def _plant_ledger(settings: Settings, found: Furnished) -> None:
    """Stages that have ended and stages that have not, each naming others in its values."""
    with as_owner(settings, found.tenant.cell) as (connection, _):
        for run, name, state in [
            (found.run, "probe", "done"), (found.run, "package", "done"),
            (found.open_run, "probe", "ready"), (found.open_run, "package", "waiting"),
        ]:  # fmt: skip
            key = f"tenants/{found.id}/sources/{found.asset}/original"
            row = connection.execute(
                "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state,"
                " options, result, pending) SELECT tenant_id, %s, lane, %s, 'light', 0, %s, %s, %s,"
                " %s FROM cell.tenants WHERE tenant_id = %s RETURNING id",
                [
                    run, name, state, Jsonb({"height": 720, "share": 0.1}),
                    Jsonb({"run": str(run), "deep": [{"key": key}], "tenant": str(found.id)}),
                    int(state == "waiting"), found.id,
                ],
            ).fetchone()  # fmt: skip
            assert row is not None
            found.stages.append(row[0])
        for needs, stage in (found.stages[:2], found.stages[2:]):
            connection.execute(
                "INSERT INTO cell.stage_edges (tenant_id, needs_id, stage_id) VALUES (%s, %s, %s)",
                [found.id, needs, stage],
            )
        connection.execute(
            sql.SQL("UPDATE {}.artifacts SET stage_id = %s").format(
                sql.Identifier(tenant_role(found.id))
            ),
            [found.stages[1]],
        )
        connection.execute(
            "INSERT INTO cell.imports (id, tenant_id, url, source, name)"
            " VALUES (%s, %s, 'https://user:planted-address@a.example/x', 'https://a.example/…',"
            " 'x.mp4')",
            [found.open_run, found.id],
        )
        connection.execute(
            "INSERT INTO cell.audit (tenant_id, subject, shown, action, method, route, targets,"
            " status) VALUES (%s, %s, 'Ada', 'asset:write', 'POST', '/v1/runs', %s, 201)",
            [found.id, f"user:{found.run}", Jsonb({"run_id": str(found.run)})],
        )
    found.secrets.append("planted-address")


def _plant_people(settings: Settings, found: Furnished) -> None:
    """An owner, a viewer, somebody who was put out, and what the directory says of that."""
    with as_owner(settings) as (connection, _):
        for name, role, suspended in [
            ("ada", "owner", False), ("bob", "viewer", False), ("eve", "editor", True),
        ]:  # fmt: skip
            secret = f"hash-of-{name}-{found.id}"
            row = connection.execute(
                "INSERT INTO directory.users (email, name, password_hash) VALUES (%s, %s, %s)"
                " RETURNING id",
                [f"{name}-{found.tenant.slug}@example.com", name.title(), secret],
            ).fetchone()
            assert row is not None
            connection.execute(
                "INSERT INTO directory.memberships (user_id, tenant_id, role, suspended)"
                " VALUES (%s, %s, %s, %s)",
                [row[0], found.id, role, suspended],
            )
            connection.execute(
                "INSERT INTO directory.audit (tenant_id, subject, shown, action, method, route,"
                " targets, status) VALUES (%s, %s, 'Ada', 'member:write', 'PATCH', '', %s, 200)",
                [found.id, f"user:{row[0]}", Jsonb({"user_id": str(row[0]), "role": role})],
            )
            found.secrets += [secret, str(row[0])]


def _plant_secrets(settings: Settings, installation: Installation, found: Furnished) -> None:
    """A webhook and a key of the API's, whose secrets nobody else may see."""
    place = installation.place(str(found.id))
    with installation.tenant_scope(place) as session:
        sealer = installation.keyring.tenant(session, found.id)
        _, secret = webhooks.create(
            session, sealer, found.id, url="https://hooks.example/planted-path",
            kinds=["run.done"], description="planted-description",
        )  # fmt: skip
    found.secrets += [secret, "planted-path"]
    digest = hashlib.sha256(b"key").digest()
    with as_owner(settings) as (connection, _):
        connection.execute(
            "INSERT INTO directory.api_keys (tenant_id, name, digest, scopes)"
            " VALUES (%s, 'planted-key', %s, '{asset:read}')",
            [found.id, digest],
        )
        for table, column in (("data_keys", "wrapped"), ("webhooks", "secret")):
            query = f"SELECT encode({column}, 'hex') FROM cell.{table} WHERE tenant_id = %s"
            with as_owner(settings, found.tenant.cell) as (cell, _):
                found.secrets += [one for (one,) in cell.execute(query.encode(), [found.id])]
    found.secrets += ["planted-key", digest.hex()]


def rows_of(settings: Settings, tenant: TenantInfo) -> dict[str, list[dict[str, Any]]]:
    """Every row of a tenant's schema and of its cell, by table, in order of time."""
    found: dict[str, list[dict[str, Any]]] = {}
    schema = tenant_role(tenant.id)
    with as_owner(settings, tenant.cell) as (connection, _):
        for table in ("assets", "artifacts"):
            query = sql.SQL("SELECT to_jsonb(x) FROM {} x ORDER BY id").format(
                sql.Identifier(schema, table)
            )
            found[table] = [row for (row,) in connection.execute(query)]
        for table in ("runs", "stage_runs", "stage_edges", "imports", "audit"):
            query = sql.SQL("SELECT to_jsonb(x) FROM {} x WHERE tenant_id = %s ORDER BY {}").format(
                sql.Identifier("cell", table),
                sql.Identifier("needs_id" if table == "stage_edges" else "id"),
            )
            found[table] = [row for (row,) in connection.execute(query, [tenant.id])]
    return found


Parts = dict[str, bytes]


def parts_of(file: Path) -> Parts:
    """The members of an archive."""
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def rewritten(file: Path, target: Path, change: Callable[[Parts], object]) -> Path:
    """An archive that somebody has changed who knows how to make its checksums fit."""
    parts = parts_of(file)
    del parts["checksums.json"]
    change(parts)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    parts["checksums.json"] = json.dumps(sums).encode()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return target
