"""What a request acts with: the installation, who asks, their tenant and its transaction."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Annotated, Any, Final, ParamSpec, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session

from api import access, credentials, limits, trails
from api.remembered import KEPT_SECONDS, Remembered
from core.errors import Forbidden, Unauthenticated
from core.key_text import PREFIX, KeyText
from core.logging import bind_context, get_logger
from services import api_keys, audit, standing
from services.access_tokens import AccessTokens, Claims
from services.health import Watch
from services.installation import DEFAULT_TENANT, Installation, Place
from services.permissions import Action
from services.standing import Person, Principal

_log = get_logger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")

# Who asks again has waited since: streams of one session ask together, and that is all.
_RECHECK_SECONDS: Final = 0.5


# What FastAPI asks is async, because it gives a thread to what is not. And it asks each thing again
# for whatever names it, with all that this names: what most requests need names little.
async def installation(request: Request) -> Installation:
    """The process's installation."""
    return installation_of(request)


def installation_of(request: Request) -> Installation:
    """The same, for what is no route."""
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


async def in_turn(
    request: Request, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Do something with a connection, when it is this request's turn for one."""
    limiter = request.app.state.turns
    return await to_thread.run_sync(partial(act, *args, **kwargs), limiter=limiter)


def afterwards(
    request: Request, act: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs
) -> None:
    """Do the same without waiting for it; what goes wrong is logged."""
    note(request, in_turn(request, act, *args, **kwargs))


def beside(
    request: Request, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> asyncio.Task[_T]:
    """Do the same meanwhile, for who may be refused before it is known; nobody has to wait for it.

    The application ends after it.
    """
    task = asyncio.create_task(in_turn(request, act, *args, **kwargs))
    notes: set[asyncio.Task[Any]] = request.app.state.notes
    notes.add(task)
    task.add_done_callback(partial(_noted, notes))
    return task


def _noted(notes: set[asyncio.Task[Any]], task: asyncio.Task[Any]) -> None:
    notes.discard(task)
    if not task.cancelled():
        task.exception()  # told to who waits; where nobody does, it is nobody's concern


def note(request: Request, work: Coroutine[Any, Any, object]) -> None:
    """Have it done, and logged what goes wrong; the application ends after it."""
    notes: set[asyncio.Task[None]] = request.app.state.notes

    async def noted() -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - nobody waits for it
            _log.error("what was to be noted was not", exc_info=error)

    task = asyncio.create_task(noted())
    notes.add(task)
    task.add_done_callback(notes.discard)


def tokens(request: Request, current: Installation) -> AccessTokens:
    """Who issues and reads access tokens in this process."""
    state = request.app.state
    if state.tokens is None or state.tokens.installation is not current:
        state.tokens = AccessTokens(current)
    found = state.tokens
    assert isinstance(found, AccessTokens)
    return found


def permission(request: Request) -> str | None:
    """What the route says of who may use it: api/access.py."""
    included = request.scope.get("fastapi", {}).get("effective_route_context")
    extra = getattr(included or request.scope.get("route"), "openapi_extra", None)
    found = extra.get(access.PERMISSION) if extra else None
    return str(found) if found is not None else None


async def principal(
    request: Request,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(credentials.bearer)],
    _: Annotated[str | None, Depends(credentials.cookie)],
) -> None:
    """Find out who asks, before anything else of a route is looked at.

    Raises Unauthenticated, RateLimited, and Forbidden for who may not do this.
    """
    if permission(request) == access.PUBLIC[access.PERMISSION]:
        await limits.count(request)
        trails.follow(request, access.PUBLIC[access.PERMISSION], standing.ANYBODY)
        request.state.principal = standing.ANYBODY
        return
    try:
        current = installation_of(request)
        found = await _principal(request, current, shown.credentials if shown else None)
    except Unauthenticated:
        await limits.count_refused(request)
        raise
    tenant_id = found.place.tenant_id if found.place is not None else None
    await limits.count(request, subject=found.subject, tenant_id=tenant_id)
    _allow(request, found)


def _allow(request: Request, found: Principal) -> None:
    """Raise Forbidden or Unavailable unless the route may be used by this principal."""
    wanted = permission(request)
    if wanted is None:
        raise Forbidden("nobody may do this")
    if wanted == access.PERSON[access.PERMISSION]:
        found.require_person()
    else:
        found.require(Action(wanted))
    bind_context(subject=found.subject)
    if found.place is not None:
        bind_context(tenant_id=str(found.place.tenant_id))
    request.state.principal = found
    trails.follow(request, wanted, found)


async def asker(request: Request) -> Principal:
    """Who asks, as `principal` has found; a router without that has none, and its routes fail."""
    found = request.state.principal
    assert isinstance(found, Principal)
    return found


PrincipalDep = Annotated[Principal, Depends(asker)]


async def _principal(
    request: Request, current: Installation, shown: str | None, *, kept: float = KEPT_SECONDS
) -> Principal:
    """Who asks, as the directory has it now, or had it within `kept` seconds."""
    known: Remembered[Any] = request.app.state.principals
    if shown is not None and shown.startswith(PREFIX):
        return await _key(current, known, shown)
    if shown is None:
        shown = request.cookies.get(credentials.access_cookie(current.settings))
        if shown is None:
            raise Unauthenticated("an access token or an API key is needed")
        credentials.require_own_page(request, current.settings)
    own: str | None = request.app.state.token
    if own and hmac.compare_digest(own.encode(), shown.encode()):
        find = partial(current.place, DEFAULT_TENANT)
        place = await known.find(DEFAULT_TENANT, find, kept=kept)
        return standing.installation(place)
    claims = getattr(request.state, "claims", None)
    if claims is None:
        claims = await _claims(request, current, shown)
        # Asked again, for an answer that outlives the token, it is the session that counts.
        request.state.claims = claims

    def ask() -> Principal:
        with current.identity_scope() as session:
            return standing.of_person(session, claims.user_id, claims.session_id, claims.tenant_id)

    key = claims.session_id, claims.tenant_id
    found: Principal = await known.find(key, ask, kept=kept)
    return found


async def _key(current: Installation, known: Remembered[Any], shown: str) -> Principal:
    """What an API key may do; raises Unauthenticated."""
    key = KeyText.read(shown)
    if key is None:
        raise api_keys.refused()

    def ask() -> Principal:
        # A transaction of its own, and not the request's: it also notes that the key was used.
        with current.identity_scope() as session:
            return api_keys.principal(session, key)

    # By the whole key, so that what is remembered of the right secret opens nothing to a wrong one.
    found: Principal = await known.find(("key", api_keys.digest_of(shown)), ask)
    return found


async def _claims(request: Request, current: Installation, shown: str) -> Claims:
    """What an access token says; keys that are not known yet are asked for, now and then."""
    reader = tokens(request, current)
    found = reader.read(shown)
    if found is None and reader.is_stale():
        await in_turn(request, reader.ask)
        found = reader.read(shown)
    if found is None:
        raise Unauthenticated("the access token is not one of this installation's")
    return found


async def person(request: Request) -> Person:
    """Who has signed in."""
    return (await asker(request)).require_person()


PersonDep = Annotated[Person, Depends(person)]


async def place(request: Request) -> Place:
    """The caller's tenant."""
    return _place_of(await asker(request))


def _place_of(found: Principal) -> Place:
    if found.place is None:
        raise Forbidden("choose a tenant first")
    return found.place


PlaceDep = Annotated[Place, Depends(place)]

Recheck = Callable[[], Awaitable[Place]]


def recheck(
    request: Request,
    current: InstallationDep,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(credentials.bearer)],
) -> Recheck:
    """Asks the same again, for an answer that takes long."""

    async def again() -> Place:
        token = shown.credentials if shown else None
        found = await _principal(request, current, token, kept=_RECHECK_SECONDS)
        _allow(request, found)
        return _place_of(found)

    return again


