"""An installation whose files are in a bucket: taken in, worked on, exported, saved and purged."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from core import gcs_sessions
from core.errors import NotFound
from core.gcs_storage import GcsStorage
from core.keys import tenant_prefix
from services import archive, direct_uploads, runs
from services.backup import backup
from services.exports import export_run
from services.installation import DEFAULT_TENANT, Installation
from services.purge import purge
from services.tenant_export import export
from services.tenant_import import take_in
from services.uploads import spool_root
from tests.api.serving import BODY, serve
from tests.emulators import Emulator
from tests.media_samples import Sample
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, workshop
from workers import periodic


@pytest.fixture
def shop(
    postgres: PostgresForTests,
    valkey: str,
    tmp_path: Path,
    fake_gcs_server: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workshop]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake_gcs_server.url)
    url = f"gs://{fake_gcs_server.bucket()}/brand"
    with workshop(postgres, valkey, tmp_path, storage_url=url, tenant_count=0) as made:
        made.relay()
        yield made


@pytest.mark.long
def test_a_film_is_worked_on_from_a_bucket_and_back_into_it(
    shop: Workshop, tmp_path: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = sample("tiny.mov").read_bytes()
    with serve(shop.settings) as client:
        head = {**BODY, "Upload-Length": str(len(film))}
        upload = client.post("/v1/uploads", headers=head, content=film)
        assert upload.status_code == 201, upload.text
        created = client.get(upload.headers["location"]).json()
    spool = spool_root(shop.settings, shop.installation.storage)
    assert not [path for path in spool.rglob("*") if path.is_file()]
    shop.worker("media,light,gpu")
    run = UUID(created["run_id"])
    assert shop.ended(run, seconds=90) == ["done"]
    scratch = shop.settings.data_dir / "scratch"
    assert not list(scratch.glob("local-*"))

    storage = shop.installation.storage
    assert isinstance(storage, GcsStorage)
    place = shop.installation.place(DEFAULT_TENANT)
    shop.places.append(place)
    # What a row names and nothing has superseded is kept, whatever its age, and is what it was.
    before = {item.key for item in storage.list()}
    swept = sum(
        periodic.collect_tenant(shop.installation.cell(), storage, place.tenant_id, age=-60)
    )
    assert swept == len(before) - len({item.key for item in storage.list()})
    left = {path.rsplit("/", 1)[-1] for _, path, _ in shop.digests(run)}
    assert {"master.m3u8", "manifest.mpd", "speech.flac"} <= left

    with shop.installation.tenant_scope(place) as session:
        report = runs.report(session, run)
    manifest = export_run(storage, report, tmp_path / "out")
    for artifact in report.artifacts:
        copy = (manifest.parent / artifact.path).read_bytes()
        assert hashlib.sha256(copy).hexdigest() == artifact.sha256

    saved = backup(shop.settings, tmp_path / "all.backup")
    kept = {item.key: item.bytes for item in storage.list()}
    assert saved.files == len(kept)
    archive.check(tmp_path / "all.backup")
    moved = export(shop.installation, place, tmp_path / "tenant.tar")
    assert (moved.files, moved.absent) == (len(kept), 0)
    taken = take_in(shop.settings, tmp_path / "tenant.tar", slug="moved")
    assert taken.files == len(list(storage.list(tenant_prefix(taken.tenant.id)))) == len(kept)
    assert purge(shop.settings, "moved").files == len(kept)
    ended: list[str] = []
    monkeypatch.setattr(gcs_sessions, "end", ended.append)
    begun = direct_uploads.create(shop.installation, place, name="a", length=10)
    receipt = purge(shop.settings, DEFAULT_TENANT)
    assert ended == [begun.address]
    assert receipt.files == len(kept)
    assert list(storage.list()) == []
    with closing(Installation(shop.settings)) as fresh, pytest.raises(NotFound):
        fresh.place(DEFAULT_TENANT)
