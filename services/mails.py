"""Mails: an outbox in the directory.

`queue` writes a mail in the transaction that it tells of, so that it is sent if that commits, and
only then. Workers take what is due, one at a time, and send it with no transaction open: at least
once, under an id that is the same each time.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, cast
from uuid import UUID, uuid4

from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy import Table, delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import Rejected
from core.sealing import Sealer
from models.mail import Mail
from services.ledger import call, sql
from services.sealed_columns import MAIL_VALUES

# A mail that could not be sent for so long, or so often, is given up: its links end, too.
EXPIRY_SECONDS: Final = 24 * 3600.0
MAX_ATTEMPTS: Final = 20
# What became of mails is known for so long.
KEPT_SECONDS: Final = 30 * 24 * 3600.0
# The pauses after failures, in seconds; the last one is repeated.
_PAUSES: Final = (5.0, 30.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0)
_JITTER: Final = 0.2
# As a table: the ORM's part of an insert takes as long as the rest of it.
_MAILS: Final = cast(Table, Mail.__table__)
_TOGETHER: Final = SQL("""
    WITH found AS MATERIALIZED ({statement}),
    mailed AS (INSERT INTO directory.mails ({columns}) SELECT {values} FROM found
               RETURNING pg_notify('ledger_ready', 'light'))
    SELECT * FROM found
""")
_ERROR_LENGTH: Final = 300
_VALUE_LENGTH: Final = 4000

# What mail servers agree on without quotes; nothing of it can end a header or begin another.
_ADDRESS: Final = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x20\x7f-\x9f]{1,64}@[\w.-]{1,255}")
_LINK: Final = re.compile(r"(/|https?://[^/])[\x21\x23-\x3b\x3d\x3f-\x7e]*")
_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


class MailKind(StrEnum):
    """What a mail is about; each has its texts in `mail_templates`."""

    VERIFY_ADDRESS = "verify_address"
    WELCOME = "welcome"
    ACCOUNT_EXISTS = "account_exists"
    RESET_PASSWORD = "reset_password"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    ADDRESS_CHANGED = "address_changed"
    CONFIRM_NEW_ADDRESS = "confirm_new_address"
    INVITATION = "invitation"
    NEW_SIGN_IN = "new_sign_in"
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    SECOND_FACTOR_TRIED = "second_factor_tried"
    SIGN_IN_CHANGED = "sign_in_changed"
    ACCOUNT_DELETED = "account_deleted"
    OWNERSHIP_OFFERED = "ownership_offered"
    TENANT_CLOSING = "tenant_closing"
    EXPORT_READY = "export_ready"
    TENANT_PURGED = "tenant_purged"
    REVIEW_SENT = "review_sent"
    REVIEW_DECIDED = "review_decided"
    WEBHOOK_DISABLED = "webhook_disabled"


# What each kind has to be told, and no more. A `link` is a whole address, or a path that begins
# with a slash and goes behind PUBLIC_URL; everything else is text, shown as it is.
VALUES: Final[Mapping[MailKind, frozenset[str]]] = {
    MailKind.VERIFY_ADDRESS: frozenset({"link", "valid_for"}),
    MailKind.WELCOME: frozenset({"link", "tenant"}),
    MailKind.ACCOUNT_EXISTS: frozenset({"link"}),
    MailKind.RESET_PASSWORD: frozenset({"link", "valid_for"}),
    MailKind.PASSWORD_CHANGED: frozenset({"link", "when"}),
    MailKind.ADDRESS_CHANGED: frozenset({"new_address", "when"}),
    MailKind.CONFIRM_NEW_ADDRESS: frozenset({"link", "valid_for"}),
    MailKind.INVITATION: frozenset({"inviter", "link", "role", "tenant", "valid_for"}),
    MailKind.NEW_SIGN_IN: frozenset({"device", "link", "when", "where"}),
    MailKind.SECOND_FACTOR_CHANGED: frozenset({"change", "link", "when"}),
    MailKind.SECOND_FACTOR_TRIED: frozenset({"link", "when"}),
    MailKind.SIGN_IN_CHANGED: frozenset({"change", "link", "when"}),
    MailKind.ACCOUNT_DELETED: frozenset({"when"}),
    MailKind.OWNERSHIP_OFFERED: frozenset({"link", "owner", "tenant", "valid_for"}),
    MailKind.EXPORT_READY: frozenset({"link", "tenant", "when"}),
    MailKind.TENANT_CLOSING: frozenset({"link", "owner", "tenant", "when"}),
    MailKind.TENANT_PURGED: frozenset({"digest", "files", "keys", "rows", "tenant", "when"}),
    MailKind.REVIEW_SENT: frozenset({"due", "link", "sender", "tenant", "title"}),
    MailKind.REVIEW_DECIDED: frozenset({"decision", "link", "reviewer", "tenant", "title"}),
    MailKind.WEBHOOK_DISABLED: frozenset({"host", "link", "reason", "tenant", "when"}),
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """One attempt at one mail; `(id, holder)` fences how it ends."""

    id: UUID
    holder: UUID
    kind: str
    recipient: str
    language: str
    attempts: int
    created_at: datetime
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many mails are due and wait at all, both counted to a limit, and the oldest one's age."""

    due: int
    waiting: int
    oldest_seconds: float


