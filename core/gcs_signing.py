"""Who signs addresses: the key of a service account, or the platform on its behalf."""

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import google.auth
from google.auth import exceptions, iam
from google.auth.credentials import AnonymousCredentials, Signing
from google.auth.transport.requests import Request

from core.errors import Misconfigured, Unavailable

SCOPES: Final[Sequence[str]] = ("https://www.googleapis.com/auth/cloud-platform",)
EMULATOR: Final = "STORAGE_EMULATOR_HOST"
_KEY_FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_NO_SIGNER: Final = (
    "no address can be signed: set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service"
    " account, or run as one that may sign for itself (docs/storage.md)"
)


def credentials() -> Any:
    """The application's default ones; none against an emulator."""
    if os.environ.get(EMULATOR):
        return AnonymousCredentials()
    found, _ = google.auth.default(scopes=SCOPES)
    return found


class Signer:
    """Finds out once who signs; state: the answer."""

    @cached_property
    def credentials(self) -> Any:
        """Credentials that sign. Raises Misconfigured where there are none."""
        if os.environ.get(EMULATOR) and not os.environ.get(_KEY_FILE):
            raise Misconfigured(_NO_SIGNER)
        try:
            found, _ = google.auth.default(scopes=SCOPES)
        except exceptions.DefaultCredentialsError:
            raise Misconfigured(_NO_SIGNER) from None
        if isinstance(found, Signing):
            return found
        return _OnBehalf(found)


class _OnBehalf(AnonymousCredentials, Signing):
    """Signs by a call of the platform's IAM: no key leaves it, and each address costs a call."""

    def __init__(self, found: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        request = Request()
        try:
            found.refresh(request)  # before that, the metadata server's is called `default`
        except exceptions.TransportError:
            raise Unavailable("the platform's credentials cannot be renewed now") from None
        except exceptions.GoogleAuthError:
            raise Misconfigured(_NO_SIGNER) from None
        email = getattr(found, "service_account_email", None)
        if not email or email == "default":
            raise Misconfigured(_NO_SIGNER)
        self._email = str(email)
        self._signer = iam.Signer(request, found, self._email)

    @property
    def signer(self) -> Any:
        """See `Signing`."""
        return self._signer

    @property
    def signer_email(self) -> str:
        """See `Signing`."""
        return self._email

    def sign_bytes(self, message: bytes) -> bytes:
        """See `Signing`."""
        try:
            return bytes(self._signer.sign(message))
        except exceptions.TransportError as error:
            if "PERMISSION_DENIED" in str(error):
                raise Misconfigured(
                    f"{self._email} may not sign for itself: give it the role Service Account"
                    " Token Creator on itself"
                ) from None
            raise Unavailable("addresses cannot be signed now") from None
