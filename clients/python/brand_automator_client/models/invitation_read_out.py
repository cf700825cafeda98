from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role, check_role

T = TypeVar("T", bound="InvitationReadOut")


@_attrs_define
class InvitationReadOut:
    """What who has the mail may know of it.

    Attributes:
        tenant_name (str):
        role (Role): What a member is to a tenant, the mightiest first.
        email (str):
        inviter (None | str):
        has_account (bool): Whether to sign in and accept, or to sign up by it.
    """

    tenant_name: str
    role: Role
    email: str
    inviter: None | str
    has_account: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        tenant_name = self.tenant_name

        role: str = self.role

        email = self.email

        inviter: None | str
        inviter = self.inviter

        has_account = self.has_account

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "tenant_name": tenant_name,
                "role": role,
                "email": email,
                "inviter": inviter,
                "has_account": has_account,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        tenant_name = d.pop("tenant_name")

        role = check_role(d.pop("role"))

        email = d.pop("email")

        def _parse_inviter(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        inviter = _parse_inviter(d.pop("inviter"))

        has_account = d.pop("has_account")

        invitation_read_out = cls(
            tenant_name=tenant_name,
            role=role,
            email=email,
            inviter=inviter,
            has_account=has_account,
        )

        invitation_read_out.additional_properties = d
        return invitation_read_out

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
