"""Organisations: an agency sees to its clients' tenants, and others see what they are asked to."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from core.settings import Settings
from tests.api.people import PASSWORD, Somebody, anybody, join, stewarded
from tests.api.team import change, colleague, moved
from tests.api.test_members import soon


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with stewarded(settings), anybody(settings) as found:
        yield found


def _agency(owner: Somebody) -> str:
    made = owner.ask("POST", "/v1/organisations", json={"name": "Agency"})
    assert made.status_code == 201, made.text
    where = f"/v1/organisations/{made.json()['id']}"
    assert owner.ask("PUT", f"{where}/tenants/{owner.told['tenant_id']}").status_code == 204
    return where


def _tenants(somebody: Somebody, where: str) -> list[tuple[str, str]]:
    items = somebody.ask("GET", f"{where}/tenants").json()["items"]
    return [(one["tenant_id"], one["role"]) for one in items]


def test_who_leads_an_organisation_is_admin_of_its_tenants_and_a_member_is_not(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    where = _agency(ada)
    here = ada.told["tenant_id"]
    second = ada.ask("POST", "/v1/tenants", json={"name": "A client"}).json()["tenant_id"]
    assert ada.ask("PUT", f"{where}/tenants/{second}").status_code == 204
    grace = colleague(client, settings, ada, "viewer")
    assert grace.ask("GET", where).status_code == 404
    member = f"{where}/members/{grace.told['user_id']}"
    assert ada.ask("PUT", member, json={"role": "member"}).status_code == 204
    assert _tenants(grace, where) == [(here, "viewer")]
    choice = {"tenant_id": second}
    assert grace.ask("PUT", "/v1/sessions/current/tenant", json=choice).status_code == 404

    assert ada.ask("PUT", member, json={"role": "admin"}).status_code == 204
    assert sorted(_tenants(grace, where)) == sorted([(here, "admin"), (second, "admin")])
    there = moved(grace, second)
    assert there.told["role"] == "admin"
    assert there.ask("GET", "/v1/members").status_code == 200
    assert [one["email"] for one in there.ask("GET", "/v1/members").json()["items"]] == [ada.email]
    # What an admin may not, they may not either.
    assert change(there, ada, role="viewer").status_code == 403
    slug = {"slug": "a-client", "password": PASSWORD}
    assert there.ask("POST", "/v1/tenant/delete", json=slug).status_code == 403

    assert ada.ask("DELETE", f"{where}/tenants/{second}").status_code == 204
    assert soon(lambda: there.ask("GET", "/v1/members").status_code == 403, 5)
    assert _tenants(grace, where) == [(here, "admin")]
    assert ada.ask("DELETE", where).status_code == 204
    assert soon(lambda: there.ask("GET", "/v1/members").status_code == 403, 5)
    assert {one["role"] for one in grace.ask("GET", "/v1/tenants").json()["items"]} == {
        "owner",
        "viewer",
    }


def test_a_suspension_in_a_tenant_beats_the_organisation(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    where = _agency(ada)
    grace = colleague(client, settings, ada, "viewer")
    member = f"{where}/members/{grace.told['user_id']}"
    assert ada.ask("PUT", member, json={"role": "admin"}).status_code == 204
    assert soon(lambda: grace.ask("GET", "/v1/invitations").status_code == 200, 5)
    assert change(ada, grace, suspended=True).status_code == 200
    assert soon(lambda: grace.ask("GET", "/v1/invitations").status_code == 403, 5)


def test_nobody_reaches_into_organisations_or_tenants_that_are_not_theirs(
    client: TestClient, settings: Settings
) -> None:
    ada, eve = join(client, settings), join(client, settings)
    where, evil = _agency(ada), _agency(eve)
    mine = ada.told["tenant_id"]
    for method, path, body in (
        ("GET", where, None),
        ("PATCH", where, {"name": "Mine"}),
        ("DELETE", where, None),
        ("GET", f"{where}/tenants", None),
        ("GET", f"{where}/members", None),
        ("PUT", f"{where}/tenants/{eve.told['tenant_id']}", None),
        ("PUT", f"{evil}/tenants/{mine}", None),
        ("DELETE", f"{where}/tenants/{mine}", None),
        ("PUT", f"{where}/members/{eve.told['user_id']}", {"role": "owner"}),
        ("PUT", f"{evil}/members/{ada.told['user_id']}", {"role": "member"}),
        ("DELETE", f"{where}/members/{ada.told['user_id']}", None),
    ):
        answer = eve.ask(method, path, json=body, headers={"If-Match": "*"})
        assert answer.status_code == 404, (method, path, answer.text)
    assert _tenants(ada, where) == [(mine, "owner")]
    # A tenant is in one organisation at a time, and an admin's tenant cannot be carried off.
    grace = colleague(client, settings, ada, "admin")
    own = _agency(Somebody(client, grace.email, grace.told | {"tenant_id": _own(grace)}))
    assert grace.ask("PUT", f"{own}/tenants/{mine}").status_code == 404
    other = ada.ask("POST", "/v1/organisations", json={"name": "Other"}).json()["id"]
    again = ada.ask("PUT", f"/v1/organisations/{other}/tenants/{mine}")
    assert again.status_code == 409


def _own(somebody: Somebody) -> str:
    items = somebody.ask("GET", "/v1/tenants").json()["items"]
    return str(next(one["tenant_id"] for one in items if one["role"] == "owner"))


def test_an_organisation_keeps_an_owner_and_is_left_by_the_others(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    where = _agency(ada)
    grace = colleague(client, settings, ada, "owner")
    myself, member = (f"{where}/members/{one.told['user_id']}" for one in (ada, grace))
    assert ada.ask("DELETE", myself).status_code == 409
    assert ada.ask("PUT", myself, json={"role": "admin"}).status_code == 409
    assert ada.ask("DELETE", f"/v1/me/memberships/{ada.told['tenant_id']}").status_code == 204
    refused = ada.ask("POST", "/v1/me/delete", json={"password": PASSWORD})
    assert (refused.status_code, "Agency" in refused.json()["detail"]) == (409, True)
    assert ada.ask("PUT", member, json={"role": "admin"}).status_code == 204
    assert grace.ask("PUT", member, json={"role": "owner"}).status_code == 403
    assert grace.ask("PUT", myself, json={"role": "member"}).status_code == 403
    assert grace.ask("DELETE", where).status_code == 403
    assert ada.ask("PUT", member, json={"role": "owner"}).status_code == 204
    assert ada.ask("DELETE", myself).status_code == 204
    found = grace.ask("GET", f"{where}/members").json()["items"]
    assert [(one["email"], one["role"]) for one in found] == [(grace.email, "owner")]


def test_it_is_renamed_by_who_has_seen_it(client: TestClient, settings: Settings) -> None:
    ada = join(client, settings)
    where = _agency(ada)
    tag = ada.ask("GET", where).headers["etag"]
    assert ada.ask("PATCH", where, json={"name": "B"}).status_code == 428
    seen = {"If-Match": tag}
    assert ada.ask("PATCH", where, json={"name": "B"}, headers=seen).json()["name"] == "B"
    assert ada.ask("PATCH", where, json={"name": "C"}, headers=seen).status_code == 412
    nameless = ada.ask("PATCH", where, json={"name": " \x00 "}, headers={"If-Match": "*"})
    assert nameless.status_code == 422
    (one,) = ada.ask("GET", "/v1/organisations").json()["items"]
    assert (one["name"], one["role"]) == ("B", "owner")
