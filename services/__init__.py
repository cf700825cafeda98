"""Use cases. They take a session and typed values, and never commit."""

import core  # noqa: F401 - before the client of Redis: core/__init__.py says why
