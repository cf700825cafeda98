"""Events as bytes of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html).

They are made once, and shared by all the streams that they go to.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from api.schemas.event import EventOut
from services.events import Page, Position


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, with what a stream may choose it by."""

    seq: int
    kind: str
    run_id: UUID | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames that follow the position `after` without a gap, and the position behind them.

    Where that cannot be had, `lost` is true and `end` is the newest position.
    """

    after: Position | None
    frames: Sequence[Frame]
    whole: bytes
    end: Position
    lost: bool
    more: bool

    @classmethod
    def of(cls, after: Position | None, page: Page) -> Self:
        """What was read after a position."""
        frames = [
            Frame(
                event.seq,
                event.kind,
                event.run_id,
                _event(
                    event.kind,
                    EventOut.model_validate(event).model_dump_json(),
                    Position(page.end.epoch, event.seq),
                ),
            )
            for event in page.events
        ]
        whole = b"".join(frame.data for frame in frames)
        return cls(after, frames, whole, page.end, page.lost, page.more)

    def reaches(self, position: Position) -> bool:
        """Whether nothing is missing between a position and these frames."""
        return self.after is not None and self.after.precedes(position)


def at(position: Position) -> bytes:
    """No event; the client remembers the position all the same."""
    return f"id: {position}\n\n".encode()


def resync(position: Position) -> bytes:
    """Some events are gone: what the client knows is to be fetched anew, and goes on from here."""
    return _event("resync", json.dumps({"head": str(position)}), position)


def unauthorised(reason: str) -> bytes:
    """The stream's last word to somebody who may not read it any more."""
    return _event("unauthorised", json.dumps({"reason": reason}), None)


def comment(words: str) -> bytes:
    """A line that clients pass over."""
    return f": {words}\n\n".encode()


def _event(kind: str, data: str, position: Position | None) -> bytes:
    place = f"id: {position}\n" if position is not None else ""
    return f"{place}event: {kind}\ndata: {data}\n\n".encode()
