from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

from ..models.logo_variant import LogoVariant, check_logo_variant

T = TypeVar("T", bound="Logo")


@_attrs_define
class Logo:
    """An image among the tenant's assets; `on-light` and `on-dark` are what it lies on.

    Attributes:
        variant (LogoVariant): What a logo is made for: `light` and `dark` are what it lies on.
        asset_id (UUID):
    """

    variant: LogoVariant
    asset_id: UUID

    def to_dict(self) -> dict[str, Any]:
        variant: str = self.variant

        asset_id = str(self.asset_id)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "variant": variant,
                "asset_id": asset_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        variant = check_logo_variant(d.pop("variant"))

        asset_id = UUID(d.pop("asset_id"))

        logo = cls(
            variant=variant,
            asset_id=asset_id,
        )

        return logo
