"""Celery: the pool that works the ledger off. Binds stage names to functions."""
