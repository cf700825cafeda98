"""What event streams need of uvicorn beyond ASGI: a line to cut, and early word of the end.

uvicorn's own `close` waits for a client to take what was written, which a slow one never does.
"""

import socket
from typing import Any, Final

import uvicorn

from api.lines import BoundedLine

# The name of an extension (https://asgi.readthedocs.io/en/latest/extensions.html).
TRANSPORT: Final = "automator.transport"


class Protocol(BoundedLine):
    """uvicorn's protocol, which also tells the application what it writes to."""

    def on_message_begin(self) -> None:
        """Called when a request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


class Server(uvicorn.Server):
    """uvicorn's server, which ends the streams before it waits for what is open."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called once, when a signal has come."""
        app: Any = self.config.app
        app.state.events.close()
        await super().shutdown(sockets)
