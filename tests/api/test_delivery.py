"""How bytes flow: past us where a store signs, and at the pace of whoever takes them."""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import anyio
import httpx2 as httpx
import pytest
from anyio import CapacityLimiter
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.types import Message

from api import sending
from api.handles import Handles, Reader
from api.sending import CHUNK_BYTES, FileResponse
from core.errors import Gone
from core.folder_storage import FolderStorage
from core.settings import Settings
from services.installation import Installation
from services.media import File
from services.playlists import DASH, HLS, rewritten
from tests.api.serving import serve
from tests.playback import serving
from tests.shelved import FILM, MASTER, PACKAGE, Shown, shelve

DATA = hashlib.shake_256(b"data").digest(9 * CHUNK_BYTES + 5)


class SigningStorage(FolderStorage):
    """A folder that another server serves by addresses with an end, as object stores do."""

    def __init__(self, root: Path, url: str) -> None:
        """`url` is where the folder is served."""
        super().__init__(root)
        self.url = url

    def signed_url(  # type: ignore[override]
        self, key: str, *, seconds: float, mime: str | None = None, disposition: str | None = None
    ) -> str:
        told = f"type={quote(mime or '', safe='')}&as={quote(disposition or '', safe='')}"
        return f"{self.url}/store/{key}?seconds={seconds:.0f}&{told}&signature=x"


@pytest.fixture(scope="module")
def signing(settings: Settings) -> Settings:
    return settings.model_copy(update={"media_secret": SecretStr("s" * 32)})


@pytest.fixture(scope="module")
def installation(signing: Settings) -> Iterator[Installation]:
    root = signing.data_dir / "storage"
    with closing(Installation(signing)) as found, serving.serve({"store": root}) as served:
        found.__dict__["storage"] = SigningStorage(root, served.url)
        yield found


@pytest.fixture
def client(signing: Settings, installation: Installation) -> Iterator[TestClient]:
    with serve(signing) as found:
        found.follow_redirects = False
        found.app.state.installation.__dict__["storage"] = installation.storage  # type: ignore[attr-defined]
        yield found


@pytest.fixture
def shown(installation: Installation) -> Shown:
    found = shelve(installation)
    found.add()
    return found


def base_of(client: TestClient, shown: Shown) -> str:
    answer = client.post(f"/v1/assets/{shown.asset_id}/playback").json()
    return str(answer["addresses"]["hls"]).removesuffix("/stream/master.m3u8")


