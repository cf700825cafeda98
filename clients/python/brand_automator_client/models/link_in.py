from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="LinkIn")


@_attrs_define
class LinkIn:
    """Proof that it is the account's owner, and the page to come back to.

    Attributes:
        password (None | str | Unset):
        return_to (str | Unset):  Default: '/'.
    """

    password: None | str | Unset = UNSET
    return_to: str | Unset = "/"

    def to_dict(self) -> dict[str, Any]:
        password: None | str | Unset
        if isinstance(self.password, Unset):
            password = UNSET
        else:
            password = self.password

        return_to = self.return_to

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if password is not UNSET:
            field_dict["password"] = password
        if return_to is not UNSET:
            field_dict["return_to"] = return_to

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_password(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        password = _parse_password(d.pop("password", UNSET))

        return_to = d.pop("return_to", UNSET)

        link_in = cls(
            password=password,
            return_to=return_to,
        )

        return link_in
