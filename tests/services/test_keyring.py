"""Data keys: made once, found by whoever may, wrapped anew and made anew while work goes on."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.errors import Misconfigured, SealBroken, Unavailable
from core.kms import EMULATOR
from core.master_keys import LocalMasterKey
from core.sealing import key_version
from core.settings import Settings
from services import keyring as keyrings
from services import tenants
from services.installation import Installation, Place
from tests.installations import MASTER_KEY, as_owner, installation
from tests.kms_server import kms_server
from tests.servers import PostgresForTests

SECRET = b"hunter2 of a tenant"


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    data = Path(tmp_path_factory.mktemp("data"))
    with installation(postgres, data, further_cells=("second",)) as made:
        yield made


@pytest.fixture
def house(settings: Settings) -> Iterator[Installation]:
    with closing(Installation(settings)) as made:
        yield made


def place(settings: Settings, cell: str = "second") -> Place:
    """A new tenant's."""
    made = tenants.create(settings, f"t{uuid4().hex}", cell=cell)
    return Place(made.id, made.slug, made.name, made.cell)


def seal(house: Installation, where: Place, secret: bytes = SECRET, context: str = "a:1") -> bytes:
    with house.tenant_scope(where) as session:
        return house.keyring.tenant(session, where.tenant_id).seal(secret, context)


def unseal(house: Installation, where: Place, sealed: bytes, context: str = "a:1") -> bytes:
    with house.tenant_scope(where) as session:
        return house.keyring.tenant(session, where.tenant_id).open(sealed, context)


def versions(settings: Settings, where: Place) -> list[tuple[int, str]]:
    with as_owner(settings, where.cell) as (connection, _):
        return connection.execute(
            "SELECT version, master FROM cell.data_keys WHERE tenant_id = %s ORDER BY 1",
            [where.tenant_id],
        ).fetchall()


def test_a_tenants_secret_opens_in_every_process_and_for_no_other_tenant(
    settings: Settings, house: Installation
) -> None:
    one, other = place(settings), place(settings)
    assert versions(settings, one) == []
    sealed = seal(house, one)
    assert unseal(house, one, sealed) == SECRET
    with closing(Installation(settings)) as elsewhere:
        assert unseal(elsewhere, one, sealed) == SECRET
    for _ in range(2):  # before the other has a key, and after
        with pytest.raises(SealBroken):
            unseal(house, other, sealed)
        seal(house, other)
    with pytest.raises(SealBroken):
        unseal(house, one, sealed, "a:2")
    assert len(versions(settings, one)) == 1


def test_a_wrong_scope_finds_no_key_and_makes_none(settings: Settings, house: Installation) -> None:
    one, other = place(settings), place(settings)
    sealed = seal(house, one)
    with house.tenant_scope(other) as session, pytest.raises(SealBroken):
        house.keyring.tenant(session, one.tenant_id).open(sealed, "a:1")
    third = place(settings)
    with pytest.raises(ProgrammingError), house.tenant_scope(other) as session:
        house.keyring.tenant(session, third.tenant_id).seal(SECRET, "a:1")
    with pytest.raises(ProgrammingError), house.tenant_scope(other) as session:
        house.keyring.people(session).seal(SECRET, "a:1")
    assert versions(settings, third) == []


def test_a_key_that_was_moved_to_another_tenant_or_version_does_not_unwrap(
    settings: Settings, house: Installation
) -> None:
    one, other = place(settings), place(settings)
    sealed = seal(house, one)
    with as_owner(settings, "second") as (connection, _):
        for tenant_id, version in ((other.tenant_id, 1), (one.tenant_id, 2)):
            connection.execute(
                "INSERT INTO cell.data_keys (tenant_id, version, master, wrapped)"
                " SELECT %s, %s, master, wrapped FROM cell.data_keys WHERE tenant_id = %s",
                [tenant_id, version, one.tenant_id],
            )
    with pytest.raises(SealBroken):
        unseal(house, other, sealed)
    with pytest.raises(SealBroken):
        seal(house, one)
    assert unseal(house, one, sealed) == SECRET


def test_people_have_keys_of_their_own(settings: Settings, house: Installation) -> None:
    with house.identity_scope() as session:
        sealed = house.keyring.people(session).seal(SECRET, "directory.totp.seed:1")
    with house.identity_scope() as session:
        sealer = house.keyring.people(session)
        assert sealer.open(sealed, "directory.totp.seed:1") == SECRET
        with pytest.raises(SealBroken):
            sealer.open(sealed, "directory.totp.seed:2")
    where = place(settings, "main")
    seal(house, where)
    with pytest.raises(SealBroken):
        unseal(house, where, sealed, "directory.totp.seed:1")


def _race(settings: Settings, where: Place, start: object, said: object) -> None:
    with closing(Installation(settings)) as house, house.tenant_scope(where) as session:
        start.wait()  # type: ignore[attr-defined]
        sealed = house.keyring.tenant(session, where.tenant_id).seal(SECRET, "a:1")
    said.put(sealed)  # type: ignore[attr-defined]


def test_processes_that_make_the_first_key_at_once_agree_on_one(
    settings: Settings, house: Installation
) -> None:
    where = place(settings)
    together = multiprocessing.get_context("fork")
    start, said = together.Barrier(3), together.SimpleQueue()
    racers = [together.Process(target=_race, args=(settings, where, start, said)) for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)
        assert racer.exitcode == 0
    sealed = [said.get() for _ in racers]
    assert len(versions(settings, where)) == 1
    assert {unseal(house, where, one) for one in sealed} == {SECRET}


