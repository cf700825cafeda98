"""One suite over every kind of master key."""

import os
from collections.abc import Callable, Iterator

import pytest

from core.errors import SealBroken
from core.kms import EMULATOR, KmsMasterKey
from core.master_keys import LocalMasterKey, MasterKey
from tests.kms_server import KmsServer, kms_server

Make = Callable[[str], MasterKey]
KEY = bytes(range(32))


@pytest.fixture(scope="module")
def kms() -> Iterator[KmsServer]:
    with kms_server() as running:
        yield running


@pytest.fixture(params=["local", "kms"])
def make(request: pytest.FixtureRequest, kms: KmsServer, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a master key; one name is one key."""
    monkeypatch.setenv(EMULATOR, kms.url)
    if request.param == "kms":
        return lambda name: KmsMasterKey(kms.key(name))
    known: dict[str, bytes] = {}
    return lambda name: LocalMasterKey(known.setdefault(name, os.urandom(32)))


def test_what_was_wrapped_is_unwrapped_by_whoever_has_the_key(make: Make) -> None:
    wrapped = make("a").wrap(KEY, "here")
    assert make("a").unwrap(wrapped, "here") == KEY
    assert make("a").name == make("a").name != make("b").name


def test_nothing_of_a_key_is_seen_in_what_wraps_it(make: Make) -> None:
    first, second = (make("a").wrap(KEY, "here") for _ in range(2))
    assert first != second
    assert not any(KEY[at : at + 4] in first for at in range(29))


def test_a_change_of_any_byte_is_noticed(make: Make) -> None:
    master = make("a")
    wrapped = master.wrap(KEY, "here")
    for at in range(len(wrapped)):
        harmed = bytearray(wrapped)
        harmed[at] ^= 1 << (at % 8)
        with pytest.raises(SealBroken):
            master.unwrap(bytes(harmed), "here")
    for harmed_too in (b"", wrapped[:1], wrapped[:12], wrapped[:20], wrapped[:-1], wrapped + b"x"):
        with pytest.raises(SealBroken):
            master.unwrap(harmed_too, "here")


def test_another_context_and_another_key_open_nothing(make: Make) -> None:
    wrapped = make("a").wrap(KEY, "here")
    for master, context in ((make("a"), "there"), (make("a"), ""), (make("b"), "here")):
        with pytest.raises(SealBroken) as caught:
            master.unwrap(wrapped, context)
        assert caught.value.detail == context


def test_a_master_key_shows_itself_to_nobody(make: Make) -> None:
    master = make("a")
    master.wrap(KEY, "here")
    assert KEY.hex() not in repr(master) + str(master) + master.name
