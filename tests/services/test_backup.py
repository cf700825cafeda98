"""What a backup holds comes back whole, walls included, into an empty installation only."""

import stat
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from core.database import connect
from core.embedded import EmbeddedServers
from core.embedded.wheels import postgres_program
from core.errors import Conflict, Misconfigured, NotFound, Rejected, Unavailable
from core.keys import source_key
from core.settings import Settings
from core.storage import open_storage
from services import tenants
from services.archive import Description, writing
from services.backup import backup
from services.installation import Installation
from services.key_rotation import renew
from services.migrations import migrate
from services.restore import restore
from tests.installations import (
    Planted,
    as_owner,
    as_tenant,
    database,
    installation,
    newer,
    plant,
    with_revisions,
)
from tests.servers import PostgresForTests
from tests.walls import breaches

_OF_THE_MACHINE = {"workers", "periodic", "sweeper"}


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresForTests]:
    """A second server, because a tenant's role can be only once on the first."""
    folder = Path(tmp_path_factory.mktemp("other"))
    with EmbeddedServers(folder, valkey=False, durable=False) as urls:
        assert urls.database_superuser_url is not None
        yield PostgresForTests(urls.database_superuser_url)


@pytest.fixture
def settings(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Settings]:
    with installation(
        postgres, tmp_path / "origin", further_cells=("second",), redis_url=valkey
    ) as made:
        yield made


@pytest.fixture
def fresh(other_server: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Settings]:
    with installation(
        other_server, tmp_path / "copy", further_cells=("second",), redis_url=valkey
    ) as made:
        yield made


def _plant_with_file(settings: Settings, slug: str, cell: str) -> Planted:
    planted = plant(settings, slug, cell=cell, mark=f"{slug}-words")
    with as_tenant(settings, planted) as connection:
        connection.execute(
            "WITH made AS (INSERT INTO brands (name) VALUES (%s) RETURNING id)"
            " UPDATE assets SET brand_id = (SELECT id FROM made)",
            [f"{slug} brand"],
        )
    assert settings.storage_url is not None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    file = settings.data_dir / "upload"
    file.write_bytes(slug.encode() * 100_000)
    storage = open_storage(settings.storage_url)
    storage.put(source_key(planted.id, planted.asset), file, consume=True)
    with as_tenant(settings, planted) as connection:
        connection.execute(
            "INSERT INTO cell.audit (tenant_id, subject, shown, action, method, route, targets,"
            " status) VALUES (%s, 'x', 'x', 'x', 'POST', '/x', %s, 200)",
            [planted.id, Jsonb({"asset_id": str(planted.asset), "created": str(planted.run)})],
        )
    return planted


def _rows(settings: Settings) -> dict[str, list[Any]]:
    """Every row of every table of ours, and where every sequence stands."""
    found: dict[str, list[Any]] = {}
    for cell in ("main", "second"):
        with as_owner(settings, cell) as (connection, _):
            relations = connection.execute(
                "SELECT nspname || '.' || relname, relname, relkind FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'S')"
                " AND (nspname IN ('cell', 'directory') OR nspname LIKE 't\\_%')"
            ).fetchall()
            for name, plain, kind in relations:
                # A restore draws an epoch of its own: see the test of it.
                row = "to_jsonb(x) - 'epoch'" if kind == "r" else "last_value"
                if plain not in _OF_THE_MACHINE:
                    query = f"SELECT {row} FROM {name} x ORDER BY 1".encode()
                    found[f"{cell}: {name}"] = connection.execute(query).fetchall()
    return found


def _epochs(settings: Settings) -> dict[UUID, int]:
    with as_owner(settings) as (connection, _):
        return dict(connection.execute("SELECT tenant_id, epoch FROM cell.event_heads").fetchall())


def _files(settings: Settings) -> dict[str, bytes]:
    assert settings.storage_url is not None
    storage = open_storage(settings.storage_url)
    found = {}
    for one in storage.list():
        with storage.open(one.key) as source:
            found[one.key] = source.read()
    return found


