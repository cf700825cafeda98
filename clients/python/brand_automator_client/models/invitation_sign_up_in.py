from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="InvitationSignUpIn")


@_attrs_define
class InvitationSignUpIn:
    """Somebody who has the mail and no account.

    Attributes:
        token (str): What stands behind # in the mailed link.
        name (str):
        password (str): 12 to 256 characters, and none of the passwords that are tried first.
        cookies (bool | Unset): Whether the tokens go into cookies, as browsers want it, or into the answer. Default:
            True.
    """

    token: str
    name: str
    password: str
    cookies: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        token = self.token

        name = self.name

        password = self.password

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "token": token,
                "name": name,
                "password": password,
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

        cookies = d.pop("cookies", UNSET)

        invitation_sign_up_in = cls(
            token=token,
            name=name,
            password=password,
            cookies=cookies,
        )

        return invitation_sign_up_in
