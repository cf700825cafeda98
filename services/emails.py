"""Addresses of mail: how one is written, and when two are the same."""

from typing import Final

from core.errors import Rejected

_FIELD: Final = "email"


def normalised(address: str, *, field: str = _FIELD) -> str:
    """The address in its one spelling, with its owner's capitals; raises Rejected for none.

    Nothing is asked of the network: whether mail arrives is found out by sending some.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise Rejected("this is no address that mail can be sent to", field=field) from None
    return found.normalized


def key(address: str) -> str:
    """What the same address is compared by."""
    return address.lower()
