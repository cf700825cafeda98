"""Handing mail to a server by SMTP, within bounds; refusals for good are told from passing ones."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from core.errors import Misconfigured, Rejected, Retryable
from core.mailing import FolderMailer, Letter, Mailer, ascii_domain, one_line, sender_of, written
from core.wire import trust

# For each answer of the server, and for a whole mail.
_ANSWER_SECONDS: Final = 20.0
SEND_SECONDS: Final = 90.0
_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_SHUT_DOWN: Final = 421


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, as MAIL_URL names it."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Server({self.shown})"

    @property
    def shown(self) -> str:
        """Where it is and how it is spoken to; fit to be shown."""
        how = "TLS" if self.tls else "STARTTLS" if self.starttls else "no encryption"
        return f"{self.host}:{self.port}, {how}, {'with' if self.user else 'without'} a login"


class SmtpMailer:
    """Hands letters to a mail server; state: the connection, kept for the next letter."""

    def __init__(
        self, server: Server, sender: Address, *, context: ssl.SSLContext | None = None
    ) -> None:
        """Nothing is opened yet. `context` is that of the system's certificates."""
        self._server, self._sender, self._context = server, sender, context
        self._client: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> None:
        """See `Mailer`; 5xx about the letter or its recipient is for good, all else may pass."""
        message = written(letter, self._sender)
        utf8 = not letter.to.isascii()
        data = message.as_bytes(policy=SMTP.clone(utf8=utf8))
        for kept in (self._client is not None, False):
            try:
                with self._bounded() as client:
                    self._hand_over(client, letter.to, data, utf8=utf8)
                return
            except _Ended as error:
                # A server may end a connection that it thinks was used enough.
                if not kept:
                    raise Retryable(str(error)) from None

    def close(self) -> None:
        """See `Mailer`."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
            client.close()

    @contextmanager
    def _bounded(self) -> Iterator[smtplib.SMTP]:
        """A connection that is cut when sending takes too long, and closed after any error."""
        timer = threading.Timer(SEND_SECONDS, self._cut)
        timer.daemon = True
        timer.start()
        try:
            if self._client is None:
                self._client = self._connected()
            yield self._client
        except BaseException:
            client, self._client = self._client, None
            if client is not None:
                client.close()
            raise
        finally:
            timer.cancel()

    def _cut(self) -> None:
        client = self._client
        if client is not None and client.sock is not None:
            with suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        # Else the library would look up this machine's own name, for as long as that takes.
        name = ascii_domain(self._sender.domain) or "localhost"
        context = self._context or trust()
        try:
            if server.tls:
                client: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, name, timeout=_ANSWER_SECONDS, context=context
                )
            else:
                client = smtplib.SMTP(server.host, server.port, name, timeout=_ANSWER_SECONDS)
            self._client = client
            if server.starttls:
                client.starttls(context=context)
            if server.user is not None:
                client.login(server.user, server.password or "")
            client.ehlo_or_helo_if_needed()
        except ssl.SSLCertVerificationError:
            raise Retryable("the mail server's certificate is not good for its name") from None
        except smtplib.SMTPAuthenticationError as error:
            raise Retryable(f"the mail server refuses our login ({error.smtp_code})") from None
        except smtplib.SMTPNotSupportedError:
            raise Retryable("the mail server does not offer what MAIL_URL asks for") from None
        except smtplib.SMTPResponseException as error:
            raise Retryable(f"the mail server does not want us ({error.smtp_code})") from None
        except (smtplib.SMTPException, OSError):
            raise Retryable("the mail server cannot be reached") from None
        return client

    def _hand_over(self, client: smtplib.SMTP, to: str, data: bytes, *, utf8: bool) -> None:
        if utf8 and not client.has_extn("smtputf8"):
            raise Rejected("the mail server takes no addresses of letters beyond ASCII")
        try:
            sender = f"{self._sender.username}@{ascii_domain(self._sender.domain)}"
            code, words = client.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else [])
            if code == _SHUT_DOWN:
                raise _Ended(_said(code, words))
            if code >= 400:
                # About us, and so about every mail: an operator may mend it within the day.
                raise Retryable(f"the sender is refused: {_said(code, words)}")
            user, _, domain = to.rpartition("@")
            code, words = client.rcpt(f"{user}@{ascii_domain(domain)}")
            _check(code, words)
            code, words = client.data(data)
            _check(code, words)
        except smtplib.SMTPDataError as error:
            _check(error.smtp_code, error.smtp_error)
            raise Retryable("the mail server does not keep to SMTP") from None
        except smtplib.SMTPServerDisconnected:
            raise _Ended("the mail server broke off") from None
        except (smtplib.SMTPException, OSError):
            raise Retryable("the mail server broke off") from None


class _Ended(Exception):
    """The server ended the connection."""


def open_mailer(url: str | None, sender: str, folder: Path) -> Mailer:
    """Where mail goes: `smtp://`, `smtps://`, `file:///folder`, or `folder` where nothing is said.

    Raises Misconfigured, which repeats no part of the address.
    """
    known = sender_of(sender)
    place = place_of(url, folder)
    return FolderMailer(place, known) if isinstance(place, Path) else SmtpMailer(place, known)


def place_of(url: str | None, folder: Path) -> Server | Path:
    """The server or the folder that MAIL_URL means; raises Misconfigured."""
    if url is None:
        return folder
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured("MAIL_URL is no address") from None
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        if parts.netloc not in ("", "localhost") or not path.is_absolute() or path == Path("/"):
            raise Misconfigured("MAIL_URL must be file:///an/absolute/folder")
        return path
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise Misconfigured("MAIL_URL must be smtp://user:password@host:port, smtps:// or file://")
    return _server(parts, port)


def _server(parts: SplitResult, port: int | None) -> Server:
    options = parse_qs(parts.query, keep_blank_values=True)
    wanted = options.pop("starttls", ["yes"])
    if options or wanted not in (["yes"], ["no"]):
        raise Misconfigured("MAIL_URL takes ?starttls=yes or ?starttls=no, and nothing else")
    host = parts.hostname or ""
    tls = parts.scheme == "smtps"
    starttls = not tls and wanted == ["yes"]
    user = unquote(parts.username) if parts.username else None
    if user is not None and not (tls or starttls or host in _LOCAL):
        raise Misconfigured("MAIL_URL would send its password in the clear: use starttls or smtps")
    password = unquote(parts.password) if parts.password else None
    return Server(host, port or _PORTS[parts.scheme], tls, starttls, user, password)


def _check(code: int, words: bytes | str) -> None:
    if code == _SHUT_DOWN:
        raise _Ended(_said(code, words))
    if code >= 500:
        raise Rejected(_said(code, words))
    if not 200 <= code < 300:
        raise Retryable(_said(code, words))


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return one_line(f"{code} {text}")
