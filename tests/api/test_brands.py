"""Brands over HTTP: made, named, made the default, deleted; and assets that belong to them."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from core.database import tenant_role
from core.settings import Settings
from services import tenants
from services.administration import as_migrator, cells, owner
from services.migrations import grants, render_tenant
from services.permissions import Action, Role
from tests.api.crowd import Crowd, bearer, crowd, unlimited
from tests.api.people import anybody, join, stewarded
from tests.api.serving import BODY, CLIP, TUS, film, serve, stored

ADDRESS = "https://example.com/a.mp4"
UNKNOWN = "019aa8c0-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at a tenant of the test's own."""

    client: TestClient
    headers: dict[str, str]

    def ask(self, method: str, path: str, **more: Any) -> Response:
        """A request with their token."""
        headers = {**self.headers, **more.pop("headers", {})}
        found: Response = self.client.request(method, f"/v1{path}", headers=headers, **more)
        return found

    def make(self, name: str) -> str:
        """Another brand; its id."""
        answer = self.ask("POST", "/brands", json={"name": name})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def default(self) -> str:
        """The id of the default brand."""
        (found,) = [one["id"] for one in self.list() if one["is_default"]]
        return str(found)

    def list(self) -> list[dict[str, Any]]:
        """All brands."""
        found: list[dict[str, Any]] = self.ask("GET", "/brands").json()["items"]
        return found

    def send(self, **query: str) -> dict[str, Any]:
        """An asset by one request."""
        body = film(5000)
        answer = self.ask("POST", "/assets", params={"name": "a.mkv", **query}, content=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["asset"]
        return found


@pytest.fixture(scope="module")
def people(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def plain(settings: Settings) -> Iterator[TestClient]:
    with serve(unlimited(settings)) as found:
        yield found


@pytest.fixture
def desk(plain: TestClient, people: Crowd) -> Desk:
    return Desk(plain, people.member(people.found("acme"), Role.OWNER).headers)


def pointers(answer: Response) -> list[str]:
    """Which parts of a request a refusal names."""
    return [one["pointer"] for one in answer.json()["errors"]]


def test_a_brand_is_made_seen_changed_and_deleted(desk: Desk) -> None:
    (first,) = desk.list()
    assert (first["name"], first["is_default"], first["version"]) == ("acme", True, 1)
    made = desk.ask("POST", "/brands", json={"name": "  Second\t Brand "})
    assert made.status_code == 201
    one = made.json()
    assert made.headers["location"] == f"/v1/brands/{one['id']}"
    assert (one["name"], one["is_default"]) == ("Second Brand", False)
    path = f"/brands/{one['id']}"
    found = desk.ask("GET", path)
    assert found.json() == one
    seen = found.headers["etag"]
    assert desk.ask("GET", path, headers={"If-None-Match": seen}).status_code == 304
    change = {"name": "Third", "is_default": True}
    assert desk.ask("PATCH", path, json=change).status_code == 428
    changed = desk.ask("PATCH", path, json=change, headers={"If-Match": seen})
    assert changed.json() == one | {"name": "Third", "is_default": True, "version": 2}
    assert desk.ask("PATCH", path, json=change, headers={"If-Match": seen}).status_code == 412
    assert desk.default() == one["id"]
    refused = desk.ask("DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    stale = {"If-Match": '"v1-0000000000000000"'}
    assert desk.ask("DELETE", f"/brands/{first['id']}", headers=stale).status_code == 412
    assert desk.ask("DELETE", f"/brands/{first['id']}").status_code == 204
    assert desk.ask("GET", f"/brands/{first['id']}").status_code == 404
    assert [row["name"] for row in desk.list()] == ["Third"]
    log = desk.ask("GET", "/audit", params={"target": one["id"]}).json()["items"]
    assert [(row["action"], row["method"]) for row in log] == [
        ("brands:write", "PATCH"), ("brands:write", "POST"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body/name"),
        ({"name": ""}, "/body/name"),
        ({"name": " \u200b "}, "/body/name"),
        ({"name": "x" * 101}, "/body/name"),
        ({"name": 7}, "/body/name"),
        ({"name": "B", "is_default": True}, "/body/is_default"),
    ],
)
def test_a_brand_that_breaks_a_rule_is_refused(desk: Desk, body: Any, pointer: str) -> None:
    answer = desk.ask("POST", "/brands", json=body)
    assert (answer.status_code, pointers(answer)) == (422, [pointer])
    assert len(desk.list()) == 1


@pytest.mark.parametrize("body", [{"name": None}, {"is_default": False}, {"is_default": None}])
def test_nothing_of_a_brand_can_be_removed(desk: Desk, body: Any) -> None:
    path = f"/brands/{desk.default()}"
    assert desk.ask("PATCH", path, json=body, headers={"If-Match": "*"}).status_code == 422
    assert [row["version"] for row in desk.list()] == [1]


def test_a_name_belongs_to_one_brand_whatever_its_letters(desk: Desk) -> None:
    desk.make("Été")
    refused = desk.ask("POST", "/brands", json={"name": "ÉTÉ"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    path = f"/brands/{desk.default()}"
    answer = desk.ask("PATCH", path, json={"name": "été"}, headers={"If-Match": "*"})
    assert answer.status_code == 409
    assert [row["name"] for row in desk.list()] == ["acme", "Été"]


def test_brands_are_listed_in_pages_and_made_once_by_a_key(desk: Desk) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    made = [desk.ask("POST", "/brands", json={"name": "B"}, headers=key) for _ in range(2)]
    assert made[0].json() == made[1].json()
    assert made[1].headers["idempotent-replayed"] == "true"
    desk.make("C")
    page = desk.ask("GET", "/brands?limit=2").json()
    rest = desk.ask("GET", "/brands", params={"limit": 2, "cursor": page["next"]}).json()
    assert [row["name"] for row in page["items"] + rest["items"]] == ["acme", "B", "C"]
    assert rest["next"] is None
    assert desk.ask("GET", "/assets", params={"cursor": page["next"]}).status_code == 422


def test_a_tenant_has_no_more_brands_than_it_may(
    desk: Desk, people: Crowd, settings: Settings
) -> None:
    place = people.found("few")
    tenants.limit(settings, place.slug, brands=2)
    few = Desk(desk.client, people.member(place, Role.ADMIN).headers)
    few.make("Second")
    refused = few.ask("POST", "/brands", json={"name": "Third"})
    assert (refused.status_code, refused.json()["code"]) == (403, "quota_exceeded")
    told = {name: refused.json()[name] for name in ("quota", "limit", "used")}
    assert told == {"quota": "brands", "limit": 2, "used": 2}


def test_admins_change_brands_and_viewers_see_them(plain: TestClient, people: Crowd) -> None:
    place = people.found("roles")

    def told(headers: dict[str, str]) -> tuple[int, int]:
        one = Desk(plain, headers)
        body = {"name": uuid4().hex}
        seen, made = one.ask("GET", "/brands"), one.ask("POST", "/brands", json=body)
        return seen.status_code, made.status_code

    assert {role: told(people.member(place, role).headers) for role in Role} == {
        Role.OWNER: (200, 201),
        Role.ADMIN: (200, 201),
        Role.EDITOR: (200, 403),
        Role.VIEWER: (200, 403),
        Role.REVIEWER: (403, 403),
    }
    assert told(bearer(people.key(place, Action.BRANDS_READ))) == (200, 403)


def test_another_tenants_brand_is_unknown_everywhere(
    desk: Desk, plain: TestClient, people: Crowd
) -> None:
    theirs = desk.make("Theirs")
    before = desk.list()
    ours = Desk(plain, people.member(people.found("ours"), Role.OWNER).headers)
    asset = ours.send()["id"]
    mind = {"If-Match": "*"}
    for known in (theirs, UNKNOWN):
        path = f"/brands/{known}"
        assert ours.ask("GET", path).status_code == 404
        change = ours.ask("PATCH", path, json={"name": "X"}, headers=mind)
        assert (change.status_code, ours.ask("DELETE", path).status_code) == (404, 404)
        moved = ours.ask("PATCH", f"/assets/{asset}", json={"brand_id": known}, headers=mind)
        assert (moved.status_code, pointers(moved)) == (422, ["/body/brand_id"])
        assert ours.ask("GET", "/assets", params={"brand_id": known}).json()["items"] == []
    assert ours.ask("GET", f"/assets/{asset}").json()["brand_id"] == ours.default()
    assert desk.list() == before


def test_who_signs_up_has_a_brand_at_once(settings: Settings) -> None:
    with stewarded(settings), anybody(settings) as client:
        ada = join(client, settings)
        (found,) = ada.ask("GET", "/v1/brands").json()["items"]
        assert (found["name"], found["is_default"]) == ("Engines", True)


# ── whose an asset is ──────────────────────────────────────────────────────────────────────


def _tus(brand_id: str | None, size: int) -> dict[str, str]:
    told = {"filename": "a.mkv"} | ({"brand_id": brand_id} if brand_id is not None else {})
    said = ",".join(f"{name} {b64encode(one.encode()).decode()}" for name, one in told.items())
    return {**TUS, "Upload-Length": str(size), "Upload-Metadata": said}


def test_what_is_sent_belongs_to_the_brand_that_it_names(desk: Desk) -> None:
    second = desk.make("Second")
    assert desk.send()["brand_id"] == desk.default()
    assert desk.send(brand_id=second)["brand_id"] == second
    data = CLIP.read_bytes()
    for named, becomes in ((second, second), (None, desk.default())):
        begun = desk.ask("POST", "/uploads", headers=_tus(named, len(data)))
        place = begun.headers["location"].removeprefix("/v1")
        assert desk.ask("GET", place).json()["brand_id"] == named
        sent = desk.ask("PATCH", place, headers={**BODY, "Upload-Offset": "0"}, content=data)
        assert sent.status_code == 204
        asset = desk.ask("GET", f"/assets/{place.rpartition('/')[2]}").json()
        assert asset["brand_id"] == becomes
    for named in (second, None):
        begun = desk.ask("POST", "/imports", json={"url": ADDRESS, "brand_id": named})
        assert (begun.status_code, begun.json()["brand_id"]) == (202, named)


@pytest.mark.parametrize("brand_id", [UNKNOWN, "", "none", "0" * 400])
def test_an_unknown_brand_is_refused_before_a_byte_is_taken(
    desk: Desk, settings: Settings, brand_id: str
) -> None:
    before = stored(settings)  # what is spooled lies there, too

    def refused(path: str, **more: Any) -> list[str]:
        answer = desk.ask("POST", path, **more)
        assert answer.status_code == 422, answer.text
        return pointers(answer)

    query = {"name": "a.mkv", "brand_id": brand_id}
    assert refused("/assets", params=query, content=film(5000)) == ["/query/brand_id"]
    headers = {**_tus(brand_id, 5000), "Content-Type": BODY["Content-Type"]}
    assert refused("/uploads", headers=headers, content=film(5000)) == ["/header/upload-metadata"]
    body = {"name": "a.mkv", "bytes": 5000, "brand_id": brand_id}
    assert refused("/uploads/direct", json=body) == ["/body/brand_id"]
    assert refused("/imports", json={"url": ADDRESS, "brand_id": brand_id}) == ["/body/brand_id"]
    assert desk.ask("GET", "/usage").json()["open_uploads"]["used"] == 0
    assert desk.ask("GET", "/imports").json()["items"] == []
    assert desk.ask("GET", "/assets").json()["items"] == []
    assert stored(settings) == before


def test_an_asset_is_moved_to_another_brand_by_who_has_seen_it(desk: Desk) -> None:
    first, second = desk.default(), desk.make("Second")
    asset = desk.send()
    path = f"/assets/{asset['id']}"
    seen = {"If-Match": desk.ask("GET", path).headers["etag"]}
    assert desk.ask("PATCH", path, json={"brand_id": None}, headers=seen).status_code == 422
    moved = desk.ask("PATCH", path, json={"brand_id": second}, headers=seen)
    assert moved.json() == asset | {
        "brand_id": second, "version": 2, "state": moved.json()["state"],
    }  # fmt: skip
    assert desk.ask("PATCH", path, json={"brand_id": first}, headers=seen).status_code == 412
    # There already, it is not changed.
    still = desk.ask("PATCH", path, json={"brand_id": second}, headers={"If-Match": "*"})
    assert still.json()["version"] == 2
    newest = desk.ask("GET", "/audit", params={"target": asset["id"]}).json()["items"][0]
    assert (newest["action"], newest["method"]) == ("assets:write", "PATCH")
    refused = desk.ask("DELETE", f"/brands/{second}")
    assert (refused.status_code, "assets" in refused.json()["detail"]) == (409, True)
    assert desk.ask("DELETE", path).status_code == 204
    assert desk.ask("DELETE", f"/brands/{second}").status_code == 409
    assert desk.ask("POST", f"{path}/purge").status_code == 204
    assert desk.ask("DELETE", f"/brands/{second}").status_code == 204


def test_assets_are_listed_by_brand(desk: Desk) -> None:
    second = desk.make("Second")
    theirs = [desk.send(brand_id=second)["id"] for _ in range(3)]
    others = [desk.send()["id"] for _ in range(2)]

    def listed(**query: Any) -> list[str]:
        answer = desk.ask("GET", "/assets", params=query)
        return [row["id"] for row in answer.json()["items"]]

    assert listed(brand_id=second) == theirs[::-1]
    assert listed(brand_id=desk.default()) == others[::-1]
    assert listed() == (theirs + others)[::-1]
    assert listed(brand_id=second, q="nothing") == []
    page = desk.ask("GET", "/assets", params={"brand_id": second, "limit": 2}).json()
    assert listed(brand_id=second, limit=2, cursor=page["next"]) == theirs[:1]
    wrong = {"brand_id": desk.default(), "cursor": page["next"]}
    assert desk.ask("GET", "/assets", params=wrong).status_code == 422
    assert desk.ask("GET", "/assets", params={"brand_id": "none"}).status_code == 422


def test_a_tenant_without_brands_yet_is_told_to_come_back(
    desk: Desk, people: Crowd, settings: Settings
) -> None:
    place = people.found("behind")
    behind = Desk(desk.client, people.member(place, Role.OWNER).headers)
    role, cell = tenant_role(place.tenant_id), cells(settings)["main"]
    with owner(cell) as connection, as_migrator(connection, cell):
        script = render_tenant(cell.roles, revision="0002") + grants(role)
        connection.execute(
            f"DROP SCHEMA {role} CASCADE; CREATE SCHEMA {role};"
            f"SET LOCAL search_path = {role}, pg_temp; {script};"
            "UPDATE cell.tenants SET schema_version = '0002'"
            f" WHERE tenant_id = '{place.tenant_id}'".encode()
        )
    for path in ("/brands", "/assets"):
        answer = behind.ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert desk.ask("GET", "/brands").status_code == 200
