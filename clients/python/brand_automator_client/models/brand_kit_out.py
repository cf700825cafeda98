from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.brand_kit_put import BrandKitPut
    from ..models.breach_out import BreachOut


T = TypeVar("T", bound="BrandKitOut")


@_attrs_define
class BrandKitOut:
    """What a brand says of itself.

    Attributes:
        brand_id (UUID):
        kit (BrandKitPut): All that is said of a brand; what is left out is said no more.
        version (int): Counts its changes, from 0; part of the ETag.
        changed_at (datetime.datetime | None):
        missing (list[UUID]): Assets that it names and that are gone, or in the trash.
        advice (list[BreachOut]): What of the kit stands in its own way.
    """

    brand_id: UUID
    kit: BrandKitPut
    version: int
    changed_at: datetime.datetime | None
    missing: list[UUID]
    advice: list[BreachOut]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        brand_id = str(self.brand_id)

        kit = self.kit.to_dict()

        version = self.version

        changed_at: None | str
        if isinstance(self.changed_at, datetime.datetime):
            changed_at = self.changed_at.isoformat()
        else:
            changed_at = self.changed_at

        missing = []
        for missing_item_data in self.missing:
            missing_item = str(missing_item_data)
            missing.append(missing_item)

        advice = []
        for advice_item_data in self.advice:
            advice_item = advice_item_data.to_dict()
            advice.append(advice_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "brand_id": brand_id,
                "kit": kit,
                "version": version,
                "changed_at": changed_at,
                "missing": missing,
                "advice": advice,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.brand_kit_put import BrandKitPut  # noqa: PLC0415
        from ..models.breach_out import BreachOut  # noqa: PLC0415

        d = dict(src_dict)
        brand_id = UUID(d.pop("brand_id"))

        kit = BrandKitPut.from_dict(d.pop("kit"))

        version = d.pop("version")

        def _parse_changed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                changed_at_type_0 = datetime.datetime.fromisoformat(data)

                return changed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        changed_at = _parse_changed_at(d.pop("changed_at"))

        missing = []
        _missing = d.pop("missing")
        for missing_item_data in _missing:
            missing_item = UUID(missing_item_data)

            missing.append(missing_item)

        advice = []
        _advice = d.pop("advice")
        for advice_item_data in _advice:
            advice_item = BreachOut.from_dict(advice_item_data)

            advice.append(advice_item)

        brand_kit_out = cls(
            brand_id=brand_id,
            kit=kit,
            version=version,
            changed_at=changed_at,
            missing=missing,
            advice=advice,
        )

        brand_kit_out.additional_properties = d
        return brand_kit_out

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
