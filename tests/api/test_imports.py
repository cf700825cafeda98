"""Imports by the API: what is taken, refused, shown and kept from others."""

from contextlib import closing
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from core.addresses import REFUSED
from core.errors import NotFound
from core.settings import Settings
from services import imports, tenants
from services.installation import Installation, Place
from tests.api.serving import serve

URL = "https://films.example/a/film.mp4"


@pytest.fixture
def other(settings: Settings) -> Place:
    """A tenant beside the one that the API serves."""
    info = tenants.create(settings, f"other-{uuid4().hex[:8]}")
    return Place(info.id, info.slug, info.name, info.cell)


def count(client: TestClient) -> int:
    return len(client.get("/v1/imports", params={"limit": 200}).json()["items"])


def test_an_import_is_shown_without_its_query(client: TestClient) -> None:
    wanted = {"url": f"{URL}?X-Signature=abc", "name": "../film of mine.mp4", "recipe": "video"}
    answer = client.post("/v1/imports", json=wanted)
    assert answer.status_code == 202
    begun = answer.json()
    assert answer.headers["location"] == f"/v1/imports/{begun['id']}"
    assert begun["source"] == f"{URL}?…"
    assert (begun["name"], begun["recipe"]) == ("film of mine.mp4", "video")
    assert (begun["state"], begun["progress"], begun["asset_id"]) == ("running", 0, None)
    again = client.get(f"/v1/imports/{begun['id']}")
    assert again.json() == begun
    run = client.get(f"/v1/runs/{begun['id']}")
    listed = client.get("/v1/imports", params={"limit": 1}).json()
    assert listed["items"] == [begun]
    assert run.json()["stages"][0]["name"] == "fetch"
    assert not any("abc" in one.text for one in (answer, again, run))
    assert client.post(f"/v1/runs/{begun['id']}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/v1/imports/{begun['id']}").json()["state"] == "cancelled"


def test_imports_are_listed_newest_first_in_pages(client: TestClient) -> None:
    made = [client.post("/v1/imports", json={"url": URL}).json()["id"] for _ in range(3)]
    page = client.get("/v1/imports", params={"limit": 2}).json()
    assert [one["id"] for one in page["items"]] == [made[2], made[1]]
    page = client.get("/v1/imports", params={"limit": 1, "cursor": page["next"]}).json()
    assert [one["id"] for one in page["items"]] == [made[0]]


def test_an_import_that_is_asked_for_twice_with_one_key_is_begun_once(client: TestClient) -> None:
    key = {"Idempotency-Key": "an-import-of-mine"}
    first, again = (client.post("/v1/imports", json={"url": URL}, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    other = client.post("/v1/imports", json={"url": URL + "&b=1"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ({"url": "file:///etc/passwd"}, "http"),
        ({"url": "http://user:word@films.example/"}, "password"),
        ({"url": "http://films.example:22/"}, "port"),
        ({"url": "http://0x7f.1/"}, "host"),
        ({"url": "http://127.0.0.1/"}, REFUSED),
        ({"url": "http://[::ffff:10.0.0.1]/"}, REFUSED),
        ({"url": "http://169.254.169.254/latest/meta-data"}, REFUSED),
        ({"url": URL, "recipe": "soup"}, "recipe"),
        ({"url": ""}, "schema"),
        ({"url": "https://films.example/" + "x" * 9000}, "schema"),
        ({"url": 7}, "schema"),
        ({"url": URL, "name": ""}, "schema"),
        ({"url": URL, "headers": {"Cookie": "x"}}, "schema"),
        ({}, "schema"),
    ],
)
def test_what_is_not_taken_is_told_and_leaves_nothing(
    client: TestClient, wanted: dict[str, object], word: str
) -> None:
    before = count(client)
    answer = client.post("/v1/imports", json=wanted)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]
    assert "word@" not in answer.text
    assert count(client) == before


def test_nobody_without_the_token_imports_anything(client: TestClient) -> None:
    client.headers.pop("Authorization")
    assert client.post("/v1/imports", json={"url": URL}).status_code == 401
    assert client.get(f"/v1/imports/{uuid4()}").status_code == 401


def test_a_tenant_sees_nothing_of_anothers_imports(
    client: TestClient, settings: Settings, other: Place
) -> None:
    with closing(Installation(settings)) as installation:
        theirs = imports.create(installation, other, url=f"{URL}?theirs").row.id
        ours = client.post("/v1/imports", json={"url": URL}).json()["id"]
        assert client.get(f"/v1/imports/{theirs}").status_code == 404
        assert client.post(f"/v1/runs/{theirs}/cancel").status_code == 404
        listed = client.get("/v1/imports", params={"limit": 200}).json()["items"]
        assert str(theirs) not in [one["id"] for one in listed]
        with installation.tenant_scope(other) as session:
            assert [one.row.id for one in imports.latest(session)] == [theirs]
            with pytest.raises(NotFound):
                imports.get(session, ours)


def test_a_tenant_has_only_so_many_imports_under_way(
    settings: Settings, other: Place, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    monkeypatch.setattr(imports, "MAX_OPEN", count(client) + 1)
    answers = [client.post("/v1/imports", json={"url": URL}) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    with closing(Installation(settings)) as installation:  # nobody else is kept waiting
        assert imports.create(installation, other, url=URL).run.state == "running"


def test_an_import_is_refused_where_the_disk_is_full(settings: Settings) -> None:
    full = settings.model_copy(update={"free_space_reserve_bytes": 1 << 60})
    with serve(full) as client:
        before = count(client)
        assert client.post("/v1/imports", json={"url": URL}).status_code == 507
        assert count(client) == before


def test_an_operators_own_network_is_taken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings.model_copy(
        update={
            "import_allow_networks": Settings(
                import_allow_networks="10.1.0.0/16, fd12::/16"
            ).import_allow_networks
        }
    )
    with serve(mine) as client:
        for host, status in (("10.1.2.3", 202), ("[fd12::1]", 202), ("10.2.0.1", 422)):
            answer = client.post("/v1/imports", json={"url": f"http://{host}/film.mp4"})
            assert answer.status_code == status
