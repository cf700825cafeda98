"""What is changed is recorded with who did it: once, with the change, and for good."""

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.testclient import TestClient
from httpx2 import Response
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session

from api import access, context, idempotency, turns
from api.app import create_app
from api.trails import changes
from core.database import RoleNames, connect, sqlalchemy_url, tenant_role
from core.settings import Settings
from models.person import User
from services import audit, passwords
from services.installation import Place
from services.permissions import Role
from tests.api.crowd import Crowd, Member, bearer, crowd, unlimited
from tests.api.people import PASSWORD, anybody
from tests.api.serving import BODY, CLIP, TUS
from tests.installations import as_owner

# Where a transaction is recorded whether or not the route thinks of it.
_SEAMS: Final = (
    context.session, context.people, turns.recorded,
    idempotency.once_in_any_turn, idempotency.once_for_people_in_any_turn,
)  # fmt: skip
# What has transactions of its own, and is shown below to record itself.
_SHOWN: Final = {
    "POST /v1/assets",
    "PATCH /v1/uploads/{upload_id}",
    "DELETE /v1/uploads/{upload_id}",
    "PUT /v1/me/password",
    "DELETE /v1/sessions/current",
    "PUT /v1/sessions/current/tenant",
    "POST /v1/me/delete",
    # In test_direct_uploads, beside a bucket.
    "POST /v1/uploads/direct",
    "POST /v1/uploads/{upload_id}/complete",
}

# These, too, call `audit.record_in_directory`.
_OF_FACTORS: Final = {"POST /v1/me/passkeys/options", "POST /v1/me/identities/{provider}"}


