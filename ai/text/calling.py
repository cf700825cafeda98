"""One call: its attempts, one after another, until an answer or the end of its time."""

import random
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ai.text.breaker import Breaker
from ai.text.budget import Budget, Spending
from ai.text.checking import Checked, checked
from ai.text.errors import (
    Broken,
    BudgetExceeded,
    Failed,
    KeyRefused,
    NoAnswer,
    Throttled,
    Unanswerable,
    Unfit,
)
from ai.text.prices import Price, cost_of, price_of
from ai.text.prompts import Preparation, complaining, input_tokens, most_usage, tokens_of
from ai.text.protocol import Prompt, Provider
from ai.text.types import (
    Answer,
    Attempt,
    Delta,
    End,
    Event,
    Finished,
    Request,
    Restarted,
    Usage,
)
from ai.text.watching import watched
from ai.text.wire import truncated
from core.cancellation import CancelToken
from core.errors import Misconfigured
from core.logging import get_logger

TRIES: Final = 3
# How many seconds of waiting a provider is worth more than the one behind it.
PATIENCE_SECONDS: Final = 2.0
_FIRST_PAUSE, _MOST_PAUSE = 0.25, 8.0
_LEAST_SECONDS: Final = 0.1
_TICK_SECONDS: Final = 0.25

_log = get_logger(__name__)


@dataclass(slots=True)
class Candidate:
    """A provider within a call; state: its tries and when the next may be."""

    rank: int
    provider: Provider
    breaker: Breaker
    price: Price | None
    left: int = TRIES
    not_before: float = 0.0

    def ready_at(self) -> float:
        """When it may be asked, by the monotonic clock."""
        return max(self.not_before, self.breaker.ready_at())


@dataclass(slots=True)
class _Coming:
    """State: what of one attempt's answer has come."""

    texts: list[str] = field(default_factory=list)
    usage: Usage | None = None
    end: End | None = None

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def spent(self, prompt: Prompt, error: Failed | None) -> Usage:
        """What the provider counted; an estimate where it worked and could not say."""
        if self.end is not None and self.end.usage is not None:
            return self.end.usage
        if isinstance(error, Broken) or self.end is not None or self.texts:
            output = tokens_of(self.text) if self.texts else 0
            known = self.usage or Usage(input_tokens(prompt))
            return Usage(known.input, max(known.output, output), known.cached, estimated=True)
        return Usage()


