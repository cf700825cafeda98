from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

from ..models.corner import Corner, check_corner
from ..types import UNSET, Unset

T = TypeVar("T", bound="Watermark")


@_attrs_define
class Watermark:
    """An image over what is published; `width` is a share of the picture's.

    Attributes:
        asset_id (UUID):
        corner (Corner | Unset): Where a watermark is.
        opacity (float | Unset):  Default: 0.7.
        width (float | Unset):  Default: 0.12.
    """

    asset_id: UUID
    corner: Corner | Unset = UNSET
    opacity: float | Unset = 0.7
    width: float | Unset = 0.12

    def to_dict(self) -> dict[str, Any]:
        asset_id = str(self.asset_id)

        corner: str | Unset = UNSET
        if not isinstance(self.corner, Unset):
            corner = self.corner

        opacity = self.opacity

        width = self.width

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "asset_id": asset_id,
            }
        )
        if corner is not UNSET:
            field_dict["corner"] = corner
        if opacity is not UNSET:
            field_dict["opacity"] = opacity
        if width is not UNSET:
            field_dict["width"] = width

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        asset_id = UUID(d.pop("asset_id"))

        _corner = d.pop("corner", UNSET)
        corner: Corner | Unset
        if isinstance(_corner, Unset):
            corner = UNSET
        else:
            corner = check_corner(_corner)

        opacity = d.pop("opacity", UNSET)

        width = d.pop("width", UNSET)

        watermark = cls(
            asset_id=asset_id,
            corner=corner,
            opacity=opacity,
            width=width,
        )

        return watermark
