"""What a gateway before us may say, and what nobody may: the outermost layer of an application.

Who a caller is stands in the token and nowhere else. A gateway that proves itself is believed where
the request came from (`X-Forwarded-For`, `X-Forwarded-Proto`). Without the proof nothing of the
kind is believed; with or without it, none of these headers goes any further.
"""

import hmac
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

PROOF: Final = b"x-gateway-proof"
_FOR: Final = b"x-forwarded-for"
_SCHEME: Final = b"x-forwarded-proto"
# What names an identity, a consumer of the gateway's, or a place that a proxy has seen.
_FOREIGN: Final = (b"x-forwarded-", b"x-consumer-", b"x-credential-", b"x-user-", b"x-tenant-")
_FOREIGN_NAMES: Final = frozenset(
    {PROOF, b"forwarded", b"x-real-ip", b"x-anonymous-consumer", b"x-authenticated-userid"}
)
# A gateway adds one hop, those before it a few more; what is longer was made up.
_HOPS: Final = 16
_BYTES: Final = 1024

Network = IPv4Network | IPv6Network
Header = tuple[bytes, bytes]


def install(app: FastAPI, secrets: Sequence[str], proxies: Sequence[Network]) -> None:
    """Put the layer around all others; `proxies` are those between the gateway and the client."""
    build = app.build_middleware_stack

    def guarded() -> ASGIApp:
        return Gateway(build(), secrets, proxies)

    app.build_middleware_stack = guarded  # type: ignore[method-assign]


class Gateway:
    """The layer that takes a proven gateway's word, and drops everybody else's."""

    def __init__(
        self, inner: ASGIApp, secrets: Sequence[str], proxies: Sequence[Network] = ()
    ) -> None:
        """`secrets` are those that prove a gateway; without one, none can."""
        self._inner = inner
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._proxies = tuple(proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] in ("http", "websocket"):
            scope = self._seen(scope)
        await self._inner(scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        """The request as it may be believed."""
        headers: list[Header] = scope["headers"]
        dropped = [header for header in headers if _is_foreign(header[0])]
        if not dropped:
            return scope
        kept = [header for header in headers if not _is_foreign(header[0])]
        believed: Scope = {**scope, "headers": kept}
        if not self._proven(dropped):
            if scope.get("client") is not None and _is_of_this_machine(scope["client"][0]):
                # A proxy beside us that proves nothing: who speaks through it is not this machine.
                believed["client"] = None
            return believed
        client = last_hop(_values(dropped, _FOR), self._proxies)
        if client is not None:
            believed["client"] = (str(client), 0)
        schemes = _values(dropped, _SCHEME)
        if schemes and schemes[-1] in (b"http", b"https"):
            believed["scheme"] = schemes[-1].decode()
        return believed

    def _proven(self, headers: list[Header]) -> bool:
        given = _values(headers, PROOF)
        if len(given) != 1:
            return False
        # Each is compared, so that the time does not tell which of them fits.
        fits = [hmac.compare_digest(given[0], secret) for secret in self._secrets]
        return any(fits)


def last_hop(
    values: Sequence[bytes], proxies: Sequence[Network]
) -> IPv4Address | IPv6Address | None:
    """The address behind the last hop that is none of `proxies`, from `X-Forwarded-For`'s values.

    Each hop appends whom it saw, so what stands on the left may be made up. None where the first
    that counts is no address, or where nobody is left.
    """
    text = b",".join(values)
    parts = text[-_BYTES:].split(b",")
    if len(text) > _BYTES:
        del parts[0]  # the first was cut, and may have become another address
    for part in reversed(parts[-_HOPS:]):
        try:
            address = ip_address(part.strip().decode("ascii"))
        except ValueError:
            return None
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped if mapped is not None else address
        if not any(address in network for network in proxies):
            return address
    return None


def _is_foreign(name: bytes) -> bool:
    if name[:1] not in b"xXfF":
        return False
    # Some servers take an underscore for a hyphen.
    name = name.lower().replace(b"_", b"-")
    return name in _FOREIGN_NAMES or name.startswith(_FOREIGN)


def _values(headers: list[Header], wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _is_of_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
