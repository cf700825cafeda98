"""Cloud KMS by REST, against a server of this machine that errs when it is told to."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from core.errors import Misconfigured, SealBroken, Unavailable
from core.kms import EMULATOR, KmsMasterKey
from tests.kms_server import Change, KmsServer, kms_server

KEY = bytes(range(32))


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsServer]:
    with kms_server() as running:
        monkeypatch.setenv(EMULATOR, running.url)
        yield running


def _with(**changes: object) -> Change:
    return lambda body: {**body, **changes}


_FLIPPED = _with(ciphertext="AAAA", plaintext="AAAA")
_DAMAGE: list[bytes | Change] = [
    _FLIPPED,
    _with(ciphertextCrc32c="1", plaintextCrc32c="1"),
    _with(ciphertext="not base64", plaintext="not base64"),
    _with(ciphertext=5, plaintext=None),
    lambda body: {},
    b"[]",
    b"<html>",
    b" " * (2 << 20),
]
_UNVERIFIED = [
    _with(verifiedPlaintextCrc32c=False),
    _with(verifiedAdditionalAuthenticatedDataCrc32c=False),
    _with(name="projects/p/locations/l/keyRings/r/cryptoKeys/another/cryptoKeyVersions/1"),
]


def test_a_version_that_was_followed_by_another_still_unwraps(kms: KmsServer) -> None:
    resource = kms.key("a")
    before = KmsMasterKey(resource).wrap(KEY, "here")
    kms.rotate(resource)
    after = KmsMasterKey(resource).wrap(KEY, "here")
    assert (before[0], after[0]) == (1, 2)
    assert KmsMasterKey(resource).unwrap(before, "here") == KEY


@pytest.mark.parametrize("fault", range(len(_DAMAGE)))
def test_damaged_answers_are_asked_for_again_and_then_refused(kms: KmsServer, fault: int) -> None:
    master = KmsMasterKey(kms.key("a"))
    kms.faults = [_DAMAGE[fault]]
    wrapped = master.wrap(KEY, "here")
    kms.faults = [_DAMAGE[fault]]
    assert master.unwrap(wrapped, "here") == KEY
    assert len(kms.requests) == 4
    for ask, value in ((master.wrap, KEY), (master.unwrap, wrapped)):
        kms.faults = [_DAMAGE[fault]] * 2
        with pytest.raises(Unavailable, match="damaged"):
            ask(value, "here")


@pytest.mark.parametrize("fault", range(len(_UNVERIFIED)))
def test_what_google_did_not_verify_is_not_used(kms: KmsServer, fault: int) -> None:
    master = KmsMasterKey(kms.key("a"))
    kms.faults = [_UNVERIFIED[fault]] * 2
    with pytest.raises(Unavailable, match="damaged"):
        master.wrap(KEY, "here")
    assert master.unwrap(master.wrap(KEY, "here"), "here") == KEY


@pytest.mark.parametrize(
    ("status", "expected", "tries"),
    [
        (401, Misconfigured, 2),  # google-auth renews its credentials once
        (403, Misconfigured, 1),
        (404, Misconfigured, 1),
        (400, Misconfigured, 1),
        (302, Misconfigured, 1),
        (408, Unavailable, 2),
        (429, Unavailable, 2),
        (500, Unavailable, 2),
        (503, Unavailable, 2),
    ],
)
def test_a_refusal_says_whose_turn_it_is(
    kms: KmsServer, status: int, expected: type[Exception], tries: int
) -> None:
    master = KmsMasterKey(kms.key("a"))
    for ask in (master.wrap, master.unwrap):
        kms.requests.clear()
        kms.faults = [status] * 8
        with pytest.raises(expected) as caught:
            ask(KEY, "here")
        assert len(kms.requests) <= tries + 1
        assert KEY.hex() not in str(caught.value)
        assert "AAEC" not in f"{caught.value} {getattr(caught.value, 'detail', '')}"


def test_a_request_that_was_damaged_is_sent_again(
    kms: KmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    master = KmsMasterKey(kms.key("a"))
    wrapped = master.wrap(KEY, "here")
    genuine = requests.Session.request
    sent: list[int] = []

    def damaging(self: requests.Session, *args: Any, **more: Any) -> requests.Response:
        body = more.get("json")
        if isinstance(body, dict) and not sent:
            more["json"] = {**body, "ciphertext": "AAAA"}
        sent.append(1)
        return genuine(self, *args, **more)

    monkeypatch.setattr(requests.Session, "request", damaging)
    assert master.unwrap(wrapped, "here") == KEY
    assert len(sent) == 2


def test_what_another_key_made_is_broken_and_not_the_operators_fault(kms: KmsServer) -> None:
    wrapped = KmsMasterKey(kms.key("a")).wrap(KEY, "here")
    with pytest.raises(SealBroken):
        KmsMasterKey(kms.key("b")).unwrap(wrapped, "here")


def test_a_server_that_is_away_is_waited_for_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EMULATOR, "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="does not answer"):
        KmsMasterKey("projects/p/locations/l/keyRings/r/cryptoKeys/k").wrap(KEY, "here")


def test_without_credentials_the_operator_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    with pytest.raises(Misconfigured, match="no credentials for Cloud KMS"):
        KmsMasterKey("projects/p/locations/l/keyRings/r/cryptoKeys/k").wrap(KEY, "here")
