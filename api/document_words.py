"""What the document says of the whole, and of the parts that it is sorted into."""

from typing import Any, Final

from services.permissions import FOR_PEOPLE, Action

INFO: Final[dict[str, Any]] = {
    "summary": "One upload becomes everything that a brand publishes.",
    "description": (
        "Every refusal is a problem (RFC 9457, `application/problem+json`): `code` is stable and"
        " meant for programs. Ids are UUIDs that sort by time, times are RFC 3339 with a zone,"
        " sizes are bytes.\n\n"
        'Lists answer `{"items": […], "next": "…" | null}`; `next` is given back as `cursor`, with'
        " the same filters. What people edit has an `ETag`: a change needs `If-Match`, and a look"
        " takes `If-None-Match`. Where an operation takes an `Idempotency-Key`, a repetition within"
        " 24 hours is done once and answered the same, with `Idempotent-Replayed`. What is counted"
        " says so in `RateLimit` and `RateLimit-Policy`. Every answer has an `X-Request-Id`.\n\n"
        "`x-permission` says who may use an operation: `public` anybody, `person` whoever has"
        " signed in, any other is a permission that roles have and API keys may have."
    ),
    "contact": {"name": "Whoever runs this installation"},
    "license_info": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "servers": [{"url": "/", "description": "The installation that this document comes from."}],
}

TAGS: Final[dict[str, str]] = {
    "people": "Accounts: signing up and in, sessions, second factors, passkeys, other identities.",
    "tenants": "Tenants: a brand each, walled off from all others.",
    "members": "Who belongs to the tenant, who is asked to, and to whom it is offered.",
    "organisations": "Agencies and the like, which group tenants.",
    "brands": "What a tenant's assets belong to, how each speaks and looks; one is the default.",
    "assets": "Files that were uploaded: listed, named, put into the trash and taken out.",
    "artifacts": "Files that were made of assets.",
    "runs": "Recipes at work on assets, and their stages.",
    "reviews": "Assets that are sent to people, who comment on them and decide.",
    "uploads": "Files on their way in, by tus 1.0.0 or straight to the bucket.",
    "imports": "Files that are fetched from an address.",
    "media": "Addresses that play, show or download what there is, and what they open.",
    "events": "What happens, as it happens.",
    "webhooks": "What happens, sent to addresses of yours, and what became of it.",
    "keys": "API keys: what programs of the tenant show.",
    "audit": "Who did what, when and from where.",
    "usage": "What is used of what may be.",
    "health": "For machines that watch this installation.",
}

_ACCESS: Final = "access_token"
_COOKIE: Final = "cookie"
_KEY: Final = "api_key"
_METRICS: Final = "metrics_token"


def schemes(cookie: str) -> dict[str, Any]:
    """The ways to show who asks; `cookie` is the name of the browser's."""
    return {
        _ACCESS: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "What signing in with `cookies: false` answers, for ten minutes. The"
            " token that `automator up` prints is taken, too.",
        },
        _COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "The same, as browsers have it after signing in. What changes something"
            " must come from a page of this origin. Without https it is called"
            f" `{cookie.removeprefix('__Host-')}`.",
        },
        _KEY: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "bak_…",
            "description": "A key of the tenant's: it may do what its scopes say.",
        },
        _METRICS: {
            "type": "http",
            "scheme": "bearer",
            "description": "METRICS_TOKEN of the installation; without one, only its own machine"
            " may read.",
        },
    }


def security(path: str, permission: str | None) -> list[dict[str, list[str]]]:
    """What has to be shown at a path, of which any one will do; nothing where anybody may ask."""
    if path == "/metrics":
        return [{_METRICS: []}, {}]
    if permission is None or permission == "public":
        return []
    people: list[dict[str, list[str]]] = [{_ACCESS: []}, {_COOKIE: []}]
    if permission == "person" or permission in FOR_PEOPLE:
        return people
    return [*people, {_KEY: []}] if permission in set(Action) else people
