"""A planted secret is found nowhere: not in answers, logs, traces, databases, dumps or backups."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from core.embedded.wheels import postgres_program
from core.master_keys import MasterKeys
from core.settings import Settings
from services import tenants
from services.backup import backup
from services.data_keys import held_in, stores
from services.installation import Installation
from tests.installations import CHECKOUT, MASTER_KEY, as_owner, environment, installation
from tests.servers import PostgresForTests
from tests.workers.collector import collector


@pytest.fixture
def settings(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Settings]:
    with installation(postgres, tmp_path / "data", redis_url=valkey) as made:
        yield made


def spellings(secret: bytes) -> list[bytes]:
    """How bytes may show: as they are, as hex, as base64, as Python and PostgreSQL write them."""
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret)[:-4],
        base64.urlsafe_b64encode(secret)[:-4],
        repr(secret)[2:-1].encode(),
    ]


def dump(settings: Settings, postgres: PostgresForTests) -> bytes:
    """A superuser's dump, which no row-level security bounds."""
    assert settings.database_url is not None
    name = settings.database_url.partition("?")[0].rpartition("/")[2]
    command = [str(postgres_program("pg_dump")), "--dbname"]
    address = postgres.url.replace("/postgres?", f"/{name}?")
    return subprocess.run([*command, address], capture_output=True, check=True).stdout


def test_a_planted_secret_is_found_nowhere(
    settings: Settings, postgres: PostgresForTests, tmp_path: Path
) -> None:
    tenant = tenants.create(settings, "planted")
    secret = f"planted-{uuid4().hex}-secret"
    with collector() as spans:
        done = subprocess.run(
            [sys.executable, "-m", "tests.api.planted"],
            cwd=CHECKOUT,
            env=environment(settings) | {"OTEL_EXPORTER_OTLP_ENDPOINT": spans.url},
            input=json.dumps({"secret": secret, "tenant": tenant.slug}).encode(),
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode()
        traced = repr(spans.spans).encode()
    with closing(Installation(settings)) as house, house.identity_scope() as session:
        peoples = house.keyring.people(session).seal(secret.encode(), "directory.x.y:1")
    with as_owner(settings) as (connection, _):
        rows = connection.execute("SELECT key, body FROM cell.idempotency_keys").fetchall()
    file = tmp_path / "all.backup"
    backup(settings, file)
    places = {
        "answers": done.stdout,
        "logs": done.stderr,
        "traces": traced,
        "dump": dump(settings, postgres),
        "backup": file.read_bytes(),
        "a person's sealed value": peoples,
    }
    sockets = Path(postgres.url.partition("?host=")[2])
    log = sockets.parents[1] / "logs" / "postgres.log"
    if log.exists():  # of a server of this run's own
        places["the server's log"] = log.read_bytes()

    # That it was there at all, and that what is looked through is what it could be in.
    assert [row[0] for row in rows] == ["well"]
    assert bytes(rows[0][1]).hex().encode() in places["dump"]
    assert b'"seal_broken"' in places["answers"]
    assert places["answers"].count(b"500 ") == 4
    assert b"no way to go on" in places["logs"]
    assert b"duplicate key" in places["logs"]
    assert b"sealing" in places["traces"]

    masters = MasterKeys.of(settings)
    keys = [
        masters.named(held.key.master).unwrap(held.key.wrapped, str(held))
        for store, connection in stores(settings)
        for held in held_in(store, connection)
    ]
    assert len(keys) == 2
    hidden = {
        "secret": spellings(secret.encode()),
        "master key": spellings(bytes.fromhex(MASTER_KEY)),
        "people's key": spellings(keys[0]),
        "tenant's key": spellings(keys[1]),
    }
    found = {
        (what, where)
        for what, ways in hidden.items()
        for where, content in places.items()
        if any(way in content for way in ways)
    }
    assert found == set()
