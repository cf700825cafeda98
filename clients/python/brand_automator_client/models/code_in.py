from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CodeIn")


@_attrs_define
class CodeIn:
    """The second proof.

    Attributes:
        challenge (str):
        code (str): Six digits of the app, or a recovery code, with or without its dashes.
        cookies (bool | Unset): Whether the tokens go into cookies, as browsers want it, or into the answer. Default:
            True.
    """

    challenge: str
    code: str
    cookies: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        challenge = self.challenge

        code = self.code

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "challenge": challenge,
                "code": code,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        challenge = d.pop("challenge")

        code = d.pop("code")

        cookies = d.pop("cookies", UNSET)

        code_in = cls(
            challenge=challenge,
            code=code,
            cookies=cookies,
        )

        return code_in