@dataclass(slots=True)
class Call:
    """State: a call's time, candidates, attempts, and the last complaint about its answers."""

    request: Request
    candidates: list[Candidate]
    preparation: Preparation
    budget: Budget
    token: CancelToken | None = None
    attempts: list[Attempt] = field(default_factory=list)
    _until: float = field(init=False)
    _prompt: Prompt = field(init=False)
    _prompted: Prompt = field(init=False)
    _failures: list[Failed] = field(default_factory=list, init=False)
    _too_dear: BudgetExceeded | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.request.seconds
        self._prompt = self._prompted = self.preparation.prompt(self.request)

    def events(self) -> Iterator[Event]:
        """Deltas, restarts, and the answer at last; raises as `ai.text.errors` says."""
        while True:
            candidate = self._next()
            answer = yield from self._attempt(candidate)
            if answer is not None:
                yield Finished(answer)
                return

    def _next(self) -> Candidate:
        """The best provider that may be asked; waits for it within the call's time."""
        while True:
            if self.token is not None:
                self.token.check()
            now = time.monotonic()
            alive = [each for each in self.candidates if each.left > 0]
            waits = {each.rank: max(0.0, each.ready_at() - now) for each in alive}
            left = self._until - now
            if not alive or left < _LEAST_SECONDS or min(waits.values()) > left:
                raise self._end(min(waits.values(), default=None))
            best = min(
                (each for each in alive if waits[each.rank] <= left),
                key=lambda each: waits[each.rank] + each.rank * PATIENCE_SECONDS,
            )
            if waits[best.rank] > 0:
                self._rest(min(waits[best.rank], _TICK_SECONDS))
            elif best.breaker.enter():
                return best

    def _rest(self, seconds: float) -> None:
        if self.token is None:
            time.sleep(seconds)
        else:
            self.token.wait(seconds)

    def _attempt(self, candidate: Candidate) -> Generator[Event, None, Answer | None]:
        candidate.left -= 1
        most = most_usage(self._prompted)
        try:
            held = self.budget.hold(
                self.request.scope, Spending.of(most, cost_of(candidate.price, most))
            )
        except BudgetExceeded as too_dear:
            candidate.breaker.unknown()
            candidate.left, self._too_dear = 0, too_dear
            return None
        except BaseException:
            candidate.breaker.unknown()
            raise
        began, coming = time.monotonic(), _Coming()
        error: Failed | None = None
        outcome = "left"
        try:
            yield from self._stream(candidate, coming)
            found = self._checked(candidate, coming)
            outcome = "answered"
        except Failed as failed:
            error, outcome = failed, failed.outcome
        finally:
            if outcome == "left":
                candidate.breaker.unknown()
            usage = coming.spent(self._prompted, error or (_LEFT if outcome == "left" else None))
            cost = cost_of(candidate.price, usage)
            self.budget.settle(held, Spending.of(usage, cost))
            self._record(candidate, outcome, time.monotonic() - began, usage, error)
        if error is None:
            candidate.breaker.succeeded()
            return self._answer(candidate, coming, found)
        self._judge(candidate, error, coming.text)
        if coming.texts:
            yield Restarted(outcome)
        return None

    def _stream(self, candidate: Candidate, coming: _Coming) -> Iterator[Event]:
        prompt, seconds = self._prompted, max(0.0, self._until - time.monotonic())
        provider = candidate.provider
        for chunk in watched(lambda: provider.stream(prompt, seconds), self._until, self.token):
            if isinstance(chunk, Delta):
                coming.texts.append(chunk.text)
                yield chunk
            elif isinstance(chunk, Usage):
                coming.usage = chunk
            else:
                coming.end = chunk

    def _checked(self, candidate: Candidate, coming: _Coming) -> Checked:
        if coming.end is None:
            raise truncated(candidate.provider.name)
        return checked(self.request, self.preparation.fence, coming.text, coming.end)

    def _judge(self, candidate: Candidate, error: Failed, text: str) -> None:
        """What a failure means for this provider, in this call and in others."""
        self._failures.append(error)
        pause = _pause(error, TRIES - candidate.left)
        if isinstance(error, Throttled):
            candidate.breaker.unknown(pause)
        elif error.ill:
            candidate.breaker.failed()
        else:
            candidate.breaker.succeeded()
        if not error.again:
            candidate.left = 0
        elif not isinstance(error, Unfit):
            candidate.not_before = time.monotonic() + pause
        elif self.request.shape is not None and self.preparation.fence.mark not in text.lower():
            self._prompted = complaining(self._prompt, text or "{}", str(error))

    def _record(
        self,
        candidate: Candidate,
        outcome: str,
        seconds: float,
        usage: Usage,
        error: Failed | None,
    ) -> None:
        provider, cost = candidate.provider, cost_of(candidate.price, usage)
        said = None if error is None else str(error)
        self.attempts.append(
            Attempt(provider.name, provider.model, outcome, seconds, usage, cost, said)
        )
        if error is not None:
            _log.warning(
                "text.attempt_failed",
                provider=provider.name,
                model=provider.model,
                outcome=outcome,
                seconds=round(seconds, 3),
                detail=error.detail,
            )

    def _answer(self, candidate: Candidate, coming: _Coming, found: Checked) -> Answer:
        assert coming.end is not None
        costs = [each.cost for each in self.attempts]
        known = [cost for cost in costs if cost is not None]
        return Answer(
            text=found.text,
            calls=found.calls,
            value=found.value,
            provider=candidate.provider.name,
            model=coming.end.model,
            usage=sum((each.usage for each in self.attempts), Usage()),
            cost=sum(known, Decimal(0)) if len(known) == len(costs) and known else None,
            attempts=tuple(self.attempts),
            flags=found.flags,
            redacted=dict(self.preparation.redacted),
        )

    def _end(self, wait: float | None) -> Exception:
        """Why there is no answer, as the class of error that says what to do about it."""
        told = "; ".join(f"{each.provider}: {each.outcome}" for each in self.attempts)
        transient = any(each.again for each in self._failures) or wait is not None
        if transient:
            after = {} if wait is None else {"retry_after": round(wait, 1)}
            none = NoAnswer("no language model gave an answer", detail=told, members=after)
            return none.after(self.attempts)
        if self._too_dear is not None:
            return self._too_dear.after(self.attempts)
        if all(isinstance(each, KeyRefused) for each in self._failures):
            return Misconfigured("no provider of language models takes its key", detail=told)
        last = next(each for each in self._failures if not isinstance(each, KeyRefused))
        refused = Unanswerable(f"no language model answers this: {last}", detail=told)
        return refused.after(self.attempts)


_LEFT: Final = Broken("nobody waited for the answer")


def _pause(error: Failed, tries: int) -> float:
    """Seconds until the next try: what was asked for or longer, else a growing one, by chance."""
    if error.after is not None:
        return error.after + random.uniform(0.01, 0.05 + min(1.0, error.after / 5))  # noqa: S311
    pause = min(_MOST_PAUSE, _FIRST_PAUSE * float(2 ** max(0, tries - 1)))
    return pause * random.uniform(0.6, 1.0)  # noqa: S311


def candidates(
    providers: list[tuple[Provider, Breaker]], prices: Mapping[tuple[str, str], Price]
) -> list[Candidate]:
    """The providers of a call, in their order."""
    return [
        Candidate(rank, provider, breaker, price_of(provider.name, provider.model, prices))
        for rank, (provider, breaker) in enumerate(providers)
    ]
