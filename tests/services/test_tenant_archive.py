"""A tenant moves to another installation whole, and leaves its secrets behind."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from core.database import tenant_role
from core.errors import Conflict, QuotaExceeded, Rejected, Unavailable
from core.settings import Settings
from services import (
    playbacks,
    reconciliation,
    runs,
    suspension,
    tenant_import,
    tenant_tables,
    tenants,
)
from services.installation import Installation
from services.migrations import migrate
from services.purge import purge
from services.tenant_export import export
from services.tenant_import import take_in
from services.tenants import TenantInfo
from tests.api.serving import serve
from tests.installations import (
    CHECKOUT,
    as_owner,
    environment,
    installation,
    newer,
    with_revisions,
)
from tests.servers import PostgresForTests
from tests.services.moving import Furnished, Parts, furnish, parts_of, rewritten, rows_of
from tests.shelved import FILM, PACKAGE
from tests.walls import breaches

SECRET = "the secret of the tests' media addresses"


@pytest.fixture(scope="module")
def origin(
    postgres: PostgresForTests, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with installation(
        postgres,
        Path(tmp_path_factory.mktemp("origin")),
        further_cells=("second",),
        redis_url=valkey_server,
    ) as made:
        yield made


@pytest.fixture(scope="module")
def other(
    postgres: PostgresForTests, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Another installation, with other data and master keys, and other cells."""
    with installation(
        postgres,
        Path(tmp_path_factory.mktemp("other")),
        redis_url=valkey_server,
        master_keys="a1" * 32,
        media_secret=SECRET,
        free_space_reserve_bytes=0,
    ) as made:
        yield made


@pytest.fixture(scope="module")
def moving(origin: Settings) -> Furnished:
    """A tenant that nobody changes."""
    return furnish(origin, "moving", cell="second")


