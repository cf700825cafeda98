from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.role import Role, check_role

T = TypeVar("T", bound="InvitationIn")


@_attrs_define
class InvitationIn:
    """Somebody to be asked.

    Attributes:
        email (str):
        role (Role): What a member is to a tenant, the mightiest first.
    """

    email: str
    role: Role

    def to_dict(self) -> dict[str, Any]:
        email = self.email

        role: str = self.role

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "role": role,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        email = d.pop("email")

        role = check_role(d.pop("role"))

        invitation_in = cls(
            email=email,
            role=role,
        )

        return invitation_in
