from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Mp4Out")


@_attrs_define
class Mp4Out:
    """The whole film in one file, to download or to post; bits a second.

    Attributes:
        url (str):
        width (int | None):
        height (int | None):
        bitrate (int | None):
        bytes_ (int):
    """

    url: str
    width: int | None
    height: int | None
    bitrate: int | None
    bytes_: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        width: int | None
        width = self.width

        height: int | None
        height = self.height

        bitrate: int | None
        bitrate = self.bitrate

        bytes_ = self.bytes_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "url": url,
                "width": width,
                "height": height,
                "bitrate": bitrate,
                "bytes": bytes_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        url = d.pop("url")

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

        def _parse_bitrate(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        bitrate = _parse_bitrate(d.pop("bitrate"))

        bytes_ = d.pop("bytes")

        mp_4_out = cls(
            url=url,
            width=width,
            height=height,
            bitrate=bitrate,
            bytes_=bytes_,
        )

        mp_4_out.additional_properties = d
        return mp_4_out

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
