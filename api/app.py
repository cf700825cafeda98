"""The application: routes, error handling and the lifetime of its connections."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI

from api import bodies, document, edge, gateway, limits, observing, problems
from api.context import principal
from api.delivery import Desk, MediaHeaders
from api.event_hub import EventHub
from api.meters import Meters
from api.remembered import Remembered
from api.routes import (
    api_keys,
    artifacts,
    assets,
    audit,
    brand_kits,
    brands,
    direct_uploads,
    docs,
    events,
    fits,
    health,
    identities,
    imports,
    invitations,
    me,
    media,
    members,
    metrics,
    oidc,
    organisations,
    ownership,
    passkeys,
    password_resets,
    playbacks,
    publications,
    review_comments,
    reviews,
    runs,
    second_factors,
    sessions,
    sign_ups,
    stages,
    tenant_exports,
    tenants,
    uploads,
    usage,
    webhooks,
    well_known,
)
from api.verifier import Verifier
from core import tracing
from core.settings import get_settings
from services.installation import Installation

TOKEN_VARIABLE = "AUTOMATOR_TOKEN"  # noqa: S105 - the name of the variable, not a secret
_CONNECTIONS = 8
# Threads in which uploads are written and recorded, and in which whole ones become assets.
_INTAKES = 8
_FINISHES = 4
# Threads in which others are asked who somebody is: when they are slow, nobody else waits.
_PROVIDERS = 4
# Threads in which parts are looked at: what hangs may not keep requests from being answered.
_WATCHERS = 4
# A stop waits no longer for spans to be sent.
_FLUSH_SECONDS = 0.5


def _version() -> str:
    try:
        return version("brand-automator")
    except PackageNotFoundError:
        return "0"


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    tracing.start("api")
    app.state.loop = asyncio.get_running_loop()
    yield
    await app.state.events.aclose()
    await asyncio.gather(*app.state.notes, return_exceptions=True)
    app.state.desk.close()
    app.state.verifier.close()
    await limits.close(app)
    app.state.installation.close()
    if app.state.watch is not None:
        app.state.watch.close()
    tracing.flush(_FLUSH_SECONDS)


def create_app() -> FastAPI:
    """The API over the installation that the environment describes."""
    app = FastAPI(
        title="Brand Automator",
        version=_version(),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        generate_unique_id_function=document.operation_id,
    )
    settings = get_settings()
    app.state.installation = Installation(settings, pool_size=_CONNECTIONS)
    # Threads are few: those which wait for a connection may not keep its holders from going on.
    app.state.turns = CapacityLimiter(_CONNECTIONS)
    app.state.principals = Remembered[Any](app.state.turns)
    app.state.tokens = None
    app.state.verifier = Verifier()
    app.state.providers = CapacityLimiter(_PROVIDERS)
    app.state.intakes = CapacityLimiter(_INTAKES)
    app.state.finishes = CapacityLimiter(_FINISHES)
    app.state.events = EventHub()
    app.state.watchers = CapacityLimiter(_WATCHERS)
    app.state.watch = None
    app.state.meters = Meters()
    app.state.desk = Desk()
    app.state.limits = None
    app.state.loop = None
    app.state.notes = set()
    app.state.token = os.environ.get(TOKEN_VARIABLE)
    problems.install(app)
    document.install(app, limits.describe, bodies.describe, edge.describe)
    docs.install(app)
    # First, because routes are looked through in their order: a film is a thousand requests.
    app.include_router(media.router, prefix="/v1", responses=problems.documented(500, 503))
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(well_known.router)
    for entrance in (
        sign_ups,
        sessions,
        me,
        second_factors,
        passkeys,
        identities,
        oidc,
        password_resets,
        tenants,
        members,
        invitations,
        ownership,
        organisations,
    ):
        app.include_router(
            entrance.router,
            prefix="/v1",
            responses=problems.documented(*problems.COMMON),
            dependencies=[Depends(principal)],
        )
    for routes in (
        assets,
        brands,
        brand_kits,
        playbacks,
        publications,
        reviews,
        review_comments,
        artifacts,
        fits,
        runs,
        stages,
        uploads,
        direct_uploads,
        imports,
        tenant_exports,
        events,
        usage,
        webhooks,
        api_keys,
        audit,
    ):
        app.include_router(
            routes.router,
            prefix="/v1",
            responses=problems.documented(*problems.COMMON, 403),
            dependencies=[Depends(principal)],
        )
    app.add_middleware(uploads.TusHeader)
    app.add_middleware(bodies.BoundedBodies, seconds=get_settings().body_seconds)
    app.add_middleware(limits.RateFields)
    app.add_middleware(edge.Edge)
    app.add_middleware(MediaHeaders)
    observing.install(app)
    gateway.install(app, settings.gateway_secrets, settings.gateway_proxies)
    return app
