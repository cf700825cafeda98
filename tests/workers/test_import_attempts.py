"""Attempts at an import, one after another and at once, without a worker's processes."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from core.addresses import REFUSED
from core.cancellation import CancelReason
from core.folder_storage import FolderStorage
from core.spool import Writer
from services import imports, ledger, runs, tenants, uploads
from services.imports import EXPIRY, ImportReport
from services.migrations import tenant_versions
from services.uploads import spool_root
from tests.api.serving import film
from tests.far_server import Answer, Asked, FarServer, a_file, far_server
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, until, workshop
from workers import periodic
from workers.attempt import Equipment, perform
from workers.lease import Hold, now
from workers.registry import Registry
from workers.scratch import ScratchSpace

DATA = film(400_000, seed=6)


@pytest.fixture(scope="module")
def shop(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    """Neither relay nor worker; loopback is no stranger."""
    folder = tmp_path_factory.mktemp("attempts")
    options = {"import_allow_networks": "127.0.0.1/32", "retry_seconds": 0.0}
    with workshop(postgres, "redis://nobody", folder, **options) as made:  # type: ignore[arg-type]
        yield made


@pytest.fixture(scope="module")
def equipment(shop: Workshop) -> Iterator[Equipment]:
    scratch = ScratchSpace(shop.settings.data_dir / "scratch")
    yield Equipment(shop.settings, shop.installation.storage, Registry(), scratch)
    scratch.close()


class Elsewhere(FolderStorage):
    """The same store from another machine, which spools in a place of its own."""

    @property
    def spool(self) -> Path:
        return self.root.parent / "elsewhere"


def begin(shop: Workshop, server: FarServer, path: str = "/film.mp4?sig=x") -> UUID:
    return imports.create(shop.installation, shop.places[0], url=server.url(path)).row.id


def claim(shop: Workshop) -> Hold:
    """The next stage of what is light, which is that of the only import."""
    database = shop.installation.cell()
    found = ledger.claim(database, "light", lease_seconds=60, versions=tuple(tenant_versions()))
    assert found is not None
    return Hold("main", "light", found, now() + 60)


def attempt(shop: Workshop, equipment: Equipment) -> Hold:
    """One attempt at the import, to its end."""
    ledger.sweep(shop.installation.cell(), lease_seconds=60, max_losses=8)
    hold = claim(shop)
    perform(equipment, shop.installation.cell(), hold)
    return hold


def report(shop: Workshop, begun: UUID) -> ImportReport:
    with shop.installation.tenant_scope(shop.places[0]) as session:
        return imports.get(session, begun)


def assets(shop: Workshop) -> dict[str, bytes]:
    """Every asset of the tenant by its id, with its bytes."""
    with shop.installation.tenant_scope(shop.places[0]) as session:
        rows = session.execute(text("SELECT id, storage_key FROM assets")).all()
    found = {}
    for row in rows:
        with shop.installation.storage.open(row.storage_key) as stored:
            found[str(row.id)] = stored.read()
    return found


def keys(shop: Workshop) -> set[str]:
    return {stored.key for stored in shop.installation.storage.list("tenants")}


def folder(shop: Workshop, begun: UUID) -> Path:
    root = spool_root(shop.settings, shop.installation.storage)
    return root / str(shop.places[0].tenant_id) / str(begun)


def age(place: Path) -> None:
    """Let a folder be as if nobody had touched it for a day."""
    for path in (*place.iterdir(), place):
        os.utime(path, (time.time() - 25 * 3600,) * 2)


def test_an_attempt_goes_on_where_the_last_one_failed(shop: Workshop, equipment: Equipment) -> None:
    def answer(asked: Asked) -> None:
        if asked.number == 1:
            asked.say("HTTP/1.1 503 Busy", "Content-Length: 0")
        else:
            a_file(DATA, cut=lambda one: 123_456 if one.number == 0 else None)(asked)

    with far_server(answer) as server:
        begun = begin(shop, server)
        attempt(shop, equipment)
        stage = report(shop, begun).stage
        assert (stage.state, stage.failures) == ("delayed", 1)
        assert stage.error is not None
        assert stage.error["reason"] == "the server answers 503"
        attempt(shop, equipment)
    found = report(shop, begun)
    assert found.run.state == "done"
    assert server.ranges() == [0, 123_456, 123_456]
    assert assets(shop)[str(found.row.asset_id)] == DATA
    assert not folder(shop, begun).exists()


def test_an_attempt_that_failed_four_times_is_given_up_and_may_be_tried_anew(
    shop: Workshop, equipment: Equipment
) -> None:
    def answer(asked: Asked) -> None:
        if asked.number < 4:
            asked.say("HTTP/1.1 500 No", "Content-Length: 0")
        else:
            a_file(DATA)(asked)

    with far_server(answer) as server:
        begun = begin(shop, server)
        for _ in range(4):
            attempt(shop, equipment)
        assert report(shop, begun).run.state == "failed"
        with shop.installation.tenant_scope(shop.places[0]) as session:
            runs.retry(session, begun)
        attempt(shop, equipment)
    assert report(shop, begun).run.state == "done"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"#EXTM3U\n" + b"x" * 100_000, "the file is no video, image or document that we know"),
        (b"", "the file is empty"),
        (b"%PDF-" + b"x" * 5000, "no recipe takes a file of the type application/pdf yet"),
        (b"%PDF-", "no recipe takes a file of the type application/pdf yet"),
    ],
)
def test_what_is_no_file_for_us_is_final_and_leaves_nothing(
    shop: Workshop, equipment: Equipment, body: bytes, reason: str
) -> None:
    before = keys(shop), assets(shop)
    with far_server(a_file(body)) as server:
        begun = begin(shop, server)
        attempt(shop, equipment)
    found = report(shop, begun)
    assert (found.run.state, found.row.asset_id) == ("failed", None)
    assert found.stage.error == {"code": "rejected", "reason": reason}
    assert not folder(shop, begun).exists()
    assert (keys(shop), assets(shop)) == before


@pytest.mark.parametrize(
    "to", ["http://127.0.0.2:1024/?sig=x", "http://169.254.169.254/", "http://[::1]/", "//10.0.0.1"]
)
def test_a_way_inward_is_final_and_all_of_them_sound_alike(
    shop: Workshop, equipment: Equipment, to: str
) -> None:
    with far_server(lambda asked: asked.say("HTTP/1.1 302 Found", f"Location: {to}")) as server:
        begun = begin(shop, server)
        attempt(shop, equipment)
    stage = report(shop, begun).stage
    assert (stage.state, stage.failures) == ("failed", 1)
    assert stage.error == {"code": "rejected", "reason": REFUSED}


def test_an_attempt_that_was_overtaken_makes_no_asset(shop: Workshop, equipment: Equipment) -> None:
    other = film(300_000, seed=7)
    release = threading.Event()
    elsewhere = replace(equipment, storage=Elsewhere(shop.settings.data_dir / "storage"))
    before = set(assets(shop))

    def answer(asked: Asked) -> None:
        if asked.number == 0:
            release.wait(20)
            a_file(DATA)(asked)
        else:
            a_file(other, etag='"two"')(asked)

    with far_server(answer) as server, ThreadPoolExecutor(1) as threads:
        begun = begin(shop, server)
        slow = claim(shop)
        working = threads.submit(perform, equipment, shop.installation.cell(), slow)
        until(lambda: server.asked, 5, "the slow one asks")
        shop.rows(
            "UPDATE cell.stage_runs SET lease_until = now() - interval '1 hour'"
            " WHERE run_id = %(run)s RETURNING 1",
            run=begun,
        )
        sweep = partial(ledger.sweep, shop.installation.cell(), lease_seconds=0.3, max_losses=8)
        until(lambda: sweep().expired, 5, "its lease has ended")
        perform(elsewhere, shop.installation.cell(), claim(shop))
        release.set()
        working.result(20)
    found = report(shop, begun)
    (made,) = set(assets(shop)) - before
    assert (found.run.state, str(found.row.asset_id)) == ("done", made)
    assert assets(shop)[made] == other
    assert slow.token.reason == CancelReason.LEASE_LOST
    # What the slow one stored is nobody's, and is collected like all such bytes.
    tenant_id = shop.places[0].tenant_id
    orphans = keys(shop) - {f"tenants/{tenant_id}/sources/{one}/original" for one in assets(shop)}
    assert len(orphans) == 1
    removed = periodic.collect_tenant(
        shop.installation.cell(), shop.installation.storage, tenant_id, age=-1
    )
    assert sum(removed) == 1
    assert assets(shop)[made] == other


def test_an_end_between_storing_and_recording_costs_nothing(
    shop: Workshop, equipment: Equipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the end")

    with far_server(a_file(DATA)) as server:
        begun = begin(shop, server)
        with monkeypatch.context() as patched:
            patched.setattr(imports, "record", fails)
            attempt(shop, equipment)
        assert report(shop, begun).stage.state == "delayed"
        stored = keys(shop)
        attempt(shop, equipment)
    assert report(shop, begun).run.state == "done"
    assert len(server.asked) == 1
    assert keys(shop) == stored


@pytest.mark.parametrize(
    "damage",
    [
        lambda place: (place / "state.json").write_text("{"),
        lambda place: (place / "state.json").write_text("[]"),
        lambda place: (place / "state.json").unlink(),
        lambda place: (place / "bytes").write_bytes(b"short"),
        lambda place: (place / "bytes").unlink(),
    ],
)
def test_a_folder_that_lost_something_begins_anew(
    shop: Workshop, equipment: Equipment, damage: object
) -> None:
    def answer(asked: Asked) -> None:
        if asked.number == 1:
            asked.say("HTTP/1.1 503 Busy", "Content-Length: 0")
        else:
            a_file(DATA, cut=lambda one: 100_000 if one.number == 0 else None)(asked)

    with far_server(answer) as server:
        begun = begin(shop, server)
        attempt(shop, equipment)
        assert callable(damage)
        damage(folder(shop, begun))
        attempt(shop, equipment)
    found = report(shop, begun)
    assert server.ranges() == [0, 100_000, 0]
    assert assets(shop)[str(found.row.asset_id)] == DATA


def test_what_is_behind_the_recorded_bytes_is_cut_off(shop: Workshop, equipment: Equipment) -> None:
    def answer(asked: Asked) -> None:
        if asked.number == 1:
            asked.say("HTTP/1.1 503 Busy", "Content-Length: 0")
        else:
            a_file(DATA, cut=lambda one: 100_000 if one.number == 0 else None)(asked)

    with far_server(answer) as server:
        begun = begin(shop, server)
        attempt(shop, equipment)
        with (folder(shop, begun) / "bytes").open("ab") as file:
            file.write(b"of a write that nobody recorded" * 1000)
        attempt(shop, equipment)
    assert assets(shop)[str(report(shop, begun).row.asset_id)] == DATA


def test_while_an_earlier_attempt_holds_the_bytes_no_other_touches_them(
    shop: Workshop, equipment: Equipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake._TURN_SECONDS", 0.1)
    with far_server(a_file(DATA)) as server:
        begun = begin(shop, server)
        writer = Writer(folder(shop, begun))
        attempt(shop, equipment)
        assert report(shop, begun).stage.state == "delayed"
        assert server.asked == []
        writer.close()
        attempt(shop, equipment)
    assert report(shop, begun).run.state == "done"


def test_a_disk_without_room_lets_the_import_wait(shop: Workshop, equipment: Equipment) -> None:
    settings = shop.settings.model_copy(update={"free_space_reserve_bytes": 1 << 60})
    full = replace(equipment, settings=settings)
    with far_server(a_file(DATA)) as server:
        begun = begin(shop, server)
        attempt(shop, full)
        stage = report(shop, begun).stage
        assert (stage.state, stage.failures) == ("delayed", 0)
        shop.rows(
            "UPDATE cell.stage_runs SET due_at = now() WHERE run_id = %(run)s RETURNING 1",
            run=begun,
        )
        attempt(shop, equipment)
    assert report(shop, begun).run.state == "done"


def test_bytes_with_which_nobody_goes_on_are_collected_after_a_day(
    shop: Workshop, equipment: Equipment
) -> None:
    def answer(asked: Asked) -> None:
        if asked.number == 1:
            asked.say("HTTP/1.1 503 Busy", "Content-Length: 0")
        else:
            a_file(DATA, cut=lambda one: 100_000 if one.number == 0 else None)(asked)

    database, tenant_id = shop.installation.cell(), shop.places[0].tenant_id
    storage = shop.installation.storage
    root = spool_root(shop.settings, storage)
    with far_server(answer) as server:
        begun = begin(shop, server)
        attempt(shop, equipment)
        assert sum(uploads.collect(database, storage, root, tenant_id)) == 0
        place = folder(shop, begun)
        writer = Writer(place)
        age(place)
        assert sum(uploads.collect(database, storage, root, tenant_id)) == 0, "somebody is at it"
        writer.close()
        age(place)
        assert sum(uploads.collect(database, storage, root, tenant_id)) == 1
        attempt(shop, equipment)
    assert report(shop, begun).run.state == "done"
    assert server.ranges() == [0, 100_000, 0]


def test_an_address_is_forgotten_a_week_after_the_import_failed(
    shop: Workshop, equipment: Equipment
) -> None:
    tenant_id, database = shop.places[0].tenant_id, shop.installation.cell()
    with far_server(a_file(b"nothing")) as server:
        failed = begin(shop, server)
        attempt(shop, equipment)
        waiting = begin(shop, server)
        list(imports.collect(database, tenant_id))
        assert report(shop, failed).row.url is not None
        shop.rows(
            "UPDATE cell.imports SET created_at = %(at)s RETURNING 1",
            at=datetime.now(UTC) - EXPIRY,
        )
        assert sum(imports.collect(database, tenant_id)) >= 1
        assert report(shop, failed).row.url is None
        assert report(shop, waiting).row.url is not None
        with shop.installation.tenant_scope(shop.places[0]) as session:
            runs.cancel(session, waiting)
            runs.retry(session, failed)
        attempt(shop, equipment)
    found = report(shop, failed)
    assert (found.run.state, found.row.source) == ("failed", server.url("/film.mp4?…"))
    assert found.stage.error is not None
    assert "forgotten" in found.stage.error["reason"]


def test_what_is_wanted_does_not_show_its_secret() -> None:
    wanted = imports.Wanted("https://films.example/a?sig=s3cret", None, None)
    assert "s3cret" not in f"{wanted} {wanted!r}"


def _in_chunks(asked: Asked) -> None:
    """A server that does not say how long its file is."""
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(DATA), DATA)
    asked.say("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=body)


@pytest.mark.parametrize("answer", [a_file(DATA), _in_chunks], ids=["known", "unknown"])
@pytest.mark.parametrize("room", [-1, 0])
def test_an_import_takes_what_the_quota_leaves_and_not_a_byte_more(
    shop: Workshop, equipment: Equipment, answer: Answer, room: int
) -> None:
    slug = shop.places[0].slug
    before, stored = assets(shop), keys(shop)
    taken = sum(len(data) for data in before.values())
    try:
        tenants.limit(shop.settings, slug, stored_bytes=taken + len(DATA) + room, open_uploads=None)
        with far_server(answer) as server:
            begun = begin(shop, server)
            attempt(shop, equipment)
    finally:
        tenants.limit(shop.settings, slug, stored_bytes=None, open_uploads=None)
    ended = report(shop, begun)
    if room < 0:
        assert ended.run.state == "failed"
        assert ended.stage.error is not None
        assert ended.stage.error["code"] == "quota_exceeded"
        assert (assets(shop), keys(shop)) == (before, stored)
    else:
        assert ended.run.state == "done"
    assert not folder(shop, begun).exists()
