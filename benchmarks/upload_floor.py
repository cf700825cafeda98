"""A bare server that takes a body in: streams, writes, hashes and syncs, and nothing else.

The floor under bench_uploads: `python -m benchmarks.upload_floor FD FILE`.
"""

import hashlib
import os
import socket
import sys
from typing import Any

import uvicorn
from anyio import to_thread

from api.routes.uploads import BUFFER_BYTES
from services.uploads import SYNC_BYTES


class Floor:
    """An ASGI application; state: the open file, and what came."""

    def __init__(self, path: str) -> None:
        """Writes to `path`, over what was there."""
        self._path = path

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        digest, unsynced = hashlib.sha256(), 0

        def write(data: bytearray) -> None:
            nonlocal unsynced
            os.write(handle, data)
            digest.update(data)
            unsynced += len(data)
            if unsynced >= SYNC_BYTES:
                os.fdatasync(handle)
                unsynced = 0

        buffer, more = bytearray(), scope["method"] != "GET"
        while more:
            message = await receive()
            buffer += message.get("body", b"")
            more = message.get("more_body", False)
            if len(buffer) >= BUFFER_BYTES or not more:
                await to_thread.run_sync(write, buffer)
                buffer = bytearray()
        await to_thread.run_sync(os.fdatasync, handle)
        os.close(handle)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": digest.hexdigest().encode()[:0]})


if __name__ == "__main__":
    config = uvicorn.Config(
        Floor(sys.argv[2]), loop="uvloop", http="httptools", access_log=False, lifespan="off",
        log_level="warning",
    )  # fmt: skip
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
