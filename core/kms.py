"""Master keys that Google's Cloud KMS keeps: they never leave it.

Spoken as REST, with the checksums that Google asks for (cloud.google.com/kms/docs/data-integrity-
guidelines): either side notices bytes that were damaged on their way.
"""

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import google.auth
import google_crc32c
import requests
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession

from core.errors import AutomatorError, Misconfigured, Unavailable
from core.sealing import broken

EMULATOR: Final = "KMS_EMULATOR_HOST"
_HOST: Final = "https://cloudkms.googleapis.com"
_SCOPES: Final = ("https://www.googleapis.com/auth/cloudkms",)
_TIMEOUT: Final = (3.05, 5.0)  # to connect, and between bytes, in seconds
_TRIES: Final = 2
_MOST: Final = 1 << 20  # bytes of an answer; those that are right have some hundred


class KmsMasterKey:
    """A key of Cloud KMS; state: a connection to it."""

    def __init__(self, resource: str) -> None:
        """`resource` is projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version."""
        self._resource = resource

    @property
    def name(self) -> str:
        """`kms:` and the resource."""
        return f"kms:{self._resource}"

    def wrap(self, key: bytes, context: str) -> bytes:
        """See `MasterKey`."""

        def checked(answer: Mapping[str, Any]) -> bytes:
            whole = (
                answer.get("verifiedPlaintextCrc32c") is True
                and answer.get("verifiedAdditionalAuthenticatedDataCrc32c") is True
                and str(answer.get("name")).startswith(f"{self._resource}/cryptoKeyVersions/")
            )
            if not whole:
                raise _damaged()
            return _read(answer, "ciphertext")

        return self._ask("encrypt", _told("plaintext", key, context), checked, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """See `MasterKey`."""
        told = _told("ciphertext", wrapped, context)
        return self._ask("decrypt", told, lambda answer: _read(answer, "plaintext"), context)

    @cached_property
    def _http(self) -> AuthorizedSession:
        if os.environ.get(EMULATOR):
            return AuthorizedSession(AnonymousCredentials())
        found, _ = google.auth.default(scopes=_SCOPES)
        return AuthorizedSession(found)

    def _ask(
        self,
        verb: str,
        told: Mapping[str, str],
        checked: Callable[[Mapping[str, Any]], bytes],
        context: str,
    ) -> bytes:
        """One call, and another where the first may have failed by chance."""
        host = (os.environ.get(EMULATOR) or _HOST).rstrip("/")
        address = f"{host}/v1/{self._resource}:{verb}"
        problem: AutomatorError = _damaged()
        for _ in range(_TRIES):
            try:
                answer = self._http.post(
                    address, json=told, timeout=_TIMEOUT, allow_redirects=False
                )
                if answer.status_code == 200:
                    return checked(_json(answer))
                problem = self._refusal(verb, answer, context)
            except Unavailable as error:
                problem = error
            except auth.DefaultCredentialsError:
                raise Misconfigured(
                    "there are no credentials for Cloud KMS: set GOOGLE_APPLICATION_CREDENTIALS,"
                    " or run with a service account of the platform"
                ) from None
            except auth.RefreshError as error:
                if not error.retryable:
                    raise Misconfigured("the credentials for Cloud KMS are refused") from None
                problem = Unavailable("the credentials for Cloud KMS cannot be renewed now")
            except (requests.RequestException, auth.TransportError) as error:
                # Their words may quote the request.
                problem = Unavailable("Cloud KMS does not answer", detail=type(error).__name__)
            # A request that was damaged on its way looks like one that is wrong.
            if isinstance(problem, Misconfigured):
                break
        raise problem from None

    def _refusal(self, verb: str, answer: requests.Response, context: str) -> AutomatorError:
        status = answer.status_code
        if status in (408, 429) or status >= 500:
            return Unavailable("Cloud KMS cannot answer now", detail=f"status {status}")
        if status in (401, 403):
            return Misconfigured(
                f"the credentials may not use the master key {self.name}: give them the role"
                " Cloud KMS CryptoKey Encrypter/Decrypter on it"
            )
        if status == 404:
            return Misconfigured(f"there is no master key {self.name}")
        if status == 400 and verb == "decrypt" and _reason(answer) == "INVALID_ARGUMENT":
            return broken(context)
        return Misconfigured(
            f"Cloud KMS refuses the master key {self.name} with status {status}: it may be"
            " disabled, or not be meant to encrypt"
        )


def _told(field: str, value: bytes, context: str) -> dict[str, str]:
    """Bytes and context as base64, each with its CRC32C, which JSON writes as a string."""
    about = context.encode()
    return {
        field: base64.b64encode(value).decode(),
        f"{field}Crc32c": str(google_crc32c.value(value)),
        "additionalAuthenticatedData": base64.b64encode(about).decode(),
        "additionalAuthenticatedDataCrc32c": str(google_crc32c.value(about)),
    }


def _read(answer: Mapping[str, Any], field: str) -> bytes:
    """Bytes of an answer that have its checksum; raises Unavailable for others."""
    try:
        value = base64.b64decode(answer[field], validate=True)
        if int(answer[f"{field}Crc32c"]) == google_crc32c.value(value):
            return value
    except (LookupError, TypeError, ValueError, binascii.Error):
        pass
    raise _damaged()


def _json(answer: requests.Response) -> Mapping[str, Any]:
    try:
        found = answer.json() if len(answer.content) < _MOST else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _damaged()
    return found


def _reason(answer: requests.Response) -> object:
    """The status of an error by its name."""
    try:
        return answer.json()["error"]["status"]
    except (LookupError, TypeError, ValueError):
        return None


def _damaged() -> Unavailable:
    return Unavailable("bytes were damaged on their way to or from Cloud KMS")
