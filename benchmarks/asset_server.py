"""The product's API, for a tenant that each request names: `python -m benchmarks.asset_server FD`.

The product serves whom the token belongs to. What is replaced here is that choice and nothing else:
FastAPI's own way to replace a dependency would analyse it anew at every request.
"""

import socket
import sys
from contextvars import ContextVar

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.places import Places
from services.installation import Installation, Place

_tenant: ContextVar[str] = ContextVar("tenant")


class NamedPlaces(Places):
    """Finds the tenant that the request names."""

    async def find(self, installation: Installation, tenant: str) -> Place:
        """See `Places`."""
        return await super().find(installation, _tenant.get(tenant))


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
    app.state.places = NamedPlaces(app.state.turns)
    return Naming(app)


if __name__ == "__main__":
    config = uvicorn.Config(
        application(), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
