"""The product's API, for a tenant that each request names: `python -m benchmarks.asset_server FD`.

The product serves whom the token belongs to; what is replaced here is only that choice.
"""

import socket
import sys
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Header, Request

from api import context
from api.app import create_app
from api.context import InstallationDep
from api.places import Places
from services.installation import Place


async def place(
    request: Request,
    current: InstallationDep,
    _: Annotated[None, Depends(context.authenticated)],
    x_tenant: Annotated[str, Header()],
) -> Place:
    """The tenant in the header."""
    places: Places = request.app.state.places
    return await places.find(current, x_tenant)


def application() -> FastAPI:
    """The product's application with that choice replaced."""
    app = create_app()
    app.dependency_overrides[context.place] = place
    return app


if __name__ == "__main__":
    config = uvicorn.Config(
        application(), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
