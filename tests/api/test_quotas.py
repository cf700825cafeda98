"""Quotas: what a tenant may store and have open, whichever way files come in."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.errors import QuotaExceeded, RateLimited
from core.settings import Settings
from services import imports, quotas, tenants, uploads
from services.installation import DEFAULT_TENANT, Installation, Place
from tests.api.serving import BODY, CLIP, TUS, film, serve, spool, stored

LENGTH = {**TUS, "Upload-Length": "1000"}


@pytest.fixture
def place(settings: Settings) -> Place:
    """A tenant of the test's own, with room for 5,000 bytes and three uploads."""
    info = tenants.create(settings, f"q-{uuid4().hex[:12]}")
    tenants.limit(settings, info.slug, stored_bytes=5000, open_uploads=3)
    return Place(info.id, info.slug, info.name, info.cell)


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    with closing(Installation(settings, pool_size=8)) as made:
        yield made


def announce(installation: Installation, place: Place, length: int) -> Any:
    return uploads.create(installation, place, name="a.mkv", length=length)


def standing(installation: Installation, place: Place) -> quotas.Standing:
    with installation.tenant_scope(place) as session:
        return quotas.standing(session, installation.settings)


def plant_asset(installation: Installation, place: Place, size: int) -> None:
    with installation.tenant_scope(place) as session:
        session.execute(
            text(
                "INSERT INTO assets (name, kind, mime, bytes, sha256, storage_key)"
                " VALUES ('a', 'video', 'video/mp4', :size, repeat('a', 64), 'none')"
            ),
            {"size": size},
        )


def test_a_refusal_says_what_is_used_and_what_is_free(
    installation: Installation, place: Place
) -> None:
    plant_asset(installation, place, 3000)
    announce(installation, place, 1500)
    with pytest.raises(QuotaExceeded) as refused:
        announce(installation, place, 501)
    assert refused.value.members == {
        "quota": "stored_bytes",
        "limit": 5000,
        "used": 3000,
        "reserved": 1500,
        "free": 500,
        "wanted": 501,
    }
    announce(installation, place, 500)
    assert standing(installation, place).free_bytes == 0


def test_of_two_that_want_the_last_bytes_one_gets_them(
    installation: Installation, place: Place
) -> None:
    plant_asset(installation, place, 4000)
    start = threading.Barrier(8)

    def go(_: int) -> bool:
        start.wait()
        try:
            announce(installation, place, 1000)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(go, range(8))) == 1
    assert standing(installation, place).reserved_bytes == 1000


def test_what_is_given_up_expires_or_goes_is_free_again(
    installation: Installation, place: Place
) -> None:
    first, second = (announce(installation, place, 2500) for _ in range(2))
    with pytest.raises(QuotaExceeded):
        announce(installation, place, 1)
    uploads.remove(installation, place, first.id)
    with installation.tenant_scope(place) as session:
        session.execute(
            text("UPDATE cell.uploads SET expires_at = now() WHERE id = :id"), {"id": second.id}
        )
    assert standing(installation, place).free_bytes == 5000
    announce(installation, place, 5000)


def test_too_many_open_uploads_are_told_to_wait(installation: Installation, place: Place) -> None:
    for _ in range(3):
        announce(installation, place, 1)
    with pytest.raises(RateLimited) as refused:
        announce(installation, place, 1)
    assert refused.value.members == {"quota": "open_uploads", "limit": 3, "used": 3}


def test_a_full_tenant_imports_nothing_and_an_import_counts_as_soon_as_its_size_is_known(
    installation: Installation, place: Place
) -> None:
    url = "https://films.example/film.mp4"
    begun = imports.create(installation, place, url=url).row.id
    with installation.tenant_scope(place) as session:
        imports.reserve(session, installation.settings, begun, 4000)
        imports.reserve(session, installation.settings, begun, 4500)
    assert standing(installation, place).reserved_bytes == 4500
    with (
        pytest.raises(QuotaExceeded),
        installation.tenant_scope(place) as session,
    ):
        imports.reserve(session, installation.settings, begun, 5001)
    plant_asset(installation, place, 500)
    with pytest.raises(QuotaExceeded):
        imports.create(installation, place, url=url)
    with pytest.raises(QuotaExceeded):
        announce(installation, place, 1)


