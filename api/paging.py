"""Pages: how a list is cut, and where the next part begins.

A cursor is the last item's place in the order, with a check over it and over the question that it
belongs to. It is no secret and grants nothing: it is opaque so that nobody comes to depend on it.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from api.problems import invalid

MAX: Final = 200
_CHECK_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_T = TypeVar("_T", bound=BaseModel)


class Page(BaseModel, Generic[_T]):
    """Part of a list."""

    items: list[_T]
    next: str | None = Field(
        description="Where the next part begins: give it as `cursor`. Null at the end."
    )


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for."""

    limit: int
    cursor: str | None

    def after(self, *question: object) -> bytes | None:
        """The place behind which this part begins, for the list that `question` names.

        Raises 422 for a cursor that is none, or one of another list.
        """
        if self.cursor is None:
            return None
        try:
            padding = "=" * (-len(self.cursor) % 4)
            raw = base64.b64decode(self.cursor + padding, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise invalid("/query/cursor", "it is no cursor: give a `next` as it was") from None
        check, place = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check != _check(place, question):
            raise invalid("/query/cursor", "it belongs to another list, or to other filters")
        return place

    def cut(
        self, found: Sequence[Any], place: Callable[[Any], bytes], *question: object
    ) -> tuple[Sequence[Any], str | None]:
        """The part to show, of one more than `limit`, and where the next begins."""
        if len(found) <= self.limit:
            return found, None
        last = place(found[self.limit - 1])
        raw = _check(last, question) + last
        return found[: self.limit], base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def paging(
    limit: Annotated[int, Query(ge=1, le=MAX, description="How many at most.")] = 50,
    cursor: Annotated[
        str | None,
        Query(max_length=2048, description="The `next` of the part before, with the same filters."),
    ] = None,
) -> Paging:
    """The part of a list that the query asks for."""
    return Paging(limit, cursor)


PagingDep = Annotated[Paging, Depends(paging)]


def by_time(row: Any) -> bytes:
    """The place of a row in an order of time."""
    micros: int = (row.created_at - _EPOCH) // timedelta(microseconds=1)
    found: bytes = row.id.bytes
    return micros.to_bytes(8, "big", signed=True) + found


def time_of(place: bytes | None) -> tuple[datetime, UUID] | None:
    """What `by_time` put in."""
    if place is None:
        return None
    micros = int.from_bytes(place[:8], "big", signed=True)
    return _EPOCH + timedelta(microseconds=micros), UUID(bytes=place[8:])


def by_id(row: Any) -> bytes:
    """The place of a row in the order of ids."""
    found: bytes = row.id.bytes
    return found


def id_of(place: bytes | None) -> UUID | None:
    """What `by_id` put in."""
    return UUID(bytes=place) if place is not None else None


def by_path(row: Any) -> bytes:
    """The place of a row in the order of paths."""
    return bytes(row.id.bytes + row.path.encode())


def path_of(place: bytes | None) -> tuple[str, UUID] | None:
    """What `by_path` put in."""
    return (place[16:].decode(), UUID(bytes=place[:16])) if place is not None else None


def by_name(row: Any) -> bytes:
    """The place of a row in the order of names."""
    return bytes(row.id.bytes + row.name.encode())


def name_of(place: bytes | None) -> tuple[str, UUID] | None:
    """What `by_name` put in."""
    return path_of(place)


def _check(place: bytes, question: Sequence[object]) -> bytes:
    """Also keeps out a place that would not be readable: only what we made has its check."""
    return hashlib.blake2b(
        repr(question).encode("utf-8", "backslashreplace") + place, digest_size=_CHECK_BYTES
    ).digest()
