"""What Google's libraries raise, as errors of ours: one table, for every call."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import requests
import urllib3
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from core.errors import (
    AutomatorError,
    InsufficientStorage,
    Misconfigured,
    NotFound,
    Retryable,
    Unavailable,
)

_QUOTAS: Final = {"quotaExceeded", "storageQuotaExceeded", "billingDisabled", "accountDisabled"}
_RATES: Final = {"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"}
_AWAY: Final = (
    api.RetryError,
    auth.TransportError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)


@contextmanager
def translated(bucket: str, key: str = "") -> Iterator[None]:
    """Raises ours for theirs; PreconditionFailed passes, since only the caller knows its meaning.

    No message of theirs is shown: it may hold the address of a session, which is a secret.
    """
    try:
        yield
    except (AutomatorError, api.PreconditionFailed):
        raise
    except api.GoogleAPICallError as error:
        raise _of_call(error, bucket, key) from None
    except InvalidResponse as error:
        status = error.response.status_code
        raise _of_call(
            api.from_http_status(status, "", response=error.response), bucket, key
        ) from None
    except DataCorruption:
        raise Retryable("bytes were damaged on their way to or from cloud storage") from None
    except auth.DefaultCredentialsError:
        raise Misconfigured(
            "there are no credentials for STORAGE_URL: set GOOGLE_APPLICATION_CREDENTIALS, or run"
            " with a service account of the platform"
        ) from None
    except auth.RefreshError as error:
        if error.retryable:
            raise Unavailable("the credentials of STORAGE_URL cannot be renewed now") from None
        raise Misconfigured("the credentials of STORAGE_URL are refused") from None
    except _AWAY as error:
        raise Unavailable("cloud storage does not answer", detail=type(error).__name__) from None


def _of_call(error: api.GoogleAPICallError, bucket: str, key: str) -> AutomatorError:
    code, reasons = int(error.code or 0), _reasons(error)
    if code == 404 and key and "bucket does not exist" not in str(error.message).lower():
        return NotFound(f"nothing is stored under {key}")
    if code == 404:
        return Misconfigured(f"STORAGE_URL: there is no bucket {bucket!r}")
    if code == 403 and reasons & _QUOTAS:
        return InsufficientStorage("cloud storage takes no more bytes: look at its quota")
    if code in (408, 429) or code >= 500 or reasons & _RATES:
        return Unavailable("cloud storage cannot answer now", detail=f"status {code}")
    if code in (401, 403):
        return Misconfigured(
            f"STORAGE_URL: the credentials may not do this in the bucket {bucket!r}:"
            " docs/storage.md names the roles"
        )
    return Misconfigured(f"cloud storage refused a request with status {code}")


def _reasons(error: api.GoogleAPICallError) -> set[str]:
    found: list[Any] = list(error.errors or ())
    if not found and error.response is not None:
        # Of an upload that fails, the library leaves them in the answer.
        with suppress(ValueError, LookupError, TypeError):
            found = error.response.json()["error"]["errors"]
    return {str(one.get("reason")) for one in found if isinstance(one, dict)}
