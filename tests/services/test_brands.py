"""Every asset belongs to a brand; a tenant has a default one from the first moment to the last."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.database import Database, tenant_role
from core.errors import AutomatorError, Conflict, NotFound, Outdated, QuotaExceeded, Rejected
from core.ids import new_id
from core.keys import source_key
from core.settings import Settings
from core.sniff import Sniffed
from models.asset import Asset
from models.brand import Brand
from services import asset_views, assets, brands, imports, library, runs, tenants, trash
from services.assets import Received
from services.installation import Installation, Place
from services.migrations import grants, render_tenant
from tests.installations import HASH, as_owner, database, installation
from tests.servers import PostgresForTests

MOST = 8


@pytest.fixture(scope="module")
def house(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    data = Path(tmp_path_factory.mktemp("data"))
    with (
        installation(postgres, data, brands=MOST, free_space_reserve_bytes=0) as settings,
        closing(Installation(settings, pool_size=8)) as made,
    ):
        yield made


@pytest.fixture
def place(house: Installation) -> Place:
    """A tenant of the test's own."""
    return _made(house.settings, house, "Acme")


def _made(settings: Settings, house: Installation, name: str) -> Place:
    return house.place(str(tenants.create(settings, f"b-{uuid4().hex[:12]}", name=name).id))


def _in(house: Installation, place: Place, act: Callable[[Session], Any]) -> Any:
    with house.tenant_scope(place) as session:
        return act(session)


def _make(house: Installation, place: Place, name: str) -> UUID:
    made: UUID = _in(house, place, lambda s: brands.create(s, house.settings, name).id)
    return made


def _received(place: Place) -> Received:
    asset_id = new_id()
    key = source_key(place.tenant_id, asset_id)
    return Received(asset_id, "film.mp4", key, 1, HASH, Sniffed("video", "video/mp4"))


def _take_in(house: Installation, place: Place, brand_id: UUID | None = None) -> UUID:
    """An asset, as uploads and imports make it."""
    with house.tenant_scope(place) as session:
        return assets.record(session, _received(place), brand_id=brand_id).id


def _all(house: Installation, place: Place) -> dict[str, bool]:
    """The brands by name, and whether each is the default."""
    with house.tenant_scope(place) as session:
        return {one.name: one.is_default for one in brands.page(session, limit=100, after=None)}


def _default(house: Installation, place: Place) -> UUID:
    found: UUID = _in(
        house, place, lambda s: s.scalars(select(Brand.id).where(Brand.is_default)).one()
    )
    return found


def _brand_of(house: Installation, place: Place, asset_id: UUID) -> UUID:
    found: UUID = _in(house, place, lambda s: asset_views.get(s, asset_id).brand_id)
    return found


@pytest.mark.parametrize(
    ("tenant", "brand"),
    [
        ("Acme Ltd", "Acme Ltd"),
        ("x" * 99 + " yz", "x" * 99),
        ("E\u0301clair \u202e\tShop", "Éclair Shop"),
        ("\u200b", brands.FIRST),
    ],
)
def test_a_new_tenant_has_one_brand_named_as_it_is(
    house: Installation, tenant: str, brand: str
) -> None:
    assert _all(house, _made(house.settings, house, tenant)) == {brand: True}


def test_the_first_tenant_has_its_brand_too(house: Installation) -> None:
    assert _all(house, house.place("default")) == {"Default": True}


def test_of_many_that_become_the_default_at_once_one_is(house: Installation, place: Place) -> None:
    ids = [_make(house, place, f"brand {number}") for number in range(6)]
    barrier = threading.Barrier(6)

    def switch(brand_id: UUID) -> None:
        barrier.wait()
        for _ in range(4):
            _in(house, place, lambda s: brands.change(s, brand_id, default=True))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(switch, ids))
    assert sorted(_all(house, place).values()) == [False] * 6 + [True]
    assert _default(house, place) in ids


def test_of_many_that_are_made_at_once_no_more_stay_than_may_be(
    house: Installation, place: Place
) -> None:
    barrier = threading.Barrier(10)

    def attempt(number: int) -> str:
        barrier.wait()
        try:
            return f"{_make(house, place, f'brand {number}')}"
        except QuotaExceeded as error:
            return str(error.members["limit"])

    with ThreadPoolExecutor(10) as threads:
        told = list(threads.map(attempt, range(10)))
    assert told.count(str(MOST)) == 10 - (MOST - 1)
    assert len(_all(house, place)) == MOST
    tenants.limit(house.settings, str(place.tenant_id), brands=MOST + 1)
    _make(house, place, "one more")
    with pytest.raises(QuotaExceeded, match=f"there are {MOST + 1} brands"):
        _make(house, place, "too many")


