"""Celery: the pool that works the ledger off. Binds stage names to functions."""

import core  # noqa: F401 - before the client of Redis: core/__init__.py says why
