from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.breach_out import BreachOut


T = TypeVar("T", bound="TextCheckOut")


@_attrs_define
class TextCheckOut:
    """What of a text breaks the kit, in the text's order.

    Attributes:
        blocked (bool): Whether any of it must not be published so.
        breaches (list[BreachOut]):
    """

    blocked: bool
    breaches: list[BreachOut]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        blocked = self.blocked

        breaches = []
        for breaches_item_data in self.breaches:
            breaches_item = breaches_item_data.to_dict()
            breaches.append(breaches_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "blocked": blocked,
                "breaches": breaches,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.breach_out import BreachOut  # noqa: PLC0415

        d = dict(src_dict)
        blocked = d.pop("blocked")

        breaches = []
        _breaches = d.pop("breaches")
        for breaches_item_data in _breaches:
            breaches_item = BreachOut.from_dict(breaches_item_data)

            breaches.append(breaches_item)

        text_check_out = cls(
            blocked=blocked,
            breaches=breaches,
        )

        text_check_out.additional_properties = d
        return text_check_out

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