def test_of_two_that_take_a_name_at_once_one_has_it(house: Installation, place: Place) -> None:
    barrier = threading.Barrier(4)

    def attempt(name: str) -> str:
        barrier.wait()
        try:
            _make(house, place, name)
        except AutomatorError as error:
            return error.code
        return "made"

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(attempt, ["Ärmel", "ärmel", "ÄRMEL", " A\u0308rmel "]))
    assert sorted(told) == ["conflict", "conflict", "conflict", "made"]


@pytest.mark.parametrize("name", ["", " \t", "\u200b\u202e", "x" * 101])
def test_a_name_that_is_none_is_refused(house: Installation, place: Place, name: str) -> None:
    with pytest.raises(Rejected) as caught:
        _make(house, place, name)
    assert caught.value.field == "name"
    with pytest.raises(Rejected):
        _in(house, place, lambda s: brands.change(s, _default(house, place), name=name))
    assert _all(house, place) == {"Acme": True}


def test_a_brand_is_renamed_by_who_has_seen_it(house: Installation, place: Place) -> None:
    one = _make(house, place, "One")

    def rename(name: str, *versions: int) -> Any:
        def act(session: Session) -> tuple[str, int]:
            found = brands.change(session, one, name=name, versions=frozenset(versions))
            return found.name, found.version

        return _in(house, place, act)

    assert rename("One", 1) == ("One", 1)  # nothing has changed
    assert rename("ONE", 1) == ("ONE", 2)  # its own name in other letters
    with pytest.raises(Outdated):
        rename("Two", 1)
    with pytest.raises(Conflict, match="there is a brand 'acme' already"):
        rename("acme", 2)
    # Who was the default and is no more has changed, too.
    first = _default(house, place)
    _in(house, place, lambda s: brands.change(s, one, default=True, versions=frozenset({2})))
    assert _in(house, place, lambda s: brands.get(s, first).version) == 2
    assert _in(house, place, lambda s: brands.get(s, one).version) == 3


def test_neither_the_default_brand_nor_one_with_assets_can_be_deleted(
    house: Installation, place: Place
) -> None:
    first, second = _default(house, place), _make(house, place, "Second")
    with pytest.raises(Conflict, match="default brand"):
        _in(house, place, lambda s: brands.delete(s, first))
    asset = _take_in(house, place, second)
    for _ in ("there", "in the trash"):
        with pytest.raises(Conflict, match="has assets"):
            _in(house, place, lambda s: brands.delete(s, second))
        _in(house, place, lambda s: trash.put(s, asset))
    _in(house, place, lambda s: trash.remove(s, asset))
    with pytest.raises(Outdated):
        _in(house, place, lambda s: brands.delete(s, second, versions={7}))
    _in(house, place, lambda s: brands.delete(s, second, versions={1}))
    assert _all(house, place) == {"Acme": True}


def test_a_brand_that_is_given_an_asset_just_now_is_not_deleted(
    house: Installation, place: Place
) -> None:
    second = _make(house, place, "Second")
    begun = threading.Event()

    def delete() -> str:
        begun.wait()
        try:
            _in(house, place, lambda s: brands.delete(s, second))
        except Conflict as error:
            return str(error)
        return "deleted"

    with ThreadPoolExecutor(1) as threads:
        told = threads.submit(delete)
        with house.tenant_scope(place) as session:
            made = assets.record(session, _received(place), brand_id=second).id
            begun.set()
            _until_waited_for(session)
        assert "has assets" in told.result(10)
    assert _brand_of(house, place, made) == second


def _until_waited_for(session: Session) -> None:
    """Until somebody waits for what this transaction holds."""
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted"
        " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    )
    end = time.monotonic() + 10
    while session.scalar(waiting) == 0:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_comes_in_for_a_brand_that_was_deleted_meanwhile_is_the_default_ones(
    house: Installation, place: Place
) -> None:
    gone = _make(house, place, "Gone")

    def begin(session: Session) -> UUID:
        location = imports.check(house, url="https://example.com/a.mp4", recipe=None)
        return imports.begin(
            session, place, house.settings, location, url="https://example.com/a.mp4", name=None,
            recipe=None, brand_id=gone,
        ).row.id  # fmt: skip

    begun = _in(house, place, begin)
    _in(house, place, lambda s: brands.delete(s, gone))
    received = _received(place)
    _in(house, place, lambda s: imports.record(s, begun, received))
    assert _brand_of(house, place, received.asset_id) == _default(house, place)
    with pytest.raises(Rejected):
        _in(house, place, begin)


