"""What the audit log is told of a request: found where its principal is, written where it commits.

Nothing here is of a route's own: a route that takes its transaction from `api/context.py`, or its
`Once`, is recorded whether or not it thinks of that. Others call `services.audit.record`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api import access, limits
from core.logging import context_value
from services import audit
from services.audit import Trail
from services.standing import Principal

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_READS: Final = ":read"


def changes(method: str, permission: str | None) -> bool:
    """Whether a route changes something; a permission to read never does, by whatever method."""
    return method not in SAFE and permission is not None and not permission.endswith(_READS)


def follow(request: Request, permission: str, asker: Principal) -> None:
    """Have what this request changes be known as its own."""
    if not changes(request.method, permission):
        audit.follow(None)
        return
    route = request.scope.get("fastapi", {}).get("effective_route_context")
    route = route or request.scope.get("route")
    of_person = permission == access.PERSON[access.PERMISSION]
    place = asker.place if not of_person else None
    audit.follow(
        Trail(
            subject=asker.subject,
            shown=asker.shown,
            # Of what is for whoever has signed in, the permission says nothing: the operation does.
            action=getattr(route, "name", permission) if of_person else permission,
            method=request.method,
            route=limits.template_of(request.scope),
            status=getattr(route, "status_code", None) or 200,
            tenant_id=place.tenant_id if place is not None else None,
            user_id=asker.user_id if of_person else None,
            targets={name: _id(str(value)) for name, value in request.path_params.items()},
            request_id=str(context_value("request_id") or "") or None,
            address=limits.address_of(request),
            agent=request.headers.get("user-agent"),
        )
    )


@contextmanager
def recorded(
    scope: AbstractContextManager[Session], response: Response, write: Callable[[Session], None]
) -> Iterator[Session]:
    """A transaction at the end of which it is written what the request has done."""
    with scope as opened:
        yield opened
        note_location(response)
        write(opened)


def note_location(response: Response) -> None:
    """What was made is where the answer says."""
    found, place = audit.trail(), response.headers.get("location")
    if found is not None and place is not None:
        found.created(_id(place.rpartition("/")[2]))


def note_answer(response: Response, made: object) -> None:
    """The same of an answer that is there already, with the id of what it shows."""
    found = audit.trail()
    if found is None:
        return
    found.status = response.status_code
    shown = getattr(made, "id", None)
    if isinstance(shown, UUID):
        found.created(shown)
    note_location(response)


def _id(text: str) -> str:
    """An id as we write it, however the client did."""
    try:
        return str(UUID(text))
    except ValueError:
        return text
