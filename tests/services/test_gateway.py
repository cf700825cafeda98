"""The gateway: every public route has one class, no internal one is reached, and Kong takes it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jsonschema import Draft4Validator, Draft202012Validator

from api.app import create_app
from core.errors import Misconfigured
from services.gateway import (
    FOLDER,
    OPEN,
    PLAIN_COOKIE,
    Counter,
    KongValues,
    Limits,
    PublicKey,
    render,
)
from tests.api.documents import made
from tests.services.kong_routes import Asked, matches, normalised, route_of

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "kong"
INTERNAL = frozenset({"/healthz", "/readyz", "/metrics"})
SIGNED_IN = {"authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}
BY_KEY = {"authorization": "bearer bak_7Gq"}
# Where Kong looks at no token: the API does, or something else in the request opens the route.
WITHOUT_JWT = frozenset({"media", "events", "upload", "static", "open", "keys"})


def pem(bits: int = 2048) -> str:
    """A new public key."""
    key = generate_private_key(65537, bits).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="module")
def values() -> KongValues:
    """All that an installation can put in."""
    return KongValues(
        keys=(PublicKey("2026-11", pem()), PublicKey("2026-12", pem())),
        origins=("https://app.example", "http://localhost:3000"),
        targets=("api-1:8000", "10.0.0.7:8001"),
        limits=Limits(api=90),
        counter=Counter("valkey"),
    )


@pytest.fixture(scope="module")
def config(values: KongValues) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(render(values))
    return found


def operations() -> list[tuple[str, str, str]]:
    """Method, path and permission of every operation that the document names."""
    paths = made()["paths"]
    return [
        (method.upper(), path, operation.get("x-permission", ""))
        for path, item in paths.items()
        for method, operation in item.items()
    ]


def expected(method: str, path: str, permission: str) -> str | None:
    """The class that an operation has to have, said another way than the template says it."""
    first = path.split("/")[1:3]
    if path in INTERNAL:
        return None
    if first in (["v1", "media"], ["v1", "public"]):
        return "media"
    if path == "/v1/assets/{asset_id}/source" and method != "POST":
        return "media"
    if path == "/v1/events":
        return "events"
    if first == ["v1", "uploads"] or (method, path) == ("POST", "/v1/assets"):
        return "upload"
    if path.startswith("/.well-known/"):
        return "static"
    return "open" if permission == "public" else "api"


def asked(method: str, path: str, **more: Any) -> Asked:
    """A request for an operation, with something for each name in its path."""
    for name, value in {"{path}": "hls/main.m3u8", "{token}": "tkn", "{name}": "n"}.items():
        path = path.replace(name, value)
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}0198a000-0000-7000-8000-000000000001{rest.partition('}')[2]}"
    return Asked(method, path, **more)


@pytest.mark.parametrize(("method", "path", "permission"), operations())
def test_every_operation_has_the_one_class_that_is_its(
    config: dict[str, Any], method: str, path: str, permission: str
) -> None:
    wanted = expected(method, path, permission)
    assert route_of(config, asked(method, path)) == wanted
    assert route_of(config, asked(method, path, headers=SIGNED_IN)) == wanted
    by_key = route_of(config, asked(method, path, headers=BY_KEY))
    assert by_key == ("keys" if wanted == "api" else wanted)
    if permission == "public":
        assert wanted is None or wanted in WITHOUT_JWT
    elif permission:
        assert wanted not in ("open", "static")


def test_what_the_document_leaves_out_has_a_class_or_is_not_reached(config: dict[str, Any]) -> None:
    for path in ("/docs", "/docs/assets/swagger-ui.css", "/v1/openapi.json"):
        assert route_of(config, Asked("GET", path)) == "static"
    documented = {path for _, path, _ in operations()}
    for route in create_app().router.routes:
        further = getattr(route, "path", None)
        if further is not None and further not in documented:
            assert further in ("/docs", "/docs/assets", "/v1/openapi.json", "/docs/oauth2-redirect")


_INWARD = """
    /metrics /readyz /healthz //metrics /./metrics /metrics/ /%6Detrics /v1/../metrics
    /v1/media/../../metrics /v1/media/x/%2e%2e/../../..//metrics /v1/uploads/../../readyz
    /docs/assets/../../metrics / /v1 /v2/runs /V1/runs /docs/assets /docsx /.well-known/ /.env
