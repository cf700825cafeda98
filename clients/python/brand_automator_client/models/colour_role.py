from typing import Literal

ColourRole = Literal["accent", "background", "primary", "secondary", "text"]

COLOUR_ROLE_VALUES: set[ColourRole] = {
    "accent",
    "background",
    "primary",
    "secondary",
    "text",
}


def check_colour_role(value: str) -> ColourRole:
    if value in COLOUR_ROLE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COLOUR_ROLE_VALUES!r}")
