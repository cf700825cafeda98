"""Webhooks by the API: what is taken, refused, shown once, and kept from others."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from core.errors import NotFound
from core.settings import Settings
from services import deliveries, tenants, webhooks
from services.installation import DEFAULT_TENANT, Installation, Place

URL = "https://hooks.example/in?key=1"
WANTED = {"url": URL, "kinds": ["run.done", "run.failed"], "description": "ours"}


@pytest.fixture(autouse=True)
def empty(client: TestClient) -> None:
    for one in client.get("/v1/webhooks").json()["items"]:
        client.delete(f"/v1/webhooks/{one['id']}")


def create(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json=WANTED | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_webhook_is_shown_whole_and_its_secret_once(client: TestClient) -> None:
    answer = client.post("/v1/webhooks", json=WANTED)
    assert answer.status_code == 201
    made, secret = answer.json()["webhook"], answer.json()["secret"]
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert secret.startswith("whsec_")
    assert {name: made[name] for name in WANTED} == WANTED
    assert (made["state"], made["version"]) == ("enabled", 1)
    one = client.get(f"/v1/webhooks/{made['id']}")
    assert one.json() == made
    listed = client.get("/v1/webhooks")
    assert listed.json()["items"] == [made]
    assert secret not in one.text + listed.text
    again = {"If-None-Match": one.headers["etag"]}
    assert client.get(f"/v1/webhooks/{made['id']}", headers=again).status_code == 304


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"url": "ftp://a.example/"}, "/body/url"),
        ({"url": "http://us:them@a.example/"}, "/body/url"),
        ({"url": "http://a.example:22/"}, "/body/url"),
        ({"url": "x" * 9000}, "/body/url"),
        ({"kinds": []}, "/body/kinds"),
        ({"kinds": ["run.done", "run.done"]}, "/body/kinds"),
        ({"kinds": ["stage.done"]}, "/body/kinds/0"),
        ({"description": "a\nb"}, "/body/description"),
        ({"secret": "whsec_mine"}, "/body/secret"),
    ],
)
def test_what_breaks_a_rule_is_named(
    client: TestClient, changes: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/webhooks", json=WANTED | changes)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert client.get("/v1/webhooks").json()["items"] == []


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "0.0.0.0"])
def test_an_address_inside_is_refused(client: TestClient, host: str) -> None:
    made = create(client)["webhook"]
    changes = {"url": f"http://{host}:8080/"}
    for answer in (
        client.post("/v1/webhooks", json=WANTED | changes),
        client.patch(f"/v1/webhooks/{made['id']}", json=changes, headers={"If-Match": "*"}),
    ):
        assert answer.status_code == 422
        assert answer.json()["detail"] == "url: nothing is sent to this address"
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/body/url"]
    assert len(client.get("/v1/webhooks").json()["items"]) == 1


def test_what_breaks_the_schema_is_told_in_plain_words(client: TestClient) -> None:
    def told(path: str, body: Mapping[str, object]) -> list[str]:
        return [one["detail"] for one in client.post(path, json=body).json()["errors"]]

    assert told("/v1/webhooks", WANTED | {"url": "ftp://media.example"}) == [
        "an address begins with http:// or https://"
    ]
    assert told("/v1/webhooks", WANTED | {"kinds": []}) == [
        "List should have at least 1 item, not 0"
    ]
    link = {"token": "cut", "password": "several words do very well"}
    assert told("/v1/password-resets/complete", link) == [
        "String should have at least 20 characters"
    ]


def test_a_change_needs_what_was_seen_and_loses_nobody_elses(client: TestClient) -> None:
    made = create(client)["webhook"]
    place = f"/v1/webhooks/{made['id']}"
    tag = client.get(place).headers["etag"]
    assert client.patch(place, json={"description": "x"}).status_code == 428
    changed = client.patch(place, json={"description": "x"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["description"]) == (200, "x")
    assert (changed.json()["version"], changed.json()["url"]) == (2, URL)
    late = client.patch(place, json={"description": "y"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert client.delete(place, headers={"If-Match": tag}).status_code == 412
    null = client.patch(place, json={"url": None}, headers={"If-Match": "*"})
    assert null.status_code == 422
    off = client.patch(place, json={"state": "disabled"}, headers={"If-Match": "*"})
    assert (off.json()["state"], off.json()["reason"]) == ("disabled", "it was switched off")
    assert client.post(f"{place}/test").status_code == 409
    on = client.patch(place, json={"state": "enabled"}, headers={"If-Match": "*"})
    assert (on.json()["state"], on.json()["reason"]) == ("enabled", None)
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


def test_a_secret_is_replaced_and_the_old_one_has_a_day(client: TestClient) -> None:
    made = create(client)
    place = f"/v1/webhooks/{made['webhook']['id']}"
    answer = client.post(f"{place}/rotate")
    assert answer.status_code == 200
    assert answer.json()["secret"] not in ("", made["secret"])
    assert answer.json()["webhook"]["old_until"] is not None
    assert client.post(f"/v1/webhooks/{uuid4()}/rotate").status_code == 404


def test_a_test_is_a_delivery_once_a_key(client: TestClient) -> None:
    place = f"/v1/webhooks/{create(client)['webhook']['id']}"
    key = {"Idempotency-Key": uuid4().hex}
    first, again = (client.post(f"{place}/test", headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    made = first.json()
    assert (made["kind"], made["seq"], made["state"]) == ("webhook.test", None, "waiting")
    assert client.get(f"{place}/deliveries").json() == {"items": [made], "next": None}
    assert client.get(f"{place}/deliveries/{made['id']}").json() == made
    assert client.get(f"{place}/deliveries?state=done").json()["items"] == []
    waiting = client.post(f"{place}/deliveries/{made['id']}/replay")
    assert waiting.status_code == 409
    off = {"state": "disabled"}
    client.patch(place, json=off, headers={"If-Match": "*"})
    (ended,) = client.get(f"{place}/deliveries?state=failed").json()["items"]
    assert ended["error"] == "the webhook was disabled"
    client.patch(place, json={"state": "enabled"}, headers={"If-Match": "*"})
    since = {"since": made["created_at"]}
    answer = client.post(f"{place}/replay", json=since)
    assert (answer.status_code, answer.json()) == (202, {"replayed": 1})
    client.patch(place, json=off, headers={"If-Match": "*"})
    client.patch(place, json={"state": "enabled"}, headers={"If-Match": "*"})
    answer = client.post(f"{place}/deliveries/{made['id']}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert client.post(f"{place}/replay", json={"since": "2026-01-01"}).status_code == 422


def test_deliveries_are_listed_newest_first_in_pages(client: TestClient) -> None:
    place = f"/v1/webhooks/{create(client)['webhook']['id']}"
    made = [client.post(f"{place}/test").json()["id"] for _ in range(3)]
    page = client.get(f"{place}/deliveries", params={"limit": 2}).json()
    assert [one["id"] for one in page["items"]] == [made[2], made[1]]
    page = client.get(f"{place}/deliveries", params={"cursor": page["next"]}).json()
    assert [one["id"] for one in page["items"]] == [made[0]]


def test_there_are_so_many_webhooks_and_no_more(client: TestClient) -> None:
    for _ in range(webhooks.MAX):
        create(client)
    answer = client.post("/v1/webhooks", json=WANTED)
    assert answer.status_code == 409
    assert len(client.get("/v1/webhooks").json()["items"]) == webhooks.MAX


def test_another_tenants_webhooks_are_not_there(client: TestClient, settings: Settings) -> None:
    made = create(client)["webhook"]
    delivery = client.post(f"/v1/webhooks/{made['id']}/test").json()
    info = tenants.create(settings, f"other-{uuid4().hex[:8]}")
    other = Place(info.id, info.slug, info.name, info.cell)
    with closing(Installation(settings)) as installation:
        assert installation.place(DEFAULT_TENANT).tenant_id != info.id
        with installation.tenant_scope(other) as session:
            assert webhooks.page(session, limit=10, before=None) == []
            for look in (
                lambda: webhooks.get(session, UUID(made["id"])),
                lambda: webhooks.delete(session, UUID(made["id"]), versions=None),
                lambda: deliveries.get(session, UUID(made["id"]), UUID(delivery["id"])),
                lambda: deliveries.test(session, UUID(made["id"])),
            ):
                with pytest.raises(NotFound):
                    look()
    assert client.get(f"/v1/webhooks/{made['id']}").status_code == 200
