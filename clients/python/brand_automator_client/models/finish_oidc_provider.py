from typing import Literal

FinishOidcProvider = Literal["google", "linkedin"]

FINISH_OIDC_PROVIDER_VALUES: set[FinishOidcProvider] = {
    "google",
    "linkedin",
}


def check_finish_oidc_provider(value: str) -> FinishOidcProvider:
    if value in FINISH_OIDC_PROVIDER_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FINISH_OIDC_PROVIDER_VALUES!r}")
