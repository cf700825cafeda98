from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ReviewAssetOut")


@_attrs_define
class ReviewAssetOut:
    """What is to be looked at.

    Attributes:
        id (UUID):
        name (str):
        kind (str):
        bytes_ (int):
        duration_seconds (float | None): Null for what has none, or not yet.
        width (int | None): As it is seen; null for what is not known yet.
        height (int | None):
    """

    id: UUID
    name: str
    kind: str
    bytes_: int
    duration_seconds: float | None
    width: int | None
    height: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        kind = self.kind

        bytes_ = self.bytes_

        duration_seconds: float | None
        duration_seconds = self.duration_seconds

        width: int | None
        width = self.width

        height: int | None
        height = self.height

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "kind": kind,
                "bytes": bytes_,
                "duration_seconds": duration_seconds,
                "width": width,
                "height": height,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        kind = d.pop("kind")

        bytes_ = d.pop("bytes")

        def _parse_duration_seconds(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        duration_seconds = _parse_duration_seconds(d.pop("duration_seconds"))

        def _parse_width(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        width = _parse_width(d.pop("width"))

        def _parse_height(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        height = _parse_height(d.pop("height"))

        review_asset_out = cls(
            id=id,
            name=name,
            kind=kind,
            bytes_=bytes_,
            duration_seconds=duration_seconds,
            width=width,
            height=height,
        )

        review_asset_out.additional_properties = d
        return review_asset_out

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
