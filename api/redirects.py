"""Pages that a browser is sent to: paths here, and pages of origins that the settings allow."""

import re
from typing import Annotated, Final

from fastapi import Query

from api import problems
from core.settings import Settings

# One slash: with two, or with a backslash, browsers take what follows for a host.
_PATH: Final = re.compile(r"/(?![/\\])[\x21\x24-\x5b\x5d-\x7e]*")

ReturnTo = Annotated[str, Query(min_length=1, max_length=1000)]


def checked(settings: Settings, page: str, pointer: str = "/query/return_to") -> str:
    """The page, if a browser may be sent there; raises RequestValidationError."""
    path = page
    for allowed in (settings.public_url, *settings.allowed_origins):
        if allowed is not None and page.startswith(f"{allowed}/"):
            path = page.removeprefix(allowed)
    if not _PATH.fullmatch(path):
        raise problems.invalid(
            pointer, "a path that begins with one slash, or a page of an allowed origin"
        )
    return page
