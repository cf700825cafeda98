"""Providers of identities: which of them the settings name."""

from functools import cache
from typing import Final, Literal

from core.errors import Misconfigured, NotFound
from core.oidc import OidcClient, Provider
from core.settings import Settings

ProviderName = Literal["google", "linkedin"]
NAMES: Final[tuple[ProviderName, ...]] = ("google", "linkedin")


def configured(settings: Settings) -> dict[str, Provider]:
    """Those that have an id and a secret."""
    found = {}
    google = settings.google_client_id, settings.google_client_secret
    if google[0] is not None and google[1] is not None:
        secret = google[1].get_secret_value()
        found["google"] = Provider("google", settings.google_issuer, google[0], secret)
    linkedin = settings.linkedin_client_id, settings.linkedin_client_secret
    if linkedin[0] is not None and linkedin[1] is not None:
        # It refuses a verifier from a client with a secret, and gives no nonce back.
        found["linkedin"] = Provider(
            "linkedin",
            settings.linkedin_issuer,
            linkedin[0],
            linkedin[1].get_secret_value(),
            pkce=False,
            nonce=False,
        )
    return found


def client(settings: Settings, name: str) -> OidcClient:
    """The client of one; raises NotFound for one that the settings do not name."""
    provider = configured(settings).get(name)
    if provider is None:
        raise NotFound(f"nobody signs in with {name} here")
    return _client(provider)


@cache
def _client(provider: Provider) -> OidcClient:
    return OidcClient(provider)


def callback(settings: Settings, name: str) -> str:
    """Where a provider sends browsers back to, as it must know; raises Misconfigured."""
    origin = settings.public_url or settings.local_url
    if origin is None:
        raise Misconfigured("PUBLIC_URL is needed where people sign in with others")
    return f"{origin.rstrip('/')}/v1/oidc/{name}/callback"
