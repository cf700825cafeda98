from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SignUpIn")


@_attrs_define
class SignUpIn:
    """Somebody who has followed the link, and comes.

    Attributes:
        token (str): What stands behind # in the mailed link.
        name (str):
        password (str): 12 to 256 characters, and none of the passwords that are tried first.
        tenant_name (str): The brand's or the agency's name.
        cookies (bool | Unset): Whether the tokens go into cookies, as browsers want it, or into the answer. Default:
            True.
    """

    token: str
    name: str
    password: str
    tenant_name: str
    cookies: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        token = self.token

        name = self.name

        password = self.password

        tenant_name = self.tenant_name

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "token": token,
                "name": name,
                "password": password,
                "tenant_name": tenant_name,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        token = d.pop("token")

        name = d.pop("name")

        password = d.pop("password")

        tenant_name = d.pop("tenant_name")

        cookies = d.pop("cookies", UNSET)

        sign_up_in = cls(
            token=token,
            name=name,
            password=password,
            tenant_name=tenant_name,
            cookies=cookies,
        )

        return sign_up_in