RecheckDep = Annotated[Recheck, Depends(recheck)]


@asynccontextmanager
async def _transaction(
    request: Request, scope: AbstractContextManager[Session]
) -> AsyncIterator[Session]:
    """A transaction that begins here, where that is no work yet, and ends in a thread.

    Whoever has no connection yet waits for a turn here, where that takes no thread; and so there is
    one to end it in, whoever else waits for one. It ends also where nobody waits for the answer any
    more. What only reads is answered before it ends.
    """
    turns: CapacityLimiter = request.app.state.turns
    turn = object()
    await turns.acquire_on_behalf_of(turn)
    opened = scope.__enter__()

    async def end(error: BaseException | None = None) -> None:
        told = (type(error), error, error.__traceback__) if error else (None, None, None)
        try:
            with CancelScope(shield=True):
                await to_thread.run_sync(scope.__exit__, *told, limiter=CapacityLimiter(1))
        finally:
            turns.release_on_behalf_of(turn)

    try:
        yield opened
    except BaseException as error:
        await end(error)
        raise
    if request.method in trails.SAFE:
        note(request, end())
    else:
        await end()


async def session(request: Request, response: Response, where: PlaceDep) -> AsyncIterator[Session]:
    """The request's one transaction, as the tenant; committed before the response is sent.

    What it changes is recorded in it.
    """
    scope = installation_of(request).tenant_scope(where)
    done = trails.recorded(scope, response, audit.record)
    async with _transaction(request, done) as opened:
        yield opened


SessionDep = Annotated[Session, Depends(session, scope="function")]


async def people(request: Request, response: Response) -> AsyncIterator[Session]:
    """The request's one transaction, for people; committed before the response is sent.

    What it changes is recorded in it.
    """
    scope = installation_of(request).identity_scope()
    done = trails.recorded(scope, response, audit.record_in_directory)
    async with _transaction(request, done) as opened:
        yield opened


PeopleDep = Annotated[Session, Depends(people, scope="function")]
