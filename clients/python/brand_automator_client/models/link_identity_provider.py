from typing import Literal

LinkIdentityProvider = Literal["google", "linkedin"]

LINK_IDENTITY_PROVIDER_VALUES: set[LinkIdentityProvider] = {
    "google",
    "linkedin",
}


def check_link_identity_provider(value: str) -> LinkIdentityProvider:
    if value in LINK_IDENTITY_PROVIDER_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {LINK_IDENTITY_PROVIDER_VALUES!r}"
    )
