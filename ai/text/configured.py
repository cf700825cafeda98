"""The client that an operator's settings make."""

from decimal import Decimal
from typing import Final

from pydantic import SecretStr

from ai.text.budget import Budget, Unlimited
from ai.text.cache import MemoryStore, Store
from ai.text.client import TextClient
from ai.text.prices import Price
from ai.text.protocol import Provider
from ai.text.providers.anthropic import Anthropic
from ai.text.providers.compatible import Compatible
from ai.text.providers.google import Google
from ai.text.providers.openai import OpenAI
from core.errors import Misconfigured
from core.settings import Settings

# Which model is asked where a key is set and no model named: small ones that know JSON schemas and
# look at pictures.
DEFAULT_MODELS: Final = ("openai/gpt-5.4-mini", "google/gemini-2.5-flash",
                         "anthropic/claude-haiku-4-5")  # fmt: skip


def client_from(
    settings: Settings, *, store: Store | None = None, budget: Budget | None = None
) -> TextClient:
    """A client with the providers that the settings name, perhaps none.

    Without any, each call raises Misconfigured, which says what to set; a model that is named
    without what its provider needs raises it here.
    """
    return TextClient(
        providers=_providers(settings),
        store=store or MemoryStore(),
        budget=budget or Unlimited(),
        prices={
            _parted(name): Price(Decimal(str(prices[0])), Decimal(str(prices[1])))
            for name, prices in settings.text_prices.items()
        },
        secrets=_secrets(settings),
        redact_emails=settings.text_redact_emails,
    )


def _providers(settings: Settings) -> list[Provider]:
    if settings.text_models:
        return [_named(settings, name) for name in settings.text_models]
    found = [_provider(settings, *_parted(name)) for name in DEFAULT_MODELS]
    return [each for each in found if each is not None]


def _named(settings: Settings, name: str) -> Provider:
    found = _provider(settings, *_parted(name))
    if found is None:
        raise Misconfigured(f"TEXT_MODELS names {name}, whose provider has no key or address")
    return found


def _provider(settings: Settings, name: str, model: str) -> Provider | None:
    if name == "local" and settings.local_text_url is not None:
        return Compatible(model, settings.local_text_url, _value(settings.local_text_key))
    if name == "openai" and settings.openai_api_key is not None:
        return OpenAI(model, settings.openai_api_key.get_secret_value(), settings.openai_base_url)
    if name == "anthropic" and settings.anthropic_api_key is not None:
        key = settings.anthropic_api_key.get_secret_value()
        return Anthropic(model, key, settings.anthropic_base_url)
    if name == "google" and settings.gemini_api_key is not None:
        return Google(model, settings.gemini_api_key.get_secret_value(), settings.gemini_base_url)
    return None


def _parted(name: str) -> tuple[str, str]:
    provider, _, model = name.partition("/")
    return provider, model


def _value(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret that is set, part by part: none of them has business with a language model."""
    values = (getattr(settings, name) for name in Settings.model_fields)
    whole = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
    return tuple({part.strip() for value in whole for part in value.split(",")} - {""})
