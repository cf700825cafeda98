from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ResetIn")


@_attrs_define
class ResetIn:
    """Another password, for who has the mail.

    Attributes:
        token (str): What stands behind # in the mailed link.
        password (str): 12 to 256 characters, and none of the passwords that are tried first.
    """

    token: str
    password: str

    def to_dict(self) -> dict[str, Any]:
        token = self.token

        password = self.password

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "token": token,
                "password": password,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        token = d.pop("token")

        password = d.pop("password")

        reset_in = cls(
            token=token,
            password=password,
        )

        return reset_in
