from typing import Literal

LogoVariant = Literal["mark", "on-dark", "on-light", "primary"]

LOGO_VARIANT_VALUES: set[LogoVariant] = {
    "mark",
    "on-dark",
    "on-light",
    "primary",
}


def check_logo_variant(value: str) -> LogoVariant:
    if value in LOGO_VARIANT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LOGO_VARIANT_VALUES!r}")