def test_a_first_key_that_was_rolled_back_seals_nothing_more(
    settings: Settings, house: Installation
) -> None:
    where = place(settings)
    with suppress(RuntimeError), house.tenant_scope(where) as session:
        house.keyring.tenant(session, where.tenant_id).seal(SECRET, "a:1")
        raise RuntimeError
    with house.tenant_scope(where) as session:
        with suppress(RuntimeError), session.begin_nested():
            house.keyring.tenant(session, where.tenant_id).seal(SECRET, "a:1")
            raise RuntimeError
        sealed = house.keyring.tenant(session, where.tenant_id).seal(SECRET, "a:1")
    with closing(Installation(settings)) as elsewhere:
        assert unseal(elsewhere, where, sealed) == SECRET


def test_a_sealer_opens_what_a_younger_key_sealed_meanwhile(
    settings: Settings, house: Installation
) -> None:
    where = place(settings)
    old = seal(house, where)
    with house.tenant_scope(where) as session:
        sealer = house.keyring.tenant(session, where.tenant_id)
        assert sealer.open(old, "a:1") == SECRET
        key = keyrings.fresh(house.keyring.masters, where.tenant_id, 2)
        with as_owner(settings, "second") as (connection, _):
            connection.execute(
                "INSERT INTO cell.data_keys (tenant_id, version, master, wrapped)"
                " VALUES (%s, 2, %s, %s)",
                [where.tenant_id, key.master, key.wrapped],
            )
        with closing(Installation(settings)) as elsewhere:
            young = seal(elsewhere, where)
        assert (key_version(old), key_version(young)) == (1, 2)
        assert sealer.open(young, "a:1") == SECRET


def test_without_its_master_key_nothing_opens_and_the_setting_is_named(
    settings: Settings, house: Installation
) -> None:
    where = place(settings)
    sealed = seal(house, where)
    for keys, complaint in ((None, "MASTER_KEYS is not set"), ("01" * 32, "add it behind")):
        changed = settings.model_validate({**settings.model_dump(), "master_keys": keys})
        with closing(Installation(changed)) as poor:
            with pytest.raises(Misconfigured, match=complaint) as caught:
                unseal(poor, where, sealed)
            assert caught.value.status == 503
    both = f"{'01' * 32},{MASTER_KEY}"
    changed = settings.model_validate({**settings.model_dump(), "master_keys": both})
    with closing(Installation(changed)) as rich:
        assert unseal(rich, where, sealed) == SECRET


def test_a_master_key_elsewhere_is_asked_once_and_never_within_a_transaction(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = place(settings)
    with kms_server() as kms:
        monkeypatch.setenv(EMULATOR, kms.url)
        resource = kms.key("a")
        told = settings.model_validate({**settings.model_dump(), "master_keys": resource})
        with closing(Installation(told)) as house:
            pool = house.cell(where.cell).engine.pool
            busy: list[int] = []

            def look(body: dict[str, Any]) -> dict[str, Any]:
                busy.append(pool.checkedout())  # type: ignore[attr-defined]
                return body

            kms.faults = [look, look]
            house.keyring.warm(where)
            assert busy == [0, 0]
            house.keyring.warm(where)
            asked = len(kms.requests)
            assert asked == 2  # to wrap it, and to know that it unwraps
            sealed = seal(house, where)
            assert unseal(house, where, sealed) == SECRET
            assert len(kms.requests) == asked
        kms.faults = [503, 503]
        with closing(Installation(told)) as other, pytest.raises(Unavailable):
            unseal(other, where, sealed)
    assert versions(settings, where) == [(1, f"kms:{resource}")]


def test_what_is_remembered_is_bounded_in_number_and_time(
    settings: Settings, house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyrings, "_REMEMBERED", 2)
    asked: list[str] = []
    genuine = LocalMasterKey.unwrap

    def unwrap(self: LocalMasterKey, wrapped: bytes, context: str) -> bytes:
        asked.append(context)
        return genuine(self, wrapped, context)

    monkeypatch.setattr(LocalMasterKey, "unwrap", unwrap)
    where = [place(settings) for _ in range(3)]
    for one in (0, 0, 1, 2, 2, 0):
        seal(house, where[one])
    assert [where.index(_whose(where, context)) for context in asked] == [0, 1, 2, 0]
    monkeypatch.setattr(keyrings, "_SECONDS", 0.0)
    seal(house, where[0])
    assert len(asked) == 5


def _whose(where: list[Place], context: str) -> Place:
    return next(one for one in where if context.endswith(str(one.tenant_id)))


def test_what_holds_keys_shows_none(settings: Settings, house: Installation) -> None:
    where = place(settings)
    with house.tenant_scope(where) as session:
        sealer = house.keyring.tenant(session, where.tenant_id)
        sealer.seal(SECRET, "a:1")
        shown = f"{house.keyring!r} {sealer!r} {house.keyring.__dict__!r} {house.settings!r}"
        row = session.execute(text("SELECT wrapped FROM cell.data_keys")).scalar_one()
    key = LocalMasterKey(bytes.fromhex(MASTER_KEY)).unwrap(
        bytes(row), keyrings.wrapped_for(where.tenant_id, 1)
    )
    for hidden in (MASTER_KEY, repr(bytes.fromhex(MASTER_KEY)), key.hex(), repr(key)):
        assert hidden not in shown


def test_threads_that_seal_at_once_for_a_new_tenant_all_succeed(
    settings: Settings, house: Installation
) -> None:
    where = place(settings)
    sealed: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: sealed.append(seal(house, where, os.urandom(8))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({unseal(house, where, one) for one in sealed}) == 4
    assert [version for version, _ in versions(settings, where)] == [1]
