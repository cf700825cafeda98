"""`automator doctor`: every finding names its mend."""

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.diagnosis import State
from cli.endpoints import lock_installation
from cli.sealing import look
from services.installation import Installation
from tests.drivers import Driver
from tests.emulators import Emulator
from tests.installations import installation
from tests.servers import PostgresForTests

ROOT = Path(__file__).parents[2]
KMS_KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


def doctor(data: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "doctor", "--data", str(data), *arguments],
        cwd=ROOT,
        env=kept | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def findings(
    data: Path, exit_code: int | None = None, **environment: str
) -> dict[str, dict[str, str]]:
    code, printed = doctor(data, "--json", **environment)
    assert exit_code in (None, code)
    return {check["area"] + "/" + check["name"]: check for check in json.loads(printed)["checks"]}


@dataclass(frozen=True)
class Plain:
    """What is found of a folder of which nothing was said."""

    data: Path
    found: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    data = tmp_path_factory.mktemp("plain")
    return Plain(data, findings(data))


def test_a_machine_with_everything_is_told_so(tmp_path: Path) -> None:
    code, printed = doctor(tmp_path / "data", FREE_SPACE_RESERVE_BYTES="1")
    assert code == 0, printed
    for word in ("Python", "ffmpeg", "ffprobe", "libx264", "PostgreSQL", "Valkey", "storage"):
        assert word in printed
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("behaviour", "finding", "chosen"),
    [
        ("works", "encodes h264", "h264 by h264_nvenc"),
        ("black", "its picture is not what went in", "h264 by libx264"),
    ],
)
def test_hardware_is_named_when_it_encodes_not_when_it_is_listed(
    tmp_path: Path, behaviour: str, finding: str, chosen: str
) -> None:
    found = findings(tmp_path, FFMPEG=str(Driver(tmp_path, behaviour).program))
    assert found["media/encoders"]["state"] == "ok"
    assert finding in found["hardware/NVENC"]["finding"]
    assert chosen in found["hardware/chosen"]["finding"]


def test_hardware_that_we_have_not_run_is_marked(plain: Plain) -> None:
    for name in ("NVENC", "Quick Sync", "VAAPI"):
        found = plain.found[f"hardware/{name}"]
        assert found["state"] == "note"
        assert "unverified: not run on a device by us" in found["finding"]


def test_a_storage_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    place = tmp_path / "a store"
    found = findings(tmp_path, STORAGE_URL=place.as_uri())["storage/storage"]
    assert found["state"] == "ok"
    assert not place.exists()


def test_a_folder_relies_on_the_encryption_of_its_disk(plain: Plain) -> None:
    found = plain.found["storage/encryption"]
    assert (found["state"], found["finding"]) == ("ok", "a folder's is that of its disk")


def test_an_installation_that_takes_long_to_start_is_noted(tmp_path: Path) -> None:
    lock = lock_installation(tmp_path)
    try:
        found = findings(tmp_path, FREE_SPACE_RESERVE_BYTES="1")
    finally:
        os.close(lock)
    assert found["installation/start"]["state"] == "note"
    assert found["media/ffmpeg"]["state"] == "ok"


