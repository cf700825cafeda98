"""`python -m api --host H --port N`: serve the API in this process until SIGTERM."""

import argparse

import uvicorn


def main() -> None:
    """Parse the address and serve."""
    parser = argparse.ArgumentParser(prog="python -m api")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        # A stop may not wait for a stream that a client keeps open.
        timeout_graceful_shutdown=1,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
