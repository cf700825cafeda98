"""A purged tenant is found nowhere, and its neighbour has everything as before."""

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from redis import Redis

from core.database import connect, tenant_role
from core.embedded.wheels import postgres_program
from core.errors import NotFound, Unavailable
from core.keys import tenant_prefix
from core.settings import Settings
from core.storage import open_storage
from services import tenants
from services.purge import purge
from services.uploads import spool_root
from tests.installations import Planted, as_owner, as_tenant, installation, newer, plant
from tests.servers import PostgresForTests


@pytest.fixture
def settings(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Settings]:
    with installation(
        postgres, tmp_path / "data", further_cells=("second",), redis_url=valkey
    ) as made:
        yield made


class Canaries:
    """Strings planted in every place where something of a tenant can be."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self.refused = ""

    def next(self) -> str:
        """A string that is nowhere else."""
        self.strings.append(f"canary{uuid4().hex}")
        return self.strings[-1]


def _plant_canaries(settings: Settings, slug: str) -> tuple[Planted, Canaries]:
    canaries = Canaries()
    mark = canaries.next()
    planted = plant(settings, f"{slug}-{canaries.next()}", cell="second", mark=mark)
    with as_tenant(settings, planted) as connection:
        for name, kind, key in [[canaries.next() for _ in range(3)]]:
            connection.execute(
                "UPDATE assets SET name = %s, mime = %s, storage_key = %s", [name, kind, key]
            )
        connection.execute("UPDATE brands SET name = %s", [canaries.next()])
        connection.execute(
            "UPDATE artifacts SET path = %s, stage = %s, attributes = %s",
            [canaries.next(), canaries.next(), Jsonb({"title": canaries.next()})],
        )
        connection.execute(
            "INSERT INTO reviews (asset_id, title, message) SELECT id, %s, %s FROM assets",
            [canaries.next(), canaries.next()],
        )
        connection.execute(
            "INSERT INTO review_comments (review_id, round, text) SELECT id, 1, %s FROM reviews",
            [canaries.next()],
        )
        connection.execute(
            "UPDATE cell.stage_runs SET result = %s, error = %s, state = 'failed'",
            [Jsonb({"caption": canaries.next()}), Jsonb({"reason": canaries.next()})],
        )
        run = connection.execute(
            "INSERT INTO cell.runs (tenant_id, recipe) VALUES (%s, %s) RETURNING id",
            [planted.id, canaries.next()],
        ).fetchone()
        assert run is not None
        connection.execute(
            "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state,"
            " options) SELECT tenant_id, %s, lane, %s, 'light', 1, 'ready', %s FROM cell.tenants",
            [run[0], canaries.next(), Jsonb({canaries.next(): True})],
        )
        connection.execute(
            "INSERT INTO cell.imports (id, tenant_id, url, source, name, recipe)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [run[0], planted.id, *(canaries.next() for _ in range(4))],
        )
        connection.execute(
            "INSERT INTO cell.uploads (tenant_id, name, metadata, bytes, expires_at)"
            " VALUES (%s, %s, %s, 5, now() + interval '1 day')",
            [planted.id, canaries.next(), canaries.next()],
        )
        connection.execute(
            "INSERT INTO cell.webhooks (id, tenant_id, url, kinds, description, secret, seq)"
            " VALUES (%s, %s, %s, %s, %s, %s, 0)",
            [run[0], planted.id, canaries.next(), [canaries.next()], canaries.next(),
             b"sealed"],
        )  # fmt: skip
        connection.execute(
            "INSERT INTO cell.deliveries (tenant_id, webhook_id, seq, kind, body)"
            " VALUES (%s, %s, 1, %s, %s)",
            [planted.id, run[0], canaries.next(), canaries.next()],
        )
        connection.execute(
            "UPDATE cell.deliveries SET response = %s, error = %s",
            [canaries.next(), canaries.next()],
        )
        connection.execute(
            "SELECT cell.emit(%s, %s, NULL, NULL, %s)",
            [planted.id, canaries.next(), Jsonb({"text": canaries.next()})],
        )
        connection.execute(
            "INSERT INTO cell.audit (tenant_id, subject, shown, action, method, route, targets,"
            " status, request_id, address, agent)"
            " VALUES (%s, %s, %s, %s, 'PUT', %s, %s, 200, %s, %s, %s)",
            [
                planted.id, *(canaries.next() for _ in range(4)), Jsonb({"id": canaries.next()}),
                *(canaries.next() for _ in range(3)),
            ],
        )  # fmt: skip
        # A data key, as far as the database knows.
        connection.execute(
            "INSERT INTO cell.data_keys (tenant_id, version, master, wrapped)"
            " VALUES (%s, 1, %s, %s)",
            [planted.id, canaries.next(), bytes(33)],
        )
    with as_owner(settings) as (directory, _):
        directory.execute(
            "INSERT INTO directory.mails (id, kind, recipient, tenant_id, sealed)"
            " VALUES (gen_random_uuid(), 'invitation', %s, %s, %s)",
            [canaries.next(), planted.id, b"sealed"],
        )
    _plant_files(settings, planted.id, canaries)
    _plant_people(settings, planted.id, canaries)
    refused = canaries.refused = canaries.next()
    canaries.strings.remove(refused)  # it is nowhere at any time
    with pytest.raises(psycopg.errors.CheckViolation), as_tenant(settings, planted) as connection:
        connection.execute("UPDATE assets SET name = %s, bytes = 0", [refused])
    return planted, canaries


def _plant_people(settings: Settings, tenant_id: UUID, canaries: Canaries) -> None:
    """An owner who stays, with a session in the tenant; and all that is about the tenant alone."""
    with as_owner(settings) as (connection, _):
        owner, other = (
            connection.execute(
                "INSERT INTO directory.users (email, name) VALUES (%s, 'Ada') RETURNING id",
                [f"{person}@{tenant_id.hex[:8]}.example"],
            ).fetchone()
            for person in ("owner", "other")
        )
        assert owner is not None
        assert other is not None
        for person, role in ((owner[0], "owner"), (other[0], "viewer")):
            connection.execute(
                "INSERT INTO directory.memberships (user_id, tenant_id, role) VALUES (%s, %s, %s)",
                [person, tenant_id, role],
            )
            connection.execute(
                "INSERT INTO directory.sessions (user_id, tenant_id, method, expires_at)"
                " VALUES (%s, %s, 'password', now() + interval '1 day')",
                [person, tenant_id],
            )
        invited = f"{canaries.next()}@example.com"
        connection.execute(
            "INSERT INTO directory.invitations (tenant_id, email, role, digest, invited_by,"
            " expires_at) VALUES (%s, %s, 'viewer', sha256(%s), %s, now() + interval '1 day')",
            [tenant_id, invited, tenant_id.bytes, owner[0]],
        )
        connection.execute(
            "INSERT INTO directory.ownership_offers (tenant_id, from_id, to_id, expires_at)"
            " VALUES (%s, %s, %s, now() + interval '1 day')",
            [tenant_id, owner[0], other[0]],
        )
        for state, sealed, ended in (("waiting", b"sealed", None), ("sent", None, "now")):
            connection.execute(
                "INSERT INTO directory.mails (id, kind, recipient, tenant_id, sealed, state,"
                " ended_at) VALUES (gen_random_uuid(), 'invitation', %s, %s, %s, %s, %s)",
                [f"{canaries.next()}@example.com", tenant_id, sealed, state, ended],
            )


def _plant_files(settings: Settings, tenant_id: UUID, canaries: Canaries) -> None:
    assert settings.redis_url is not None
    assert settings.storage_url is not None
    file = settings.data_dir / "file"
    file.write_text(canaries.next())
    storage = open_storage(settings.storage_url)
    storage.put(f"{tenant_prefix(tenant_id)}/{canaries.next()}/1/file", file)
    file.unlink()
    spooled = spool_root(settings, storage) / str(tenant_id) / canaries.next()
    spooled.mkdir(parents=True)
    (spooled / "bytes").write_text(canaries.next())
    with Redis.from_url(settings.redis_url) as client:
        client.set(f"stream:{tenant_id}", canaries.next())
        client.hset(f"cache:{tenant_id.hex}:{canaries.next()}", "text", canaries.next())


def _everything(settings: Settings, postgres: PostgresForTests) -> bytes:
    """All that an installation keeps, as one heap of bytes."""
    found = [_dump(settings.database_url, postgres)]
    found += [_dump(cell.url, postgres) for cell in settings.cells.values()]
    for path in settings.data_dir.rglob("*"):  # storage and logs
        found.append(str(path).encode())
        if path.is_file():
            found.append(path.read_bytes())
    assert settings.redis_url is not None
    with Redis.from_url(settings.redis_url) as client:
        for key in client.scan_iter():
            found += [key, client.dump(key) or b""]
            if client.type(key) == b"hash":
                found.append(repr(client.hgetall(key)).encode())
    return b"\n".join(found)


def _dump(url: str | None, postgres: PostgresForTests) -> bytes:
    assert url is not None
    name = url.partition("?")[0].rpartition("/")[2]
    address = postgres.url.replace("/postgres?", f"/{name}?")
    program = str(postgres_program("pg_dump"))
    return subprocess.run([program, "--dbname", address], capture_output=True, check=True).stdout


def _servers_log(postgres: PostgresForTests) -> str | None:
    """What the run's own server has logged; None of a server that is not ours."""
    sockets = Path(postgres.url.partition("?host=")[2])
    log = sockets.parents[1] / "logs" / "postgres.log"
    return log.read_text(errors="replace") if log.exists() else None


