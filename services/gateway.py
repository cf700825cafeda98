"""The gateway's configuration: one template, filled with an installation's keys and origins."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from core.errors import Misconfigured

FOLDER: Final = Path(__file__).parents[1] / "kong"
SECURE_COOKIE: Final = "__Host-automator_access"
PLAIN_COOKIE: Final = "automator_access"  # where there is no TLS, `__Host-` is refused by browsers
# Who is not signed in may ask for these: method, or `*`, and path, or its beginning if it ends in a
# slash. The API says the same of its routes (`x-permission: public`), and a test compares.
OPEN: Final[tuple[tuple[str, str], ...]] = (
    ("*", "/v1/sign-ups"),
    ("*", "/v1/sign-ups/"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/"),
    ("*", "/v1/password-resets"),
    ("*", "/v1/password-resets/"),
    ("POST", "/v1/me/address/confirm"),
    ("POST", "/v1/invitations/read"),
    ("POST", "/v1/invitations/sign-up"),
    ("*", "/v1/oidc/"),
)

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ORIGIN: Final = re.compile(rf"https?://{_HOST}(?::\d{{1,5}})?", re.ASCII)
_PLACE: Final = re.compile(rf"{_HOST}:\d{{1,5}}", re.ASCII)
_KID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_MIN_BITS: Final = 2048
_HEADERS: Final = (
    "Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
    "Last-Event-ID", "Range", "Traceparent", "Tus-Resumable", "Upload-Checksum", "Upload-Length",
    "Upload-Metadata", "Upload-Offset", "X-Request-Id",
)  # fmt: skip
_EXPOSED: Final = (
    "Content-Disposition", "Content-Range", "ETag", "Idempotent-Replayed", "Location", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Max-Size",
    "Tus-Resumable", "Tus-Version", "Upload-Expires", "Upload-Length", "Upload-Metadata",
    "Upload-Offset", "X-Request-Id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that access tokens may be signed with; `pem` is its public half."""

    kid: str
    pem: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute by class: `api` for each user, all others for each address."""

    api: int = 100
    keys: int = 600
    open: int = 60
    media: int = 6000
    upload: int = 1200
    events: int = 60
    static: int = 600


@dataclass(frozen=True, slots=True)
class Counter:
    """A Valkey in which all gateways count together; its password is in VALKEY_PASSWORD there."""

    host: str
    port: int = 6379
    database: int = 1


@dataclass(frozen=True, slots=True)
class KongValues:
    """What an installation puts into the template; raises Misconfigured for what cannot be meant.

    `keys` are those that may have signed a token: the current one and its neighbours in time.
    `origins` are pages that may ask from a browser; without any, none may but our own.
    Without `hosts`, a request for any is taken. Without a `counter`, each gateway counts alone.
    """

    keys: tuple[PublicKey, ...] = ()
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ("api:8000",)
    cookie: str = SECURE_COOKIE
    limits: Limits = field(default_factory=Limits)
    counter: Counter | None = None

    def __post_init__(self) -> None:
        """See the class."""
        for origin in self.origins:
            # With any other sign, Kong takes it for a regular expression.
            _check(_ORIGIN.fullmatch(origin), f"no origin: {origin!r} (https://host:port)")
        for host in self.hosts:
            _check(re.fullmatch(_HOST, host, re.ASCII), f"no host: {host!r}")
        _check(self.targets, "an upstream is needed: host:port")
        for target in self.targets:
            _check(_is_place(target), f"no upstream: {target!r} (host:port)")
        counter = self.counter
        if counter is not None:
            place = f"{counter.host}:{counter.port}"
            _check(_is_place(place), f"no counter: {place!r} (host:port)")
        cookie = self.cookie
        _check(cookie in (SECURE_COOKIE, PLAIN_COOKIE), f"no cookie of ours: {cookie!r}")
        kids = [key.kid for key in self.keys]
        for kid in kids:
            _check(_KID.fullmatch(kid), f"no name of a key: {kid!r}")
            _check(kids.count(kid) == 1, f"two keys have one name: {kid!r}")
        for name, limit in asdict(self.limits).items():
            _check(limit >= 1, f"the limit of {name} must be at least 1")


def render(values: KongValues, folder: Path = FOLDER) -> str:
    """The text of a kong.yml; the same values make the same text."""
    with (folder / "template.yml").open(encoding="utf-8") as template:
        form = yaml.safe_load(template)
    filled = _fill(form, _known(values, folder))
    for service in filled["services"]:
        for route in service["routes"]:
            route["expression"] = _for_hosts(route["expression"], values.hosts)
    head = "# Made of kong/template.yml by `automator kong render`: changes here are lost.\n"
    if not values.keys:
        head += "# Without keys: no access token is taken.\n"
    text: str = yaml.dump(
        filled, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2
    )
    return head + text


def _known(values: KongValues, folder: Path) -> dict[str, Any]:
    """Every name that the template may use."""
    scripts = {f"lua.{path.stem}": path.read_text("utf-8") for path in folder.glob("lua/*.lua")}
    scripts["lua.user"] = scripts["lua.user"].replace("$cookie", values.cookie)
    return {
        "targets": [{"target": target, "weight": 100} for target in values.targets],
        "jwt_secrets": [
            {"key": key.kid, "algorithm": "RS256", "rsa_public_key": _checked(key)}
            for key in values.keys
        ],
        "origins": list(values.origins),
        "cors": {
            "origins": list(values.origins),
            "methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
            "headers": list(_HEADERS),
            "exposed_headers": list(_EXPOSED),
            "credentials": True,
            "max_age": 3600,
            "preflight_continue": False,
        },
        "cookies": [values.cookie],
        "open": _open(),
        "counter": _counter(values.counter),
        **{f"limit.{name}": limit for name, limit in asdict(values.limits).items()},
        **scripts,
    }


def _fill(node: Any, known: Mapping[str, Any]) -> Any:
    """The template with its names replaced; a name that is not known is an error of ours."""
    if isinstance(node, str) and node.startswith("$"):
        return known[node[1:]]
    if isinstance(node, list):
        return [_fill(item, known) for item in node if not _is_left_out(item, known)]
    if isinstance(node, dict):
        further = _fill(node["$also"], known) if "$also" in node else {}
        own = {name: _fill(item, known) for name, item in node.items() if name[0] != "$"}
        return {**own, **further}
    return node


def _is_left_out(node: Any, known: Mapping[str, Any]) -> bool:
    return isinstance(node, dict) and "$when" in node and not known[node["$when"]]


def _for_hosts(expression: str, hosts: tuple[str, ...]) -> str:
    if not hosts:
        return expression
    one_of = " || ".join(f'http.host == "{host.lower()}"' for host in hosts)
    return f"({expression}) && ({one_of})"


def _open() -> str:
    """The expression of what is open to everybody."""
    terms = []
    for method, path in OPEN:
        term = f'http.path {"^=" if path.endswith("/") else "=="} "{path}"'
        # A preflight is about the request that follows it.
        own = f'(http.method == "{method}" || http.method == "OPTIONS") && {term}'
        terms.append(f"({term if method == '*' else own})")
    return " || ".join(terms)


def _counter(counter: Counter | None) -> dict[str, Any]:
    if counter is None:
        return {"policy": "local"}
    return {
        "policy": "redis",
        "redis": {
            "host": counter.host,
            "port": counter.port,
            "database": counter.database,
            "password": "{vault://env/valkey-password}",
            "timeout": 500,
        },
    }


def _checked(key: PublicKey) -> str:
    """The key's PEM as we write it; anything but a public RSA key of some length is refused."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_public_key,
    )

    try:
        found = load_pem_public_key(key.pem.encode())
    except ValueError:
        # Not with its text: it may be the other half.
        raise Misconfigured(f"key {key.kid}: no public key in PEM") from None
    if not isinstance(found, RSAPublicKey) or found.key_size < _MIN_BITS:
        raise Misconfigured(f"key {key.kid}: RS256 needs an RSA key of {_MIN_BITS} bits or more")
    return found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _check(holds: object, otherwise: str) -> None:
    if not holds:
        raise Misconfigured(otherwise)


def _is_place(text: str) -> bool:
    return bool(_PLACE.fullmatch(text)) and 1 <= int(text.rpartition(":")[2]) <= 65535


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written where it stands."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
