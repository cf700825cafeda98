"""What tokens cost, as data with their date; a price that is not known is None, never a guess."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from ai.text.types import Usage

_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, as the provider listed them on a day.

    `cached` is for input from the provider's cache; without it, that costs as the rest does.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    listed: date | None = None


def _listed(input_: str, output: str, cached: str | None = None) -> Price:
    day = date(2026, 4, 30)
    return Price(Decimal(input_), Decimal(output), Decimal(cached) if cached else None, day)


# By provider and model, standard tier. Lists change: an operator's TEXT_PRICES goes before
# this, and tokens from the provider's cache are counted as dear as others where its
# discount is not known.
PRICES: Final[Mapping[tuple[str, str], Price]] = {
    ("openai", "gpt-5.5"): _listed("5", "30"),
    ("openai", "gpt-5.4"): _listed("2.50", "15"),
    ("openai", "gpt-5.4-mini"): _listed("0.75", "4.50"),
    ("anthropic", "claude-opus-4-7"): _listed("5", "25", "0.50"),
    ("anthropic", "claude-sonnet-4-6"): _listed("3", "15", "0.30"),
    ("anthropic", "claude-haiku-4-5"): _listed("1", "5", "0.10"),
    ("google", "gemini-2.5-flash"): _listed("0.30", "2.50"),
    ("google", "gemini-2.5-flash-lite"): _listed("0.10", "0.40"),
}
FREE: Final = Price(Decimal(0), Decimal(0))


def price_of(
    provider: str, model: str, own: Mapping[tuple[str, str], Price] | None = None
) -> Price | None:
    """The price of a model, the operator's first; what runs on our own machines is free."""
    found = (own or {}).get((provider, model)) or PRICES.get((provider, model))
    return FREE if found is None and provider == "local" else found


def cost_of(price: Price | None, usage: Usage) -> Decimal | None:
    """US dollars; None where the price is not known and tokens were used."""
    if price is None:
        return None if usage.input or usage.output else Decimal(0)
    cached = min(usage.cached, usage.input)
    dear = price.input if price.cached is None else price.cached
    whole = price.input * (usage.input - cached) + dear * cached + price.output * usage.output
    return whole / _MILLION