def test_an_installation_comes_back_with_its_walls(
    settings: Settings, fresh: Settings, tmp_path: Path
) -> None:
    first = _plant_with_file(settings, "first", "main")
    second = _plant_with_file(settings, "second", "second")
    with as_owner(settings) as (connection, _):
        connection.execute("UPDATE cell.queues SET state = 'paused' WHERE name = 'gpu'")
    file = tmp_path / "all.backup"
    saved = backup(settings, file)
    assert (saved.tenants, saved.files) == (3, 2)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    expected = (_rows(settings), _files(settings))

    restore(fresh, file)

    # Numbers are given again, so what was sent under them must be told from what comes now.
    assert _epochs(fresh).keys() == _epochs(settings).keys()
    assert not _epochs(fresh).items() & _epochs(settings).items()
    assert (_rows(fresh), _files(fresh)) == expected
    for cell in ("main", "second"):
        with as_owner(fresh, cell) as (connection, known):
            assert breaches(connection, known.roles, known.app) == []
    for planted in (first, second):
        with as_tenant(fresh, planted) as connection:
            mark = f"{planted.tenant.slug}-words.mp4"
            assert connection.execute("SELECT name FROM assets").fetchall() == [(mark,)]
            assert connection.execute("SELECT tenant_id FROM cell.runs").fetchall() == [
                (planted.id,)
            ]
    new = tenants.create(fresh, "new", cell="main")  # sequences go on where they stood
    pool = database(fresh)
    with pool.tenant_scope(new.id) as session:
        session.connection()
    pool.dispose()
    assert _claimed(fresh) == first.id


def _claimed(settings: Settings) -> UUID | None:
    assert settings.database_url is not None
    with connect(settings.database_url, autocommit=False) as connection:
        row = connection.execute(
            "SELECT tenant_id FROM cell.claim('light', %s, '8 seconds', %s)",
            [uuid4(), [newer("tenant")]],
        ).fetchone()
    return row[0] if row is not None else None


def test_a_restore_without_its_master_key_is_refused_before_anything_is_touched(
    settings: Settings, fresh: Settings, tmp_path: Path
) -> None:
    planted = _plant_with_file(settings, "sealing", "second")
    with closing(Installation(settings)) as house:
        with house.identity_scope() as session:
            house.keyring.people(session).seal(b"of a person", "x")
        place = house.place("sealing")
        with house.tenant_scope(place) as session:
            sealed = house.keyring.tenant(session, place.tenant_id).seal(b"of a tenant", "x")
    file = tmp_path / "all.backup"
    backup(settings, file)
    assert b"of a tenant" not in file.read_bytes()
    before = (_rows(fresh), _files(fresh))
    other = fresh.model_validate({**fresh.model_dump(), "master_keys": "33" * 32})
    none = fresh.model_validate({**fresh.model_dump(), "master_keys": None})
    for poor, complaint in ((other, "cannot be opened: .* add it behind"), (none, "is not set")):
        with pytest.raises(Misconfigured, match=complaint):
            restore(poor, file)
    assert (_rows(fresh), _files(fresh)) == before
    restore(fresh, file)
    with closing(Installation(fresh)) as house, house.tenant_scope(place) as session:
        assert house.keyring.tenant(session, planted.id).open(sealed, "x") == b"of a tenant"
    # Whoever has lost the key keeps all but the secrets, and seals new ones with another.
    restore(other, file, force=True, without_secrets=True)
    with as_owner(fresh, "second") as (connection, _):
        connection.execute("UPDATE cell.data_keys SET created_at = now() - interval '1 day'")
    assert renew(other).made == 1
    with closing(Installation(other)) as house, house.tenant_scope(place) as session:
        sealer = house.keyring.tenant(session, planted.id)
        assert sealer.open(sealer.seal(b"new", "y"), "y") == b"new"
        with pytest.raises(Misconfigured):
            sealer.open(sealed, "x")


def test_what_is_there_is_replaced_only_by_force(
    settings: Settings, fresh: Settings, tmp_path: Path
) -> None:
    _plant_with_file(settings, "first", "main")
    file = tmp_path / "all.backup"
    backup(settings, file)
    _plant_with_file(fresh, "in-the-way", "second")
    with pytest.raises(Conflict, match="'in-the-way' of this installation holds assets"):
        restore(fresh, file)
    assert len(_files(fresh)) == 1
    restore(fresh, file, force=True)
    assert (_rows(fresh), _files(fresh)) == (_rows(settings), _files(settings))
    restore(fresh, file, force=True)  # and over itself
    assert (_rows(fresh), _files(fresh)) == (_rows(settings), _files(settings))


