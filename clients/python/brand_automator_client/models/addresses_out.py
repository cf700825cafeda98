from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.mp_4_out import Mp4Out
    from ..models.picture_out import PictureOut


T = TypeVar("T", bound="AddressesOut")


@_attrs_define
class AddressesOut:
    """Where the parts of a package are; null for those that there are not.

    Without the setting PUBLIC_URL they begin with a slash: they are the API's own.

        Attributes:
            hls (None | str): The multivariant playlist, for players that speak HLS.
            dash (None | str): The MPD, for players that speak DASH.
            mp4 (list[Mp4Out]):
            poster (None | str):
            storyboard (None | str): WebVTT that says where each small frame is.
            images (list[PictureOut] | Unset): Of a picture: its sizes, formats and crops.
    """

    hls: None | str
    dash: None | str
    mp4: list[Mp4Out]
    poster: None | str
    storyboard: None | str
    images: list[PictureOut] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        hls: None | str
        hls = self.hls

        dash: None | str
        dash = self.dash

        mp4 = []
        for mp4_item_data in self.mp4:
            mp4_item = mp4_item_data.to_dict()
            mp4.append(mp4_item)

        poster: None | str
        poster = self.poster

        storyboard: None | str
        storyboard = self.storyboard

        images: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.images, Unset):
            images = []
            for images_item_data in self.images:
                images_item = images_item_data.to_dict()
                images.append(images_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "hls": hls,
                "dash": dash,
                "mp4": mp4,
                "poster": poster,
                "storyboard": storyboard,
            }
        )
        if images is not UNSET:
            field_dict["images"] = images

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.mp_4_out import Mp4Out  # noqa: PLC0415
        from ..models.picture_out import PictureOut  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_hls(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        hls = _parse_hls(d.pop("hls"))

        def _parse_dash(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        dash = _parse_dash(d.pop("dash"))

        mp4 = []
        _mp4 = d.pop("mp4")
        for mp4_item_data in _mp4:
            mp4_item = Mp4Out.from_dict(mp4_item_data)

            mp4.append(mp4_item)

        def _parse_poster(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        poster = _parse_poster(d.pop("poster"))

        def _parse_storyboard(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        storyboard = _parse_storyboard(d.pop("storyboard"))

        _images = d.pop("images", UNSET)
        images: list[PictureOut] | Unset = UNSET
        if _images is not UNSET:
            images = []
            for images_item_data in _images:
                images_item = PictureOut.from_dict(images_item_data)

                images.append(images_item)

        addresses_out = cls(
            hls=hls,
            dash=dash,
            mp4=mp4,
            poster=poster,
            storyboard=storyboard,
            images=images,
        )

        addresses_out.additional_properties = d
        return addresses_out

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
