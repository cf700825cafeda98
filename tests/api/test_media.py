"""Media by signed and public addresses: what they open, for how long, and what they never do."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.delivery import Desk
from api.sending import CHUNK_BYTES, SAFETY
from core.settings import Settings
from services import tenants
from services.installation import Installation
from services.media_tokens import MediaToken, Scope, Signer
from tests.api.serving import serve
from tests.shelved import FILM, PACKAGE, Shown, shelve

SECRET = "a secret of the tests that is long enough"
HOUR = 3600.0


class Clock:
    """The time that the API goes by; `late` is in seconds."""

    def __init__(self) -> None:
        self.late = 0.0

    def now(self) -> float:
        return datetime.now(UTC).timestamp() + self.late

    def monotonic(self) -> float:
        return self.now()


@pytest.fixture(scope="module")
def signing(settings: Settings) -> Settings:
    return settings.model_copy(update={"media_secret": SecretStr(SECRET)})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(signing: Settings, clock: Clock) -> Iterator[TestClient]:
    with serve(signing) as found:
        found.app.state.desk = Desk(now=clock.now, monotonic=clock.monotonic)  # type: ignore[attr-defined]
        yield found


@pytest.fixture(scope="module")
def installation(signing: Settings) -> Iterator[Installation]:
    with closing(Installation(signing)) as found:
        yield found


@pytest.fixture
def shown(installation: Installation) -> Shown:
    """An asset with a finished package."""
    found = shelve(installation)
    found.add()
    return found


@pytest.fixture
def stranger(client: TestClient) -> TestClient:
    """Somebody who has no token of the API's, and keeps no redirect to himself."""
    return TestClient(client.app, raise_server_exceptions=False, follow_redirects=False)


def play(client: TestClient, shown: Shown) -> dict[str, str]:
    answer = client.post(f"/v1/assets/{shown.asset_id}/playback")
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()["addresses"]
    return found


def base_of(client: TestClient, shown: Shown) -> str:
    return play(client, shown)["hls"].removesuffix("/stream/master.m3u8")


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["code"]


def test_one_address_covers_the_whole_package(
    client: TestClient, stranger: TestClient, shown: Shown
) -> None:
    answer = client.post(f"/v1/assets/{shown.asset_id}/playback").json()
    assert answer["preview"] is False
    addresses = answer["addresses"]
    base = addresses["hls"].removesuffix("/stream/master.m3u8")
    assert addresses["dash"] == f"{base}/stream/manifest.mpd"
    assert addresses["poster"] == f"{base}/poster.jpg"
    assert addresses["storyboard"] == f"{base}/storyboard/index.vtt"
    assert [(one["url"], one["height"]) for one in addresses["mp4"]] == [
        (f"{base}/mp4/360p.mp4", 360)
    ]
    for path, data in PACKAGE.items():
        answer = stranger.get(f"{base}/{path}")
        assert (answer.status_code, answer.content) == (200, data), path


def test_a_file_says_what_it_is_and_how_long_it_may_be_kept(
    client: TestClient, stranger: TestClient, shown: Shown
) -> None:
    answer = stranger.get(f"{base_of(client, shown)}/stream/360p.mp4")
    headers = answer.headers
    assert headers["etag"] == f'"{hashlib.sha256(FILM).hexdigest()}"'
    assert headers["content-type"] == "video/mp4"
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-length"] == "1000"
    assert "last-modified" in headers
    scope, age, fixed = headers["cache-control"].split(", ")
    assert (scope, fixed) == ("private", "immutable")
    left = int(age.removeprefix("max-age="))
    assert 6 * HOUR < left <= 6 * HOUR + 12 + 361
    assert "content-disposition" not in headers
    assert {name: headers[name] for name in SAFETY} == SAFETY
    assert headers["access-control-allow-origin"] == "*"
    assert "Content-Range" in headers["access-control-expose-headers"]