def test_nothing_of_a_purged_tenant_is_found_and_nothing_of_another_is_gone(
    settings: Settings, postgres: PostgresForTests
) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    doomed, canaries = _plant_canaries(settings, "doomed")
    _, kept = _plant_canaries(settings, "kept")
    assert len(canaries.strings) >= 20
    before = _everything(settings, postgres)
    for canary in canaries.strings + kept.strings:
        assert canary.encode() in before
    logged = _servers_log(postgres)
    assert logged is None or "violates check constraint" in logged
    for one in (canaries, kept):
        assert not [text for text in (one.refused, *one.strings) if text in (logged or "")]

    receipt = purge(settings, str(doomed.id))

    after = _everything(settings, postgres)
    assert [one for one in canaries.strings if one.encode() in after] == []
    assert doomed.id.hex.encode() not in after
    assert str(doomed.id).encode() not in after
    assert [one for one in kept.strings if one.encode() not in after] == []
    assert (receipt.files, receipt.keys) == (1, 2)
    assert receipt.rows["cell.runs"] == 2
    assert receipt.rows["cell.tenants"] == 1
    assert receipt.rows["cell.data_keys"] == receipt.rows["cell.audit"] == 1
    of_people = ("memberships", "invitations", "ownership_offers", "mails", "tenants")
    removed = {name: receipt.rows[f"directory.{name}"] for name in of_people}
    assert removed == {
        "memberships": 2, "invitations": 1, "ownership_offers": 1, "mails": 3, "tenants": 1,
    }  # fmt: skip
    with as_owner(settings) as (directory, _):
        # Who was a member goes on, signed in and nowhere; the owner has the receipt.
        people = directory.execute(
            "SELECT u.email, count(s.id), count(s.tenant_id) FROM directory.users u"
            " JOIN directory.sessions s ON s.user_id = u.id WHERE u.email LIKE %s GROUP BY 1",
            [f"%@{doomed.id.hex[:8]}.example"],
        ).fetchall()
        assert sorted(counts for _, *counts in people) == [[1, 0], [1, 0]]
        told = directory.execute(
            "SELECT recipient FROM directory.mails WHERE kind = 'tenant_purged'"
        ).fetchall()
        assert told == [(f"owner@{doomed.id.hex[:8]}.example",)]
        kept_receipt = directory.execute(
            "SELECT encode(digest, 'hex'), files, keys FROM directory.purge_receipts"
        ).fetchall()
    assert kept_receipt == [(receipt.digest, receipt.files, receipt.keys)]
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT to_regrole(%s)", [tenant_role(doomed.id)]).fetchone() == (
            None,
        )
    with pytest.raises(NotFound):
        purge(settings, str(doomed.id))


