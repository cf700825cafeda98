"""What one process of a worker's pool does when it hears a ring."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from core import tracing
from core.database import Database
from core.logging import get_logger, log_context
from core.settings import Settings
from pipeline.plan.types import Queue
from services import ledger
from services.installation import Installation
from services.ledger import Claim
from services.migrations import tenant_versions
from services.uploads import spool_root
from workers import periodic
from workers.attempt import Equipment, end, perform
from workers.drain import DrainPipe
from workers.language_models import LanguageModels
from workers.lease import Hold, Holder, now
from workers.mails import MailCourier
from workers.meters import AttemptPipe
from workers.outcome import Outcome, outcome_of
from workers.registry import Registry
from workers.rings import Rings
from workers.scratch import ScratchSpace
from workers.webhooks import WebhookCourier

_log = get_logger(__name__)

# Tiny stages share a ring, so that each does not pay the way through the broker.
_RING_SECONDS = 1.0
_COMPLAINT_SECONDS = 60.0
# How long a stop waits for spans to be sent.
FLUSH_SECONDS = 0.4


class Shift:
    """State of one process: its connections, what it holds, and which cell's turn it is."""

    def __init__(
        self,
        settings: Settings,
        rings: Rings,
        drain: DrainPipe,
        scratch: ScratchSpace,
        slots: int,
        *,
        warm: bool,
        attempts: AttemptPipe | None = None,
    ) -> None:
        """Made after the fork; `slots` is how many processes the pool has.

        `warm` loads what stages need at once and not with the first of them. `attempts` is where
        they are counted, if they are.
        """
        tracing.start("worker")
        self._attempts = attempts
        self._settings = settings
        self._rings = rings
        self._slots = slots
        self._installation = Installation(settings, pool_size=2, pre_ping=False)
        self._versions: Sequence[str] = tuple(tenant_versions())
        self._cells = list(self._installation.cell_names)
        self._scratch = scratch
        self._equipment = Equipment(
            settings,
            self._installation.storage,
            Registry(settings.stages),
            scratch,
            LanguageModels(settings),
        )
        self._complained_at = float("-inf")
        urls = {name: self._installation.cell(name).url for name in self._cells}
        self._holder = Holder(settings, urls, drain.reader, self._last_words)
        stopping = self._holder.draining
        self._couriers = (
            MailCourier(self._installation, settings, stopping),
            WebhookCourier(self._installation, settings, self._versions, stopping),
        )
        scratch.clear_dead()
        if tracing.is_on():
            threading.Thread(target=self._send_last_spans, name="spans", daemon=True).start()
        if warm:
            threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _warm(self) -> None:
        # Whatever is wrong with it, the first stage that needs it says so.
        with suppress(Exception):
            self._equipment.warm()

    def _send_last_spans(self) -> None:
        self._holder.draining.wait()
        tracing.flush(FLUSH_SECONDS)

    def answer(self, queue: str) -> None:
        """Work on a queue for about a second, or for one long stage; ring again if more waits."""
        if queue != Queue.LIGHT:
            self._work(queue)
            return
        for courier in self._couriers:
            courier.ring()
        self._do_periodic()
        self._work(queue)
        # A worker that is told to leave lets answers end: so a mail is seldom sent twice.
        until = time.monotonic() + _RING_SECONDS
        for courier in self._couriers:
            courier.wait(until - time.monotonic())

    def _work(self, queue: str) -> None:
        until = time.monotonic() + _RING_SECONDS
        rung = False
        while not self._holder.draining.is_set() and self._has_room():
            found = self._claim(queue)
            if found is None:
                return
            cell, claim, claimed_at = found
            if claim.more and not rung:
                rung = True
                self._rings.top_up(queue, self._slots, self._slots)
            hold = self._holder.begin(cell, queue, claim, claimed_at)
            self._leave_alone(alone=True)
            try:
                attempted = perform(self._equipment, self._installation.cell(cell), hold)
            finally:
                self._leave_alone(alone=False)
                self._holder.end(hold)
            if self._attempts is not None:
                self._attempts.tell(attempted)
            if self._holder.draining.is_set():
                tracing.flush(FLUSH_SECONDS)
            if time.monotonic() >= until:
                if claim.more:
                    self._rings.top_up(queue, 1, 1)
                return

    def _leave_alone(self, *, alone: bool) -> None:
        for courier in self._couriers:
            courier.alone = alone

    def _claim(self, queue: str) -> tuple[str, Claim, float] | None:
        """The first cell that has work; the next search begins behind it."""
        for _ in range(len(self._cells)):
            cell = self._cells.pop(0)
            self._cells.append(cell)
            asked_at = now()
            try:
                claim = ledger.claim(
                    self._installation.cell(cell),
                    queue,
                    lease_seconds=self._settings.lease_seconds,
                    versions=self._versions,
                )
            except SQLAlchemyError as error:
                self._complain("a cell does not answer", cell=cell, error=_line(error))
                continue
            if claim is not None:
                return cell, claim, asked_at
        return None

    def _do_periodic(self) -> None:
        for cell in self._cells:
            try:
                periodic.run_due(
                    self._installation.cell(cell),
                    self._equipment.storage,
                    spool_root(self._settings, self._equipment.storage),
                    self._versions,
                )
            except SQLAlchemyError as error:
                self._complain("a cell does not answer", cell=cell, error=_line(error))

    def _has_room(self) -> bool:
        """Whether storage and scratch space are above the reserve; below it, stages wait."""
        if self._equipment.has_room():
            return True
        self._complain(
            "stages wait: the disk is nearly full",
            free_bytes=self._equipment.free_bytes(),
            reserve_bytes=self._settings.free_space_reserve_bytes,
        )
        return False

    def _complain(self, event: str, **facts: object) -> None:
        if time.monotonic() - self._complained_at > _COMPLAINT_SECONDS:
            self._complained_at = time.monotonic()
            _log.warning(event, **facts)

    def _last_words(self, hold: Hold, reason: str) -> None:
        """Before this process ends because its work does not heed: say so, and clean up."""
        outcome = outcome_of(
            TimeoutError(),
            reason,
            failures=hold.failures,
            deadline=hold.deadline_seconds,
            settings=self._settings,
        )
        self._scratch.clear_own()
        database = Database(self._installation.cell(hold.cell).url, pool_size=1)
        claim = hold.claim
        known = {"run_id": str(claim.run_id), "stage_id": str(claim.stage_id)}
        with log_context(**known, attempt=claim.attempt):
            _log.error("work that does not heed is ended with its process", reason=reason)
            end(database, hold, outcome if outcome.state else Outcome(None))


def _line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
