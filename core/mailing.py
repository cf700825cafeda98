"""Mail that is sent: by SMTP (`core.smtp`), or into a folder where nobody named a server."""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from core.errors import InsufficientStorage, Misconfigured, Retryable
from core.folder_files import NO_ROOM

_LINE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one address; `id` and `written_at` are the same whenever it is sent again."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str
    written_at: datetime


class Mailer(Protocol):
    """Takes letters, one at a time."""

    def send(self, letter: Letter) -> None:
        """Hand a letter over. Raises Rejected where that is refused for good, else Retryable."""
        ...

    def close(self) -> None:
        """Let go of what was kept open for the next letter."""
        ...


class FolderMailer:
    """Puts each letter into a folder as a file that mail programs open."""

    def __init__(self, folder: Path, sender: Address) -> None:
        """The folder is made with the first letter."""
        self.folder, self._sender = folder, sender

    def send(self, letter: Letter) -> None:
        """See `Mailer`; a letter that is sent again takes its own place."""
        name = f"{letter.written_at:%Y%m%dT%H%M%S}-{letter.id}.eml"
        fresh = self.folder / f".{name}.{os.getpid()}-{threading.get_ident()}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(fresh, flags, 0o600), "wb") as file:
                file.write(written(letter, self._sender).as_bytes())
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self.folder / name)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            kind = InsufficientStorage if error.errno in NO_ROOM else Retryable
            raise kind(f"the mail cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """See `Mailer`."""


def sender_of(sender: str) -> Address:
    """MAIL_FROM, read: `Name <user@host>` or `user@host`; raises Misconfigured."""
    name, spec = parseaddr(sender)
    user, _, domain = spec.rpartition("@")
    if not (user and domain and user.isascii() and sender.isprintable()):
        raise Misconfigured("MAIL_FROM must be written like Name <user@example.com>")
    try:
        return Address(display_name=name, username=user, domain=ascii_domain(domain))
    except (ValueError, UnicodeError):
        raise Misconfigured("MAIL_FROM must be written like Name <user@example.com>") from None


def written(letter: Letter, sender: Address) -> EmailMessage:
    """A letter as it goes over the wire; its texts cannot end a header or begin another."""
    user, _, domain = letter.to.rpartition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(username=user, domain=ascii_domain(domain))
    message["Subject"] = one_line(letter.subject)
    message["Date"] = letter.written_at
    message["Message-ID"] = f"<{letter.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def one_line(text: str, length: int = _LINE_LENGTH) -> str:
    """A text without line breaks and without what cannot be seen, cut where it is long."""
    seen = "".join(one if one.isprintable() else " " for one in text)
    whole = " ".join(seen.split())
    return whole if len(whole) <= length else whole[: length - 1] + "…"


def ascii_domain(domain: str) -> str:
    """A domain as the wire knows it."""
    if domain.isascii():
        return domain
    import idna

    return idna.encode(domain, uts46=True).decode()
