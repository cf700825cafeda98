"""A token opens what it was signed for; whatever is not one opens nothing, and says no more."""

import base64
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.errors import Misconfigured, NotFound
from core.settings import Settings, get_settings
from services.media_tokens import MediaToken, Scope, Signer

SECRET, OTHER = "s" * 32, "o" * 32
SIGNER = Signer([SECRET])

tokens = st.builds(
    MediaToken,
    scope=st.sampled_from(Scope),
    tenant_id=st.uuids(),
    asset_id=st.uuids(),
    run_id=st.one_of(st.none(), st.uuids(allow_nil=False)),
    epoch=st.integers(0, 2**31 - 1),
    expires_at=st.integers(0, 2**40),
)
EXAMPLE = MediaToken(Scope.PACKAGE, uuid4(), uuid4(), uuid4(), 3, 1_800_000_000)


@given(tokens)
def test_a_token_says_what_was_signed(token: MediaToken) -> None:
    text = SIGNER.sign(token)
    assert len(text) == 108
    assert SIGNER.read(text) == token


def test_any_flipped_bit_is_refused() -> None:
    whole = base64.urlsafe_b64decode(SIGNER.sign(EXAMPLE))
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotFound):
            SIGNER.read(base64.urlsafe_b64encode(changed).decode())


@given(st.data())
def test_any_other_character_is_refused(data: st.DataObject) -> None:
    text = SIGNER.sign(EXAMPLE)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda one: one != text[place]))
    with pytest.raises(NotFound):
        SIGNER.read(text[:place] + other + text[place + 1 :])


@given(st.one_of(st.text(), st.binary(max_size=200).map(lambda b: base64.b64encode(b).decode())))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(NotFound) as caught:
        SIGNER.read(text)
    assert str(caught.value) == "there is nothing at this address"


@pytest.mark.parametrize("change", [" {}", "{}\n", "{}=", "{}A", "{}\0"])
def test_a_token_has_one_spelling(change: str) -> None:
    with pytest.raises(NotFound):
        SIGNER.read(change.format(SIGNER.sign(EXAMPLE)))


def test_another_secret_signs_nothing_of_ours() -> None:
    with pytest.raises(NotFound):
        SIGNER.read(Signer([OTHER]).sign(EXAMPLE))


def test_secrets_change_without_ending_what_was_signed() -> None:
    both = Signer([OTHER, SECRET])
    assert both.read(SIGNER.sign(EXAMPLE)) == EXAMPLE
    assert both.sign(EXAMPLE) == Signer([OTHER]).sign(EXAMPLE)
    with pytest.raises(NotFound):
        Signer([OTHER]).read(SIGNER.sign(EXAMPLE))


def test_without_a_secret_nothing_is_signed_and_nothing_is_known() -> None:
    signer = Signer.of(Settings(media_secret=None))
    with pytest.raises(Misconfigured, match="MEDIA_SECRET"):
        signer.sign(EXAMPLE)
    with pytest.raises(NotFound):
        signer.read(SIGNER.sign(EXAMPLE))


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_SECRET", f"{SECRET},hunter2")
    get_settings.cache_clear()
    with pytest.raises(Misconfigured, match=r"MEDIA_SECRET.*32 bytes") as caught:
        get_settings()
    assert "hunter2" not in str(caught.value)
    assert SECRET not in repr(Settings(media_secret=SecretStr(SECRET)))


def test_a_run_of_no_id_is_no_run() -> None:
    token = MediaToken(Scope.SOURCE, uuid4(), uuid4(), UUID(int=0), 0, 1)
    assert SIGNER.read(SIGNER.sign(token)).run_id is None
