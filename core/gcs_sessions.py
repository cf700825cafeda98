"""Sending a file over a resumable session, and going on where the store says.

The library sends a failed piece again without asking what has come of it, and cannot go on after an
answer that names an offset within the piece. Here the store is asked after every failure.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import requests
from google.api_core import exceptions as api

from core.errors import Unavailable

TIMEOUT: Final = (10.0, 60.0)  # seconds to connect, and between bytes
PIECE: Final = 16 << 20  # must be a multiple of 256 KiB
_PASSING: Final = (408, 429, 500, 502, 503, 504)
_AWAY: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
_LONGEST_PAUSE: Final = 8.0


class Sending:
    """One file on its way; state: how much the store has, and since when nothing went on."""

    def __init__(self, address: str, stream: BinaryIO, size: int, *, patience: float) -> None:
        """`patience` is the number of seconds without progress after which it is given up."""
        self._address, self._stream, self._size = address, stream, size
        self._patience = patience
        # Whoever knows the address may write: no credentials go with it.
        self._http = requests.Session()
        self._offset = 0

    def run(self, checksum: str) -> Mapping[str, Any]:
        """What the store says of the finished object; `checksum` is sent with the last byte.

        Raises Unavailable where nothing went on for too long or the session was lost, and what the
        API's status codes are otherwise. No message holds the address.
        """
        pause, moved_at = 0.5, time.monotonic()
        with self._http:
            failed = False
            while True:
                before = self._offset
                done = self._offset == self._size
                answer = self._ask() if failed or done else self._send(checksum)
                if answer is not None and answer.status_code in (200, 201):
                    found: Mapping[str, Any] = answer.json()
                    return found
                failed = answer is None or answer.status_code in _PASSING
                if answer is not None and not failed:
                    self._offset = self._named(answer)
                if self._offset > before:
                    pause, moved_at = 0.5, time.monotonic()
                elif time.monotonic() - moved_at > self._patience:
                    raise Unavailable("cloud storage took no bytes for too long")
                else:
                    time.sleep(min(pause, self._patience / 4))
                    pause = min(pause * 2, _LONGEST_PAUSE)

    def _send(self, checksum: str) -> requests.Response | None:
        self._stream.seek(self._offset)
        piece = self._stream.read(min(PIECE, self._size - self._offset))
        end = self._offset + len(piece)
        headers = {"Content-Range": f"bytes {self._offset}-{end - 1}/{self._size}"}
        if end == self._size:
            headers["X-Goog-Hash"] = f"crc32c={checksum}"
        return self._put(piece, headers)

    def _ask(self) -> requests.Response | None:
        return self._put(b"", {"Content-Range": f"bytes */{self._size}"})

    def _put(self, data: bytes, headers: Mapping[str, str]) -> requests.Response | None:
        try:
            return self._http.put(
                self._address, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except _AWAY:
            return None

    def _named(self, answer: requests.Response) -> int:
        if answer.status_code in (404, 410):
            raise Unavailable("cloud storage has forgotten the upload")
        if answer.status_code != 308:
            raise api.from_http_status(answer.status_code, "", response=answer)
        said = answer.headers.get("Range")
        if said is None:
            return 0
        found = re.fullmatch(r"bytes=0-(\d+)", said)
        if found is None or int(found[1]) >= self._size:
            raise Unavailable("cloud storage told no offset to go on at")
        return int(found[1]) + 1


def end(address: str) -> None:
    """Have the store forget a session; it ends by itself a week after its beginning."""
    try:
        # It answers 499, or that there is no such session: both are what is wanted.
        requests.delete(address, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        raise Unavailable("cloud storage does not answer") from None
