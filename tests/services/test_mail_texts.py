"""What mails say: every kind, in text and in HTML, whatever it is told."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from jinja2 import UndefinedError

from core.mailing import Letter, sender_of, written
from services.mail_texts import House, letter
from services.mails import VALUES, Claimed, MailKind

HOUSE = House("Studio & Söhne", "https://media.example")
EVIL = '<img src="https://evil.example/x.png">{{ brand }} www.evil.example\r\nBcc: eve@evil.example'


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def written_for(kind: MailKind, language: str = "en", **values: str) -> Letter:
    claimed = Claimed(
        id=uuid4(),
        holder=uuid4(),
        kind=str(kind),
        recipient="ada@example.com",
        language=language,
        attempts=1,
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
        sealed=b"",
    )
    told = {name: f"the {name}" for name in VALUES[kind]}
    if "link" in told:
        told["link"] = "/go?a=1&b=2#token=sesame"
    return letter(HOUSE, claimed, told | values)


@pytest.mark.parametrize("kind", MailKind)
def test_each_kind_says_the_same_in_both_forms(kind: MailKind) -> None:
    made = written_for(kind)
    page = _Page(made.html)
    words = re.sub(r"\s+", " ", " ".join(page.words))
    assert made.subject
    assert "Studio & Söhne" in words
    for name in VALUES[kind] - {"link"}:
        assert f"the {name}" in made.text
        assert f"the {name}" in words
    buttons = [attrs for tag, attrs in page.tags if tag == "a"]
    if "link" in VALUES[kind]:
        whole = "https://media.example/go?a=1&b=2#token=sesame"
        assert [attrs["href"] for attrs in buttons] == [whole]
        assert f"\n{whole}\n" in made.text
        assert whole in words
        assert "If the button does nothing, open this address:" in words
    else:
        assert buttons == []
        assert "http" not in made.text.replace(HOUSE.origin, "")
    assert "{" not in made.text
    assert "{{" not in made.html
    assert " object at 0x" not in words
    assert "prefers-color-scheme: dark" in made.html


@pytest.mark.parametrize("kind", MailKind)
def test_nothing_in_a_mail_is_fetched_from_elsewhere(kind: MailKind) -> None:
    page = _Page(written_for(kind).html)
    for tag, attrs in page.tags:
        assert tag not in {"img", "link", "script", "iframe", "object", "form", "base"}
        assert not {"src", "background", "srcset"} & attrs.keys()
        assert "url(" not in (attrs.get("style") or "")
    assert "@import" not in written_for(kind).html


@pytest.mark.parametrize("name", sorted(set().union(*VALUES.values()) - {"link"}))
def test_what_others_call_themselves_is_shown_and_does_nothing(name: str) -> None:
    kind = next(kind for kind in MailKind if name in VALUES[kind])
    made = written_for(kind, **{name: EVIL})
    page = _Page(made.html)
    assert "img" not in {tag for tag, _ in page.tags}
    assert "{{ brand }}" in made.text
    # Mail programs make links of what looks like one.
    assert "evil.example" not in made.text
    assert "://evil" not in made.html.partition("<body>")[2]
    assert "evil\u2060" not in made.subject
    message = written(made, sender_of("Brand <mail@brand.example>"))
    assert message["Bcc"] is None
    assert len(made.subject.splitlines()) == 1


def test_a_role_is_told_in_words() -> None:
    assert ", as client reviewer." in written_for(MailKind.INVITATION, role="client-reviewer").text


def test_a_long_name_is_cut() -> None:
    made = written_for(MailKind.INVITATION, inviter="x" * 5000, tenant="y" * 5000)
    assert len(made.subject) <= 200
    assert "x" * 121 not in made.text


def test_a_language_that_there_is_not_is_told_in_english() -> None:
    assert written_for(MailKind.WELCOME, "pt-BR").text == written_for(MailKind.WELCOME).text


def test_a_mail_that_is_told_too_little_is_not_made() -> None:
    with pytest.raises(UndefinedError):
        letter(
            HOUSE,
            Claimed(
                id=uuid4(), holder=uuid4(), kind="welcome", recipient="a@b.de", language="en",
                attempts=1, created_at=datetime.now(UTC), sealed=b"",
            ),
            {"link": "/"},
        )  # fmt: skip
