"""An object as a stream: ranges are fetched as they are read."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import google_crc32c

from core.errors import Retryable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LEAST: Final = 64 << 10
_MOST: Final = 16 << 20


def crc32c_text(value: int) -> str:
    """A checksum as Google's API writes it."""
    import base64

    return base64.b64encode(value.to_bytes(4, "big")).decode()


class RangeReader(io.RawIOBase):
    """A seekable stream; state: where it is, and the last range.

    A reader who jumps fetches 64 KiB, and one who goes on twice as much each time, up to 16 MiB.
    Whoever has read everything in order has had it held against the object's checksum.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, crc32c: str | None) -> None:
        """`fetch` is given the first byte and the one after the last."""
        self._fetch, self._size, self._expected = fetch, size, crc32c
        self._position = self._start = 0
        self._data = memoryview(b"")
        self._ahead = _LEAST
        self._summed = self._sum = 0

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`. Nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position is not negative")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """See `io.RawIOBase`; raises what storage raises."""
        target = memoryview(buffer).cast("B")
        if self._position >= self._size or not target:
            return 0
        if not self._start <= self._position < self._start + len(self._data):
            self._load(len(target))
        skipped = self._position - self._start
        piece = self._data[skipped : skipped + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _load(self, wanted: int) -> None:
        goes_on = self._data and self._position == self._start + len(self._data)
        self._ahead = min(_MOST, self._ahead * 2) if goes_on else _LEAST
        end = min(self._size, self._position + max(self._ahead, min(wanted, _MOST)))
        self._data = memoryview(b"")
        data = self._fetch(self._position, end)
        if len(data) != end - self._position:
            raise Retryable("cloud storage sent another number of bytes than was asked for")
        self._data, self._start = memoryview(data), self._position
        self._check(data)

    def _check(self, data: bytes) -> None:
        if self._start != self._summed or self._expected is None:
            return
        self._sum = google_crc32c.extend(self._sum, data)
        self._summed += len(data)
        if self._summed == self._size and crc32c_text(self._sum) != self._expected:
            raise Retryable("bytes were damaged on their way from cloud storage")
