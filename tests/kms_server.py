"""A server on this machine that speaks as much of Cloud KMS as we use, and errs when it is told to.

It follows Google's reference of `cryptoKeys.encrypt` and `decrypt`; nothing here reaches Google.
"""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import google_crc32c
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RESOURCE = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/{}"
_FIELDS = {"encrypt": "plaintext", "decrypt": "ciphertext"}
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class KmsServer:
    """Keys by resource; `faults` are taken one a request: a status, bytes, or a change."""

    url: str = ""
    keys: dict[str, list[AESGCM]] = field(default_factory=dict)
    faults: list[int | bytes | Change] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def key(self, name: str) -> str:
        """The resource of a key, made where there is none."""
        resource = RESOURCE.format(name)
        if resource not in self.keys:
            self.rotate(resource)
        return resource

    def rotate(self, resource: str) -> None:
        """Adds a version, which encrypts from now on."""
        self.keys.setdefault(resource, []).append(AESGCM(os.urandom(32)))

    def answer(self, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and body that Google's reference names."""
        resource, _, verb = path.removeprefix("/v1/").rpartition(":")
        versions = self.keys.get(resource)
        if versions is None or verb not in _FIELDS:
            return _error(404, "NOT_FOUND")
        try:
            given = _checked(told, _FIELDS[verb])
            about = _checked(told, "additionalAuthenticatedData")
            if verb == "encrypt":
                nonce = os.urandom(12)
                made = bytes([len(versions)]) + nonce
                made += versions[-1].encrypt(nonce, given, about)
                return 200, {
                    "name": f"{resource}/cryptoKeyVersions/{len(versions)}",
                    **_told("ciphertext", made),
                    "verifiedPlaintextCrc32c": True,
                    "verifiedAdditionalAuthenticatedDataCrc32c": True,
                    "protectionLevel": "SOFTWARE",
                }
            if not given or given[0] not in range(1, len(versions) + 1):
                raise ValueError("another key's")
            key = versions[given[0] - 1]
            return 200, _told("plaintext", key.decrypt(given[1:13], given[13:], about))
        except (InvalidTag, LookupError, ValueError):
            return _error(400, "INVALID_ARGUMENT")


def _checked(told: dict[str, Any], field: str) -> bytes:
    value = base64.b64decode(told[field], validate=True)
    if int(told[f"{field}Crc32c"]) != google_crc32c.value(value):
        raise ValueError(field)
    return value


def _told(field: str, value: bytes) -> dict[str, str]:
    return {
        field: base64.b64encode(value).decode(),
        f"{field}Crc32c": str(google_crc32c.value(value)),
    }


def _error(status: int, name: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": status, "message": "…", "status": name}}


@contextmanager
def kms_server() -> Iterator[KmsServer]:
    """The server, in threads of this process; point KMS_EMULATOR_HOST at its `url`."""
    state = KmsServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, told))
            status, body = state.answer(self.path, told)
            fault = state.faults.pop(0) if state.faults else None
            if isinstance(fault, int):
                status, body = _error(fault, "…")
            elif callable(fault):
                body = fault(body)
            text = fault if isinstance(fault, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