def queue(
    session: Session,
    sealer: Sealer,
    *,
    to: str,
    kind: MailKind,
    values: Mapping[str, str],
    language: str = "en",
    tenant_id: UUID | None = None,
    mail_id: UUID | None = None,
) -> UUID:
    """Have a mail sent once this transaction commits; `session` acts for people.

    `sealer` is people's (`Keyring.people`). `values` are those of `VALUES[kind]`; they are sealed
    until the mail is sent. Where the mail is about a tenant, it goes with that. A mail whose
    `mail_id` is known already is not sent again. Raises Rejected for an address that no mail can be
    sent to.
    """
    row = written(
        sealer,
        to=to,
        kind=kind,
        values=values,
        language=language,
        tenant_id=tenant_id,
        mail_id=mail_id,
    )
    inserted = insert(_MAILS).values(row)
    inserted = inserted.on_conflict_do_nothing(index_elements=[_MAILS.c.id])
    session.execute(inserted.returning(func.pg_notify("ledger_ready", "light")))
    found = row["id"]
    assert isinstance(found, UUID)
    return found


def written(
    sealer: Sealer,
    *,
    to: str,
    kind: MailKind,
    values: Mapping[str, str],
    language: str = "en",
    tenant_id: UUID | None = None,
    mail_id: UUID | None = None,
) -> dict[str, object]:
    """The same mail as a row, for `together`."""
    check_address(to)
    if values.keys() != VALUES[kind]:
        raise ValueError(f"a mail of the kind {kind} is told {sorted(VALUES[kind])}")
    if any(len(value) > _VALUE_LENGTH for value in values.values()):
        raise Rejected(f"what a mail tells has at most {_VALUE_LENGTH} characters each")
    if "link" in values and not _LINK.fullmatch(values["link"]):
        raise Rejected("link: it is an address, or a path that begins with a slash")
    if not _LANGUAGE.fullmatch(language):
        raise Rejected("language: it is written like en or pt-BR")
    mail_id = mail_id or uuid4()
    return {
        "id": mail_id,
        "kind": str(kind),
        "recipient": to,
        "language": language,
        "tenant_id": tenant_id,
        "sealed": sealer.seal(json.dumps(dict(values)).encode(), MAIL_VALUES.context(mail_id)),
    }


def together(statement: Composed, row: Mapping[str, object]) -> Composed:
    """A statement with a mail, which is sent if that finds something; it acts for people."""
    return _TOGETHER.format(
        statement=statement,
        columns=SQL(", ").join(map(Identifier, row)),
        values=SQL(", ").join(map(Literal, row.values())),
    )


def check_address(address: str) -> None:
    """Raise Rejected where no mail could be sent there, or more than one address is meant."""
    if not _ADDRESS.fullmatch(address):
        raise Rejected("this is no address that mail can be sent to")


def backlog(database: Database, *, limit: int) -> Backlog:
    """What waits in the directory's database, counted up to `limit`."""
    statement = "SELECT due, waiting, oldest_seconds FROM directory.mail_backlog(:limit)"
    (row,) = call(database, statement, {"limit": limit})
    return Backlog(row.due, row.waiting, row.oldest_seconds)


