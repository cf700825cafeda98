"""The application: routes, error handling and the lifetime of its connections."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from anyio import CapacityLimiter
from fastapi import FastAPI

from api import observing, problems
from api.bodies import BoundedBodies
from api.delivery import Desk, MediaHeaders
from api.event_hub import EventHub
from api.meters import Meters
from api.places import Places
from api.routes import (
    artifacts,
    assets,
    direct_uploads,
    docs,
    events,
    health,
    imports,
    media,
    metrics,
    playbacks,
    publications,
    runs,
    stages,
    uploads,
)
from core import tracing
from core.settings import get_settings
from services.installation import Installation

TOKEN_VARIABLE = "AUTOMATOR_TOKEN"  # noqa: S105 - the name of the variable, not a secret
_CONNECTIONS = 8
# Threads in which uploads are written and recorded, and in which whole ones become assets.
_INTAKES = 8
_FINISHES = 4
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
    yield
    await app.state.events.aclose()
    app.state.desk.close()
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
    )
    app.state.installation = Installation(get_settings(), pool_size=_CONNECTIONS)
    # Threads are few: those which wait for a connection may not keep its holders from going on.
    app.state.turns = CapacityLimiter(_CONNECTIONS)
    app.state.places = Places(app.state.turns)
    app.state.intakes = CapacityLimiter(_INTAKES)
    app.state.finishes = CapacityLimiter(_FINISHES)
    app.state.events = EventHub()
    app.state.watchers = CapacityLimiter(_WATCHERS)
    app.state.watch = None
    app.state.meters = Meters()
    app.state.desk = Desk()
    app.state.token = os.environ.get(TOKEN_VARIABLE)
    problems.install(app)
    problems.describe(app)
    docs.install(app)
    # First, because routes are looked through in their order: a film is a thousand requests.
    app.include_router(media.router, prefix="/v1", responses=problems.documented(500, 503))
    app.include_router(health.router)
    app.include_router(metrics.router)
    for routes in (
        assets,
        playbacks,
        publications,
        artifacts,
        runs,
        stages,
        uploads,
        direct_uploads,
        imports,
        events,
    ):
        app.include_router(
            routes.router, prefix="/v1", responses=problems.documented(*problems.COMMON)
        )
    app.add_middleware(uploads.TusHeader)
    app.add_middleware(BoundedBodies)
    app.add_middleware(MediaHeaders)
    observing.install(app)
    return app