def told(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_playlists_are_ours_and_their_segments_are_the_stores(
    client: TestClient, shown: Shown
) -> None:
    base = base_of(client, shown)
    master = client.get(f"{base}/stream/master.m3u8")
    assert (master.status_code, master.text) == (200, MASTER)
    assert master.headers["cache-control"] == "private, max-age=60"
    assert master.headers["content-type"] == HLS
    lines = client.get(f"{base}/stream/360p.m3u8").text.splitlines()
    medium = {line for line in lines if line.startswith("http")}
    assert len(medium) == 1
    address = medium.pop()
    assert f'#EXT-X-MAP:URI="{address}",BYTERANGE="100@0"' in lines
    assert 6 * 3600 < int(told(address)["seconds"]) <= 6 * 3600 + 12 + 361
    part = httpx.get(address, headers={"Range": "bytes=100-599"})
    assert (part.status_code, part.content) == (206, FILM[100:600])
    manifest = client.get(f"{base}/stream/manifest.mpd").text
    # The seconds that are left may be one less by now.
    there = re.sub(r"seconds=\d+", "seconds=.*", re.escape(address.replace("&", "&amp;")))
    assert re.search(f"<BaseURL>{there}</BaseURL>", manifest)
    assert client.head(f"{base}/stream/360p.m3u8").content == b""


def test_everything_else_is_a_redirect_for_less_long_than_it_holds(
    client: TestClient, shown: Shown
) -> None:
    base = base_of(client, shown)
    for path, type_, saved in (
        ("mp4/360p.mp4", "video/mp4", ""),
        ("notes.html", "application/octet-stream", "attachment"),
    ):
        answer = client.get(f"{base}/{path}")
        assert answer.status_code == 307
        assert answer.headers["cache-control"] == "private, max-age=300"
        said = told(answer.headers["location"])
        assert (said["type"], said.get("as", "").partition(";")[0]) == (type_, saved)
    film = client.get(f"{base}/mp4/360p.mp4").headers["location"]
    assert httpx.get(film).content == PACKAGE["mp4/360p.mp4"]
    source = client.get(f"/v1/assets/{shown.asset_id}/source").headers["location"]
    assert told(source)["as"].startswith("attachment; ")
    assert int(told(source)["seconds"]) == 900


def test_an_end_says_how_long_signed_addresses_outlast_it(client: TestClient, shown: Shown) -> None:
    base_of(client, shown)
    answer = client.delete(f"/v1/assets/{shown.asset_id}/playback").json()
    left = datetime.fromisoformat(answer["ends_at"]) - datetime.now(UTC)
    assert 6 * 3600 + 12 < left.total_seconds() < 6 * 3600 + 12 + 400


def test_a_long_playlist_is_packed_for_who_can_unpack_it(
    client: TestClient, installation: Installation
) -> None:
    long = "#EXTM3U\n" + "#EXTINF:6,\n#EXT-X-BYTERANGE:1@0\n360p.mp4\n" * 1000
    asset = shelve(installation)
    asset.add({**PACKAGE, "stream/360p.m3u8": long.encode()})
    place = f"{base_of(client, asset)}/stream/360p.m3u8"
    packed = client.get(place, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 20 < len(packed.content)
    plain = client.get(place, headers={"Accept-Encoding": "identity"})
    assert plain.text.count("\nhttp") == 1000
    assert packed.text.count("\nhttp") == 1000


def test_references_are_replaced_and_nothing_else_is() -> None:
    def replace(reference: str) -> str | None:
        return None if reference.endswith(".m3u8") else f"https://s/{reference}?a=1&b=2"

    text = MASTER + '#EXT-X-KEY:METHOD=AES-128,URI="k.key",IV=0x1\n# a.ts\n\nb.ts'
    assert rewritten(HLS, text, replace) == (
        MASTER
        + '#EXT-X-KEY:METHOD=AES-128,URI="https://s/k.key?a=1&b=2",IV=0x1\n'
        + "# a.ts\n\nhttps://s/b.ts?a=1&b=2"
    )
    mpd = '<A media="$Number$.m4s" initialization="i.mp4"/><BaseURL>a&amp;b.mp4</BaseURL>'
    assert rewritten(DASH, mpd, replace) == (
        '<A media="$Number$.m4s" initialization="https://s/i.mp4?a=1&amp;b=2"/>'
        "<BaseURL>https://s/a&amp;b.mp4?a=1&amp;b=2</BaseURL>"
    )


@contextmanager
def response_of(
    folder: Path, *, threads: CapacityLimiter | None = None, **options: Any
) -> Iterator[FileResponse]:
    """A response with a large file, whose stream is closed at the end and not twice."""
    closed: list[bool] = []

    class Watched(FolderStorage):
        def open(self, key: str) -> Any:
            stream = super().open(key)
            inner = stream.close

            def close() -> None:
                closed.append(True)
                inner()

            stream.close = close  # type: ignore[method-assign]
            return stream

    storage = Watched(folder / "store")
    path = folder / "data"
    path.write_bytes(DATA)
    stored = storage.put("a/film", path)
    file = File(uuid4(), "film", stored.key, "video/mp4", stored.bytes, stored.sha256,
                datetime.now(UTC))  # fmt: skip
    handles = Handles(threads or CapacityLimiter(1))
    yield FileResponse(storage, file, handles=handles, cache="no-store", **options)
    assert closed == []
    handles.close()
    assert closed == [True]
    assert handles.threads.borrowed_tokens == 0


SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "headers": []}


async def never() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


def test_who_takes_nothing_holds_no_thread_and_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STALL_SECONDS", 0.2)
    taken: list[Message] = []
    held: list[int] = []
    threads = CapacityLimiter(1)

    async def send(message: Message) -> None:
        taken.append(message)
        if len(taken) > 2:
            held.append(threads.borrowed_tokens)
            await anyio.sleep_forever()

    with response_of(tmp_path, threads=threads) as response:
        began = time.monotonic()
        anyio.run(partial(response, SCOPE, never, send))
        assert time.monotonic() - began < 5
    assert len(taken) == 3
    assert held == [0]


def test_who_has_gone_is_sent_no_more(tmp_path: Path) -> None:
    sent = 0

    async def send(message: Message) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        await anyio.sleep(0.01)

    messages = iter(({"type": "http.request"}, {"type": "http.disconnect"}))

    async def receive() -> Message:
        return next(messages)

    with response_of(tmp_path) as response:
        anyio.run(partial(response, SCOPE, receive, send))
    assert sent <= 2 * CHUNK_BYTES


def test_an_address_that_ends_meanwhile_ends_what_it_was_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CACHE_SECONDS", 0.05)
    sent = 0
    asked = 0

    async def still_allowed() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OSError("the database is away, which ends nothing")
        raise Gone("revoked")

    async def send(message: Message) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        await anyio.sleep(0.06)

    with response_of(tmp_path, still_allowed=still_allowed) as response:
        anyio.run(partial(response, SCOPE, never, send))
    assert sent == 2 * CHUNK_BYTES
    assert asked == 2


@pytest.mark.parametrize("nowait", [True, False])
def test_what_is_sent_is_the_file_wherever_the_kernel_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, nowait: bool
) -> None:
    if not nowait:
        monkeypatch.setattr(Reader, "cached", lambda *_: None)
    body = bytearray()

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))

    with response_of(tmp_path) as response:
        anyio.run(partial(response, SCOPE, never, send))
    assert bytes(body) == DATA
