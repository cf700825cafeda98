"""`python -m api --host H --port N`: serve the API in this process until SIGTERM.

With `--fd`, on a listening socket that this process has inherited.
"""

import argparse
import logging
import resource
import socket
import sys
from contextlib import suppress

import uvicorn

from api.app import create_app
from api.server import Protocol, Server
from core.logging import configure_logging
from core.settings import get_settings


def main() -> None:
    """Parse the address and serve; ends the process with status 3 where it cannot."""
    parser = argparse.ArgumentParser(prog="python -m api")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="an open socket instead of an address")
    arguments = parser.parse_args()
    settings = get_settings()
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    _allow_many_lines()
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config = uvicorn.Config(
        create_app(),
        host=arguments.host,
        port=arguments.port,
        loop="uvloop",
        http=Protocol,
        ws="none",
        # A stop may not wait for a client that does not go.
        timeout_graceful_shutdown=1,
        access_log=False,
        log_config=None,  # ours hides secrets, and speaks JSON where it is asked to
        server_header=False,
        proxy_headers=False,  # api/gateway.py asks for a proof first
    )
    server = Server(config)
    # Not as Config(fd=…), which takes every socket for a unix one.
    with suppress(KeyboardInterrupt):  # uvicorn has stopped, and raises it to say so
        server.run([socket.socket(fileno=arguments.fd)] if arguments.fd is not None else None)
    if not server.started:
        sys.exit(3)


def _allow_many_lines() -> None:
    """As many open files as the system lets us: a stream of events is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _is_news(record: logging.LogRecord) -> bool:
    """False for what we say ourselves, and better: a client hung up on, a request refused."""
    return record.getMessage() not in _SAID


_SAID = frozenset(
    {"ASGI callable returned without completing response.", "Invalid HTTP request received."}
)


if __name__ == "__main__":
    main()
