from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CommentIn")


@_attrs_define
class CommentIn:
    """Something to be said.

    Attributes:
        text (str):
        at_ms (int | None | Unset): Of which moment of a video; milliseconds.
    """

    text: str
    at_ms: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        text = self.text

        at_ms: int | None | Unset
        if isinstance(self.at_ms, Unset):
            at_ms = UNSET
        else:
            at_ms = self.at_ms

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "text": text,
            }
        )
        if at_ms is not UNSET:
            field_dict["at_ms"] = at_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        text = d.pop("text")

        def _parse_at_ms(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        at_ms = _parse_at_ms(d.pop("at_ms", UNSET))

        comment_in = cls(
            text=text,
            at_ms=at_ms,
        )

        return comment_in
