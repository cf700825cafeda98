"""The application: routes, error handling and the lifetime of its connections."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from anyio import CapacityLimiter
from fastapi import FastAPI

from api import problems
from api.bodies import BoundedBodies
from api.event_hub import EventHub
from api.routes import artifacts, assets, docs, events, health, runs, stages, uploads
from core.settings import get_settings
from services.installation import Installation

TOKEN_VARIABLE = "AUTOMATOR_TOKEN"  # noqa: S105 - the name of the variable, not a secret
_CONNECTIONS = 8
# Threads in which uploads are written and recorded, and in which whole ones become assets.
_INTAKES = 8
_FINISHES = 4


def _version() -> str:
    try:
        return version("brand-automator")
    except PackageNotFoundError:
        return "0"


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.events.aclose()
    app.state.installation.close()


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
    app.state.intakes = CapacityLimiter(_INTAKES)
    app.state.finishes = CapacityLimiter(_FINISHES)
    app.state.events = EventHub()
    app.state.token = os.environ.get(TOKEN_VARIABLE)
    problems.install(app)
    problems.describe(app)
    docs.install(app)
    app.include_router(health.router)
    for routes in (assets, artifacts, runs, stages, uploads, events):
        app.include_router(
            routes.router, prefix="/v1", responses=problems.documented(*problems.COMMON)
        )
    app.add_middleware(uploads.TusHeader)
    app.add_middleware(BoundedBodies)
    return app
