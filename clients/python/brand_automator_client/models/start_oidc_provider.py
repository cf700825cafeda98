from typing import Literal

StartOidcProvider = Literal["google", "linkedin"]

START_OIDC_PROVIDER_VALUES: set[StartOidcProvider] = {
    "google",
    "linkedin",
}


def check_start_oidc_provider(value: str) -> StartOidcProvider:
    if value in START_OIDC_PROVIDER_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {START_OIDC_PROVIDER_VALUES!r}")
