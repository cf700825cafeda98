"""Tenants that are being made: whoever asked for one waits a moment and finds it there."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from fastapi import Request

from api.context import in_turn
from core.errors import AutomatorError
from services.installation import Installation

# A tenant is made within a tenth of a second or so; after this, its founder sees it being made.
_FOUNDED_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.02


async def founded(request: Request, current: Installation, tenant: str) -> None:
    """Wait for a tenant to be made, for a while."""
    end = time.monotonic() + _FOUNDED_SECONDS
    while time.monotonic() < end:
        with suppress(AutomatorError):
            await in_turn(request, current.place, tenant)
            return
        await asyncio.sleep(_LOOK_SECONDS)
