"""An installation with many tenants and some assets, and servers over it, for measurements."""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text

from core.database import Database
from core.embedded import EmbeddedServers
from core.settings import Settings
from services import tenants
from services.migrations import migrate

TOKEN = "measured"

_ASSETS = text("""
    INSERT INTO assets (name, kind, mime, bytes, sha256, storage_key, media, tags, created_at)
    SELECT 'film ' || n || '.mp4', 'video', 'video/mp4', 1000000 + n,
           encode(sha256(n::text::bytea), 'hex'), 'none/' || n,
           jsonb_build_object('duration', n, 'video', jsonb_build_object('codec', 'h264',
               'width', 1920, 'height', 1080, 'profile', repeat('x', 600))),
           ARRAY['spring', 'tag ' || n % 100], now() - n * interval '1 second'
      FROM generate_series(1, :count) n
""")
_RUNS = text("""
    INSERT INTO cell.runs (tenant_id, asset_id, recipe, state)
    SELECT :tenant, id, 'video', CASE WHEN bytes % 1000 = 0 THEN 'failed' ELSE 'done' END
      FROM assets
""")


@contextmanager
def installation(count: int, *, valkey: bool = False) -> Iterator[Settings]:
    """Durable servers of its own, migrated, with so many tenants."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder,
        EmbeddedServers(Path(folder) / "data", valkey=valkey) as urls,
    ):
        settings = Settings(
            data_dir=Path(folder) / "data",
            database_url=urls.database_url,
            database_admin_url=urls.database_admin_url,
            redis_url=urls.redis_url,
            storage_url=(Path(folder) / "storage").as_uri(),
            master_keys=SecretStr(secrets.token_hex(32)),
        )
        migrate(settings)
        for number in range(count - 1):
            tenants.create(settings, f"t-{number}")
        yield settings


def fill(settings: Settings, tenant_id: UUID, count: int) -> list[str]:
    """So many assets, with a run each; their ids."""
    database = Database(settings.database_url or "", pool_size=1)
    try:
        with database.tenant_scope(tenant_id) as session:
            session.execute(_ASSETS, {"count": count})
            session.execute(_RUNS, {"tenant": tenant_id})
            found = session.scalars(text("SELECT id::text FROM assets")).all()
        with database.engine.connect() as connection:
            assert connection is not None
        return list(found)
    finally:
        database.dispose()


@contextmanager
def server(
    settings: Settings, module: str, path: str, *options: str, **variables: str
) -> Iterator[tuple[int, int]]:
    """A process of a server that answers at `path`; its port and its process id."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        number, port = listener.fileno(), listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *options, str(number)],
            env={
                **os.environ,
                "DATABASE_URL": settings.database_url or "",
                "STORAGE_URL": settings.storage_url or "",
                "AUTOMATOR_DATA": str(settings.data_dir),
                "AUTOMATOR_TOKEN": TOKEN,
                "MASTER_KEYS": settings.master_keys.get_secret_value()
                if settings.master_keys
                else "",
                "REDIS_URL": settings.redis_url or "",
                **variables,
            },
            pass_fds=[number],
        )
        try:
            _until_answered(port, path, process)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


def _until_answered(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            line.request("GET", path)
            line.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            line.close()
    raise SystemExit("the server does not answer")


def headers(tenant: UUID | str) -> dict[str, str]:
    """What a request says of itself."""
    return {"Authorization": f"Bearer {TOKEN}", "X-Tenant": str(tenant)}
