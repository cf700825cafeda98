"""What the providers share: a bounded HTTP client, and what its errors mean.

The vendors' SDKs speak over httpx2, which only processes load that ask for text.
"""

import email.utils
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ai.text.errors import (
    Broken,
    Failed,
    KeyRefused,
    Overloaded,
    Refused,
    Silent,
    Throttled,
    Truncated,
)
from ai.text.redaction import redact

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS: Final = 10.0
# A stream says something every few hundred milliseconds, but a model may think before it begins.
SILENCE_SECONDS: Final = 45.0
MOST_ANSWER_BYTES: Final = 16 << 20
_MOST_AFTER: Final = 24 * 3600.0
_DETAIL: Final = 400
_OVERLOADED: Final = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
_KEYS: Final = frozenset({401, 403})
# What reading a stranger's JSON may raise.
NONSENSE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError)

# Clients are made one at a time: two threads may send their first prompts at once.
MAKING: Final = threading.Lock()

_stop = threading.local()


def stopping(event: threading.Event) -> None:
    """Let what this thread receives end once the event is set."""
    _stop.event = event


def http_client(headers: Mapping[str, str] | None = None) -> "httpx2.Client":
    """A client that follows no redirect and takes no more than 16 MiB an answer.

    Proxies are those of the environment, as everywhere.
    """
    import httpx2

    return httpx2.Client(
        headers=dict(headers or {}),
        follow_redirects=False,
        timeout=httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx2.Limits(max_connections=64, max_keepalive_connections=16),
        event_hooks={"response": [_bound]},
    )


def timeout(seconds: float) -> "httpx2.Timeout":
    """No wait beyond what is left of the call, nor beyond a silence."""
    import httpx2

    return httpx2.Timeout(
        max(0.05, min(SILENCE_SECONDS, seconds)), connect=max(0.05, min(CONNECT_SECONDS, seconds))
    )


def _bound(response: "httpx2.Response") -> None:
    import httpx2

    stream = response.stream
    assert isinstance(stream, httpx2.SyncByteStream)
    inner: httpx2.SyncByteStream = stream
    stop: threading.Event | None = getattr(_stop, "event", None)

    class Bounded(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            come = 0
            for data in inner:
                come += len(data)
                if come > MOST_ANSWER_BYTES:
                    raise httpx2.ReadError("the answer is too long")
                if stop is not None and stop.is_set():
                    raise httpx2.ReadError("nobody waits for it any more")
                yield data

        def close(self) -> None:
            inner.close()

    response.stream = Bounded()


@contextmanager
def translated(*sdk_errors: type[Exception], key: str, read: bool = True) -> Iterator[None]:
    """Turn what an SDK raises into `Failed`; its words go on without secrets and the key.

    While nothing is `read`, a TypeError is our own mistake and stays one.
    """
    import httpx2

    try:
        yield
    except Failed:
        raise
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise Silent("the provider said nothing for too long", detail=_kind(error)) from None
    except sdk_errors as error:
        raise _failure(error, key) from None
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
        raise Broken("the connection to the provider broke", detail=_kind(error)) from None
    except NONSENSE as error:
        if not read:
            raise
        raise Broken("the provider's answer makes no sense", detail=_kind(error)) from None


def _failure(error: Exception, key: str) -> Failed:
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if not isinstance(status, int):  # its words may be what the model said
        if isinstance(error.__cause__, TimeoutError) or "imed out" in str(error):
            return Silent("the provider said nothing for too long", detail=_kind(error))
        return Broken("the connection to the provider broke", detail=_kind(error))
    detail = redact(str(error), known=[key])[0][:_DETAIL]
    after = retry_after(getattr(getattr(error, "response", None), "headers", None) or {})
    if status == 429:
        return Throttled("the provider wants a pause", after=after, detail=detail)
    if status in _OVERLOADED or status >= 500:
        return Overloaded(f"the provider answers {status}", after=after, detail=detail)
    if status in _KEYS:
        return KeyRefused(f"the provider does not take the key ({status})", detail=detail)
    if 400 <= status < 500:
        return Refused(f"the provider refuses the request ({status})", detail=detail)
    return Broken(f"the provider answers {status}", detail=detail)


def _kind(error: Exception) -> str:
    return type(error).__name__


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The pause in seconds that an answer asks for, at most a day: RFC 9110, section 10.2.3.

    `retry-after-ms` is more exact and goes before `Retry-After`, in seconds or as a date.
    """
    exact = headers.get("retry-after-ms")
    if exact is not None and re.fullmatch(r"\d{1,12}(\.\d{1,6})?", exact):
        return min(_MOST_AFTER, float(exact) / 1000)
    value = (headers.get("retry-after") or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return min(_MOST_AFTER, float(value))
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(_MOST_AFTER, max(0.0, at - (time.time() if now is None else now)))


def truncated(provider: str) -> Truncated:
    """The error of a stream that ended without saying why."""
    return Truncated(f"the stream of {provider} ended before it was done")


def count(value: Any) -> int:
    """A number of tokens that a stranger tells."""
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
