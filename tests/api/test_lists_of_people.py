"""Lists of what people belong to are cut as every list is: nothing is lost, nothing comes twice."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from core.settings import Settings
from models.factor import Identity
from models.member import OrganisationMember
from models.person import Membership, User
from models.tenant import Organisation, Tenant
from services.permissions import Role
from tests.api.crowd import Crowd, Member, crowd, unlimited
from tests.api.documents import made
from tests.api.people import anybody

# Names that come twice, and one as long as a name may be, of the longest characters.
NAMES = ("b", "a", "b", "\U0001f3ac" * 200, "Ä", "a")
# Lists that have an end of their own.
_BOUNDED = {
    "/v1/me/passkeys": "twenty",
    "/v1/sessions": "a hundred",
    "/v1/oidc/providers": "those that there are in the settings",
    "/v1/runs/{run_id}/stages": "the stages of one plan",
}


@pytest.fixture(scope="module")
def planted(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with anybody(unlimited(settings)) as found:
        yield found


def pages(client: TestClient, who: Member, path: str, limit: int) -> list[dict[str, Any]]:
    """A whole list, a part at a time."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = client.get(path, params=query, headers=who.headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        assert len(page["items"]) == limit
        query["cursor"] = page["next"]


def test_every_list_is_cut_or_has_an_end_of_its_own() -> None:
    uncut = set()
    document = made()
    for path, operations in document["paths"].items():
        answers = operations.get("get", {}).get("responses", {})
        told = answers.get("200", {}).get("content", {}).get("application/json", {})
        name = told.get("schema", {}).get("$ref", "").rpartition("/")[2]
        parts = document["components"]["schemas"].get(name, {}).get("properties", {})
        asked = {one["name"] for one in operations.get("get", {}).get("parameters", ())}
        if "items" in parts and not ({"limit", "cursor"} <= asked and "next" in parts):
            uncut.add(path)
    assert uncut == set(_BOUNDED)


def test_tenants_and_organisations_come_by_name_and_each_once(
    client: TestClient, planted: Crowd
) -> None:
    ada = planted.member(None)
    eve = planted.member(None)
    with planted.installation.identity_scope() as session:
        agency = Organisation(name="Agency")
        session.add(agency)
        session.flush()
        agency_id = agency.id
        session.execute(
            insert(OrganisationMember).values(
                organisation_id=agency_id, user_id=ada.user_id, role="owner"
            )
        )
        ids = []
        for number, name in enumerate(NAMES):
            tenant = Tenant(slug=uuid4().hex, name=name, cell="main")
            further = Organisation(name=name)
            session.add_all([tenant, further])
            session.flush()
            ids.append(tenant.id)
            session.execute(
                insert(OrganisationMember).values(
                    organisation_id=further.id, user_id=ada.user_id, role="member"
                )
            )
            if number % 2:
                tenant.organisation_id = agency_id
            else:
                session.add(
                    Membership(user_id=ada.user_id, tenant_id=tenant.id, role=str(Role.EDITOR))
                )
        session.flush()
    of_names = sorted(NAMES, key=str.encode)
    for limit in (1, 2, 200):
        tenants = pages(client, ada, "/v1/tenants", limit)
        assert [one["name"] for one in tenants] == of_names
        assert {one["tenant_id"] for one in tenants} == {str(one) for one in ids}
        grouped = pages(client, ada, "/v1/organisations", limit)
        assert [one["name"] for one in grouped] == sorted([*NAMES, "Agency"], key=str.encode)
        assert len({one["id"] for one in grouped}) == len(grouped)
        its = pages(client, ada, f"/v1/organisations/{agency_id}/tenants", limit)
        assert {one["tenant_id"] for one in its} == {str(one) for one in ids[1::2]}
        assert {one["role"] for one in its} == {"admin"}
    me = client.get("/v1/me", headers=ada.headers).json()
    assert me["memberships"] == tenants
    # A cursor is for one's own list alone.
    part = client.get("/v1/tenants?limit=1", headers=ada.headers).json()["next"]
    for path in ("/v1/organisations", f"/v1/organisations/{agency_id}/tenants"):
        answer = client.get(path, params={"cursor": part}, headers=ada.headers)
        assert answer.status_code == 422
    answer = client.get("/v1/tenants", params={"cursor": part}, headers=eve.headers)
    assert answer.status_code == 422
    assert client.get("/v1/tenants", headers=eve.headers).json() == {"items": [], "next": None}


def test_colleagues_and_identities_are_cut_too(client: TestClient, planted: Crowd) -> None:
    ada = planted.member(None)
    with planted.installation.identity_scope() as session:
        agency = Organisation(name="Agency")
        session.add(agency)
        users = [User(email=f"{uuid4().hex}@example.com", name="Grace") for _ in range(4)]
        session.add_all(users)
        session.flush()
        agency_id, people = agency.id, [ada.user_id, *(one.id for one in users)]
        for user_id in people:
            role = "owner" if user_id == ada.user_id else "member"
            session.execute(
                insert(OrganisationMember).values(
                    organisation_id=agency_id, user_id=user_id, role=role
                )
            )
        session.add_all(
            Identity(
                user_id=ada.user_id,
                provider="google",
                issuer="https://a.example",
                subject=uuid4().hex,
            )
            for _ in range(5)
        )
    for limit in (2, 200):
        found = pages(client, ada, f"/v1/organisations/{agency_id}/members", limit)
        assert [one["user_id"] for one in found] == sorted(str(one) for one in people)
        elsewhere = pages(client, ada, "/v1/me/identities", limit)
        assert len({one["id"] for one in elsewhere}) == len(elsewhere) == 5
    for limit in (0, 201):
        path = f"/v1/organisations/{agency_id}/members?limit={limit}"
        assert client.get(path, headers=ada.headers).status_code == 422
