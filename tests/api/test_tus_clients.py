"""The clients of tus that others wrote, against real processes of ours."""

import hashlib
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from tusclient.client import TusClient

from core.settings import Settings
from tests.api.serving import ROOT, TOKEN, Server, server
from tests.playback.programs import node

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty megabytes that begin like a video."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    path.write_bytes(b"\x1aE\xdf\xa3" + random.Random(5).randbytes(40 << 20))
    return path


@pytest.fixture(scope="module")
def running(settings: Settings) -> Iterator[Server]:
    with server(settings) as one:
        yield one


def assert_arrived(running: Server, upload: str, film: Path) -> None:
    asset = httpx.get(f"{running.url}/v1/assets/{upload[-36:]}", headers=HEADERS).json()
    assert asset["name"] == "film.mkv"
    assert asset["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()


def test_tuspy_uploads_with_checksums_over_a_killed_server(running: Server, film: Path) -> None:
    client = TusClient(f"{running.url}/v1/uploads", headers=HEADERS)
    options = {"chunk_size": 4_000_000, "upload_checksum": True}
    with film.open("rb") as stream:
        first = client.uploader(file_stream=stream, metadata={"filename": "film.mkv"}, **options)
        first.upload(stop_at=15_000_000)
        assert first.url is not None
        running.kill()
        running.start()
        second = client.uploader(file_stream=stream, url=first.url, **options)
        assert second.get_offset() == 15_000_000
        second.upload()
    assert_arrived(running, first.url, film)


def test_tus_js_client_goes_on_by_itself_over_a_killed_server(running: Server, film: Path) -> None:
    script = ROOT / "tests" / "playback" / "upload.mjs"
    with subprocess.Popen(
        [node(), str(script), f"{running.url}/v1/uploads", TOKEN, str(film)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("begun")
        running.kill()
        running.start()
        said, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert_arrived(running, said.strip().splitlines()[-1], film)
