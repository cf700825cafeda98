from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="EndedOut")


@_attrs_define
class EndedOut:
    """When nobody can see what was to be seen.

    Attributes:
        ends_at (datetime.datetime): Until then an address may still open something.
        cached_until (datetime.datetime): Until then caches may show what they have: browsers their own, and those of
            content networks what was public.
    """

    ends_at: datetime.datetime
    cached_until: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ends_at = self.ends_at.isoformat()

        cached_until = self.cached_until.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ends_at": ends_at,
                "cached_until": cached_until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        ends_at = datetime.datetime.fromisoformat(d.pop("ends_at"))

        cached_until = datetime.datetime.fromisoformat(d.pop("cached_until"))

        ended_out = cls(
            ends_at=ends_at,
            cached_until=cached_until,
        )

        ended_out.additional_properties = d
        return ended_out

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
