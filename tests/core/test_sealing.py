"""Sealed values open with their key, in their place, unchanged, and not otherwise."""

import base64
import copy
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import Misconfigured, SealBroken
from core.master_keys import LocalMasterKey, MasterKeys, parse_master_keys
from core.sealing import Sealer, cipher, key_version
from core.settings import Settings, get_settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
SECRET = b"hunter2 hunter2"


class Keys:
    """Data keys that are simply told."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = {version: cipher(key) for version, key in enumerate(keys, 1)}

    def newest(self) -> "tuple[int, AESGCM]":
        return max(self._keys.items(), key=lambda item: item[0])

    def find(self, version: int) -> "AESGCM | None":
        return self._keys.get(version)


def test_a_secret_comes_back_and_is_not_seen_meanwhile() -> None:
    sealer = Sealer(Keys(FIRST))
    for secret in (b"", b"x", SECRET, bytes(100_000)):
        sealed = sealer.seal(secret, "channels.token:1")
        assert sealer.open(sealed, "channels.token:1") == secret
    assert SECRET not in sealer.seal(SECRET, "channels.token:1")
    assert sealer.seal(SECRET, "a") != sealer.seal(SECRET, "a")


def test_a_change_of_any_byte_is_noticed() -> None:
    sealer = Sealer(Keys(FIRST, SECOND))
    sealed = sealer.seal(SECRET, "here")
    for at in range(len(sealed)):
        for bit in range(8):
            harmed = bytearray(sealed)
            harmed[at] ^= 1 << bit
            with pytest.raises(SealBroken):
                sealer.open(bytes(harmed), "here")
    for end in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:end], "here")
    with pytest.raises(SealBroken):
        sealer.open(sealed + b"\0", "here")


def test_a_value_that_was_moved_does_not_open() -> None:
    sealed = Sealer(Keys(FIRST)).seal(SECRET, "webhooks.secret:1")
    for keys, context in (
        (Keys(FIRST), "webhooks.secret:2"),
        (Keys(FIRST), "webhooks.other:1"),
        (Keys(FIRST), ""),
        (Keys(SECOND), "webhooks.secret:1"),
        (Keys(), "webhooks.secret:1"),
    ):
        with pytest.raises(SealBroken) as caught:
            Sealer(keys).open(sealed, context)
        assert "hunter" not in f"{caught.value} {caught.value.detail} {caught.value!r}"
        assert caught.value.__cause__ is None


def test_an_older_key_opens_what_it_sealed_and_the_newest_seals() -> None:
    old = Sealer(Keys(FIRST)).seal(SECRET, "here")
    sealer = Sealer(Keys(FIRST, SECOND))
    assert sealer.open(old, "here") == SECRET
    assert [key_version(old), key_version(sealer.seal(SECRET, "here"))] == [1, 2]
    assert key_version(b"plain text that was never sealed by anybody") is None


def test_keys_are_not_shown_copied_or_pickled() -> None:
    sealer = Sealer(Keys(FIRST))
    master = LocalMasterKey(FIRST)
    for one in (sealer, master, cipher(FIRST), MasterKeys(FIRST.hex)):
        assert FIRST.hex() not in repr(one)
        assert repr(FIRST)[2:12] not in repr(one)
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(one)
        with pytest.raises((TypeError, AttributeError)):
            copy.deepcopy(one)


@pytest.mark.parametrize(
    "text",
    [
        FIRST.hex(),
        FIRST.hex().upper(),
        base64.b64encode(FIRST).decode(),
        base64.urlsafe_b64encode(FIRST).decode().rstrip("="),
        f" {FIRST.hex()} ,\n{SECOND.hex()}\n",
    ],
)
def test_a_key_may_be_written_in_several_ways(text: str) -> None:
    assert MasterKeys(lambda: text).first.name == LocalMasterKey(FIRST).name


@pytest.mark.parametrize(
    "text", ["", " , ", "hunter2", "hunter2" * 9 + "x", FIRST.hex()[:-2], f"{FIRST.hex()},hunter2"]
)
def test_what_is_no_key_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(ValueError, match="must be 32 bytes") as caught:
        parse_master_keys(text)
    assert "hunter" not in str(caught.value)
    if text:
        monkeypatch.setenv("MASTER_KEYS", text)
        get_settings.cache_clear()
        with pytest.raises(Misconfigured, match="MASTER_KEYS") as told:
            get_settings()
        assert "hunter" not in str(told.value)
        with pytest.raises(ValueError, match="must be 32") as raised:
            Settings()
        assert "hunter" not in str(raised.value)


def test_the_first_wraps_and_all_are_known_by_name() -> None:
    keys = MasterKeys(lambda: f"{FIRST.hex()},{SECOND.hex()}")
    wrapped = LocalMasterKey(SECOND).wrap(FIRST, "here")
    assert keys.first.name == LocalMasterKey(FIRST).name
    assert keys.named(LocalMasterKey(SECOND).name).unwrap(wrapped, "here") == FIRST
    with pytest.raises(Misconfigured, match="local:0000, which is not in MASTER_KEYS"):
        keys.named("local:0000")


def test_a_file_is_read_again_when_a_key_is_not_known_and_when_one_wraps(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    keys = MasterKeys.of(Settings(master_key_file=file))
    with pytest.raises(Misconfigured, match="MASTER_KEY_FILE cannot be read: No such file"):
        keys.all()
    file.write_text(FIRST.hex())
    first = keys.first
    file.write_text(f"{SECOND.hex()}\n{FIRST.hex()}\n")
    assert keys.named(LocalMasterKey(SECOND).name).name == LocalMasterKey(SECOND).name
    assert keys.first.name == LocalMasterKey(SECOND).name
    assert keys.named(first.name) is first


def test_settings_without_a_key_or_with_two_places_for_it_say_so(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="MASTER_KEYS is not set"):
        MasterKeys.of(Settings()).all()
    with pytest.raises(Misconfigured, match="both set"):
        MasterKeys.of(Settings(master_keys=FIRST.hex(), master_key_file=tmp_path / "x"))
