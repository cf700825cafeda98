"""What only a bucket can get wrong: addresses, sessions, and lines that fail in the middle."""

import base64
import hashlib
import json
import os
import re
import threading
from binascii import unhexlify
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import google.auth
import google_crc32c
import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth import iam
from google.auth.credentials import Credentials

from core import gcs_bucket, gcs_compose
from core.errors import (
    AutomatorError,
    Conflict,
    InsufficientStorage,
    Misconfigured,
    Retryable,
    Unavailable,
)
from core.gcs_storage import GcsStorage
from core.storage import open_storage
from tests import faulty_proxy
from tests.emulators import chosen
from tests.faulty_proxy import LOST, Answer, Asked, Proxy, status

KMS_KEY = "projects/p/locations/europe/keyRings/r/cryptoKeys/k"
EMAIL = "signer@test.iam.gserviceaccount.com"
FAKE, OTHER = "fake-gcs-server", "gcp-storage-emulator"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_file(key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service account's, which the environment names."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "account.json"
    told = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key": pem.decode(),
        "private_key_id": "1",
        "token_uri": "http://127.0.0.1:1/token",
    }
    path.write_text(json.dumps(told))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return path


@pytest.fixture(params=[FAKE, OTHER])
def line(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A line to an emulator, which can fail."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    emulator = chosen(request, request.param)
    with faulty_proxy.proxy(emulator.url) as made:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", made.url)
        made.bucket = emulator.bucket()
        yield made


@pytest.fixture
def store(line: Proxy, tmp_path: Path) -> GcsStorage:
    return GcsStorage(line.bucket, "some/prefix", scratch=tmp_path / "scratch", patience=2)


def file(folder: Path, size: int = 10) -> Path:
    path = folder / f"file-{size}"
    path.write_bytes(os.urandom(size))
    return path


def keys(store: GcsStorage) -> list[str]:
    return [item.key for item in store.list()]


# ── addresses that anybody may read from ──


def test_a_signed_address_is_what_googles_v4_asks_for(
    store: GcsStorage, line: Proxy, key: rsa.RSAPrivateKey, key_file: Path
) -> None:
    address = store.signed_url("a/b c".replace(" ", "+"), seconds=3600, mime="video/mp4")
    parts = urlsplit(address)
    said = dict(parse_qsl(parts.query, strict_parsing=True))
    signature = unhexlify(said.pop("X-Goog-Signature"))
    day = said["X-Goog-Date"][:8]
    assert parts.path == f"/{line.bucket}/some/prefix/a/b%2Bc"
    assert said["X-Goog-Algorithm"] == "GOOG4-RSA-SHA256"
    assert said["X-Goog-Credential"] == f"{EMAIL}/{day}/auto/storage/goog4_request"
    assert said["X-Goog-Expires"] == "3600"
    assert said["X-Goog-SignedHeaders"] == "host"
    assert said["response-content-type"] == "video/mp4"
    made = datetime.strptime(said["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(said.items()))
    request = f"GET\n{parts.path}\n{query}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    scope = f"{day}/auto/storage/goog4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signed = f"GOOG4-RSA-SHA256\n{said['X-Goog-Date']}\n{scope}\n{digest}"
    key.public_key().verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture(params=[FAKE, OTHER])
def direct(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> GcsStorage:
    """A store with no proxy before it: one emulator looks at the host's name.

    Neither judges signature or time, which the test above does.
    """
    emulator = chosen(request, request.param)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
    return GcsStorage(emulator.bucket(), "some/prefix", scratch=tmp_path / "scratch", patience=2)


def test_a_signed_address_gives_the_object_and_its_ranges(
    direct: GcsStorage, key_file: Path, tmp_path: Path
) -> None:
    source = file(tmp_path, 1000)
    direct.put("a/b", source)
    address = direct.signed_url("a/b", seconds=60, mime="video/mp4", disposition="attachment")
    answer = requests.get(address, timeout=10)
    assert (answer.status_code, answer.content) == (200, source.read_bytes())
    answer = requests.get(address, timeout=10, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, source.read_bytes()[10:20])
    other = address.replace("/a/b?", "/a/c?")
    assert requests.get(other, timeout=10).status_code == 404


def test_an_address_lives_a_week_at_most(store: GcsStorage, key_file: Path) -> None:
    assert "X-Goog-Expires=604800&" in store.signed_url("a", seconds=1e9)
    assert "X-Goog-Expires=1&" in store.signed_url("a", seconds=0)


def test_without_a_signer_the_setting_is_named(store: GcsStorage) -> None:
    with pytest.raises(Misconfigured, match="GOOGLE_APPLICATION_CREDENTIALS"):
        store.signed_url("a", seconds=60)


class Platform(Credentials):
    """Credentials as a machine of the platform has them: a token, an account, and no key."""

    service_account_email = "default"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def refresh(self, request: object) -> None:
        self.token, self.service_account_email = "a token", EMAIL


@pytest.fixture
def platform(
    line: Proxy, key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], None]:
    """Has the line answer as the platform's signer does; with another status, it refuses."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "looked at by google.auth alone")
    monkeypatch.setattr(google.auth, "default", lambda **_: (Platform(), None))
    monkeypatch.setattr(iam, "_IAM_SIGN_ENDPOINT", f"{line.url}/{{}}:signBlob")

    def sign(asked: Asked, _: object) -> Answer | None:
        if not asked.path.endswith(f"{EMAIL}:signBlob"):
            return None
        assert asked.headers["authorization"] == "Bearer a token"
        message = base64.b64decode(json.loads(asked.body)["payload"])
        signed = base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256()))
        return status(200, json.dumps({"signedBlob": signed.decode()}).encode())

    def answer(code: int) -> None:
        refusal = status(code, b'{"error": {"status": "PERMISSION_DENIED"}}')
        line.faults[:] = [sign if code == 200 else lambda *_: refusal]

    return answer


def test_the_platform_signs_where_there_is_no_key_file(
    store: GcsStorage, line: Proxy, key: rsa.RSAPrivateKey, platform: Callable[[int], None]
) -> None:
    platform(200)
    address = store.signed_url("a", seconds=60)
    said = dict(parse_qsl(urlsplit(address).query))
    assert said["X-Goog-Credential"].startswith(f"{EMAIL}/")
    (asked,) = line.asked
    message = base64.b64decode(json.loads(asked.body)["payload"])
    signature = unhexlify(said["X-Goog-Signature"])
    key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


def test_a_platform_that_may_not_sign_is_told_how_to_mend_it(
    store: GcsStorage, platform: Callable[[int], None]
) -> None:
    platform(403)
    with pytest.raises(Misconfigured, match=f"{EMAIL} may not sign for itself"):
        store.signed_url("a", seconds=60)


# ── the key that encrypts ──


def test_every_write_names_the_key_and_asks_that_nothing_be_there(
    line: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GcsStorage(line.bucket, "", scratch=tmp_path, kms_key=KMS_KEY, patience=2)
    monkeypatch.setattr(gcs_compose, "MOST", 4)
    for n in range(5):
        store.put(f"p/{n}", file(tmp_path, n + 1))
    store.put("large", file(tmp_path, 9 << 20))
    store.compose("whole", [f"p/{n}" for n in range(5)])
    store.begin_session("direct", 10)
    begun = [asked for asked in line.asked if asked.method == "POST"]
    composed = [asked for asked in begun if "/compose?" in asked.path]
    resumable = [asked for asked in begun if asked.query.get("uploadType") == "resumable"]
    at_once = [asked for asked in begun if asked.query.get("uploadType") == "multipart"]
    assert (len(composed), len(resumable), len(at_once)) == (3, 2, 5)
    assert len(begun) == 10
    for asked in begun:
        assert asked.query["kmsKeyName"] == KMS_KEY
        assert asked.query["ifGenerationMatch"] == "0"


def test_without_a_key_none_is_named(store: GcsStorage, line: Proxy, tmp_path: Path) -> None:
    store.put("a", file(tmp_path))
    assert not any("kmsKeyName" in asked.path for asked in line.asked)


# ── sessions ──


def test_nothing_is_asked_of_the_bucket_itself(
    store: GcsStorage, line: Proxy, tmp_path: Path
) -> None:
    store.put("a", file(tmp_path))
    for thread in threading.enumerate():
        if "fetch" in thread.name:
            thread.join(5)
    assert line.asked
    assert not [asked for asked in line.asked if urlsplit(asked.path).path.endswith(line.bucket)]


def test_a_session_says_its_size_and_who_may_come(store: GcsStorage, line: Proxy) -> None:
    address = store.begin_session("a/b", 1234, origin="https://app.example")
    (begun,) = (asked for asked in line.asked if asked.method == "POST")
    assert begun.headers["x-upload-content-length"] == "1234"
    assert begun.headers["origin"] == "https://app.example"
    assert json.loads(begun.body)["name"] == "some/prefix/a/b"
    assert address.startswith(line.url)


def test_what_comes_over_a_session_is_there_with_its_last_byte(store: GcsStorage) -> None:
    data = os.urandom((256 << 10) + 5)
    address = store.begin_session("a", len(data))
    size = 256 << 10
    head = {"Content-Range": f"bytes 0-{size - 1}/{len(data)}"}
    answer = requests.put(address, data[:size], headers=head, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{size - 1}")
    assert keys(store) == []
    rest = {"Content-Range": f"bytes {size}-{len(data) - 1}/{len(data)}"}
    assert requests.put(address, data[size:], headers=rest, timeout=10).status_code == 200
    with store.open("a") as stream:
        assert stream.read() == data


def test_a_session_that_was_given_up_is_told_to_the_store(store: GcsStorage, line: Proxy) -> None:
    address = store.begin_session("a", 10)
    store.end_session(address)
    assert line.asked[-1].method == "DELETE"
    assert line.url + line.asked[-1].path == address
    assert "authorization" not in line.asked[-1].headers


# ── lines that fail in the middle of sending ──

LARGE = (33 << 20) + 7  # three pieces


def half_taken(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
    """The store takes 4 MiB of a piece, and its answer says so."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", asked.headers["content-range"])
    assert found is not None
    start, taken = int(found[1]), 4 << 20
    told = f"bytes {start}-{start + taken - 1}/{found[2]}"
    headers = asked.headers | {"content-range": told, "content-length": str(taken)}
    headers.pop("x-goog-hash", None)
    return go_on(Asked(asked.method, asked.path, headers, asked.body[:taken]))


def half_taken_and_lost(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
    half_taken(asked, go_on)
    return LOST


def half_taken_and_busy(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
    half_taken(asked, go_on)
    return status(503)


def taken_and_lost(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
    go_on(asked)
    return LOST


def starts(line: Proxy) -> list[int]:
    """Where each request with bytes of the file began."""
    said = (asked.headers["content-range"] for asked in line.asked if asked.sends)
    return [int(one.removeprefix("bytes ").split("-")[0]) for one in said]


@pytest.mark.needs("status-query")
@pytest.mark.parametrize("fault", [half_taken, half_taken_and_lost, half_taken_and_busy])
def test_sending_goes_on_where_the_store_says(
    store: GcsStorage,
    line: Proxy,
    tmp_path: Path,
    fault: Callable[[Asked, Callable[[Asked], Answer]], Answer],
) -> None:
    source = file(tmp_path, LARGE)
    seen: list[list[str]] = []

    def look(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer | None:
        if asked.sends:
            seen.append(keys(store))
        return None

    line.once(
        lambda asked: asked.sends and "bytes 16777216-" in asked.headers["content-range"], fault
    )
    line.faults.insert(0, look)
    store.put("a", source)
    assert starts(line) == [0, 16 << 20, 20 << 20]
    assert seen == [[]] * 3
    with store.open("a") as stream:
        assert stream.read() == source.read_bytes()


def test_a_lost_answer_to_the_last_byte_is_asked_for_again(
    store: GcsStorage, line: Proxy, tmp_path: Path
) -> None:
    kept = []

    def keep(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
        kept.append(go_on(asked))
        return LOST

    line.once(lambda asked: asked.sends, keep)
    # Both emulators have forgotten the session by then; the real store says it again.
    line.once(lambda asked: asked.asks, lambda *_: kept[0])
    store.put("a", file(tmp_path, 9 << 20))
    assert starts(line) == [0]
    assert store.stat("a").bytes == 9 << 20


def test_a_store_that_takes_nothing_is_given_up(
    store: GcsStorage, line: Proxy, tmp_path: Path
) -> None:
    line.faults.append(lambda asked, _: status(503) if asked.method == "PUT" else None)
    with pytest.raises(Unavailable) as caught:
        store.put("a", file(tmp_path, 9 << 20), consume=True)
    assert (tmp_path / f"file-{9 << 20}").exists()
    line.faults.clear()
    assert keys(store) == []
    (ended,) = (asked for asked in line.asked if asked.method == "DELETE")
    assert ended.query["upload_id"] not in str(caught.value) + str(caught.value.detail)


@pytest.mark.parametrize("code", [404, 410])
def test_a_session_that_the_store_forgot_is_not_gone_on_with(
    store: GcsStorage, line: Proxy, tmp_path: Path, code: int
) -> None:
    line.once(lambda asked: asked.sends, lambda *_: status(code))
    with pytest.raises(Unavailable, match="forgotten"):
        store.put("a", file(tmp_path, 9 << 20))
    assert keys(store) == []


@pytest.mark.parametrize("size", [100, 9 << 20])
def test_bytes_that_were_damaged_on_their_way_leave_nothing(
    store: GcsStorage, line: Proxy, tmp_path: Path, size: int
) -> None:
    source = file(tmp_path, size)

    def damage(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
        wanted = source.read_bytes()
        assert asked.body.count(wanted) == 1
        body = asked.body.replace(wanted, wanted[:-1] + bytes([wanted[-1] ^ 1]))
        return go_on(Asked(asked.method, asked.path, asked.headers, body))

    line.once(lambda asked: source.read_bytes() in asked.body, damage)
    with pytest.raises(AutomatorError):
        store.put("a", source)
    assert keys(store) == []
    store.put("a", source)
    assert store.stat("a").bytes == size


def test_the_checksum_goes_with_the_bytes(store: GcsStorage, line: Proxy, tmp_path: Path) -> None:
    for size in (100, 9 << 20):
        source = file(tmp_path, size)
        value = google_crc32c.value(source.read_bytes())
        crc = base64.b64encode(value.to_bytes(4, "big")).decode()
        store.put(f"a{size}", source)
        assert any(f'"crc32c": "{crc}"'.encode() in asked.body for asked in line.asked)
    assert line.asked[-1].headers["x-goog-hash"] == f"crc32c={crc}"


@pytest.mark.needs("preconditions")
def test_an_answer_that_was_lost_is_no_conflict(
    store: GcsStorage, line: Proxy, tmp_path: Path
) -> None:
    source = file(tmp_path, 100)
    line.once(lambda asked: asked.query.get("uploadType") == "multipart", taken_and_lost)
    assert store.put("a", source).bytes == 100
    assert keys(store) == ["a"]


@pytest.mark.parametrize("bytes_", [b"other", b"longer than it was"])
def test_what_came_first_stays_when_the_store_refuses_a_second(
    store: GcsStorage, line: Proxy, tmp_path: Path, bytes_: bytes
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"first")
    second.write_bytes(bytes_)
    store.put("a", first)
    store.put("p", second)
    line.faults.append(lambda asked, _: status(412) if "ifGenerationMatch" in asked.path else None)
    assert store.put("a", first).bytes == 5
    with pytest.raises(Conflict):
        store.put("a", second)
    with pytest.raises(Conflict):
        store.compose("a", ["p"])


# ── lines that fail in the middle of reading ──


def reads(asked: Asked) -> bool:
    return asked.query.get("alt") == "media"


def test_a_read_that_is_cut_goes_on(store: GcsStorage, line: Proxy, tmp_path: Path) -> None:
    source = file(tmp_path, 3 << 20)
    store.put("a", source)

    def cut(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
        answer = go_on(asked)
        answer.cut = True
        return answer

    for _ in range(2):
        line.once(reads, cut)
        line.once(reads, lambda *_: status(503))
        with store.open("a") as stream:
            assert stream.read() == source.read_bytes()


def test_damaged_bytes_are_not_handed_on(store: GcsStorage, line: Proxy, tmp_path: Path) -> None:
    store.put("a", file(tmp_path, 3 << 20))

    def damage(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer:
        answer = go_on(asked)
        answer.body = answer.body[:-1] + bytes([answer.body[-1] ^ 1])
        return answer

    line.once(reads, damage)
    with pytest.raises(Retryable, match="damaged"), store.local("a"):
        pytest.fail("a damaged file was handed on")
    assert list((tmp_path / "scratch").iterdir()) == []
    with store.local("a") as path:
        assert path.stat().st_size == 3 << 20
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_range_in_the_middle_fetches_little_more(
    store: GcsStorage, line: Proxy, tmp_path: Path
) -> None:
    source = file(tmp_path, 9 << 20)
    store.put("a", source)
    line.asked.clear()
    with store.open("a") as stream:
        stream.seek(5_000_000)
        assert stream.read(1024) == source.read_bytes()[5_000_000:5_001_024]
    assert [asked.headers.get("range") for asked in line.asked if reads(asked)] == [
        f"bytes=5000000-{5_000_000 + (64 << 10) - 1}"
    ]
    line.asked.clear()
    with store.open("a") as stream:
        while stream.read(100_000):
            pass
    assert len([asked for asked in line.asked if reads(asked)]) <= 9


# ── what the store says ──


@pytest.mark.parametrize(
    ("code", "reason", "raised"),
    [
        (401, "authError", Misconfigured),
        (403, "forbidden", Misconfigured),
        (403, "quotaExceeded", InsufficientStorage),
        (403, "rateLimitExceeded", Unavailable),
        (429, "rateLimitExceeded", Unavailable),
        (503, "backendError", Unavailable),
        (400, "invalid", Misconfigured),
    ],
)
def test_what_the_store_answers_has_an_error_of_ours(
    line: Proxy, tmp_path: Path, code: int, reason: str, raised: type[Exception]
) -> None:
    said = {"error": {"code": code, "message": "secret", "errors": [{"reason": reason}]}}
    line.faults.append(lambda *_: status(code, json.dumps(said).encode()))
    store = GcsStorage(line.bucket, "", scratch=tmp_path, patience=0.4)
    for use in (
        lambda: store.put("a", file(tmp_path)),
        lambda: store.stat("a"),
        lambda: store.begin_session("a", 10),
        lambda: list(store.list()),
    ):
        with pytest.raises(raised) as caught:
            use()
        assert "secret" not in str(caught.value)


def test_a_bucket_that_is_not_there_names_the_setting(line: Proxy, tmp_path: Path) -> None:
    store = GcsStorage("no-such-bucket", "", scratch=tmp_path, patience=2)
    for use in (
        lambda: store.put("a", file(tmp_path)),
        lambda: list(store.list()),
        store.facts,
    ):
        with pytest.raises(Misconfigured, match="STORAGE_URL"):
            use()


def test_a_store_that_is_away_is_told_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    store = GcsStorage("a-bucket", "", scratch=tmp_path, patience=0.5)
    with pytest.raises(Unavailable):
        store.stat("a")


# ── leftovers ──


def test_pages_are_deleted_one_after_another(
    store: GcsStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_bucket, "_PAGE", 10)
    source = file(tmp_path)
    for n in range(25):
        store.put(f"a/{n}", source)
    store.put("b", source)
    assert len(list(store.list("a"))) == 25
    assert store.delete_prefix("a") == 25
    assert keys(store) == ["b"]


def test_halves_of_joins_and_copies_of_the_dead_are_swept(
    store: GcsStorage, line: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_compose, "MOST", 4)
    for n in range(5):
        store.put(f"p/{n}", file(tmp_path, n + 1))
    line.faults.append(lambda asked, _: status(403) if asked.method == "DELETE" else None)
    store.compose("whole", [f"p/{n}" for n in range(5)])
    line.faults.clear()
    assert len(keys(store)) == 6
    left = tmp_path / "scratch" / "local-left"
    left.mkdir(parents=True)
    (left / ".lock").touch()
    with store.local("whole") as path:
        assert store.sweep_incoming(60) == 0
        assert store.sweep_incoming(-60) == 3
        assert path.exists()
    assert not left.exists()
    assert len(keys(store)) == 6


# ── settings ──


@pytest.mark.parametrize(
    "url", ["gs://", "gs://B", "gs://a", "gs://bucket/../x", "gs://bucket/a//b", "gs://bucket?x=1"]
)
def test_an_address_that_names_no_bucket_names_the_setting(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="STORAGE_URL"):
        open_storage(url, scratch=tmp_path)


def test_a_folder_takes_no_key(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="STORAGE_KMS_KEY"):
        open_storage((tmp_path / "store").as_uri(), kms_key=KMS_KEY)