def test_a_range_is_a_part_of_the_file(
    client: TestClient, stranger: TestClient, shown: Shown
) -> None:
    film = f"{base_of(client, shown)}/stream/360p.mp4"
    part = stranger.get(film, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, FILM[100:300])
    assert part.headers["content-range"] == "bytes 100-299/1000"
    assert stranger.get(film, headers={"Range": "bytes=-1"}).content == FILM[-1:]
    stale = stranger.get(film, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (stale.status_code, stale.content) == (200, FILM)
    outside = stranger.get(film, headers={"Range": "bytes=1000-"})
    assert problem(outside) == (416, "range_not_satisfiable")
    assert outside.headers["content-range"] == "bytes */1000"


def test_who_has_it_is_sent_nothing(client: TestClient, stranger: TestClient, shown: Shown) -> None:
    film = f"{base_of(client, shown)}/stream/360p.mp4"
    head = stranger.head(film, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "1000")
    known = {"If-None-Match": head.headers["etag"]}
    for answer in (stranger.get(film, headers=known), stranger.head(film, headers=known)):
        assert (answer.status_code, answer.content) == (304, b"")
        assert "content-length" not in answer.headers
        assert answer.headers["etag"] == head.headers["etag"]
    assert problem(stranger.get(film, headers={"If-Match": '"x"'})) == (412, "precondition_failed")


def test_a_large_file_comes_in_pieces_that_make_it(
    client: TestClient, stranger: TestClient, installation: Installation
) -> None:
    data = hashlib.shake_256(b"large").digest(3 * CHUNK_BYTES + 17)
    large = shelve(installation)
    large.add({**PACKAGE, "stream/360p.mp4": data})
    film = f"{base_of(client, large)}/stream/360p.mp4"
    assert stranger.get(film).content == data
    part = stranger.get(film, headers={"Range": f"bytes=5-{2 * CHUNK_BYTES + 9}"})
    assert part.content == data[5 : 2 * CHUNK_BYTES + 10]


def test_pages_of_other_origins_may_ask_for_ranges(stranger: TestClient) -> None:
    asked = {"Origin": "https://brand.example", "Access-Control-Request-Method": "GET",
             "Access-Control-Request-Headers": "range"}  # fmt: skip
    for path in ("/v1/media/any/x.mp4", "/v1/public/any/x.mp4"):
        answer = stranger.options(path, headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Range" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fsecrets.json",
        "%2e%2e/%2e%2e/secrets.json",
        "stream%2Fmaster.m3u8",
        "stream%5Cmaster.m3u8",
        "stream//master.m3u8",
        "stream/%2e/master.m3u8",
        "/stream/master.m3u8",
        "stream/master.m3u8/",
        "stream",
        "",
        "%00",
        "stream/master.m3u8%00",
        "work/360p.mp4",
        "source",
        "a" * 5000,
        "%F0%9F%8E%AC.mp4",
        "%ff.mp4",
    ],
)
def test_no_path_leads_out_of_the_package(
    client: TestClient, stranger: TestClient, installation: Installation, path: str
) -> None:
    kept = shelve(installation)
    kept.add({**PACKAGE, "work/360p.mp4": b"not yet"})
    answer = stranger.get(f"{base_of(client, kept)}/{path}")
    assert problem(answer)[0] == 404
    assert "secrets" not in answer.text


def test_an_address_ends_when_it_said(
    client: TestClient, stranger: TestClient, shown: Shown, clock: Clock
) -> None:
    granted = client.post(f"/v1/assets/{shown.asset_id}/playback").json()
    master = granted["addresses"]["hls"]
    ends = datetime.fromisoformat(granted["expires_at"]).timestamp()
    clock.late = ends - clock.now() - 5
    assert stranger.get(master).status_code == 200
    clock.late += 6
    assert problem(stranger.get(master)) == (410, "gone")
    again = play(client, shown)["hls"]
    assert again != master
    assert stranger.get(again).status_code == 200


def test_who_asks_again_soon_gets_the_same_address(client: TestClient, shown: Shown) -> None:
    first = {play(client, shown)["hls"] for _ in range(3)}
    assert len(first) <= 2  # a new stretch of six minutes may just begin


def test_a_revoked_address_opens_nothing_by_the_time_that_was_said(
    client: TestClient, stranger: TestClient, shown: Shown, clock: Clock
) -> None:
    base = base_of(client, shown)
    source = client.post(f"/v1/assets/{shown.asset_id}/source").json()["url"]
    assert stranger.get(f"{base}/poster.jpg").status_code == 200
    answer = client.delete(f"/v1/assets/{shown.asset_id}/playback").json()
    ends = datetime.fromisoformat(answer["ends_at"]).timestamp()
    assert ends - clock.now() <= 5
    clock.late = ends - clock.now() + 0.01
    for address in (f"{base}/poster.jpg", source):
        assert problem(stranger.get(address)) == (410, "gone")
    assert stranger.get(play(client, shown)["hls"]).status_code == 200


