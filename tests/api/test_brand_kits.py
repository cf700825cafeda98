"""Brand kits over HTTP: kept whole, changed whole, and held against texts."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from core.settings import Settings
from pipeline.plan.brief import Brief
from services import briefs
from services.permissions import Action, Role
from tests.api.crowd import Crowd, Member, bearer, crowd, unlimited
from tests.api.serving import film, serve

ANY = {"If-Match": "*"}
KIT: dict[str, Any] = {
    "names": ["Lumen Coffee"],
    "voice": "Dry.",
    "languages": ["EN", "por_br"],
    "colours": [{"role": "text", "value": "#AAAAAA"}, {"role": "background", "value": "#ffffff"}],
    "forbidden_words": ["cheap"],
}


@pytest.fixture(scope="module")
def people(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with serve(unlimited(settings)) as found:
        yield found


@pytest.fixture
def ada(people: Crowd) -> Member:
    return people.member(people.found("kits"), Role.OWNER)


@pytest.fixture
def brand(client: TestClient, ada: Member) -> str:
    """The path of the default brand of a tenant of the test's own."""
    (found,) = client.get("/v1/brands", headers=ada.headers).json()["items"]
    return f"/v1/brands/{found['id']}"


def put(client: TestClient, who: Member, brand: str, kit: Any, **headers: str) -> Response:
    found: Response = client.put(
        f"{brand}/kit", json=kit, headers={**who.headers, **ANY, **headers}
    )
    return found


def test_a_kit_is_empty_then_kept_and_no_edit_is_lost(
    client: TestClient, ada: Member, brand: str
) -> None:
    first = client.get(f"{brand}/kit", headers=ada.headers)
    assert (first.json()["version"], first.json()["changed_at"]) == (0, None)
    assert not any(first.json()["kit"].values())
    seen = first.headers["etag"]
    bare = client.put(f"{brand}/kit", json=KIT, headers=ada.headers)
    assert bare.status_code == 428
    kept = put(client, ada, brand, KIT, **{"If-Match": seen})
    assert kept.status_code == 200, kept.text
    out = kept.json()
    assert out["version"] == 1
    assert out["kit"]["languages"] == ["en", "pt-BR"]
    assert out["kit"]["colours"][0] == {"role": "text", "value": "#aaaaaa"}
    assert [one["rule"] for one in out["advice"]] == ["contrast"]
    assert client.get(f"{brand}/kit", headers=ada.headers).json() == out
    assert put(client, ada, brand, {}, **{"If-Match": seen}).status_code == 412
    again = put(client, ada, brand, out["kit"], **{"If-Match": kept.headers["etag"]})
    assert (again.status_code, again.json()) == (200, out)
    emptied = put(client, ada, brand, {}, **{"If-Match": kept.headers["etag"]}).json()
    assert emptied["version"] == 2
    assert not any(emptied["kit"].values())


def test_a_text_is_held_against_the_kit(client: TestClient, ada: Member, brand: str) -> None:
    put(client, ada, brand, KIT)
    text = "A cheap bag of LUMEN COFFEE"
    answer = client.post(f"{brand}/checks", json={"text": text}, headers=ada.headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["blocked"] is True
    assert [(one["rule"], text[one["begin"] : one["end"]]) for one in found["breaches"]] == [
        ("forbidden-word", "cheap"),
        ("spelling", "LUMEN COFFEE"),
    ]
    long = client.post(f"{brand}/checks", json={"text": "x" * 20_001}, headers=ada.headers)
    assert long.status_code == 422


@pytest.mark.parametrize(
    ("kit", "pointer"),
    [
        ({"name": ["x"]}, "/body/name"),
        ({"colours": [{"role": "text", "value": "#12345g"}]}, "/body/colours/0/value"),
        ({"colours": [{"role": "text", "value": "#123456", "name": "x"}]}, "/body/colours/0/name"),
        ({"glossary": [{"term": "a", "translations": {"klingon": "b"}}]}, "/body/glossary/0/"),
        ({"watermark": {"opacity": 1}}, "/body/watermark/asset_id"),
        ({"names": ["a", "A"]}, "/body"),
    ],
)
def test_a_kit_that_breaks_a_rule_names_the_field(
    client: TestClient, ada: Member, brand: str, kit: Any, pointer: str
) -> None:
    answer = put(client, ada, brand, kit)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert client.get(f"{brand}/kit", headers=ada.headers).json()["version"] == 0


def test_what_a_kit_shows_is_an_asset_of_its_kind_and_its_own_tenants(
    client: TestClient, people: Crowd, ada: Member, brand: str
) -> None:
    made = client.post("/v1/assets?name=intro.mkv", content=film(5000), headers=ada.headers)
    assert made.status_code == 201, made.text
    intro = made.json()["asset"]["id"]
    shown = {"intro_asset_id": intro}
    assert put(client, ada, brand, shown).status_code == 200
    wrong = put(client, ada, brand, {"logos": [{"variant": "mark", "asset_id": intro}]})
    assert wrong.json()["errors"][0]["pointer"] == "/body/logos/0/asset_id"
    assert "image" in wrong.json()["errors"][0]["detail"]
    other = people.member(people.found("others"), Role.OWNER)
    (theirs,) = client.get("/v1/brands", headers=other.headers).json()["items"]
    refused = put(client, other, f"/v1/brands/{theirs['id']}", shown)
    assert refused.json()["errors"][0]["pointer"] == "/body/intro_asset_id"
    assert put(client, other, brand, {}).status_code == 404
    assert client.get(f"{brand}/kit", headers=other.headers).status_code == 404
    client.delete(f"/v1/assets/{intro}", headers=ada.headers)
    found = client.get(f"{brand}/kit", headers=ada.headers).json()
    assert found["missing"] == [intro]


def test_a_brand_takes_its_kit_along(client: TestClient, ada: Member) -> None:
    made = client.post("/v1/brands", json={"name": "Second"}, headers=ada.headers).json()
    path = f"/v1/brands/{made['id']}"
    assert put(client, ada, path, KIT).status_code == 200
    assert client.delete(path, headers=ada.headers).status_code == 204
    assert client.get(f"{path}/kit", headers=ada.headers).status_code == 404


def test_a_key_reads_kits_and_changes_them_with_its_scopes_alone(
    client: TestClient, people: Crowd
) -> None:
    place = people.found("keyed")
    reads = bearer(people.key(place, Action.BRANDS_READ))
    (one,) = client.get("/v1/brands", headers=reads).json()["items"]
    path = f"/v1/brands/{one['id']}"
    assert client.get(f"{path}/kit", headers=reads).status_code == 200
    assert client.post(f"{path}/checks", json={"text": "a"}, headers=reads).status_code == 200
    refused = client.put(f"{path}/kit", json=KIT, headers={**reads, **ANY})
    assert refused.status_code == 403


def test_a_run_is_told_its_assets_name_and_its_brands_kit(
    client: TestClient, people: Crowd, ada: Member, brand: str
) -> None:
    made = client.post("/v1/assets?name=talk.mkv", content=film(5000), headers=ada.headers).json()
    asset = UUID(made["asset"]["id"])
    place = people.installation.place(str(ada.tenant_id))
    with people.installation.tenant_scope(place) as session:
        assert briefs.of(session, asset) == Brief(name="talk.mkv")
    put(client, ada, brand, KIT)
    with people.installation.tenant_scope(place) as session:
        told = briefs.of(session, asset)
        assert briefs.of(session, uuid4()) == Brief()
    assert (told.name, told.vocabulary) == ("talk.mkv", ("Lumen Coffee",))
    assert told.kit.forbidden_words == ("cheap",)
