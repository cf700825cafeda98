"""The courier of webhooks."""

import threading
import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from core.cancellation import CancelReason, CancelToken
from core.errors import AutomatorError, LeaseLost, NotFound
from core.logging import get_logger
from core.posting import Poster
from core.settings import Settings
from services import disabling, dispatch
from services.dispatch import Batch, Due, Held, Outcome
from services.installation import Installation
from workers.courier import Courier

_log = get_logger(__name__)

# Webhooks that one process sends to at once: more than those of one tenant.
LANES: Final = 2 * dispatch.PER_TENANT
# How long a webhook is held before others have their turn.
_TURN_SECONDS: Final = 10.0
_TICK_SECONDS: Final = 0.5
_TRIES: Final = 20


class WebhookCourier(Courier):
    """Sends events to several webhooks at once, to each one after another; state: its lanes."""

    name = "webhook-courier"

    def __init__(
        self,
        installation: Installation,
        settings: Settings,
        versions: Sequence[str],
        stopping: threading.Event,
    ) -> None:
        """`versions` are those of tenants' schemas that the code can work on."""
        super().__init__(stopping)
        self._installation, self._versions = installation, versions
        self._poster = Poster(allowed=settings.webhook_allow_networks)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._lanes = 0
        self._tried = 0

    def send_due(self) -> int:
        """Send to all webhooks that have something, some at a time; how many tries there were."""
        before = self._tried
        self._begin_lane()
        while self._lanes:
            # A slow server keeps one lane: whoever rings meanwhile gets another.
            if self._ended.wait(_TICK_SECONDS):
                self._ended.clear()
            elif self.heard(0):
                self._begin_lane()
        return self._tried - before

    def _begin_lane(self) -> None:
        """Have a webhook served, if there is one, and others after it."""
        with self._lock:
            if self._lanes >= LANES or self.stopping.is_set():
                return
            self._lanes += 1
        found = None
        try:
            found = self._claim()
        finally:
            if found is None:
                self._end_lane()
        if found is not None:
            threading.Thread(target=self._lane, args=found, name="webhooks", daemon=True).start()

    def _end_lane(self) -> None:
        with self._lock:
            self._lanes -= 1
        self._ended.set()

    def _lane(self, cell: str, held: Held) -> None:
        try:
            self._begin_lane()  # there may be more
            self._serve(cell, held)
            while not self.stopping.is_set() and (found := self._claim()) is not None:
                self._serve(*found)
        except SQLAlchemyError as error:
            line = str(error).split("\n", 1)[0]
            _log.warning("webhooks cannot be looked for", error=line)
        except Exception as error:  # noqa: BLE001 — a thread that ends is noticed by nobody
            _log.error("webhooks cannot be sent to", exc_info=error)
        finally:
            self._end_lane()

    def _claim(self) -> tuple[str, Held] | None:
        for cell in self._installation.cell_names:
            held = dispatch.claim(self._installation.cell(cell), self._versions)
            if held is not None:
                return cell, held
        return None

    def _serve(self, cell: str, held: Held) -> None:
        """Send what is due at one webhook, for one turn."""
        database = self._installation.cell(cell)
        until = time.monotonic() + _TURN_SECONDS
        token = CancelToken()
        try:
            batch = self._take(cell, held)
            for due in batch.due if batch is not None else ():
                if self.stopping.is_set() or time.monotonic() >= until:
                    break
                assert batch is not None
                outcome = self._post(batch, due, token)
                self._tried += 1
                if not self._record(cell, held, due, outcome):
                    break
            with database.tenant_scope(held.tenant_id) as session:
                dispatch.release(session, held)
        except (LeaseLost, NotFound):
            return  # another courier has it, or it is gone
        except AutomatorError as error:
            known = {"tenant_id": str(held.tenant_id), "webhook_id": str(held.webhook_id)}
            _log.error("a webhook cannot be sent to", **known, reason=str(error))

    def _take(self, cell: str, held: Held) -> Batch | None:
        with self._installation.cell(cell).tenant_scope(held.tenant_id) as session:
            sealer = self._installation.keyring.tenant(session, held.tenant_id)
            return dispatch.take(session, sealer, held)

    def _post(self, batch: Batch, due: Due, token: CancelToken) -> Outcome:
        began = time.monotonic()
        headers = dispatch.headers_of(due, batch.secrets)
        try:
            posted = self._poster.post(batch.url, due.body, headers, token)
        except AutomatorError as error:
            return Outcome(time.monotonic() - began, error=str(error))
        good = 200 <= posted.status < 300
        reason = None if good else f"the server answers {posted.status}"
        return Outcome(time.monotonic() - began, posted, reason)

    def _record(self, cell: str, held: Held, due: Due, outcome: Outcome) -> bool:
        """Patiently, since what is not recorded is sent again."""
        database = self._installation.cell(cell)
        for _ in range(_TRIES):
            try:
                with database.tenant_scope(held.tenant_id) as session:
                    found = dispatch.record(session, held, due, outcome)
                    if found.disabled is not None:
                        disabling.tell_owners(self._installation, found.disabled)
                return found.go_on
            except SQLAlchemyError:
                time.sleep(_TICK_SECONDS)
        raise LeaseLost(CancelReason.LEASE_LOST)
