"""A turn at a connection, for a route that opens its transactions itself, one after the other."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from api import trails
from api.context import InstallationDep, PlaceDep
from services import audit

Opens = Callable[[], AbstractContextManager[Session]]


async def turn(request: Request) -> AsyncIterator[None]:
    """For a route that reads. It waits here, where that takes no thread."""
    async with request.app.state.turns:
        yield


async def recorded(
    request: Request, response: Response, current: InstallationDep, where: PlaceDep
) -> AsyncIterator[Opens]:
    """For a route that changes something: opens the one transaction of the tenant that does it.

    What that changes is recorded in it.
    """
    async with request.app.state.turns:
        yield lambda: trails.recorded(current.tenant_scope(where), response, audit.record)


TurnDep = Annotated[None, Depends(turn, scope="function")]
RecordedDep = Annotated[Opens, Depends(recorded, scope="function")]
