"""Tenants: another one, another name, and the end of one, which can be undone for a while."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from core.settings import Settings
from services import people, suspension, tenants
from services.installation import Installation
from services.mails import MailKind
from tests.api.people import PASSWORD, Somebody, anybody, join, mailed, stewarded
from tests.api.serving import in_a_thread
from tests.api.streams import Reader
from tests.api.team import again, change, moved, newcomer
from tests.api.test_members import soon
from tests.installations import as_owner


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with stewarded(settings), anybody(settings) as found:
        yield found


def _run(settings: Settings, statement: str, *values: object) -> list[tuple[object, ...]]:
    with as_owner(settings) as (connection, _):
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def _waits(settings: Settings, tenant_id: UUID) -> bool:
    """Whether the cell gives out none of the tenant's work."""
    query = "SELECT suspended FROM cell.tenants WHERE tenant_id = %s"
    return _run(settings, query, tenant_id) == [(True,)]


def _closed(somebody: Somebody) -> bool:
    answer = somebody.ask("GET", "/v1/assets")
    return answer.status_code == 403 and "suspended" in answer.json()["detail"]


def _delete(somebody: Somebody, **changes: str | None) -> int:
    slug = somebody.ask("GET", "/v1/tenant").json()["slug"]
    body = {"slug": slug, "password": PASSWORD} | changes
    return somebody.ask("POST", "/v1/tenant/delete", json=body).status_code


def test_somebody_has_another_tenant_at_once_and_so_many_at_most(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = join(client, settings)
    made = ada.ask("POST", "/v1/tenants", json={"name": "Second \u202e Brand"})
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["state"]) == ("Second Brand", "active")
    there = moved(ada, made.json()["tenant_id"])
    assert there.ask("GET", "/v1/assets").json()["items"] == []
    assert len(ada.ask("GET", "/v1/tenants").json()["items"]) == 2
    monkeypatch.setattr(people, "MOST_OWNED", 2)
    assert ada.ask("POST", "/v1/tenants", json={"name": "Third"}).status_code == 409
    assert ada.ask("POST", "/v1/tenants", json={"name": " \t "}).status_code == 422
    assert len(ada.ask("GET", "/v1/tenants").json()["items"]) == 2


def test_a_tenant_is_renamed_by_who_has_seen_it(client: TestClient, settings: Settings) -> None:
    ada = join(client, settings)
    editor = newcomer(client, settings, ada, "editor")
    found = editor.ask("GET", "/v1/tenant")
    tag = {"If-Match": found.headers["etag"]}
    seen = {"If-None-Match": found.headers["etag"]}
    assert editor.ask("GET", "/v1/tenant", headers=seen).status_code == 304
    assert editor.ask("PATCH", "/v1/tenant", json={"name": "N"}, headers=tag).status_code == 403
    assert ada.ask("PATCH", "/v1/tenant", json={"name": "N"}).status_code == 428
    renamed = ada.ask("PATCH", "/v1/tenant", json={"name": "N"}, headers=tag)
    assert (renamed.json()["name"], renamed.json()["slug"]) == ("N", found.json()["slug"])
    assert ada.ask("PATCH", "/v1/tenant", json={"name": "M"}, headers=tag).status_code == 412


