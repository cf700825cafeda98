"""Why an answer did not come; the class says what is done about it.

Failed                     of one attempt at one provider, kept in `Attempt.outcome`
├── Throttled              429: nobody asks this provider until its pause is over
├── Overloaded             5xx, 529, 408, 409: this call asks again, after a pause
├── Broken                 the connection or the stream broke, or made no sense
│   ├── Truncated          … or ended without saying that it had
│   └── Silent             … or said nothing for too long
├── Unfit                  the answer breaks the schema, or repeats a fence
├── CutShort               the answer was longer than it may be
├── Declined               the provider will not answer this
├── Refused                the provider calls the request wrong
└── KeyRefused             the provider does not take the key

What a caller sees is Unanswered: NoAnswer (Retryable), Unanswerable (Rejected) or BudgetExceeded
(QuotaExceeded); Misconfigured where no key is taken or there is no provider at all; and what its
token says.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from core.errors import AutomatorError, QuotaExceeded, Rejected, Retryable

if TYPE_CHECKING:
    from ai.text.types import Attempt


class Failed(AutomatorError):
    """One attempt failed. `after` is the pause in seconds that the provider asked for."""

    outcome: ClassVar[str] = "failed"
    again: ClassVar[bool] = False
    """Whether the same provider may do better at the same."""
    ill: ClassVar[bool] = False
    """Whether it tells against the provider's health."""

    def __init__(
        self, message: str, *, after: float | None = None, detail: str | None = None
    ) -> None:
        """`detail` is what the provider said, without secrets."""
        super().__init__(message, detail=detail)
        self.after = after


class Throttled(Failed):
    """Too many requests with this key."""

    outcome, again = "throttled", True


class Overloaded(Failed):
    """The provider has a bad moment."""

    outcome, again, ill = "overloaded", True, True


class Broken(Failed):
    """The connection or the stream broke, or what came is not what was agreed."""

    outcome, again, ill = "broken", True, True


class Truncated(Broken):
    """The stream ended without a finish reason."""

    outcome = "truncated"


class Silent(Broken):
    """Nothing came for too long."""

    outcome = "silent"


class Unfit(Failed):
    """The answer came whole, and breaks what was asked; the message says which rule."""

    outcome, again = "unfit", True


class CutShort(Failed):
    """The answer reached the most tokens that it may have."""

    outcome = "cut_short"


class Declined(Failed):
    """The provider's filter or the model itself will not answer."""

    outcome = "declined"


class Refused(Failed):
    """The provider calls the request wrong, too long or for another model."""

    outcome = "refused"


class KeyRefused(Failed):
    """The provider does not take the key, or not for this."""

    outcome = "key_refused"


class Unanswered(AutomatorError):
    """There is no answer; `attempts` are those that were made, with their usage and cost."""

    attempts: tuple["Attempt", ...] = ()

    def after(self, attempts: Sequence["Attempt"]) -> Self:
        """Itself, with what was tried."""
        self.attempts = tuple(attempts)
        return self


class NoAnswer(Unanswered, Retryable):
    """No provider gave an answer that can be used, for reasons that may pass."""

    code = "no_answer"


class Unanswerable(Unanswered, Rejected):
    """Every provider declined or refused, or had no room: asking again would change nothing."""

    code = "unanswerable"


class BudgetExceeded(Unanswered, QuotaExceeded):
    """Asking might cost more than is left; nothing was sent for it."""

    code = "budget_exceeded"
