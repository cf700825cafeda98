"""Browsers and the product's own ffmpeg on the API's addresses: what plays, and what never runs."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Error, Page
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.delivery import Desk
from core.settings import Settings
from services.installation import Installation
from tests.installations import installation
from tests.playback import programs
from tests.playback.counted import Film
from tests.playback.serving import serve
from tests.servers import PostgresForTests
from tests.shelved import PACKAGE, Shown, shelve
from transcoders.tools import get_tools

TOKEN = "a token of the tests"
BAIT = b"<script>top.postMessage('ran', '*')</script>"


@dataclass(slots=True)
class Api:
    """An API on a port; state: how late its clock is, and what it answered."""

    shown: Installation
    url: str = ""
    late: float = 0.0
    answers: list[tuple[str, int]] = field(default_factory=list)

    def playback(self, asset: Shown) -> dict[str, Any]:
        """Signed addresses of an asset, as a page gets them."""
        answer = httpx.post(
            f"{self.url}/v1/assets/{asset.asset_id}/playback",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        found["addresses"]["hls"] = self.url + found["addresses"]["hls"]
        return found


@pytest.fixture(scope="module")
def api(postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    with (
        installation(
            postgres, folder, media_secret=SecretStr("s" * 32), redis_url="redis://nobody"
        ) as settings,
        closing(Installation(settings)) as found,
        _running(settings, found) as running,
    ):
        yield running


@contextmanager
def _running(settings: Settings, found: Installation) -> Iterator[Api]:
    running = Api(found)
    app = create_app()
    app.state.installation = Installation(settings)
    app.state.token = TOKEN
    app.state.desk = Desk(
        now=lambda: time.time() + running.late, monotonic=lambda: time.monotonic() + running.late
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            _noted(app, running.answers), http="httptools", log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield running
        finally:
            server.should_exit = True
            thread.join()


def _noted(app: ASGIApp, answers: list[tuple[str, int]]) -> ASGIApp:
    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                answers.append((scope["path"].rpartition("/")[2], message["status"]))
            await send(message)

        await app(scope, receive, note)

    return noting


@pytest.fixture(scope="module")
def asset(api: Api, package: Path) -> Shown:
    """The counted film's package, served by the API."""
    found = shelve(api.shown)
    files = {f"stream/{path.name}": path.read_bytes() for path in package.iterdir()}
    found.add(files, seconds=8.0)
    return found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at another origin than the API's."""
    programs.node()
    mounts = {"players": programs.MODULES, "page": programs.HERE / "page"}
    with serve(mounts) as served, browser.new_context() as context:
        opened = context.new_page()
        opened.goto(f"{served.url}/page/expiring.html")
        yield opened


def test_a_film_goes_on_where_it_was_when_its_address_has_ended_in_a_pause(
    api: Api, asset: Shown, page: Page, film: Film
) -> None:
    asked: list[str] = []

    def ask() -> dict[str, Any]:
        playback = api.playback(asset)
        asked.append(playback["addresses"]["hls"])
        return playback

    page.expose_function("ask", ask)
    stopped = page.evaluate("player.begin(1)")
    api.late += 7 * 3600
    played = page.evaluate("player.goOn()")
    assert (len(asked), len(set(asked))) == (2, 2)
    assert set(played["refusals"]) == {410}
    assert played["errors"] == []
    # The segment in the middle, which the first address did not reach any more, is played, too.
    assert {code for name, code in api.answers if name.endswith(".mp4")} == {206, 410}
    times = [*played["first"], *played["then"]]
    assert times == sorted(times), "nothing is shown again"
    assert played["first"][-1] == pytest.approx(stopped, abs=0.5)
    assert times[-1] > film.seconds - 0.5


def test_ffprobe_reads_a_package_by_its_address(api: Api, asset: Shown, film: Film) -> None:
    told = subprocess.run(
        [get_tools().ffprobe, "-v", "error", "-of", "json", "-show_streams", "-show_format",
         api.playback(asset)["addresses"]["hls"]],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(told.stdout)
    assert float(found["format"]["duration"]) == pytest.approx(film.seconds, abs=0.1)
    assert {one["codec_type"] for one in found["streams"]} == {"video", "audio"}


def test_a_public_address_plays_through_its_redirect(
    api: Api, asset: Shown, page: Page, film: Film
) -> None:
    answer = httpx.put(
        f"{api.url}/v1/assets/{asset.asset_id}/publication",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    public = {"run_id": "public", "addresses": {"hls": api.url + answer.json()["addresses"]["hls"]}}
    page.expose_function("ask", lambda: public)
    page.evaluate("player.begin(1)")
    played = page.evaluate("player.goOn()")
    assert (played["refusals"], played["errors"]) == ([], [])
    assert played["then"][-1] > film.seconds - 0.5


def test_no_path_as_a_client_may_write_it_leads_out_of_a_package(api: Api, asset: Shown) -> None:
    base = api.playback(asset)["addresses"]["hls"].removesuffix("/stream/master.m3u8")
    port = int(api.url.rpartition(":")[2])
    folder = urlsplit(base).path
    for path in ("../../../etc/passwd", "stream/../stream/master.m3u8", "./stream/master.m3u8"):
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as line:
            line.request("GET", f"{folder}/{path}")
            assert line.getresponse().status == 404, path


def ran(page: Page, markup: str) -> bool:
    """Whether anything that a page embeds could run."""
    page.evaluate("window.ran = false; addEventListener('message', () => { window.ran = true })")
    page.evaluate("markup => document.body.insertAdjacentHTML('beforeend', markup)", markup)
    page.wait_for_timeout(400)
    return bool(page.evaluate("window.ran"))


def test_no_file_of_a_users_runs_in_a_browser(api: Api, page: Page, tmp_path: Path) -> None:
    hostile = shelve(api.shown, name="evil.html", mime="video/mp4", source=BAIT)
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'>" + BAIT + b"</svg>"
    named = ("notes.html", "notes.svg", "stream/360p.mp4", "poster.jpg", "storyboard/index.vtt")
    hostile.add({**PACKAGE, **dict.fromkeys(named, BAIT), "notes.svg": svg})
    base = str(api.playback(hostile)["addresses"]["hls"]).removesuffix("/stream/master.m3u8")
    source = httpx.post(
        f"{api.url}/v1/assets/{hostile.asset_id}/source",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).json()["url"]
    (tmp_path / "bait.html").write_bytes(BAIT)
    with serve({"bait": tmp_path}) as served:
        bait = f"<iframe src='{served.url}/bait/bait.html'></iframe>"
        assert ran(page, bait), "the bait works where nothing stops it"
    for address in [*(f"{base}/{path}" for path in named), api.url + source]:
        embedded = f"<iframe src='{address}'></iframe><object data='{address}'></object>"
        assert not ran(page, embedded), address
    for path in ("notes.html", "notes.svg"):
        with pytest.raises(Error, match="Download is starting"):
            page.goto(f"{base}/{path}")