def claim(session: Session, *, lease_seconds: float) -> Claimed | None:
    """Take the mail that has been due longest; whoever does not end it in time has lost it."""
    holder = uuid4()
    row = session.execute(
        sql("""
            UPDATE directory.mails m
               SET holder = :holder, attempts = m.attempts + 1,
                   due_at = clock_timestamp() + make_interval(secs => :lease)
             WHERE m.id = (SELECT d.id FROM directory.mails d
                            WHERE d.state = 'waiting' AND d.due_at <= clock_timestamp()
                            ORDER BY d.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING m.id, m.kind, m.recipient, m.language, m.attempts, m.created_at, m.sealed
        """),
        {"holder": holder, "lease": lease_seconds},
    ).one_or_none()
    if row is None:
        return None
    found = row._asdict()
    return Claimed(holder=holder, **{**found, "sealed": bytes(found["sealed"])})


def values_of(sealer: Sealer, claimed: Claimed) -> dict[str, str]:
    """What the mail tells."""
    opened: dict[str, str] = json.loads(
        sealer.open(claimed.sealed, MAIL_VALUES.context(claimed.id))
    )
    return opened


def sent(session: Session, claimed: Claimed) -> bool:
    """Record that the mail was taken, and forget its values; False when overtaken."""
    return _end(session, claimed, "sent", None)


def failed(session: Session, claimed: Claimed, error: str) -> bool:
    """Give the mail up, and forget its values; False when overtaken."""
    return _end(session, claimed, "failed", error)


def postponed(session: Session, claimed: Claimed, error: str) -> bool:
    """Have it tried again later; False when overtaken."""
    pause = _PAUSES[min(claimed.attempts, len(_PAUSES)) - 1]
    return _changed(
        session,
        "UPDATE directory.mails SET holder = NULL, error = :error,"
        " due_at = clock_timestamp() + make_interval(secs => :pause)"
        " WHERE id = :id AND holder = :holder AND state = 'waiting'",
        {
            "id": claimed.id,
            "holder": claimed.holder,
            "pause": pause * random.uniform(1 - _JITTER, 1 + _JITTER),  # noqa: S311
            "error": _plain(error),
        },
    )


def give_up(session: Session) -> int:
    """End what has waited a day, or was tried too often; how many."""
    result = session.execute(
        sql("""
            UPDATE directory.mails
               SET state = 'failed', sealed = NULL, holder = NULL, ended_at = clock_timestamp(),
                   error = coalesce(error, 'its worker was lost each time')
             WHERE state = 'waiting' AND due_at <= clock_timestamp()
               AND (attempts >= :attempts
                    OR created_at < clock_timestamp() - make_interval(secs => :age))
            RETURNING id
        """),
        {"attempts": MAX_ATTEMPTS, "age": EXPIRY_SECONDS},
    )
    return len(result.all())


def prune(session: Session) -> int:
    """Forget what ended long ago; how many."""
    result = session.execute(
        sql(
            "DELETE FROM directory.mails WHERE state <> 'waiting'"
            " AND ended_at < clock_timestamp() - make_interval(secs => :age) RETURNING id"
        ),
        {"age": KEPT_SECONDS},
    )
    return len(result.all())


def forget(session: Session, address: str) -> None:
    """Remove every mail to an address, those that wait, too."""
    session.execute(delete(Mail).where(Mail.recipient == address))


def _end(session: Session, claimed: Claimed, state: str, error: str | None) -> bool:
    return _changed(
        session,
        "UPDATE directory.mails SET state = :state, sealed = NULL, holder = NULL, error = :error,"
        " ended_at = clock_timestamp() WHERE id = :id AND holder = :holder AND state = 'waiting'",
        {
            "id": claimed.id,
            "holder": claimed.holder,
            "state": state,
            "error": None if error is None else _plain(error),
        },
    )


def _changed(session: Session, statement: str, values: Mapping[str, object]) -> bool:
    return len(session.execute(sql(statement + " RETURNING id"), values).all()) == 1


def _plain(error: str) -> str:
    """A server's words, on one line and without what cannot be seen."""
    words = "".join(one if one.isprintable() else " " for one in error)
    return " ".join(words.split())[:_ERROR_LENGTH]
