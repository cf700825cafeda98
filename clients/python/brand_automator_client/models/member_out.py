from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role, check_role

T = TypeVar("T", bound="MemberOut")


@_attrs_define
class MemberOut:
    """A member of the tenant.

    Attributes:
        user_id (UUID):
        name (str):
        email (str):
        role (Role): What a member is to a tenant, the mightiest first.
        suspended (bool):
        created_at (datetime.datetime): When they became a member.
        version (int):
    """

    user_id: UUID
    name: str
    email: str
    role: Role
    suspended: bool
    created_at: datetime.datetime
    version: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user_id = str(self.user_id)

        name = self.name

        email = self.email

        role: str = self.role

        suspended = self.suspended

        created_at = self.created_at.isoformat()

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user_id": user_id,
                "name": name,
                "email": email,
                "role": role,
                "suspended": suspended,
                "created_at": created_at,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        user_id = UUID(d.pop("user_id"))

        name = d.pop("name")

        email = d.pop("email")

        role = check_role(d.pop("role"))

        suspended = d.pop("suspended")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        version = d.pop("version")

        member_out = cls(
            user_id=user_id,
            name=name,
            email=email,
            role=role,
            suspended=suspended,
            created_at=created_at,
            version=version,
        )

        member_out.additional_properties = d
        return member_out

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
