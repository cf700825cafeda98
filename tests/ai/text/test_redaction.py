"""Secrets are found by their forms, words and values; what is none stays."""

import time

import pytest

from ai.text.redaction import redact

# Nobody's: each is put together here, so that no scanner of secrets stops at this file.
SECRETS = {
    "key": [
        "sk-" + "proj-abcDEF1234567890abcd",
        "sk-" + "ant-api03-abcDEF1234567890",
        "AI" + "za" + "SyA1234567890abcdefghijklmnopqrstuv",
        "gh" + "p_" + "a" * 36,
        "github" + "_pat_" + "b" * 40,
        "xo" + "xb-123456789012-abcdefghijkl",
        "AK" + "IA" + "ABCDEFGHIJKLMNOP",
        "sk" + "_live_" + "c" * 24,
        "wh" + "sec_" + "d" * 32,
        "ba" + "k_" + "e" * 32,
        "EA" + "A" + "f" * 80,
    ],
    "token": ["eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWhlcmU"],
    "private key": [
        "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\nabc+/=\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN " + "PRIVATE KEY-----\nMIIEcut",
    ],
}


@pytest.mark.parametrize(
    ("kind", "secret"), [(kind, secret) for kind, found in SECRETS.items() for secret in found]
)
def test_a_secret_is_known_by_its_form(kind: str, secret: str) -> None:
    for text in (secret, f"It is {secret}.", f"({secret})", f"key={secret}", f"\n{secret}\n"):
        cleaned, found = redact(text)
        assert secret not in cleaned
        assert "[redacted: " in cleaned
        assert sum(found.values()) >= 1
    if secret.endswith("cut"):  # nobody knows where it ends
        return
    assert redact(f"See {secret}, please.") == (f"See [redacted: {kind}], please.", {kind: 1})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password: hunter2!", "password: [redacted: password]"),
        ('{"password": "hunter2"}', '{"password": "[redacted: password]"}'),
        ("the password is hunter2, ok", "the password is [redacted: password], ok"),
        ("API_KEY=abcd1234", "API_KEY=[redacted: password]"),
        ("client-secret = abcd1234", "client-secret = [redacted: password]"),
        ("https://me:hunter2@host/x", "https://[redacted: password]@host/x"),
        ("Authorization: Bearer abcdefghijklmnop1", "Authorization: Bearer [redacted: token]"),
    ],
)
def test_what_stands_behind_a_word_is_one_too(text: str, left: str) -> None:
    assert redact(text)[0] == left


@pytest.mark.parametrize(
    "text",
    [
        "Passwords are hard. The secret of good coffee is fresh beans.",
        "Task-oriented risk-based desk-top work; sk-8er",
        "Our key features: speed, taste. https://brand.example/a:b",
        "ÄÖ 日本語 🎬 mail me at a@b.example",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    if "secret of good" in text:
        assert redact(text)[0].startswith("Passwords are hard. The secret of good coffee is fresh")
    else:
        assert redact(text) == (text, {})


def test_known_values_and_addresses_go_where_it_is_wanted() -> None:
    text = "metrics-token-1 and metrics-token, a.b+c@mail.example; short"
    cleaned, found = redact(text, known=["metrics-token", "metrics-token-1", "short"], emails=True)
    assert cleaned == (
        "[redacted: known secret] and [redacted: known secret], [redacted: e-mail]; short"
    )
    assert found == {"known secret": 2, "e-mail": 1}


@pytest.mark.parametrize(
    "evil",
    ["password" * 60_000, "a" * 500_000, "eyJ" + "a." * 200_000, "sk-" * 160_000,
     "://" + "a" * 400_000, "-----BEGIN " * 40_000, "-----BEGIN PRIVATE KEY-----" * 20_000,
     "a@" * 200_000, "a." * 200_000, "bearer " * 60_000],
)  # fmt: skip
def test_no_text_takes_long(evil: str) -> None:
    began = time.process_time()
    redact(evil, emails=True)
    assert time.process_time() - began < 1.5
