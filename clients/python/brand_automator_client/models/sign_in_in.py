from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SignInIn")


@_attrs_define
class SignInIn:
    """Who wants to sign in.

    Attributes:
        email (str):
        password (str): 12 to 256 characters, and none of the passwords that are tried first.
        cookies (bool | Unset): Whether the tokens go into cookies, as browsers want it, or into the answer. Default:
            True.
    """

    email: str
    password: str
    cookies: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        email = self.email

        password = self.password

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "password": password,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        email = d.pop("email")

        password = d.pop("password")

        cookies = d.pop("cookies", UNSET)

        sign_in_in = cls(
            email=email,
            password=password,
            cookies=cookies,
        )

        return sign_in_in
