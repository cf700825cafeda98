"""Mail to a real server, and into a folder: what arrives, and what each refusal means."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.errors import AutomatorError, Misconfigured, Rejected, Retryable
from core.mailing import FolderMailer, Letter, Mailer, sender_of
from core.smtp import SmtpMailer, open_mailer, place_of
from tests.certificates import Certificate, certificate
from tests.mail_server import MailServer, mail_server

SENDER = sender_of("Brand Automator <mail@brand.example>")
LOGIN: dict[str, Any] = {"user": "us", "password": "p@ss/w:ord"}
USED = "us:p%40ss%2Fw%3Aord"


def letter(to: str = "ada@example.com", **changes: Any) -> Letter:
    told: dict[str, Any] = {
        "id": uuid4(),
        "subject": "Grüße",
        "text": "Hello\n.\nFrom here: " + "x" * 2000 + " ü\n",
        "html": "<p>Hello ü</p>",
        "written_at": datetime(2026, 11, 23, 16, 0, 5, tzinfo=UTC),
    }
    return Letter(to=to, **{**told, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[MailServer]:
    with mail_server(folder / "plain") as running:
        yield running


@pytest.fixture(scope="module")
def trusted(folder: Path) -> Certificate:
    return certificate(folder, "127.0.0.1")


@pytest.fixture(scope="module")
def starttls(folder: Path, trusted: Certificate) -> Iterator[MailServer]:
    options = {"tls": "starttls", "pem": str(trusted.file), **LOGIN}
    with mail_server(folder / "starttls", **options) as running:
        yield running


@pytest.fixture
def mailer(server: MailServer) -> Iterator[Mailer]:
    made = to(server, "smtp://127.0.0.1:{port}?starttls=no")
    yield made
    made.close()


def to(server: MailServer, url: str, trusted: Certificate | None = None) -> SmtpMailer:
    place = place_of(url.format(port=server.port), Path("/nowhere"))
    assert not isinstance(place, Path)
    return SmtpMailer(place, SENDER, context=trusted.client if trusted else None)


def taken(server: MailServer, letter_id: UUID) -> list[EmailMessage]:
    return [one for one in server.taken() if str(letter_id) in str(one["Message-ID"])]


def refusal(mailer: Mailer, sent: Letter) -> AutomatorError:
    with pytest.raises(AutomatorError) as raised:
        mailer.send(sent)
    return raised.value


def test_a_mail_arrives_as_text_and_as_html(server: MailServer, mailer: Mailer) -> None:
    sent = letter()
    mailer.send(sent)
    (came,) = taken(server, sent.id)
    assert came["Message-ID"] == f"<{sent.id}@brand.example>"
    assert came["From"] == "Brand Automator <mail@brand.example>"
    assert came["To"] == "ada@example.com"
    assert came["Subject"] == "Grüße"
    assert came["Date"].datetime == sent.written_at
    text, html = came.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == sent.text
    assert html.get_content_type() == "text/html"
    assert html.get_content().strip() == sent.html


def test_one_connection_takes_many_mails(server: MailServer, mailer: Mailer) -> None:
    sent = [letter() for _ in range(5)]
    for one in sent:
        mailer.send(one)
    assert [len(taken(server, one.id)) for one in sent] == [1] * 5


@pytest.mark.parametrize(
    ("to", "kind", "words"),
    [
        ("nobody@example.com", Rejected, "550 5.1.1 no such user here"),
        ("spam@example.com", Rejected, "554 5.7.1 not wanted"),
        ("late@example.com", Retryable, "451 4.7.1 greylisted: try again"),
        ("cut@example.com", Retryable, "the mail server broke off"),
    ],
)
def test_a_refusal_for_good_is_told_from_a_passing_one(
    server: MailServer, mailer: Mailer, to: str, kind: type[AutomatorError], words: str
) -> None:
    sent = letter(f"{to.partition('@')[0]}.{uuid4().hex}@example.com")
    error = refusal(mailer, sent)
    assert type(error) is kind
    assert str(error) == words
    if kind is Retryable:
        mailer.send(sent)
    else:
        assert type(refusal(mailer, sent)) is kind
    mailer.send(letter())
    # What was taken before the line was cut comes twice, under one Message-ID.
    assert len(taken(server, sent.id)) == {"cut": 2, "late": 1}.get(to.partition("@")[0], 0)


def test_a_refused_sender_is_no_fault_of_the_mail(folder: Path) -> None:
    with mail_server(folder / "refusing", refuse="550 5.7.1 who are you") as server:
        mailer = to(server, "smtp://127.0.0.1:{port}?starttls=no")
        assert "the sender is refused: 550" in str(refusal(mailer, letter()))
        assert isinstance(refusal(mailer, letter()), Retryable)


def test_a_server_that_is_gone_is_a_passing_matter(folder: Path) -> None:
    with mail_server(folder / "gone") as server:
        mailer = to(server, "smtp://127.0.0.1:{port}?starttls=no")
        mailer.send(letter())
    assert isinstance(refusal(mailer, letter()), Retryable)
    assert str(refusal(mailer, letter())) == "the mail server cannot be reached"


def test_a_login_is_used_behind_tls(starttls: MailServer, trusted: Certificate) -> None:
    mailer = to(starttls, f"smtp://{USED}@127.0.0.1:{{port}}", trusted)
    sent = letter()
    mailer.send(sent)
    mailer.close()
    assert len(taken(starttls, sent.id)) == 1
    wrong = to(starttls, "smtp://us:wrong@127.0.0.1:{port}", trusted)
    error = refusal(wrong, letter())
    assert isinstance(error, Retryable)
    assert str(error) == "the mail server refuses our login (535)"


def test_tls_from_the_first_byte(folder: Path, trusted: Certificate) -> None:
    options = {"tls": "implicit", "pem": str(trusted.file)}
    with mail_server(folder / "implicit", **options) as server:
        sent = letter()
        mailer = to(server, "smtps://127.0.0.1:{port}", trusted)
        mailer.send(sent)
        mailer.close()
        assert len(taken(server, sent.id)) == 1


def test_a_certificate_that_nobody_vouches_for_gets_neither_login_nor_mail(
    starttls: MailServer,
) -> None:
    before = len(starttls.taken())
    error = refusal(to(starttls, f"smtp://{USED}@127.0.0.1:{{port}}"), letter())
    assert isinstance(error, Retryable)
    assert "certificate" in str(error)
    assert len(starttls.taken()) == before


def test_a_server_without_tls_gets_no_mail_where_tls_is_asked_for(server: MailServer) -> None:
    before = len(server.taken())
    error = refusal(to(server, "smtp://127.0.0.1:{port}"), letter())
    assert isinstance(error, Retryable)
    assert len(server.taken()) == before


@pytest.mark.parametrize("evil", ["Hi\r\nBcc: eve@example.com", "Hi\nX-Evil: yes", "Hi\x00\u2028"])
def test_no_subject_ends_a_header(server: MailServer, mailer: Mailer, evil: str) -> None:
    sent = letter(subject=evil)
    mailer.send(sent)
    (came,) = taken(server, sent.id)
    assert came["Subject"].startswith("Hi")
    assert came["Bcc"] is None
    assert came["X-Evil"] is None
    assert len(came["Subject"].splitlines()) == 1


def test_a_recipient_beyond_ascii_is_reached(server: MailServer, mailer: Mailer) -> None:
    sent = [letter("ada@bücher.example"), letter("jürgen@example.com")]
    for one in sent:
        mailer.send(one)
    assert [len(taken(server, one.id)) for one in sent] == [1, 1]


def test_without_a_server_a_mail_is_a_file_for_its_owner(tmp_path: Path) -> None:
    mailer = open_mailer(None, "Brand <mail@brand.example>", tmp_path / "mails")
    assert isinstance(mailer, FolderMailer)
    sent = letter()
    mailer.send(sent)
    mailer.send(sent)
    (file,) = (tmp_path / "mails").iterdir()
    assert file.name == f"20261123T160005-{sent.id}.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    came = message_from_bytes(file.read_bytes(), policy=default)
    assert came["To"] == sent.to


def test_a_folder_that_cannot_be_written_to_is_a_passing_matter(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = refusal(FolderMailer(tmp_path / "file" / "mails", SENDER), letter())
    assert isinstance(error, Retryable)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example", "smtp://", "smtp://mail.example:99999", "smtp://mail.example/path",
        "smtp://us:hunter2@mail.example?starttls=no", "smtp://mail.example?starttls=perhaps",
        "smtp://mail.example?tls=no", "file:relative", "file:///", "mail.example", "smtp://[::1",
    ],
)  # fmt: skip
def test_a_wrong_address_of_a_server_is_named_and_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured, match="MAIL_URL") as raised:
        place_of(url, Path("/nowhere"))
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("sender", ["", "Brand", "Brand <>", "a@b\r\nBcc: c@d", "a@", "Ü <ü@b.de>"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(Misconfigured, match="MAIL_FROM"):
        sender_of(sender)


def test_what_is_shown_of_a_server_has_no_password() -> None:
    place = place_of("smtp://us:hunter2@mail.example", Path("/nowhere"))
    assert not isinstance(place, Path)
    assert place.shown == "mail.example:587, STARTTLS, with a login"
    assert "hunter2" not in repr(place)
    assert isinstance(SENDER, Address)