"""


@pytest.mark.parametrize("path", _INWARD.split())
def test_nothing_internal_is_reached_by_any_spelling(config: dict[str, Any], path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "HEAD", "TRACE", "get"):
        for headers in ({}, SIGNED_IN, BY_KEY):
            assert route_of(config, Asked(method, path, headers)) is None


def test_what_stays_of_a_path_is_no_route_of_the_apis() -> None:
    # A hidden slash goes on to the API, which does not resolve dots: it is a name of a file there.
    hidden = "/v1/media/..%2f..%2fmetrics"
    assert normalised(hidden) == hidden


def test_open_is_open_to_its_methods_and_paths_alone(config: dict[str, Any]) -> None:
    for method, path in OPEN:
        one = "POST" if method == "*" else method
        whole = f"{path}x" if path.endswith("/") else path
        assert route_of(config, Asked(one, whole)) == "open"
        assert route_of(config, Asked("OPTIONS", whole)) == "open"
        assert route_of(config, Asked(one, whole, BY_KEY)) == "open"
        if method != "*":
            assert route_of(config, Asked("GET", whole)) == "api"
    assert route_of(config, Asked("POST", "/v1/sessionsx")) == "api"
    assert route_of(config, Asked("DELETE", "/v1/sessions/1")) == "api"


def test_a_host_that_is_not_served_is_not_reached() -> None:
    config = yaml.safe_load(render(KongValues(hosts=("API.example", "other.example"))))
    for path, name in {"/v1/runs": "api", "/v1/events": "events", "/docs": "static"}.items():
        assert route_of(config, Asked("GET", path)) == name
        assert route_of(config, Asked("GET", path, host="other.example")) == name
        assert route_of(config, Asked("GET", path, host="elsewhere.example")) is None


def plugins_of(config: dict[str, Any], route: str) -> dict[str, Any]:
    """What runs for a route: the nearest of each name."""
    found: dict[str, Any] = {}
    for service in config["services"]:
        for one in service["routes"]:
            if one["name"] == route:
                for level in (config, service, one):
                    found |= {plugin["name"]: plugin for plugin in level.get("plugins", ())}
    return found


@pytest.mark.parametrize("route", ["media", "events", "upload", "static", "open", "keys", "api"])
def test_each_class_is_guarded_as_it_should(config: dict[str, Any], route: str) -> None:
    plugins = plugins_of(config, route)
    assert ("jwt" in plugins) == (route not in WITHOUT_JWT)
    limit = plugins["rate-limiting"]["config"]
    assert limit["limit_by"] == ("header" if route == "api" else "ip")
    assert limit["minute"] == getattr(Limits(api=90), route)
    assert limit["policy"] == ("redis" if route in ("api", "keys", "open") else "local")
    # What media say to other origins is the API's to say.
    assert ("cors" in plugins) == (route != "media")
    assert ("request-size-limiting" in plugins) == (route != "upload")
    assert {"correlation-id", "prometheus", "request-transformer", "response-transformer"} < {
        *plugins
    }
    everywhere = plugins_of(config, "media")["pre-function"]["config"]
    for phase, functions in everywhere.items():
        assert plugins["pre-function"]["config"][phase][: len(functions)] == functions


def test_what_lasts_long_is_not_buffered(config: dict[str, Any]) -> None:
    routes = {route["name"]: (s, route) for s in config["services"] for route in s["routes"]}
    for name in ("media", "events", "upload", "static"):
        assert routes[name][1]["response_buffering"] is False
    assert routes["upload"][1]["request_buffering"] is False
    assert routes["events"][0]["read_timeout"] >= 3_600_000
    assert routes["upload"][0]["read_timeout"] >= 3_600_000
    assert routes["upload"][0]["retries"] == 0
    for service, route in routes.values():
        assert service["host"] == config["upstreams"][0]["name"]
        assert route["strip_path"] is False


def test_the_token_is_read_where_the_api_reads_it(config: dict[str, Any]) -> None:
    jwt = plugins_of(config, "api")["jwt"]["config"]
    assert jwt["key_claim_name"] == "kid"
    assert jwt["uri_param_names"] == []
    assert jwt["cookie_names"] == ["__Host-automator_access"]
    assert "exp" in jwt["claims_to_verify"]
    plain = yaml.safe_load(render(KongValues(cookie=PLAIN_COOKIE)))
    assert plugins_of(plain, "api")["jwt"]["config"]["cookie_names"] == ["automator_access"]
    assert '"automator_access"' in plugins_of(plain, "api")["pre-function"]["config"]["access"][1]


def test_current_and_next_key_are_credentials(values: KongValues, config: dict[str, Any]) -> None:
    (consumer,) = config["consumers"]
    assert [one["key"] for one in consumer["jwt_secrets"]] == ["2026-11", "2026-12"]
    for credential, key in zip(consumer["jwt_secrets"], values.keys, strict=True):
        assert credential["algorithm"] == "RS256"
        assert credential["rsa_public_key"] == key.pem


def test_without_origins_no_page_may_ask() -> None:
    # An empty list would mean all of them to Kong.
    assert "cors" not in render(KongValues())
    origins = yaml.safe_load(render(KongValues(origins=("https://a.example",))))
    assert plugins_of(origins, "api")["cors"]["config"]["origins"] == ["https://a.example"]
    assert plugins_of(origins, "api")["cors"]["config"]["credentials"] is True


def test_no_secret_stands_in_the_file(config: dict[str, Any]) -> None:
    limit = plugins_of(config, "api")["rate-limiting"]["config"]
    assert limit["redis"]["password"] == "{vault://env/valkey-password}"
    text = json.dumps(config)
    assert "PRIVATE" not in text
    assert text.count("{vault://env/gateway-proof}") == 2


def private() -> str:
    """A key that must never be in the file."""
    made = generate_private_key(65537, 2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def curve() -> str:
    """A public key, but not of RSA."""
    made = elliptic(SECP256R1()).public_key()
    return made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("text", [private(), curve(), pem(1024), "", "-----BEGIN PUBLIC KEY-----"])
def test_a_key_that_is_none_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(Misconfigured, match="key one") as caught:
        render(KongValues(keys=(PublicKey("one", text),)))
    assert "BEGIN" not in str(caught.value)


_WRONG: list[dict[str, Any]] = [
    {"origins": ("*",)},
    {"origins": ("https://.*",)},
    {"origins": ("https://app.example/",)},
    {"origins": ("https://a_b.example",)},
    {"origins": ("app.example",)},
    {"origins": ("null",)},
    {"origins": ("https://app.example\nhttps://b.example",)},
    {"hosts": ('a" || http.path ^= "/',)},
    {"hosts": ("",)},
    {"targets": ()},
    {"targets": ("api",)},
    {"targets": ("api:0",)},
    {"targets": ("api:99999",)},
    {"targets": ("http://api:8000",)},
    {"keys": (PublicKey("a b", ""),)},
    {"keys": (PublicKey("", ""),)},
    {"keys": (PublicKey("one", ""), PublicKey("one", ""))},
    {"cookie": "sid"},
    {"limits": Limits(api=0)},
    {"counter": Counter("valkey", 0)},
]


@pytest.mark.parametrize("wrong", _WRONG, ids=range(len(_WRONG)))
def test_a_value_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        KongValues(**wrong)


def test_the_sample_is_what_the_template_makes() -> None:
    sample = KongValues(counter=Counter("valkey"))
    assert (FOLDER / "kong.yml").read_text("utf-8") == render(sample), "run `make kong`"
    assert render(sample) == render(sample)


def test_a_wrong_expression_is_not_taken_for_one_that_fits_nothing() -> None:
    ambiguous = 'http.path == "/" || http.path == "/" && http.path == "/"'
    for wrong in ('http.paht == "/"', 'http.path = "/"', 'http.path == "/" "/"', ambiguous):
        with pytest.raises((AssertionError, IndexError)):
            matches(wrong, Asked("GET", "/"))


def test_kongs_own_schemas_take_it(config: dict[str, Any]) -> None:
    if not SPECS.is_dir():
        pytest.skip(f"Kong's schemas are not beside the checkout: {SPECS.name}")
    declarative = json.loads(next(SPECS.glob("kong_json_schema.*.json")).read_text())
    plugins = json.loads(next(SPECS.glob("*plugin-config.schema.json")).read_text())["plugins"]
    sample = yaml.safe_load((FOLDER / "kong.yml").read_text("utf-8"))
    for one in (config, sample):
        found = [
            error.message
            for error in Draft4Validator(declarative).iter_errors(one)
            # Kong does without it where the algorithm has a public key; this schema does not know.
            if (error.message, list(error.path)[2:3])
            != ("'secret' is a required property", ["jwt_secrets"])
        ]
        assert found == []
        used = list(_plugins(one))
        assert len(used) > 15
        for plugin in used:
            schema = plugins[plugin["name"]]
            problems = Draft202012Validator(schema).iter_errors(plugin["config"])
            assert [problem.message for problem in problems] == [], plugin["name"]


def _plugins(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        below = [plugin for value in node.values() for plugin in _plugins(value)]
        return [*node.get("plugins", ()), *below]
    if isinstance(node, list):
        return [plugin for item in node for plugin in _plugins(item)]
    return []