def test_a_deleted_tenant_is_closed_at_once_and_restored_by_an_owner(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    admin = newcomer(client, settings, ada, "admin")
    assert _delete(admin) == 403
    assert _delete(ada, slug="another") == 422
    assert _delete(ada, password="another one altogether") == 422
    assert not _closed(ada)
    assert _delete(ada) == 202
    assert [kind for kind, _ in mailed(settings, ada.email)][-1] == MailKind.TENANT_CLOSING
    for somebody in (ada, admin):
        assert soon(lambda: _closed(somebody), 5)  # noqa: B023
    assert soon(lambda: _waits(settings, ada.tenant_id), 5)
    (one,) = ada.ask("GET", "/v1/tenants").json()["items"]
    until = datetime.fromisoformat(one["purge_after"]) - datetime.now(UTC)
    assert timedelta(days=13) < until < timedelta(days=14)
    assert one["state"] == "suspended"
    # Signed in anew, nobody lands in it; whoever means it still can restore it.
    later = again(ada)
    assert later.told["tenant_id"] is None
    restore = f"/v1/tenants/{ada.told['tenant_id']}/restore"
    assert admin.ask("POST", restore).status_code == 403
    assert join(client, settings).ask("POST", restore).status_code == 404
    assert later.ask("POST", restore).json()["purge_after"] is None
    assert later.ask("POST", restore).status_code == 409
    assert soon(lambda: ada.ask("GET", "/v1/assets").status_code == 200, 5)
    assert soon(lambda: not _waits(settings, ada.tenant_id), 5)


def test_nobody_at_an_open_browser_deletes_a_tenant(client: TestClient, settings: Settings) -> None:
    ada = join(client, settings)
    for wrong in ({"password": None}, {"password": "no"}, {"slug": "another"}):
        assert _delete(ada, **wrong) == 422
    assert ada.ask("GET", "/v1/assets").status_code == 200


def test_what_becomes_of_a_tenant_and_its_members_is_in_its_log(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    first = ada.ask("GET", "/v1/audit").json()["items"][-1]
    person = f"user:{ada.told['user_id']}"
    assert (first["action"], first["subject"]) == ("tenant.founded", person)
    made = ada.ask("POST", "/v1/tenants", json={"name": "Logged"}).json()
    there = moved(ada, made["tenant_id"])
    editor = newcomer(client, settings, there, "editor")
    whom = editor.told["user_id"]
    wanted = {"role": "viewer"}
    change = there.ask("PATCH", f"/v1/members/{whom}", json=wanted, headers={"If-Match": "*"})
    assert change.status_code == 200
    assert there.ask("POST", "/v1/ownership", json={"user_id": whom}).status_code == 201
    assert editor.ask("DELETE", f"/v1/me/memberships/{made['tenant_id']}").status_code == 204
    log = there.ask("GET", "/v1/audit").json()["items"]
    told = [one["action"] for one in log]
    assert told == [
        "member.left", "ownership:write", "members:write",
        "member.joined", "member.invited", "tenant.founded",
    ]  # fmt: skip
    # Who was let in, as what, by which invitation: the invitation itself is gone.
    _, offered, changing, joined, invited, _ = (one["targets"] for one in log)
    assert invited["role"] == joined["role"] == "editor"
    assert invited["created"] == joined["invitation_id"]
    assert joined["user_id"] == changing["user_id"] == offered["user_id"] == whom
    assert (changing["role"], changing["suspended"]) == ("viewer", "false")
    assert log[3]["subject"] == f"user:{whom}"
    assert log[3]["shown"]
    activity = [one["action"] for one in there.ask("GET", "/v1/me/activity").json()["items"]]
    assert activity.count("tenant.founded") == 1
    assert _delete(there) == 202
    query = "SELECT count(*) FROM directory.audit WHERE tenant_id = %s AND action = 'tenant.closed'"
    assert _run(settings, query, UUID(made["tenant_id"])) == [(1,)]


def test_when_its_time_has_come_a_tenant_is_removed_and_its_owners_have_a_receipt(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    elsewhere = ada.ask("POST", "/v1/tenants", json={"name": "Elsewhere"}).json()["tenant_id"]
    editor = newcomer(client, settings, ada, "editor")
    assert _delete(ada) == 202
    _run(
        settings,
        "UPDATE directory.tenants SET purge_after = now() WHERE id = %s",
        ada.tenant_id,
    )
    known = "SELECT 1 FROM directory.tenants WHERE id = %s"
    assert soon(lambda: _run(settings, known, ada.tenant_id) == [], 15)
    kind, told = mailed(settings, ada.email)[-1]
    assert (kind, told["tenant"]) == (MailKind.TENANT_PURGED, "Engines")
    ((rows,),) = _run(
        settings,
        "SELECT rows FROM directory.purge_receipts WHERE digest = decode(%s, 'hex')",
        told["digest"],
    )
    assert isinstance(rows, dict)
    assert (rows["directory.memberships"], rows["cell.tenants"]) == (2, 1)
    assert str(sum(rows.values())) == told["rows"]
    # People stay: who belongs elsewhere, and who belongs nowhere any more.
    (one,) = again(ada).ask("GET", "/v1/tenants").json()["items"]
    assert one["tenant_id"] == elsewhere
    assert again(editor).ask("GET", "/v1/tenants").json()["items"] == []
    assert editor.ask("GET", "/v1/assets").status_code == 403
    restore = f"/v1/tenants/{ada.told['tenant_id']}/restore"
    assert ada.ask("POST", restore).status_code == 404


def test_what_an_operator_suspends_no_owner_opens(client: TestClient, settings: Settings) -> None:
    ada = join(client, settings)
    tenant = str(ada.tenant_id)
    suspension.hold(settings, tenant, held=True)
    assert _waits(settings, ada.tenant_id)
    assert soon(lambda: _closed(ada), 5)
    assert ada.ask("POST", f"/v1/tenants/{tenant}/restore").status_code == 409
    suspension.hold(settings, tenant, held=False)
    assert not _waits(settings, ada.tenant_id)
    assert soon(lambda: ada.ask("GET", "/v1/assets").status_code == 200, 5)
    assert _delete(ada) == 202
    suspension.hold(settings, tenant, held=True)
    restored = ada.ask("POST", f"/v1/tenants/{tenant}/restore").json()
    assert (restored["state"], restored["purge_after"]) == ("suspended", None)
    assert tenants.get(settings, tenant).state == "suspended"


def test_a_streams_reader_who_is_suspended_reads_no_more_within_five_seconds(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    editor = newcomer(client, settings, ada, "editor")
    app = create_app()
    app.state.installation = Installation(settings)
    with in_a_thread(app) as port:
        reader = Reader(port, "/v1/events", None, editor.told["access_token"])
        try:
            reader.begun()
            began = time.monotonic()
            assert change(ada, editor, suspended=True).status_code == 200
            reader.wait(lambda parser: parser.complete, 10)
            assert time.monotonic() - began < 5.5
            assert [one.event for one in reader.parser.told] == ["unauthorised"]
        finally:
            reader.close()
