"""An API to talk to: in this process, or as real processes of its own."""

import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from uuid import UUID

import httpx2 as httpx
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import TOKEN_VARIABLE, create_app
from api.server import Protocol
from api.server import Server as WebServer
from core.embedded.processes import spawn
from core.keys import source_key
from core.settings import Settings
from services.installation import DEFAULT_TENANT, Installation
from tests.installations import environment

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "docs" / "demo" / "clip.mp4"
TOKEN = "a token of the tests"
_STDERR = 2

MATROSKA = b"\x1aE\xdf\xa3"
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {**TUS, "Content-Type": "application/offset+octet-stream"}


def serve(settings: Settings) -> TestClient:
    """A client of an API over these settings."""
    app = create_app()
    app.state.installation = Installation(settings)
    app.state.token = TOKEN
    return TestClient(
        app, headers={"Authorization": f"Bearer {TOKEN}"}, raise_server_exceptions=False
    )


def stored(settings: Settings) -> set[Path]:
    """The files in storage."""
    return {path for path in (settings.data_dir / "storage").rglob("*") if path.is_file()}


def film(size: int, seed: int = 1) -> bytes:
    """Bytes that begin like a video."""
    return (MATROSKA + random.Random(seed).randbytes(size))[:size]


def offset_of(client: TestClient | httpx.Client, place: str) -> int:
    """How much of an upload the server has."""
    answer = client.head(place, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def spool(settings: Settings, place: str) -> list[Path]:
    """The file that an upload is spooled in, if there is one."""
    return list((settings.data_dir / "storage" / ".spool").glob(f"*/{place[-36:]}/bytes"))


def asset_bytes(settings: Settings, asset_id: str) -> bytes:
    """What an asset's source is in storage."""
    with closing(Installation(settings)) as installation:
        key = source_key(installation.place(DEFAULT_TENANT).tenant_id, UUID(asset_id))
        with installation.storage.open(key) as stream:
            return stream.read()


@contextmanager
def relay(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A relay for the length of a block."""
    process = spawn(
        [sys.executable, "-m", "workers.relay"],
        output=_STDERR,
        cwd=ROOT,
        env=environment(settings),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(slots=True)
class Server:
    """A process of the API on a port that stays its own when it is killed; state: the process."""

    settings: Settings
    listener: socket.socket
    process: subprocess.Popen[bytes] | None = None
    extra: dict[str, str] = field(default_factory=dict)
    log: Path | None = None

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers; in the main thread, whose end is its end."""
        number = self.listener.fileno()
        with ExitStack() as stack:
            output = stack.enter_context(self.log.open("ab")).fileno() if self.log else _STDERR
            # It dies with us, however we end: nobody else would know of it.
            self.process = spawn(
                [sys.executable, "-m", "api", "--fd", str(number)],
                output=output,
                cwd=ROOT,
                env=environment(self.settings) | {TOKEN_VARIABLE: TOKEN} | self.extra,
                descriptors=[number],
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            # The socket is ours, and open whether or not somebody answers.
            assert self.process.poll() is None, "the API has ended"
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
                return
            except (URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("the API does not answer")

    def kill(self) -> None:
        """End it without a word, with all that it was at."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def server(settings: Settings, *, log: Path | None = None, **extra: str) -> Iterator[Server]:
    """A process of the API for the length of a block; `extra` are variables of its own.

    What it says goes into `log`, if any.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        running = Server(settings, listener, extra=extra, log=log)
        running.start()
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def in_a_thread(app: FastAPI) -> Iterator[int]:
    """The port at which our own server serves an application of this process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        config = uvicorn.Config(
            app, loop="uvloop", http=Protocol, log_config=None, proxy_headers=False
        )
        serving = WebServer(config)
        thread = threading.Thread(target=serving.run, args=([listener],))
        thread.start()
        while not serving.started:
            time.sleep(0.01)
        try:
            yield int(listener.getsockname()[1])
        finally:
            serving.should_exit = True
            thread.join()
