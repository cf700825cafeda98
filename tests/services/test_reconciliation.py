"""Storage held against rows: every difference is found, and nothing else is."""

import os
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.folder_storage import FolderStorage
from core.keys import artifact_prefix, source_key, tenant_prefix
from core.storage import Storage, StoredObject
from pipeline.plan.types import Graph
from services import reconciliation
from services.reconciliation import Report
from services.uploads import create, spool_root
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, workshop

DAY = 24 * 3600.0


@pytest.fixture
def shop(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(postgres, "redis://nobody", tmp_path, tenant_count=2) as made:
        yield made


def checked(shop: Workshop, tenant: int = 0, **options: Any) -> Report:
    report = Report()
    storage = shop.installation.storage
    tenant_id = shop.places[tenant].tenant_id
    spool = spool_root(shop.settings, storage)
    for _ in reconciliation.check(
        shop.installation.cell(), storage, spool, tenant_id, report, **options
    ):
        pass
    return report


def sources(shop: Workshop, count: int, tenant: int = 0) -> list[str]:
    """Assets whose files are in storage; the keys."""
    for _ in range(count):
        shop.start(Graph((spec("noop.a"),)), tenant=tenant, with_asset=True)
    prefix = tenant_prefix(shop.places[tenant].tenant_id)
    return [stored.key for stored in shop.installation.storage.list(prefix)]


def left(shop: Workshop, key: str, content: bytes = b"left", age: float = 0.0) -> Path:
    """A file in storage that no row speaks of."""
    storage = shop.installation.storage
    assert isinstance(storage, FolderStorage)
    path = shop.settings.data_dir / "left"
    path.write_bytes(content)
    storage.put(key, path)
    os.utime(storage.root / key, (time.time() - age,) * 2)
    return storage.root / key


def test_what_fits_together_is_no_finding(shop: Workshop) -> None:
    sources(shop, 3)
    report = checked(shop)
    assert (report.rows, report.objects, report.lost, report.left) == (3, 3, 0, 0)
    assert report.examples == []


def test_what_is_missing_or_of_another_size_or_nobodys_is_named(shop: Workshop) -> None:
    keys = sources(shop, 4)
    sources(shop, 2, tenant=1)
    storage, tenant = shop.installation.storage, shop.places[0].tenant_id
    assert isinstance(storage, FolderStorage)
    storage.delete(keys[1])
    (storage.root / keys[2]).write_bytes(b"cut")
    first = artifact_prefix(tenant, "aaa", "ab", 1, tenant) + "/0.txt"
    last = artifact_prefix(tenant, "zzz", "ab", 1, tenant) + "/0.txt"
    between = keys[0].replace("/original", "/other")
    for key in (first, last, between):
        left(shop, key, age=DAY + 60)
    left(shop, source_key(tenant, uuid4()), age=DAY - 60)
    report = checked(shop)
    assert {(found.kind, found.key) for found in report.examples} == {
        ("missing", keys[1]),
        ("wrong_size", keys[2]),
        ("unknown", first),
        ("unknown", last),
        ("unknown", between),
    }
    assert (report.rows, report.objects, report.lost, report.left) == (4, 7, 2, 3)
    assert {found.tenant_id for found in report.examples} == {tenant}


def test_only_what_is_nobodys_is_removed(shop: Workshop) -> None:
    keys = sources(shop, 2)
    storage, tenant = shop.installation.storage, shop.places[0].tenant_id
    storage.delete(keys[0])
    left(shop, source_key(tenant, uuid4()), age=DAY + 60)
    young = source_key(tenant, uuid4())
    left(shop, young)
    other = source_key(shop.places[1].tenant_id, uuid4())
    left(shop, other, age=DAY + 60)
    report = checked(shop, fix=True)
    assert (report.missing, report.unknown, report.removed) == (1, 1, 1)
    assert {stored.key for stored in storage.list("tenants")} == {keys[1], young, other}
    assert shop.one(f"SELECT count(*) FROM t_{tenant.hex}.assets") == 2


def test_what_changes_during_the_walk_is_no_finding(shop: Workshop) -> None:
    keys = sources(shop, 3)
    real = shop.installation.storage
    tenant = shop.places[0].tenant_id

    class Moving:
        """A store in which a file with its row goes, and another comes, while it is listed."""

        def list(self, prefix: str) -> Iterator[StoredObject]:
            found = list(real.list(prefix))
            shop.rows(
                f"DELETE FROM t_{tenant.hex}.assets WHERE storage_key = %(k)s RETURNING 1",
                k=keys[0],
            )
            real.delete(keys[0])
            yield from (one for one in found if one.key != keys[0])

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    report = Report()
    for _ in reconciliation.check(
        shop.installation.cell(), cast(Storage, Moving()), Path("none"), tenant, report
    ):
        pass
    assert report.examples == []


def test_a_store_that_lists_in_no_order_is_not_believed(shop: Workshop) -> None:
    now = time.time()
    jumbled = SimpleNamespace(
        list=lambda _: iter(StoredObject(key, 1, now) for key in ("tenants/b", "tenants/a"))
    )
    steps = reconciliation.check(
        shop.installation.cell(), cast(Storage, jumbled), Path("none"),
        shop.places[0].tenant_id, Report(), fix=True,
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="behind"):
        list(steps)


def test_uploads_that_lost_bytes_and_folders_of_no_upload_are_named(shop: Workshop) -> None:
    whole, lost = (
        create(shop.installation, shop.places[0], name=name, length=1000) for name in "ab"
    )
    folder = spool_root(shop.settings, shop.installation.storage)
    folder /= str(shop.places[0].tenant_id)
    for upload, size in ((whole, 500), (lost, 400)):
        (folder / str(upload.id)).mkdir(parents=True)
        (folder / str(upload.id) / "bytes").write_bytes(b"x" * size)
    with shop.installation.tenant_scope(shop.places[0]) as session:
        session.execute(text("UPDATE cell.uploads SET received = 500"))
    for age, name in ((DAY + 60, "old"), (0, "young")):
        (folder / name).mkdir()
        (folder / name / "bytes").write_bytes(b"x")
        for path in (folder / name / "bytes", folder / name):
            os.utime(path, (time.time() - age,) * 2)
    report = checked(shop, fix=True)
    assert {(found.kind, found.key) for found in report.examples} == {
        ("upload_lost", str(lost.id)),
        ("upload_unknown", "old"),
    }
    assert (report.removed, report.left) == (1, 0)
    assert {path.name for path in folder.iterdir()} == {str(whole.id), str(lost.id), "young"}


def test_files_of_no_tenant_are_counted(shop: Workshop) -> None:
    sources(shop, 1)
    nobody = [uuid4(), uuid4()]
    for tenant_id in (nobody[0], *nobody):
        left(shop, source_key(tenant_id, uuid4()))
    known = {place.tenant_id for place in shop.places}
    found = dict(reconciliation.strangers(shop.installation.storage, known))
    assert found == {str(nobody[0]): 2, str(nobody[1]): 1}


@pytest.mark.parametrize(
    "count", [20_000, pytest.param(1_000_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_memory_does_not_grow_with_what_there_is(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()

    def key(number: int) -> str:
        return f"{tenant_prefix(tenant)}/stage/{number:08}"

    class Rows:
        """What a page of rows is to the walk."""

        def scalar(self, *_: Any) -> None:
            return None

        def execute(self, statement: Any, values: dict[str, Any] | None = None) -> Any:
            if values is None:
                return iter(())
            begin = int(values["after"][-8:]) + 1 if values["after"] else 0
            end = min(begin + values["page"], count)
            page = [SimpleNamespace(key=key(n), bytes=1) for n in range(begin, end)]
            return SimpleNamespace(all=lambda: page)

    class Pages:
        @contextmanager
        def tenant_scope(self, _: UUID) -> Iterator[Rows]:
            yield Rows()

    storage = SimpleNamespace(list=lambda _: (StoredObject(key(n), 1, 0.0) for n in range(count)))
    report = Report()
    monkeypatch.setattr(reconciliation, "_PAGE", 1000)
    tracemalloc.start()
    try:
        for _ in reconciliation.check(
            cast(Database, Pages()), cast(Storage, storage), Path("none"), tenant, report
        ):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (report.rows, report.objects, report.lost, report.left) == (count, count, 0, 0)
    assert peak < 3 << 20