def test_what_is_in_the_trash_is_not_shown(
    client: TestClient, stranger: TestClient, shown: Shown, clock: Clock
) -> None:
    base = base_of(client, shown)
    public = client.put(f"/v1/assets/{shown.asset_id}/publication").json()["addresses"]["poster"]
    shown.change(trashed_at=datetime.now(UTC))
    clock.late = 5
    assert problem(stranger.get(f"{base}/poster.jpg")) == (410, "gone")
    assert problem(stranger.get(public)) == (404, "not_found")
    for method, part in (("POST", "playback"), ("POST", "source"), ("PUT", "publication")):
        answer = client.request(method, f"/v1/assets/{shown.asset_id}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert client.get(f"/v1/assets/{shown.asset_id}/source").status_code == 404


def test_forged_and_unknown_addresses_are_told_nothing(
    client: TestClient, stranger: TestClient, shown: Shown, installation: Installation
) -> None:
    asset = shown.asset_id
    token = MediaToken(Scope.PACKAGE, shown.place.tenant_id, asset, uuid4(), 0, 2_000_000_000)
    signer, forger = Signer([SECRET]), Signer(["another secret of the same length"])

    def say(path: str) -> str:
        """An answer, without the number of the request."""
        answer = stranger.get(path)
        assert answer.status_code == 404
        return json.dumps({**answer.json(), "request_id": ""})

    told = {
        say(f"/v1/media/{text}/stream/master.m3u8")
        for text in (
            "x",
            "A" * 108,
            forger.sign(token),
            signer.sign(token),
            signer.sign(replace(token, tenant_id=uuid4())),
            signer.sign(replace(token, asset_id=uuid4())),
        )
    }
    told.add(say(f"/v1/public/{uuid4().hex}-{uuid4().hex}/poster.jpg"))
    told.add(say(f"/v1/public/{shown.place.tenant_id.hex}-{uuid4().hex}/poster.jpg"))
    told.add(say("/v1/public/x/poster.jpg"))
    assert len(told) == 1, told


def test_no_address_reaches_another_tenant(
    client: TestClient, stranger: TestClient, signing: Settings, installation: Installation
) -> None:
    name = f"other-{uuid4().hex[:8]}"
    other = tenants.create(signing, name)
    theirs = shelve(installation, name)
    run = theirs.add()
    for method, part in (
        ("POST", "playback"), ("DELETE", "playback"), ("POST", "source"), ("GET", "source"),
        ("PUT", "publication"), ("GET", "publication"), ("DELETE", "publication"),
    ):  # fmt: skip
        answer = client.request(method, f"/v1/assets/{theirs.asset_id}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), part
    ours = shelve(installation).place.tenant_id
    token = MediaToken(Scope.PACKAGE, ours, theirs.asset_id, run, 0, 2_000_000_000)
    signer = Signer([SECRET])
    crossed = f"/v1/media/{signer.sign(token)}/poster.jpg"
    assert problem(stranger.get(crossed)) == (404, "not_found")
    own = f"/v1/media/{signer.sign(replace(token, tenant_id=other.id))}/poster.jpg"
    assert stranger.get(own).content == PACKAGE["poster.jpg"]


def test_a_package_in_mid_play_goes_on_while_another_takes_its_place(
    client: TestClient, stranger: TestClient, shown: Shown, clock: Clock
) -> None:
    before = base_of(client, shown)
    shown.add({**PACKAGE, "stream/360p.mp4": FILM[::-1]})
    clock.late = 5
    assert stranger.get(f"{before}/stream/360p.mp4").content == FILM
    after = base_of(client, shown)
    assert after != before
    assert stranger.get(f"{after}/stream/360p.mp4").content == FILM[::-1]


def test_a_preview_plays_until_the_package_is_whole(
    client: TestClient, stranger: TestClient, installation: Installation
) -> None:
    asset = shelve(installation)
    answer = client.post(f"/v1/assets/{asset.asset_id}/playback")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    parts = {f"preview/{name}": b"#EXTM3U\n" for name in ("master.m3u8", "stream.m3u8")}
    run = asset.add(parts, stage="preview")
    answer = client.post(f"/v1/assets/{asset.asset_id}/playback").json()
    assert (answer["preview"], answer["run_id"]) == (True, str(run))
    assert stranger.get(answer["addresses"]["hls"]).status_code == 200
    published = client.put(f"/v1/assets/{asset.asset_id}/publication").json()
    assert published["addresses"]["hls"] is None
    assert stranger.get(f"{published['url']}/preview/master.m3u8").status_code == 404
    pinned = f"{published['url']}/{run.hex}/preview/master.m3u8"
    assert stranger.get(pinned).status_code == 404
    asset.add(run_id=run)
    assert client.post(f"/v1/assets/{asset.asset_id}/playback").json()["preview"] is False


def test_a_public_address_is_stable_and_what_is_behind_it_is_whole(
    client: TestClient, stranger: TestClient, shown: Shown, clock: Clock
) -> None:
    published = client.put(f"/v1/assets/{shown.asset_id}/publication").json()
    assert client.put(f"/v1/assets/{shown.asset_id}/publication").json() == published
    assert client.get(f"/v1/assets/{shown.asset_id}/publication").json() == published
    master = published["addresses"]["hls"]
    first = stranger.get(master)
    assert first.status_code == 307
    assert first.headers["cache-control"] == "public, max-age=15"
    pinned = first.headers["location"]
    answer = stranger.get(pinned)
    assert answer.content == PACKAGE["stream/master.m3u8"]
    # Captions may join what is behind the master, never a film.
    assert answer.headers["cache-control"] == "public, max-age=15"
    lasting = stranger.get(pinned.replace("master.m3u8", "360p.mp4"))
    assert lasting.headers["cache-control"] == "public, max-age=86400, immutable"
    shown.add({**PACKAGE, "stream/360p.mp4": FILM[::-1]})
    clock.late = 5
    assert client.get(f"/v1/assets/{shown.asset_id}/publication").json() == published
    now = stranger.get(master).headers["location"]
    assert now != pinned
    film = "stream/360p.mp4"
    assert stranger.get(pinned.replace("stream/master.m3u8", film)).content == FILM
    assert stranger.get(now.replace("stream/master.m3u8", film)).content == FILM[::-1]


def test_only_what_is_meant_for_viewers_is_public(
    client: TestClient, stranger: TestClient, shown: Shown
) -> None:
    published = client.put(f"/v1/assets/{shown.asset_id}/publication").json()
    pinned = stranger.get(published["addresses"]["hls"]).headers["location"]
    base = pinned.removesuffix("/stream/master.m3u8")
    seen = {
        path
        for path in PACKAGE
        if stranger.get(f"{base}/{path}").status_code == 200
        and stranger.get(f"{published['url']}/{path}").status_code == 307
    }
    assert seen == PACKAGE.keys() - {"notes.html", "speech/speech.wav"}


def test_what_is_withdrawn_is_gone_for_good(
    client: TestClient, stranger: TestClient, shown: Shown, clock: Clock
) -> None:
    place = f"/v1/assets/{shown.asset_id}/publication"
    master = client.put(place).json()["addresses"]["hls"]
    pinned = stranger.get(master).headers["location"]
    assert stranger.get(pinned).status_code == 200
    answer = client.delete(place).json()
    ends, cached = (datetime.fromisoformat(answer[name]).timestamp() - clock.now()
                    for name in ("ends_at", "cached_until"))  # fmt: skip
    assert ends <= 5
    assert cached == pytest.approx(86400, abs=5)
    clock.late = ends + 0.01
    assert [stranger.get(one).status_code for one in (master, pinned)] == [404, 404]
    assert (client.delete(place).status_code, client.get(place).status_code) == (404, 404)
    again = client.put(place).json()["addresses"]["hls"]
    assert again != master
    assert stranger.get(again).status_code == 307
    assert stranger.get(master).status_code == 404


@pytest.mark.parametrize(
    ("name", "mime", "type_", "saved_as"),
    [
        ("film.mp4", "video/mp4", "video/mp4", "film.mp4"),
        ("evil.html", "video/mp4", "video/mp4", "evil.html.mp4"),
        ("evil.svg", "image/svg+xml", "application/octet-stream", "evil.svg.bin"),
        ("page", "text/html", "application/octet-stream", "page.bin"),
        ("book.pdf", "application/pdf", "application/octet-stream", "book.pdf"),
        ('a"\\;\u202e/ä.mov', "video/quicktime", "video/quicktime", 'a"\\;\u202e/ä.mov'),
    ],
)
def test_a_source_is_saved_and_never_shown(
    client: TestClient,
    stranger: TestClient,
    installation: Installation,
    name: str,
    mime: str,
    type_: str,
    saved_as: str,
) -> None:
    asset = shelve(installation, name=name, mime=mime, source=b"<script>alert(1)</script>")
    place = f"/v1/assets/{asset.asset_id}/source"
    signed = client.post(place).json()["url"]
    for answer in (client.get(place), stranger.get(signed)):
        assert (answer.status_code, answer.content) == (200, b"<script>alert(1)</script>")
        assert answer.headers["content-type"] == type_
        how, plain, full = answer.headers["content-disposition"].split("; ")
        assert how == "attachment"
        assert full == f"filename*=UTF-8''{quote(saved_as, safe='')}"
        assert set(plain.removeprefix("filename=").strip('"')) & set('"\\/;') == set()
        assert {name: answer.headers[name] for name in SAFETY} == SAFETY
    part = client.get(place, headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, b"<script>")
    head = client.head(place)
    assert (head.status_code, head.headers["content-length"]) == (200, "25")
    stranger.headers.pop("Authorization", None)
    assert stranger.get(place).status_code == 401


@pytest.mark.parametrize("path", ["notes.html", "notes.svg"])
def test_what_could_run_is_a_download(
    client: TestClient, stranger: TestClient, shown: Shown, path: str
) -> None:
    answer = stranger.get(f"{base_of(client, shown)}/{path}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert {name: answer.headers[name] for name in SAFETY} == SAFETY


def test_a_file_that_the_store_has_lost_is_not_there(
    client: TestClient, stranger: TestClient, installation: Installation
) -> None:
    lost = shelve(installation)
    lost.add()
    base = base_of(client, lost)
    for stored in list(installation.storage.list(f"tenants/{lost.place.tenant_id}/package")):
        if stored.key.endswith("poster.jpg") and stored.bytes == len(PACKAGE["poster.jpg"]):
            installation.storage.delete(stored.key)
    assert problem(stranger.get(f"{base}/poster.jpg")) == (404, "not_found")


def test_no_log_has_an_address(
    client: TestClient,
    stranger: TestClient,
    shown: Shown,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client's own
    base = base_of(client, shown)
    token = base.rpartition("/")[2]
    for path in ("stream/master.m3u8", "nothing", "..%2f"):
        stranger.get(f"{base}/{path}")
    clock.late = 10 * HOUR
    stranger.get(f"{base}/stream/master.m3u8")
    assert token not in caplog.text


def test_without_a_secret_the_operator_is_told(settings: Settings) -> None:
    with serve(settings) as client, closing(Installation(settings)) as installation:
        asset = shelve(installation)
        asset.add()
        answer = client.post(f"/v1/assets/{asset.asset_id}/playback")
        assert answer.status_code == 503
        assert "MEDIA_SECRET" in answer.json()["detail"]


def test_addresses_begin_with_the_public_one_where_it_is_set(signing: Settings) -> None:
    public = signing.model_copy(update={"public_url": "https://media.example"})
    with serve(public) as client, closing(Installation(public)) as installation:
        asset = shelve(installation)
        asset.add()
        assert play(client, asset)["hls"].startswith("https://media.example/v1/media/")
        published = client.put(f"/v1/assets/{asset.asset_id}/publication").json()
        assert published["url"].startswith("https://media.example/v1/public/")
        path = published["addresses"]["hls"].removeprefix("https://media.example")
        there = client.get(path, follow_redirects=False).headers["location"]
        assert there.startswith("https://media.example/v1/public/")
        assert UUID(there.split("/")[6]).hex in there