def _hold_a_stage(settings: Settings, planted: Planted, lease: str) -> UUID:
    """Takes the tenant's stage as a worker would."""
    assert settings.database_url is not None
    holder = uuid4()
    with connect(settings.database_url) as connection:
        row = connection.execute(
            "SELECT tenant_id FROM cell.claim('light', %s, %s, %s)",
            [holder, lease, [newer("tenant")]],
        ).fetchone()
    assert row == (planted.id,)
    return holder


def test_a_running_stage_is_told_to_stop_and_waited_for(settings: Settings) -> None:
    planted = plant(settings, "working", cell="main")
    holder = _hold_a_stage(settings, planted, "1 minute")
    with pytest.raises(Unavailable, match="still run"):
        purge(settings, "working", wait_seconds=0.2)
    assert tenants.get(settings, "working").state == "purging"

    def leave_when_told() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with as_tenant(settings, planted) as connection:
                told = connection.execute(
                    "SELECT cell.renew(%s, 1, %s, '1 minute', 0::real)", [planted.stage, holder]
                ).fetchone()
                if told == ("cancel",):
                    connection.execute(
                        "SELECT cell.leave(%s, 1, %s, 'ready', NULL, 0, NULL)",
                        [planted.stage, holder],
                    )
                    return
            time.sleep(0.02)

    worker = threading.Thread(target=leave_when_told)
    worker.start()
    receipt = purge(settings, "working", wait_seconds=30)
    worker.join()
    assert receipt.rows["cell.stage_runs"] == 2


