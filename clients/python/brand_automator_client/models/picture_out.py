from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PictureOut")


@_attrs_define
class PictureOut:
    """One of the files that a picture became.

    Attributes:
        url (str):
        role (None | str): `variant`, `crop` or `animation`.
        shape (None | str): The aspect that a crop was cut to, such as 4:5.
        mime (str):
        width (int | None):
        height (int | None):
        bytes_ (int):
    """

    url: str
    role: None | str
    shape: None | str
    mime: str
    width: int | None
    height: int | None
    bytes_: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        role: None | str
        role = self.role

        shape: None | str
        shape = self.shape

        mime = self.mime

        width: int | None
        width = self.width

        height: int | None
        height = self.height

        bytes_ = self.bytes_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "url": url,
                "role": role,
                "shape": shape,
                "mime": mime,
                "width": width,
                "height": height,
                "bytes": bytes_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        url = d.pop("url")

        def _parse_role(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        role = _parse_role(d.pop("role"))

        def _parse_shape(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        shape = _parse_shape(d.pop("shape"))

        mime = d.pop("mime")

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

        bytes_ = d.pop("bytes")

        picture_out = cls(
            url=url,
            role=role,
            shape=shape,
            mime=mime,
            width=width,
            height=height,
            bytes_=bytes_,
        )

        picture_out.additional_properties = d
        return picture_out

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
