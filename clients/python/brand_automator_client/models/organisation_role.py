from typing import Literal

OrganisationRole = Literal["admin", "member", "owner"]

ORGANISATION_ROLE_VALUES: set[OrganisationRole] = {
    "admin",
    "member",
    "owner",
}


def check_organisation_role(value: str) -> OrganisationRole:
    if value in ORGANISATION_ROLE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ORGANISATION_ROLE_VALUES!r}")