def test_a_dead_workers_stage_is_waited_for_until_its_lease_ends(settings: Settings) -> None:
    planted = plant(settings, "orphaned", cell="main")
    began = time.monotonic()
    _hold_a_stage(settings, planted, "1 second")
    purge(settings, "orphaned")
    assert time.monotonic() - began >= 1


def test_a_suspended_tenants_stages_are_not_taken(settings: Settings) -> None:
    plant(settings, "closed", cell="main")
    with as_owner(settings) as (connection, _):
        connection.execute("UPDATE cell.tenants SET suspended = true")
    assert settings.database_url is not None
    with connect(settings.database_url) as app:
        claim = "SELECT * FROM cell.claim('light', %s, '1 second', %s)"
        assert app.execute(claim, [uuid4(), [newer("tenant")]]).fetchall() == []


@pytest.mark.parametrize("undone", ["cell", "directory"])
def test_a_purge_that_was_cut_short_is_ended_by_another(settings: Settings, undone: str) -> None:
    planted = plant(settings, "half", cell="main")
    with as_owner(settings) as (connection, _):
        connection.execute("UPDATE directory.tenants SET state = 'purging' WHERE slug = 'half'")
        if undone == "directory":
            connection.execute("DELETE FROM cell.tenants WHERE tenant_id = %s", [planted.id])
            connection.execute(
                sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(planted.schema))
            )
    assert purge(settings, "half").finished_at is not None
    with pytest.raises(NotFound):
        tenants.get(settings, "half")


def test_a_request_in_its_middle_is_waited_for(settings: Settings) -> None:
    planted = plant(settings, "asking", cell="main")
    reading = threading.Event()

    def read() -> None:
        with as_tenant(settings, planted) as connection:
            connection.execute("SELECT * FROM assets")
            reading.set()
            time.sleep(1)

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait()
    purge(settings, "asking")
    reader.join()


def test_a_run_that_somebody_works_on_is_waited_for(settings: Settings) -> None:
    planted = plant(settings, "busy", cell="main")
    locked = threading.Event()

    def work() -> None:
        with as_tenant(settings, planted) as connection:
            connection.execute("SELECT FROM cell.runs FOR UPDATE")
            locked.set()
            time.sleep(1)
            connection.execute("UPDATE cell.stage_runs SET progress = 0.5")

    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except psycopg.Error as error:
            failed.append(error)

    worker = threading.Thread(target=guarded)
    worker.start()
    locked.wait()
    purge(settings, "busy")
    worker.join()
    assert failed == []