@pytest.fixture(scope="module")
def archive(origin: Settings, moving: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its archive."""
    file = Path(tmp_path_factory.mktemp("archives")) / "moving.tar"
    _export(origin, moving, file)
    return file


def _export(settings: Settings, found: Furnished, file: Path) -> None:
    with closing(Installation(settings)) as house:
        export(house, found.place, file)


def _left(settings: Settings) -> dict[str, Any]:
    """All that an import could leave behind, but for what it was to make."""
    left: dict[str, Any] = {}
    for cell in ("main", *settings.cells):
        with as_owner(settings, cell) as (connection, _):
            left[cell] = connection.execute(
                "SELECT array_agg(nspname ORDER BY 1) FROM pg_namespace WHERE nspname LIKE 't\\_%'"
            ).fetchone()
            left[f"{cell} places"] = connection.execute(
                "SELECT tenant_id FROM cell.tenants ORDER BY 1"
            ).fetchall()
    left["directory"] = [(one.id, one.state) for one in tenants.list_all(settings)]
    with closing(Installation(settings)) as house:
        left["files"] = [one.key for one in house.storage.list()]
    left["folder"] = sorted(one.name for one in settings.data_dir.iterdir())
    return left


def test_a_tenant_comes_whole_into_another_installation(
    origin: Settings, other: Settings, moving: Furnished, archive: Path
) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    before = rows_of(origin, moving.tenant)

    made = take_in(other, archive)

    assert (made.tenant.slug, made.tenant.name, made.tenant.cell) == (
        "moving",
        "moving Ltd",
        "main",
    )
    assert made.tenant.id != moving.id
    assert tenants.get(other, "moving").state == "active"
    assert [(one.email, str(one.role)) for one in made.members] == [
        ("ada-moving@example.com", "owner"),
        ("bob-moving@example.com", "viewer"),
    ]
    after = rows_of(other, made.tenant)
    # Ids of runs and stages are others, in the same order; those of assets are what they were.
    new = {
        old["id"]: found["id"]
        for table in ("runs", "stage_runs")
        for old, found in zip(before[table], after[table], strict=True)
    }
    assert not set(new) & set(new.values())
    assert all(old[:18] == found[:18] for old, found in new.items())
    said = json.dumps(before).replace(str(moving.id), str(made.tenant.id))
    for old, found in new.items():
        said = said.replace(old, found)
    expected = json.loads(said)
    for table in ("assets", "artifacts", "stage_edges"):
        for row in (*expected[table], *after[table]):
            for column in ("public_id", "media_epoch"):
                row.pop(column, None)
        assert after[table] == expected[table]
    assert before["assets"][0]["tags"] == after["assets"][0]["tags"] == ["spring", "ünï\u2028code"]
    for old, found in zip(expected["stage_runs"], after["stage_runs"], strict=True):
        for column in ("options", "result", "name", "pending", "run_id", "ready_at", "created_at"):
            assert found.get(column) == old.get(column)
        ended = old["state"] in ("done", "failed")
        assert found["state"] == (old["state"] if ended else "cancelled")
    done, cancelled = after["runs"]
    assert (done["state"], done["unfinished"], done["trace"]) == ("done", 0, None)
    assert (cancelled["state"], cancelled["unfinished"], cancelled["active"]) == ("cancelled", 2, 0)
    assert cancelled["finished_at"] is not None
    assert after["imports"][0]["url"] is None
    assert after["imports"][0]["source"] == "https://a.example/…"
    with as_owner(other) as (connection, known):
        assert breaches(connection, known.roles, known.app) == []


def test_what_plays_in_the_origin_plays_in_the_copy_byte_for_byte(
    other: Settings, moving: Furnished, archive: Path
) -> None:
    made = take_in(other, archive, slug="played")
    with closing(Installation(other)) as house, serve(other) as client:
        place = house.place("played")
        with house.tenant_scope(place) as session:
            granted = playbacks.grant(session, other, made.tenant.id, moving.asset, now=time.time())
        assert granted.addresses.hls is not None
        base = granted.addresses.hls.removesuffix("/stream/master.m3u8")
        for path, content in PACKAGE.items():
            answer = client.get(f"{base}/{path}")
            assert (answer.status_code, answer.content == content) == (200, True), path
        assert client.get(f"{base}/stream/360p.mp4").content == FILM
        with house.tenant_scope(place) as session:
            assert runs.report(session, granted.run_id).run.state == "done"
        report = reconciliation.Report()
        database = house.cell(place.cell)
        spool = other.data_dir / "spool"
        list(reconciliation.check(database, house.storage, spool, place.tenant_id, report))
        assert (report.lost, report.unknown) == (0, 0)
        assert report.objects == len(PACKAGE) + 2


def test_the_log_comes_as_history_in_which_nobody_is_somebody_here(
    other: Settings, archive: Path
) -> None:
    made = take_in(other, archive, slug="logged")
    *history, note = rows_of(other, made.tenant)["audit"]
    assert [(one["shown"], one["subject"], one["action"]) for one in history] == [
        ("Ada", "elsewhere", "asset:write"),
        *[("Ada", "elsewhere", "member:write")] * 3,
    ]
    run = rows_of(other, made.tenant)["runs"][0]["id"]
    assert history[0]["targets"] == {"run_id": run}
    assert {one["targets"]["user_id"] for one in history[1:]} == {"elsewhere"}
    assert (note["action"], note["subject"]) == ("tenant.imported", "installation")


def test_no_secret_and_nobody_is_in_an_archive(
    origin: Settings, moving: Furnished, archive: Path, other: Settings
) -> None:
    content = archive.read_bytes()
    assert moving.secrets
    assert len(moving.secrets) > 8
    found = [one for one in moving.secrets if one.encode() in content]
    assert found == []
    assert b"planted-description" not in content
    made = take_in(other, archive, slug="empty")
    with as_owner(other) as (connection, _):
        for table in ("directory.memberships", "directory.invitations", "directory.api_keys",
                      "cell.webhooks", "cell.data_keys", "cell.quotas", "cell.events"):  # fmt: skip
            query = f"SELECT count(*) FROM {table} WHERE tenant_id = %s"
            assert connection.execute(query.encode(), [made.tenant.id]).fetchone() == (0,)


def test_addresses_of_the_origin_open_nothing_in_the_copy(
    origin: Settings, moving: Furnished, archive: Path
) -> None:
    made = take_in(origin, archive, slug="beside", cell="second")
    (here,) = rows_of(origin, moving.tenant)["assets"]
    (there,) = rows_of(origin, made.tenant)["assets"]
    assert here["public_id"] == str(UUID(int=7))
    assert there["public_id"] not in (None, here["public_id"])
    assert (here["media_epoch"], there["media_epoch"]) == (3, 0)
    assert there["storage_key"].startswith(f"tenants/{made.tenant.id}/")


def test_an_archive_comes_twice_and_beside_its_origin(
    origin: Settings, moving: Furnished, archive: Path
) -> None:
    before = rows_of(origin, moving.tenant)
    with pytest.raises(Conflict, match="there is a tenant 'moving' already"):
        take_in(origin, archive)
    first = take_in(origin, archive, slug="first-copy", name="First copy")
    second = take_in(origin, archive, slug="second-copy", cell=first.tenant.cell)
    assert first.tenant.name == "First copy"
    ids = [
        {row["id"] for table in ("runs", "stage_runs") for row in rows_of(origin, one)[table]}
        for one in (moving.tenant, first.tenant, second.tenant)
    ]
    assert len(set.union(*ids)) == 3 * len(ids[0]) == 18
    assert rows_of(origin, moving.tenant) == before


@pytest.mark.long
def test_a_copy_of_a_copy_is_the_same(other: Settings, archive: Path, tmp_path: Path) -> None:
    made = take_in(other, archive, slug="once")
    again = tmp_path / "again.tar"
    with closing(Installation(other)) as house:
        export(house, house.place("once"), again)
    twice = take_in(other, again, slug="twice")
    first, second = (rows_of(other, one.tenant) for one in (made, twice))
    for table in ("assets", "artifacts"):
        assert [one["sha256"] for one in first[table]] == [one["sha256"] for one in second[table]]
    assert [one["state"] for one in second["runs"]] == ["done", "cancelled"]
    assert len(second["audit"]) == len(first["audit"]) + 1


def test_a_tenant_that_is_written_to_meanwhile_is_taken_at_one_moment(
    origin: Settings, other: Settings, tmp_path: Path
) -> None:
    busy = furnish(origin, "busy")
    stopped, errors, turns = threading.Event(), [], []

    def work() -> None:
        """Two rows in two tables change together, over and over."""
        schema = sql.Identifier(tenant_role(busy.id))
        try:
            while not stopped.is_set():
                with as_owner(origin) as (connection, _):
                    connection.execute(
                        sql.SQL("UPDATE {}.assets SET version = version + 1").format(schema)
                    )
                    connection.execute(
                        "UPDATE cell.stage_runs SET attempt = attempt + 1 WHERE tenant_id = %s",
                        [busy.id],
                    )
                turns.append(1)
        except Exception as error:  # noqa: BLE001 — told to the test
            errors.append(error)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for number in range(4):
            file = tmp_path / f"{number}.tar"
            _export(origin, busy, file)
            parts = parts_of(file)
            (asset,) = map(json.loads, parts["rows/tenant/assets.jsonl"].splitlines())
            stages = [json.loads(one) for one in parts["rows/cell/stage_runs.jsonl"].splitlines()]
            assert {one["attempt"] for one in stages} == {asset["version"] - 1}
    finally:
        stopped.set()
        writer.join()
    assert errors == []
    assert len(turns) > 4
    assert take_in(other, file, slug="busy").rows > 0


def test_a_file_that_is_removed_meanwhile_is_told_of_and_a_suspended_tenant_can_leave(
    origin: Settings, other: Settings, tmp_path: Path
) -> None:
    found = furnish(origin, "losing")
    suspension.hold(origin, "losing", held=True)
    key = f"tenants/{found.id}/sources/{found.asset}/original"
    with closing(Installation(origin)) as house:
        house.storage.delete(key)
        made = export(house, found.place, tmp_path / "losing.tar")
    assert (made.absent, made.files) == (1, len(PACKAGE) + 1)
    taken = take_in(other, tmp_path / "losing.tar")
    assert (taken.absent, taken.tenant.state) == (1, "active")


def test_every_shared_table_is_decided_upon(origin: Settings) -> None:
    with as_owner(origin) as (connection, _):
        known = {
            name
            for (name,) in connection.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                " WHERE c.relnamespace = 'cell'::regnamespace AND c.relkind IN ('r', 'p')"
                " AND a.attname = 'tenant_id'"
            )
        }
        assert known == set(tenant_tables.SHARED) | set(tenant_tables.STAYS)
        columns = {one.name: one.columns for one in tenant_tables.shared(connection)}
    assert columns.keys() == tenant_tables.SHARED.keys()


def test_tables_that_a_release_adds_come_along_and_tables_of_secrets_stay(
    origin: Settings, other: Settings, tmp_path: Path
) -> None:
    """Nobody who adds a table needs to think of archives."""
    found = furnish(origin, "with-more")
    schema = tenant_role(found.id)
    tables = (
        "CREATE TABLE labels (id uuid PRIMARY KEY, name text);"
        "CREATE TABLE albums (id uuid PRIMARY KEY, label_id uuid NOT NULL REFERENCES labels,"
        " parent_id uuid REFERENCES albums, asset_id uuid REFERENCES assets, run_id uuid,"
        " seal bytea, whole text GENERATED ALWAYS AS ('x') STORED);"
        "CREATE TABLE links (id uuid PRIMARY KEY, digest bytea NOT NULL);"
        "CREATE TABLE visits (id uuid PRIMARY KEY, link_id uuid NOT NULL REFERENCES links);"
        "CREATE TABLE notes (id uuid PRIMARY KEY, link_id uuid REFERENCES links,"
        " album_id uuid NOT NULL REFERENCES albums, author_id uuid, written_by uuid);"
    )
    label, album, child, link, person = (uuid4() for _ in range(5))
    with as_owner(origin) as (connection, _):
        before = {one.name for one in tenant_tables.of_schema(connection, schema)}
        connection.execute(path_of(found.tenant))
        connection.execute(tables)
        connection.execute(
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {0}").format(
                sql.Identifier(schema)
            )
        )
        connection.execute("INSERT INTO labels VALUES (%s, 'a label')", [label])
        for one, parent in ((album, None), (child, album)):
            connection.execute(
                "INSERT INTO albums VALUES (%s, %s, %s, %s, %s, %s)",
                [one, label, parent, found.asset, found.run, b"planted-bytes"],
            )
        connection.execute("INSERT INTO links VALUES (%s, %s)", [link, b"planted-digest"])
        connection.execute(
            "INSERT INTO notes VALUES (%s, %s, %s, %s, %s)", [uuid4(), link, child, person, person]
        )
        added = [
            one for one in tenant_tables.of_schema(connection, schema) if one.name not in before
        ]
    order = [one.name for one in added]
    assert order.index("labels") < order.index("albums") < order.index("notes")
    assert {one.name: list(one.columns) for one in added} == {
        "labels": ["id", "name"],
        "albums": ["id", "label_id", "parent_id", "asset_id", "run_id"],
        "notes": ["id", "album_id", "author_id", "written_by"],
    }
    file = tmp_path / "more.tar"
    _export(origin, found, file)
    content = file.read_bytes()
    for secret in (b"planted-bytes".hex(), b"planted-digest".hex(), str(link), str(person)):
        assert secret.encode() not in content

    lines = "; ".join(f"op.execute({one!r})" for one in tables.split(";") if one)
    root = with_revisions(tmp_path, "tenant", lines)
    raised = rewritten(file, tmp_path / "raised.tar", _at(newer("tenant", 1)))
    made = take_in(other, raised, slug="with-more", root=root)
    with as_owner(other) as (connection, _):
        connection.execute(path_of(made.tenant))
        run = rows_of(other, made.tenant)["runs"][0]["id"]
        assert connection.execute(
            "SELECT id, label_id, parent_id, asset_id, run_id::text, seal FROM albums ORDER BY"
            " parent_id NULLS FIRST"
        ).fetchall() == [
            (album, label, None, found.asset, run, None),
            (child, label, album, found.asset, run, None),
        ]
        (note,) = connection.execute("SELECT author_id, written_by, link_id FROM notes").fetchall()
        assert note[0] == note[1] != person
        assert note[2] is None
        assert connection.execute("SELECT count(*) FROM links").fetchone() == (0,)
    purge(other, str(made.tenant.id))


def path_of(tenant: TenantInfo) -> sql.Composed:
    """A statement that looks names up in a tenant's schema."""
    name = sql.Identifier(tenant_role(tenant.id))
    return sql.SQL("SET LOCAL search_path = {}, pg_temp").format(name)


def _at(revision: str) -> Callable[[Parts], None]:
    """Another revision in the description."""

    def change(parts: Parts) -> None:
        said = json.loads(parts["tenant.json"]) | {"revision": revision}
        parts["tenant.json"] = json.dumps(said).encode()

    return change


def test_an_archive_of_an_older_revision_is_brought_to_this_one(
    other: Settings, archive: Path, tmp_path: Path
) -> None:
    def age(parts: Parts) -> None:
        said = json.loads(parts["tenant.json"])
        said["revision"] = "0001"
        kept = {"rows/tenant/assets.jsonl", "rows/tenant/artifacts.jsonl"}
        for name in [one for one in said["rows"] if one.startswith("rows/tenant/")]:
            if name not in kept:
                del said["rows"][name], parts[name]
        assets = [json.loads(one) for one in parts["rows/tenant/assets.jsonl"].splitlines()]
        for row in assets:
            for column in set(row) - {
                "id", "name", "kind", "mime", "bytes", "sha256", "storage_key", "media",
                "created_at",
            }:  # fmt: skip
                del row[column]
        parts["rows/tenant/assets.jsonl"] = b"".join(
            json.dumps(row).encode() + b"\n" for row in assets
        )
        parts["tenant.json"] = json.dumps(said).encode()

    made = take_in(other, rewritten(archive, tmp_path / "old.tar", age), slug="of-old")
    (asset,) = rows_of(other, made.tenant)["assets"]
    assert (asset["tags"], asset["version"], asset["name"]) == ([], 1, "a film.mp4")
    with closing(Installation(other)) as house, house.tenant_scope(house.place("of-old")):
        pass  # at a revision that this release works on


_STOPPING = """
import sys, time
from pathlib import Path
from core.settings import get_settings
from services import tenant_import

def stop(*_):
    print("here", flush=True)
    time.sleep(600)

setattr(tenant_import, sys.argv[1], stop)
tenant_import.take_in(get_settings(), Path(sys.argv[2]), slug=sys.argv[3])
"""


@pytest.mark.parametrize("step", [pytest.param("_put_rows", marks=pytest.mark.long), "_open"])
def test_an_import_that_is_killed_is_seen_by_nobody_and_taken_back_by_the_next(
    other: Settings, archive: Path, step: str
) -> None:
    slug = f"killed-before{step.replace('_', '-')}"
    before = _left(other)
    process = subprocess.Popen(
        [sys.executable, "-c", _STOPPING, step, str(archive), slug],
        cwd=CHECKOUT,
        env={**environment(other), "DATABASE_ADMIN_URL": other.database_admin_url or ""},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"here\n"
        with pytest.raises(Conflict, match="is being imported just now"):
            take_in(other, archive, slug=slug)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert len(_left(other)["files"]) > len(before["files"])
    with closing(Installation(other)) as house, pytest.raises(Unavailable, match="is importing"):
        house.place(slug)
    assert migrate(other).created == ()  # a start makes nothing of it
    with pytest.raises(Conflict, match="already"):
        tenants.create(other, slug)

    made = take_in(other, archive, slug=slug)

    assert len(rows_of(other, made.tenant)["runs"]) == 2
    purge(other, slug)
    for folder in other.data_dir.iterdir():  # what the dead one was reading from
        if folder.name not in before["folder"]:
            shutil.rmtree(folder)
    assert _left(other) == before


def test_what_is_interrupted_once_all_is_there_stays(
    other: Settings, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tenant_import._open

    def open_and_stop(work: Any) -> None:
        opened(work)
        raise KeyboardInterrupt

    monkeypatch.setattr(tenant_import, "_open", open_and_stop)
    with pytest.raises(KeyboardInterrupt):
        take_in(other, archive, slug="late")
    found = tenants.get(other, "late")
    assert found.state == "active"
    assert len(rows_of(other, found)["artifacts"]) == len(PACKAGE) + 1
    with closing(Installation(other)) as house:
        assert len(list(house.storage.list(f"tenants/{found.id}"))) == len(PACKAGE) + 2


def test_what_a_killed_import_has_left_can_be_purged(other: Settings, archive: Path) -> None:
    before = _left(other)
    with as_owner(other) as (connection, _):
        connection.execute(
            "INSERT INTO directory.tenants (slug, name, cell, state)"
            " VALUES ('given-up', 'x', 'main', 'importing')"
        )
    purge(other, "given-up")
    assert _left(other) == before


def test_no_room_is_told_before_anything_is_made(other: Settings, archive: Path) -> None:
    before = _left(other)
    with pytest.raises(QuotaExceeded, match="a tenant may have 100 stored"):
        take_in(other.model_copy(update={"stored_bytes": 100}), archive, slug="large")
    full = other.model_copy(update={"cell_tenants": len(tenants.list_all(other))})
    with pytest.raises(Unavailable, match="every cell holds its"):
        take_in(full, archive, slug="one-more")
    with pytest.raises(Rejected, match="is no tenant name"):
        take_in(other, archive, slug="No Slug")
    assert _left(other) == before
