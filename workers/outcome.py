"""What an error means for the stage it ended: the one place that turns classes into policy."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.cancellation import CancelReason
from core.errors import (
    AutomatorError,
    Cancelled,
    LeaseLost,
    RateLimited,
    ReauthorisationRequired,
    Rejected,
)
from core.settings import Settings
from services.ledger import EndState
from workers.lease import STALLED
from workers.registry import UnknownStage

DETAIL_BYTES = 4096
_LONGEST_PAUSE_SECONDS = 600.0
_UNKNOWN_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt that made nothing ends; `state` None leaves it to whoever owns it now."""

    state: EndState | None
    delay_seconds: float = 0.0
    failures: int = 0
    error: Mapping[str, Any] | None = None


def outcome_of(
    error: BaseException,
    reason: str | None,
    *,
    failures: int,
    deadline: float,
    settings: Settings,
    room: bool = True,
) -> Outcome:
    """`reason` is what the attempt's token was cancelled for, `failures` those before this one.

    `room` tells whether the disk, now that the attempt's files are gone, is above the reserve.
    """
    if reason is not None or isinstance(error, Cancelled | LeaseLost):
        return _stopped(error, reason, failures, deadline, settings)
    described = describe(error)
    if isinstance(error, Rejected | ReauthorisationRequired):
        return Outcome("failed", failures=1, error=described)
    if isinstance(error, UnknownStage):
        return Outcome("delayed", _UNKNOWN_PAUSE_SECONDS, error=described)
    if not room:
        # Every program takes a full disk in its own way. The stage is not at fault: it waits.
        return Outcome("delayed", _pause(2, settings), error=described)
    if isinstance(error, RateLimited):
        return Outcome("delayed", error.after + random.uniform(0, 1), error=described)  # noqa: S311
    return _failed(described, failures, settings)


def _stopped(
    error: BaseException, reason: str | None, failures: int, deadline: float, settings: Settings
) -> Outcome:
    if reason == CancelReason.CANCELLED or (reason is None and isinstance(error, Cancelled)):
        return Outcome("cancelled")
    if reason == CancelReason.STOPPING:
        return Outcome("ready")
    if reason == STALLED:
        told = {"code": "stalled", "reason": f"it made no progress for {deadline:g} s"}
        return _failed(told | _detail(error), failures, settings)
    return Outcome(None)


def _failed(described: dict[str, Any], failures: int, settings: Settings) -> Outcome:
    if failures + 1 >= settings.max_failures:
        return Outcome("failed", failures=1, error=described)
    return Outcome("delayed", _pause(failures, settings), failures=1, error=described)


def _pause(failures: int, settings: Settings) -> float:
    # Spread, so that what failed together does not come back together.
    pause = settings.retry_seconds * 2.0**failures * random.uniform(0.75, 1.25)  # noqa: S311
    return min(pause, _LONGEST_PAUSE_SECONDS)


def describe(error: BaseException) -> dict[str, Any]:
    """An error as it stands in the ledger: code, reason and the tail of its details."""
    if isinstance(error, AutomatorError):
        return {"code": error.code, "reason": str(error)} | _detail(error)
    # Messages of foreign errors may hold anything, so only the class is shown.
    return {"code": "internal", "reason": f"an internal error ({type(error).__name__})"}


def _detail(error: BaseException) -> dict[str, str]:
    detail = getattr(error, "detail", None)
    if not detail:
        return {}
    # PostgreSQL's jsonb takes no NUL.
    tail = str(detail).replace("\0", "").encode(errors="replace")[-DETAIL_BYTES:]
    return {"detail": tail.decode(errors="ignore")}