@pytest.mark.parametrize("part", ["tenants-second", "shared-second", "shared-main"])
def test_a_restore_that_was_cut_short_is_run_again(
    settings: Settings, fresh: Settings, tmp_path: Path, part: str
) -> None:
    first = _plant_with_file(settings, "first", "main")
    _plant_with_file(settings, "second", "second")
    file = tmp_path / "all.backup"
    backup(settings, file)
    broken = tmp_path / "bin"
    broken.mkdir()
    program = broken / "pg_restore"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *{part}*) exit 1;; esac\n'
        f'exec "{postgres_program("pg_restore")}" "$@"\n'
    )
    program.chmod(0o755)
    with pytest.raises(Exception, match="pg_restore failed"):
        restore(fresh.model_copy(update={"postgres_bin": broken}), file)
    with pytest.raises(NotFound):
        tenants.get(fresh, "first")  # not to be seen before all is there
    assert _claimed(fresh) is None  # nor worked on
    with as_owner(fresh) as (connection, known):
        assert breaches(connection, known.roles, known.app) == []
    migrate(fresh)  # as the next start does, which makes a first tenant again
    restore(fresh, file)
    assert tenants.get(fresh, "first").id == first.id
    assert (_rows(fresh), _files(fresh)) == (_rows(settings), _files(settings))


def test_a_copy_beside_its_origin_on_one_server_is_refused(
    settings: Settings, postgres: PostgresForTests, valkey: str, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    backup(settings, file)
    with (
        installation(
            postgres, tmp_path / "beside", further_cells=("second",), redis_url=valkey
        ) as beside,
        pytest.raises(Conflict, match="belongs to another installation on this server"),
    ):
        restore(beside, file)


@pytest.mark.parametrize("harm", ["cut", "flipped", "not one", "another tenant's file"])
def test_a_harmed_file_is_refused_before_anything_is_touched(
    settings: Settings, tmp_path: Path, harm: str
) -> None:
    _plant_with_file(settings, "first", "main")
    file = tmp_path / "all.backup"
    backup(settings, file)
    content = bytearray(file.read_bytes())
    if harm == "cut":
        content = content[: len(content) // 2]
    elif harm == "flipped":
        content[content.index(b"firstfirst")] ^= 1
    elif harm == "not one":
        content = bytearray(b"PK\x03\x04" + bytes(2000))
    file.write_bytes(content)
    if harm == "another tenant's file":
        with tarfile.open(file, "a") as tar:
            tar.add(__file__, f"storage/tenants/{uuid4()}/sources/x")
    before = (_rows(settings), _files(settings))
    with pytest.raises(Rejected):
        restore(settings, file, force=True)
    assert (_rows(settings), _files(settings)) == before


def test_a_backup_of_another_release_is_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    root = with_revisions(tmp_path, "cell", "pass")
    with pytest.raises(Unavailable, match="run `automator migrate`"):
        backup(settings, file, root=root)
    migrate(settings, root=root)
    backup(settings, file, root=root)
    theirs, ours = newer("cell", 1), newer("cell")
    with pytest.raises(Rejected, match=rf"its cell is at {theirs}, not {ours}\)"):
        restore(settings, file)


def test_a_backup_replaces_no_file_and_leaves_no_half_of_one(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    file.write_text("precious")
    with pytest.raises(Conflict):
        backup(settings, file)
    assert file.read_text() == "precious"
    with pytest.raises(Exception, match="is missing"):
        backup(settings.model_copy(update={"postgres_bin": tmp_path}), tmp_path / "b")
    assert {path.name for path in tmp_path.iterdir()} <= {"all.backup", "origin"}


def test_a_long_backup_does_not_hold_up_the_ledger(settings: Settings, tmp_path: Path) -> None:
    planted = _plant_with_file(settings, "busy", "main")
    slow = tmp_path / "bin"
    slow.mkdir()
    program = slow / "pg_dump"
    program.write_text(f'#!/bin/sh\nsleep 0.7\n"{postgres_program("pg_dump")}" "$@"\nsleep 0.7\n')
    program.chmod(0o755)
    unhurried = settings.model_copy(update={"postgres_bin": slow})
    writer = threading.Thread(target=backup, args=[unhurried, tmp_path / "all.backup"])
    writer.start()
    slowest, turns = 0.0, 0
    while writer.is_alive():
        began = time.monotonic()
        with as_tenant(settings, planted) as connection:
            connection.execute("UPDATE cell.stage_runs SET progress = progress + 0.001")
            connection.execute("UPDATE assets SET name = name || '.'")
        with connect(settings.database_url or "", autocommit=False) as app:
            app.execute(
                "SELECT cell.claim('light', %s, '8 seconds', %s)", [uuid4(), [newer("tenant")]]
            )
            app.rollback()
        slowest, turns = max(slowest, time.monotonic() - began), turns + 1
        time.sleep(0.01)
    writer.join()
    assert turns > 20
    assert slowest < 1


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    nothing = Description(format=1, created_at="", directory="", cell="", cells=[], tenants=[])
    with writing(file, nothing):
        pass
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    with pytest.raises(Conflict), writing(file, nothing):
        file.write_text("precious")
    assert file.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["all.backup"]
