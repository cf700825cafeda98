from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SecondFactorOut")


@_attrs_define
class SecondFactorOut:
    """A second factor that is asked for.

    Attributes:
        confirmed_at (datetime.datetime):
        recovery_codes_left (int):
    """

    confirmed_at: datetime.datetime
    recovery_codes_left: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        confirmed_at = self.confirmed_at.isoformat()

        recovery_codes_left = self.recovery_codes_left

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "confirmed_at": confirmed_at,
                "recovery_codes_left": recovery_codes_left,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        confirmed_at = datetime.datetime.fromisoformat(d.pop("confirmed_at"))

        recovery_codes_left = d.pop("recovery_codes_left")

        second_factor_out = cls(
            confirmed_at=confirmed_at,
            recovery_codes_left=recovery_codes_left,
        )

        second_factor_out.additional_properties = d
        return second_factor_out

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
