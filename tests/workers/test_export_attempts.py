"""Exports that an owner asks for, from the request to the archive, without a worker's processes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from core.cancellation import CancelReason
from services import export_runs, ledger, reconciliation
from services.mails import MailKind
from services.migrations import tenant_versions
from services.tenant_import import take_in
from services.uploads import spool_root
from tests.api.people import mailed
from tests.api.serving import serve
from tests.installations import as_owner
from tests.servers import PostgresForTests
from tests.shelved import shelve
from tests.workers.workshop import Workshop, workshop
from workers import periodic
from workers.attempt import Equipment, perform
from workers.lease import Hold, now
from workers.registry import Registry
from workers.scratch import ScratchSpace

EXPORTS = "/v1/tenant/exports"


@pytest.fixture(scope="module")
def shop(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    """Neither relay nor worker."""
    with workshop(postgres, "redis://nobody", tmp_path_factory.mktemp("exports")) as made:
        yield made


@pytest.fixture(scope="module")
def equipment(shop: Workshop) -> Iterator[Equipment]:
    scratch = ScratchSpace(shop.settings.data_dir / "scratch")
    yield Equipment(shop.settings, shop.installation.storage, Registry(), scratch)
    scratch.close()


@pytest.fixture
def client(shop: Workshop) -> Iterator[TestClient]:
    """The operator's, after a day without exports."""
    with as_owner(shop.settings) as (connection, _):
        connection.execute("UPDATE cell.runs SET created_at = created_at - interval '1 day'")
    signing = shop.settings.model_copy(update={"media_secret": SecretStr("a secret of the tests'")})
    with serve(signing) as found:
        yield found


def claim(shop: Workshop) -> Hold:
    """The stage of the only export."""
    database = shop.installation.cell()
    found = ledger.claim(database, "light", lease_seconds=60, versions=tuple(tenant_versions()))
    assert found is not None
    return Hold("main", "light", found, now() + 60)


def begin(client: TestClient) -> str:
    answer = client.post(EXPORTS)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def make(client: TestClient, shop: Workshop, equipment: Equipment) -> dict[str, Any]:
    """An export, made."""
    begun = begin(client)
    perform(equipment, shop.installation.cell(), claim(shop))
    found: dict[str, Any] = client.get(f"{EXPORTS}/{begun}").json()
    assert found["state"] == "done", found
    return found


def archives(shop: Workshop) -> list[str]:
    """The keys of the archives that are stored."""
    place = shop.installation.place("default")
    return [one.key for one in shop.installation.storage.list(f"tenants/{place.tenant_id}/exports")]


