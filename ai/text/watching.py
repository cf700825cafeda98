"""A stream that is read by a thread of its own, so that no wait outlasts the call.

A look-up of a name, a handshake or an answer that trickles cannot be interrupted; the thread that
waits for it can be left. It ends by its own timeout, or with the next bytes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Final

from ai.text import wire
from ai.text.errors import Broken, Failed, Silent
from ai.text.types import Chunk
from core.cancellation import CancelToken

_TICK_SECONDS: Final = 0.05


class _Over:
    """The stream's end; `error` is what it ended with."""

    def __init__(self, error: Failed | None = None) -> None:
        self.error = error


def watched(
    stream: Callable[[], Iterator[Chunk]], until: float, token: CancelToken | None
) -> Iterator[Chunk]:
    """The stream's chunks as they come; raises Failed, and what the token says.

    `until` is by the monotonic clock.
    """
    queue: SimpleQueue[Chunk | _Over] = SimpleQueue()
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=(stream, queue, stop), name="text", daemon=True)
    reader.start()
    try:
        while True:
            left = until - time.monotonic()
            try:
                item = queue.get(timeout=max(0.0, min(_TICK_SECONDS, left)))
            except Empty:
                if token is not None:
                    token.check()
                if left <= 0:
                    raise Silent("the call's time is over") from None
                continue
            if isinstance(item, _Over):
                if item.error is not None:
                    raise item.error
                return
            yield item
            if token is not None:
                token.check()
    finally:
        stop.set()


def _read(
    stream: Callable[[], Iterator[Chunk]],
    queue: "SimpleQueue[Chunk | _Over]",
    stop: threading.Event,
) -> None:
    wire.stopping(stop)
    over = _Over(Broken("the provider's stream could not be read"))
    try:
        for chunk in stream():
            if stop.is_set():
                return
            queue.put(chunk)
        over = _Over()
    except Failed as error:
        over = _Over(error)
    finally:
        queue.put(over)
