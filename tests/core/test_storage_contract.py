"""One suite over every kind of store."""

import hashlib
import os
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, NotFound, Rejected
from core.folder_storage import FolderStorage
from core.gcs_storage import GcsStorage
from core.keys import artifact_prefix, checked_key, source_key, tenant_prefix
from core.storage import Storage, Stored
from tests.emulators import chosen

HOSTILE = [
    "",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    "a\0b",
    "a\nb",
    "a\\b",
    ".incoming/x",
    "a/.hidden",
    "a b",
    "ä",
    "\ud800",
    "x" * 256,
    "/".join(["long"] * 300),
]


@pytest.fixture(params=["folder", "fake-gcs-server", "gcp-storage-emulator"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "store")
    emulator = chosen(request, request.param)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
    return GcsStorage(emulator.bucket(), "some/prefix", scratch=tmp_path / "scratch", patience=5)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip"
    path.write_bytes(os.urandom(3_000_001))
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def small(tmp_path: Path, data: bytes = b"x") -> Path:
    path = tmp_path / f"small-{uuid4().hex}"
    path.write_bytes(data)
    return path


def content(store: Storage, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


@pytest.mark.parametrize("consume", [False, True])
def test_what_was_put_comes_back(store: Storage, clip: Path, consume: bool) -> None:
    data = clip.read_bytes()
    assert store.put("a/b/c.mp4", clip, consume=consume) == Stored(
        "a/b/c.mp4", len(data), sha256(data)
    )
    assert clip.exists() is not consume
    with store.open("a/b/c.mp4") as stream:
        assert stream.read() == data
        stream.seek(-3, os.SEEK_END)
        assert stream.read() == data[-3:]
    with store.local("a/b/c.mp4") as path:
        assert path.read_bytes() == data
    assert store.stat("a/b/c.mp4").bytes == len(data)


def test_the_source_may_change_after_it_was_put(store: Storage, tmp_path: Path) -> None:
    source = small(tmp_path, b"before")
    store.put("a", source)
    source.write_bytes(b"after")
    with store.open("a") as stream:
        assert stream.read() == b"before"


def test_a_consumed_file_with_a_second_name_is_copied(store: Storage, tmp_path: Path) -> None:
    source = small(tmp_path, b"before")
    os.link(source, tmp_path / "other")
    store.put("a", source, consume=True)
    (tmp_path / "other").write_bytes(b"after")
    with store.open("a") as stream:
        assert stream.read() == b"before"


@pytest.mark.needs("preconditions")
def test_the_same_bytes_may_be_put_again_and_others_may_not(store: Storage, tmp_path: Path) -> None:
    first = store.put("a", small(tmp_path, b"before"))
    again = small(tmp_path, b"before")
    assert store.put("a", again, consume=True) == first
    assert not again.exists()
    for consume in (False, True):
        other = small(tmp_path, b"afterw")
        with pytest.raises(Conflict):
            store.put("a", other, consume=consume)
        assert other.read_bytes() == b"afterw"
    assert content(store, "a") == b"before"
    store.delete("a")
    store.put("a", small(tmp_path, b"after"))
    assert content(store, "a") == b"after"


@pytest.mark.needs("preconditions")
def test_of_many_that_put_a_key_at_once_one_wins_whole(store: Storage, tmp_path: Path) -> None:
    contents = [bytes([n // 2]) * 500_000 for n in range(8)]
    lost = []

    def put(source: Path, consume: bool) -> None:
        try:
            store.put("same/key", source, consume=consume)
        except Conflict:
            lost.append(source.read_bytes())

    threads = [
        threading.Thread(target=put, args=(small(tmp_path, data), bool(n % 2)))
        for n, data in enumerate(contents)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (found,) = store.list()
    assert found.bytes == 500_000
    won = content(store, "same/key")
    assert sorted(lost) == sorted(data for data in contents if data != won)


def test_parts_are_joined_in_their_order_and_stay(store: Storage, tmp_path: Path) -> None:
    parts = [f"p/{n}" for n in (2, 0, 1)]
    pieces = [os.urandom(70_000 + n) for n in range(3)]
    for part, piece in zip(parts, pieces, strict=True):
        store.put(part, small(tmp_path, piece))
    whole = b"".join(pieces)
    assert store.compose("whole", parts) == Stored("whole", len(whole), sha256(whole))
    assert store.compose("whole", parts) == Stored("whole", len(whole), sha256(whole))
    assert content(store, "whole") == whole
    with pytest.raises(Conflict):
        store.compose("whole", parts[:2])
    assert content(store, "whole") == whole
    assert [item.key for item in store.list("p")] == sorted(parts)


def test_more_parts_than_go_into_one_join_are_joined(store: Storage, tmp_path: Path) -> None:
    pieces = [bytes([n]) * (n + 1) for n in range(70)]
    for n, piece in enumerate(pieces):
        store.put(f"p/{n}", small(tmp_path, piece))
    whole = b"".join(pieces)
    made = store.compose("whole", [f"p/{n}" for n in range(70)])
    assert made == Stored("whole", len(whole), sha256(whole))
    assert content(store, "whole") == whole
    assert len(list(store.list())) == 71


def test_what_cannot_be_joined_leaves_nothing(store: Storage, tmp_path: Path) -> None:
    store.put("p/0", small(tmp_path))
    with pytest.raises(NotFound):
        store.compose("whole", ["p/0", "p/1"])
    with pytest.raises(Rejected):
        store.compose("whole", [])
    assert [item.key for item in store.list()] == ["p/0"]


def test_a_range_is_a_seek_and_a_read(store: Storage, clip: Path) -> None:
    data = clip.read_bytes()
    store.put("a", clip)
    with store.open("a") as stream:
        assert stream.seekable()
        for start, size in ((1_500_000, 1024), (0, 10), (len(data) - 5, 100), (3_000_001, 1)):
            assert stream.seek(start) == start
            assert stream.read(size) == data[start : start + size]
        stream.seek(0)
        pieces = []
        while piece := stream.read(700_000):
            pieces.append(piece)
        assert b"".join(pieces) == data


def test_keys_are_listed_in_their_own_order(store: Storage, tmp_path: Path) -> None:
    keys = ["a+", "a-b/x", "a.b", "a/x", "a/x-1", "a/y/z", "a0", "a=", "ab"]
    for key in keys:
        store.put(key, small(tmp_path))
    assert [item.key for item in store.list()] == sorted(keys)


def test_a_large_file_comes_back_whole(store: Storage, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(os.urandom((17 << 20) + 3))
    expected = sha256(source.read_bytes())
    assert store.put("large", source).sha256 == expected
    with store.local("large") as path:
        assert path.stat().st_size == (17 << 20) + 3
        assert sha256(path.read_bytes()) == expected
    assert not path.exists() or isinstance(store, FolderStorage)


def test_an_empty_file_is_a_file(store: Storage, tmp_path: Path) -> None:
    assert store.put("empty", small(tmp_path, b"")).bytes == 0
    assert content(store, "empty") == b""
    assert store.stat("empty").bytes == 0
    with store.local("empty") as path:
        assert path.read_bytes() == b""


@pytest.mark.parametrize("key", ["a/c", "a", "z", "a/b/c", "a/b/c.txt"])
def test_what_is_missing_is_not_found(store: Storage, tmp_path: Path, key: str) -> None:
    store.put("a/b", small(tmp_path))
    with pytest.raises(NotFound):
        store.stat(key)
    with pytest.raises(NotFound):
        store.open(key)
    with pytest.raises(NotFound), store.local(key):
        pass
    store.delete(key)
    assert [item.key for item in store.list()] == ["a/b"]


@pytest.mark.parametrize("key", HOSTILE)
def test_hostile_keys_are_refused(store: Storage, tmp_path: Path, key: str) -> None:
    source = small(tmp_path)
    for use in (
        lambda: store.put(key, source),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: store.delete_prefix(key),
        lambda: store.compose(key, ["a"]),
        lambda: store.compose("a", [key]),
        lambda: store.signed_url(key, seconds=60),
        lambda: store.begin_session(key, 1),
        lambda: store.local(key).__enter__(),
    ):
        with pytest.raises(Rejected):
            use()
    assert list(store.list()) == []


@given(st.text())
def test_a_key_that_passes_stays_below_the_root(key: str) -> None:
    try:
        checked_key(key)
    except Rejected:
        return
    assert os.path.normpath(f"/store/{key}") == f"/store/{key}"


def test_a_prefix_is_a_folder(store: Storage, tmp_path: Path) -> None:
    for key in ("a/b/1", "a/b/2", "a/b/deep/3", "a/bc/4", "a/b5"):
        store.put(key, small(tmp_path))
    assert [item.key for item in store.list("a/b")] == ["a/b/1", "a/b/2", "a/b/deep/3"]
    assert store.delete_prefix("a/b") == 3
    assert [item.key for item in store.list()] == ["a/b5", "a/bc/4"]
    assert store.delete_prefix("a/b") == 0
    store.delete("a/b5")
    assert [item.key for item in store.list()] == ["a/bc/4"]


def test_room_is_told(store: Storage) -> None:
    free = store.free_bytes()
    assert free is None or free > 0


def test_keys_are_laid_out_by_tenant() -> None:
    tenant, asset = uuid4(), uuid4()
    assert source_key(tenant, asset) == f"tenants/{tenant}/sources/{asset}/original"
    prefix = artifact_prefix(tenant, "package", "cd34", 2, asset)
    assert prefix == f"tenants/{tenant}/package/cd34/2-{asset.hex[:12]}"
    assert prefix.startswith(tenant_prefix(tenant) + "/")
