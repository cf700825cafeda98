"""What a route says of who may use it; the document tells it, and `api/context.py` holds it."""

from typing import Any, Final

from services.permissions import Action

PERMISSION: Final = "x-permission"

# Anybody may: what opens such a route, if anything, is in the request itself.
PUBLIC: Final[dict[str, Any]] = {PERMISSION: "public"}
# Whoever has signed in, in whatever tenant and role.
PERSON: Final[dict[str, Any]] = {PERMISSION: "person"}


def needs(action: Action) -> dict[str, Any]:
    """The `openapi_extra` of a route that does this to the caller's tenant."""
    return {PERMISSION: str(action)}
