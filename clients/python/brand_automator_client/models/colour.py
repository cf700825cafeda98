from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.colour_role import ColourRole, check_colour_role

T = TypeVar("T", bound="Colour")


@_attrs_define
class Colour:
    """A colour of the brand's, in sRGB.

    Attributes:
        role (ColourRole): What a colour is for.
        value (str):
    """

    role: ColourRole
    value: str

    def to_dict(self) -> dict[str, Any]:
        role: str = self.role

        value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "role": role,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        role = check_colour_role(d.pop("role"))

        value = d.pop("value")

        colour = cls(
            role=role,
            value=value,
        )

        return colour
