"""Asks providers in their order, and hands back an answer that can be used, or says why not."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ai.text.breaker import Breaker
from ai.text.budget import Budget, Unlimited
from ai.text.cache import Store, key_of, packed, unpacked
from ai.text.calling import Call, candidates
from ai.text.prices import Price
from ai.text.prompts import Preparation
from ai.text.protocol import Provider
from ai.text.types import Answer, Event, Finished, Request
from core import tracing
from core.cancellation import CancelToken
from core.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class TextClient:
    """One for a process, made after its last fork; its threads share it.

    State: the providers' connections and breakers, and what the store remembers. `prices` go before
    those that are known here. `secrets` are values that never leave, and with `redact_emails` no
    address of a person does.
    """

    providers: Sequence[Provider]
    store: Store | None = None
    budget: Budget = field(default_factory=Unlimited)
    prices: Mapping[tuple[str, str], Price] = field(default_factory=dict)
    secrets: Collection[str] = field(default=(), repr=False)
    redact_emails: bool = False
    _breakers: list[Breaker] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self._breakers.extend(Breaker() for _ in self.providers)

    def answer(
        self,
        request: Request,
        token: CancelToken | None = None,
        *,
        budget: Budget | None = None,
    ) -> Answer:
        """The answer, whole and checked; `budget` is who pays for this call, if not for all.

        Raises NoAnswer, Unanswerable, BudgetExceeded, Misconfigured, and what the token says, all
        within the request's time.
        """
        with tracing.child("text") as span:
            for event in self.stream(request, token, budget=budget):
                if isinstance(event, Finished):
                    span.set(_told(event.answer))
                    return event.answer
        raise AssertionError("a stream ends with an answer or an error")

    def stream(
        self,
        request: Request,
        token: CancelToken | None = None,
        *,
        budget: Budget | None = None,
    ) -> Iterator[Event]:
        """The answer as it comes, and at last whole and checked; raises as `answer` does.

        After `Restarted` everything that came is void. Deltas are not checked: what is shown while
        it comes may yet be refused.
        """
        if not self.providers:
            raise Misconfigured(
                "there is no language model: set OPENAI_API_KEY, ANTHROPIC_API_KEY or"
                " GEMINI_API_KEY, or LOCAL_TEXT_URL with TEXT_MODELS"
            )
        key = self._key(request)
        if key is not None and (found := self._remembered(key, request)) is not None:
            yield Finished(found)
            return
        call = Call(
            request,
            candidates(list(zip(self.providers, self._breakers, strict=True)), self.prices),
            Preparation(secrets=self.secrets, emails=self.redact_emails),
            budget or self.budget,
            token,
        )
        for event in call.events():
            if isinstance(event, Finished) and key is not None and not event.answer.calls:
                assert self.store is not None
                self.store.put(key, packed(event.answer))
            yield event

    def close(self) -> None:
        """Give all connections back."""
        for provider in self.providers:
            provider.close()

    def _key(self, request: Request) -> str | None:
        if self.store is None or not request.remember:
            return None
        chain = [(each.name, each.model, each.address) for each in self.providers]
        return key_of(request, chain, self.redact_emails)

    def _remembered(self, key: str, request: Request) -> Answer | None:
        assert self.store is not None
        data = self.store.get(key)
        return unpacked(data, request.shape) if data is not None else None


def _told(answer: Answer) -> dict[str, str | int | bool]:
    """A span's attributes, by OpenTelemetry's conventions for generative models."""
    return {
        "gen_ai.provider.name": answer.provider,
        "gen_ai.response.model": answer.model,
        "gen_ai.usage.input_tokens": answer.usage.input,
        "gen_ai.usage.output_tokens": answer.usage.output,
        "text.attempts": len(answer.attempts),
        "text.remembered": answer.remembered,
    }