@pytest.mark.parametrize(
    "wrong",
    [
        # By variable: its value, the check that finds it, and what is said of mending it.
        {
            "FFMPEG": ("/nowhere/ffmpeg", "media/media", "FFMPEG=/nowhere/ffmpeg"),
            "DATABASE_URL": (
                "postgresql://a:b@127.0.0.1:1/c", "database/PostgreSQL", "DATABASE_URL",
            ),
            "REDIS_URL": ("redis://127.0.0.1:1/0", "broker/Valkey", "REDIS_URL"),
            "STORAGE_URL": ("file:///proc/storage", "storage/storage", "write to /proc"),
            "FREE_SPACE_RESERVE_BYTES": (str(1 << 60), "disk/data", "make room"),
        },
        {
            "DATABASE_URL": ("hunter2", "database/PostgreSQL", "DATABASE_URL"),
            "REDIS_URL": ("localhost:6379", "broker/Valkey", "REDIS_URL"),
            "STORAGE_URL": ("ftp://somewhere", "storage/storage", "STORAGE_URL"),
        },
        {
            "DATABASE_URL": ("postgresql://a:b@c:d/e", "database/PostgreSQL", "DATABASE_URL"),
            "STORAGE_URL": ("gs://No", "storage/storage", "STORAGE_URL"),
        },
        {"STORAGE_KMS_KEY": (KMS_KEY, "storage/encryption", "unset STORAGE_KMS_KEY")},
    ],
    ids=["out of reach", "of no kind", "malformed", "without a bucket"],
)  # fmt: skip
def test_what_is_missing_comes_with_how_to_mend_it_and_hides_nothing_else(
    tmp_path: Path, wrong: dict[str, tuple[str, str, str]]
) -> None:
    told = findings(tmp_path, exit_code=1, **{name: value for name, (value, _, _) in wrong.items()})
    for _, check, mend in wrong.values():
        found = told[check]
        assert found["state"] == "missing"
        assert mend in found["mend"]
    if "STORAGE_URL" not in wrong:
        assert told["storage/storage"]["state"] == "ok"


def test_a_bucket_that_is_not_there_is_missing(
    tmp_path: Path, gcp_storage_emulator: Emulator
) -> None:
    host = gcp_storage_emulator.url
    told = findings(tmp_path, 1, STORAGE_URL="gs://nowhere", STORAGE_EMULATOR_HOST=host)
    found = told["storage/storage"]
    assert found["state"] == "missing"
    assert "no bucket 'nowhere'" in found["mend"]


def test_a_login_that_sees_across_tenants_is_reported(
    tmp_path: Path, postgres: PostgresForTests
) -> None:
    made = postgres.create_installation()
    modest = findings(tmp_path, DATABASE_URL=made.database_url)
    assert "database/login" not in modest
    assert modest["database/schema"]["mend"] == "run `automator migrate`"
    assert modest["secrets/master key"]["state"] == "missing"
    assert "set MASTER_KEYS" in modest["secrets/master key"]["mend"]
    mighty = findings(tmp_path, DATABASE_URL=postgres.url)
    assert mighty["database/login"]["state"] == "missing"
    postgres.drop_installation(made)


def test_master_keys_are_tried_and_those_that_are_away_are_named(
    tmp_path: Path, postgres: PostgresForTests
) -> None:
    key, other = "11" * 32, "22" * 32
    file = tmp_path / "keys"
    file.write_text(f"{key}\n{other}\n")
    file.chmod(0o644)
    with installation(postgres, tmp_path / "data", master_keys=key) as settings:
        with closing(Installation(settings)) as house, house.identity_scope() as session:
            house.keyring.people(session).seal(b"x", "y")
        fine, away, told = (
            {check.name: check for check in look(settings.model_copy(update=changes))}
            for changes in (
                {},
                {"master_keys": SecretStr(other)},
                {"master_keys": None, "master_key_file": file},
            )
        )
    assert fine["data keys"].finding == "1 can be unwrapped"
    assert away["data keys"].state is State.MISSING
    assert fine["master key"].finding in away["data keys"].finding
    assert told["master key"].finding.endswith("and 1 more that unwrap")
    assert told["MASTER_KEY_FILE"].state is State.NOTE
    assert not [one for one in (key, other) if one in f"{fine} {away} {told}"]


def test_the_password_is_not_printed(tmp_path: Path) -> None:
    _, printed = doctor(tmp_path, DATABASE_URL="postgresql://a:hunter2@127.0.0.1:1/c")
    assert "hunter2" not in printed


def test_where_mail_goes_is_told_without_its_password(tmp_path: Path, plain: Plain) -> None:
    found = plain.found["mail/mail"]
    assert (found["state"], str(plain.data / "mails") in found["finding"]) == ("note", True)
    found_all = findings(tmp_path, MAIL_URL="smtp://us:hunter2@mail.example")
    assert found_all["mail/mail"]["state"] == "ok"
    assert "mail.example:587, STARTTLS" in found_all["mail/mail"]["finding"]
    assert "hunter2" not in str(found_all)
    assert "PUBLIC_URL" in found_all["mail/links"]["mend"]
