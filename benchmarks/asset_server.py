"""The product's API, for a tenant that each request names: `python -m benchmarks.asset_server FD`.

The product serves whom the token belongs to. What is replaced here is that choice and nothing else:
FastAPI's own way to replace a dependency would analyse it anew at every request.
"""

import socket
import sys
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import partial
from typing import Any

import uvicorn
from anyio import CapacityLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.remembered import KEPT_SECONDS, Remembered
from services.installation import Installation

_tenant: ContextVar[str] = ContextVar("tenant")


class NamedTenants(Remembered[Any]):
    """Finds the tenant that the request names, in the place of the first one."""

    def __init__(self, limiter: CapacityLimiter, installation: Installation) -> None:
        """Asks `installation`."""
        super().__init__(limiter)
        self._installation = installation

    async def find(
        self, key: Hashable, ask: Callable[[], Any], *, kept: float = KEPT_SECONDS
    ) -> Any:
        """See `Remembered`."""
        tenant = _tenant.get()
        return await super().find(tenant, partial(self._installation.place, tenant), kept=kept)


class Naming:
    """Reads which tenant a request names."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        for name, value in scope.get("headers", ()):
            if name == b"x-tenant":
                _tenant.set(value.decode())
        await self._app(scope, receive, send)


def application() -> ASGIApp:
    """The product's application with that choice replaced."""
    app = create_app()
    app.state.principals = NamedTenants(app.state.turns, app.state.installation)
    return Naming(app)


if __name__ == "__main__":
    config = uvicorn.Config(
        application(), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
