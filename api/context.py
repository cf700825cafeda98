"""What a request acts with: the installation, the caller's tenant and its transaction."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, ParamSpec, TypeVar

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from api.places import Places
from core.logging import bind_context
from services.health import Watch
from services.installation import DEFAULT_TENANT, Installation, Place

_P = ParamSpec("_P")
_T = TypeVar("_T")

_bearer = HTTPBearer(auto_error=False, description="The token that `automator up` prints.")


async def installation(request: Request) -> Installation:
    """The process's installation; async, because FastAPI gives a thread to what is not."""
    found = request.app.state.installation
    assert isinstance(found, Installation)
    return found


InstallationDep = Annotated[Installation, Depends(installation)]


async def watch(request: Request, current: InstallationDep) -> Watch:
    """What looks after the installation's parts."""
    state = request.app.state
    if state.watch is None or state.watch.settings is not current.settings:
        state.watch = Watch(current.settings)
    found = state.watch
    assert isinstance(found, Watch)
    return found


WatchDep = Annotated[Watch, Depends(watch)]


async def watched(
    request: Request, look: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Look at a part, in a thread that no request waits for."""
    limiter = request.app.state.watchers
    return await to_thread.run_sync(partial(look, *args, **kwargs), limiter=limiter)


async def authenticated(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """401 without the right token."""
    token: str | None = request.app.state.token
    given = credentials.credentials if credentials else ""
    if not token or not hmac.compare_digest(token.encode(), given.encode()):
        raise HTTPException(
            401,
            "a bearer token is needed",
            headers={"WWW-Authenticate": 'Bearer realm="automator"'},
        )


async def place(
    request: Request, current: InstallationDep, _: Annotated[None, Depends(authenticated)]
) -> Place:
    """The caller's tenant."""
    places: Places = request.app.state.places
    found = await places.find(current, DEFAULT_TENANT)
    bind_context(tenant_id=str(found.tenant_id))
    return found


PlaceDep = Annotated[Place, Depends(place)]

Recheck = Callable[[], Awaitable[Place]]


def recheck(
    request: Request,
    current: InstallationDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Recheck:
    """Asks the same again, for an answer that takes long."""

    async def again() -> Place:
        await authenticated(request, credentials)
        return await place(request, current, None)

    return again


RecheckDep = Annotated[Recheck, Depends(recheck)]


async def session(
    request: Request, current: InstallationDep, where: PlaceDep
) -> AsyncIterator[Session]:
    """The request's one transaction, as the tenant; committed before the response is sent.

    Whoever has no connection yet waits for a turn here, where that takes no thread.
    """
    scope = contextmanager_in_threadpool(current.tenant_scope(where))
    async with request.app.state.turns, scope as opened:
        yield opened


SessionDep = Annotated[Session, Depends(session, scope="function")]
