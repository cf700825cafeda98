"""What `automator doctor` says of a bucket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import bucket
from cli.diagnosis import Check
from core.gcs_storage import GcsStorage
from core.settings import Settings
from tests import faulty_proxy
from tests.emulators import Emulator
from tests.faulty_proxy import Proxy, status

KMS_KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


@pytest.fixture
def line(gcp_storage_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with faulty_proxy.proxy(gcp_storage_emulator.url) as made:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", made.url)
        made.bucket = gcp_storage_emulator.bucket()
        yield made


def checks(line: Proxy, folder: Path, kms_key: str | None = None) -> dict[str, Check]:
    store = GcsStorage(line.bucket, "", scratch=folder, kms_key=kms_key, patience=1)
    found = bucket.look(store, f"gs://{line.bucket}", Settings(storage_kms_key=kms_key))
    return {check.name: check for check in found}


def test_a_bucket_as_it_was_made_is_told_how_to_mend_it(line: Proxy, tmp_path: Path) -> None:
    found = checks(line, tmp_path)
    assert (found["bucket"].state, found["bucket"].finding) == ("ok", f"gs://{line.bucket}, US")
    for name, mend in (
        ("encryption", "STORAGE_KMS_KEY"),
        ("access", f"gs://{line.bucket} --uniform-bucket-level-access --public-access-prevention"),
        ("browsers", "docs/storage.md"),
        ("signed addresses", "GOOGLE_APPLICATION_CREDENTIALS"),
    ):
        assert found[name].state == "note"
        assert mend in str(found[name].mend)


def test_a_bucket_that_was_set_up_is_told_so(
    line: Proxy, tmp_path: Path, gcp_storage_emulator: Emulator
) -> None:
    gcp_storage_emulator.change(
        line.bucket,
        encryption={"defaultKmsKeyName": KMS_KEY},
        iamConfiguration={
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "enforced",
        },
        cors=[{"origin": ["https://app.example"], "method": ["GET", "PUT"]}],
    )
    found = checks(line, tmp_path)
    assert {found[name].state for name in ("encryption", "access", "browsers")} == {"ok"}
    assert KMS_KEY in found["encryption"].finding
    assert "https://app.example" in found["browsers"].finding
    assert (
        f"STORAGE_KMS_KEY, {KMS_KEY}2"
        in checks(line, tmp_path, f"{KMS_KEY}2")["encryption"].finding
    )


def test_a_right_that_is_missing_is_named(line: Proxy, tmp_path: Path) -> None:
    some = b'{"permissions": ["storage.objects.get", "storage.objects.list"]}'
    line.faults.append(lambda asked, _: status(200, some) if "/iam/" in asked.path else None)
    found = checks(line, tmp_path)["bucket"]
    assert (found.state, found.finding) == (
        "missing",
        "no storage.objects.create, storage.objects.delete",
    )
    assert "Storage Object Admin" in str(found.mend)


def test_whoever_may_not_look_at_the_bucket_may_still_use_it(line: Proxy, tmp_path: Path) -> None:
    place = f"/storage/v1/b/{line.bucket}?"
    line.faults.append(lambda asked, _: status(403) if asked.path.startswith(place) else None)
    found = checks(line, tmp_path)
    assert found["bucket"].state == "ok"
    assert found["set-up"].state == "note"
    assert "Storage Legacy Bucket Reader" in str(found["set-up"].mend)
