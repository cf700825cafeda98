"""Who may do what: roles, actions, and the one table of both. Nothing is allowed by default."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a member is to a tenant, the mightiest first."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"
    REVIEWER = "client-reviewer"


class Action(StrEnum):
    """What a route does to a tenant; an API key's scopes are some of them."""

    BRANDS_READ = "brands:read"
    BRANDS_WRITE = "brands:write"
    ASSETS_READ = "assets:read"
    ASSETS_WRITE = "assets:write"
    ASSETS_PURGE = "assets:purge"
    SOURCES_READ = "sources:read"
    UPLOADS_WRITE = "uploads:write"
    IMPORTS_WRITE = "imports:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    MEDIA_READ = "media:read"
    MEDIA_WRITE = "media:write"
    PUBLICATIONS_WRITE = "publications:write"
    EVENTS_READ = "events:read"
    TENANT_READ = "tenant:read"
    TENANT_WRITE = "tenant:write"
    TENANT_DELETE = "tenant:delete"
    TENANT_EXPORT = "tenant:export"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    OWNERSHIP_WRITE = "ownership:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    REVIEWS_READ = "reviews:read"
    REVIEWS_COMMENT = "reviews:comment"
    REVIEWS_DECIDE = "reviews:decide"
    REVIEWS_WRITE = "reviews:write"


# A client sees what was sent to them for review and answers that: services/review_views.py finds
# nothing else for them. Whoever may more is sent things, too.
_REVIEWER: Final = frozenset(
    {
        Action.TENANT_READ,
        Action.REVIEWS_READ,
        Action.REVIEWS_COMMENT,
        Action.REVIEWS_DECIDE,
    }
)
_VIEWER: Final = _REVIEWER | {
    Action.ASSETS_READ,
    Action.BRANDS_READ,
    Action.EVENTS_READ,
    Action.MEDIA_READ,
    Action.MEMBERS_READ,
    Action.RUNS_READ,
}
_EDITOR: Final = _VIEWER | {
    Action.ASSETS_WRITE,
    Action.SOURCES_READ,
    Action.UPLOADS_WRITE,
    Action.IMPORTS_WRITE,
    Action.RUNS_WRITE,
    Action.MEDIA_WRITE,
    Action.PUBLICATIONS_WRITE,
    Action.REVIEWS_WRITE,
}
_ADMIN: Final = _EDITOR | {
    Action.ASSETS_PURGE,
    Action.BRANDS_WRITE,
    Action.TENANT_WRITE,
    Action.MEMBERS_WRITE,
    Action.KEYS_READ,
    Action.KEYS_WRITE,
    Action.WEBHOOKS_READ,
    Action.WEBHOOKS_WRITE,
}

PERMISSIONS: Final[Mapping[Role, frozenset[Action]]] = {
    Role.OWNER: _ADMIN
    | {
        Action.TENANT_DELETE,
        Action.TENANT_EXPORT,
        Action.OWNERSHIP_WRITE,
        Action.AUDIT_READ,
    },
    Role.ADMIN: _ADMIN,
    Role.EDITOR: _EDITOR,
    Role.VIEWER: _VIEWER,
    Role.REVIEWER: _REVIEWER,
}

# What no key may have: with it, a key could give itself more, outlive its own end, take all, or say
# yes in the place of somebody who was asked.
FOR_PEOPLE: Final = frozenset(
    {
        Action.KEYS_WRITE,
        Action.MEMBERS_WRITE,
        Action.OWNERSHIP_WRITE,
        Action.TENANT_DELETE,
        Action.REVIEWS_DECIDE,
        Action.TENANT_EXPORT,
    }
)
