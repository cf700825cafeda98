"""The courier of mail."""

import threading
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from core.errors import AutomatorError, Rejected
from core.logging import get_logger
from core.settings import Settings
from services import mails
from services.installation import Installation
from services.mails import Claimed
from workers.courier import Courier

if TYPE_CHECKING:
    from core.mailing import Mailer

_log = get_logger(__name__)

# Longer than one mail takes at most, so that nobody sends what another is at.
LEASE_SECONDS: Final = 180.0
_PRUNE_SECONDS: Final = 3600.0
_RECORD_TRIES: Final = 20
_RECORD_PAUSE: Final = 0.5


class MailCourier(Courier):
    """Sends mail, one after another; state: the connection that it keeps."""

    name = "mail-courier"

    def __init__(
        self, installation: Installation, settings: Settings, stopping: threading.Event
    ) -> None:
        """Nothing is opened yet."""
        super().__init__(stopping)
        self._installation, self._settings = installation, settings
        self._mailer: Mailer | None = None
        self._pruned_at = float("-inf")

    def send_due(self) -> int:
        """Send what is due, one mail after another; how many were tried."""
        tried = 0
        if not self._is_due():
            return tried
        # No transaction waits for a master key in another house.
        self._installation.keyring.warm(None)
        try:
            while not self.stopping.is_set() and (claimed := self._claimed()) is not None:
                self._send(*claimed)
                tried += 1
        finally:
            if self._mailer is not None:
                self._mailer.close()
        return tried

    def _is_due(self) -> bool:
        return bool(mails.backlog(self._installation.cell(), limit=1).due)

    def _claimed(self) -> tuple[Claimed, dict[str, str] | None] | None:
        """The next mail and what it tells, if that can be read."""
        if not self._is_due():
            return None
        with self._installation.identity_scope() as session:
            if time.monotonic() - self._pruned_at > _PRUNE_SECONDS:
                self._pruned_at = time.monotonic()
                mails.prune(session)
            mails.give_up(session)
            claimed = mails.claim(session, lease_seconds=LEASE_SECONDS)
        if claimed is None:
            return None
        # After the claim is safe: what cannot be read would be claimed for ever.
        try:
            with self._installation.identity_scope() as session:
                sealer = self._installation.keyring.people(session)
                return claimed, mails.values_of(sealer, claimed)
        except (AutomatorError, ValueError) as error:
            _log.error("a mail cannot be opened", mail_id=str(claimed.id), exc_info=error)
            return claimed, None

    def _send(self, claimed: Claimed, values: dict[str, str] | None) -> None:
        known = {"mail_id": str(claimed.id), "kind": claimed.kind, "attempt": claimed.attempts}
        error: str | None = "it cannot be opened"
        final = False
        if values is not None:
            try:
                self._hand_over(claimed, values)
                error = None
            except Rejected as problem:
                error, final = str(problem), True
            except AutomatorError as problem:
                error = str(problem)
            except Exception as problem:  # noqa: BLE001 — tried again, and told
                # Not its words: they may be of what the mail tells.
                error = type(problem).__name__
        if error is None:
            _log.info("a mail was sent", **known)
        else:
            event = "a mail was refused for good" if final else "a mail could not be sent"
            # A server's words may name whom the mail is for: then its number is enough.
            _log.warning(event, **known, reason=error if "@" not in error else error[:3])
        self._record(claimed, error, final=final)

    def _hand_over(self, claimed: Claimed, values: dict[str, str]) -> None:
        from core.mailing import sender_of
        from core.smtp import open_mailer
        from services.mail_texts import House, letter

        settings = self._settings
        if self._mailer is None:
            url = settings.mail_url.get_secret_value() if settings.mail_url else None
            self._mailer = open_mailer(url, settings.mail_from, settings.mail_folder)
        sender = sender_of(settings.mail_from)
        origin = settings.public_url or settings.local_url or ""
        house = House(sender.display_name or sender.domain, origin)
        self._mailer.send(letter(house, claimed, values))

    def _record(self, claimed: Claimed, error: str | None, *, final: bool) -> None:
        """How it went; patiently, since what is not recorded is sent again."""
        for _ in range(_RECORD_TRIES):
            try:
                with self._installation.identity_scope() as session:
                    if error is None:
                        mails.sent(session, claimed)
                    elif final:
                        mails.failed(session, claimed, error)
                    else:
                        mails.postponed(session, claimed, error)
            except SQLAlchemyError:
                time.sleep(_RECORD_PAUSE)
            else:
                return