def test_one_tenant_s_bytes_are_not_another_s(
    installation: Installation, place: Place, settings: Settings
) -> None:
    other = tenants.create(settings, f"q-{uuid4().hex[:12]}")
    tenants.limit(settings, other.slug, stored_bytes=5000, open_uploads=None)
    announce(installation, place, 5000)
    theirs = Place(other.id, other.slug, other.name, other.cell)
    assert standing(installation, theirs).free_bytes == 5000
    assert standing(installation, theirs).quotas.open_uploads == settings.open_uploads


def test_a_tenant_cannot_raise_its_own_quota(installation: Installation, place: Place) -> None:
    for statement in ("UPDATE cell.quotas SET stored_bytes = NULL", "DELETE FROM cell.quotas"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            installation.tenant_scope(place) as session,
        ):
            session.execute(text(statement))


def bounded(settings: Settings, **limits: int) -> TestClient:
    """A client of the default tenant, where settings bound it."""
    return serve(settings.model_copy(update=limits))


def used(settings: Settings) -> int:
    with serve(settings) as client:
        found = client.get("/v1/usage").json()["stored_bytes"]
    return int(found["used"]) + int(found["reserved"])


def test_every_way_in_is_refused_before_the_body_and_leaves_nothing(settings: Settings) -> None:
    before = stored(settings)
    with bounded(settings, stored_bytes=used(settings) + 999) as client:
        answers = [
            client.post("/v1/uploads", headers=LENGTH),
            client.post("/v1/uploads", headers={**LENGTH, **BODY}, content=film(1000)),
            client.post("/v1/assets?name=a.mkv", content=film(1000)),
            client.post("/v1/uploads/direct", json={"name": "a.mkv", "bytes": 1000}),
        ]
        assert client.get("/v1/usage").json()["stored_bytes"]["free"] == 999
    for answer in answers:
        assert answer.status_code == 403, answer.text
        problem = answer.json()
        assert (problem["code"], problem["wanted"]) == ("quota_exceeded", 1000)
        assert problem["free"] == 999
    assert stored(settings) == before


def test_a_refused_upload_may_be_tried_again_with_its_key(settings: Settings) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    with bounded(settings, stored_bytes=used(settings)) as client:
        assert client.post("/v1/uploads", headers=LENGTH | key).status_code == 403
    with serve(settings) as client:
        answer = client.post("/v1/uploads", headers=LENGTH | key)
        assert answer.status_code == 201
        client.delete(answer.headers["location"], headers=TUS)


def test_usage_follows_an_upload_to_its_asset_and_out_of_the_trash(settings: Settings) -> None:
    size = CLIP.stat().st_size
    with serve(settings) as client:
        client.headers |= TUS

        def usage() -> tuple[int, int, int]:
            found = client.get("/v1/usage").json()
            bytes_ = found["stored_bytes"]
            assert (bytes_["limit"], bytes_["free"]) == (None, None)
            return bytes_["used"], bytes_["reserved"], found["open_uploads"]["used"]

        empty = usage()
        place = client.post("/v1/uploads", headers={"Upload-Length": str(size)})
        assert usage() == (empty[0], empty[1] + size, empty[2] + 1)
        location = place.headers["location"]
        headers = {**BODY, "Upload-Offset": "0"}
        assert client.patch(location, content=CLIP.read_bytes(), headers=headers).status_code == 204
        assert usage() == (empty[0] + size, *empty[1:])
        asset = f"/v1/assets/{location[-36:]}"
        client.delete(asset)
        assert usage()[0] == empty[0] + size
        assert client.post(f"{asset}/purge").status_code == 204
        assert usage() == empty
        assert not spool(settings, location)


def test_a_file_from_the_command_line_obeys_too(
    installation: Installation, place: Place, settings: Settings
) -> None:
    before = stored(settings)
    with pytest.raises(QuotaExceeded):
        uploads.begin(installation, place, CLIP, "clip.mp4")
    assert stored(settings) == before
    assert installation.place(DEFAULT_TENANT).slug == DEFAULT_TENANT
