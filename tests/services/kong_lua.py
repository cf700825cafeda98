"""A gateway's plugins over real Lua: the little of Kong and nginx that our functions touch.

Headers are looked up as nginx does it, where a hyphen and an underscore are the same; they are
cleared by their very name.
"""

import base64
import binascii
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from lupa.luajit21 import LuaRuntime

# What Kong's sandbox gives to a function, of the language itself.
_LANGUAGE = "string table math ipairs pairs type tonumber tostring error pcall select unpack"
_LOAD = """
function(text, names, kong, ngx)
    local environment = { kong = kong, ngx = ngx }
    for name in string.gmatch(names, "%S+") do environment[name] = _G[name] end
    local chunk = assert(loadstring(text))
    setfenv(chunk, environment)
    return chunk()
end
"""


@dataclass
class Exchange:
    """One request and its answer on their way through the gateway; state: both."""

    headers: list[tuple[str, str]]
    peer: str = "203.0.113.7"
    status: int = 200
    source: str = "service"
    answer: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    def get(self, name: str) -> str | None:
        """The first header that nginx takes for the one of that name."""
        wanted = name.lower().replace("-", "_")
        values = [value for key, value in self.headers if key.lower().replace("-", "_") == wanted]
        if wanted == "cookie" and values:
            return "; ".join(values)
        return values[0] if values else None

    def clear(self, name: str) -> None:
        """Drop every header of this very name."""
        self.headers = [header for header in self.headers if header[0].lower() != name.lower()]

    def set(self, name: str, value: object) -> None:
        """Replace a header, or add it behind all others."""
        self.clear(name)
        self.headers.append((name, str(value)))


class Functions:
    """The functions of one plugin's configuration; state: a Lua of their own."""

    def __init__(
        self,
        config: Mapping[str, list[str]],
        *,
        proof: str | None = None,
        trusted: tuple[str, ...] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        """`proof` is what Kong's environment has as GATEWAY_PROOF."""
        self._lua = LuaRuntime(encoding="latin-1", unpack_returned_tuples=True)
        self._exchange = Exchange([])
        table = self._lua.table_from
        request = {"clear_header": self._clear, "set_header": self._set}
        response = {
            "get_status": lambda: self._exchange.status,
            "get_source": lambda: self._exchange.source,
            "get_raw_body": lambda: self._exchange.body,
            "set_raw_body": self._set_body,
            "set_header": self._answer,
            "clear_header": lambda name: self._exchange.answer.pop(name.lower(), None),
        }
        kong = table(
            {
                "ip": table({"is_trusted": lambda address: address in trusted}),
                "client": table({"get_ip": lambda: self._exchange.peer}),
                "request": table({"get_header": self._get}),
                "vault": table({"get": {"{vault://env/gateway-proof}": proof}.get}),
                "service": table({"request": table(request)}),
                "response": table(response),
            }
        )
        ngx = table(
            {
                "decode_base64": _decoded,
                "time": lambda: int(now()),
                "re": table({"match": self._match}),
            }
        )
        load = self._lua.eval(_LOAD)
        self._phases = {
            phase: [load(text, _LANGUAGE, kong, ngx) for text in texts]
            for phase, texts in config.items()
        }

    def run(self, phase: str, exchange: Exchange) -> None:
        """Run a phase's functions, in their order."""
        self._exchange = exchange
        for function in self._phases[phase]:
            function()

    def _get(self, name: str) -> str | None:
        return self._exchange.get(name)

    def _clear(self, name: str) -> None:
        self._exchange.clear(name)

    def _set(self, name: str, value: object) -> None:
        self._exchange.set(name, value)

    def _answer(self, name: str, value: object) -> None:
        self._exchange.answer[name.lower()] = str(value)

    def _set_body(self, text: str) -> None:
        self._exchange.body = text

    def _match(self, text: str, pattern: str) -> Any:
        found = re.search(pattern, text)
        return found and self._lua.table_from({1: found[1]})


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None


@dataclass
class Route:
    """The route `api`: its functions, then the plugin jwt, then the count; state: the count."""

    functions: Functions
    jwt: Mapping[str, Any]
    limit: Mapping[str, Any]
    keys: Mapping[str, RSAPublicKey]
    counts: Counter[str] = field(default_factory=Counter)

    def ask(self, headers: list[tuple[str, str]], peer: str = "203.0.113.7") -> Exchange:
        """Send a request through; its status is 200 where it reaches the API."""
        exchange = Exchange(list(headers), peer=peer)
        self.functions.run("access", exchange)
        if not self._verified(exchange):
            exchange.status, exchange.source, exchange.body = 401, "exit", "{}"
        else:
            name = exchange.get(self.limit["header_name"]) or exchange.peer
            self.counts[name] += 1
            if self.counts[name] > self.limit["minute"]:
                exchange.status, exchange.source, exchange.body = 429, "exit", "{}"
        self.functions.run("header_filter", exchange)
        self.functions.run("body_filter", exchange)
        return exchange

    def _verified(self, exchange: Exchange) -> bool:
        tokens = set()
        header = re.search(r"\s*[Bb]earer\s+(.+)", exchange.get("authorization") or "")
        if header:
            tokens.add(header[1])
        for name in self.jwt["cookie_names"]:
            for part in (exchange.get("cookie") or "").split(";"):
                key, _, value = part.strip().partition("=")
                if key.lower() == name.lower() and value:
                    tokens.add(value)
                    break
        if len(tokens) != 1:
            return False
        return self._holds(*tokens)

    def _holds(self, token: str) -> bool:
        try:
            head, body, signature = token.split(".")
            header, claims = (json.loads(_bytes(part)) for part in (head, body))
            key = self.keys[claims[self.jwt["key_claim_name"]]]
            assert header["alg"] == "RS256"
            key.verify(_bytes(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
        except (ValueError, KeyError, AssertionError, InvalidSignature):
            return False
        return bool(claims["exp"] > time.time())


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def route_api(
    config: Mapping[str, Any], *, proof: str | None = None, trusted: tuple[str, ...] = ()
) -> Route:
    """The route `api` of a rendered configuration."""
    (route,) = (r for s in config["services"] for r in s["routes"] if r["name"] == "api")
    plugins = {plugin["name"]: plugin["config"] for plugin in route["plugins"]}
    keys: dict[str, RSAPublicKey] = {}
    for credential in config["consumers"][0]["jwt_secrets"]:
        key = load_pem_public_key(credential["rsa_public_key"].encode())
        assert isinstance(key, RSAPublicKey)
        keys[credential["key"]] = key
    functions = Functions(plugins["pre-function"], proof=proof, trusted=trusted)
    return Route(functions, plugins["jwt"], plugins["rate-limiting"], keys)
