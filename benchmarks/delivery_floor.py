"""A bare server of files: Starlette's FileResponse, and nothing else.

The floor under bench_delivery: `python -m benchmarks.delivery_floor FD FOLDER`.
"""

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

if __name__ == "__main__":
    folder = sys.argv[2]

    async def film(request: Request) -> FileResponse:
        """One file."""
        return FileResponse(f"{folder}/{request.path_params['name']}", media_type="video/mp4")

    config = uvicorn.Config(
        Starlette(routes=[Route("/{name}", film)]), loop="uvloop", http="httptools",
        access_log=False, lifespan="off", log_level="warning",
    )  # fmt: skip
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
