from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.rule import Rule, check_rule

T = TypeVar("T", bound="BreachOut")


@_attrs_define
class BreachOut:
    """Something that breaks the kit, and how to mend it.

    Attributes:
        rule (Rule): What can be broken.
        found (str):
        advice (str):
        blocks (bool): Whether it must not be published so; else it is advice.
        begin (int | None): Its first character in the text, counted from 0.
        end (int | None): The first character behind it.
    """

    rule: Rule
    found: str
    advice: str
    blocks: bool
    begin: int | None
    end: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        rule: str = self.rule

        found = self.found

        advice = self.advice

        blocks = self.blocks

        begin: int | None
        begin = self.begin

        end: int | None
        end = self.end

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "rule": rule,
                "found": found,
                "advice": advice,
                "blocks": blocks,
                "begin": begin,
                "end": end,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        rule = check_rule(d.pop("rule"))

        found = d.pop("found")

        advice = d.pop("advice")

        blocks = d.pop("blocks")

        def _parse_begin(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        begin = _parse_begin(d.pop("begin"))

        def _parse_end(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        end = _parse_end(d.pop("end"))

        breach_out = cls(
            rule=rule,
            found=found,
            advice=advice,
            blocks=blocks,
            begin=begin,
            end=end,
        )

        breach_out.additional_properties = d
        return breach_out

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
