"""Somebody to whom things happen, for tests of events."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy import make_url, text

from core.settings import Settings
from services import events
from services.installation import DEFAULT_TENANT, Installation, Place
from tests.api.serving import TOKEN
from tests.api.streams import Reader
from tests.servers import PostgresForTests


@dataclass(frozen=True, slots=True)
class Office:
    """An installation whose default tenant has things happen to it."""

    settings: Settings
    installation: Installation
    place: Place
    superuser_url: str

    def emit(self, count: int = 1, kind: str = "stage.done", run_id: UUID | None = None) -> None:
        """Have events happen, in one transaction."""
        with self.installation.tenant_scope(self.place) as session:
            for _ in range(count):
                session.execute(
                    text("SELECT cell.emit(:tenant, :kind, :run, NULL, '{}')"),
                    {"tenant": self.place.tenant_id, "kind": kind, "run": run_id},
                )

    def pour(self, count: int, size: int = 60) -> None:
        """Have very many events happen in one transaction: one by one would take a while."""
        with self.installation.tenant_scope(self.place) as session:
            head = session.scalar(
                text("UPDATE cell.event_heads SET seq = seq + :count RETURNING seq"),
                {"count": count},
            )
            session.execute(
                text(
                    "INSERT INTO cell.events (tenant_id, seq, kind, data)"
                    " SELECT :tenant, n, 'stage.done', jsonb_build_object("
                    " 'words', CAST(:words AS text))"
                    " FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n"
                ),
                {
                    "tenant": self.place.tenant_id,
                    "words": "x" * size,
                    "first": head - count + 1,
                    "last": head,
                },
            )
            session.execute(
                text("SELECT pg_notify('ledger_events', :tenant)"),
                {"tenant": str(self.place.tenant_id)},
            )

    def head(self) -> events.Position:
        """Where the tenant's events are."""
        with self.installation.tenant_scope(self.place) as session:
            return events.read(session, None, limit=1).end

    def superuser(self, statement: str, *values: object) -> None:
        """Change what no login of ours may."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(statement.encode(), values)


@contextmanager
def office_of(settings: Settings, postgres: PostgresForTests) -> Iterator[Office]:
    """The default tenant of an installation."""
    assert settings.database_url is not None
    database = make_url(settings.database_url).database
    parts = psycopg.conninfo.conninfo_to_dict(postgres.url) | {"dbname": database}
    with closing(Installation(settings)) as installation:
        yield Office(
            settings,
            installation,
            installation.place(DEFAULT_TENANT),
            psycopg.conninfo.make_conninfo("", **cast(Any, parts)),
        )


@contextmanager
def reading(
    port: int, path: str = "/v1/events", after: str | None = None, token: str = TOKEN
) -> Iterator[Reader]:
    """A reader for the length of a block."""
    reader = Reader(port, path, after, token)
    try:
        yield reader
    finally:
        reader.close()


def heard(reader: Reader, office: Office) -> None:
    """Wait until events come at once: until the subscription hears the relay."""
    end = time.monotonic() + 20
    while True:
        count = len(reader.parser.told)
        office.emit()
        began = time.monotonic()
        reader.events(count + 1)
        if time.monotonic() - began < 0.3:
            return
        assert time.monotonic() < end