@pytest.fixture(scope="module")
def planted(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    secret = SecretStr("a secret of the tests and a long one")
    with anybody(unlimited(settings).model_copy(update={"media_secret": secret})) as found:
        yield found


class Desk:
    """A tenant's owner at work; state: what was asked, and how long the log is."""

    def __init__(self, client: TestClient, planted: Crowd) -> None:
        self.client, self.planted = client, planted
        self.place: Place = planted.found("audited")
        self.owner: Member = planted.member(self.place, Role.OWNER)
        self.asked: set[str] = set()

    def log(self, **query: str) -> list[dict[str, Any]]:
        answer = self.client.get("/v1/audit", params=query, headers=self.owner.headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def ask(self, method: str, path: str, **more: Any) -> Response:
        headers = {**self.owner.headers, **more.pop("headers", {})}
        found: Response = self.client.request(method, path, headers=headers, **more)
        return found

    def does(self, method: str, route: str, *, path: str | None = None, **more: Any) -> Response:
        """Ask for a change that comes to pass, of which there is one entry then."""
        before = {entry["id"] for entry in self.log()}
        answer = self.ask(method, path or route, **more)
        assert answer.is_success, answer.text
        new = [entry for entry in self.log() if entry["id"] not in before]
        assert [(one["method"], one["route"]) for one in new] == [(method, route)]
        assert new[0]["status"] == answer.status_code
        assert new[0]["subject"] == f"user:{self.owner.user_id}"
        assert new[0]["request_id"] == answer.headers["x-request-id"]
        self.asked.add(f"{method} {route}")
        return answer

    def fails(self, status: int, method: str, path: str, **more: Any) -> None:
        """Ask for what comes to nothing, of which there is no entry."""
        before = self.log()
        answer = self.ask(method, path, **more)
        assert answer.status_code == status, answer.text
        assert self.log() == before


@pytest.fixture
def desk(client: TestClient, planted: Crowd) -> Desk:
    return Desk(client, planted)


def _uploads(desk: Desk) -> str:
    """What is sent in all ways but straight to a bucket; an asset's id."""
    clip = CLIP.read_bytes()
    made = desk.does("POST", "/v1/assets",
                     path="/v1/assets?name=a.mp4", content=clip).json()  # fmt: skip
    asset: str = made["asset"]["id"]
    assert desk.log()[0]["targets"] == {"created": asset}
    tus = {**TUS, "Upload-Length": str(len(clip))}
    upload = desk.does("POST", "/v1/uploads", headers=tus).headers["location"]
    assert desk.log()[0]["targets"] == {"created": upload.rpartition("/")[2]}
    part = {**BODY, "Upload-Offset": "0"}
    one = "/v1/uploads/{upload_id}"
    # A piece of a file is no change that anybody looks for; what it becomes is.
    assert desk.ask("PATCH", upload, content=clip[:1000], headers=part).status_code == 204
    rest = {**BODY, "Upload-Offset": "1000"}
    desk.does("PATCH", one, path=upload, content=clip[1000:], headers=rest)
    other = desk.does("POST", "/v1/uploads", headers=tus).headers["location"]
    desk.does("DELETE", one, path=other, headers=TUS)
    # Announced and sent in one request, it is one change.
    desk.does("POST", "/v1/uploads", content=clip, headers={**tus, **BODY})
    return asset


def test_every_way_to_change_something_of_a_tenant_leaves_one_entry(desk: Desk) -> None:
    asset = _uploads(desk)
    one, at = "/v1/assets/{asset_id}", f"/v1/assets/{asset}"
    desk.does("PATCH", one, path=at.upper().replace("/V1/ASSETS", "/v1/assets"),
              json={"name": "b.mp4"}, headers={"If-Match": "*"})  # fmt: skip
    assert desk.log()[0]["targets"] == {"asset_id": asset}
    run = desk.does("POST", f"{one}/runs", path=f"{at}/runs").json()["id"]
    assert desk.log()[0]["targets"] == {"asset_id": asset, "created": run}
    whole = "/v1/runs/{run_id}"
    desk.does("PATCH", whole, path=f"/v1/runs/{run}", json={"priority": "batch"})
    stage = f"{whole}/stages/{{name}}/cancel"
    desk.does("POST", stage, path=f"/v1/runs/{run}/stages/probe/cancel")
    assert desk.log()[0]["targets"] == {"run_id": run, "name": "probe"}
    desk.does("POST", f"{whole}/retry", path=f"/v1/runs/{run}/retry")
    desk.does("POST", f"{whole}/cancel", path=f"/v1/runs/{run}/cancel")
    desk.does("PUT", f"{one}/publication", path=f"{at}/publication")
    desk.does("DELETE", f"{one}/publication", path=f"{at}/publication")
    desk.does("DELETE", f"{one}/playback", path=f"{at}/playback")
    desk.does("DELETE", one, path=at)
    desk.does("POST", f"{one}/restore", path=f"{at}/restore")
    desk.does("DELETE", one, path=at)
    desk.does("POST", f"{one}/purge", path=f"{at}/purge")
    desk.does("POST", "/v1/imports", json={"url": "https://films.example/a.mp4?sig=hush"})
    key = desk.does("POST", "/v1/keys", json={"name": "k", "scopes": ["assets:write"]}).json()
    key_id = key["details"]["id"]
    assert desk.log()[0]["targets"] == {"created": key_id}
    desk.does("PATCH", "/v1/keys/{key_id}", path=f"/v1/keys/{key_id}", json={"name": "other"})
    desk.does("DELETE", "/v1/keys/{key_id}", path=f"/v1/keys/{key_id}")
    hook = desk.does(
        "POST", "/v1/webhooks", json={"url": "https://hooks.example/in", "kinds": ["run.done"]}
    ).json()
    assert desk.log()[0]["targets"] == {"created": hook["webhook"]["id"]}
    told = json.dumps(desk.log(limit="200"))
    for secret in (key["key"], hook["secret"], "hush", desk.owner.token):
        assert secret not in told


def test_what_comes_to_nothing_or_is_given_again_leaves_none(desk: Desk) -> None:
    clip = CLIP.read_bytes()
    answer = desk.ask("POST", "/v1/assets?name=a.mp4", content=clip)
    asset = f"/v1/assets/{answer.json()['asset']['id']}"
    old = {"If-Match": '"v99-0123456789abcdef"'}
    desk.fails(412, "PATCH", asset, json={"name": "b"}, headers=old)
    desk.fails(428, "PATCH", asset, json={"name": "b"})
    desk.fails(422, "PATCH", asset, json={"name": ""}, headers={"If-Match": "*"})
    desk.fails(409, "POST", f"{asset}/purge")
    desk.fails(404, "DELETE", f"/v1/assets/{uuid4()}")
    desk.fails(422, "POST", "/v1/assets?name=a.mp4", content=b"no film at all")
    desk.fails(422, "POST", "/v1/keys", json={"name": "k", "scopes": ["keys:write"]})
    key = {"Idempotency-Key": uuid4().hex}
    desk.does("POST", "/v1/assets/{asset_id}/runs", path=f"{asset}/runs", headers=key)
    before = desk.log()
    again = desk.ask("POST", f"{asset}/runs", headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    # What reads is no change, by whatever method.
    assert desk.ask("POST", f"{asset}/source").status_code == 200
    assert desk.log() == before
    other = desk.planted.member(desk.place, Role.VIEWER)
    refused = desk.client.delete(asset, headers=other.headers)
    assert refused.status_code == 403
    assert desk.log() == before


def test_no_operation_can_change_something_and_forget_the_log() -> None:
    assert set(_forgetful(create_app())) == _SHOWN | _OF_FACTORS


def _forgetful(app: FastAPI) -> Iterator[str]:
    """Operations that change something and take no transaction which is recorded by itself."""
    for path, route in _routes(app.routes):
        wanted = (route.openapi_extra or {}).get(access.PERMISSION)
        for method in route.methods:
            public = wanted == access.PUBLIC[access.PERMISSION]
            if changes(method, wanted) and not public and not _takes(route.dependant):
                yield f"{method} {path}"


def _routes(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from _routes(route.original_router.routes, route.include_context.prefix)
        elif hasattr(route, "dependant"):
            yield prefix + route.path, route


def _takes(dependant: Dependant) -> bool:
    return dependant.call in _SEAMS or any(_takes(one) for one in dependant.dependencies)


def test_a_route_that_forgets_is_found() -> None:
    app = create_app()

    @app.post("/v1/forgetful", openapi_extra=access.PERSON)
    def forgetful(current: context.InstallationDep) -> None:
        """Does what it likes."""

    assert set(_forgetful(app)) - _SHOWN - _OF_FACTORS == {"POST /v1/forgetful"}


def test_what_people_do_with_their_accounts_is_theirs_to_read(
    client: TestClient, planted: Crowd, settings: Settings
) -> None:
    ada = planted.member(planted.found("hers"), Role.ADMIN)
    eve = planted.member(planted.found("others"), Role.OWNER)
    with planted.installation.identity_scope() as session:
        user = session.get_one(User, ada.user_id)
        user.password_hash, email = passwords.make(PASSWORD), user.email
    wrong = {"email": email, "password": "quite another thing", "cookies": False}
    assert client.post("/v1/sessions", json=wrong).status_code == 401
    right = client.post("/v1/sessions", json=wrong | {"password": PASSWORD})
    headers = bearer(right.json()["access_token"])
    new = {"current": PASSWORD, "password": "quite another thing"}
    assert client.put("/v1/me/password", json=new, headers=headers).status_code == 204
    assert client.patch("/v1/me", json={"name": "Ada"}, headers=headers).is_success
    move = {"email": f"{uuid4().hex}@example.com", "password": new["password"]}
    assert client.post("/v1/me/address", json=move, headers=headers).status_code == 202
    chosen = {"tenant_id": str(ada.tenant_id)}
    answer = client.put("/v1/sessions/current/tenant", json=chosen, headers=headers)
    assert answer.is_success, answer.text

    def activity() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get("/v1/me/activity", headers=headers).json()["items"]
        return found

    expected = [
        "tenant.chosen", "address.asked", "rename_me", "password.changed", "session.started",
        "sign-in.refused", "session.started",
    ]  # fmt: skip
    assert _soon(lambda: len(activity()) == len(expected)), activity()
    # What nobody waited for may have come a moment later.
    assert sorted(one["action"] for one in activity()) == sorted(expected)
    refused = next(one for one in activity() if one["action"] == "sign-in.refused")
    assert (refused["subject"], refused["route"]) == ("anybody", "/v1/sessions")
    told = json.dumps(activity())
    assert PASSWORD not in told
    assert move["email"] not in told
    strangers = client.get("/v1/me/activity", headers=eve.headers).json()["items"]
    assert str(ada.user_id) not in json.dumps(strangers)
    page = client.get("/v1/me/activity?limit=2", headers=headers).json()
    rest = client.get(f"/v1/me/activity?cursor={page['next']}", headers=headers).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [one["id"] for one in activity()]
    ended = client.delete("/v1/sessions/current", headers=headers)
    assert ended.status_code == 204
    assert _last_action(settings, ada.user_id) == "session.ended"
    gone = client.post("/v1/sessions", json=wrong).json()["access_token"]
    left = {"password": new["password"]}
    assert client.post("/v1/me/delete", json=left, headers=bearer(gone)).status_code == 204
    # The tenant hears of it, and the account's own log goes with the account.
    assert _last_action(settings, ada.user_id) is None
    with as_owner(settings) as (connection, _):
        rows = connection.execute(
            "SELECT action, subject FROM directory.audit WHERE tenant_id = %s", [ada.tenant_id]
        ).fetchall()
    assert rows == [("member.left", f"user:{ada.user_id}")]


def _soon(true: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _last_action(settings: Settings, user_id: UUID) -> str | None:
    with as_owner(settings) as (connection, _):
        row = connection.execute(
            "SELECT action FROM directory.audit WHERE user_id = %s ORDER BY id DESC LIMIT 1",
            [user_id],
        ).fetchone()
    return row[0] if row is not None else None


def test_nobody_who_can_log_in_can_change_or_forget_an_entry(
    desk: Desk, settings: Settings
) -> None:
    desk.does("POST", "/v1/keys", json={"name": "k", "scopes": ["assets:read"]})
    headers = {**TUS, "Upload-Length": "9"}
    desk.does("POST", "/v1/uploads", headers=headers)
    before = desk.log()
    assert settings.database_url is not None
    database = sqlalchemy_url(settings.database_url).database
    assert database is not None
    roles = {
        "cell": tenant_role(desk.place.tenant_id), "directory": RoleNames.of(database).identity
    }  # fmt: skip
    with connect(settings.database_url) as connection:
        for schema, role in roles.items():
            table = sql.Identifier(schema, "audit")
            for statement in (
                "UPDATE {} SET shown = 'nobody'", "UPDATE {} SET at = now()", "DELETE FROM {}",
                "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
                "INSERT INTO {} (id) VALUES (uuidv7())",
            ):  # fmt: skip
                for taken in (role, None):
                    _refused(connection, taken, sql.SQL(statement).format(table))
        _refused(connection, roles["cell"], sql.SQL("DELETE FROM cell.tenants"))
        _refused(connection, roles["directory"], sql.SQL("DELETE FROM directory.tenants"))
        # What may go takes nothing of a tenant's log with it.
        with connection.transaction():
            _take(connection, roles["directory"])
            gone = connection.execute(
                "DELETE FROM directory.users WHERE id = %s", [desk.owner.user_id]
            )
            assert gone.rowcount == 1
        for schema in roles:
            call = sql.SQL("SELECT {}.prune_audit('0 s', 100000)").format(sql.Identifier(schema))
            assert connection.execute(call).fetchone() == (0,)
    desk.owner = desk.planted.member(desk.place, Role.OWNER)
    assert desk.log() == before
    assert len(before) == 2


def _refused(
    connection: psycopg.Connection[Any], role: str | None, statement: sql.SQL | sql.Composed
) -> None:
    with connection.transaction():
        if role is not None:
            _take(connection, role)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        raise psycopg.Rollback


def _take(connection: psycopg.Connection[Any], role: str) -> None:
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


def test_a_log_is_its_tenants_own(desk: Desk, client: TestClient, planted: Crowd) -> None:
    desk.does("POST", "/v1/keys", json={"name": "k", "scopes": ["assets:read"]})
    desk.does("POST", "/v1/uploads", headers={**TUS, "Upload-Length": "9"})
    other = Desk(client, planted)
    assert other.log() == []
    assert other.ask("GET", "/v1/audit/export").text == ""
    admin = planted.member(desk.place, Role.ADMIN)
    for path in ("/v1/audit", "/v1/audit/export"):
        assert client.get(path, headers=admin.headers).status_code == 403


def test_a_log_is_searched_and_paged_over_both_of_its_places(desk: Desk) -> None:
    made = []
    for _ in range(2):
        key = desk.ask("POST", "/v1/keys", json={"name": "k", "scopes": ["uploads:write"]}).json()
        made.append(key["details"]["id"])
        headers = {**bearer(key["key"]), **TUS, "Upload-Length": "9"}
        assert desk.client.post("/v1/uploads", headers=headers).status_code == 201
    whole = desk.log()
    assert [one["action"] for one in whole] == ["uploads:write", "keys:write"] * 2
    assert [one["at"] for one in whole] == sorted((one["at"] for one in whole), reverse=True)
    assert [one["shown"] for one in whole] == ["k", "A owner"] * 2
    found: list[dict[str, Any]] = []
    query = {"limit": "1"}
    while len(found) < len(whole):
        page = desk.ask("GET", "/v1/audit", params=query).json()
        found += page["items"]
        query["cursor"] = page["next"]
    assert (found, page["next"]) == (whole, None)
    assert desk.log(subject=f"key:{made[0]}") == [whole[2]]
    assert desk.log(action="keys:write") == [whole[1], whole[3]]
    assert desk.log(target=made[1]) == [whole[1]]
    assert desk.log(target=str(uuid4())) == []
    upload = whole[0]["targets"]["created"]
    assert desk.log(target=upload) == [whole[0]]
    assert Desk(desk.client, desk.planted).log(target=upload) == []
    assert desk.log(**{"from": whole[1]["at"]}) == whole[:2]
    assert desk.log(to=whole[1]["at"]) == whole[2:]
    assert desk.ask("GET", "/v1/audit?from=yesterday").status_code == 422


def test_a_search_by_target_looks_at_what_it_finds_and_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, asked = uuid4(), list[str]()
    house = desk.planted.installation
    with house.tenant_scope(desk.place) as session:
        session.execute(
            text(
                "INSERT INTO cell.audit (tenant_id, subject, shown, action, method, route, targets,"
                " status) SELECT :tenant, 'x', 'x', 'x', 'POST', '/x', jsonb_build_object('id',"
                " CASE WHEN n % 2000 = 1 THEN :wanted ELSE n::text END), 200"
                " FROM generate_series(1, 4000) n"
            ),
            {"tenant": desk.place.tenant_id, "wanted": str(wanted)},
        )

    def explained(session: Session, query: Any) -> Any:
        statement = query.compile(
            dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True}
        )
        explain = f"EXPLAIN (ANALYZE, FORMAT TEXT, TIMING OFF) {statement}"
        asked.extend(row[0] for row in session.execute(text(explain)))
        return found(session, query)

    found = Session.scalars
    with monkeypatch.context() as patch:
        patch.setattr(Session, "scalars", explained)
        only = audit.Wanted(target=str(wanted))
        entries = audit.page(house, desk.place, only, limit=50, before=None)
    assert [one.targets for one in entries] == [{"id": str(wanted)}] * 2
    plan = "\n".join(line for line in asked if "audit" in line)
    assert "audit_targets" in plan
    assert not re.search(r"Seq Scan on audit_targets|Seq Scan on audit ", plan), plan


def test_a_log_is_taken_away_and_no_spreadsheet_computes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.audit._BITE", 2)
    for agent in ("=cmd|' /C calc'!A0", "+1", '-2"', "@SUM(A1)", "an ordinary one"):
        headers = {**TUS, "Upload-Length": "9", "User-Agent": agent}
        desk.does("POST", "/v1/uploads", headers=headers)
    whole = desk.log()
    lines = desk.ask("GET", "/v1/audit/export")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == whole
    answer = desk.ask("GET", "/v1/audit/export?format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == [one["id"] for one in whole]
    assert [row["agent"] for row in rows][::-1] == [
        "'=cmd|' /C calc'!A0", "'+1", "'-2\"", "'@SUM(A1)", "an ordinary one",
    ]  # fmt: skip
    assert rows[0]["targets"] == f"created={whole[0]['targets']['created']}"
    some = desk.ask("GET", "/v1/audit/export?action=assets:write")
    assert some.text == ""


def test_whatever_a_client_says_of_itself_the_change_is_made(desk: Desk) -> None:
    for agent in ("x" * 5000, ""):
        headers = {**TUS, "Upload-Length": "9", "User-Agent": agent}
        desk.does("POST", "/v1/uploads", headers=headers)
        assert desk.log()[0]["agent"] == (agent[:400] or None)


def test_entries_end_after_their_time(desk: Desk, settings: Settings) -> None:
    desk.does("POST", "/v1/keys", json={"name": "k", "scopes": ["assets:read"]})
    for _ in range(2):
        desk.does("POST", "/v1/uploads", headers={**TUS, "Upload-Length": "9"})
    with as_owner(settings) as (connection, _):
        for table, days in (("cell", 401), ("directory", 401)):
            name = sql.Identifier(table, "audit")
            connection.execute(
                sql.SQL(
                    "UPDATE {0} SET at = now() - make_interval(days => %s) WHERE id ="
                    " (SELECT id FROM {0} WHERE tenant_id = %s ORDER BY id LIMIT 1)"
                ).format(name),
                [days, desk.place.tenant_id],
            )
    database = desk.planted.installation.cell()
    assert audit.prune(database, days=400, limit=100) == 1
    assert audit.prune(database, days=400, limit=100) == 0
    assert [one["route"] for one in desk.log()] == ["/v1/uploads"]
