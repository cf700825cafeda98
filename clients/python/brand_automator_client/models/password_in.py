from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="PasswordIn")


@_attrs_define
class PasswordIn:
    """Another password, for who knows the present one.

    Attributes:
        current (str): 12 to 256 characters, and none of the passwords that are tried first.
        password (str): 12 to 256 characters, and none of the passwords that are tried first.
    """

    current: str
    password: str

    def to_dict(self) -> dict[str, Any]:
        current = self.current

        password = self.password

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "current": current,
                "password": password,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        current = d.pop("current")

        password = d.pop("password")

        password_in = cls(
            current=current,
            password=password,
        )

        return password_in