def test_an_owner_has_an_archive_made_is_told_and_downloads_it(
    shop: Workshop, equipment: Equipment, client: TestClient, tmp_path: Path
) -> None:
    shown = shelve(shop.installation, source=b"a film of ours")
    shown.add()
    owner = f"{uuid4().hex}@example.com"
    with as_owner(shop.settings) as (connection, _):
        connection.execute(
            "WITH u AS (INSERT INTO directory.users (email, name) VALUES (%s, 'Ada') RETURNING id)"
            " INSERT INTO directory.memberships (user_id, tenant_id, role)"
            " SELECT id, %s, 'owner' FROM u",
            [owner, shown.place.tenant_id],
        )
    once = {"Idempotency-Key": str(uuid4())}
    first, again = (client.post(EXPORTS, headers=once) for _ in range(2))
    assert (first.status_code, again.json()) == (202, first.json())
    begun = first.json()["id"]
    assert first.headers["location"] == f"{EXPORTS}/{begun}"
    refused = client.post(EXPORTS)
    assert (refused.status_code, "is being made" in refused.json()["detail"]) == (409, True)
    waiting = client.get(f"{EXPORTS}/{begun}").json()
    assert (waiting["state"], waiting["url"], waiting["bytes"]) == ("running", None, None)

    perform(equipment, shop.installation.cell(), claim(shop))

    made = client.get(f"{EXPORTS}/{begun}").json()
    assert made["state"] == "done"
    assert client.get(EXPORTS).json()["items"][0]["sha256"] == made["sha256"]
    stranger = TestClient(client.app, raise_server_exceptions=False)
    answer = stranger.get(made["url"])
    assert answer.status_code == 200
    assert (len(answer.content), hashlib.sha256(answer.content).hexdigest()) == (
        made["bytes"], made["sha256"],
    )  # fmt: skip
    assert f'filename="{shown.place.tenant_id}.tar"' in answer.headers["content-disposition"]
    part = stranger.get(made["url"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, answer.content[:10])
    assert stranger.get(made["url"].replace("archive.tar", "other")).status_code == 404
    assert [kind for kind, _ in mailed(shop.settings, owner)] == [MailKind.EXPORT_READY]
    with as_owner(shop.settings) as (connection, _):
        entries = connection.execute(
            "SELECT targets ->> 'created' FROM cell.audit WHERE action = 'tenant:export'"
        ).fetchall()
    assert entries == [(begun,)]
    file = tmp_path / "downloaded.tar"
    file.write_bytes(answer.content)
    taken = take_in(shop.settings, file, slug="moved")
    assert (taken.rows, taken.files) == (made["rows"], made["files"])
    assert list((shop.settings.data_dir / "scratch").rglob("*.tar")) == []


def test_the_newest_archive_is_kept_and_few_are_made_a_day(
    shop: Workshop, equipment: Equipment, client: TestClient
) -> None:
    first = make(client, shop, equipment)
    second = make(client, shop, equipment)
    assert [UUID(one.split("/")[3]) for one in archives(shop)] == [UUID(second["id"])]
    assert client.get(f"{EXPORTS}/{first['id']}").json()["url"] is None
    assert client.get(first["url"]).status_code == 404
    third = make(client, shop, equipment)
    assert client.get(third["url"]).status_code == 200
    refused = client.post(EXPORTS)
    assert refused.status_code == 429
    assert 86_000 < int(refused.headers["retry-after"]) <= 86_400


def test_an_archive_is_kept_for_a_week(
    shop: Workshop, equipment: Equipment, client: TestClient
) -> None:
    made = make(client, shop, equipment)
    place = shop.installation.place("default")
    database, storage = shop.installation.cell(), shop.installation.storage

    def collect() -> None:
        list(periodic.collect_tenant(database, storage, place.tenant_id, age=-1))

    collect()
    spool = spool_root(shop.settings, storage)
    report = reconciliation.Report()
    list(reconciliation.check(database, storage, spool, place.tenant_id, report, grace=-1))
    assert report.unknown == 0
    assert len(archives(shop)) == 1
    with as_owner(shop.settings) as (connection, _):
        for table, key in (("runs", "id"), ("stage_runs", "run_id")):
            query = f"UPDATE cell.{table} SET finished_at = finished_at - %s WHERE {key} = %s"
            connection.execute(query.encode(), [export_runs.KEPT, made["id"]])
    assert client.get(f"{EXPORTS}/{made['id']}").json()["url"] is None
    assert client.get(made["url"]).status_code == 404
    collect()
    assert archives(shop) == []


def test_an_export_that_is_cancelled_leaves_nothing(
    shop: Workshop, equipment: Equipment, client: TestClient
) -> None:
    before = archives(shop)
    begun = begin(client)
    hold = claim(shop)
    with shop.installation.tenant_scope(shop.installation.place("default")) as session:
        session.execute(text("SELECT cell.cancel_run(:run)"), {"run": begun})
    hold.token.cancel(CancelReason.CANCELLED)
    perform(equipment, shop.installation.cell(), hold)
    assert client.get(f"{EXPORTS}/{begun}").json()["state"] == "cancelled"
    assert archives(shop) == before
    assert list((shop.settings.data_dir / "scratch").rglob("*.tar")) == []
    assert client.get(f"{EXPORTS}/{uuid4()}").status_code == 404
