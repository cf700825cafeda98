"""FastAPI: routes and schemas, one file a noun."""

import core  # noqa: F401 - before the client of Redis: core/__init__.py says why
