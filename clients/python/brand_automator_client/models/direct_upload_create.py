from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="DirectUploadCreate")


@_attrs_define
class DirectUploadCreate:
    """A file that is to be sent to the bucket.

    Attributes:
        name (str):
        bytes_ (int):
        recipe (None | str | Unset):
        brand_id (None | Unset | UUID): Else the default one.
        origin (None | str | Unset): Of the page that sends it, where a browser does.
    """

    name: str
    bytes_: int
    recipe: None | str | Unset = UNSET
    brand_id: None | Unset | UUID = UNSET
    origin: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        bytes_ = self.bytes_

        recipe: None | str | Unset
        if isinstance(self.recipe, Unset):
            recipe = UNSET
        else:
            recipe = self.recipe

        brand_id: None | str | Unset
        if isinstance(self.brand_id, Unset):
            brand_id = UNSET
        elif isinstance(self.brand_id, UUID):
            brand_id = str(self.brand_id)
        else:
            brand_id = self.brand_id

        origin: None | str | Unset
        if isinstance(self.origin, Unset):
            origin = UNSET
        else:
            origin = self.origin

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "bytes": bytes_,
            }
        )
        if recipe is not UNSET:
            field_dict["recipe"] = recipe
        if brand_id is not UNSET:
            field_dict["brand_id"] = brand_id
        if origin is not UNSET:
            field_dict["origin"] = origin

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        bytes_ = d.pop("bytes")

        def _parse_recipe(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        recipe = _parse_recipe(d.pop("recipe", UNSET))

        def _parse_brand_id(data: object) -> None | Unset | UUID:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                brand_id_type_0 = UUID(data)

                return brand_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | UUID, data)

        brand_id = _parse_brand_id(d.pop("brand_id", UNSET))

        def _parse_origin(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        origin = _parse_origin(d.pop("origin", UNSET))

        direct_upload_create = cls(
            name=name,
            bytes_=bytes_,
            recipe=recipe,
            brand_id=brand_id,
            origin=origin,
        )

        return direct_upload_create