def test_an_asset_for_which_none_is_named_belongs_to_the_default_of_that_moment(
    house: Installation, place: Place
) -> None:
    before = _take_in(house, place)
    first, second = _default(house, place), _make(house, place, "Second")
    _in(house, place, lambda s: brands.change(s, second, default=True))
    assert _brand_of(house, place, _take_in(house, place)) == second
    assert _brand_of(house, place, _take_in(house, place, first)) == first
    assert _brand_of(house, place, before) == first


def test_another_tenants_brand_is_unknown(house: Installation, place: Place) -> None:
    other = _made(house.settings, house, "Other")
    theirs, asset = _make(house, other, "Theirs"), _take_in(house, place)
    for act in (
        lambda s: brands.get(s, theirs),
        lambda s: brands.change(s, theirs, name="Ours"),
        lambda s: brands.delete(s, theirs),
    ):
        with pytest.raises(NotFound):
            _in(house, place, act)
    with pytest.raises(Rejected, match="there is no such brand"):
        _in(house, place, lambda s: library.change(s, asset, brand_id=theirs))
    assert _brand_of(house, place, asset) == _default(house, place)
    assert _brand_of(house, place, _take_in(house, place, theirs)) == _default(house, place)
    assert _all(house, other) == {"Other": True, "Theirs": False}


# ── tenants that were there before there were brands ──────────────────────────────────────

_ASSETS = """
    INSERT INTO assets (name, kind, mime, bytes, sha256, storage_key)
    SELECT 'film ' || n, 'video', 'video/mp4', 1, repeat('0', 64), 'none/' || n
      FROM generate_series(1, 300) n
"""


@pytest.fixture
def older(house: Installation) -> Place:
    """A tenant whose schema is at the revision before, with 300 assets."""
    info = tenants.create(house.settings, f"o-{uuid4().hex[:12]}")
    role = tenant_role(info.id)
    with as_owner(house.settings) as (connection, cell):
        script = render_tenant(cell.roles, revision="0002") + grants(role)
        connection.execute(
            f"DROP SCHEMA {role} CASCADE; CREATE SCHEMA {role};"
            f"SET LOCAL search_path = {role}, pg_temp; {script}; {_ASSETS};"
            "UPDATE cell.tenants SET schema_version = '0002'"
            f" WHERE tenant_id = '{info.id}'".encode()
        )
    return Place(info.id, info.slug, info.name, info.cell)


@contextmanager
def _whatever_revision(house: Installation) -> Iterator[Database]:
    """A pool that asks for none: by now, the branch may have gone on by more than one."""
    pool = database(house.settings)
    try:
        yield pool
    finally:
        pool.dispose()


def _file_of(house: Installation, place: Place) -> Any:
    """Which file the table's rows are in: another one after they were rewritten."""
    with as_owner(house.settings) as (connection, _):
        query = "SELECT pg_relation_filenode(%s)"
        return connection.execute(query, [f"{tenant_role(place.tenant_id)}.assets"]).fetchone()


def test_every_asset_that_was_there_belongs_to_the_default_brand(
    house: Installation, older: Place
) -> None:
    before = _file_of(house, older)
    role = tenant_role(older.tenant_id)
    with as_owner(house.settings) as (connection, cell):
        script = render_tenant(cell.roles, revision="0003", since="0002")
        path = f"SET LOCAL search_path = {role}, pg_temp; "
        connection.execute(f"{path}{script}; {grants(role)}".encode())
    assert _file_of(house, older) == before
    with _whatever_revision(house) as pool, pool.tenant_scope(older.tenant_id) as session:
        (first,) = session.scalars(select(Brand)).all()
        assert (first.name, first.is_default) == ("Default", True)
        counted = select(Asset.brand_id, func.count()).group_by(Asset.brand_id)
        assert session.execute(counted).all() == [(first.id, 300)]
        # The release before names no brand.
        statement = _ASSETS.replace("300", "1").replace("none/", "more/")
        session.connection().exec_driver_sql(statement)
        assert session.execute(counted).all() == [(first.id, 301)]


def test_workers_take_files_in_for_tenants_that_have_no_brands_yet(
    house: Installation, older: Place
) -> None:
    received = _received(older)
    with _whatever_revision(house) as pool:
        with pool.tenant_scope(older.tenant_id) as session:
            asset = assets.record(session, received)
            run = runs.start(session, older.tenant_id, asset, recipe="video")
            session.refresh(asset)
            assert (asset.name, asset.version) == ("film.mp4", 1)
            run_id = run.id
        with pool.tenant_scope(older.tenant_id) as session:
            assert runs.report(session, run_id).asset is not None
            assert assets.get(session, received.asset_id).sha256 == HASH
