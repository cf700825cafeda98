"""A provider of identities that says what a test wants, and holds clients to their word."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from core.embedded.processes import spawn

Claims = dict[str, Any]
Forge = Callable[["OidcServer", Claims], str]


@dataclass(slots=True)
class _Asked:
    """What a browser was sent with, and what is to be said of its owner."""

    query: dict[str, str]
    claims: Claims
    forge: Forge


def honest(server: "OidcServer", claims: Claims) -> str:
    """An ID token as it should be."""
    return jwt.encode({"alg": "RS256", "kid": server.key.kid}, claims, server.key)


@dataclass(slots=True)
class OidcServer:
    """The provider; state: the codes that are out, and what was asked with each."""

    url: str
    key: RSAKey
    codes: dict[str, _Asked] = field(default_factory=dict)
    told: list[dict[str, str]] = field(default_factory=list)

    def authorise(self, location: str, forge: Forge = honest, **claims: Any) -> dict[str, str]:
        """What its owner's browser brings back; `claims` replace those of the ID token."""
        asked = urlsplit(location)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        issuer = location.partition("/authorize")[0]
        made: Claims = {
            "iss": issuer,
            "aud": query["client_id"],
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "email_verified": True,
            "name": "Ada Lovelace",
        }
        if "nonce" in query:
            made["nonce"] = query["nonce"]
        made |= claims
        code = secrets.token_urlsafe(8)
        kept = {name: value for name, value in made.items() if value is not None}
        self.codes[code] = _Asked(query, kept, forge)
        return {"code": code, "state": query["state"]}

    def document(self, path: str) -> Any:
        """What is there to be read."""
        issuer, found, _ = path.partition("/.well-known/")
        issuer = f"{self.url}{issuer if found else ''}"
        if path.endswith("/jwks"):
            return {"keys": [self.key.as_dict(private=False)]}
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
        }

    def token(self, form: dict[str, str]) -> tuple[int, Any]:
        """The answer to a code, once."""
        self.told.append(form)
        asked = self.codes.pop(form.get("code", ""), None)
        refused = 400, {"error": "invalid_grant"}
        if asked is None or form["redirect_uri"] != asked.query["redirect_uri"]:
            return refused
        if form["client_secret"] != "shared":
            return 401, {"error": "invalid_client"}
        verifier = form.get("code_verifier", "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        if asked.query.get("code_challenge", "") != (
            digest.decode().rstrip("=") if verifier else ""
        ):
            return refused
        token = {"access_token": "an access token", "token_type": "Bearer", "expires_in": 60}
        return 200, {**token, "id_token": asked.forge(self, asked.claims)}


@contextlib.contextmanager
def oidc_server() -> Iterator[OidcServer]:
    """The provider for the length of a block."""
    key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"}, private=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, found.document(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*found.token(form))

        def _answer(self, status: int, said: Any) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = OidcServer(f"http://127.0.0.1:{serving.server_port}", key)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


@contextlib.contextmanager
def provider_process(*people: Claims) -> Iterator[str]:
    """The address of a provider that others wrote, as a process of its own."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    claims = [part for one in people for part in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "-n", *claims]
    with Path(os.devnull).open("ab") as nowhere:
        process = spawn(command, output=nowhere.fileno())
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            assert process.poll() is None, "the provider has ended"
            try:
                urllib.request.urlopen(f"{url}/jwks", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()
