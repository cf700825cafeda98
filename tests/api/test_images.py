"""Pictures through the API: a poster leads them as a master playlist leads a film."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from core.settings import Settings
from services.installation import Installation
from tests.api.serving import serve
from tests.shelved import PICTURES, Shown, shelve

SECRET = SecretStr("a secret of the tests that is long enough")


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with serve(settings.model_copy(update={"media_secret": SECRET})) as found:
        yield found


@pytest.fixture
def picture(settings: Settings) -> Iterator[Shown]:
    """An asset that is a picture, with nothing made of it yet."""
    with closing(Installation(settings)) as installation:
        found = shelve(installation, name="photo.jpg", mime="image/jpeg")
        found.change(kind="image", media={"width": 640, "height": 360})
        yield found


def test_a_picture_has_addresses_for_its_poster_its_sizes_and_its_crops(
    client: TestClient, picture: Shown
) -> None:
    assert client.post(f"/v1/assets/{picture.asset_id}/playback").status_code == 409
    picture.add(PICTURES, stage="image", seconds=0.0)
    answer = client.post(f"/v1/assets/{picture.asset_id}/playback")
    assert answer.status_code == 200, answer.text
    found = answer.json()["addresses"]
    assert (found["hls"], found["dash"], found["mp4"]) == (None, None, [])
    assert [one["role"] for one in found["images"]] == ["crop", "variant"]
    poster = client.get(found["poster"])
    assert (poster.content, poster.headers["content-type"]) == (
        PICTURES["poster.jpg"],
        "image/jpeg",
    )
    avif = client.get(found["images"][1]["url"])
    assert avif.content == PICTURES["image/640.avif"]
    assert avif.headers["content-type"] == found["images"][1]["mime"] == "image/avif"
    assert avif.headers["x-content-type-options"] == "nosniff"


def test_a_published_picture_is_seen_by_everybody_at_its_stable_address(
    client: TestClient, picture: Shown
) -> None:
    picture.add(PICTURES, stage="image", seconds=0.0)
    answer = client.put(f"/v1/assets/{picture.asset_id}/publication")
    assert answer.status_code in (200, 201), answer.text
    published = answer.json()
    stranger = TestClient(client.app)
    for path, content in PICTURES.items():
        assert stranger.get(f"{published['url']}/{path}").content == content, path
    assert published["addresses"]["poster"] == f"{published['url']}/poster.jpg"
    assert len(published["addresses"]["images"]) == 2


def test_the_poster_of_a_film_leads_nothing(client: TestClient, picture: Shown) -> None:
    picture.add({"poster.jpg": b"\xff\xd8\xff"}, stage="pictures")
    assert client.post(f"/v1/assets/{picture.asset_id}/playback").status_code == 409
