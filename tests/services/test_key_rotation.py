"""Keys are rotated while others seal and open, and whoever is cut short goes on."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import sql
from sqlalchemy import text

from core.errors import Misconfigured, SealBroken, Unavailable
from core.kms import EMULATOR
from core.master_keys import LocalMasterKey, MasterKeys
from core.sealing import key_version
from core.settings import Settings
from models.migrations import ROOT
from services import key_rotation, tenants
from services.data_keys import survey
from services.installation import Installation, Place
from services.key_rotation import renew, rewrap
from services.sealed_columns import SealedColumn
from tests.installations import MASTER_KEY, as_owner, installation
from tests.kms_server import kms_server
from tests.servers import PostgresForTests

NEW = "77" * 32
OLD_NAME, NEW_NAME = (LocalMasterKey(bytes.fromhex(key)).name for key in (MASTER_KEY, NEW))
COLUMNS = (
    SealedColumn("directory", "test_seeds", "seed", key="person"),
    SealedColumn("cell", "test_hooks", "secret"),
    SealedColumn("tenant", "test_channels", "token"),
)
PEOPLE, HOOKS, CHANNELS = COLUMNS
_SHARED_TABLES = {
    "main": "CREATE TABLE directory.test_seeds (person uuid PRIMARY KEY, seed bytea);"
    "GRANT SELECT, INSERT, UPDATE ON directory.test_seeds TO {identity};",
    "second": "",
}
_HOOKS = (
    "CREATE TABLE cell.test_hooks (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, secret bytea);"
    "GRANT SELECT, INSERT, UPDATE ON cell.test_hooks TO {tenant_base};"
)


@pytest.fixture
def settings(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Settings]:
    """An installation with a table of sealed values in each branch."""
    with installation(postgres, tmp_path / "data", further_cells=("second",)) as made:
        for cell, more in _SHARED_TABLES.items():
            with as_owner(made, cell) as (connection, known):
                names = {
                    "identity": sql.Identifier(known.roles.identity),
                    "tenant_base": sql.Identifier(known.roles.tenant_base),
                }
                script = sql.SQL(_HOOKS + more).format(**names)
                connection.execute(script.as_bytes(connection))
        yield made


def told(settings: Settings, *keys: str) -> Settings:
    """The same installation with other master keys."""
    return settings.model_validate({**settings.model_dump(), "master_keys": ",".join(keys)})


def place(settings: Settings, cell: str = "second", *, table: bool = True) -> Place:
    made = tenants.create(settings, f"t{uuid4().hex}", cell=cell, root=ROOT)
    schema = sql.Identifier(f"t_{made.id.hex}")
    if table:
        with as_owner(settings, cell) as (connection, _):
            connection.execute(
                sql.SQL(
                    "CREATE TABLE {0}.test_channels (id uuid PRIMARY KEY, token bytea);"
                    "GRANT SELECT, INSERT, UPDATE ON {0}.test_channels TO {0}"
                ).format(schema)
            )
    return Place(made.id, made.slug, made.name, made.cell)


def put(house: Installation, where: Place, secret: bytes) -> UUID:
    """A secret in a row of the cell's table, and one in the tenant's."""
    row = uuid4()
    with house.tenant_scope(where) as session:
        sealer = house.keyring.tenant(session, where.tenant_id)
        for table, column, values in (
            ("cell.test_hooks (id, tenant_id, secret)", HOOKS, ":id, :tenant, :value"),
            ("test_channels (id, token)", CHANNELS, ":id, :value"),
        ):
            value = sealer.seal(secret, column.context(row))
            session.execute(
                text(f"INSERT INTO {table} VALUES ({values})"),
                {"id": row, "tenant": where.tenant_id, "value": value},
            )
    return row


def found(house: Installation, where: Place, row: UUID) -> tuple[set[bytes], set[int | None]]:
    """What both rows hold, and which keys sealed it."""
    with house.tenant_scope(where) as session:
        sealer = house.keyring.tenant(session, where.tenant_id)
        sealed = {
            column: bytes(
                session.execute(
                    text(f"SELECT {column.column} FROM {table} WHERE id = :id"), {"id": row}
                ).scalar_one()
            )
            for table, column in (("cell.test_hooks", HOOKS), ("test_channels", CHANNELS))
        }
        opened = {sealer.open(value, column.context(row)) for column, value in sealed.items()}
    return opened, {key_version(value) for value in sealed.values()}


def put_persons(house: Installation, secret: bytes) -> UUID:
    person = uuid4()
    with house.identity_scope() as session:
        value = house.keyring.people(session).seal(secret, PEOPLE.context(person))
        session.execute(
            text("INSERT INTO directory.test_seeds VALUES (:id, :value)"),
            {"id": person, "value": value},
        )
    return person


def persons(house: Installation, person: UUID) -> tuple[bytes, int | None]:
    with house.identity_scope() as session:
        value = bytes(
            session.execute(
                text("SELECT seed FROM directory.test_seeds WHERE person = :id"), {"id": person}
            ).scalar_one()
        )
        return house.keyring.people(session).open(value, PEOPLE.context(person)), key_version(value)


def test_every_key_is_wrapped_anew_and_what_they_seal_stays_as_it_is(settings: Settings) -> None:
    with closing(Installation(settings)) as house:
        where = [place(settings), place(settings, "main")]
        rows = [put(house, one, b"of a tenant") for one in where]
        person = put_persons(house, b"of a person")
    both = told(settings, NEW, MASTER_KEY)
    assert survey(both) == {OLD_NAME: 3}
    report = rewrap(both)
    assert (report.rewrapped, report.left) == (3, [])
    assert survey(both) == {NEW_NAME: 3}
    assert rewrap(both).rewrapped == 0
    assert rewrap(both, every=True).rewrapped == 3
    with closing(Installation(told(settings, NEW))) as house:
        for one, row in zip(where, rows, strict=True):
            assert found(house, one, row) == ({b"of a tenant"}, {1})
        assert persons(house, person) == (b"of a person", 1)
    with closing(Installation(settings)) as house, pytest.raises(Misconfigured, match=NEW_NAME):
        found(house, where[0], rows[0])


def test_a_key_whose_master_is_gone_is_told_and_keeps_no_other_back(settings: Settings) -> None:
    with closing(Installation(told(settings, NEW))) as lost:
        put(lost, place(settings), b"lost")
    with closing(Installation(settings)) as house:
        put(house, place(settings), b"kept")
    third = "88" * 32
    report = rewrap(told(settings, third, MASTER_KEY))
    assert report.rewrapped == 1
    assert [NEW_NAME in line for line in report.left] == [True]


def test_a_rotation_that_was_cut_short_is_gone_on_with(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Installation(settings)) as house:
        where = [place(settings) for _ in range(3)]
        rows = [put(house, one, b"x") for one in where]
    with kms_server() as kms:
        monkeypatch.setenv(EMULATOR, kms.url)
        both = told(settings, kms.key("a"), MASTER_KEY)
        kms.faults = [lambda body: body, 503, 503]
        with pytest.raises(Unavailable):
            rewrap(both)
        assert survey(both) == {OLD_NAME: 2, f"kms:{kms.key('a')}": 1}
        assert rewrap(both).rewrapped == 2
        # Back again, and a newer version of Google's own key.
        kms.rotate(kms.key("a"))
        assert rewrap(both, every=True).rewrapped == 3
        back = told(settings, MASTER_KEY, kms.key("a"))
        assert rewrap(back).rewrapped == 3
    with closing(Installation(settings)) as house:
        assert [found(house, *pair)[0] for pair in zip(where, rows, strict=True)] == [{b"x"}] * 3


def test_new_data_keys_seal_what_comes_and_what_was_there(settings: Settings) -> None:
    with closing(Installation(settings)) as house:
        where, without_table = place(settings), place(settings, table=False)
        row, person = put(house, where, b"old"), put_persons(house, b"a person's")
        with house.tenant_scope(without_table) as session:
            house.keyring.tenant(session, without_table.tenant_id).seal(b"x", "y")
        empty = place(settings)
        age(settings)
        report = renew(settings, COLUMNS)
        assert (report.made, report.resealed, report.left) == (3, 3, [])
        assert found(house, where, row) == ({b"old"}, {2})
        assert persons(house, person) == (b"a person's", 2)
        assert found(house, where, put(house, where, b"new")) == ({b"new"}, {2})
        with house.tenant_scope(empty) as session:
            keys = session.execute(text("SELECT count(*) FROM cell.data_keys")).scalar_one()
            assert keys == 0
        again = renew(settings, COLUMNS)
        assert (again.made, again.resealed) == (0, 0)


def age(settings: Settings) -> None:
    """Makes every data key two hours older."""
    for cell in ("main", "second"):
        with as_owner(settings, cell) as (connection, _):
            older = "UPDATE {} SET created_at = created_at - interval '2 hours'"
            connection.execute(sql.SQL(older).format(sql.Identifier("cell", "data_keys")))
            if cell == "main":
                connection.execute(sql.SQL(older).format(sql.Identifier("directory", "data_keys")))


def test_many_values_are_sealed_anew_and_a_broken_one_is_named_without_its_value(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.resealing._BATCH", 3)
    with closing(Installation(settings)) as house:
        where, other = place(settings), place(settings)
        rows = [put(house, where, b"secret %d" % number) for number in range(7)]
        theirs = put(house, other, b"theirs")
        with as_owner(settings, "second") as (connection, _):
            connection.execute(
                "UPDATE cell.test_hooks SET secret = set_byte(secret, 20, get_byte(secret, 20) # 1)"
                " WHERE id = %s",
                [rows[3]],
            )
        age(settings)
        report = renew(settings, COLUMNS)
        assert (report.made, report.resealed) == (2, 15)
        assert len(report.left) == 1
        assert HOOKS.context(rows[3]) in report.left[0]
        for number, row in enumerate(rows):
            if number != 3:
                assert found(house, where, row) == ({b"secret %d" % number}, {2})
        with pytest.raises(SealBroken):
            found(house, where, rows[3])
        assert found(house, other, theirs) == ({b"theirs"}, {2})


def test_keys_are_rotated_while_others_seal_and_open(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "_YOUNG", "0 seconds")
    both = told(settings, NEW, MASTER_KEY)
    where = [place(settings) for _ in range(2)]
    written: list[tuple[Place, UUID, bytes]] = []
    done = threading.Event()

    def work(house: Installation, number: int) -> None:
        turn = 0
        while not done.is_set() or turn < 3:
            secret = b"%d/%d" % (number, turn)
            one = where[turn % 2]
            row = put(house, one, secret)
            written.append((one, row, secret))
            assert found(house, one, row)[0] == {secret}
            turn += 1
            time.sleep(0.02)

    # One process has been told of the new key already, one only that it may open.
    with (
        closing(Installation(both)) as young,
        closing(Installation(told(settings, MASTER_KEY, NEW))) as old,
        ThreadPoolExecutor(2) as pool,
    ):
        workers = [pool.submit(work, house, number) for number, house in enumerate((young, old))]
        made = 0
        for _ in range(2):
            rewrap(both, every=True)
            report = renew(both, COLUMNS)
            made += report.made
            assert report.left == []
        done.set()
        for worker in workers:
            worker.result(30)
        assert made >= 2
        rewrap(both)
        assert survey(both).keys() == {NEW_NAME}
        renew(both, COLUMNS)
        with closing(Installation(told(settings, NEW))) as alone:
            for one, row, secret in written:
                assert found(alone, one, row)[0] == {secret}


def test_a_value_that_is_changed_meanwhile_stays_as_its_writer_left_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Installation(settings)) as house:
        where = place(settings)
        row = put(house, where, b"old")
        age(settings)
        genuine = MasterKeys.named

        def meanwhile(self: MasterKeys, name: str) -> Any:
            monkeypatch.setattr(MasterKeys, "named", genuine)
            with house.tenant_scope(where) as session:
                value = house.keyring.tenant(session, where.tenant_id)
                session.execute(
                    text("UPDATE cell.test_hooks SET secret = :value"),
                    {"value": value.seal(b"new", HOOKS.context(row))},
                )
            return genuine(self, name)

        monkeypatch.setattr(MasterKeys, "named", meanwhile)
        report = renew(settings, COLUMNS)
        assert (report.made, report.resealed, report.left) == (1, 1, [])
        assert found(house, where, row)[0] == {b"old", b"new"}
