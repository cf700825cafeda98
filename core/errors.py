"""The tree of errors; an error's class is its policy.

AutomatorError
├── Rejected                  the input is at fault: never retried, the reason is shown
│   └── QuotaExceeded         … because there is too much else: others must go first
├── Retryable                 may succeed when tried again
│   └── RateLimited           … after a stated time
├── ReauthorisationRequired   a person must connect the account again
├── Cancelled                 somebody asked for the work to stop
├── LeaseLost                 another worker may own the work now: drop everything
├── Unauthenticated           who asks has not shown who they are
├── Forbidden                 … is known, and may not
├── NotFound
├── Gone                      it was here, and is no more
├── Locked                    somebody else is at it just now
├── TooLarge
├── Conflict
├── Outdated                  somebody else has changed the thing meanwhile
├── InsufficientStorage       the free-space reserve would be touched
├── Unavailable               come back later
├── SealBroken                a sealed secret does not open
└── Misconfigured             the operator must change a setting
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class AutomatorError(Exception):
    """Base of every error that the product raises on purpose; `str(error)` is fit to be shown."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(
        self, message: str, *, detail: str | None = None, members: Mapping[str, Any] | None = None
    ) -> None:
        """`message` is one line for people; `detail` (a tail of stderr, say) is kept beside it.

        `members` are shown to programs, each under its name.
        """
        super().__init__(message)
        self.detail = detail
        self.members = dict(members or {})


class Rejected(AutomatorError):
    """The input cannot be used; trying again would change nothing."""

    status = 422
    code = "rejected"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        detail: str | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """`field` is the part of what was sent that breaks the rule, if it is one."""
        super().__init__(message, detail=detail, members=members)
        self.field = field


class QuotaExceeded(Rejected):
    """More than the tenant may have; its members say what of which quota, and what is free."""

    status = 403
    code = "quota_exceeded"


class Retryable(AutomatorError):
    """The work failed for a reason that may pass."""

    status = 503
    code = "retryable"


class RateLimited(Retryable):
    """The other side asked for a pause of `after` seconds."""

    status = 429
    code = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        after: float,
        detail: str | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """`after` is in seconds."""
        super().__init__(message, detail=detail, members=members)
        self.after = after


class ReauthorisationRequired(AutomatorError):
    """A connected account's permission has ended."""

    status = 409
    code = "reauthorisation_required"


class Cancelled(AutomatorError):
    """The work was cancelled."""

    status = 409
    code = "cancelled"


class LeaseLost(AutomatorError):
    """The lease on the work ended; nothing may be written any more."""

    code = "lease_lost"


class Unauthenticated(AutomatorError):
    """Nobody has shown who asks, or what they showed holds no more."""

    status = 401
    code = "unauthorized"


class Forbidden(AutomatorError):
    """Who asks may not do this."""

    status = 403
    code = "forbidden"


class NotFound(AutomatorError):
    """No such thing, or none that the caller may see."""

    status = 404
    code = "not_found"


class Gone(AutomatorError):
    """The thing was here and has ended, or what it needs is lost."""

    status = 410
    code = "gone"


class Locked(AutomatorError):
    """Somebody else is working on the thing: try again in a moment."""

    status = 423
    code = "locked"


class TooLarge(AutomatorError):
    """More bytes than are allowed, or than were announced."""

    status = 413
    code = "too_large"


class Conflict(AutomatorError):
    """The thing's present state forbids the action."""

    status = 409
    code = "conflict"


class Outdated(AutomatorError):
    """The thing is no longer what the caller has seen: look again, then decide."""

    status = 412
    code = "precondition_failed"


class InsufficientStorage(AutomatorError):
    """Accepting more bytes would touch the free-space reserve."""

    status = 507
    code = "insufficient_storage"


class Unavailable(AutomatorError):
    """The service cannot answer now; `retry_after` is in seconds."""

    status = 503
    code = "unavailable"

    def __init__(
        self, message: str, *, retry_after: float = 5.0, detail: str | None = None
    ) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message, detail=detail)
        self.retry_after = retry_after


class SealBroken(AutomatorError):
    """A sealed secret was changed or moved, or its key is gone; `detail` names the place."""

    code = "seal_broken"


class Misconfigured(AutomatorError):
    """A setting is missing or wrong; the message says how to mend it."""

    status = 503
    code = "misconfigured"
